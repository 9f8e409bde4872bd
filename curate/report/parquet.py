"""Looking at Parquet files of unknown origin before anything reads them: the footer alone, with bounds on what it may hold.

Files whose columns carry an extension type are refused, except Arrow's own ones, which are plain storage under another name: such a type names code that is to interpret the bytes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from curate.where import first_line

MAGIC = b"PAR1"
FOOTER_BYTES = 100 << 20  # what a footer's strings and lists may take
HARMLESS_EXTENSIONS = frozenset({"arrow.json", "arrow.uuid", "arrow.bool8"})


class Unreadable(Exception):
    """A file that cannot be read, with what is wrong, to stand after its name."""


@dataclass(frozen=True, slots=True)
class ParquetInfo:
    """A Parquet file's footer: Arrow schema, rows, and the bytes of the file."""

    path: Path
    schema: pa.Schema
    rows: int
    bytes: int


def _extensions(field: pa.Field) -> Iterator[str]:
    named = (field.metadata or {}).get(b"ARROW:extension:name")
    if named is not None:
        yield named.decode("utf-8", "replace")
    kind = field.type
    if isinstance(kind, pa.BaseExtensionType):
        yield kind.extension_name
        kind = kind.storage_type
    for i in range(kind.num_fields):
        yield from _extensions(kind.field(i))


def look(path: Path) -> ParquetInfo:
    """The footer of a Parquet file. Raises Unreadable."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(4)
            file.seek(max(0, size - 4))
            tail = file.read(4)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error
    if head != MAGIC:
        raise Unreadable("is not a Parquet file")
    if tail != MAGIC or size < 12:
        raise Unreadable("is cut short or still being written: it does not end as a Parquet file does")
    try:
        with pq.ParquetFile(path, thrift_string_size_limit=FOOTER_BYTES, thrift_container_size_limit=FOOTER_BYTES) as parquet:
            schema, rows = parquet.schema_arrow, parquet.metadata.num_rows
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last for a name that is no text any more
        raise Unreadable(f"has a damaged footer: {first_line(error)}") from error
    strange = sorted({e for field in schema for e in _extensions(field)} - HARMLESS_EXTENSIONS)
    if strange:
        raise Unreadable(f"is refused: it has columns of the extension type {strange[0]!r}; write it with plain types")
    return ParquetInfo(path, schema, rows, size)


def _form(info: ParquetInfo) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, str(field.type).replace("large_", "")) for field in info.schema)


def alike(files: Iterable[ParquetInfo]) -> tuple[list[ParquetInfo], list[list[ParquetInfo]]]:
    """The files of the schema that most rows have, and the others, by schema: rows of different schemas are not one table."""
    groups: dict[tuple[tuple[str, str], ...], list[ParquetInfo]] = {}
    for info in files:
        groups.setdefault(_form(info), []).append(info)
    first, *others = sorted(groups.values(), key=lambda g: (-sum(i.rows for i in g), str(g[0].path)))
    return first, others


def look_all(paths: Sequence[Path]) -> tuple[list[ParquetInfo], list[tuple[Path, str]]]:
    """The footers of the readable files, and the others with what is wrong with them."""
    readable, broken = [], []
    for path in paths:
        try:
            readable.append(look(path))
        except Unreadable as error:
            broken.append((path, str(error)))
    return readable, broken
