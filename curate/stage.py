"""A pipeline as a value: stages, the edges between them, and the numbers of each.

A stage names what it runs by import path, as text, so a graph is read, printed and changed without importing a trainer. An edge is a value too: `zero["model"]` is the model that the stage `zero` makes.

Departs from workflow engines in that nothing is declared twice and nothing is stored beside the results. A stage's directory is named after all that its results depend on: its name, what it runs, its configuration, the contents
of its inputs, and the versions of the verifiers, filters and templates that it uses. Whoever changes a number gets another directory, and so does whatever is downstream of it, once its input is there; all else is found done. Code is not hashed (a renamed variable
would run everything again): what changes results carries a version.
"""

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from curate.errors import UsageError
from curate.imports import thing
from curate.records import digest


class Output(NamedTuple):
    """What a stage makes, as an input of another."""

    stage: str
    name: str


class Given(NamedTuple):
    """A file or directory from outside the pipeline; `--set stage.input=PATH` names another one."""

    path: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a pipeline, from directories to directories.

    `run` is the import path (module:function) of what is called with a Task. `config` is what the results depend on, `extent` what they do not (where a server is, how many work at once); both of JSON values. `outputs`: name and path
    below the stage's directory of all that later stages may take. `uses`: import paths (module:NAME) of the versions of verifiers, filters and templates that are at work in it. `about`: a line for a person.
    """

    name: str
    run: str
    inputs: Mapping[str, Output | Given] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    extent: Mapping[str, Any] = field(default_factory=dict)
    uses: tuple[str, ...] = ()
    about: str = ""

    def __getitem__(self, name: str) -> Output:
        """An output, to be an input of another stage. Raises UsageError where the stage makes none of that name."""
        if name not in self.outputs:
            raise UsageError(f"the stage {self.name} makes no {name!r}: it makes {', '.join(self.outputs) or 'nothing'}")
        return Output(self.name, name)

    def identity(self, contents: Mapping[str, str]) -> dict[str, Any]:
        """All that the results depend on, given the digests of the inputs. Raises UsageError where a version in `uses` cannot be read."""
        versions = {name: str(thing(name, "a version")[0]) for name in self.uses}
        found = {"name": self.name, "run": self.run, "config": self.config, "inputs": contents, "versions": versions}
        return json.loads(json.dumps(found, default=_mapping))  # type: ignore[no-any-return]  # as it will be read again

    def directory(self, contents: Mapping[str, str]) -> str:
        """The name of the directory of these results."""
        return f"{self.name}-{digest(self.identity(contents))[:10]}"


class Task(NamedTuple):
    """What the function of a stage is called with. It writes below `directory`, the declared outputs among it, and tells `say` how far it is; called again after it was stopped, it goes on.

    `took`: the seconds of each stage before it, in their order, over all attempts that were not killed; for reports, results do not depend on it.
    """

    inputs: Mapping[str, Path]
    config: Mapping[str, Any]
    extent: Mapping[str, Any]
    directory: Path
    outputs: Mapping[str, Path]
    say: Callable[[str], None] = print
    took: Mapping[str, float] = {}


State = Literal["done", "stopped", "running", "due", "stale"]


class Status(NamedTuple):
    """A stage as the directory has it. `due`: nothing was made of it yet; `stale`: all there is was made with other numbers or inputs. `directory`: where its results are or will be, None while an input of it is not there."""

    stage: Stage
    state: State
    directory: Path | None
    record: Mapping[str, Any]
    contents: Mapping[str, str] = {}  # digests of the inputs, where all are there

    @property
    def outputs(self) -> dict[str, Path]:
        """Where the declared outputs are or will be."""
        assert self.directory is not None
        return {name: self.directory / path for name, path in self.stage.outputs.items()}

    @property
    def seconds(self) -> float | None:
        """The time that all attempts took together, None where none is known; of one that was killed nothing is."""
        known = [attempt["seconds"] for attempt in self.record.get("attempts", []) if "seconds" in attempt]
        return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Stages in the order in which they run: each takes what stages before it make. Raises UsageError where one does not, for two of one name, and for values that are not JSON."""

    name: str
    stages: tuple[Stage, ...]
    about: str = ""

    def __post_init__(self) -> None:
        before: dict[str, Stage] = {}
        for stage in self.stages:
            if stage.name in before:
                raise UsageError(f"the pipeline {self.name} has two stages named {stage.name}")
            for name, source in stage.inputs.items():
                if isinstance(source, Given):
                    continue
                if source.stage not in before:
                    raise UsageError(f"the input {name} of {stage.name} is from {source.stage}, which is no stage before it")
                before[source.stage][source.name]
            for what, values in (("config", stage.config), ("extent", stage.extent)):
                _require_json(f"the {what} of {stage.name}", values)
            before[stage.name] = stage

    def __getitem__(self, name: str) -> Stage:
        """The stage of that name. Raises UsageError."""
        found = next((stage for stage in self.stages if stage.name == name), None)
        if found is None:
            raise UsageError(f"the pipeline {self.name} has no stage {name!r}{_meant(name, [s.name for s in self.stages])}")
        return found

    def upstream(self, name: str) -> tuple[Stage, ...]:
        """The stage and all that it needs, in their order."""
        wanted = {self[name].name}
        for stage in reversed(self.stages):
            if stage.name in wanted:
                wanted |= {source.stage for source in stage.inputs.values() if isinstance(source, Output)}
        return tuple(stage for stage in self.stages if stage.name in wanted)

    def at(self, name: str, about: str, stages: Mapping[str, Mapping[str, Any]], before: Sequence[Stage] = ()) -> "Pipeline":
        """The same graph at another scale: of the stages that are named, the fields of Stage that are given, each as a whole; `before` are stages that come first, also in place of those of their names. Raises UsageError for a stage or field that there is not."""
        changed = {stage.name: stage for stage in self.stages}
        known = {f.name for f in fields(Stage)} - {"name"}
        for stage, other in stages.items():
            unknown = sorted(set(other) - known)
            if unknown:
                raise UsageError(f"a stage has no {unknown[0]!r}{_meant(unknown[0], sorted(known))}")
            changed[stage] = replace(self[stage], **other)
        first = {stage.name for stage in before}
        return Pipeline(name, (*before, *(stage for stage in changed.values() if stage.name not in first)), about)

    def changed(self, settings: Sequence[str]) -> "Pipeline":
        """The same with other numbers, each as `stage.field=value` (`stage.field.key=value` inside a mapping); a value has the type of the one that it replaces. `stage.input=PATH` is another file or directory for an input that is given.

        Raises UsageError.
        """
        stages = {stage.name: stage for stage in self.stages}
        for setting in settings:
            where, equals, text = setting.partition("=")
            stage, *path = where.split(".")
            if not equals or not path:
                raise UsageError(f"--set takes stage.field=value, not {setting!r}")
            self[stage]
            stages[stage] = _changed(stages[stage], path, text)
        return replace(self, stages=tuple(stages.values()))


def _changed(stage: Stage, path: Sequence[str], text: str) -> Stage:
    """The stage with one value replaced."""
    label = f"{stage.name}.{'.'.join(path)}"
    if path[0] in stage.config:
        return replace(stage, config=_put(stage.config, path, text, label))
    if path[0] in stage.extent:
        return replace(stage, extent=_put(stage.extent, path, text, label))
    given = [name for name, source in stage.inputs.items() if isinstance(source, Given)]
    if path[0] in given and len(path) == 1:
        return replace(stage, inputs={**stage.inputs, path[0]: Given(text)})
    known = [*stage.config, *stage.extent, *given]
    raise UsageError(f"the stage {stage.name} has no {path[0]!r}{_meant(path[0], known)}")


def _put(values: Mapping[str, Any], path: Sequence[str], text: str, label: str) -> dict[str, Any]:
    name, *rest = path
    if name not in values:
        raise UsageError(f"there is no {label}{_meant(name, list(values))}")
    old = values[name]
    if rest:
        if not isinstance(old, Mapping):
            raise UsageError(f"{label} does not exist: {name} is {json.dumps(old)} and holds nothing")
        return {**values, name: _put(old, rest, text, label)}
    return {**values, name: _typed(old, text, label)}


def _typed(old: Any, text: str, label: str) -> Any:
    """A text as a value of the type of `old`."""
    if isinstance(old, str):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        if old is None:
            return text
        value = text
    numbers = isinstance(old, int | float) and not isinstance(old, bool)
    if numbers and isinstance(value, int | float) and not isinstance(value, bool):
        if isinstance(old, float):
            return float(value)
        if isinstance(value, int):
            return value
    elif old is None or type(value) is (list if isinstance(old, tuple) else dict if isinstance(old, Mapping) else type(old)):
        return value
    raise UsageError(f"{label} is {json.dumps(old, default=_mapping)} and cannot become {text!r}: it takes {_kind(old)}")


def _kind(value: Any) -> str:
    kinds = (
        (bool, "true or false"),
        (int, "a whole number"),
        (float, "a number"),
        (Mapping, "a JSON object"),
        (list | tuple, "a JSON list"),
    )
    return next((said for kind, said in kinds if isinstance(value, kind)), "JSON")


def _require_json(what: str, values: Mapping[str, Any]) -> None:
    try:
        json.dumps(values, allow_nan=False, default=_mapping)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{what} is not made of JSON values: {error}") from error


def _mapping(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} is none")


def _meant(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {close[0]}?" if close else f": it has {', '.join(known)}" if known else ""
