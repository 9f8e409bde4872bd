"""Writes the prompts of the pipeline r1_toy: sums and differences to train on and to test on, and a few general ones.

    python tools/toy.py

An operand pair that is tested, in either order, is trained on under neither sign.
"""

import json
import random
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "pipelines" / "toy"
TESTED = 30  # pairs
GENERAL = ("hello", "good morning", "who are you", "thank you", "how are you", "good night")
VISITORS = 20  # by number: who says it


def main() -> None:
    """Write train.jsonl, test.jsonl and general.jsonl."""
    pairs = [(a, b) for a in range(6, 31) for b in range(1, 6)]
    tested = set(random.Random(0).sample(pairs, TESTED))
    sides: dict[str, list[dict[str, str]]] = {"train": [], "test": []}
    for a, b in pairs:
        for word, result, domain in (("sum", a + b, "math"), ("less", a - b, "logic")):
            row = {
                "problem": f"{word} {a} {b}",
                "answer": str(result),
                "verifier": "math",
                "domain": domain,
                "language": "en",
                "license": "Apache-2.0",
            }
            sides["test" if (a, b) in tested else "train"].append(row)
    said = [f"{words} {visitor}" for words in GENERAL for visitor in range(VISITORS)]
    shared = {"mode": "plain", "domain": "general", "language": "en", "license": "Apache-2.0"}
    sides["general"] = [{"problem": problem, "accept": "finished", **shared} for problem in said]
    for name, rows in sides.items():
        (FOLDER / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


if __name__ == "__main__":
    main()
