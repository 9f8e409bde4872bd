"""From samples to the training set at the paper's size: `curate filter` with the r1 chain, deduplication and decontamination, and `curate mix`, on the set of tests/bench/big_set.py.

Printed are wall-clock minutes of each command, megabytes of completions a second, the peak of the memory of all processes together (proportional set size), and for each planted defect precision and recall.
Making the set is not counted.

    python -m tests.bench.curate_set [--scale 1.0] [--keep DIR]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.bench.big_set import DEFECTS, write
from tests.bench.measure import children, machine, memory

REASON = {  # where the reason is not called what was planted
    "exact_duplicate": ("exact_duplicate", "near_duplicate"),
    "near_duplicate": ("near_duplicate", "exact_duplicate"),
    "contaminated": ("contaminated_prompt", "contaminated_chain", "reworded_benchmark"),
}
# what a planted defect also is, without being wrong of the filter: a text in another language than its question's was made of nothing else
ALSO = {
    "truncated": ("answer_only_in_think",),
    "repetition": ("long_paragraph",),
    "answer_only_in_think": ("length",),
    "missing_think": ("length",),
    "empty_think": ("length",),
}
EVERY = 0.5  # seconds between looks at memory


class Peak(threading.Thread):
    """The most memory that a process and all below it held together."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak, self.over = pid, 0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(EVERY):
            self.peak = max(self.peak, memory(children(self.pid)))


def timed(*command: str) -> tuple[float, int]:
    """Wall-clock seconds and peak memory of a command."""
    started = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", "from curate.cli import main; main()", *command], stdout=subprocess.DEVNULL) as process:
        watch = Peak(process.pid)
        watch.start()
        code = process.wait()
        watch.over.set()
        watch.join()
    if code:
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    return time.perf_counter() - started, watch.peak


def found_in(directory: Path) -> dict[str, set[str]]:
    """The reasons of every row, by sample id."""
    reasons: dict[str, set[str]] = {}
    for part in ("kept", "rejects"):
        for path in sorted((directory / part).glob("*.parquet")):
            table = pq.read_table(path, columns=["id", "drop_reasons"])
            reasons |= {i: set(r) for i, r in zip(table["id"].to_pylist(), table["drop_reasons"].to_pylist(), strict=True)}
    return reasons


def scores(truth: dict[str, list[str]], found: dict[str, set[str]]) -> dict[str, dict[str, Any]]:
    """Precision and recall of each planted defect. A reason that a planted defect also is counts as neither."""
    made: dict[str, dict[str, Any]] = {}
    extra: Counter[str] = Counter()
    for defect in DEFECTS:
        reasons = REASON.get(defect, (defect,))
        hits = misses = wrong = 0
        for sample, planted in truth.items():
            told = not found[sample].isdisjoint(reasons)
            if defect in planted:
                hits += told
                misses += not told
            elif told and not any(set(reasons) & set(ALSO.get(p, ())) or set(reasons) & set(REASON.get(p, ())) for p in planted):
                wrong += 1
        made[defect] = {
            "planted": hits + misses,
            "precision": round(hits / (hits + wrong), 4) if hits + wrong else None,
            "recall": round(hits / (hits + misses), 4) if hits + misses else None,
        }
    for sample, reasons_found in found.items():
        if not truth[sample]:
            extra.update(reasons_found)
    return made | {"reasons of clean samples": dict(extra)}


def run(directory: Path, scale: float) -> dict[str, Any]:
    """Make the set, filter it, mix it, and say what came of it."""
    made = write(directory / "set", scale)
    filtered, mixed = directory / "filtered", directory / "mixed"
    seconds, peak = timed(
        "filter", str(directory / "set/samples"), "-o", str(filtered), "--benchmarks", str(directory / "set/benchmark.jsonl"), "--quiet"
    )
    mix_seconds, mix_peak = timed(
        "mix", str(filtered), "-o", str(mixed), "--recipe", "r1", "--total", str(max(100, made["samples"] // 2)), "--validation", "0.01"
    )
    truth = {row["id"]: row["defects"] for row in pq.read_table(directory / "set/truth.parquet").to_pylist()}
    return {
        "machine": machine(),
        **made,
        "filter minutes": round(seconds / 60, 2),
        "mix minutes": round(mix_seconds / 60, 2),
        "MB of completions a second": round(made["characters"] / 1e6 / seconds, 2),
        "peak MB": round(max(peak, mix_peak) / 1e6),
        "scores": scores(truth, found_in(filtered)),
        "load": os.getloadavg()[0],
    }


def main() -> None:
    """Run and print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
        print(json.dumps(run(options.keep, options.scale), indent=1))
        return
    with tempfile.TemporaryDirectory() as work:
        print(json.dumps(run(Path(work), options.scale), indent=1))


if __name__ == "__main__":
    main()
