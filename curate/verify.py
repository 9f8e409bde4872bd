"""`curate verify` as a function: verdicts for rows of anyone's files, without generating anything.

The rows come out as they went in, in their order, with what the verifier says of each in more columns. A column that is already there under such a name is kept as NAME_before; where there was a status
(a stored verdict of ours is one), it is compared with the new one, so judging stored samples by another verifier tells what flipped. Being cut off is a finish_reason and no status: such a sample is
judged by what it says. With `audit` the question is another one: does each row's verifier accept the row's own gold?

Memory is bounded by what is under way (verifiers/stream.py); with `consensus` also by the distinct answers to each prompt, since a prompt's samples may lie anywhere in the input.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, nullcontext
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pyarrow as pa

from curate.cases import Asking, Columns, cases_of, check_mapping, prompt_of, references, resolve
from curate.errors import UsageError
from curate.polls import COLUMNS, Poll, Suspicious
from curate.records import Answer, Status, Verdict
from curate.report.progress import duration
from curate.report.status_line import StatusLine
from curate.report.text import number, percent
from curate.rows import Rows, Writer, arrow_fields, check_lines, check_output, files, is_lines, read
from curate.running import run_async
from curate.sources.mapping import NEEDS_GOLD
from curate.sources.table import Line
from curate.verifiers import resolve as resolve_verifier
from curate.verifiers.pool import VerifierPool
from curate.verifiers.stream import Case, in_order

THINK_TAGS = ("<think>", "</think>")
ADDED = ("status", "score", "reason", "extracted", "detail")  # the fields of a Verdict that become columns
TAKEN = frozenset((*ADDED, *COLUMNS))  # names of columns that are ours to write
TYPES: Mapping[str, pa.DataType] = {f.name: f.metadata["type"] for f in fields(Verdict)}
STATUSES: tuple[str, ...] = get_args(Status)
UNJUDGED = ("unparsable_gold", "unverifiable", "verifier_timeout", "verifier_crash")
LISTED = 20  # flips and failed golds that are named; the output has them all
SHOWN = 100  # characters of a gold or a reason in a summary
AUDITED = Verdict("unverifiable", reason="cannot be audited: its gold is not an answer, or there is none")


class Flip(NamedTuple):
    """A sample whose status is another one than before."""

    row: str
    before: str
    after: str


class Failed(NamedTuple):
    """A gold that its own verifier does not accept."""

    row: str
    verifier: str
    gold: str
    status: str
    reason: str


@dataclass(slots=True)
class Verified:
    """What `verify` found. `statuses` count samples, or golds with `audit`; `flips` counts by old and new status, and `flipped` and `failed` name the first of them."""

    output: Path | None
    rows: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)  # of what could not be judged
    compared: int = 0
    flips: Counter[tuple[str, str]] = field(default_factory=Counter)
    flipped: list[Flip] = field(default_factory=list)
    unaudited: int = 0
    n_failed: int = 0
    failed: list[Failed] = field(default_factory=list)
    labelled: int = 0  # prompts without gold that agreement labels
    suspicious: list[Suspicious] = field(default_factory=list)

    @property
    def judged(self) -> int:
        """Samples with a verdict about themselves."""
        return sum(n for status, n in self.statuses.items() if status not in UNJUDGED)


class _Judged(NamedTuple):
    """A row with its verdicts: one, or as many as its completion is a list long, and what was asked."""

    line: Line
    columns: Columns
    cases: list[Case | Verdict]
    verdicts: list[Verdict]
    listed: bool


def verify(
    inputs: str | Path | Sequence[str | Path],
    output: str | Path | None = None,
    *,
    verifier: str | None = None,
    mapping: Mapping[str, str] | None = None,
    think_tags: tuple[str, str] = THINK_TAGS,
    audit: bool = False,
    consensus: bool = False,
    quiet: bool = True,
) -> Verified:
    """Judge the rows of Parquet or JSON lines files, directories of them or dataset directories, and write them with their verdicts to `output`.

    `verifier` judges every row, in place of what a column says. `audit` needs no output. Raises a CurateError with one sentence; nothing is written then, and what was there is as it was.
    """
    names = [str(inputs)] if isinstance(inputs, (str, Path)) else [str(i) for i in inputs]
    if not names:
        raise UsageError("no input is given")
    if audit and consensus:
        raise UsageError("an audit asks nothing of samples: leave out either --audit or --consensus")
    if output is None and not audit:
        raise UsageError("say where the rows are to go, with -o OUT")
    check_mapping(mapping or {})
    if verifier is not None and ":" not in verifier:
        resolve_verifier(verifier)  # a name that is none, before anything is read
    asking = Asking(mapping or {}, verifier, think_tags)
    target = None if output is None else Path(output)
    if target is not None:
        check_output(target, names)
    paths = files(names, parts=("prompts",)) if audit else files(names)
    tables = [t for t in map(read, paths) if t.first is not None]
    if not tables:
        raise UsageError(f"{names[0]} has no rows" if len(names) == 1 else "the inputs have no rows")
    needed = ("gold",) if audit else ("completion", "gold") if verifier in NEEDS_GOLD and not consensus else ("completion",)
    columns = [resolve(asking, t.columns, str(t.path), needed=needed) for t in tables]
    if consensus:
        for table, c in zip(tables, columns, strict=True):
            Poll.check(c, table.columns, str(table.path))
    return run_async(_verify(tables, columns, asking, target, audit=audit, consensus=consensus, quiet=quiet))


async def _verify(
    tables: Sequence[Rows], columns: Sequence[Columns], asking: Asking, output: Path | None, *, audit: bool, consensus: bool, quiet: bool
) -> Verified:
    found = Verified(output)
    poll = Poll() if consensus else None
    async with AsyncExitStack() as stack:
        writer = stack.enter_context(nullcontext() if output is None else _writer(output, tables, columns, audit=audit))
        pool = await stack.enter_async_context(VerifierPool())
        status = StatusLine(sys.stderr, quiet)
        stack.callback(status.close)
        ask = partial(_audited if audit else _judged, pool, asking, poll is not None)

        def rows() -> Iterator[tuple[Callable[[], Awaitable[_Judged]], int]]:
            for table, of in zip(tables, columns, strict=True):
                for row in table:
                    yield partial(ask, row, of), row.size

        counts = [t.count for t in tables if t.count is not None]
        total = sum(counts) if len(counts) == len(tables) else None
        results = await stack.enter_async_context(aclosing(in_order(rows())))
        async for judged in results:
            _count(found, judged, asking, audit=audit)
            if poll is not None:
                poll.take(judged.line.row, judged.columns, judged.cases, judged.verdicts, _name(judged))
            if writer is not None:
                writer.add(_row(judged), judged.line.size)
            status.offer(partial(_line, found, total, status.started))
        if poll is not None:
            assert writer is not None
            found.labelled, found.suspicious = await poll.close(writer, pool)
        if writer is not None:
            writer.commit()
    return found


def _line(found: Verified, total: int | None, started: float, now: float) -> str:
    """How it is getting on."""
    rate = found.rows / (now - started) if now > started else None
    left = duration((total - found.rows) / rate) if total is not None and rate else "-"
    rows = f"rows {number(found.rows)}" + ("" if total is None else f"/{number(total)}")
    return f"{rows}  correct {percent(found.statuses['correct'] / max(1, found.statuses.total()))}  {number(rate)} rows/s  ETA {left}"


async def _judged(pool: VerifierPool, asking: Asking, consensus: bool, line: Line, columns: Columns) -> _Judged:
    cases = cases_of(line.row, line.place, columns, asking)
    if consensus:
        cases = [Poll.asked(c) if isinstance(c, Case) else c for c in cases]
    listed = isinstance(columns.value(line.row, "completion"), list)
    if len(cases) == 1:
        return _Judged(line, columns, cases, [await _verdict(pool, cases[0])], listed)
    return _Judged(line, columns, cases, list(await asyncio.gather(*(_verdict(pool, c) for c in cases))), listed)


async def _verdict(pool: VerifierPool, case: Case | Verdict) -> Verdict:
    return case if isinstance(case, Verdict) else await pool.verify(*case)


async def _audited(pool: VerifierPool, asking: Asking, consensus: bool, line: Line, columns: Columns) -> _Judged:
    """The verdict on a row's own gold: that on the first form of it that is accepted, else on the likeliest. A gold that is no answer must at least be one that its verifier can read."""
    prompt = prompt_of(line.row, line.place, columns, asking)
    first = AUDITED
    try:
        texts = [] if prompt.verifier is None else references(prompt)
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:  # of a gold that is damaged
        return _Judged(
            line,
            columns,
            [],
            [Verdict("unparsable_gold", reason=f"the gold cannot be read: {type(error).__name__}: {error}"[:SHOWN])],
            False,
        )
    if not texts and prompt.verifier is not None and (prompt.gold or "").strip():
        verdict = await pool.verify(prompt.verifier, Answer("", None, "", "stop"), prompt)
        return _Judged(line, columns, [], [verdict if verdict.status == "unparsable_gold" else first], False)
    for i, text in enumerate(texts):
        assert prompt.verifier is not None
        verdict = await pool.verify(prompt.verifier, Answer(text, None, text, "stop"), prompt)
        if verdict.status == "correct":
            return _Judged(line, columns, [], [verdict], False)
        first = verdict if i == 0 else first
    return _Judged(line, columns, [], [first], False)


def _name(judged: _Judged) -> str:
    """What a row is called in a sentence: its id, else its place."""
    value = judged.columns.value(judged.line.row, "id")
    return judged.line.place if value is None else str(value)


def _before(row: Mapping[str, Any]) -> Any:
    """The status that a row already has; None for none."""
    verdict = row.get("verdict")
    return row["status"] if "status" in row else verdict.get("status") if isinstance(verdict, Mapping) else None


def _count(found: Verified, judged: _Judged, asking: Asking, *, audit: bool) -> None:
    found.rows += 1
    name = _name(judged)
    if audit:
        [verdict] = judged.verdicts
        if verdict is AUDITED:
            found.unaudited += 1
            return
        found.statuses[verdict.status] += 1
        if verdict.status != "correct":
            found.n_failed += 1
            if len(found.failed) < LISTED:
                prompt = prompt_of(judged.line.row, judged.line.place, judged.columns, asking)
                found.failed.append(Failed(name, prompt.verifier or "", prompt.gold or "", verdict.status, verdict.reason))
        return
    old = _before(judged.line.row)
    olds = old if isinstance(old, list) else [old] * len(judged.verdicts)
    for i, verdict in enumerate(judged.verdicts):
        found.statuses[verdict.status] += 1
        if verdict.status in UNJUDGED and (len(found.reasons) < 1000 or (verdict.status, verdict.reason) in found.reasons):
            found.reasons[verdict.status, verdict.reason] += 1
        before = olds[i] if i < len(olds) else None
        if before in STATUSES:
            found.compared += 1
            if before != verdict.status:
                found.flips[before, verdict.status] += 1
                if len(found.flipped) < LISTED:
                    found.flipped.append(Flip(f"{name}, sample {i + 1}" if judged.listed else name, before, verdict.status))


def _row(judged: _Judged) -> dict[str, Any]:
    """The row as it is written."""
    row = judged.line.row
    older = {f"{name}_before" for name in TAKEN & row.keys()}
    found = {(f"{name}_before" if name in TAKEN else name): value for name, value in row.items() if name not in older}
    if "status" not in row and (before := _before(row)) is not None:
        found["status_before"] = before
    for name in ADDED:
        values = [getattr(v, name) for v in judged.verdicts]
        found[name] = values if judged.listed else values[0]
    return found


def _writer(output: Path, tables: Sequence[Rows], columns: Sequence[Columns], *, audit: bool) -> Writer:
    if is_lines(output):
        check_lines(tables)
        return Writer(output, None)
    known = arrow_fields(tables)
    lists = {isinstance(c.value(t.first or {}, "completion"), list) and not audit for t, c in zip(tables, columns, strict=True)}
    if len(lists) > 1:
        raise UsageError("one input has a list of samples in each row and another has one sample: verify them one after the other")
    named = {f.name: f for f in known}
    schema: dict[str, pa.Field] = {}
    older = {f"{name}_before" for name in TAKEN & named.keys()}
    for f in (f for f in known if f.name not in older):
        name = f"{f.name}_before" if f.name in TAKEN else f.name
        schema[name] = pa.field(name, f.type, metadata=f.metadata)
    if "status" not in named and "verdict" in named and pa.types.is_struct(named["verdict"].type):
        schema["status_before"] = pa.field("status_before", pa.string())
    for name in ADDED:
        schema[name] = pa.field(name, pa.list_(TYPES[name]) if True in lists else TYPES[name])
    texts = (
        frozenset(n for n, f in schema.items() if f.type == pa.string() and n not in TAKEN) if not tables[0].tabular else frozenset[str]()
    )
    return Writer(output, pa.schema(list(schema.values())), texts)


def verify_one(verifier: str, gold: str | None, completion: str, *, prompt: str = "", think_tags: tuple[str, str] = THINK_TAGS) -> Verdict:
    """The verdict on one completion. Raises UsageError where there is no such verifier."""
    row = {"completion": completion, "gold": gold, "prompt": prompt, "verifier": verifier}
    asking = Asking({}, verifier, think_tags)
    [case] = cases_of(row, "the completion", resolve(asking, list(row), "the command", needed=("completion",)), asking)

    async def ask() -> Verdict:
        async with VerifierPool(1) as pool:
            return await _verdict(pool, case)

    return run_async(ask())
