"""Two processes on loopback against one."""

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist

from curate.errors import CurateError
from train.parallel import Ranks

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def ran():
    """Exit code, stdout and stderr of each process of each run. As under torchrun, the store where processes meet outlives them."""
    runs = ("alone", "ddp", "fsdp", "first", "second", "both", "killed", "grpo-alone", "grpo-ddp", "grpo-fsdp", "grpo-resumed")
    stores = {how: dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False) for how in runs}
    given = {"MASTER_ADDR": "127.0.0.1", "TORCHELASTIC_USE_AGENT_STORE": "True", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", "tests.train.two_processes", *(f"{how}:{store.port}" for how, store in stores.items())]
    done = subprocess.run(command, env={**os.environ, **given}, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def told(processes):
    """What the first process of a run that went well has found."""
    assert [(code, err) for code, _, err in processes] == [(0, "")] * len(processes)
    return json.loads(processes[0][1].splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ddp", "fsdp"])
def test_two_processes_learn_what_one_does(kind, ran):
    """The gradient of a step entry by entry, the losses of some steps of SGD and of as many of AdamW, in fp32."""
    alone, two = told(ran["alone"]), told(ran[kind])
    assert two["gradient"].keys() == alone["gradient"].keys()
    for name, entries in alone["gradient"].items():
        assert np.abs(np.array(two["gradient"][name]) - entries).max() < 1e-6, name
    assert two["sgd_losses"] == pytest.approx(alone["sgd_losses"], abs=1e-5)
    assert two["adamw_losses"] == pytest.approx(alone["adamw_losses"], abs=1e-3)
    assert two["sharded"] is (kind == "fsdp")
    assert two["resumed"]
    assert two["patience"] == [6 * 3600.0]
    assert two["refreshed"]
    assert two["merged"] == pytest.approx(alone["merged"], abs=1e-5)
    assert two["words"] == [{"a": 3.0, "b": 2.5}, {"a": 2.0, "b": 2.5}, [["é", 0], ["é", 1]], "x" * 100_000]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["grpo-ddp", "grpo-fsdp", "grpo-resumed"])
def test_grpo_in_two_processes_learns_what_one_does(kind, ran):
    """One samples for both; the reference is replaced on both. Resumed: one process goes on from what two with FSDP have left."""
    alone, two = told(ran["grpo-alone"]), told(ran[kind])
    assert len(two["curve"]) == 4
    assert two["curve"] == [pytest.approx(values, rel=1e-3, abs=1e-5) for values in alone["curve"]]
    assert two["weights"].keys() == alone["weights"].keys()
    for name, entries in alone["weights"].items():
        assert np.abs(np.array(two["weights"][name]) - entries).max() < 1e-3, name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "codes", "said"),
    [
        ("first", [1, 1], ["error: the disk is full", ""]),
        ("second", [1, 1], ["", "error: the disk is full"]),
        ("killed", [1, -signal.SIGKILL], ["error: process 0 lost another process of this run, which has ended without a word: ", ""]),
    ],
)
def test_what_went_wrong_is_told_once_by_the_process_that_failed(how, codes, said, ran):
    assert [code for code, _, _ in ran[how]] == codes
    for (_, _, err), sentence in zip(ran[how], said, strict=True):
        assert err.startswith(sentence)
        assert err.count("\n") == bool(sentence)


@pytest.mark.slow
def test_what_all_find_wrong_is_told_once(ran):
    assert sorted(err for _, _, err in ran["both"]) == ["", "error: there is no such model\n"]
    assert [code for code, _, _ in ran["both"]] == [1, 1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"MASTER_PORT": None}, "process 1 cannot meet the other 1 of this run: .*MASTER_PORT"),
        ({"MASTER_ADDR": "no.such.host.invalid"}, "process 1 cannot meet"),
    ],
)
def test_processes_that_cannot_meet_are_told(monkeypatch, change, said):
    monkeypatch.setattr("train.parallel.PATIENCE", timedelta(seconds=1))
    given = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"} | change
    for name, value in given.items():
        monkeypatch.setenv(name, value) if value is not None else monkeypatch.delenv(name, raising=False)
    with pytest.raises(CurateError, match=said) as error:
        Ranks.join("ddp")
    assert "\n" not in str(error.value)


def test_one_process_is_the_same_code_with_nothing_to_do(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    model = torch.nn.Linear(2, 2)
    with Ranks.join("fsdp") as ranks:
        assert ranks.wrap(model) is model
        assert (ranks.summed({"a": 1}), ranks.maximum({"a": 2}), ranks.gathered("x"), ranks.told([1])) == (
            {"a": 1.0},
            {"a": 2.0},
            ["x"],
            [1],
        )
        ranks.barrier()
        with ranks.accumulate(model, last=False):
            model(torch.ones(1, 2)).sum().backward()
    assert model.weight.grad is not None
