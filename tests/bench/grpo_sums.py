"""Does GRPO teach arithmetic? SmolLM2-135M-Instruct on sums, differences and products (tests/bench/sums.py), GRPO alone, rollouts by vLLM, two worked examples in every prompt, before as after.

    python -m tests.bench.grpo_sums MODEL_DIR [--seed 0] [--steps 60] [-o DIR]

Prints strict and lenient accuracy on 200 held-out questions before and after, and the mean time of a step by what it went into. Half an hour on two cores with nothing else running.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.bench import sums
from tests.bench.measure import machine

COMMON = ("--max-tokens", "40")
PARTS = ("rollout", "reward", "logprobs", "update", "sync", "step")


def curate(*arguments: str) -> None:
    """Run the command as a user does, on all cores."""
    subprocess.run(
        [Path(sys.executable).with_name("curate"), *arguments], check=True, env={**os.environ, "VLLM_CPU_NUM_OF_RESERVED_CPU": "0"}
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--steps", default="60")
    parser.add_argument("-o", "--output", type=Path, default=Path("grpo_sums"))
    given = parser.parse_args()
    train, test, examples = sums.write(given.output / "data")
    shown = ("--few-shot", str(examples), *COMMON)
    run = given.output / f"run-{given.seed}"
    began = time.perf_counter()
    curate(
        *("train", "grpo", str(train), "-o", str(run), "--model", given.model, "--seed", given.seed, "--steps", given.steps),
        *("--prompts", "12", "--group", "8", "--lr", "2e-5", "--temperature", "1.2", *shown),
    )
    minutes = (time.perf_counter() - began) / 60
    scores = given.output / f"eval-{given.seed}"
    curate("eval", given.model, str(run / "model"), str(test), "-k", "4", "-o", str(scores), *shown)
    steps = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    split = {part: sum(s.get(f"time/{part}", 0.0) for s in steps) / len(steps) for part in PARTS}
    print(f"seed {given.seed}, {len(steps)} steps, {minutes:.0f} minutes, {machine()}")
    print("seconds a step: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in split.items()))
    print("pass rate of the rollouts, every tenth step: " + " ".join(f"{s['pass_rate']:.2f}" for s in steps[::10]))


if __name__ == "__main__":
    main()
