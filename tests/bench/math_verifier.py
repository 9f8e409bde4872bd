r"""The math verifier beside math-verify: agreement on math-verify's own published tables, and time in process and through the pool.

    python -m tests.bench.math_verifier                        # speed; prints one JSON line for each comparison
    python -m tests.bench.math_verifier --completions DIR      # the same on the rows of a dataset directory of ours (kept/ and rejects/)
    python -m tests.bench.math_verifier --published SDIST      # agreement: SDIST is math-verify's unpacked source distribution, `pip download --no-binary :all: --no-deps math-verify`

Two sets are timed. "completions" are whole outputs of 50-100 tokens in the manner of a small model asked for <think>..</think> <answer>..</answer>, some with boxes, half of them wrong; math-verify gets the same whole text, parsed
by its default configuration, and a gold that was parsed once. In process CPU time is compared, through the pool wall-clock time. "competition" are pairs of the test table that hold LaTeX: roots, intervals, tuples, sets, expressions. Through the pool, both sides have two processes.

Agreement is printed by file; a pair where math-verify's own expectation and our verdict differ must be in DIFFERENCES with a reason, or the exit status is 1. Its tables are read with `ast`, nothing of them is imported or kept here.
"""

import argparse
import ast
import asyncio
import gc
import hashlib
import json
import logging
import math
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from curate.records import Answer, Prompt, make_prompt
from curate.thinking import split
from curate.verifiers import math as ours
from curate.verifiers.pool import VerifierPool
from tests.bench.measure import machine

PAIRS = Path(__file__).parents[1] / "verifiers" / "math_pairs.jsonl"
WORKERS = 2
COMPLETIONS = 20_000
ROUNDS = 3
TAGS = ("<think>", "</think>")
LAST_LINE = '{"answer_line": true}'  # its tables hold bare answers
# by the first eight digits of the sha256 of "gold\npred": why we differ on purpose
DIFFERENCES = {
    "98a4fdf3": "a decimal comma in the middle of prose that announces no answer: nothing is guessed from it",
    "6fd822a0": "prose that names two numbers, the first to deny it: a denial is not an answer",
    "3a6c4cfb": "prose that names two numbers and announces neither",
    "4f2ae6e6": "a sentence that begins with a denial",
    "0c902a44": "line breaks inside a formula do not change what it says",
    "4d25b8a4": "line breaks inside a formula do not change what it says",
    "6fe874f5": "a fraction as gold is exact: a rounded decimal is another number",
    "08667aa7": "a fraction as gold is exact, inside a vector too",
    "808b2731": "a fraction as gold is exact, as a bound too",
    "098181cc": "an interval and the inequality that describes it are the same set, whichever is the gold",
    "876219ce": "an option of theirs that takes all names for the same is on: f(x) is not f(y)",
    "7c642f63": "their table expects 1 + 1/e to be 1 - 1/e",
}


class Pair(NamedTuple):
    """One row of a published table."""

    file: str
    gold: str
    pred: str
    expected: bool

    def key(self) -> str:
        return hashlib.sha256(f"{self.gold}\n{self.pred}".encode()).hexdigest()[:8]


def published(sdist: Path) -> Iterator[Pair]:
    """The rows of all parametrised tables with a gold and a prediction."""
    for path in sorted(sdist.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "parametrize":
                names = [n.strip() for n in str(ast.literal_eval(node.args[0])).split(",")]
                if "gold" not in names or "pred" not in names or not isinstance(node.args[1], ast.List):
                    continue
                for row in node.args[1].elts:
                    values = dict(zip(names, [_literal(e) for e in getattr(row, "elts", [])], strict=False))
                    yield Pair(path.name, values["gold"], values["pred"], bool(values.get("expected", values.get("result"))))


def _literal(node: ast.expr) -> Any:
    """The value of a table's entry; an f-string is one with the square root of 17 in it."""
    if isinstance(node, ast.JoinedStr):
        parts = [
            v.value if isinstance(v, ast.Constant) else f"{math.sqrt(17):.15f}"
            for v in node.values
            if isinstance(v, ast.Constant | ast.FormattedValue)
        ]
        return "".join(str(p) for p in parts)
    return ast.literal_eval(node)


def agreement(sdist: Path) -> int:
    """Print one line a file and one for each pair that differs; the number of those without a reason."""
    counts: dict[str, list[int]] = {}
    unexplained = 0
    for pair in published(sdist):
        verdict = ours.verify(Answer(pair.pred, None, pair.pred, "stop"), make_prompt("q", verifier="math", gold=pair.gold, meta=LAST_LINE))
        agreed = (verdict.status == "correct") == pair.expected
        count = counts.setdefault(pair.file, [0, 0])
        count[0] += 1
        count[1] += agreed
        if not agreed:
            reason = DIFFERENCES.get(pair.key(), "")
            unexplained += not reason
            print(
                json.dumps(
                    {
                        "pair": pair.key(),
                        "gold": pair.gold[-80:],
                        "pred": pair.pred[-80:],
                        "expected": pair.expected,
                        "ours": verdict.status,
                        "reason": reason,
                    }
                )
            )
    for file, (rows, agreed_rows) in counts.items():
        print(json.dumps({"file": file, "pairs": rows, "agree": agreed_rows}))
    print(
        json.dumps(
            {"pairs": sum(c[0] for c in counts.values()), "agree": sum(c[1] for c in counts.values()), "without a reason": unexplained}
        )
    )
    return unexplained


def made(count: int) -> list[tuple[str, str]]:
    """Golds and whole completions as a small model writes them."""
    draw = random.Random(17)
    found = []
    for _ in range(count):
        a, b = draw.randint(2, 400), draw.randint(2, 400)
        gold = a + b
        said = gold if draw.random() < 0.5 else gold + draw.choice((-10, -1, 1, 10))
        chain = f"I need to find the sum of {a} and {b}. First I add the tens: {a // 10 * 10} + {b // 10 * 10} = {a // 10 * 10 + b // 10 * 10}. Then the ones: {a % 10} + {b % 10} = {a % 10 + b % 10}."
        chain += " Putting these together gives the result, so let me write it down." * draw.randint(0, 2)
        answer = draw.choice(
            (
                f"<answer>{said}</answer>",
                f"<answer>{said}</answer>",
                f"<answer>The sum is {said}.</answer>",
                f"The sum of {a} and {b} is \\boxed{{{said}}}.",
                f"The answer is {said}.",
            )
        )
        found.append((str(gold), f"<think>{chain}</think>\n{answer}"))
    return found


def stored(directory: Path) -> list[tuple[str, str]]:
    """Golds and completions of a dataset directory's rows that the math verifier judged."""
    import pyarrow.parquet as pq

    found = []
    for name in ("kept", "rejects"):
        for path in sorted((directory / name).glob("*.parquet")):
            for row in pq.read_table(path, columns=["verifier", "gold", "completion"]).to_pylist():
                if row["verifier"] == "math" and row["gold"]:
                    found.append((row["gold"], row["completion"]))
    return found


def competition() -> list[tuple[str, str]]:
    """Pairs of the table that hold LaTeX, several times over."""
    rows = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    wanted = {
        "roots",
        "pi and e",
        "algebra",
        "intervals",
        "tuples",
        "sets",
        "matrices",
        "equations",
        "fractions",
        "lists and plus-minus",
        "complex",
    }
    return [(r["gold"], r["response"]) for r in rows if r["class"] in wanted]


def _cases(pairs: list[tuple[str, str]]) -> list[tuple[Answer, Prompt]]:
    cases = []
    for gold, text in pairs:
        parts = split(text, TAGS)
        cases.append(
            (Answer(text, parts.reasoning, parts.response, "stop"), make_prompt("What is it?", verifier="math", gold=gold, domain="math"))
        )
    return cases


def theirs(pair: tuple[str, str]) -> bool:
    """math-verify on a whole completion. Its timeouts are off: they cost it time, and the sets hold nothing that hangs."""
    from math_verify import parse, verify

    logging.getLogger("math_verify").setLevel(logging.ERROR)
    gold, text = pair
    wanted = _GOLDS.get(gold)
    if wanted is None:
        wanted = _GOLDS[gold] = parse(f"${gold}$", parsing_timeout=None)
    return bool(verify(wanted, parse(text, parsing_timeout=None), timeout_seconds=None))


_GOLDS: dict[str, Any] = {}


def _timed(run: Callable[[], object]) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin


def in_process(name: str, pairs: list[tuple[str, str]], times: int) -> None:
    """Both in this process, warm, one after the other, by CPU time; ours several times over, since it is soon done."""
    cases = _cases(pairs)
    theirs(pairs[0])
    ours.verify(*cases[0])
    for answer, prompt in cases:
        ours.verify(answer, prompt)
    own = _timed(lambda: [ours.verify(a, p) for _ in range(times) for a, p in cases]) / times
    other = _timed(lambda: [theirs(p) for p in pairs])
    _print(name, "in process", len(pairs), own, other)


async def _pooled(cases: list[tuple[Answer, Prompt]]) -> float:
    async with VerifierPool(WORKERS) as pool:
        asked = [("math", a, p) for a, p in cases]
        while pool.statistics.started < WORKERS:  # until all processes are there, as in a long run
            await pool.verify_all(asked)
        await pool.verify_all(asked)
        begin = time.perf_counter()
        await pool.verify_all(asked)
        return time.perf_counter() - begin


def through_pools(name: str, pairs: list[tuple[str, str]]) -> None:
    """Ours through the verifier pool, theirs through an executor: two processes each, warm, in turn; the round with the median ratio counts, since other work on the machine comes and goes."""
    cases = _cases(pairs)
    rounds = []
    gc.collect()
    gc.freeze()  # math-verify's own objects are in neither side's way: a run of ours never loads them in this process
    with ProcessPoolExecutor(WORKERS) as executor:
        list(executor.map(theirs, pairs[:200], chunksize=10))
        for _ in range(ROUNDS):
            own = asyncio.run(_pooled(cases))
            begin = time.perf_counter()
            list(executor.map(theirs, pairs, chunksize=32))
            rounds.append((own, time.perf_counter() - begin))
    own, other = sorted(rounds, key=lambda r: r[1] / r[0])[ROUNDS // 2]
    _print(name, f"{WORKERS} processes", len(pairs), own, other)


def _print(name: str, where: str, count: int, own: float, other: float) -> None:
    print(
        json.dumps(
            {
                "machine": machine(),
                "set": name,
                "where": where,
                "completions": count,
                "ours microseconds": round(own / count * 1e6, 1),
                "math-verify microseconds": round(other / count * 1e6, 1),
                "times": round(other / own, 1),
                "load": os.getloadavg()[0],
            }
        ),
        flush=True,
    )


def main() -> None:
    """Speed, or agreement where --published is given."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--published", type=Path)
    parser.add_argument("--completions", type=Path)
    options = parser.parse_args()
    if options.published:
        sys.exit(agreement(options.published) > 0)
    pairs = stored(options.completions) if options.completions else made(COMPLETIONS)
    in_process("completions", pairs[:2_000], 5)
    through_pools("completions", pairs)
    in_process("competition", competition(), 3)


if __name__ == "__main__":
    main()
