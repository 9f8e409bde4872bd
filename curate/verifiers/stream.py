"""Verdicts for a stream of cases: in the order of the cases, with a bounded number of them under way.

The source is read only as fast as verdicts come back, so neither a long file nor a slow verifier fills memory: at most IN_FLIGHT cases or IN_FLIGHT_BYTES of text are held, whichever comes first. A case
that takes long holds up the results behind it and not the work on them, up to that bound. That a case is lost to the crash of a process cannot happen here: the pool answers every one.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing
from typing import NamedTuple, TypeVar

from curate.records import Answer, Prompt, Verdict
from curate.verifiers.pool import VerifierPool

T = TypeVar("T")

IN_FLIGHT = 2048
IN_FLIGHT_BYTES = 64 << 20
BATCH = 32  # cases that are asked about at once
BATCH_BYTES = 1 << 20


class Case(NamedTuple):
    """One question to a verifier."""

    verifier: str
    answer: Answer
    prompt: Prompt


async def in_order(runs: Iterable[tuple[Callable[[], Awaitable[T]], int]], in_flight: int = IN_FLIGHT) -> AsyncGenerator[T, None]:
    """The results of `runs`, pairs of what is to be awaited and about how many bytes it holds, in their order. The first one that raises ends it: the others are cancelled. Close it if you leave early."""
    source = iter(runs)
    waiting: deque[tuple[asyncio.Future[T], int]] = deque()
    held = 0
    more = True
    try:
        while True:
            while more and len(waiting) < in_flight and held < IN_FLIGHT_BYTES:
                found = next(source, None)
                if found is None:
                    more = False
                    break
                run, size = found
                waiting.append((asyncio.ensure_future(run()), size))
                held += size
            if not waiting:
                return
            result = await waiting[0][0]
            held -= waiting.popleft()[1]
            yield result
    finally:
        for future, _ in waiting:
            future.cancel()
        await asyncio.gather(*(future for future, _ in waiting), return_exceptions=True)


async def verdicts(pool: VerifierPool, cases: Iterable[Case], in_flight: int = IN_FLIGHT) -> AsyncGenerator[Verdict, None]:
    """The verdicts of `cases`, in their order. Raises what the pool raises: UsageError for a verifier that there is not."""
    size = max(1, min(BATCH, in_flight // 8))
    runs = ((lambda batch=batch: pool.verify_all(batch), sum(len(case.answer.text) for case in batch)) for batch in _batches(cases, size))
    async with aclosing(in_order(runs, in_flight // size)) as found:
        async for batch in found:
            for verdict in batch:
                yield verdict


def _batches(cases: Iterable[Case], most: int) -> Iterator[list[Case]]:
    """Lists of up to `most` cases or BATCH_BYTES of text."""
    batch: list[Case] = []
    size = 0
    for case in cases:
        batch.append(case)
        size += len(case.answer.text)
        if len(batch) == most or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
