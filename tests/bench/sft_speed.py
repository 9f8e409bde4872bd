"""SFT beside TRL: trained tokens a second and peak memory, on the same rows, with the same batch and threads.

    python -m tests.bench.sft_speed MODEL_DIR [--steps 4] [--threads 2] [--vocabulary 151936 --layers 4]

Three ways, each in a process of its own, one after another: ours as it is; TRL at its best documented settings for this machine (packing, no gradient checkpointing, bf16); TRL as it comes. A way's first step, which loads and
warms up, is left out. With --vocabulary a model of the same shape with random weights, that many words and fewer layers takes the place of the one given: what the logits cost. Some eight minutes on two cores with nothing else running.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.measure import machine

TOKENS = 1024  # of a row
BATCH = 4 * TOKENS  # about so many tokens an optimizer step
WORDS = [
    "the",
    "of",
    "and",
    "to",
    "a",
    "in",
    "is",
    "that",
    "for",
    "it",
    "as",
    "was",
    "with",
    "be",
    "by",
    "on",
    "not",
    "he",
    "his",
    "but",
    "at",
    "are",
    "this",
    "have",
    "from",
    "or",
    "had",
    "an",
    "they",
    "which",
    "one",
    "you",
    "were",
    "her",
    "all",
    "she",
    "there",
    "would",
    "their",
    "we",
    "him",
    "been",
    "has",
    "when",
    "who",
]


def rows(count: int) -> list[dict[str, str]]:
    """Questions with answers of some 60 to 700 tokens."""
    drawn = random.Random(0)
    return [
        {
            "prompt": f"Question {i}: {' '.join(drawn.choices(WORDS, k=20))}?",
            "completion": " ".join(drawn.choices(WORDS, k=drawn.randint(60, 700))),
        }
        for i in range(count)
    ]


def ours(model: str, steps: int, scratch: Path) -> list[tuple[int, float]]:
    """(trained tokens, seconds) of each step."""
    from dataclasses import replace

    from train.presets import SFT
    from train.sft import Running, sft

    (scratch / "rows.jsonl").write_text(
        "".join(json.dumps({"messages": r["prompt"], "completion": r["completion"]}) + "\n" for r in rows(10 * steps))
    )
    settings = replace(SFT["small"], batch=10, epochs=1.0, max_tokens=TOKENS)
    sft(model, [str(scratch / "rows.jsonl")], str(scratch / "out"), settings, Running(save_every=10_000), say=lambda line: None)
    found = [json.loads(line) for line in (scratch / "out" / "metrics.jsonl").read_text().splitlines()]
    return [(int(m["tokens"]), m["time/step"]) for m in found[:steps]]


def theirs(model: str, steps: int, scratch: Path, *, best: bool) -> list[tuple[int, float]]:
    """The same of TRL. Its rows are packed over the whole set, so a step is BATCH tokens of it."""
    import datasets
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer

    class Clock(TrainerCallback):  # type: ignore[misc]
        def __init__(self) -> None:
            self.times: list[float] = []

        def on_step_begin(self, *args: object, **kwargs: object) -> None:
            self.times.append(time.perf_counter())

        def on_step_end(self, *args: object, **kwargs: object) -> None:
            self.times[-1] = time.perf_counter() - self.times[-1]

    chosen = (
        {"packing": True, "gradient_checkpointing": False, "per_device_train_batch_size": 1, "gradient_accumulation_steps": 4}
        if best
        else {}
    )
    per_step = 4 if best else 8  # rows of a step: TRL's own batch is 8 rows, each a text
    config = SFTConfig(
        output_dir=str(scratch / "trl"),
        max_length=TOKENS,
        max_steps=steps,
        use_cpu=True,
        bf16=True,
        report_to=[],
        save_strategy="no",
        logging_steps=1,
        **chosen,
    )
    given = [
        {"prompt": [{"role": "user", "content": r["prompt"]}], "completion": [{"role": "assistant", "content": r["completion"]}]}
        for r in rows(10 * steps)
    ]
    trainer = SFTTrainer(model=model, args=config, train_dataset=datasets.Dataset.from_list(given), callbacks=[clock := Clock()])
    counted: list[int] = []
    collate = trainer.data_collator

    def counting(batch: list[object]) -> object:
        made = collate(batch)
        counted.append(int((made["labels"] != -100).sum()))
        return made

    trainer.data_collator = counting
    trainer.train()
    micro = config.gradient_accumulation_steps
    assert per_step == micro * config.per_device_train_batch_size
    return [(sum(counted[i * micro : (i + 1) * micro]), seconds) for i, seconds in enumerate(clock.times)]


def measured(way: str, model: str, steps: int) -> None:
    """Run one way and print its trained tokens a second and its peak memory."""
    with tempfile.TemporaryDirectory() as scratch:
        found = ours(model, steps, Path(scratch)) if way == "ours" else theirs(model, steps, Path(scratch), best=way == "trl")
    tokens, seconds = (sum(part) for part in zip(*found[1:], strict=True))
    print(
        json.dumps({"tokens_per_s": tokens / seconds, "tokens": tokens, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024})
    )


def with_words(model: str, words: int, layers: int, directory: Path) -> str:
    """A model of another size of vocabulary, with random weights and the tokenizer of `model`."""
    import transformers

    config = transformers.AutoConfig.from_pretrained(model)
    config.vocab_size, config.num_hidden_layers = words, layers
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(directory)
    transformers.AutoTokenizer.from_pretrained(model).save_pretrained(directory)
    return str(directory)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--threads", default="2")
    parser.add_argument("--way", choices=["ours", "trl", "trl-defaults"])
    parser.add_argument("--vocabulary", type=int)
    parser.add_argument("--layers", type=int, default=4)
    given = parser.parse_args()
    if given.way:
        measured(given.way, given.model, given.steps)
        return
    with tempfile.TemporaryDirectory() as scratch:
        if given.vocabulary:
            given.model = with_words(given.model, given.vocabulary, given.layers, Path(scratch))
        compared(given)


def compared(given: argparse.Namespace) -> None:
    """Run all ways, one after another, and print them side by side."""
    found = {}
    for way in ("ours", "trl", "trl-defaults"):
        command = [sys.executable, "-m", "tests.bench.sft_speed", given.model, "--steps", str(given.steps), "--way", way]
        done = subprocess.run(
            command,
            env={**os.environ, "OMP_NUM_THREADS": given.threads, "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{way} failed:\n{done.stderr[-2000:]}")
        found[way] = json.loads(done.stdout.splitlines()[-1])
    for way, values in found.items():
        ratio = found["ours"]["tokens_per_s"] / values["tokens_per_s"]
        print(
            f"{way:<13} {values['tokens_per_s']:7.0f} trained tokens/s   {values['peak'] / 2**30:5.2f} GiB   ours is {ratio:.2f} times as fast"
        )
    print(machine())


if __name__ == "__main__":
    main()
