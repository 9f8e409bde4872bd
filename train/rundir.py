"""The directory of a training run: who may work in it, what it was begun with, where its parts are, and a line of numbers for every step.

run.json          kind, identity (what the model is a function of: it must not change) and told (all else that is worth knowing)
metrics.jsonl     one line a step
checkpoints/      see train/checkpoint.py
weights/  rollouts/  tensorboard/  wandb/  report.html  curves.png
model/            the model, once the run has ended
"""

import json
import math
import os
from collections.abc import Mapping
from contextlib import ExitStack
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from curate.config import Config, compare
from curate.errors import Damaged, StoreError, UsageError
from curate.storage import LocalPlace, is_address, shown

VERSION = 1  # of run.json
OURS = (
    "run.json",
    "metrics.jsonl",
    "checkpoints",
    "data",
    "weights",
    "rollouts",
    "tensorboard",
    "wandb",
    "report.html",
    "curves.png",
    "model",
    "model.tmp",
)


class RunDirectory:
    """A run's directory. Making it touches nothing; one process enters it, and until it leaves no other may.

    Entering raises IdentityMismatch, naming the fields, where another run was begun there, and StoreError where another process works in it or where it holds something else. `overwrite` removes what a run left there.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        identity: Mapping[str, Any],
        told: Mapping[str, Any],
        *,
        kind: Literal["sft", "grpo", "reward"],
        overwrite: bool = False,
    ) -> None:
        if is_address(os.fspath(path)):
            raise UsageError(f"a training run works in a directory of this machine, and {shown(os.fspath(path))} is an address")
        self._place = LocalPlace(Path(path))
        self._said = json.loads(json.dumps({"version": VERSION, "kind": kind, "identity": identity, "told": told}))  # as it will be read
        self._overwrite = overwrite
        self._held = ExitStack()
        self.path = self._place.path
        self.metrics = self.path / "metrics.jsonl"
        self.checkpoints = self.path / "checkpoints"
        self.model = self.path / "model"

    @property
    def finished(self) -> bool:
        """Whether the run has ended and its model is there."""
        return self.model.is_dir()

    def __enter__(self) -> "RunDirectory":
        if self.path.exists() and not self.path.is_dir():
            raise StoreError(f"{self.path} is a file: give a directory")
        with self._held:
            self._held.enter_context(self._place.held())
            self._begin()
            self._held = self._held.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._held.close()

    def _begin(self) -> None:
        before = self._place.read("run.json")
        if before is None and any(p.name != ".lock" for p in self.path.iterdir()):
            raise StoreError(f"{self.path} is not empty and holds no training run: give another directory")
        if before is not None and self._overwrite:
            for name in OURS[1:] + OURS[:1]:  # run.json last: a directory that is half removed is still known for ours
                self._place.delete(name)
        elif before is not None:
            compare(self.path, self._read(before), _config(self._said))
        self._place.write("run.json", (json.dumps(self._said, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())
        self.checkpoints.mkdir(exist_ok=True)

    def _read(self, text: bytes) -> Config:
        try:
            found = json.loads(text.decode("utf-8"))
            config = _config(found)
            version = found["version"]
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{self.path}/run.json is not that of a training run; give another directory") from error
        if version != VERSION:
            raise StoreError(
                f"{self.path} has version {version}, this release reads {VERSION}: use the release that made it, or another directory"
            )
        return config


def _config(said: Mapping[str, Any]) -> Config:
    return Config(f"a run of {said['kind']}", said["identity"], said["told"])


class Metrics:
    """The file of a run's numbers: a line of JSON for each optimizer step, written when the step is done. Its writer repairs the last line where a killed run tore it.

    JSON has no number for NaN and infinities: they are written as null. A loss of power may take the last lines, a kill none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.truncate(None)

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Append what is known of step `step`, counted from 0."""
        line = {"step": step} | {name: value if math.isfinite(value) else None for name, value in values.items()}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def truncate(self, step: int | None) -> None:
        """Drop the lines of step `step` and later ones: a run that goes on from a checkpoint does these steps again. With None, only what a kill left of a line."""
        lines = [line for line in Metrics.read(self.path) if step is None or line["step"] < step]
        text = "".join(json.dumps(line) + "\n" for line in lines).encode()
        if self.path.exists() and text != self.path.read_bytes():
            LocalPlace(self.path.parent).write(self.path.name, text)

    @staticmethod
    def read(path: Path) -> list[dict[str, Any]]:
        """The lines in the order of the steps; a last line that is torn is left out, and no file has none. Raises Damaged for any other that cannot be read."""
        lines = path.read_bytes().split(b"\n") if path.exists() else []
        found = []
        for number, line in enumerate(lines[:-1], 1):  # what follows the last line's end is empty, or torn
            try:
                value = json.loads(line)
                found.append({"step": int(value["step"])} | value)
            except (ValueError, KeyError, TypeError) as error:
                raise Damaged(f"line {number} of {path} is not one of a run's metrics: remove it") from error
        return found
