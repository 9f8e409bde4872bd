"""The rows of a unit as tables of samples, whatever they were. Nothing stops at a row: one that is damaged comes out with what of it can be read and a reason, and a file that ends too early gives the rows
before the fault.

Reasons: `damaged_utf8` (replaced by U+FFFD), `damaged_null` (a column that must have a value has none), `damaged_size` (more than LARGEST_ROW bytes: only the first characters are kept), `damaged_row` (no JSON,
no object, a value of the wrong type) and `no_sample` (a row without a question or an answer).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curate.errors import SourceError
from curate.filtering.foreign import Columns, Reading, resolve, row_of, samples_of
from curate.filtering.units import Unit
from curate.records import SAMPLES, Message, Sample, Verdict, canonical_json, digest, make_prompt, sample_row
from curate.sources import jsonl, parquet
from curate.sources.files import peeked
from curate.sources.mapping import Skip, plain
from curate.sources.table import Line, batches

BATCH_ROWS = 512
LARGEST_ROW = 100 << 20
SHOWN = 10_000  # characters of a damaged row that are kept
FAULTS_NAMED = 20
_SURROGATE = re.compile("[\ud800-\udfff]")
_REQUIRED = [f.name for f in SAMPLES if not f.nullable]
EMPTY: Mapping[str, Any] = {  # what stands where a value must and there is none
    f.name: [] if pa.types.is_list(f.type) else 0 if pa.types.is_integer(f.type) else 0.0 if pa.types.is_floating(f.type) else ""
    for f in SAMPLES
} | {
    "verdict": {
        **{f.name: None for f in SAMPLES.field("verdict").type},
        "status": "unverifiable",
        "reason": "",
        "verifier": "",
        "verifier_version": "",
    }
}


@dataclass(slots=True)
class Part:
    """Some rows: a table of SAMPLES, and for each row why it is damaged, None for a sound one, and what an engine measured of it."""

    table: pa.Table
    damage: list[str | None]
    perplexity: list[float | None] | None = None


@dataclass(slots=True)
class Faults:
    """What could not be read: places with sentences, the first FAULTS_NAMED of them, how many there are by reason, and whether the file could not be read to its end."""

    named: list[str] = field(default_factory=list)
    cut: bool = False

    def tell(self, sentence: str) -> None:
        """A fault, for the summary."""
        if len(self.named) < FAULTS_NAMED:
            self.named.append(sentence)


def parts(unit: Unit, reading: Reading, faults: Faults) -> Iterator[Part]:
    """The unit's rows, at most BATCH_ROWS or 32 MB of them at a time. UsageError where the columns of a stranger's file are not those that were mapped."""
    if unit.fault is not None:
        faults.tell(f"{unit.path}: {unit.fault}")
        faults.cut = True
        return
    try:
        yield from _ours(unit, faults) if unit.ours else _theirs(unit, reading, faults)
    except (SourceError, pa.ArrowException, OSError) as error:
        faults.tell(f"{unit.path}: cannot be read further: {str(error).splitlines()[0]}")
        faults.cut = True


def _ours(unit: Unit, faults: Faults) -> Iterator[Part]:
    path = Path(unit.path)
    stop = unit.stop
    with parquet.bounded(path) as file:
        wrong = _other_schema(file.schema_arrow)
        if wrong:
            raise SourceError(f"{wrong}, so it is no table of samples of this release")
        row = 0
        groups = []
        for g in range(file.metadata.num_row_groups):
            rows = file.metadata.row_group(g).num_rows
            if row + rows > unit.start and (stop is None or row < stop):
                groups.append(g)
            row += rows
        row = sum(file.metadata.row_group(g).num_rows for g in range(groups[0])) if groups else 0
        for batch in parquet.record_batches(file, SAMPLES.names, BATCH_ROWS, groups):
            first, last = max(0, unit.start - row), batch.num_rows if stop is None else min(batch.num_rows, stop - row)
            if first < last:
                yield from _sound(batch.slice(first, last - first), unit, row + first, faults)
            row += batch.num_rows


def _other_schema(found: pa.Schema) -> str | None:
    for wanted in SAMPLES:
        if wanted.name not in found.names:
            return f"it lacks the column {wanted.name}"
        kind = found.field(wanted.name).type
        plain_kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if plain_kind != wanted.type and not pa.types.is_nested(plain_kind):
            return f"its column {wanted.name} is {plain_kind} and not {wanted.type}"
    return None


def _sound(batch: pa.RecordBatch, unit: Unit, row: int, faults: Faults) -> Iterator[Part]:
    """A batch of ours, whole at once where it is small and sound, else row by row."""
    if parquet.spelled_out(batch) <= parquet.AT_ONCE:
        try:
            table = pa.Table.from_batches([batch]).cast(_loose(SAMPLES))
            table.validate(full=True)
            if not any(table[name].null_count for name in _REQUIRED):
                yield Part(table.cast(SAMPLES), [None] * table.num_rows)
                return
        except pa.ArrowException:
            pass  # said below, row by row
    for i in range(batch.num_rows):
        yield _one(batch.slice(i, 1), unit.content, f"{unit.path}, row {row + i + 1}", faults)


def _loose(schema: pa.Schema) -> pa.Schema:
    return pa.schema([f.with_nullable(True) for f in schema])


def _one(batch: pa.RecordBatch, content: str, place: str, faults: Faults) -> Part:
    if parquet.spelled_out(batch) > LARGEST_ROW:
        faults.tell(f"{place}: one row takes more than {LARGEST_ROW >> 20} MB")
        return _damaged("damaged_size", content, place, _head(batch))
    values: dict[str, Any] = {}
    reason: str | None = None
    for name in SAMPLES.names:
        try:
            values[name] = batch.column(name)[0].as_py()
        except (UnicodeDecodeError, pa.ArrowException):
            values[name] = _replaced(batch.column(name))
            reason = "damaged_utf8"
        if values[name] is None and name in _REQUIRED:
            values[name] = EMPTY[name]
            reason = reason or "damaged_null"
    if reason is not None:
        faults.tell(f"{place}: {'text that is not UTF-8' if reason == 'damaged_utf8' else 'no value where there must be one'}")
    try:
        return Part(pa.Table.from_pylist([values], schema=SAMPLES), [reason])
    except (pa.ArrowException, UnicodeEncodeError, TypeError) as error:
        faults.tell(f"{place}: {str(error).splitlines()[0]}")
        return _damaged("damaged_row", content, place, str(values.get("completion", "")))


def _replaced(column: pa.Array) -> Any:
    """A text that is not UTF-8, with replacement characters; anything nested that holds such a text is given up."""
    plain_column = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    if not pa.types.is_string(plain_column.type):
        return None
    return plain_column.cast(pa.binary())[0].as_py().decode("utf-8", "replace")


def _head(batch: pa.RecordBatch) -> str:
    column = batch.column("completion")
    text = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    piece = pc.binary_slice(text.cast(pa.binary()), 0, SHOWN)[0].as_py() or b""
    return str(piece.decode("utf-8", "replace"))


def _damaged(reason: str, content: str, place: str, text: str) -> Part:
    """A row in place of one that cannot be had, with the beginning of its text."""
    shown = _SURROGATE.sub("\ufffd", text[:SHOWN])
    prompt = make_prompt((Message("user", ""),), source=f"{Path(place.rpartition(', ')[0]).name}, {row_of(place)}")
    sample = Sample(
        prompt=prompt,
        id=f"damaged-{digest([content, row_of(place)], 24)}",
        prompt_id=prompt.id,
        sample_index=0,
        completion=shown,
        reasoning=None,
        response="",
        chain="none",
        finish_reason="unknown",
        prompt_tokens=0,
        completion_tokens=0,
        seed=None,
        engine="",
        model="",
        model_revision=None,
        template="",
        sampling="{}",
        verdict=Verdict("unverifiable", reason="the row is damaged"),
    )
    return Part(pa.Table.from_pylist([sample_row(sample)], schema=SAMPLES), [reason])


def _theirs(unit: Unit, reading: Reading, faults: Faults) -> Iterator[Part]:
    path = Path(unit.path)
    if path.name.endswith(".parquet"):
        names = parquet.columns(path)
        stop = parquet.count(path) if unit.stop is None else unit.stop
        lines: Iterable[Line] = parquet.rows(path, names, range(unit.start, stop))
    elif path.name.endswith(".jsonl"):
        names, lines = peeked(_lines(path, unit.start, unit.stop, faults))
    else:
        names, lines = peeked(jsonl.rows(path))
    if not names:
        return
    columns = resolve(reading, names, str(path), source=path.name, revision=f"sha256:{unit.content}")
    for batch in batches(lines, lambda line: line.size):
        yield from _mapped(batch, unit.content, columns, reading, faults)


def _mapped(batch: list[Line], content: str, columns: Columns, reading: Reading, faults: Faults) -> Iterator[Part]:
    rows: list[dict[str, Any]] = []
    bad: list[Part] = []
    for line in batch:
        if DAMAGED in line.row:
            bad.append(_damaged(line.row["reason"], content, line.place, line.row[DAMAGED]))
            continue
        try:
            rows += samples_of(line.row, line.place, columns, reading)
        except Skip as skip:
            faults.tell(f"{line.place}: {skip}")
            bad.append(_damaged("no_sample", content, line.place, canonical_json(plain(line.row))))
        except SourceError as error:
            faults.tell(str(error))
            bad.append(_damaged("damaged_row", content, line.place, canonical_json(plain(line.row))))
    if rows:
        try:
            yield Part(pa.Table.from_pylist(rows, schema=SAMPLES), [None] * len(rows))
        except UnicodeEncodeError:
            yield Part(
                pa.Table.from_pylist([_scrubbed(r) for r in rows], schema=SAMPLES), [None if _clean(r) else "damaged_utf8" for r in rows]
            )
    yield from bad


def _clean(row: Mapping[str, Any]) -> bool:
    return not _SURROGATE.search(json.dumps(row, ensure_ascii=False))


def _scrubbed(value: Any) -> Any:
    """`value` with halves of surrogate pairs replaced."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {k: _scrubbed(v) for k, v in value.items()}
    return [_scrubbed(v) for v in value] if isinstance(value, list) else value


DAMAGED = "\x00damaged"  # a key that no column has: what could be read of a line that is no row


def _lines(path: Path, start: int, stop: int | None, faults: Faults) -> Iterator[Line]:
    """Lines between two bytes of a file. One that is no JSON object comes as a row with the key DAMAGED."""

    def damaged(place: str, reason: str, why: str, raw: bytes) -> Line:
        faults.tell(f"{place}: {why}")
        return Line(place, {DAMAGED: raw[:SHOWN].decode("utf-8", "replace"), "reason": reason}, len(raw))

    with path.open("rb") as file:
        file.seek(start)
        at = start
        while (stop is None or at < stop) and (raw := file.readline(LARGEST_ROW + 1)):
            place = f"{path}, byte {at + 1}"
            at += len(raw)
            if len(raw) > LARGEST_ROW:
                while not raw.endswith(b"\n") and (more := file.readline(1 << 24)):
                    at += len(more)
                    if more.endswith(b"\n"):
                        break
                yield damaged(place, "damaged_size", f"one row takes more than {LARGEST_ROW >> 20} MB", raw)
                continue
            if not raw.strip():
                continue
            try:
                value = jsonl.decoded(raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
            except UnicodeDecodeError:
                yield damaged(place, "damaged_utf8", "not valid UTF-8", raw)
            except (ValueError, RecursionError) as error:
                yield damaged(place, "damaged_row", f"not readable JSON ({str(error)[:100]})", raw)
            else:
                if isinstance(value, dict):
                    yield Line(place, value, len(raw))
                else:
                    yield damaged(place, "damaged_row", "a row must be a JSON object, with columns by name", raw)
