"""Prompts from their sources into one Parquet file, sorted by id and without duplicates, in bounded memory.

The file is named by the fingerprint of everything that decides its content and is used again where it exists: a resumed run does not read its sources. Order never matters: rows are sorted by
id, and of several rows with one id (the same question and gold from two places) the one whose canonical JSON is smallest stays.

Sorting is an external one of two passes: what fits into RUN_BYTES is sorted and written as a run, cut into GROUPS by the first two digits of the id; then each group is gathered from all runs.
Ids are hashes, so groups are of about one size. (DuckDB's own ORDER BY was tried: it spills, but then runs out of memory over long texts.) Row groups of the result are small, and their
statistics let a range of ids be read without the rest.
"""

import contextlib
import json
import os
import shutil
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate.errors import SourceError, StoreError
from curate.records import PROMPTS, SCHEMA_VERSION, Prompt, canonical_json, digest, prompt_from_row, prompt_row
from curate.sources.base import Source
from curate.sources.table import batches

ROWS_PER_GROUP = 1000
GROUP_BYTES = 32 << 20
RUN_BYTES = 64 << 20
GROUPS = 256
_PIECE = 100  # rows that are weighed at once
_NOTE = b"r1_curate.ingested"  # what was counted on the way, as JSON in the file's own metadata


@dataclass(frozen=True, slots=True)
class Ingested:
    """A file of prompts: how many, how many duplicates were dropped, and how many rows gave no prompt, by reason."""

    path: Path
    count: int
    duplicates: int
    fingerprint: str
    skipped: dict[str, int] = field(default_factory=dict)


def ingest(source: Source, workdir: Path) -> Ingested:
    """Bring the prompts of `source` into `workdir`, which is made where it is missing and holds nothing else afterwards.

    Raises SourceError for a source without a prompt, StoreError where `workdir` cannot be written, and what the source raises.
    """
    fingerprint = digest([SCHEMA_VERSION, source.fingerprint()])
    path = workdir / f"prompts-{fingerprint[:16]}.parquet"
    found = _existing(path, fingerprint)
    if found is not None:
        return found
    temporary = workdir / ".sorting"
    try:
        shutil.rmtree(temporary, ignore_errors=True)  # of a run that was killed
        temporary.mkdir(parents=True)
        read, runs = _write_runs(source, temporary)
        skipped = {reason: n for reason, n in sorted(source.skipped.items()) if n}
        if not read:
            raise SourceError(f"{source.name} gave no prompts{_told(skipped)}: check the source, and --where and --map if they are given")
        count = _write_sorted(runs, temporary / path.name, {"read": read, "skipped": skipped})
        os.replace(temporary / path.name, path)
        for old in workdir.glob("prompts-*.parquet"):
            if old != path:
                old.unlink()
    except (OSError, pa.ArrowException) as error:  # a full disk comes as either, depending on who was writing
        raise StoreError(f"cannot write prompts to {workdir}: {getattr(error, 'strerror', None) or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Ingested(path, count, read - count, fingerprint, skipped)


def _told(skipped: dict[str, int]) -> str:
    return f" ({', '.join(f'{n} rows skipped: {reason}' for reason, n in skipped.items())})" if skipped else ""


def _existing(path: Path, fingerprint: str) -> Ingested | None:
    if not path.exists():
        return None
    try:
        with pq.ParquetFile(path) as file:
            note = json.loads(file.metadata.metadata[_NOTE])
            count = file.metadata.num_rows
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError):  # cut off by a power failure: made again
        return None
    return Ingested(path, count, note["read"] - count, fingerprint, note["skipped"])


def _write_runs(source: Source, directory: Path) -> tuple[int, list[Path]]:
    runs: list[Path] = []
    waiting: list[pa.Table] = []
    read = 0

    def flush() -> None:
        if waiting:
            runs.append(directory / f"{len(runs)}.arrow")
            _write_run(pa.concat_tables(waiting), runs[-1])
            waiting.clear()

    for batch in batches(source, _bytes):
        try:
            waiting.append(pa.Table.from_pylist([prompt_row(p) for p in batch], schema=PROMPTS))
        except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError) as error:
            raise SourceError(f"a prompt of {source.name} cannot be stored: {error}") from error
        read += len(batch)
        if sum(t.nbytes for t in waiting) >= RUN_BYTES:
            flush()
    flush()
    return read, runs


def _bytes(prompt: Prompt) -> int:
    return sum(len(m.content) for m in prompt.messages) + len(prompt.gold or "") + len(prompt.meta)


def _sorted(table: pa.Table) -> pa.Table:
    """The rows by id, without duplicates."""
    table = table.combine_chunks().sort_by("id")
    return _without_duplicates(table, table["id"].to_pylist())


def _write_run(table: pa.Table, path: Path) -> None:
    table = _sorted(table)
    starts = [bisect_left(_Ids(table["id"]), f"{g:02x}") for g in range(GROUPS)]
    with pa.ipc.new_file(path, PROMPTS, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        for start, stop in pairwise([*starts, table.num_rows]):
            group = table.slice(start, stop - start).combine_chunks()
            writer.write_batch(group.to_batches()[0] if group.num_rows else pa.RecordBatch.from_pylist([], schema=PROMPTS))


class _Ids(Sequence[str]):
    """A column of ids for `bisect`, which asks for a few of them."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    def __getitem__(self, at: Any) -> Any:
        return self._column[at].as_py()


def _write_sorted(runs: list[Path], path: Path, note: dict[str, Any]) -> int:
    count = 0
    with contextlib.ExitStack() as stack:
        readers = [pa.ipc.open_file(stack.enter_context(pa.OSFile(str(run)))) for run in runs]
        writer = stack.enter_context(pq.ParquetWriter(path, PROMPTS, compression="zstd", write_page_index=True))
        gathered = (_sorted(pa.Table.from_batches([r.get_batch(g) for r in readers])) for g in range(GROUPS))
        for group in _groups(gathered):
            count += group.num_rows
            writer.write_table(group, row_group_size=ROWS_PER_GROUP)
        writer.add_key_value_metadata({_NOTE: canonical_json(note).encode()})
    return count


def _without_duplicates(table: pa.Table, names: list[str]) -> pa.Table:
    if len(set(names)) == len(names):
        return table
    starts = [i for i in range(len(names)) if i == 0 or names[i] != names[i - 1]]
    stops = [*starts[1:], len(names)]
    return pa.concat_tables([_smallest(table.slice(a, b - a)) for a, b in zip(starts, stops, strict=True)])


def _smallest(rows: pa.Table) -> pa.Table:
    """Of rows with one id, the one whose canonical JSON is smallest."""
    if rows.num_rows == 1:
        return rows
    return pa.Table.from_pylist([min(rows.to_pylist(), key=canonical_json)], schema=PROMPTS)


def _groups(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of ROWS_PER_GROUP, or fewer where they are large."""
    waiting: list[pa.Table] = []
    for table in tables:
        for at in range(0, table.num_rows, _PIECE):
            waiting.append(table.slice(at, _PIECE))
            rows = sum(t.num_rows for t in waiting)
            if rows >= ROWS_PER_GROUP or sum(t.nbytes for t in waiting) >= GROUP_BYTES:
                whole = pa.concat_tables(waiting)
                yield whole.slice(0, ROWS_PER_GROUP)
                waiting = [whole.slice(ROWS_PER_GROUP)] if rows > ROWS_PER_GROUP else []
    if waiting:
        yield pa.concat_tables(waiting)


def read_prompts(path: Path, lo_id: str | None = None, hi_id: str | None = None) -> Iterator[Prompt]:
    """The prompts with `lo_id` <= id < `hi_id`, in the order of their ids; None: no bound. Row groups outside the range are not read. Raises StoreError."""
    try:
        with pq.ParquetFile(path) as file:
            for group in _overlapping(file.metadata, lo_id, hi_id):
                for row in file.read_row_group(group, use_threads=False).to_pylist():
                    if (lo_id is None or row["id"] >= lo_id) and (hi_id is None or row["id"] < hi_id):
                        yield prompt_from_row(row)
    except (pa.ArrowException, OSError) as error:
        raise StoreError(f"cannot read {path}: {str(error).splitlines()[0]}") from error


def _overlapping(metadata: pq.FileMetaData, lo_id: str | None, hi_id: str | None) -> Iterator[int]:
    column = PROMPTS.names.index("id")
    for group in range(metadata.num_row_groups):
        found = metadata.row_group(group).column(column).statistics
        if found is not None and found.has_min_max:
            if lo_id is not None and found.max < lo_id:
                continue
            if hi_id is not None and found.min >= hi_id:
                return  # groups are in the order of ids
        yield group


def ids(path: Path) -> pa.Array:
    """All ids, sorted: 32 bytes each."""
    try:
        return pq.read_table(path, columns=["id"])["id"].combine_chunks()
    except (pa.ArrowException, OSError) as error:
        raise StoreError(f"cannot read {path}: {str(error).splitlines()[0]}") from error
