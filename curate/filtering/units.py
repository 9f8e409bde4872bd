"""What `curate filter` reads, cut into units: the rows of one file from one row to another, few enough to be held in memory.

A unit is a shard of the result. Its number is its place in the inputs, and that is also the order in which duplicates are decided: of two the first stays. Where a file's rows are in the order of their
prompts, as in every dataset of ours, a cut never parts the samples of a prompt. A file is known by its content: the hash in its shard's manifest, or one taken here.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate.errors import SourceError, UsageError
from curate.records import digest
from curate.report.layout import is_dataset, read_layout
from curate.sources import parquet
from curate.sources.files import NAMED, readable
from curate.storage import Place, at

UNIT_BYTES = 96 << 20  # of Parquet's own sizes, uncompressed: what a process holds at once, a few times over
UNIT_ROWS = 20_000
LINES_BYTES = 48 << 20  # of a file of JSON lines


@dataclass(frozen=True, slots=True)
class Unit:
    """Rows `start` to `stop` of a Parquet file, bytes of one of JSON lines (None: to its end). `content` is the file's hash; `outcomes` the file that says what became of its prompts; `ours`: it holds samples of ours."""

    number: int
    path: str
    start: int
    stop: int | None
    content: str
    ours: bool
    outcomes: str | None = None
    fault: str | None = None  # why the file cannot be read

    @property
    def shard(self) -> str:
        """The name of the shard that it becomes."""
        return f"{self.number:08x}-{self.number:08x}"

    def digest(self, *also: Any) -> str:
        """A hash of what the shard is made from."""
        return digest([self.content, self.start, self.stop, *also])


@dataclass(frozen=True, slots=True)
class File:
    """A file of the inputs, and what is known of it without reading it."""

    path: Path
    content: str | None
    ours: bool
    outcomes: Path | None = None
    fault: str | None = None  # why there is nothing to read
    place: Place | None = None  # the directory that it is in: a copy of a file in an object store lives as long as this


def described(names: Sequence[str], found: Sequence[File]) -> list[dict[str, Any]]:
    """The inputs as config.json has them: what made a dataset of ours, and what its inputs were; of other files how many. No paths."""
    told = []
    for name in names:
        place = at(name)
        if place.kind() == "directory" and is_dataset(place):
            config = read_layout(place).config
            told.append(
                {"name": place.base, "kind": config.kind, "identity": dict(config.identity), "inputs": config.extent.get("inputs") or []}
            )
        else:
            own = [f for f in found if f.path.is_relative_to(Path(name))]
            told.append({"name": Path(name).resolve().name, "kind": "files", "identity": {"files": len(own)}, "inputs": []})
    return told


def files(inputs: Sequence[str], *, rejects: bool) -> list[File]:
    """The files of the inputs: of a dataset directory of ours its kept/, with `rejects` also its rejects/, of a mixture both parts. Raises UsageError for what is not there or holds no samples."""
    found: list[File] = []
    for name in inputs:
        place = at(name)
        kind = place.kind()
        if kind is None:
            raise UsageError(f"no such file or directory: {name}")
        if kind == "directory" and is_dataset(place):
            found += _of_dataset(name, rejects)
        elif place.local is None:
            raise UsageError(f"{name} is no dataset directory of ours: copy other files here first")
        elif kind == "directory":
            found += [File(path, None, _is_ours(path)) for path in readable(Path(name))]
        elif not name.endswith(NAMED):
            raise UsageError(f"{name} is no file that can be read: it must end in {', '.join(NAMED)}")
        else:
            found.append(File(Path(name), None, _is_ours(Path(name))))
    seen: set[Path] = set()
    for file in (f for f in found if f.fault is None):
        if file.path.resolve() in seen:
            raise UsageError(f"{file.path} is given twice")
        seen.add(file.path.resolve())
    return found


def _of_dataset(name: str, rejects: bool) -> list[File]:
    place = at(name)
    layout = read_layout(place)
    if layout.config.kind in ("prompts", "pairs", "labels"):
        raise UsageError(f"{name} holds {layout.config.kind} and no samples: give the directory with the samples")
    outcomes = {f.shard: f.name for f in layout.table("prompts")}
    found = [File(Path(name), "", True, fault=f"{f}; run `curate check {name}`") for f in layout.findings if not f.warning]
    for part in ("train", "validation") if layout.config.kind == "mixed" else ("kept", "rejects") if rejects else ("kept",):
        for f in layout.table(part):
            path, *other = place.paths([f.name, *([outcomes[f.shard]] if f.shard in outcomes else [])])
            found.append(File(path, f.sha256, True, other[0] if other else None, place=place))
    return found


def _is_ours(path: Path) -> bool:
    if not path.name.endswith(".parquet"):
        return False
    try:
        return parquet.record_of(path) in ("sample", "filtered sample")
    except SourceError:  # told where it is read
        return False


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def units(found: Sequence[File]) -> list[Unit]:
    """The units of all files, in their order. A file that cannot be opened is one unit with its fault."""
    made: list[Unit] = []
    for file in found:
        if file.fault is not None:
            made.append(Unit(len(made), str(file.path), 0, None, "", True, fault=file.fault))
            continue
        try:
            content = file.content or _hash(file.path)
            ranges = list(_parquet_ranges(file) if file.path.name.endswith(".parquet") else _line_ranges(file.path))
        except (SourceError, pa.ArrowException, OSError) as error:
            made.append(Unit(len(made), str(file.path), 0, None, file.content or "", file.ours, fault=str(error).splitlines()[0]))
            continue
        for start, stop in ranges:
            outcomes = None if file.outcomes is None else str(file.outcomes)
            made.append(Unit(len(made), str(file.path), start, stop, content, file.ours, outcomes))
    return made


def _parquet_ranges(file: File) -> Iterator[tuple[int, int]]:
    """Ranges of rows of about UNIT_BYTES, cut where another prompt begins."""
    with pq.ParquetFile(file.path) as opened:
        metadata = opened.metadata
        total = metadata.num_rows
        cuts = [0]
        size = row = 0
        for g in range(metadata.num_row_groups):
            group = metadata.row_group(g)
            rows = group.num_rows
            each = max(1, group.total_byte_size // max(1, rows))
            at_once = max(1, min(UNIT_ROWS, UNIT_BYTES // each))
            for start in range(row, row + rows, at_once):
                here = min(at_once, row + rows - start)
                if size and (size + here * each > UNIT_BYTES or start - cuts[-1] + here > UNIT_ROWS):
                    cuts.append(start)
                    size = 0
                size += here * each
            row += rows
        cuts.append(total)
        if file.ours and len(cuts) > 2:
            cuts = [0, *_between_prompts(file.path, cuts[1:-1]), total]
    yield from ((a, b) for a, b in pairwise(cuts) if b > a)


def _between_prompts(path: Path, cuts: list[int]) -> list[int]:
    """The cuts, each moved back to where its prompt begins."""
    names = parquet.narrow(path, ["prompt_id"])["prompt_id"].to_pylist()
    moved = []
    for cut in cuts:
        while cut > 0 and names[cut] == names[cut - 1]:
            cut -= 1
        moved.append(cut)
    return sorted(set(moved) - {0})


def _line_ranges(path: Path) -> Iterator[tuple[int, int | None]]:
    """Ranges of bytes that begin and end with a line. A compressed file and a list in JSON are one range: they can only be read from the start."""
    if not path.name.endswith(".jsonl"):
        yield 0, None
        return
    start, end = 0, path.stat().st_size
    with path.open("rb") as file:
        while end - start > LINES_BYTES:
            file.seek(start + LINES_BYTES)
            while (piece := file.readline(1 << 20)) and not piece.endswith(b"\n"):
                pass
            stop = file.tell()
            yield start, stop
            start = stop
    if start < end or not start:
        yield start, None
