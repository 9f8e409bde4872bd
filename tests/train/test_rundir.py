"""Who may work in a run's directory, which run may go on in it, and its file of numbers."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from curate.errors import CurateError, Damaged, IdentityMismatch, StoreError, UsageError
from train.rundir import OURS, Metrics, RunDirectory

IDENTITY = {"model": "sha256:1", "betas": (0.9, 0.95), "lr": 1e-5}


def run(path: Path, identity: Any = IDENTITY, told: Any = None, kind: Any = "sft", overwrite: bool = False) -> RunDirectory:
    return RunDirectory(path, identity, told or {}, kind=kind, overwrite=overwrite)


def test_a_run_goes_on_with_the_same_identity_and_newer_told(tmp_path: Path) -> None:
    with run(tmp_path / "a" / "run", told={"out": 1}) as first:
        assert json.loads((first.path / "run.json").read_text())["told"] == {"out": 1}
        assert first.checkpoints.is_dir()
        assert not first.finished
        first.model.mkdir()
    with run(tmp_path / "a" / "run", told={"out": 2}) as second:
        said = json.loads((second.path / "run.json").read_text())
        assert said == {
            "version": 1,
            "kind": "sft",
            "identity": {"model": "sha256:1", "betas": [0.9, 0.95], "lr": 1e-5},
            "told": {"out": 2},
        }
        assert second.finished


def test_making_it_touches_nothing(tmp_path: Path) -> None:
    assert run(tmp_path / "run").metrics == tmp_path / "run" / "metrics.jsonl"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"lr": 2e-5}, "sft", r"another configuration: lr \(1e-05 there, 2e-05 now\)\. Give another directory, or --overwrite"),
        ({"lr": 2e-5, "model": "sha256:2"}, "sft", r'lr \(.*; model \("sha256:1" there, "sha256:2" now\)'),
        ({"new": True}, "sft", r"new \(null there, true now\)"),
        ({}, "grpo", "holds a run of sft, not a run of grpo"),
    ],
)
def test_another_run_in_the_directory_is_refused_by_the_fields(tmp_path: Path, change: Any, kind: str, said: str) -> None:
    with run(tmp_path):
        pass
    before = (tmp_path / "run.json").read_bytes()
    with pytest.raises(IdentityMismatch, match=said), run(tmp_path, IDENTITY | change, kind=kind):
        pass
    assert (tmp_path / "run.json").read_bytes() == before
    with run(tmp_path):  # the refusal let the lock go
        pass


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    with run(tmp_path), pytest.raises(StoreError, match="another run is working in"), run(tmp_path, overwrite=True):
        pass
    with run(tmp_path):
        pass


def test_overwrite_removes_what_a_run_left_and_nothing_else(tmp_path: Path) -> None:
    with run(tmp_path):
        pass
    for name in OURS:
        if "." in name:
            (tmp_path / name).write_bytes((tmp_path / "run.json").read_bytes())
        else:
            (tmp_path / name / "x").mkdir(parents=True)
    (tmp_path / "notes.txt").write_text("mine")
    with run(tmp_path, {"lr": 1}, kind="grpo", overwrite=True) as other:
        assert sorted(p.name for p in tmp_path.iterdir()) == [".lock", "checkpoints", "notes.txt", "run.json"]
        assert list(other.checkpoints.iterdir()) == []


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_directory_of_something_else_is_refused_and_kept(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(StoreError, match="not empty and holds no training run"), run(tmp_path, overwrite=overwrite):
        pass
    assert (tmp_path / "model").is_dir()


@pytest.mark.parametrize("text", ["", "[]", '{"kind": "sft"}', '{"version": 9, "kind": "sft", "identity": {}, "told": {}}'])
def test_a_run_json_that_is_not_ours_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(StoreError, match=r"run\.json is not that of a training run|has version 9"), run(tmp_path):
        pass


@pytest.mark.parametrize(("path", "error"), [("s3://KEY:hidden@bucket/run", UsageError), ("file", StoreError)])
def test_a_place_that_is_no_directory_of_this_machine_is_refused(tmp_path: Path, path: str, error: type[CurateError]) -> None:
    (tmp_path / "file").touch()
    where = path if ":" in path else tmp_path / path
    with pytest.raises(error, match="directory") as told, RunDirectory(where, {}, {}, kind="sft"):
        pass
    assert "hidden" not in str(told.value)


def test_metrics_go_back_to_a_step_and_a_torn_line_is_repaired(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    assert Metrics.read(path) == []
    metrics = Metrics(path)
    for step in range(4):
        metrics.add(step, {"loss": step / 3, "grad_norm": math.nan if step == 1 else 1.0})
    whole = path.read_bytes()
    assert [line["grad_norm"] for line in Metrics.read(path)] == [1.0, None, 1.0, 1.0]
    path.write_bytes(whole + b'{"step": 4, "lo')
    assert [line["step"] for line in Metrics.read(path)] == [0, 1, 2, 3]
    metrics = Metrics(path)
    assert path.read_bytes() == whole
    metrics.truncate(2)
    metrics.add(2, {"loss": 0.5})
    assert [(line["step"], line["loss"]) for line in Metrics.read(path)] == [(0, 0.0), (1, 1 / 3), (2, 0.5)]


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"loss": 1}', '{"step": null}'])
def test_a_line_in_the_middle_that_cannot_be_read_is_told_by_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(f'{{"step": 0}}\n{line}\n{{"step": 1}}\n')
    with pytest.raises(Damaged, match="line 2 of"):
        Metrics.read(path)
