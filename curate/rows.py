"""Rows of anyone's files, read as they are and written again with more columns: what `curate verify` is built on.

Parquet keeps its types. JSON lines have none, so where they become Parquet the types are taken from all rows in a pass of their own (curate/sources/table.py), and what is nested or mixed becomes its
JSON as text: an inferred struct would change with the first row. A file appears under its name only when it is whole. Extension types and rows of more than 100 MB are refused by the readers.

Not covered: a Parquet file's own metadata is not carried over, since it describes columns that are no longer all of them.
"""

import gzip
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from curate.errors import SourceError, StoreError, UsageError
from curate.records import canonical_json
from curate.report.layout import is_dataset
from curate.shards import ROW_GROUP_BYTES, ROW_GROUP_ROWS
from curate.shards import files_of as files_of_part
from curate.sources import jsonl, parquet
from curate.sources.files import NAMED, peeked, readable
from curate.sources.mapping import plain
from curate.sources.table import Line, kinds_of
from curate.storage import LocalPlace, is_address, shown

LINES = (".jsonl", ".jsonl.gz")
MISLEADING = (".json", ".json.gz", ".csv", ".tsv", ".txt", ".gz", ".zip", ".arrow")  # names that promise something that is not written
ARROW = {"bool": pa.bool_(), "int": pa.int64(), "float": pa.float64()}


def files(inputs: Sequence[str], *, parts: Sequence[str] = ("kept", "rejects")) -> list[Path]:
    """The files that `inputs` name: files, directories of them, and dataset directories of ours, of which the `parts` are read that there are. Raises UsageError."""
    found: list[Path] = []
    for name in inputs:
        path = Path(name)
        if is_address(name):
            raise UsageError(f"{shown(name)} is no path: curate verify reads and writes files of this machine, so copy it here first")
        if not path.exists():
            raise UsageError(f"no such file or directory: {name}")
        if path.is_dir() and is_dataset(LocalPlace(path)):
            tables = [p for p in parts if (path / p).is_dir()]
            if not tables:
                raise UsageError(f"{name} holds prompts and no samples: there is nothing in it to judge")
            found += [file for part in tables for file in files_of_part(path, part)]
        elif path.is_dir():
            found += readable(path)
        elif not path.name.endswith(NAMED):
            raise UsageError(f"{name} is no file that can be read: it must end in {', '.join(NAMED)}")
        else:
            found.append(path)
    twice = next((p for i, p in enumerate(found) if p.resolve() in {q.resolve() for q in found[:i]}), None)
    if twice is not None:
        raise UsageError(f"{twice} is given twice")
    return found


@dataclass(frozen=True, slots=True)
class Rows:
    """One file's rows. `columns` are those of a Parquet file, or of the first rows of JSON lines; `count` is known for Parquet alone; `first` is its first row, None where there is none."""

    path: Path
    columns: list[str]
    count: int | None
    first: dict[str, Any] | None

    @property
    def tabular(self) -> bool:
        """Whether it is Parquet."""
        return self.path.name.endswith(".parquet")

    def __iter__(self) -> Iterator[Line]:
        """The rows. Raises SourceError naming the place of a fault."""
        return parquet.rows(self.path, self.columns) if self.tabular else jsonl.rows(self.path)


def read(path: Path) -> Rows:
    """Look at a file. Raises SourceError for what cannot be read whole."""
    if not path.name.endswith(".parquet"):
        columns, lines = peeked(jsonl.rows(path))
        first = next(lines, None)
        return Rows(path, columns, None, None if first is None else first.row)
    columns = parquet.columns(path)
    names = parquet.schema(path).names
    if len(set(names)) < len(names):
        raise SourceError(f"{path} has two columns of the same name: write it again with one name for each")
    left_out = sorted(set(names) - set(columns))
    if left_out:
        raise SourceError(
            f"{path}: column {left_out[0]!r} has more than {parquet.NESTED_VALUES:,} values in one row group, which is not read: write the file with smaller row groups or without it"
        )
    first = next(parquet.rows(path, columns), None)
    return Rows(path, columns, parquet.count(path), None if first is None else first.row)


def arrow_fields(tables: Sequence[Rows]) -> list[pa.Field]:
    """The columns of all files as Arrow fields. Raises UsageError where two files do not agree, or where Parquet and JSON lines are mixed."""
    if all(not t.tabular for t in tables):
        kinds = kinds_of(chain.from_iterable(tables))
        return [pa.field(name, ARROW.get(kind, pa.string())) for name, kind in kinds.items()]
    if not all(t.tabular for t in tables):
        raise UsageError("Parquet and JSON lines have no schema in common: give them one after the other, or an OUT that ends in .jsonl")
    found: dict[str, pa.Field] = {}
    for table in tables:
        for f in parquet.schema(table.path):
            kind = f.type.value_type if pa.types.is_dictionary(f.type) else f.type
            before = found.get(f.name)
            if before is None or pa.types.is_null(before.type):
                found[f.name] = pa.field(f.name, pa.string() if pa.types.is_null(kind) else kind, metadata=f.metadata)
            elif before.type != kind and not pa.types.is_null(kind):
                raise UsageError(
                    f"column {f.name!r} is {before.type} in one file and {kind} in {table.path}: verify them one after the other"
                )
    return list(found.values())


def check_lines(tables: Sequence[Rows]) -> None:
    """Raise UsageError where a column holds bytes, which JSON lines cannot."""
    for table in (t for t in tables if t.tabular):
        for f in parquet.schema(table.path):
            if _holds_bytes(f.type):
                raise UsageError(
                    f"column {f.name!r} of {table.path} holds bytes, which JSON lines cannot: give an OUT that ends in .parquet"
                )


def _holds_bytes(kind: pa.DataType) -> bool:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_nested(inner):
        return any(_holds_bytes(inner.field(i).type) for i in range(inner.num_fields))
    return any(
        test(inner) for test in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view)
    )


def _scrubbed(value: Any) -> Any:
    """`value` with halves of surrogate pairs, which no file of text can hold, replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_scrubbed(k): _scrubbed(v) for k, v in value.items()}
    return [_scrubbed(v) for v in value] if isinstance(value, list) else value


class Writer:
    """Writes rows to a file that appears whole at `commit` or not at all: JSON lines where `schema` is None, else Parquet, where values of the columns `as_json` become JSON text."""

    def __init__(self, path: Path, schema: pa.Schema | None, as_json: frozenset[str] = frozenset()) -> None:
        self.path = path
        self.schema = schema
        self.as_json = as_json
        self._temporary = path.with_name(f".{path.name}.tmp")
        self._second = path.with_name(f".{path.name}.2.tmp")
        self._rows: list[Mapping[str, Any]] = []
        self._bytes = 0
        self._lines: IO[bytes] | gzip.GzipFile | None = None
        self._parquet: pq.ParquetWriter | None = None

    def __enter__(self) -> "Writer":
        try:
            if self.schema is None:
                self._lines = self._open_lines(self._temporary, "wb")
            else:
                self._parquet = _parquet_writer(self._temporary, self.schema)
        except OSError as error:
            raise StoreError(f"cannot write {self.path}: {error.strerror or error}") from error
        return self

    def _open_lines(self, path: Path, mode: Literal["rb", "wb"]) -> "IO[bytes] | gzip.GzipFile":
        return gzip.open(path, mode) if self.path.name.endswith(".gz") else path.open(mode)

    def add(self, row: Mapping[str, Any], size: int) -> None:
        """One row of about `size` bytes."""
        if self._lines is not None:
            self._lines.write(line_of(row))
            return
        self._rows.append(row)
        self._bytes += size
        if len(self._rows) >= ROW_GROUP_ROWS or self._bytes >= ROW_GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        assert self._parquet is not None
        assert self.schema is not None
        rows: list[Mapping[str, Any]] = self._rows
        if self.as_json:
            rows = [{k: _json_text(v) if k in self.as_json else v for k, v in row.items()} for row in rows]
        try:
            table = pa.Table.from_pylist(rows, schema=self.schema)
        except UnicodeEncodeError:
            table = pa.Table.from_pylist([_scrubbed(row) for row in rows], schema=self.schema)
        self._parquet.write_table(table, row_group_size=ROW_GROUP_ROWS)
        self._rows, self._bytes = [], 0

    def _finish(self) -> None:
        if self._parquet is not None and self._rows:
            self._flush()
        self._close()

    def _close(self) -> None:
        for file in (self._parquet, self._lines):
            if file is not None:
                file.close()
        self._parquet = self._lines = None

    def extend(self, columns: Mapping[str, pa.DataType], values: Iterable[Sequence[Any]]) -> None:
        """Write all rows once more with further `columns`, whose values come in the order of the rows. Nothing can be added afterwards."""
        self._finish()
        of_rows = iter(values)
        if self.schema is None:
            with self._open_lines(self._temporary, "rb") as old, self._open_lines(self._second, "wb") as new:
                for line in old:
                    new.write(line_of(json.loads(line) | dict(zip(columns, next(of_rows), strict=True))))
        else:
            schema = pa.schema([*self.schema, *(pa.field(n, t) for n, t in columns.items())])
            with pq.ParquetFile(self._temporary) as parquet_file, _parquet_writer(self._second, schema) as writer:
                for i in range(parquet_file.num_row_groups):
                    table = parquet_file.read_row_group(i)
                    found = list(islice(of_rows, table.num_rows))
                    for at, (name, kind) in enumerate(columns.items()):
                        table = table.append_column(pa.field(name, kind), _array([v[at] for v in found], kind))
                    writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
        self._second.replace(self._temporary)

    def commit(self) -> None:
        """Put the file under its name, in place of one that was there."""
        self._finish()
        put(self._temporary, self.path)

    def __exit__(self, *_: object) -> None:
        self._rows = []
        self._close()
        self._temporary.unlink(missing_ok=True)
        self._second.unlink(missing_ok=True)


def _parquet_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(path, schema, compression="zstd", compression_level=3, write_page_index=True)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        return pa.array([_scrubbed(v) for v in values], kind)


def put(temporary: Path, path: Path) -> None:
    """Give a whole file its name, durably."""
    descriptor = os.open(temporary, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    LocalPlace(path.parent).put(temporary, path.name)


def line_of(row: Mapping[str, Any]) -> bytes:
    """A row as a line of JSON."""
    value = plain(row)
    try:
        return json.dumps(value, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can hold as an escape
        return json.dumps(value).encode() + b"\n"


def _json_text(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else canonical_json(plain(value))


def is_lines(path: Path) -> bool:
    """Whether an output of that name is JSON lines."""
    return path.name.endswith(LINES)


def check_output(output: Path, inputs: Sequence[str]) -> None:
    """Raise UsageError unless a file of that name can be written without harm to the inputs."""
    if is_address(str(output)):
        raise UsageError(f"{output} is no path: curate verify writes a file of this machine")
    if output.is_dir():
        raise UsageError(f"{output} is a directory: give the name of a file, {output / 'verified.parquet'} for one")
    if output.name.endswith(MISLEADING) and not is_lines(output):
        raise UsageError(f"{output}: what is written is Parquet, or JSON lines where the name ends in .jsonl")
    if not output.parent.is_dir():
        raise UsageError(f"{output.parent} is no directory: make it first")
    target = output.resolve()
    for name in inputs:
        source = Path(name).resolve()
        if target == source or (source.is_dir() and target.is_relative_to(source)):
            raise UsageError(f"{output} lies in the input {name}: the next reading of it would take it for data; give another place")
