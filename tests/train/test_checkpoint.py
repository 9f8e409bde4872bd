"""A checkpoint gives back every bit, is whole or not there, and is refused by another model."""

import json
import os
import random
import resource
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from curate.errors import Damaged, StoreError
from train.checkpoint import (
    load_model_tensors,
    load_optimizer_tensors,
    model_tensors,
    newest,
    optimizer_tensors,
    prune,
    read,
    rng_state,
    set_rng_state,
    write,
)
from train.optim import make_optimizer, set_lr

Tensor = Any


class Toy(torch.nn.Module):  # type: ignore[misc]
    """A tied matrix, a norm, dropout, a buffer, a matrix that is never used and a frozen one."""

    def __init__(self, width: int = 8, frozen: bool = True) -> None:
        super().__init__()
        self.embed = torch.nn.Embedding(11, width)
        self.norm = torch.nn.LayerNorm(width)
        self.head = torch.nn.Linear(width, 11, bias=False)
        self.head.weight = self.embed.weight
        self.unused = torch.nn.Linear(2, 2)
        self.base = torch.nn.Linear(2, 2).requires_grad_(not frozen)
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))
        self.register_buffer("scratch", torch.zeros(3), persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        self.seen += 1
        return self.head(torch.nn.functional.dropout(self.norm(self.embed(ids)), 0.3))


def steps(model: Any, optimizer: Any, first: int, count: int) -> list[float]:
    """Optimizer steps on data and dropout that all three generators have a part in."""
    losses = []
    for step in range(first, first + count):
        ids = torch.tensor([random.randrange(11), int(np.random.randint(11)), int(torch.randint(11, ()))])
        loss = torch.nn.functional.cross_entropy(model(ids), ids.flip(0))
        optimizer.zero_grad()
        loss.backward()
        set_lr(optimizer, 0.01 / (1 + step))
        optimizer.step()
        losses.append(loss.item())
    return losses


def begun() -> tuple[Any, Any]:
    random.seed(1)
    np.random.seed(2)
    torch.manual_seed(3)
    model = Toy()
    return model, make_optimizer(model, weight_decay=0.1)


def saved(directory: Path, step: int, model: Any, optimizer: Any, **state: Any) -> Path:
    groups = {"model": model_tensors(model), "optimizer": optimizer_tensors(model, optimizer)}
    return write(directory, step, groups, {"rng": rng_state()} | state)


def bits(tensors: Any) -> dict[str, bytes]:
    return {n: tensors[n].reshape(-1).view(torch.uint8).numpy().tobytes() for n in tensors}


def test_a_resumed_run_is_the_one_that_was_not_stopped_bit_for_bit(tmp_path: Path) -> None:
    model, optimizer = begun()
    steps(model, optimizer, 0, 3)
    path = saved(tmp_path, 3, model, optimizer, cursor=17)
    losses = steps(model, optimizer, 3, 3)
    torch.manual_seed(99)
    resumed = Toy()
    again = make_optimizer(resumed, weight_decay=0.1)
    found = read(path)
    assert (found.step, found.state["cursor"]) == (3, 17)
    load_model_tensors(resumed, found.tensors["model"])
    load_optimizer_tensors(resumed, again, found.tensors["optimizer"])
    set_rng_state(found.state["rng"])
    assert steps(resumed, again, 3, 3) == losses
    assert bits(model_tensors(resumed)) == bits(model_tensors(model))
    assert bits(optimizer_tensors(resumed, again)) == bits(optimizer_tensors(model, optimizer))


def test_what_is_saved_is_each_tensor_once(tmp_path: Path) -> None:
    model, optimizer = begun()
    assert optimizer_tensors(model, optimizer) == {}
    steps(model, optimizer, 0, 2)
    held = ["embed.weight", "norm.weight", "norm.bias", "unused.weight", "unused.bias", "base.weight", "base.bias"]
    assert sorted(model_tensors(model)) == sorted([*held, "seen"])
    assert sorted(model_tensors(model, frozen=False)) == sorted(held[:5])
    used = [f"{kind}/{n}" for kind in ("exp_avg", "exp_avg_sq", "step") for n in held[:3]]
    assert sorted(optimizer_tensors(model, optimizer)) == sorted(used)
    assert model_tensors(model)["seen"].item() == 2


def test_model_tensors_are_a_copy_that_training_does_not_change() -> None:
    model, optimizer = begun()
    before = model_tensors(model)
    kept = bits(before)
    steps(model, optimizer, 0, 1)
    assert bits(before) == kept != bits(model_tensors(model))


def test_every_dtype_and_shape_comes_back(tmp_path: Path) -> None:
    group = {
        "bf16": torch.randn(3, 5).bfloat16(),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 4),
        "turned": torch.randn(4, 6).T,
        "nan": torch.tensor([float("nan"), -0.0, float("inf")]),
        "int": torch.arange(3),
        "trains": torch.ones(2, requires_grad=True),
    }
    found = read(write(tmp_path, 0, {"a": group, "none": {}}, {"x": [1, None, "é"], "loss": 0.1 + 0.2})).tensors
    assert {n: (t.shape, t.dtype) for n, t in found["a"].items()} == {n: (t.shape, t.dtype) for n, t in group.items()}
    assert bits(found["a"]) == bits({n: t.detach().contiguous() for n, t in group.items()})
    assert len(found["none"]) == 0
    with pytest.raises(KeyError):
        found["a"]["other"]


def weights(value: float) -> dict[str, dict[str, Tensor]]:
    return {"model": {"w": torch.full((3, 1000), value)}}


def test_the_newest_counts_by_number_and_prune_keeps_what_it_is_told(tmp_path: Path) -> None:
    assert newest(tmp_path / "none") is None
    for step in (2, 9, 10, 100):
        write(tmp_path, step, weights(step), {})
    (tmp_path / "step-200.tmp").mkdir()
    (tmp_path / "step-9.old.tmp").mkdir()
    (tmp_path / "step-best").mkdir()
    assert newest(tmp_path) == tmp_path / "step-100"
    prune(tmp_path, keep=2, also=frozenset({2}))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-10", "step-100", "step-2", "step-best"]
    prune(tmp_path, keep=1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-100", "step-best"]


def test_a_checkpoint_of_the_same_step_is_replaced(tmp_path: Path) -> None:
    write(tmp_path, 5, weights(1) | {"more": {}}, {})
    write(tmp_path, 5, weights(2), {"n": 2})
    found = read(tmp_path / "step-5")
    assert (found.tensors["model"]["w"][0, 0].item(), list(found.tensors), found.state) == (2, ["model"], {"n": 2})
    assert [p.name for p in tmp_path.iterdir()] == ["step-5"]


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda p: flip(p / "model.safetensors"), "model.safetensors has changed"),
        (lambda p: os.truncate(p / "model.safetensors", 100), "model.safetensors has changed"),
        (lambda p: (p / "model.safetensors").unlink(), r"No such file or directory \(model.safetensors\)"),
        (lambda p: (p / "checkpoint.json").unlink(), r"No such file or directory \(checkpoint.json\)"),
        (lambda p: (p / "checkpoint.json").write_text("{"), "Expecting property name"),
        (lambda p: (p / "checkpoint.json").write_text("[]"), "checkpoint.json has changed"),
        (lambda p: (p / "checkpoint.json").write_text("{}"), "checkpoint.json has changed"),
        (lambda p: (p / "checkpoint.json").write_bytes(b"\xff"), "can't decode"),
        (
            lambda p: (p / "checkpoint.json").write_text((p / "checkpoint.json").read_text().replace('"cursor": 1', '"cursor": 2')),
            "checkpoint.json has changed",
        ),
        (lambda p: shutil.rmtree(p), "No such file or directory"),
    ],
)
def test_a_damaged_checkpoint_is_told_in_one_sentence(tmp_path: Path, harm: Callable[[Path], None], said: str) -> None:
    path = write(tmp_path, 7, weights(1), {"cursor": 1})
    harm(path)
    with pytest.raises(Damaged, match=rf"step-7 is damaged: .*{said}.*; remove that directory") as error:
        read(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (lambda: Toy(width=4), r"embed.weight \(\[11, 8\] float32 there, \[11, 4\] float32 here\), norm.bias .* and 1 more|embed.weight"),
        (lambda: Toy().bfloat16(), r"base.bias \(\[2\] float32 there, \[2\] bfloat16 here\)"),
        (lambda: torch.nn.Linear(2, 2), r"base.bias \(only in the checkpoint\), .* and 7 more"),
        (lambda: torch.nn.Sequential(Toy()), r"0.base.bias \(not in the checkpoint\)"),
    ],
)
def test_a_checkpoint_of_another_model_is_refused_and_the_model_left_as_it_was(other: Callable[[], Any], said: str) -> None:
    model, target = Toy(), other()
    before = bits(model_tensors(target))
    with pytest.raises(StoreError, match=rf"the checkpoint is of another model, its tensors do not fit the model: ({said})"):
        load_model_tensors(target, model_tensors(model))
    assert bits(model_tensors(target)) == before


def test_the_state_of_an_optimizer_of_another_model_is_refused_and_nothing_changed() -> None:
    model, optimizer = begun()
    steps(model, optimizer, 0, 1)
    tensors = optimizer_tensors(model, optimizer)
    other = Toy(width=4)
    theirs = make_optimizer(other, weight_decay=0.0)
    with pytest.raises(StoreError, match=r"do not fit the optimizer: exp_avg/embed.weight \(\[11, 8\]"):
        load_optimizer_tensors(other, theirs, tensors)
    assert optimizer_tensors(other, theirs) == {}
    with pytest.raises(StoreError, match="only in the checkpoint"):
        load_optimizer_tensors(other, theirs, {"step/gone": torch.zeros(())})


def test_random_numbers_go_on_through_json() -> None:
    begun()
    np.random.standard_normal()  # leaves a spare normal number behind, which is part of the state
    random.gauss(0, 1)

    def draw() -> list[Any]:
        return [random.random(), random.gauss(0, 1), float(np.random.standard_normal()), np.random.rand(3).tolist(), torch.rand(3).tolist()]

    state = json.loads(json.dumps(rng_state()))
    first = draw()
    assert draw() != first
    set_rng_state(state)
    assert draw() == first


def test_a_disk_that_is_full_leaves_the_older_checkpoints_and_nothing_half_made(tmp_path: Path) -> None:
    write(tmp_path, 1, weights(1), {})
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # the error is another number, the path through the writer the same
    try:
        with pytest.raises(StoreError, match=r"cannot write the checkpoint .*step-2: .*needs 40,000 bytes and [\d,]+ are free") as error:
            write(tmp_path, 2, {"small": {"w": torch.zeros(10)}, "model": {"w": torch.zeros(9_990)}}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert "\n" not in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ["step-1"]
    assert read(tmp_path / "step-1").tensors["model"]["w"].unique().tolist() == [1]


def test_a_kill_at_any_moment_of_a_write_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    tensors = [torch.full((100_000,), float(n)) for n in range(10)]  # made here: torch's threads do not outlive a fork
    first = 0
    write(tmp_path, first, {"model": {"w": tensors[0]}}, {})
    for kill in range(8):
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                for n in range(first + 1, 10**6):
                    write(tmp_path, n, {"model": {"w": tensors[n % 10]}}, {})
            os._exit(1)
        while newest(tmp_path) == tmp_path / f"step-{first}" and os.waitpid(child, os.WNOHANG) == (0, 0):
            time.sleep(0.001)
        time.sleep(kill / 400)  # a write takes some 20 ms
        os.kill(child, signal.SIGKILL)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL  # it did not end by itself
        path = newest(tmp_path)
        assert path is not None
        found = read(path)
        assert found.tensors["model"]["w"].unique().tolist() == [found.step % 10]
        prune(tmp_path, keep=1)
        assert [p.name for p in tmp_path.iterdir()] == [path.name]
        first = found.step
