"""`make demo`: a small real model over puzzles of seven kinds, from prompts to a dataset on disk: `python tools/demo.py MODEL_DIR`."""

import subprocess
import sys
from pathlib import Path

# Kinds that SmolLM2-135M-Instruct solves often, sometimes and hardly ever, the last one on purpose: what a yield under 2 % costs is part of the picture.
KINDS = (
    "products?min_terms=2&max_terms=2&min_digits=1&max_digits=1",
    "letter_counting?min_words=1&max_words=1",
    "chain_sum?min_terms=2&max_terms=2&min_digits=1&max_digits=1",
    "gcd?min_value=2&max_value=20",
    "lcm?min_value=2&max_value=9",
    "spell_backward?min_word_len=3&max_word_len=3",
    "caesar_cipher?min_words=1&max_words=1",
)
PROMPTS = 12  # of each kind
OUTPUT = "demo"


def main(model: str) -> int:
    """Run the commands that a person would type, and print each of them first."""
    curate = str(Path(sys.executable).parent / "curate")
    sources = [f"reasoning_gym:{kind}&size={PROMPTS}" for kind in KINDS]
    asked = ["--few-shot", "builtin:demo", "-n", "8", "--num-correct", "2", "--temperature", "0.8", "--max-tokens", "96"]
    for command in (
        [curate, "generate", *sources, "-o", OUTPUT, "--model", model, *asked],
        [curate, "inspect", OUTPUT, "--sample", "1", "--columns", "source,gold,reasoning,response,verdict"],
        [curate, "inspect", OUTPUT, "--rejects", "--sample", "1", "--columns", "source,gold,completion,verdict,drop_reasons"],
    ):
        print("\n$", " ".join(["curate", *(f"'{a}'" if "?" in a or "," in a else a for a in command[1:])]), flush=True)
        code = subprocess.run(command).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
