"""The writers of a run's metrics: every one gets each step once, also when the run is killed and resumed."""

import importlib.util
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from curate.errors import CurateError, MissingExtra, StoreError
from train.logs import EventFiles, Logs, WandB, headline, installed_wandb
from train.rundir import Metrics


def in_tensorboard(directory: Path) -> dict[str, list[tuple[int, float]]]:
    """(step, value) by tag, as TensorBoard shows them."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(str(directory))
    accumulator.Reload()
    return {tag: [(e.step, e.value) for e in accumulator.Scalars(tag)] for tag in accumulator.Tags()["scalars"]}


def test_a_resumed_run_has_each_step_once_everywhere(tmp_path: Path) -> None:
    first = Logs(tmp_path, tensorboard=True)
    for step in range(6):
        first.add(step, {"reward": float(step), "time/step": 1.0})
    with Logs(tmp_path, tensorboard=True) as second:
        second.truncate(4)
        for step in range(4, 8):
            second.add(step, {"reward": step + 0.5, "time/step": 1.0})
    first.close()  # only now: a killed run never does
    wanted = [(s, float(s)) for s in range(4)] + [(s, s + 0.5) for s in range(4, 8)]
    assert [(row["step"], row["reward"]) for row in Metrics.read(tmp_path / "metrics.jsonl")] == wanted
    shown = in_tensorboard(tmp_path / "tensorboard")
    assert shown["reward"] == wanted
    assert [step for step, _ in shown["time/step"]] == list(range(8))


def test_a_step_is_on_disk_at_once_and_not_only_when_the_run_ends(tmp_path: Path) -> None:
    logs = Logs(tmp_path, tensorboard=True)
    logs.add(0, {"loss": 2.0, "grad_norm": math.nan})
    shown = in_tensorboard(tmp_path / "tensorboard")
    assert shown["loss"] == [(0, 2.0)]
    assert math.isnan(shown["grad_norm"][0][1])
    logs.close()


@pytest.mark.parametrize("tensorboard", [False, None])
def test_tensorboard_is_written_where_it_is_installed_unless_told(tmp_path: Path, tensorboard: bool | None) -> None:
    with Logs(tmp_path, tensorboard=tensorboard) as logs:
        logs.add(0, {"loss": 1.0})
    assert (tmp_path / "metrics.jsonl").exists()
    assert (tmp_path / "tensorboard").exists() is (tensorboard is None)


def test_writing_event_files_loads_neither_torch_nor_an_installed_tensorflow(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text("raise SystemExit('tensorflow was imported')")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; from train.logs import EventFiles;"
        "EventFiles(Path(sys.argv[1], 'events')).add(0, {'loss': 1.0}); sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert in_tensorboard(tmp_path / "events") == {"loss": [(0, 1.0)]}


def test_a_directory_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "tensorboard").write_text("a file")
    with pytest.raises(StoreError, match="cannot write"):
        EventFiles(tmp_path / "tensorboard")


class Account:
    """W&B's package and its server: drops steps that it has seen, as W&B does."""

    class Error(Exception):
        pass

    def __init__(self, refuses: str | None = None) -> None:
        self.runs: dict[str, list[tuple[int, dict[str, float]]]] = {}
        self.asked: list[dict[str, Any]] = []
        self.exit_codes: list[int] = []
        self.refuses = refuses

    def init(self, **asked: Any) -> Any:
        if self.refuses:
            raise self.Error(self.refuses)
        self.asked.append(asked)
        self.current = self.runs.setdefault(asked["id"], [])
        return self

    def log(self, values: dict[str, float], step: int) -> None:
        if not self.current or step > self.current[-1][0]:
            self.current.append((step, values))

    def finish(self, exit_code: int) -> None:
        self.exit_codes.append(exit_code)


def test_wandb_has_one_run_a_directory_and_each_step_once(tmp_path: Path) -> None:
    account = Account()
    first = WandB(tmp_path / "out", account)
    for step in range(3):
        first.add(step, {"loss": float(step)})
    second = WandB(tmp_path / "out", account)
    second.truncate(2)
    for step in range(2, 5):
        second.add(step, {"loss": float(step)})
    second.close(failed=False)
    WandB(tmp_path / "other", account).close(failed=True)
    assert list(account.runs.values()) == [[(s, {"loss": float(s)}) for s in range(5)], []]
    assert {a["resume"] for a in account.asked} == {"allow"}
    assert account.exit_codes == [0, 1]


def test_wandb_is_given_metrics_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    monkeypatch.setenv("WANDB_PROJECT", "mine")
    account = Account()
    WandB(tmp_path, account)
    (asked,) = account.asked
    assert asked["project"] == "mine"
    assert asked["settings"] == {"console": "off", "disable_code": True, "disable_git": True}
    assert "k" * 40 not in repr(asked)


def test_an_error_of_wandb_is_one_sentence_without_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "secret0123")
    with pytest.raises(CurateError) as caught:
        WandB(tmp_path, Account(refuses="the key secret0123\nwas refused"))
    assert "the key *** was refused" in str(caught.value)
    assert "WANDB_MODE=offline" in str(caught.value)


@pytest.mark.skipif(importlib.util.find_spec("wandb") is not None, reason="wandb is installed")
def test_wandb_that_is_not_installed_is_said_with_the_line_that_installs_it(tmp_path: Path) -> None:
    with pytest.raises(MissingExtra, match="pip install wandb"):
        installed_wandb()
    with pytest.raises(CurateError, match="pip install wandb"):
        Logs(tmp_path, wandb=True)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (
            {
                "loss": 1e-9,
                "reward": 0.5,
                "pass_rate": 0.25,
                "length": 412.4,
                "entropy": 0.61,
                "kl": 0.00123,
                "clip": 0.001,
                "reward/format": 1.0,
            },
            "reward 0.500  pass 25.0%  length 412  entropy 0.610  kl 0.0012  clip 0.10%",
        ),
        ({"loss": 1.25, "lr": 5e-5, "time/tokens_per_s": 12345.6}, "loss 1.2500  tokens/s 12,346  lr 5.00e-05"),
        ({"loss": math.nan, "grad_norm": math.inf, "skipped": 1.0}, "loss nan  grad inf  skipped 1"),
        ({"no_spread": 1.0, "unscored": 1.0, "loss": 0.0}, "no spread 100%  unscored 100%"),
        ({}, ""),
    ],
)
def test_the_line_for_people(values: dict[str, float], line: str) -> None:
    assert headline(values) == line
