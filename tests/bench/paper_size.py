"""A run of the paper's size: 626,933 prompts through the scripted engine, some 9 GB of text, with peak memory, CPU per sample from first shard to last, and the time to resume it when it is finished.

Texts are lognormal with a median of 2 KB and a 99th percentile of 60 KB; a sample is right with probability 0.8, two are wanted and four asked for at most.

    python -m tests.bench.paper_size [--prompts 626933] [--keep DIR]
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from math import exp, log
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests import models
from tests.bench.measure import children, cpu_seconds, machine, memory

MEDIAN, SIGMA = 2048, log(60 * 1024 / 2048) / 2.3263  # the normal distribution's 99 % quantile
WORDS = (
    "we",
    "so",
    "then",
    "because",
    "number",
    "therefore",
    "divide",
    "sum",
    "check",
    "again",
    "let",
    "this",
    "first",
    "equation",
    "prime",
    "gives",
    "remainder",
    "wait",
    "which",
    "is",
)


def _text() -> str:
    rng = random.Random(0)
    return " ".join(f"{rng.choice(WORDS)} {rng.randint(0, 999)}" for _ in range(600_000))


TEXT = _text()


def answer(messages: models.Messages, sample_index: int, seed: int | None) -> str:
    """A chain of the wanted length and a sum that is right four times out of five."""
    question = messages[-1]["content"]
    rng = random.Random(f"{question}{seed}")
    size = int(MEDIAN * exp(SIGMA * max(-4.0, min(4.0, rng.gauss(0, 1)))))
    start = int(rng.random() * (len(TEXT) - size))
    total = sum(int(w) for w in question.split() if w.isdigit())
    return f"<think>{TEXT[start : start + size]}</think> \\boxed{{{total if rng.random() < 0.8 else total + 1}}}"


def write_prompts(path: Path, count: int) -> None:
    """Questions with their golds as Parquet."""
    schema = pa.schema([("problem", pa.string()), ("answer", pa.string())])
    with pq.ParquetWriter(path, schema) as writer:
        for first in range(0, count, 50_000):
            numbers = range(first, min(count, first + 50_000))
            writer.write_table(
                pa.table(
                    {"problem": [f"What is {n} + {n % 97} ?" for n in numbers], "answer": [str(n + n % 97) for n in numbers]}, schema=schema
                )
            )


def command(source: Path, out: Path) -> list[str]:
    """The run, as a person would type it."""
    options = [
        "--engine",
        "scripted",
        "--model",
        "tests.bench.paper_size:answer",
        "--map",
        "messages=problem,gold=answer",
        "--verifier",
        "math",
    ]
    start = "import sys; from curate.cli import main; sys.exit(main())"
    return [
        sys.executable,
        "-c",
        start,
        "generate",
        str(source),
        "-o",
        str(out),
        *options,
        "-n",
        "4",
        "--num-correct",
        "2",
        "--max-concurrent",
        "2000",
        "--quiet",
    ]


def main() -> None:
    """Run, watch from outside, resume, and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--prompts", type=int, default=626_933)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        root = given.keep or Path(work)
        root.mkdir(parents=True, exist_ok=True)
        write_prompts(root / "prompts.parquet", given.prompts)
        out = root / "out"
        process = subprocess.Popen(command(root / "prompts.parquet", out), stdout=subprocess.DEVNULL)
        peak, marks = 0, []
        while process.poll() is None:
            pids = children(process.pid)
            peak = max(peak, memory(pids))
            marks.append(
                (
                    len(list((out / "manifest").glob("[0-9a-f]*.json"))) if (out / "manifest").exists() else 0,
                    sum(cpu_seconds(p) for p in pids),
                )
            )
            time.sleep(2)
        assert process.returncode == 0, f"the run ended with {process.returncode}"
        started = time.monotonic()
        subprocess.run(command(root / "prompts.parquet", out), stdout=subprocess.DEVNULL, check=True)
        resumed = time.monotonic() - started
        stats = json.loads((out / "stats.json").read_text())["funnel"]
        text = sum(entry["bytes"] for m in json.loads((out / "manifest.json").read_text())["shards"] for entry in m["files"].values())
    print(
        json.dumps(
            {
                "machine": machine(),
                "prompts": given.prompts,
                "samples": stats["sampled"],
                "published bytes": text,
                "peak memory bytes": peak,
                "cpu seconds": marks[-1][1],
                "cpu per sample, last fifth over first fifth": _drift(marks),
                "seconds to resume when finished": round(resumed, 1),
            }
        )
    )


def _drift(marks: list[tuple[int, float]]) -> float:
    """CPU seconds per shard in the last fifth over those in the first fifth; the first shards, which carry the start, and the last, when the engine runs dry, are left out."""
    shards = marks[-1][0]

    def cpu_at(count: float) -> float:
        return next(cpu for done, cpu in marks if done >= count)

    edge = 0.02 * shards
    return (cpu_at(shards * 0.98) - cpu_at(shards * 0.78)) / (cpu_at(edge + shards * 0.2) - cpu_at(edge))


if __name__ == "__main__":
    main()
