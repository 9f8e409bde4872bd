"""GRPO beside TRL: seconds of a step, generation apart, and peak memory, on the prompts of tests/bench/sums.py.

    python -m tests.bench.grpo_speed MODEL_DIR [--steps 4] [--engine vllm] [--threads 2]

12 prompts x 8 answers a step, at most 40 new tokens, no divergence from a reference, groups not replaced, bf16. TRL generates by transformers: it cannot use vLLM on a CPU. Each runs in a process of its own; a first step, which loads
and warms up, is left out. Some fifteen minutes on two cores with nothing else running.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench import sums
from tests.bench.measure import machine

PROMPTS, GROUP, NEW_TOKENS = 12, 8, 40


def ours(model: str, steps: int, engine: str, scratch: Path) -> list[tuple[float, float]]:
    """(seconds of a step, of them for generation) of each step."""
    train, _, examples = sums.write(scratch)
    out = scratch / "out"
    command = [
        *(
            Path(sys.executable).with_name("curate"),
            "train",
            "grpo",
            train,
            "-o",
            out,
            "--model",
            model,
            "--engine",
            engine,
            "--few-shot",
            examples,
            "--quiet",
        ),
        *("--steps", steps, "--prompts", PROMPTS, "--group", GROUP, "--max-tokens", NEW_TOKENS, "--rounds", 1, "--save-every", 10_000),
    ]
    subprocess.run([str(c) for c in command], check=True, env={**os.environ, "VLLM_CPU_NUM_OF_RESERVED_CPU": "0"})
    found = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [(m["time/step"], m["time/rollout"]) for m in found]


def theirs(model: str, steps: int, scratch: Path) -> list[tuple[float, float]]:
    """The same of TRL."""
    import datasets
    from transformers import TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    class Clock(TrainerCallback):  # type: ignore[misc]
        def __init__(self) -> None:
            self.steps: list[float] = []

        def on_step_begin(self, *args: object, **kwargs: object) -> None:
            self.steps.append(time.perf_counter())

        def on_step_end(self, *args: object, **kwargs: object) -> None:
            self.steps[-1] = time.perf_counter() - self.steps[-1]

    class Timed(GRPOTrainer):  # type: ignore[misc]
        generating: list[float]

        def _generate(self, *args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            made = super()._generate(*args, **kwargs)
            self.generating.append(time.perf_counter() - began)
            return made

    shown = [turn for q, a in sums.EXAMPLES for turn in ({"role": "user", "content": q}, {"role": "assistant", "content": a})]
    asked = [{"prompt": [*shown, {"role": "user", "content": f"What is {a} {s} {b}?"}], "answer": str(r)} for a, s, b, r in sums.split()[0]]

    def right(completions: list[Any], answer: list[str], **_: Any) -> list[float]:
        return [float(c[0]["content"].rstrip(".").endswith(f" {a}")) for c, a in zip(completions, answer, strict=True)]

    config = GRPOConfig(
        output_dir=str(scratch / "trl"),
        max_steps=steps,
        per_device_train_batch_size=GROUP,
        gradient_accumulation_steps=PROMPTS,
        num_generations=GROUP,
        max_completion_length=NEW_TOKENS,
        temperature=1.0,
        beta=0.0,
        bf16=True,
        gradient_checkpointing=False,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        learning_rate=1e-5,
    )
    trainer = Timed(
        model=model, reward_funcs=right, args=config, train_dataset=datasets.Dataset.from_list(asked), callbacks=[clock := Clock()]
    )
    trainer.generating = []
    trainer.train()
    return list(zip(clock.steps, trainer.generating, strict=True))


def measured(way: str, model: str, steps: int, engine: str) -> None:
    """Run one way and print the means of its steps."""
    with tempfile.TemporaryDirectory() as scratch:
        found = ours(model, steps, engine, Path(scratch)) if way == "ours" else theirs(model, steps, Path(scratch))
    step, generation = (sum(part) / len(found[1:]) for part in zip(*found[1:], strict=True))
    who = resource.RUSAGE_CHILDREN if way == "ours" else resource.RUSAGE_SELF
    print(
        json.dumps(
            {"step": step, "generation": generation, "training": step - generation, "peak": resource.getrusage(who).ru_maxrss * 1024}
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--engine", default="vllm")
    parser.add_argument("--threads", default="2")
    parser.add_argument("--way", choices=["ours", "trl"])
    given = parser.parse_args()
    if given.way:
        measured(given.way, given.model, given.steps, given.engine)
        return
    found = {}
    for way in ("ours", "trl"):
        command = [
            sys.executable,
            "-m",
            "tests.bench.grpo_speed",
            given.model,
            "--steps",
            str(given.steps),
            "--engine",
            given.engine,
            "--way",
            way,
        ]
        environment = {**os.environ, "OMP_NUM_THREADS": given.threads, "HF_HUB_OFFLINE": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{way} failed:\n{done.stderr[-2000:]}")
        found[way] = json.loads(done.stdout.splitlines()[-1])
    for way, values in found.items():
        times = "   ".join(
            f"{part} {values[part]:6.1f} s ({found['trl'][part] / values[part]:.2f} x)" for part in ("step", "generation", "training")
        )
        print(f"{way:<5} {times}   {values['peak'] / 2**30:.2f} GiB, its largest process")
    print(machine())


if __name__ == "__main__":
    main()
