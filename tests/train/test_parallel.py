"""Two processes on loopback against one. Each case starts its processes once."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "two_processes.py"


def started(world: int, *arguments: str) -> list[tuple[int, str, str]]:
    """Exit code, stdout and stderr of each process."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    shared = {
        **os.environ,
        "WORLD_SIZE": str(world),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.train.two_processes", *arguments],
            env={**shared, "RANK": str(r), "LOCAL_RANK": str(r)},
            cwd=SCRIPT.parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for r in range(world)
    ]
    told = [p.communicate(timeout=240) for p in running]
    return [(p.returncode, out, err) for p, (out, err) in zip(running, told, strict=True)]


@pytest.fixture(scope="module")
def alone():
    ((code, out, err),) = started(1, "ddp")
    assert code == 0, err
    return json.loads(out.splitlines()[-1])


@pytest.mark.parametrize("kind", ["ddp", "fsdp"])
def test_two_processes_learn_what_one_does(kind, alone):
    """Loss and summed gradient over ten steps of SGD, and the weights after as many of AdamW, in fp32."""
    found = started(2, kind)
    assert [code for code, _, _ in found] == [0, 0], found
    two = json.loads(found[0][1].splitlines()[-1])
    assert two["sgd_losses"] == pytest.approx(alone["sgd_losses"], abs=1e-5)
    assert two["gradient"] == pytest.approx(alone["gradient"], abs=1e-5)
    assert two["adamw_losses"] == pytest.approx(alone["adamw_losses"], abs=1e-3)
    assert two["sharded"] is (kind == "fsdp")
    assert two["resumed"]


def test_an_error_of_one_process_is_one_sentence_and_the_other_ends_without_a_traceback():
    (code, _, err), (other, _, quiet) = started(2, "error")
    assert code == 1
    assert err.strip().splitlines()[-1] == "error: this is what went wrong"
    assert other == 1
    assert "Traceback" not in quiet + err
