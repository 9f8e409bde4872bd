"""Programs judged through the pool: in several processes at once, in any order, with nothing left behind."""

import asyncio
import contextlib
import json
import os
import random
import signal
import time
from pathlib import Path

from curate.records import Answer, Verdict, make_prompt
from curate.verifiers.pool import Limits, VerifierPool
from tests.sandbox.matrix import processes

GOLD = json.dumps({"entry_point": "add", "tests": ["assert add(1, 2) == 3", "assert add(2, 2) == 4"], "time_limit": 0.5})
PROMPT = make_prompt("q", verifier="code", gold=GOLD)
PROGRAMS = {
    "def add(a, b):\n    return a + b": "correct",
    "def add(a, b):\n    return 3": "wrong",
    "def add(a, b):\n    while True: pass": "wrong",
    "import os\ndef add(a, b):\n    os._exit(0)": "wrong",
}


def ask(source: str) -> Answer:
    text = f"```python\n{source}\n```"
    return Answer(text, None, text, "stop")


def test_many_programs_at_once_and_nothing_stays() -> None:
    order = [source for source in PROGRAMS for _ in range(8)]
    random.Random(0).shuffle(order)

    async def go() -> tuple[list[Verdict], int]:
        async with VerifierPool(2) as pool:
            verdicts = await asyncio.gather(*(pool.verify("code", ask(s), PROMPT) for s in order))
            return verdicts, pool.statistics.retried

    before = processes()
    verdicts, retried = asyncio.run(go())
    assert [v.status for v in verdicts] == [PROGRAMS[s] for s in order]
    assert len({(s, v) for s, v in zip(order, verdicts, strict=True)}) == len(PROGRAMS)  # the same verdict every time
    assert retried == 0
    for _ in range(500):
        if processes() <= before:
            return
        time.sleep(0.01)
    raise AssertionError(f"left over: {processes() - before}")


def test_a_program_that_sleeps_longer_than_the_pools_patience_gets_its_verdict() -> None:
    gold = json.dumps({"entry_point": "add", "tests": ["assert add(1, 2) == 3"], "time_limit": 4})

    async def go() -> tuple[Verdict, int]:
        async with VerifierPool(1, Limits(wall_seconds=2)) as pool:
            verdict = await pool.verify(
                "code", ask("import time\ndef add(a, b):\n    time.sleep(99)"), make_prompt("q", verifier="code", gold=gold)
            )
            return verdict, pool.statistics.retried

    verdict, retried = asyncio.run(go())
    assert (verdict.status, retried) == ("wrong", 0)
    assert json.loads(verdict.detail or "")["failed"]["kind"] == "idle"


def _killed() -> int:
    """Kill a sandbox; how many there were to kill. One that ends by itself in between is none."""
    for pid in processes():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if b"inside.server" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
                return 1
    return 0


def test_sandboxes_that_are_killed_cost_no_verdict() -> None:
    # Fifty at a time until three were killed while some of them were at work, however fast the machine is.
    async def go() -> tuple[list[Verdict], int]:
        async with VerifierPool(1) as pool:
            verdicts: list[Verdict] = []
            killed = 0
            while killed < 3 and len(verdicts) < 5000:
                asked = [asyncio.create_task(pool.verify("code", ask(next(iter(PROGRAMS))), PROMPT)) for _ in range(50)]
                await asked[5]
                killed += _killed()
                verdicts += await asyncio.gather(*asked)
            return verdicts, killed

    verdicts, killed = asyncio.run(go())
    assert killed >= 3
    assert {v.status for v in verdicts} == {"correct"}
