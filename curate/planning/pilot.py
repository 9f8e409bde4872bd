"""The pilot: a few hundred prompts through the first stage of samples that is not done, with that stage's own settings, and through the filters right behind it, before anything else is spent.

The samples are in ROOT/pilot, a directory for each model and set of prompts; the same command goes on with them, and asks only for what is new when N grows. Where the model that the stage will have is not there, the newest one before it stands in, and what
follows from the pilot says so: its pass rates are those of that model.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from curate import tasks
from curate.dataset import Dataset
from curate.errors import EngineError, MissingExtra, NoSandbox, SourceError
from curate.pipeline import content_of, run
from curate.planning.actual import bytes_of
from curate.planning.evidence import Evidence, seen
from curate.planning.known import size_of
from curate.planning.values import Size
from curate.stage import Given, Output, Pipeline, Stage, Status, Task
from curate.storage import LocalPlace

DIRECTORY, SPEED = "pilot", "speed.json"
GENERATE, FILTER, MODEL, PROMPTS = (f"curate.tasks:{name}" for name in ("generate", "filter", "model", "prompts"))


class Piloted(NamedTuple):
    """What came of a pilot: the evidence and how many tokens a second, or a sentence on why there is none."""

    evidence: Evidence | None
    why: str
    stage: Stage | None = None
    rate: float | None = None  # tokens a second, the loading of the model among the seconds
    size: Size | None = None  # of the model that answered


class Unavailable(Exception):
    """Why there is no pilot."""


def pilot(pipeline: Pipeline, root: Path, statuses: Mapping[str, Status], n: int, say: Callable[[str], None]) -> Piloted:
    """A pilot of n prompts. A model, an engine or a data set that is not there makes none; any other CurateError is the caller's, Stopped among them: the same call goes on."""
    stage = next((s for s in pipeline.stages if s.run == GENERATE and statuses[s.name].state != "done"), None)
    if stage is None:
        return Piloted(None, "no pilot: no stage of samples is still to be run")
    try:
        return _run(pipeline, root, dict(statuses), stage, n, say)
    except Unavailable as why:
        return Piloted(None, f"no pilot: {why}", stage)
    except (EngineError, SourceError, MissingExtra, NoSandbox) as error:
        return Piloted(None, f"no pilot: {error}", stage)


def _run(pipeline: Pipeline, root: Path, statuses: dict[str, Status], stage: Stage, n: int, say: Callable[[str], None]) -> Piloted:
    model, stands_for = model_for(pipeline, statuses, stage)
    prompts = stage.inputs.get("prompts")
    if isinstance(prompts, Output) and statuses[prompts.stage].state != "done":
        needed = [s for s in pipeline.upstream(prompts.stage) if statuses[s.name].state != "done"]
        other = next((s.name for s in needed if s.run != PROMPTS), None)
        if other:
            raise Unavailable(f"the prompts of {stage.name} come from the stage {other}, which is not done")
        for status in run(pipeline, root, prompts.stage, say=say):
            statuses[status.stage.name] = status
    inputs = {name: path for name, source in stage.inputs.items() if (path := _path(source, statuses)) is not None}
    if model is not None:
        inputs["model"] = model
    if "prompts" not in inputs:
        raise Unavailable(f"the prompts of {stage.name} are not there")
    settings = {**stage.config, **stage.extent}
    limit = min(n, settings.get("limit") or n)
    contents = {name: content_of(path) for name, path in inputs.items()}
    chosen = replace(stage, config={name: value for name, value in settings.items() if name not in stage.extent and name != "limit"})
    task = _task(chosen, inputs, root / DIRECTORY / chosen.directory(contents), {**stage.extent, "limit": limit})
    say(f"pilot: {limit:,} prompts of {stage.name}{stands_for}, in {task.directory}")
    began, (samples,) = time.perf_counter(), task.outputs.values()
    tasks.generate(task)
    seconds = time.perf_counter() - began
    dataset = Dataset(samples)
    told = dataset.stats["funnel"]
    kept = _filtered(pipeline, statuses, stage, samples, root)
    source = f"a pilot of {told['prompts']:,} prompts of {stage.name}{stands_for}"
    rate = _rate(task.directory, told["tokens"], seconds)
    size = size_of(inputs["model"]) if "model" in inputs else None
    return Piloted(seen(dataset, source, bytes_of(samples), kept), "", stage, rate, size)


def _rate(directory: Path, tokens: int, seconds: float) -> float | None:
    """Tokens a second over all calls that sampled something: the file holds what they have added up to."""
    text = LocalPlace(directory).read(SPEED)
    before = {"tokens": 0, "seconds": 0.0} if text is None else json.loads(text)
    if tokens > before["tokens"]:
        before = {"tokens": tokens, "seconds": before["seconds"] + seconds}
        LocalPlace(directory).write(SPEED, json.dumps(before).encode())
    return before["tokens"] / before["seconds"] if before["seconds"] else None


def model_for(pipeline: Pipeline, statuses: Mapping[str, Status], stage: Stage) -> tuple[Path | None, str]:
    """The model's directory, None where the settings name it, and what is to be said of one that stands in. Raises Unavailable."""
    wanted = stage.inputs.get("model")
    if wanted is None:
        return None, ""
    found = _path(wanted, statuses)
    if found is not None:
        return found, ""
    assert isinstance(wanted, Output)
    upstream = pipeline.upstream(wanted.stage)
    for other in reversed(upstream):
        status = statuses[other.name]
        if "model" in other.outputs and status.state == "done":
            return status.outputs["model"], f", {other.name} in the place of {wanted.stage}"
    for other in upstream:
        given = other.inputs.get("model")
        if isinstance(given, Given) and Path(given.path).is_dir():
            return Path(given.path), f", {Path(given.path).name} in the place of {wanted.stage}"
    named = next((s for s in upstream if s.run == MODEL), None)
    missing = f"{named.name} is {named.config.get('name') or named.inputs.get('model')}" if named else f"{wanted.stage} is not done"
    raise Unavailable(
        f"no model for {stage.name} is on this machine ({missing}): run the stage {named.name if named else wanted.stage} first, or give --pilot 0"
    )


def _filtered(pipeline: Pipeline, statuses: Mapping[str, Status], stage: Stage, samples: Path, root: Path) -> dict[str, tuple[int, int]]:
    """What the filters right behind the stage keep of the pilot's rows, one after another, as (kept, of) by stage; those that need what is not there are left out."""
    there: dict[str, Path] = {stage.name: samples}
    found: dict[str, tuple[int, int]] = {}
    for other in pipeline.stages:
        if other.run != FILTER or len(other.outputs) != 1:
            continue
        inputs = {
            name: there.get(s.stage) if isinstance(s, Output) and s.stage in there else _path(s, statuses)
            for name, s in other.inputs.items()
        }
        rows = [s.stage for name, s in other.inputs.items() if not name.startswith("benchmark") and isinstance(s, Output)]
        if None in inputs.values() or not rows or any(name not in there for name in rows):
            continue
        (output,) = other.outputs
        task = _task(
            other,
            {name: path for name, path in inputs.items() if path is not None},
            root / DIRECTORY / f"{other.name}-{samples.parent.name}",
            {**other.extent, "overwrite": True},
        )
        tasks.filter(task)
        funnel = Dataset(task.outputs[output]).stats["funnel"]
        found[other.name] = (funnel["kept"], funnel["rows"])
        there[other.name] = task.outputs[output]
    return found


def _task(stage: Stage, inputs: Mapping[str, Path], directory: Path, extent: Mapping[str, Any]) -> Task:
    directory.mkdir(parents=True, exist_ok=True)
    return Task(inputs, stage.config, extent, directory, {name: directory / path for name, path in stage.outputs.items()})


def _path(source: Output | Given, statuses: Mapping[str, Status]) -> Path | None:
    """Where an input is, None where it is not there."""
    if isinstance(source, Given):
        return Path(source.path) if Path(source.path).exists() else None
    status = statuses[source.stage]
    return status.outputs[source.name] if status.state == "done" else None
