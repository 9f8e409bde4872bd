"""Verdicts for a stream: in order, with a bounded number under way, whatever happens to the processes."""

import asyncio
import os
import signal
from contextlib import aclosing
from pathlib import Path

import pytest

from curate.errors import UsageError
from curate.records import Answer, make_prompt
from curate.verifiers.pool import Limits, VerifierPool
from curate.verifiers.stream import Case, in_order, verdicts

TOY = f"{Path(__file__).with_name('toy_verifiers.py')}:verify"
PROMPT = make_prompt("q", verifier=TOY, gold="42")


def case(text, name=TOY):
    return Case(name, Answer(text, None, text, "stop"), PROMPT)


def workers():
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status, command = (entry / "stat").read_text(), (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if status.rpartition(")")[2].split()[1] == str(os.getpid()) and b"curate.verifiers.worker" in command:
                found.append(int(entry.name))
    return found


def test_the_order_is_kept_and_the_source_is_read_as_verdicts_come_back():
    read = 0

    def cases():
        nonlocal read
        for i in range(500):
            read += 1
            yield case(f"echo {i}" if i % 50 else "sleep 0.05")

    async def go():
        found, ahead = [], 0
        async with VerifierPool(2) as pool, aclosing(verdicts(pool, cases(), in_flight=20)) as stream:
            async for verdict in stream:
                found.append(verdict.extracted)
                ahead = max(ahead, read - len(found))
        return found, ahead

    found, ahead = asyncio.run(go())
    assert found == [f"echo {i}" if i % 50 else None for i in range(500)]
    assert ahead <= 20


def test_a_killed_worker_in_the_middle_loses_nothing():
    async def go():
        killed, found = 0, []
        async with (
            VerifierPool(2, Limits()) as pool,
            aclosing(verdicts(pool, (case(f"echo {i}") for i in range(3000)), in_flight=200)) as stream,
        ):
            async for verdict in stream:
                found.append(verdict.extracted)
                if len(found) % 700 == 0:
                    for pid in workers()[:1]:
                        os.kill(pid, signal.SIGKILL)
                        killed += 1
        return killed, found

    killed, found = asyncio.run(go())
    assert killed >= 3
    assert found == [f"echo {i}" for i in range(3000)]
    assert workers() == []


def test_a_verifier_that_there_is_not_ends_the_stream():
    async def go():
        async with VerifierPool(1) as pool, aclosing(verdicts(pool, [case("42"), case("42", "nope"), case("42")])) as stream:
            return [v async for v in stream]

    with pytest.raises(UsageError, match="nope"):
        asyncio.run(go())


def test_leaving_early_cancels_what_is_under_way():
    cancelled = []

    async def never(i):
        try:
            await asyncio.sleep(0 if i == 0 else 1000)
        except asyncio.CancelledError:
            cancelled.append(i)
            raise
        return i

    async def go():
        async with aclosing(in_order(((lambda i=i: never(i)), 0) for i in range(5))) as stream:
            return await anext(stream)

    assert asyncio.run(go()) == 0
    assert cancelled == [1, 2, 3, 4]


def test_large_cases_are_bounded_by_their_bytes():
    held = peak = 0

    async def run():
        await asyncio.sleep(0)

    def runs():
        nonlocal held, peak
        for _ in range(50):
            held += 1
            peak = max(peak, held)
            yield run, 20 << 20

    async def go():
        nonlocal held
        async with aclosing(in_order(runs())) as stream:
            async for _ in stream:
                held -= 1

    asyncio.run(go())
    assert peak <= 5
