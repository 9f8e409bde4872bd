"""`kill -9` at any moment of a run in an object store, resumed here and on another machine: the shards are those of an undisturbed local run, byte for byte, and little is asked twice."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curate.check import check
from curate.completions import read_all
from tests import models
from tests.kill.test_kill import IN_FLIGHT, PROMPTS, ROOT, calls, start
from tests.kill.victim import LEASE_SECONDS, SHIPPING_SECONDS
from tests.s3 import Server
from tests.sampling.test_run import files
from tests.test_objects import stored

UPLOADING = 2.0  # seconds that an upload may take on a busy machine


def store_log(out: str, folder: Path) -> int:
    """How many requests the store knows, by the bytes that are there; whole logs and pieces are put together as another machine would do it."""
    shutil.rmtree(folder, ignore_errors=True)
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder)}
    code = "import sys; from curate.shipping import Shipping; from curate.storage import at; Shipping(at(sys.argv[1])).fetch()"
    subprocess.run([sys.executable, "-c", code, out], cwd=ROOT, env=environment, check=True)
    (log,) = folder.glob("r1-curate/runs/*/completions")
    return len(list(read_all(log)))


LATENCY = "0.6"  # seconds that a request takes at most: sampling takes longer than uploading does


def kill_and_resume(s3: Server, tmp_path: Path, kills: int, elsewhere_each: int) -> None:
    """Kill `kills` times; after each `elsewhere_each`-th the machine is lost with all it had."""
    source = models.write_sums(tmp_path / "sums.jsonl", PROMPTS)
    undisturbed = tmp_path / "undisturbed"
    assert start(undisturbed, source, tmp_path / "undisturbed.log").wait() == 0
    needed, _, _ = calls(tmp_path / "undisturbed.log")
    rng = random.Random(11)
    cache = tmp_path / "cache"
    killed = rounds = asked = paid = lost_machines = 0
    out = f"{s3.bucket()}/run-0"
    while killed < kills or asked:
        log = tmp_path / f"calls-{killed}-{rounds}.log"
        step = rng.randint(10, 140) if killed % 2 and killed < kills else 0
        process = start(out, source, log, step)
        if not step and killed < kills:
            time.sleep(rng.uniform(2.0, 10.0))
            process.send_signal(signal.SIGKILL)
        code = process.wait()
        begun, unfinished, _ = calls(log)
        asked += begun
        if code == 0:
            assert stored(out) == files(undisturbed)
            assert check(out).findings == []
            assert asked <= needed + paid, (
                f"{asked} requests asked where {needed} are needed and {paid} were in flight or not yet committed"
            )
            assert store_log(out, tmp_path / "elsewhere") >= needed
            rounds += 1
            asked = paid = 0
            out = f"{s3.bucket()}/run-{rounds}"
            continue
        assert code == -signal.SIGKILL
        killed += 1
        window = 0.15
        if killed % elsewhere_each == 0:
            lost_machines += 1
            shutil.rmtree(cache)
            window = SHIPPING_SECONDS + UPLOADING
            time.sleep(LEASE_SECONDS)  # its claim ends
        assert unfinished <= IN_FLIGHT
        paid += unfinished + ended_within(log, window)
    assert lost_machines


def ended_within(log: Path, seconds: float) -> int:
    """Calls that ended in the last seconds before the last line."""
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    last = max((float(at) for _, at in lines), default=0.0)
    return sum(kind == "end" and float(at) > last - seconds for kind, at in lines)


@pytest.mark.slow
def test_eight_kills(s3: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGGED_LATENCY", LATENCY)
    kill_and_resume(s3, tmp_path, kills=8, elsewhere_each=3)
