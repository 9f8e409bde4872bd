"""`kill -9` at any moment: nothing committed is lost, nothing comes twice, nothing is paid for twice, and the shards are those of an undisturbed run, byte for byte."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from curate.check import check
from curate.completions import COMMIT_INTERVAL, read_all
from tests import models
from tests.sampling.test_run import files

ROOT = Path(__file__).parents[2]
IN_FLIGHT = 8
PROMPTS = 48


def start(out: Path | str, source: Path, log: Path, step: int = 0) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "LOGGED_CALLS": str(log)}
    return subprocess.Popen([sys.executable, "-m", "tests.kill.victim", str(out), str(source), str(step)], cwd=ROOT, env=environment)


def calls(log: Path) -> tuple[int, int, int]:
    """Calls begun, of these unfinished, and of the finished those that ended within a commit interval of the last line."""
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    begun = sum(kind == "begin" for kind, _ in lines)
    ended = [float(at) for kind, at in lines if kind == "end"]
    last = max((float(at) for _, at in lines), default=0.0)
    return begun, begun - len(ended), sum(at > last - COMMIT_INTERVAL - 0.05 for at in ended)


def between_temporary_file_and_manifest(out: Path) -> bool:
    """Whether a shard has a temporary file, or a file that no manifest names, right now."""
    parts = [p for part in ("kept", "rejects", "prompts") for p in (out / part).glob("*")] if out.exists() else []
    shards = {p.stem for p in (out / "manifest").glob("*.json")}
    return any(p.name.startswith(".") or p.name[:17] not in shards for p in parts)


def moments() -> Iterator[tuple[int, float]]:
    """Half of the kills right before a fsync or rename (its number), half at a random time (seconds after the start)."""
    rng = random.Random(7)
    while True:
        yield rng.randint(1, 60), 0.0
        yield 0, rng.uniform(0.6, 1.6)


def kill_and_resume(tmp_path: Path, kills: int, needed_inside: int) -> None:
    source = models.write_sums(tmp_path / "sums.jsonl", PROMPTS)
    undisturbed = tmp_path / "undisturbed"
    assert start(undisturbed, source, tmp_path / "undisturbed.log").wait() == 0
    inside = killed = round_number = 0
    out = tmp_path / "round-0"
    asked = paid = 0
    log = tmp_path / "calls-0.log"
    for step, seconds in moments():
        if killed >= kills and inside >= needed_inside:
            break
        process = start(out, source, log, step)
        if seconds:
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
        code = process.wait()
        if code == 0:  # finished: look at it, and begin with an empty directory
            assert_same(out, undisturbed)
            round_number += 1
            out, log = tmp_path / f"round-{round_number}", tmp_path / f"calls-{round_number}.log"
            asked = paid = 0
            continue
        assert code == -signal.SIGKILL
        killed += 1
        inside += between_temporary_file_and_manifest(out)
        committed = len(list(read_all(out / "completions"))) if (out / "completions").exists() else 0
        begun, unfinished, recent = calls(log)
        asked += begun
        paid += unfinished + recent
        assert unfinished <= IN_FLIGHT
        assert asked <= committed + paid, f"{asked} requests asked, {committed} committed, {paid} in flight or just finished at a kill"
        log = log.with_name(f"calls-{round_number}-{killed}.log")
    assert start(out, source, log).wait() == 0
    assert_same(out, undisturbed)
    assert killed >= kills
    assert inside >= needed_inside


def assert_same(out: Path, undisturbed: Path) -> None:
    assert files(out) == files(undisturbed)
    keys = Counter((r.prompt_id, r.sample_index, r.part) for _, r in read_all(out / "completions"))
    assert max(keys.values()) == 1
    assert [f for f in check(out).findings if f.problem] == []


def test_ten_kills(tmp_path: Path) -> None:
    kill_and_resume(tmp_path, kills=10, needed_inside=3)


@pytest.mark.slow
def test_fifty_kills(tmp_path: Path) -> None:
    kill_and_resume(tmp_path, kills=50, needed_inside=15)
