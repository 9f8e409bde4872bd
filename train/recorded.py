"""Rollouts on disk: what a model in training answered and what it was worth, written before it is trained on.

A rollout is one shard of a dataset directory of kind `rollouts`, committed by its manifest like any other (curate/shards.py). So a run that
was killed reads what it had sampled instead of sampling it again, other ranks read what rank 0 wrote, without a lock, and every curate
command works on what a training run leaves behind.

All rows are in kept/, wrong and truncated ones too: a trainer needs them, and `curate filter --where` chooses.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from os import PathLike
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate.config import checked, read_config
from curate.errors import CurateError, Damaged, StoreError
from curate.filtering.funnel import Funnel
from curate.records import SAMPLES, Prompt, Sample, digest, sample_from_row, sample_row
from curate.report.card import card
from curate.report.filtered import filtered_statistics
from curate.shards import Directory, ShardWriter, manifests
from curate.storage import Place, at

KIND = "rollouts"
TOTAL = "total"  # the name among a sample's rewards of their weighted sum


@dataclass(frozen=True, slots=True)
class Group:
    """The samples of one prompt that are held against each other. All have `id` as their group_id."""

    id: str
    prompt: Prompt
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Rollout:
    """Groups that were sampled one after another without a change of weights. `version`: the step whose weights wrote them."""

    number: int
    groups: tuple[Group, ...]
    version: int


def total(sample: Sample) -> float | None:
    """What a sample is worth; None where it was not scored or could not be judged, which is not 0."""
    return next((value for name, value in sample.rewards or () if name == TOTAL), None)


@contextmanager
def recording(path: str | PathLike[str], identity: Mapping[str, Any]) -> Iterator[Directory]:
    """The directory that rollouts are written to, by this process alone. Raises IdentityMismatch where it holds those of another
    configuration, StoreError where another process writes there.
    """
    with Directory(path, KIND) as directory:
        directory.begin(checked(KIND, identity, {}), overwrite=False)
        directory.collect_garbage([name.removesuffix(".json") for name in directory.place.sizes("manifest")])
        _describe(directory.place)
        try:
            yield directory
        except BaseException:
            with suppress(OSError, StoreError):  # the disk may be what failed; the error that ended the run is the one to show
                _describe(directory.place)
            raise
        _describe(directory.place)


def write(directory: Directory, rollout: Rollout) -> None:
    """Commit a rollout: when this returns it is on disk. The same rollout gives the same bytes. Raises StoreError where the disk does not
    take it; nothing half made is left.
    """
    rows = [sample_row(sample) for group in rollout.groups for sample in group.samples]
    if not rows:
        raise CurateError(f"rollout {rollout.number} holds no sample")
    place = directory.place
    made_of = digest([rollout.number, rollout.version, [row["id"] for row in rows]])
    try:
        for mark in ("_SUCCESS", "manifest.json"):  # of a run that had finished and is made longer
            place.delete(mark)
        with ShardWriter(directory, _shard(rollout.number)) as writer:
            for row in rows:
                writer.add("kept", row)
            writer.commit(funnel=_funnel(rollout), input_digest=made_of)
    except OSError as error:
        raise StoreError.writing(place, error) from error


def finish(directory: Directory) -> None:
    """Mark the directory complete: no more rollouts come."""
    directory.place.delete("_SUCCESS")
    _describe(directory.place, complete=True)
    directory.finish()


def read_recorded(path: str | PathLike[str], number: int) -> Rollout | None:
    """A rollout as it was written, None where there is none. Needs no lock. Raises Damaged where its file is not what its manifest says."""
    place = at(path)
    manifest = f"manifest/{_shard(number)}.json"
    told = place.read(manifest)
    if told is None:
        return None
    try:
        entry = json.loads(told.decode("utf-8"))["files"]["kept"]
        name, sha = str(entry["path"]), str(entry["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{place}/{manifest} cannot be read; run `curate check {place}`") from error
    data = place.read(name) if place.holds(name) else None
    if data is None or hashlib.sha256(data).hexdigest() != sha:
        raise Damaged(f"rollout {number} in {place} is damaged: {name} is not the file that its manifest names")
    samples = [sample_from_row(row) for row in pq.read_table(pa.BufferReader(data), schema=SAMPLES).to_pylist()]
    groups = tuple(_group(members) for members in (tuple(of) for _, of in groupby(samples, key=lambda s: s.group_id)))
    return Rollout(number, groups, int(samples[0].weights_version or 0))


def last_recorded(path: str | PathLike[str]) -> int | None:
    """The highest number of a rollout that is there."""
    names = (name.removesuffix(".json") for name in at(path).sizes("manifest") if name.endswith(".json") and not name.startswith("."))
    return max((int(name[:8], 16) for name in names), default=None)


def _group(samples: tuple[Sample, ...]) -> Group:
    return Group(samples[0].group_id or "", samples[0].prompt, samples)


def _shard(number: int) -> str:
    return f"{number:08x}-{number:08x}"


def _funnel(rollout: Rollout) -> dict[str, Any]:
    counts = Funnel(())
    kinds: Counter[str] = Counter()
    samples = [sample for group in rollout.groups for sample in group.samples]
    for group in rollout.groups:
        decided = [s.verdict.status == "correct" for s in group.samples if s.verdict.decided]
        rate = sum(decided) / len(decided) if decided else None
        for s in group.samples:
            row = {name: getattr(s.prompt, name) for name in ("domain", "source", "license")}
            row |= {"completion_tokens": s.completion_tokens, "characters": len(s.completion)}
            counts.count(row, (), {}, kept=True, rate=rate)
        kinds[_kind(group.samples)] += 1
    return counts.as_dict() | {
        "rollouts": 1,
        "groups": len(rollout.groups),
        "group_kinds": dict(kinds),
        "status": dict(Counter(s.verdict.status for s in samples)),
        "finish_reasons": dict(Counter(s.finish_reason for s in samples)),
    }


def _kind(samples: Sequence[Sample]) -> str:
    """Whether a group can teach something."""
    totals = [value for value in map(total, samples) if value is not None]
    return "too few judged" if len(totals) < 2 else "rewards alike" if len(set(totals)) == 1 else "rewards differ"


def _describe(place: Place, *, complete: bool | None = None) -> None:
    """Write stats.json and README.md from the manifests. `complete`: as it is now, where not given."""
    config = read_config(place)
    assert config is not None  # of a directory that was begun
    stats = filtered_statistics([m["funnel"] for m in manifests(place)])
    whole = place.size("_SUCCESS") is not None if complete is None else complete
    place.write("stats.json", (json.dumps(stats, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())
    place.write("README.md", card(config.as_dict(), stats, whole).encode())
