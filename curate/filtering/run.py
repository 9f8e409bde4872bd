"""`curate filter` as a function: from samples, ours or anybody's, to a dataset directory in which every row is kept or rejected, and says why.

A unit of the input is a shard of the result; a run that was killed goes on with the units that are not yet published, and one that is given more input does only what is new. With deduplication a shard depends
on those before it, so that is as far as it can be used again: up to the first unit that differs.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from curate.config import checked
from curate.dataset import Dataset
from curate.engines import Engine
from curate.errors import CurateError, UsageError
from curate.filtering import foreign, scoring
from curate.filtering.job import Job
from curate.filtering.lanes import work
from curate.filtering.units import Unit, described, files, units
from curate.filtering.work import columns
from curate.filters.chain import Chain
from curate.filters.decontaminate import VERSION
from curate.filters.dedup import VERSION as DEDUP_VERSION
from curate.filters.dedup import Index, Repeat, Sketches
from curate.filters.perplexity import FILTER as PERPLEXITY
from curate.records import digest
from curate.report.card import card
from curate.report.filtered import filtered_statistics
from curate.report.layout import is_dataset
from curate.report.status_line import StatusLine
from curate.report.text import number, percent
from curate.running import run_async
from curate.shards import Directory, Written, manifests
from curate.storage import Place, at

MOST_NAMED = 20  # damaged rows that are named


@dataclass(frozen=True, slots=True)
class Filtered:
    """What a call of `filter_samples` made: the dataset, its statistics, units that were there already, and the first damaged rows of those that were not, in sentences."""

    dataset: Dataset
    stats: Mapping[str, Any]
    reused: int
    damage: Sequence[str]

    @property
    def damaged(self) -> int:
        """Rows that are in rejects/ because they are damaged."""
        return sum(n for reason, n in self.stats["funnel"]["reasons"].items() if reason.startswith("damaged_"))


def filter_samples(
    inputs: str | PathLike[str] | Sequence[str | PathLike[str]],
    output: str | PathLike[str],
    job: Job,
    *,
    rejects: bool = False,
    scorer: Engine | None = None,
    workers: int | None = None,
    overwrite: bool = False,
    quiet: bool = True,
) -> Filtered:
    """Filter the samples of dataset directories, Parquet files or JSON lines into `output`. With `rejects` a directory's rejected rows are read as well; `scorer` is the engine that perplexity is asked of.

    Raises a CurateError: UsageError for what was asked wrongly, StoreError for a directory that cannot be written; and, when everything else is done, a CurateError that names what could not be read.
    """
    names = [str(i) for i in ([inputs] if isinstance(inputs, (str, PathLike)) else inputs)]
    if not names:
        raise UsageError("no input is given")
    foreign.check_mapping(job.reading.mapping)
    if scorer is not None and PERPLEXITY.name not in job.filters:
        job = replace(job, filters=(*job.filters, PERPLEXITY.name))
    chain = Chain.of(job.filters, job.settings)
    if scorer is None and any(f.name == PERPLEXITY.name for f in chain.filters):
        raise UsageError("perplexity needs a model that scores the samples: name one with --scorer")
    target = at(output)
    for name in names:
        if at(name).local is not None and target.local is not None and Path(name).resolve() == target.local.resolve():
            raise UsageError(f"{output} is the input as well: give another directory")
    found = files(names, rejects=rejects)
    planned = units(found)
    if not planned:
        what = "accepted samples: `curate inspect` says what became of its prompts" if any(is_dataset(at(n)) for n in names) else "samples"
        raise UsageError(f"{names[0]} holds no {what}" if len(names) == 1 else f"the inputs hold no {what}")
    directory = Directory(output, "filtered")
    with directory:
        run = _Run(directory, job, chain, planned, described(names, found), scorer, overwrite, quiet)
        return run_async(run.run(workers or len(os.sched_getaffinity(0))))


def _told(job: Job) -> dict[str, Any] | None:
    """The benchmarks as config.json has them: how many items of each, and a hash of all."""
    if not job.benchmarks:
        return None
    counts = Counter(benchmark for benchmark, *_ in job.benchmarks)
    return {"n-gram words": job.ngram, "items": dict(sorted(counts.items())), "content": digest(list(job.benchmarks)), "version": VERSION}


class _Run:
    """One run over its units."""

    def __init__(
        self,
        directory: Directory,
        job: Job,
        chain: Chain,
        planned: Sequence[Unit],
        inputs: Sequence[Mapping[str, Any]],
        scorer: Engine | None,
        overwrite: bool,
        quiet: bool,
    ) -> None:
        self.directory, self.job, self.units, self.scorer = directory, job, planned, scorer
        self.place: Place = directory.place
        self.identity = {
            "filters": chain.identity(),
            "metrics": columns(chain),
            "annotate": job.annotate,
            "dedup": None if job.dedup == "none" else {"kind": job.dedup, "version": DEDUP_VERSION},
            "per_prompt": None if job.per_prompt is None else {"samples": job.per_prompt, "keep": job.keep},
            "benchmarks": _told(job),
            "where": job.where,
            "map": {f: getattr(job.reading, f) for f in job.reading.__slots__},
        }
        if scorer is not None:
            self.identity["scorer"] = scoring.told(scorer)
        self.config = checked(
            "filtered", self.identity, {"inputs": list(inputs), "input": digest([u.digest() for u in planned]), "units": len(planned)}
        )
        directory.begin(self.config, overwrite=overwrite)
        self.digests = self._digests()
        (self.place.scratch / "index").mkdir(exist_ok=True)
        self.index = Index()
        self.there = {u.number for u in planned if self._published(u)}
        if len(self.there) == len(planned):
            self.units = []  # nothing is left to be held against those that are there
        else:
            self.there = {u.number for u in planned if u.number in self.there and self._sketched(u)}
        directory.collect_garbage([u.shard for u in planned if u.number in self.there])
        self.faults: list[str] = []
        self.damage: list[str] = []
        self.status = StatusLine(sys.stderr, quiet)
        self.rows = self.kept = 0

    def _digests(self) -> dict[int, str]:
        """What each shard is made from: its unit and the configuration, and with deduplication all units before it."""
        made: dict[int, str] = {}
        before = ""
        for unit in self.units:
            own = unit.digest(self.identity, self.directory.kind, before)
            before = own if self.job.dedup != "none" else ""
            made[unit.number] = own
        return made

    def _sketches(self, unit: Unit) -> Path | None:
        return self.place.scratch / "index" / f"{unit.shard}.npz" if self.job.dedup != "none" else None

    def _scores(self, unit: Unit) -> Path | None:
        name = unit.digest(self.identity.get("scorer"), self.identity["map"])
        return None if self.scorer is None else self.place.scratch / "scores" / f"{unit.shard}-{name[:16]}.json"

    def _scored(self, rows: int) -> None:
        self.rows += rows
        self.status.offer(lambda _: f"rows scored {number(self.rows)}")

    async def _score(self) -> None:
        """Let the engine score what is not yet filtered."""
        if self.scorer is not None:
            (self.place.scratch / "scores").mkdir(exist_ok=True)
            left = {unit: path for unit in self.units if unit.number not in self.there and (path := self._scores(unit)) is not None}
            await scoring.score(list(left), self.job.reading, self.scorer, left.__getitem__, self._scored)
            self.rows = 0

    def _published(self, unit: Unit) -> bool:
        manifest = self.directory.manifest(unit.shard)
        return manifest is not None and manifest["input"] == self.digests[unit.number] and not manifest["funnel"].get("faults")

    def _sketched(self, unit: Unit) -> bool:
        sketches = self._sketches(unit)
        return sketches is None or sketches.is_file()

    async def run(self, lanes: int) -> Filtered:
        with ExitStack() as stack:
            stack.callback(self.status.close)
            self._describe(complete=False)
            await self._score()
            await work(
                self.units,
                self.job,
                lanes,
                files=lambda unit: {part: self.directory.temporary(unit.shard, part) for part in ("kept", "rejects")},
                sketches=self._sketches,
                scores=self._scores,
                decide=self._decide,
                publish=self._publish,
                given_up=lambda unit, why: self.faults.append(
                    f"{unit.path}: its rows from {unit.start:,} on end the process that filters them ({why}); they are left out"
                ),
                reused=lambda unit: unit.number in self.there,
            )
        stats = self._describe(complete=not self.faults)
        if self.faults:
            shown = "; ".join(self.faults[:3])
            more = f"; and {len(self.faults) - 3:,} more" if len(self.faults) > 3 else ""
            raise CurateError(f"{shown}{more}. Everything else is in {self.place}")
        self.directory.finish()
        return Filtered(Dataset(self.place), stats, len(self.there), self.damage)

    def _decide(self, unit: Unit) -> Sequence[Repeat | None]:
        path = self._sketches(unit)
        return [] if path is None else self.index.add(Sketches.from_bytes(path.read_bytes()))

    def _publish(self, unit: Unit, done: Mapping[str, Any]) -> None:
        funnel = done["funnel"]
        if done["cut"]:
            self.faults += done["faults"][-1:]
        self.directory.commit(
            unit.shard,
            {part: Written(*written) for part, written in done["written"].items()},
            funnel=funnel | ({"faults": 1} if done["cut"] else {}),
            input_digest=self.digests[unit.number],
        )
        self.damage += done["faults"][: MOST_NAMED - len(self.damage)]
        self.rows += funnel["rows"]
        self.kept += funnel["kept"]
        self.status.offer(lambda _: f"rows {number(self.rows)}  kept {percent(self.kept / max(1, self.rows))}")

    def _describe(self, *, complete: bool) -> Mapping[str, Any]:
        stats = filtered_statistics([m["funnel"] for m in manifests(self.place)])
        self.place.write("stats.json", (json.dumps(stats, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())
        self.place.write("README.md", card(self.config.as_dict(), stats, complete).encode())
        return stats
