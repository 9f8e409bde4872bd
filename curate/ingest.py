"""Prompts from their sources into one Parquet file, sorted by id and without duplicates, in bounded memory.

The file is named by the fingerprint of everything that decides its content and is used again where it exists: a resumed run does not read its sources. Order never matters: rows are sorted by
id, and of several rows with one id (the same question and gold from two places) the one whose canonical JSON is smallest stays.

Prompts are written as they come to a file of their own, which DuckDB sorts, spilling to disk beside it. Row groups are small, and their statistics let a range of ids be read without the rest.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
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
MEMORY = "512MB"
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
    unsorted, spill, unfinished = workdir / ".unsorted.tmp", workdir / ".spill", workdir / ".sorted.tmp"
    try:
        workdir.mkdir(parents=True, exist_ok=True)
        read = _write_unsorted(source, unsorted)
        skipped = {reason: n for reason, n in sorted(source.skipped.items()) if n}
        if not read:
            raise SourceError(f"{source.name} gave no prompts{_told(skipped)}: check the source, and --where and --map if they are given")
        count = _write_sorted(unsorted, unfinished, spill, {"read": read, "skipped": skipped})
        os.replace(unfinished, path)
        for old in workdir.glob("prompts-*.parquet"):
            if old != path:
                old.unlink()
    except (OSError, pa.ArrowException) as error:  # a full disk comes as either, depending on who was writing
        raise StoreError(f"cannot write prompts to {workdir}: {getattr(error, 'strerror', None) or error}") from error
    finally:
        for leftover in (unsorted, unfinished):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                leftover.unlink()
        shutil.rmtree(spill, ignore_errors=True)
    return Ingested(path, count, read - count, fingerprint, skipped)


def _told(skipped: dict[str, int]) -> str:
    return f" ({', '.join(f'{n} rows skipped: {reason}' for reason, n in skipped.items())})" if skipped else ""


def _existing(path: Path, fingerprint: str) -> Ingested | None:
    if not path.exists():
        return None
    import json

    try:
        with pq.ParquetFile(path) as file:
            note = json.loads(file.metadata.metadata[_NOTE])
            count = file.metadata.num_rows
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError):  # cut off by a power failure: made again
        return None
    return Ingested(path, count, note["read"] - count, fingerprint, note["skipped"])


def _write_unsorted(source: Source, path: Path) -> int:
    read = 0
    with pq.ParquetWriter(path, PROMPTS, compression="zstd", use_dictionary=False, write_statistics=False) as writer:
        for batch in batches(source, _bytes):
            try:
                writer.write_table(pa.Table.from_pylist([prompt_row(p) for p in batch], schema=PROMPTS))
            except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError) as error:
                raise SourceError(f"a prompt of {source.name} cannot be stored: {error}") from error
            read += len(batch)
    return read


def _bytes(prompt: Prompt) -> int:
    return sum(len(m.content) for m in prompt.messages) + len(prompt.gold or "") + len(prompt.meta)


def _write_sorted(unsorted: Path, path: Path, spill: Path, note: dict[str, Any]) -> int:
    from curate.where import connect, explained, select, view

    count = 0
    connection = connect([unsorted], temporary=spill, memory=MEMORY, threads=2)
    try:
        view(connection, [unsorted])
        with pq.ParquetWriter(path, PROMPTS, compression="zstd", write_page_index=True) as writer, explained():
            ordered = select(connection, order="id", rows_per_batch=ROWS_PER_GROUP)
            for group in _groups(_unique(b for b in ordered)):
                count += group.num_rows
                writer.write_table(group, row_group_size=ROWS_PER_GROUP)
            writer.add_key_value_metadata({_NOTE: canonical_json(note).encode()})
    finally:
        connection.close()
    return count


def _unique(ordered: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Sorted batches without duplicates. The rows of a batch's last id are held back, since the next batch may go on with it."""
    held: pa.Table | None = None
    for batch in ordered:
        if not batch.num_rows:
            continue
        table = pa.Table.from_batches([batch]).cast(PROMPTS)
        if held is not None:
            table = pa.concat_tables([held, table])
        names = table["id"].to_pylist()
        first = names.index(names[-1])
        held = _smallest(table.slice(first)) if len(names) - first > 1 else table.slice(first)
        if first:
            yield _without_duplicates(table.slice(0, first), names[:first])
    if held is not None:
        yield _smallest(held)


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
        for piece in chain(
            [table.slice(0, ROWS_PER_GROUP)], (table.slice(i, ROWS_PER_GROUP) for i in range(ROWS_PER_GROUP, len(table), ROWS_PER_GROUP))
        ):
            waiting.append(piece)
            rows = sum(len(t) for t in waiting)
            if rows >= ROWS_PER_GROUP or sum(t.nbytes for t in waiting) >= GROUP_BYTES:
                whole = pa.concat_tables(waiting)
                yield whole.slice(0, ROWS_PER_GROUP)
                waiting = [whole.slice(ROWS_PER_GROUP)] if rows > ROWS_PER_GROUP else []
    if waiting and sum(len(t) for t in waiting):
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
