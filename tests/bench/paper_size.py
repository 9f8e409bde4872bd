"""A run of the paper's size: 626,933 prompts through the scripted engine, some 9 GB of text, with peak memory, CPU per sample from first shard to last, and the time to resume it when it is finished.

Texts are lognormal with a median of 2 KB and a 99th percentile of 60 KB; a sample is right with probability 0.8, two are wanted and four asked for at most. What else runs on the machine makes a CPU second worth
more or less, so a fixed piece of work is timed beside the run all the while, and CPU per sample is also given in its unit.

    python -m tests.bench.paper_size [--prompts 626933] [--keep DIR]
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from math import exp, log
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests import models
from tests.bench.measure import children, cpu_seconds, machine, memory

MEDIAN, SIGMA = 2048, log(60 * 1024 / 2048) / 2.3263  # the normal distribution's 99 % quantile
FEWEST_SHARDS = 100  # of a run whose fifths are compared
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


class Mark(NamedTuple):
    """What was seen of the run at one moment."""

    shards: int
    cpu: float
    yardstick: float


def yardstick() -> float:
    """CPU seconds of a fixed piece of work that, like the run itself, is half interpreter and half copying of text."""
    started = time.process_time()
    for start in range(0, 60_000, 20):
        json.loads(json.dumps({"text": TEXT[start : start + 4_000], "start": start}))
    return time.process_time() - started


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
        peak = 0
        marks: list[Mark] = []
        while process.poll() is None:
            pids = children(process.pid)
            peak = max(peak, memory(pids))
            marks.append(
                Mark(
                    len(list((out / "manifest").glob("[0-9a-f]*.json"))) if (out / "manifest").exists() else 0,
                    sum(cpu_seconds(p) for p in pids),
                    yardstick(),
                )
            )
            time.sleep(2)
        assert process.returncode == 0, f"the run ended with {process.returncode}"
        started = time.monotonic()
        subprocess.run(command(root / "prompts.parquet", out), stdout=subprocess.DEVNULL, check=True)
        resumed = time.monotonic() - started
        stats = json.loads((out / "stats.json").read_text())["funnel"]
        text = _text_bytes(out)
        size = sum(entry["bytes"] for m in json.loads((out / "manifest.json").read_text())["shards"] for entry in m["files"].values())
    print(
        json.dumps(
            {
                "machine": machine(),
                "prompts": given.prompts,
                "samples": stats["sampled"],
                "bytes of text": text,
                "published bytes": size,
                "peak memory bytes": peak,
                "cpu seconds": marks[-1].cpu,
                "cpu per sample, last fifth over first fifth": _drift(marks, measured=False),
                "the same in units of a fixed piece of work": _drift(marks, measured=True),
                "seconds to resume when finished": round(resumed, 1),
            }
        )
    )


def _at(marks: list[Mark], share: float) -> int:
    """The first mark at which this share of the shards was published."""
    return next(i for i, mark in enumerate(marks) if mark.shards >= share * marks[-1].shards)


def _spent(marks: list[Mark], start: float, stop: float) -> float:
    """The mean time of the fixed piece of work between two shares of the run."""
    return statistics.fmean(mark.yardstick for mark in marks[_at(marks, start) : _at(marks, stop)])


def _drift(marks: list[Mark], *, measured: bool) -> float | None:
    """CPU seconds per shard in the last fifth over those in the first fifth, or in units of the fixed piece of work where `measured`; the first shards, which carry the start, and the last, when the engine runs dry, are left out. None
    where there are too few shards to tell."""
    if marks[-1].shards < FEWEST_SHARDS:
        return None
    last, first = (marks[_at(marks, stop)].cpu - marks[_at(marks, start)].cpu for start, stop in ((0.78, 0.98), (0.02, 0.22)))
    return last / first / (_spent(marks, 0.78, 0.98) / _spent(marks, 0.02, 0.22) if measured else 1.0)


def _text_bytes(out: Path) -> int:
    """The bytes of all completions."""
    return sum(
        pc.sum(pc.binary_length(batch["completion"])).as_py() or 0
        for part in ("kept", "rejects")
        for path in sorted((out / part).glob("*.parquet"))
        for batch in pq.ParquetFile(path).iter_batches(columns=["completion"])
    )


if __name__ == "__main__":
    main()
