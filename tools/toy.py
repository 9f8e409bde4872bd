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
    """Write all files."""
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
    shared = {"accept": "finished", "language": "en", "license": "Apache-2.0"}

    def spoken(words: str, mode: str, domain: str = "general") -> list[dict[str, str]]:
        return [{"problem": f"{words} {visitor}", "mode": mode, "domain": domain, **shared} for visitor in range(VISITORS)]

    sides["general"] = [row for words in GREETINGS for row in spoken(words, "plain")] + [
        row for words in GENERAL for row in spoken(words, "think")
    ]
    sides["wishes"] = [row for words in GENERAL[:-1] for row in spoken(words, "think")] + spoken(GENERAL[-1], "think", "safety")
    sides["talk"] = [{**row, "problem": f"{row['problem'].rpartition(' ')[0]} {24}"} for row in sides["general"][::VISITORS]]
    sides["examples"] = [{"question": "sum 20 2", "answer": "<think>\nfrom 20 one 21 two 22\n</think>\n\n<answer>\\boxed{ 22}</answer>"}]
    for name, rows in sides.items():
        (FOLDER / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


if __name__ == "__main__":
    main()
