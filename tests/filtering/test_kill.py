"""`curate filter` killed at random moments and started again: the same bytes as without a kill, and no process is left."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bench.measure import children
from tests.filtering import toy

KILLS = 6


def start(source: Path, output: Path) -> "subprocess.Popen[bytes]":
    command = ["filter", str(source), "-o", str(output), "--quiet", "--workers", "2"]
    return subprocess.Popen([sys.executable, "-c", "from curate.cli import main; main()", *command], stdout=subprocess.DEVNULL)


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for i in range(24):
        rows = [toy.sample(60 * i + k, finish_reason="length" if k % 7 == 0 else "stop") for k in range(60)]
        toy.parquet(source / f"{i:03}.parquet", [*rows, toy.sample(max(0, 60 * i - 1)) | {"id": f"again-{i}"}], group=20)
    assert start(source, tmp_path / "whole").wait() == 0
    draw = random.Random(3)
    killed = 0
    while killed < KILLS:
        run = start(source, tmp_path / "killed")
        try:
            run.wait(draw.uniform(0.8, 2.5))
            break  # it was done before it could be killed once more
        except subprocess.TimeoutExpired:
            below = children(run.pid)
            run.send_signal(signal.SIGKILL)
            run.wait()
            killed += 1
            for _ in range(100):
                if not any(_alive(pid) for pid in below):
                    break
                time.sleep(0.1)
            assert not any(_alive(pid) for pid in below)
    assert killed
    assert start(source, tmp_path / "killed").wait() == 0
    assert toy.content(tmp_path / "killed") == toy.content(tmp_path / "whole")


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_this_process_is_seen_as_alive() -> None:
    assert _alive(os.getpid())
