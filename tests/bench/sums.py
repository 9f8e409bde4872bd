"""Sums and differences of 0 to 30 (of the larger and the smaller) and products to 9 x 9 as prompts: 200 held out, whose operand pairs, in either order and with any sign between them, are in no prompt that is trained on."""

import json
import random
from pathlib import Path

HELD_OUT = 200
EXAMPLES = (("What is 3 + 4?", "3 + 4 = 7. The answer is 7."), ("What is 6 - 2?", "6 - 2 = 4. The answer is 4."))


def questions() -> list[tuple[int, str, int, int]]:
    """(first, sign, second, result) of all questions; those of the worked examples are left out."""
    found = [(a, "+", b, a + b) for a in range(31) for b in range(31)] + [(a, "-", b, a - b) for a in range(31) for b in range(a + 1)]
    found += [(a, "*", b, a * b) for a in range(10) for b in range(10)]
    return [q for q in found if f"What is {q[0]} {q[1]} {q[2]}?" not in dict(EXAMPLES)]


def split(seed: int = 0) -> tuple[list[tuple[int, str, int, int]], list[tuple[int, str, int, int]]]:
    """Questions to train on, and 200 to test on: 80 sums, 80 differences, 40 products."""
    drawn = random.Random(seed)
    everything = questions()
    drawn.shuffle(everything)
    held: list[tuple[int, str, int, int]] = []
    for sign, count in (("+", 80), ("-", 80), ("*", 40)):
        held += [q for q in everything if q[1] == sign][:count]
    pairs = {frozenset((q[0], q[2])) for q in held}
    return [q for q in everything if frozenset((q[0], q[2])) not in pairs], held


def write(directory: Path, seed: int = 0) -> tuple[Path, Path, Path]:
    """Files of prompts to train on and to test on, and of the two worked examples."""
    directory.mkdir(parents=True, exist_ok=True)
    kinds = {"+": "sum", "-": "difference", "*": "product"}
    for name, part in zip(("train", "test"), split(seed), strict=True):
        rows = [{"problem": f"What is {a} {s} {b}?", "answer": str(r), "domain": kinds[s], "verifier": "math"} for a, s, b, r in part]
        (directory / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    shown = [{"question": q, "answer": a} for q, a in EXAMPLES]
    (directory / "examples.jsonl").write_text("".join(json.dumps(r) + "\n" for r in shown))
    return directory / "train.jsonl", directory / "test.jsonl", directory / "examples.jsonl"
