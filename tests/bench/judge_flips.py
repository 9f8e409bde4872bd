"""How often a real judge can be talked round: each injection of the tests behind a wrong answer, and as much neutral padding in its place.

    python -m tests.bench.judge_flips MODEL_DIR [--engine vllm] [--answers 2] [--attempts 100] [--votes 1] [--max-tokens 160] [--reply schema]

A flip is a verdict `correct` for a wrong answer that the same judge calls incorrect when it stands alone. The padding is the measure: what it flips, any change of the text flips. Both shares are of the
answers that have a verdict in both forms, with Wilson's 95 % interval; how many have none is printed beside them. Openers that stand alone are left out, since no judge sees them.

A model too small to keep the form gives no verdict at all, and then nothing is measured: --reply schema has vLLM hold it to the form.
"""

import argparse
import asyncio
import json
import os
import time
from dataclasses import dataclass
from typing import Any

from curate.engines import Engine, EngineSettings, Sampling, open_engine
from curate.filters.judge import CORRECTNESS, Item, Judgement, Settings, judge_rows, read_pairs
from curate.report.funnel import share
from tests.bench.measure import machine
from tests.filters.judge.injections import INJECTIONS, inject

NEUTRAL = "The weather in the valley was mild that spring, and the apple trees were in bloom earlier than usual. People walked along the river in the evening and talked about the market, the new bridge and the harvest. "


@dataclass(frozen=True)
class Arm:
    """The judgements of one kind of addition, and those of the same answers without it."""

    name: str
    after: list[Judgement]
    before: list[Judgement]

    def line(self) -> dict[str, Any]:
        """Counts and shares."""
        both = [(b, a) for b, a in zip(self.before, self.after, strict=True) if b.verdict is not None and a.verdict is not None]
        seen_through = [(b, a) for b, a in both if b.verdict == "incorrect"]
        return {
            "addition": self.name,
            "answers": len(self.after),
            "without a verdict": sum(a.verdict is None for a in self.after),
            "verdicts in both": len(both),
            "incorrect alone": len(seen_through),
            "flipped to correct": share(sum(a.verdict == "correct" for _, a in seen_through), len(seen_through)),
            "changed either way": share(sum(b.verdict != a.verdict for b, a in both), len(both)),
        }


def padding(length: int) -> str:
    """Neutral text of that many characters."""
    return (NEUTRAL * (length // len(NEUTRAL) + 1))[:length]


async def measure(engine: Engine, answers: int, wanted: int, settings: Settings) -> list[Arm]:
    """Judge wrong answers alone, with injections and with padding. `wanted` injections are taken from all over the list."""
    pairs = [p for p in read_pairs(None, [CORRECTNESS.name]) if p.kind != "no result"][:answers]
    attempts = [i for i in INJECTIONS if "{answer}" in i.text]
    attempts = attempts[:: max(1, -(-len(attempts) // wanted))]
    alone = [Item(p.id, p.question, p.reference, p.bad) for p in pairs]
    grid = [(p, i) for p in pairs for i in attempts]
    injected = [Item(f"{p.id}/{i.name}", p.question, p.reference, inject(i, p.bad)) for p, i in grid]
    padded = [Item(f"{p.id}/{i.name}/padding", p.question, p.reference, f"{p.bad}\n\n{padding(len(i.text))}") for p, i in grid]
    before, with_injection, with_padding = [
        [j async for j in judge_rows(engine, items, CORRECTNESS, settings)] for items in (alone, injected, padded)
    ]
    of = {j.item_id: j for j in before}
    same = [of[p.id] for p, _ in grid]
    return [Arm("injection", with_injection, same), Arm("padding", with_padding, same)]


async def main() -> None:
    """Run once and print one JSON line for each kind of addition."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model")
    parser.add_argument("--engine", default="vllm")
    parser.add_argument("--answers", type=int, default=2)
    parser.add_argument("--attempts", type=int, default=len(INJECTIONS))
    parser.add_argument("--votes", type=int, default=1)
    parser.add_argument("--max-tokens", type=int, default=160)
    parser.add_argument("--reply", choices=("free", "prefill", "schema"), default="free")
    given = parser.parse_args()
    sampling = Sampling(temperature=0.0 if given.votes == 1 else 0.6, max_tokens=given.max_tokens)
    settings = Settings(votes=given.votes, sampling=sampling, reply=given.reply, planted_first=0, planted_every=0)
    engine = open_engine(EngineSettings(kind=given.engine, model=given.model))
    began = time.perf_counter()
    try:
        await engine.start()
        arms = await measure(engine, given.answers, given.attempts, settings)
    finally:
        await engine.close()
    for arm in arms:
        reasons = {r: sum(j.reason == r for j in arm.after) for r in sorted({j.reason for j in arm.after if j.reason})}
        print(json.dumps({"machine": machine(), "model": arm.after[0].judge, **arm.line(), "reasons": reasons}))
    print(json.dumps({"seconds": round(time.perf_counter() - began, 1), "load": os.getloadavg()[0]}))


if __name__ == "__main__":
    asyncio.run(main())
