"""Writes the prompts of the pipeline r1_toy: sums and differences to train on and to test on, and a few general ones.

    python tools/toy.py

An operand pair that is tested, in either order, is trained on under neither sign.
"""

import json
import random
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "pipelines" / "toy"
TESTED = 12  # pairs
GREETINGS, GENERAL = (
    ("hello", "good morning", "good night"),
    ("who are you", "thank you", "how are you"),
)  # the first are answered without a chain
VISITORS = 20  # by number: who says it


def main() -> None:
    """Write train.jsonl, test.jsonl and general.jsonl."""
    pairs = [(a, b) for a in range(6, 16) for b in range(1, 6)]
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
    shared = {"accept": "finished", "domain": "general", "language": "en", "license": "Apache-2.0"}
    sides["general"] = [
        {"problem": f"{words} {visitor}", "mode": mode, **shared}
        for mode, spoken in (("plain", GREETINGS), ("think", GENERAL))
        for words in spoken
        for visitor in range(VISITORS)
    ]
    for name, rows in sides.items():
        (FOLDER / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


if __name__ == "__main__":
    main()
