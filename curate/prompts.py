"""`curate prompts` as a function: prompts from their sources into a dataset directory of their own."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from curate.config import checked, compare, read_config
from curate.generate import describe
from curate.ingest import ingest, read_prompts
from curate.records import prompt_row
from curate.shards import Directory, Range, ShardWriter, ranges, rows_digest
from curate.sources import Source, SourceOptions, collect

PER_SHARD = 65536  # prompts are small: a shard of them stays under some 100 MB


@dataclass(frozen=True, slots=True)
class PromptSummary:
    """What `prompts` brought in."""

    count: int
    duplicates: int
    skipped: Mapping[str, int]


def prompts(
    sources: str | Sequence[str],
    output: str | PathLike[str],
    *,
    options: SourceOptions | None = None,
    weights: Sequence[float] | None = None,
    limit: int | None = None,
) -> PromptSummary:
    """Collect prompts into a directory. An existing directory of prompts is replaced shard by shard. Raises SourceError, UsageError or StoreError."""
    names = [sources] if isinstance(sources, str) else list(sources)
    return bring_in(collect(names, options if options is not None else SourceOptions(), weights, limit), output)


def bring_in(source: Source, output: str | PathLike[str]) -> PromptSummary:
    """The prompts of one source into a directory, as `prompts` does. Raises IdentityMismatch for a directory of anything else."""
    directory = Directory(output, "prompts")
    place = directory.place
    with directory:
        before = read_config(place)  # refuses a directory of another schema version before anything is written
        found = ingest(source, place.scratch / "input")
        config = checked("prompts", {}, {"prompts": found.fingerprint, "n_prompts": found.count, "prompts_per_shard": PER_SHARD})
        if before is not None:
            compare(place, before, config)
        shards = ranges(pq.read_table(found.path, columns=["id"])["id"].combine_chunks(), PER_SHARD)
        directory.configure(config)
        directory.collect_garbage([s.name for s in shards])
        describe(place, config, complete=False)
        for shard in shards:
            _publish(directory, shard, found.path)
        describe(place, config, complete=True)
        directory.finish()
        found.path.unlink()
        found.path.parent.rmdir()
        place.clear()
    return PromptSummary(found.count, found.duplicates, found.skipped)


def _publish(directory: Directory, shard: Range, prompts_file: Path) -> None:
    def rows() -> Any:
        return (prompt_row(p) for p in read_prompts(prompts_file, shard.low, f"{shard.high}g"))

    groups: dict[str, dict[str, dict[str, int]]] = {"sources": {}, "domains": {}}
    licenses: Counter[str] = Counter()
    count = 0
    with ShardWriter(directory, shard.name) as writer:
        for row in rows():
            writer.add("prompts", row)
            count += 1
            licenses[row["license"] or "unknown"] += 1
            for group, name in (("sources", row["source"]), ("domains", row["domain"])):
                groups[group].setdefault(name, {"prompts": 0})["prompts"] += 1
        writer.commit(funnel={"prompts": count, "licenses": dict(licenses), **groups}, input_digest=rows_digest(rows()))
