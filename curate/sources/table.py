"""Rows on their way to prompts: what every reader of rows yields, and the `--where` for rows that DuckDB cannot read itself.

For such rows the columns' types are not declared anywhere, and a filter must not mean one thing in one batch and another in the next. So the types are taken from all rows first, in a pass
of their own: a column of numbers is DOUBLE or BIGINT, one of truth values BOOLEAN, one of text VARCHAR, and anything nested or mixed is its JSON as VARCHAR.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from curate.records import PROMPTS, Prompt, canonical_json, prompt_row
from curate.sources.mapping import Mapper, Skip, plain

T = TypeVar("T")

BATCH_ROWS = 512
BATCH_BYTES = 32 << 20


class Line(NamedTuple):
    """One row: `place` names it in a sentence, `size` is about what it takes in bytes."""

    place: str
    row: dict[str, Any]
    size: int


def batches(items: Iterable[T], size: Callable[[T], int] = lambda _: 0) -> Iterator[list[T]]:
    """Lists of up to BATCH_ROWS items or BATCH_BYTES, whichever comes first."""
    batch: list[T] = []
    total = 0
    for item in items:
        batch.append(item)
        total += size(item)
        if len(batch) == BATCH_ROWS or total >= BATCH_BYTES:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if -(2**63) <= value < 2**63 else "json"
    if isinstance(value, float):
        return "float"
    return "text" if isinstance(value, str) else "json"


def kinds_of(lines: Iterable[Line]) -> dict[str, str]:
    """For each column one of bool, int, float, text and json, so that every row fits."""
    kinds: dict[str, str] = {}
    for line in lines:
        for name, value in line.row.items():
            if value is None:
                kinds.setdefault(name, "null")
                continue
            kind = _kind(value)
            seen = kinds.get(name, "null")
            if seen in ("null", kind):
                kinds[name] = kind
            elif {seen, kind} == {"int", "float"}:
                kinds[name] = "float"
            else:
                kinds[name] = "json"
    return kinds


def filtered(lines: Iterable[Line], kinds: dict[str, str], where: str) -> Iterator[Line]:
    """Those lines for which `where` holds. Raises UsageError for an expression that does not work."""
    import pyarrow as pa

    from curate.where import connect, matching

    types = {"bool": pa.bool_(), "int": pa.int64(), "float": pa.float64()}
    schema = pa.schema([pa.field(name, types.get(kind, pa.string())) for name, kind in kinds.items()])

    def column(batch: list[Line], name: str) -> list[Any]:
        values = [line.row.get(name) for line in batch]
        if kinds[name] == "json":
            return [None if v is None else v if isinstance(v, str) else canonical_json(plain(v)) for v in values]
        return values

    connection = connect()
    try:
        for batch in batches(lines, lambda line: line.size):
            table = pa.table([pa.array(column(batch, f.name), f.type) for f in schema], schema=schema)
            yield from (line for line, holds in zip(batch, matching(connection, table, where), strict=True) if holds)
    finally:
        connection.close()


def filtered_prompts(prompts: Iterable[Prompt], where: str | None) -> Iterator[Prompt]:
    """Those prompts for which `where`, over a prompt's own columns, holds."""
    if where is None:
        yield from prompts
        return
    import pyarrow as pa

    from curate.where import connect, matching

    connection = connect()
    try:
        for batch in batches(prompts):
            holds = matching(connection, pa.Table.from_pylist([prompt_row(p) for p in batch], schema=PROMPTS), where)
            yield from (p for p, h in zip(batch, holds, strict=True) if h)
    finally:
        connection.close()


def mapped(lines: Iterable[Line], mapper: Mapper, skipped: Counter[str], *, source: str, revision: str | None = None) -> Iterator[Prompt]:
    """The prompts of lines; a line that gives none is counted in `skipped`, by reason."""
    for line in lines:
        try:
            yield mapper(line.row, line.place, source=source, source_revision=revision)
        except Skip as skip:
            skipped[str(skip)] += 1


def limited(items: Iterable[T], limit: int | None) -> Iterator[T]:
    """The first `limit` items, all for None."""
    return iter(items) if limit is None else islice(items, limit)
