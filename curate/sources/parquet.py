"""Reading Parquet that a stranger may have written.

A few kilobytes of Parquet can claim terabytes: one long text in a dictionary and a million rows that point at it. So text is read as a dictionary, never spelled out for a whole batch before its
size is known; a batch is turned into rows at once only where that stays small, else row by row, and a row that is too large ends the reading. Lists are bounded by the number of values that
the footer gives, which is where Arrow's reader stops as well; a column beyond the bound is not read, and may not be mapped. Extension types that are not registered are refused.

Not covered: a single page may hold up to 2 GB, and Arrow reads a page whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.errors import SourceError
from curate.sources.table import BATCH_ROWS, Line

LARGEST_ROW = 100 << 20
AT_ONCE = 64 << 20  # bytes of rows that may be spelled out at once
NARROW, NARROW_ROWS = 1024, 8192  # bytes of a row of ids, and how many are read at once
NESTED_VALUES = 1 << 26  # values of one list column in one row group
_THRIFT = {"thrift_string_size_limit": 100 << 20, "thrift_container_size_limit": 10_000_000}


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise SourceError(f"cannot read {path} as Parquet: {str(error).splitlines()[0]}") from error
    except OSError as error:  # Arrow reports damaged pages this way, too
        raise SourceError(f"cannot read {path}: {error.strerror or str(error).splitlines()[0]}") from error


def _text_leaves(file: pq.ParquetFile) -> list[str]:
    return [c.path for c in map(file.schema.column, range(len(file.schema))) if c.physical_type == "BYTE_ARRAY"]


def bounded(path: Path) -> pq.ParquetFile:
    """The file, opened so that text comes as dictionaries, which `spelled_out` weighs before it is spelled out. Close it."""
    with pq.ParquetFile(path, **_THRIFT) as file:
        leaves = _text_leaves(file)
    return pq.ParquetFile(path, read_dictionary=leaves, **_THRIFT)


def record_batches(
    file: pq.ParquetFile, columns: Sequence[str], rows: int, groups: Iterable[int] | None = None
) -> Iterator[pa.RecordBatch]:
    """The batches of a file that `bounded` opened, of its row groups `groups` or all. None spans two row groups: Arrow cannot read nested text as dictionaries across their border."""
    for group in range(file.metadata.num_row_groups) if groups is None else groups:
        yield from file.iter_batches(batch_size=rows, row_groups=[group], columns=list(columns), use_threads=False)


def narrow(path: Path, columns: Sequence[str], start: int = 0, stop: int | None = None) -> pa.Table:
    """Rows `start` to `stop` of columns whose values are short, as ids are. Raises SourceError where they take more than NARROW bytes a row, over NARROW_ROWS of them: those are no ids."""
    found: list[pa.RecordBatch] = []
    row = 0
    with _told(path), bounded(path) as file:
        for batch in record_batches(file, columns, NARROW_ROWS):
            first, last = max(0, start - row), batch.num_rows if stop is None else min(batch.num_rows, stop - row)
            if first < last:
                piece = batch.slice(first, last - first)
                if spelled_out(piece) > NARROW * NARROW_ROWS:
                    raise SourceError(f"{path}, from row {row + first + 1}: {' and '.join(columns)} take more than {NARROW} bytes a row")
                found.append(piece)
            row += batch.num_rows
        schema = pa.schema([file.schema_arrow.field(name) for name in columns])
    plain = pa.schema([f.with_type(f.type.value_type) if pa.types.is_dictionary(f.type) else f for f in schema])
    return pa.Table.from_batches(found, None if found else schema).cast(plain)


def _too_long(file: pq.ParquetFile) -> set[str]:
    """Top-level columns with more nested values in a row group than may be read."""
    metadata = file.metadata
    nested = [i for i in range(metadata.num_columns) if file.schema.column(i).max_repetition_level > 0]
    return {
        file.schema.column(i).path.partition(".")[0]
        for g in range(metadata.num_row_groups)
        for i in nested
        if metadata.row_group(g).column(i).num_values > NESTED_VALUES
    }


def _batch_rows(file: pq.ParquetFile) -> int:
    """Rows to a batch: fewer where texts are stored as differences, since those are spelled out while they are read and each may be as long as its whole column."""
    largest = 1
    for g in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(g)
        for i in range(group.num_columns):
            chunk = group.column(i)
            if "DELTA_BYTE_ARRAY" in chunk.encodings:
                largest = max(largest, chunk.total_uncompressed_size)
    return max(1, min(BATCH_ROWS, (1 << 30) // largest))


def record_of(path: Path) -> str | None:
    """Which record of ours a file holds by its own word: prompt, outcome, sample; None for a file that is not ours."""
    with _told(path), pq.ParquetFile(path, **_THRIFT) as file:
        name = (file.schema_arrow.metadata or {}).get(b"r1_curate.record")
    return None if name is None else name.decode("utf-8", "replace")


def schema(path: Path) -> pa.Schema:
    """The columns with their types, as the footer gives them. Raises SourceError for what is no Parquet file."""
    with _told(path), pq.ParquetFile(path, **_THRIFT) as file:
        return file.schema_arrow


def count(path: Path) -> int:
    """The number of rows, as the footer gives it. Raises SourceError for what is no Parquet file."""
    with _told(path), pq.ParquetFile(path, **_THRIFT) as file:
        return int(file.metadata.num_rows)


def columns(path: Path) -> list[str]:
    """The top-level columns that can be read. Raises SourceError for what is no Parquet file or has an extension type that is not registered."""
    with _told(path), bounded(path) as file:
        for field in file.schema_arrow:
            if _foreign(field):
                raise SourceError(
                    f"{path}: column {field.name!r} has an extension type that is not known here: write the file again without that column"
                )
        long = _too_long(file)
        return [name for name in file.schema_arrow.names if name not in long]


def _foreign(field: pa.Field) -> bool:
    if (field.metadata or {}).get(b"ARROW:extension:name") is not None:
        return True
    inner = field.type
    return any(_foreign(inner.field(i)) for i in range(getattr(inner, "num_fields", 0))) if pa.types.is_nested(inner) else False


def _array_size(array: pa.Array) -> int:
    """Bytes that an array takes once its dictionaries are spelled out."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        lengths = pc.binary_length(array.dictionary)
        return int(pc.sum(lengths.take(array.indices)).as_py() or 0)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return 16 * len(array) + _array_size(array.flatten())
    if pa.types.is_struct(kind):
        return sum(_array_size(part) for part in array.flatten())
    if pa.types.is_map(kind):
        return _array_size(array.keys) + _array_size(array.items)
    return int(array.nbytes)


def spelled_out(batch: pa.RecordBatch) -> int:
    """Bytes that a batch takes as rows."""
    return sum(_array_size(column) for column in batch.columns)


def rows(path: Path, names: Iterable[str], only: Iterable[int] | None = None) -> Iterator[Line]:
    """The rows of a file with the columns `names`; with `only` (ascending row numbers from 0) just those. Raises SourceError."""
    wanted = None if only is None else iter(only)
    following = None if wanted is None else next(wanted, None)
    start = 0
    with _told(path), bounded(path) as file:
        for batch in record_batches(file, list(names), _batch_rows(file)):
            numbers = range(start, start + batch.num_rows)
            start = numbers.stop
            if wanted is not None:
                chosen = []
                while following is not None and following < start:
                    chosen.append(following)
                    following = next(wanted, None)
                if not chosen:
                    if following is None:
                        return
                    continue
                batch = batch.take(pa.array([n - numbers.start for n in chosen]))
                numbers = chosen  # type: ignore[assignment]  # a list of row numbers instead of a range
            yield from _lines(path, batch, numbers)


def _lines(path: Path, batch: pa.RecordBatch, numbers: Iterable[int]) -> Iterator[Line]:
    size = spelled_out(batch)
    if size <= AT_ONCE:
        for number, row in zip(numbers, _python(path, batch), strict=True):
            yield Line(f"{path}, row {number + 1}", row, size // batch.num_rows)
        return
    for i, number in enumerate(numbers):
        one = batch.slice(i, 1)
        size = spelled_out(one)
        if size > LARGEST_ROW:
            raise SourceError(f"{path}, row {number + 1}: one row takes {size >> 20} MB, and more than {LARGEST_ROW >> 20} MB is refused")
        yield Line(f"{path}, row {number + 1}", _python(path, one)[0], size)


def _python(path: Path, batch: pa.RecordBatch) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = batch.to_pylist()
    return found
