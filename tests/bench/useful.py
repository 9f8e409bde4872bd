"""Tokens per useful trace of the adaptive sampler against fixed N = 16, on the demo's mix with the real engine.

In both arms at most `num_correct` correct traces a prompt count as useful. Every generated token counts: those of samples above a prompt's end too, and those of cancelled requests, as vLLM counts them. Coverage is the share of the prompts solved by the fixed arm that the adaptive arm solved as well.

    python -m tests.bench.useful MODEL_DIR [--size 20]
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from curate import api
from tests.bench.measure import machine
from tools.demo import KINDS

FIXED = 16
MAX_TOKENS = 96


def run(model: str, out: Path, size: int, num_correct: int | None) -> tuple[api.Generated, int]:
    """One arm: what it made, and the tokens it cost."""
    made = api.generate(
        [f"reasoning_gym:{kind}&size={size}" for kind in KINDS],
        out,
        model=model,
        num_generations=FIXED,
        num_correct=num_correct,
        temperature=0.8,
        max_tokens=MAX_TOKENS,
        few_shot="builtin:demo",
        quiet=True,
    )
    assert made.tally.cancelled_tokens is not None
    return made, made.tally.tokens + made.tally.cancelled_tokens


def main() -> None:
    """Run the fixed arm once and the adaptive arm for one and two wanted traces; print one JSON line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model")
    parser.add_argument("--size", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        fixed, fixed_tokens = run(given.model, Path(work) / "fixed", given.size, None)
        right: dict[str, int] = {o["id"]: o["n_accepted"] for o in _outcomes(fixed)}
        for wanted in (1, 2):
            made, tokens = run(given.model, Path(work) / f"wanted-{wanted}", given.size, wanted)
            kept = {o["id"]: o["n_kept"] for o in _outcomes(made)}
            useful, fixed_useful = sum(kept.values()), sum(min(wanted, k) for k in right.values())
            accepted = sum(o["n_accepted"] for o in _outcomes(made))
            print(
                json.dumps(
                    {
                        "machine": machine(),
                        "num_correct": wanted,
                        "prompts": len(right),
                        "adaptive tokens": tokens,
                        "fixed tokens": fixed_tokens,
                        "ratio": (tokens / useful) / (fixed_tokens / fixed_useful),
                        "coverage": sum(k > 0 for k in kept.values()) / sum(k > 0 for k in right.values()),
                        "ratio with all correct traces counted": (tokens / accepted) / (fixed_tokens / sum(right.values())),
                    }
                ),
                flush=True,
            )


def _outcomes(made: api.Generated) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = made.dataset.to_arrow(part="prompts", columns=["id", "n_accepted", "n_kept"]).to_pylist()
    return rows


if __name__ == "__main__":
    main()
