"""Many verdicts in a row: whether a burst times out, and whether memory and descriptors stay flat.

A burst asks 10,000 verdicts at once. The long run streams `--count` of them through one pool, in order and with back-pressure, and prints what the parent and its workers hold at the start (after the
first thousandth part, when all is loaded) and at the end. Cases are mathematics and choice as models write them, with chains; one in a thousand is given a broken gold.

    python -m tests.bench.verdicts --count 1000000
"""

import argparse
import asyncio
import json
import os
import time
from collections import Counter
from contextlib import aclosing

from curate.records import Answer, make_prompt
from curate.verifiers.pool import VerifierPool
from curate.verifiers.stream import Case, verdicts
from tests.bench.measure import children, machine, memory

BURST = 10_000


def case(number: int) -> Case:
    """The case of that number: the same on every run."""
    chain = f"<think>Let me add step by step. {'Then one more. ' * (number % 40)}</think>"
    if number % 3 == 0:
        gold, right = "B", number % 2 == 0
        response = f"The answer is ({'B' if right else 'C'})."
        return Case("choice", Answer(chain + response, chain, response, "stop"), make_prompt(f"q{number}", verifier="choice", gold=gold))
    value = number % 9973
    gold = "\\frac{" if number % 1000 == 1 else f"\\frac{{{value}}}{{7}}" if number % 3 == 1 else str(value)
    given = f"{value}/7" if number % 3 == 1 else str(value + number % 2)
    response = f"So we get \\boxed{{{given}}}."
    return Case("math", Answer(chain + response, chain, response, "stop"), make_prompt(f"q{number}", verifier="math", gold=gold))


def held(count: int, started: float) -> dict[str, object]:
    """What this process and those below it hold."""
    pids = children(os.getpid())
    descriptors = {pid: len(os.listdir(f"/proc/{pid}/fd")) for pid in pids}
    return {
        "verdicts": count,
        "seconds": round(time.monotonic() - started, 1),
        "processes": len(pids),
        "parent MiB": round(memory(pids[:1]) / 2**20, 1),
        "workers MiB": round(memory(pids[1:]) / 2**20, 1),
        "parent descriptors": descriptors[pids[0]],
        "workers' descriptors": sorted(n for pid, n in descriptors.items() if pid != pids[0]),
    }


async def burst() -> dict[str, object]:
    """All at once."""
    started = time.monotonic()
    async with VerifierPool() as pool:
        found = await asyncio.gather(*(pool.verify(*case(i)) for i in range(BURST)))
        statistics = pool.statistics
    statuses = Counter(v.status for v in found)
    return {
        "burst": BURST,
        "seconds": round(time.monotonic() - started, 1),
        "timeouts": statistics.timeouts,
        "retried": statistics.retried,
        **statuses,
    }


async def row(count: int) -> dict[str, object]:
    """One after another; prints what is held on the way."""
    statuses: Counter[str] = Counter()
    started = time.monotonic()
    marks = {max(1, count // 1000), *(count * i // 10 for i in range(1, 11))}
    async with VerifierPool() as pool, aclosing(verdicts(pool, (case(i) for i in range(count)))) as stream:
        done = 0
        async for verdict in stream:
            statuses[verdict.status] += 1
            done += 1
            if done in marks:
                print(json.dumps(held(done, started)), flush=True)
        found = pool.statistics
    return {"retried": found.retried, "timeouts": found.timeouts, "started": found.started, **statuses}


def main() -> None:
    """Print JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=1_000_000)
    given = parser.parse_args()
    print(json.dumps({"machine": machine()}))
    print(json.dumps(asyncio.run(burst())), flush=True)
    print(json.dumps(asyncio.run(row(given.count))))


if __name__ == "__main__":
    main()
