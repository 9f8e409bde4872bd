"""`curate mix` as a function: from filtered (or generated) sets to the one that is trained on, with quotas by domain, a cap by prompt, a seeded shuffle and a split by prompt.

Two passes. The first reads ids and domains, a few bytes a row, and chooses (select.py); the second brings the chosen rows into their order (spill.py). The result is a function of the inputs' rows, the quotas
and the seed: the order of the inputs does not enter, and their files only into how many files there will be. A sample that several inputs have, by its id, is taken once. A quota that cannot be filled is told, in stats.json and in the card, and nothing is taken twice to fill it.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import pyarrow as pa

from curate.config import checked
from curate.dataset import Dataset
from curate.deliver.select import Numbers, Selection, hashes, scaled, select
from curate.deliver.source import Mask, Source, readable
from curate.deliver.spill import Spill
from curate.errors import UsageError
from curate.filtering import foreign
from curate.report.card import card
from curate.report.mixed import counted, mixed_statistics
from curate.shards import ROW_GROUP_ROWS, Directory, PartFile, manifests

SHARD_BYTES = 256 << 20  # of text
TRAIN, VALIDATION = "train", "validation"


@dataclass(frozen=True, slots=True)
class Mixed:
    """What a call of `mix` made: the dataset, and how many samples are missing to the quotas, by domain."""

    dataset: Dataset
    stats: Mapping[str, Any]
    shortfall: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Options:
    """`quotas` by domain (None: all that there is), `total` scales them; `validation` is the share of prompts held out; `where` a condition over the rows."""

    quotas: Mapping[str, int] | None = None
    total: int | None = None
    per_prompt: int | None = None
    validation: float = 0.0
    seed: int = 0
    rejects: bool = False
    where: str | None = None

    def wanted(self) -> dict[str, int] | None:
        """The quotas as numbers of samples. Raises UsageError for what cannot be."""
        if not 0 <= self.validation < 1:
            raise UsageError("--validation is a share from 0 to below 1")
        if self.quotas is None:
            if self.total is not None:
                raise UsageError("--total scales quotas: give --quota or --recipe, too")
            return None
        if any(n < 0 for n in self.quotas.values()):
            raise UsageError("a quota is a number of samples, 0 or more")
        return dict(self.quotas) if self.total is None else scaled(self.quotas, self.total)


def mix(
    inputs: str | PathLike[str] | Sequence[str | PathLike[str]],
    output: str | PathLike[str],
    options: Options | None = None,
    *,
    reading: foreign.Reading | None = None,
    overwrite: bool = False,
) -> Mixed:
    """Mix the kept rows of datasets, or the rows of anybody's files, into `output` with the parts train and validation. Raises a CurateError: UsageError for what was asked wrongly, StoreError, Damaged."""
    options, reading = options or Options(), reading or foreign.Reading({})
    names = [str(i) for i in ([inputs] if isinstance(inputs, (str, PathLike)) else inputs)]
    if not names:
        raise UsageError("no input is given")
    foreign.check_mapping(reading.mapping)
    wanted = options.wanted()
    source = Source(names, reading, rejects=options.rejects, where=options.where)
    directory = Directory(output, "mixed")
    with directory:
        identity = {
            "metrics": source.metrics,
            "seed": options.seed,
            "quotas": wanted,
            "per_prompt": options.per_prompt,
            "validation": options.validation,
            "where": options.where,
            "map": {f: getattr(reading, f) for f in reading.__slots__},
        }
        config = checked("mixed", identity, {"inputs": source.described, "input": source.digest})
        place = directory.place
        if directory.begin(config, overwrite=overwrite):
            return _made(Dataset(place))
        directory.collect_garbage([])
        with readable():
            chosen = _choose(source, options, wanted)
            _write(directory, source, chosen)
        stats = mixed_statistics([m["funnel"] for m in manifests(place)], chosen.found, chosen.shortfall, source.left_out)
        place.write("stats.json", (json.dumps(stats, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())
        place.write("README.md", card(config.as_dict(), stats, True).encode())
        directory.finish()
        return _made(Dataset(place))


def _made(dataset: Dataset) -> Mixed:
    stats = dataset.stats
    return Mixed(dataset, stats, stats["shortfall"])


def _choose(source: Source, options: Options, wanted: Mapping[str, int] | None) -> Selection:
    """Read ids and domains, and choose."""
    ids: list[str] = []
    prompts: list[str] = []
    domains: list[str] = []
    allowed: list[Mask] = []
    for unit in source.units:
        for table, holds in source.keys(unit):
            ids += table["id"].to_pylist()
            prompts += table["prompt_id"].to_pylist()
            domains += table["domain"].to_pylist()
            allowed.append(holds)
    first = {identifier: row for row, identifier in reversed(list(enumerate(ids)))}  # a sample that two inputs have is one
    ok = (
        np.array([row for row in np.flatnonzero(np.concatenate(allowed)).tolist() if first[ids[row]] == row], np.int64)
        if allowed
        else np.empty(0, np.int64)
    )
    codes = {name: i for i, name in enumerate(dict.fromkeys(prompts))}
    found = select(
        [domains[i] for i in ok],
        np.array([codes[prompts[i]] for i in ok], dtype=np.int64),
        hashes(options.seed, (ids[i] for i in ok), "shuffle"),
        hashes(options.seed, (prompts[i] for i in ok), "split"),
        quotas=wanted,
        per_prompt=options.per_prompt,
        validation=options.validation,
    )
    if not len(found.rows):
        raise UsageError("nothing is left to mix: look at --where and the quotas")
    return Selection(ok[found.rows], found.validation, found.found)


def _write(directory: Directory, source: Source, chosen: Selection) -> None:
    """Bring the chosen rows into their order, and publish them shard by shard."""
    folder = directory.place.scratch / ".spill"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sides = {TRAIN: chosen.rows[~chosen.validation], VALIDATION: chosen.rows[chosen.validation]}
    count = max(1, -(-source.size() // SHARD_BYTES))
    place: dict[str, tuple[Numbers, Numbers]] = {}  # of each row: its rank, -1 for one that was not chosen, and its shard
    last = int(chosen.rows.max()) + 1
    for side, rows in sides.items():
        ranks = np.full(last, -1, dtype=np.int64)
        ranks[rows] = np.arange(len(rows))
        place[side] = ranks, ranks * count // max(1, len(rows))
    try:
        spills = {}
        for side in sides:
            (folder / side).mkdir()
            spills[side] = Spill(folder / side, source.schema)
        start = 0
        for table in (table for unit in source.units for table, _ in source.rows(unit)):
            for side, (ranks, shards) in place.items():
                here = ranks[start : start + table.num_rows]
                taken = np.flatnonzero(here >= 0)
                if len(taken):
                    spills[side].add(table.take(pa.array(taken)), here[taken], shards[start + taken])
            start += table.num_rows
            if start >= last:
                break
        for spill in spills.values():
            spill.close()
        for shard in range(count):
            _publish(directory, shard, {side: spill.sorted(shard) for side, spill in spills.items()})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _publish(directory: Directory, shard: int, tables: Mapping[str, pa.Table]) -> None:
    name = f"{shard:08x}-{shard:08x}"
    written = {}
    for side, table in tables.items():
        file = PartFile(directory.temporary(name, side), table.schema)
        try:
            for at in range(0, table.num_rows, ROW_GROUP_ROWS):
                file.add_table(table.slice(at, ROW_GROUP_ROWS))
            written[side] = file.close()
        finally:
            if not file.whole:
                file.discard()
    directory.commit(name, written, funnel=counted(tables), input_digest="")
