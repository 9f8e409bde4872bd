"""Where the numbers of a training run go: metrics.jsonl always, TensorBoard where it is installed, Weights & Biases where it is asked for.

Departs from the usual writers: a resumed run takes back, everywhere it can, the steps that it will do again, so no step is seen twice. Event
files are written a step at a time with TensorBoard's own record writer: its queueing writer loads TensorFlow where that is installed, and
loses up to two minutes of a run that is killed.
"""

import contextlib
import importlib
import importlib.util
import math
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, NamedTuple, Protocol

from curate.errors import CurateError, MissingExtra, StoreError
from train import PROJECT
from train.rundir import Metrics

Values = Mapping[str, float]


class Writer(Protocol):
    """Takes the metrics of one step after the other."""

    def add(self, step: int, values: Values) -> None:
        """The values of a step, by name."""
        ...

    def truncate(self, step: int) -> None:
        """Take back this step and all after it: they will be done again."""
        ...

    def close(self, *, failed: bool) -> None:
        """Nothing more comes; `failed`: because of an error."""
        ...


class Logs:
    """The metrics of the run in `directory`, to every writer. On a resume, `truncate` comes before the first `add`.

    tensorboard: True or False, None for where it is installed. Raises MissingExtra where a wanted package is not installed, StoreError for a
    directory that cannot be written, CurateError where W&B does not start.
    """

    def __init__(self, directory: Path, *, tensorboard: bool | None = None, wandb: bool = False) -> None:
        self._metrics = Metrics(directory / "metrics.jsonl")
        self._writers: list[Writer] = []
        if tensorboard is None:
            tensorboard = importlib.util.find_spec("tensorboard") is not None
        if wandb:
            self._writers.append(WandB(directory, installed_wandb()))
        if tensorboard:
            self._writers.append(EventFiles(directory / "tensorboard"))

    def add(self, step: int, values: Values) -> None:
        """The metrics of a step (0-based, each step once)."""
        self._metrics.add(step, values)
        for writer in self._writers:
            writer.add(step, values)

    def truncate(self, step: int) -> None:
        """Take back this step and all after it."""
        self._metrics.truncate(step)
        for writer in self._writers:
            writer.truncate(step)

    def close(self, *, failed: bool = False) -> None:
        """End every writer."""
        for writer in self._writers:
            writer.close(failed=failed)

    def __enter__(self) -> "Logs":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close(failed=kind is not None)


class EventFiles:
    """TensorBoard's scalars: a new event file for each process that trains, flushed at every step."""

    def __init__(self, directory: Path) -> None:
        try:
            from tensorboard.compat.proto import event_pb2, summary_pb2
            from tensorboard.summary.writer.record_writer import RecordWriter
        except ImportError as error:
            raise MissingExtra("tensorboard", "train", "writing curves for TensorBoard") from error
        self._event, self._summary, self._log = event_pb2.Event, summary_pb2.Summary, event_pb2.SessionLog
        # TensorBoard takes any name with `tfevents` in it and reads a directory's files in the order of their names: the order of time here.
        self.path = directory / f"events.out.tfevents.{time.time_ns()}"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._writer = RecordWriter(self.path.open("xb"))
        except OSError as error:
            raise StoreError.writing(self.path, error) from error
        self._write(self._event(wall_time=time.time(), file_version="brain.Event:2"))

    def add(self, step: int, values: Values) -> None:
        """One event with the values of a step."""
        scalars = [self._summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        self._write(self._event(wall_time=time.time(), step=step, summary=self._summary(value=scalars)))

    def truncate(self, step: int) -> None:
        """TensorBoard drops what earlier files say of this step and later ones when it reads the start of a session at this step."""
        self._write(self._event(wall_time=time.time(), step=step, session_log=self._log(status=self._log.START)))

    def close(self, *, failed: bool) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):  # every step has been flushed
            self._writer.close()

    def _write(self, event: Any) -> None:
        try:
            self._writer.write(event.SerializeToString())
            self._writer.flush()
        except OSError as error:
            raise StoreError.writing(self.path, error) from error


class WandB:
    """A run at Weights & Biases, one for the directory however often it is resumed.

    Account, project, entity and mode are W&B's own environment variables (WANDB_API_KEY, WANDB_PROJECT, WANDB_ENTITY, WANDB_MODE=offline). Only
    metrics are sent: neither console, code nor git state. `module` is wandb.
    """

    def __init__(self, directory: Path, module: Any) -> None:
        self._module = module
        try:
            self._run = module.init(
                project=os.environ.get("WANDB_PROJECT", PROJECT),
                name=directory.resolve().name,
                dir=str(directory),
                id=_run_id(directory / "wandb" / "run-id"),
                resume="allow",
                settings={"console": "off", "disable_code": True, "disable_git": True},
            )
        except module.Error as error:
            raise CurateError(f"W&B did not start: {_without_key(error)}; without network or account, set WANDB_MODE=offline") from error

    def add(self, step: int, values: Values) -> None:
        """The values of a step; W&B drops those of a step that it has seen, which after a resume are the same."""
        self._run.log(dict(values), step=step)

    def truncate(self, step: int) -> None:
        """Nothing: W&B's steps only grow, so what is done again is dropped in `add`."""

    def close(self, *, failed: bool) -> None:
        """End the run, which waits for what is still to be sent."""
        self._run.finish(exit_code=int(failed))


def installed_wandb() -> ModuleType:
    """The package wandb. Raises MissingExtra where it is not installed."""
    try:
        return importlib.import_module("wandb")
    except ImportError as error:
        raise MissingExtra("wandb", "", "logging to W&B") from error


def _run_id(file: Path) -> str:
    """The id in the file, made at the first call."""
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(secrets.token_hex(8))
        return file.read_text().strip()
    except OSError as error:
        raise StoreError.writing(file, error) from error


def _without_key(error: Exception) -> str:
    """What an error says, on one line and without the account's key."""
    text, key = " ".join(str(error).split()), os.environ.get("WANDB_API_KEY")
    return text.replace(key, "***") if key else text


class Column(NamedTuple):
    """A number in the console's line: metric, what it is called there, and its format."""

    metric: str
    label: str
    form: str


# GRPO's loss is no measure of progress: it is about zero on-policy whatever the policy learns, so it is not shown.
GRPO = (
    Column("reward", "reward", ".3f"),
    Column("pass_rate", "pass", ".1%"),
    Column("no_spread", "no spread", ".0%"),
    Column("length", "length", ".0f"),
    Column("truncated", "truncated", ".0%"),
    Column("unscored", "unscored", ".0%"),
    Column("entropy", "entropy", ".3f"),
    Column("kl", "kl", ".4f"),
    Column("clip", "clip", ".2%"),
    Column("mismatch", "mismatch", ".4f"),
    Column("grad_norm", "grad", ".3g"),
    Column("skipped", "skipped", ".0f"),
    Column("time/step", "seconds", ".1f"),
)
SUPERVISED = (
    Column("loss", "loss", ".4f"),
    Column("val_loss", "val loss", ".4f"),
    Column("time/tokens_per_s", "tokens/s", ",.0f"),
    Column("lr", "lr", ".2e"),
    Column("grad_norm", "grad", ".3g"),
    Column("skipped", "skipped", ".0f"),
)


def headline(values: Values) -> str:
    """The metrics of a step that a person follows, as one line: those of GRPO where there are groups or rewards, else those of a run with a loss."""
    columns = GRPO if values.keys() & {"reward", "no_spread"} else SUPERVISED  # where nothing could be scored there is no reward
    return "  ".join(f"{c.label} {_shown(values[c.metric], c.form)}" for c in columns if c.metric in values)


def _shown(value: float, form: str) -> str:
    return format(value, form) if math.isfinite(value) else str(float(value))
