"""What the training stages of a pipeline run: each function takes a Task and calls a trainer with the numbers of the stage's configuration.

A configuration holds `preset` (a name of train/presets.py), any fields of that preset's settings, any fields of the trainer's Running, and what the docstrings add.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from curate.engines import EngineSettings
from curate.errors import UsageError
from curate.sources import SourceOptions
from curate.stage import Task
from curate.tasks import few_shot, settings, tuples
from curate.templates import Template, read_examples
from train import grpo as rl
from train import presets, prompts
from train import reward_model as rewarding
from train import sft as tuning
from train.evaluate import evaluate as measure

INITS = ("model", "base")


def sft(task: Task) -> None:
    """Fine-tune the input `model` on the samples of all other inputs, but for `validation`; the run is in the directory `run` and its model the output `model`.

    `init` is the name of the input that is fine-tuned in place of `model`: of "model", the one of the stage before, and "base", as the paper has it.
    """
    given = settings(task)
    init = given.pop("init", "model")
    if init not in INITS or init not in task.inputs:
        raise UsageError(f"init is {init!r}: it is one of {', '.join(name for name in INITS if name in task.inputs)}")
    data = [str(path) for name, path in task.inputs.items() if name not in (*INITS, "validation")]
    held = [str(path) for name, path in task.inputs.items() if name == "validation"]
    where = given.pop("where", None)
    chosen, running = split(given, presets.SFT, tuning.Running)
    tuning.sft(str(task.inputs[init]), data, str(task.directory / "run"), chosen, running, where=where, validation=held, say=task.say)


def grpo(task: Task) -> None:
    """Train the input `model` by GRPO on the prompts of all inputs whose names begin with `prompts`; inputs `preference` and `harmlessness` are reward models. `engine`: the fields of EngineSettings but the model;
    `template`: those of curate.templates.Template, with the worked examples of the input `few_shot`, a file; `limit`: prompts that are read.
    """
    given = settings(task)
    examples = read_examples(str(task.inputs["few_shot"])) if "few_shot" in task.inputs else ()
    engine = EngineSettings(**{"model": str(task.inputs["model"]), **tuples(given.pop("engine", {}))})
    limit = given.pop("limit", None)
    chosen, running = split({**given, "template": Template(examples=examples, **given.pop("template", {}))}, presets.GRPO, rl.Running)
    sources = [str(path) for name, path in task.inputs.items() if name.startswith("prompts")]
    models = {name: str(task.inputs[name]) for name in ("preference", "harmlessness") if name in task.inputs}
    asked = prompts.read(sources, SourceOptions(), None, limit)
    rl.grpo(engine, asked, str(task.directory / "run"), chosen, running, reward_models=models, say=task.say)


def reward(task: Task) -> None:
    """Train a reward model on the input `model` from the pairs or labels of all other inputs."""
    given = settings(task)
    data = [str(path) for name, path in task.inputs.items() if name != "model"]
    chosen, running = split(given, presets.REWARD, rewarding.Running)
    rewarding.reward(str(task.inputs["model"]), data, str(task.directory / "run"), chosen, running, say=task.say)


def evaluate(task: Task) -> None:
    """Evaluate the models of all inputs but `prompts` and `few_shot`, by their names, on the prompts, to the output `evaluation`; the configuration has the keywords of train.evaluate.evaluate."""
    given = {**settings(task), **few_shot(task)}
    models = {name: str(path) for name, path in task.inputs.items() if name not in ("prompts", "few_shot")}
    measure(
        list(models.values()),
        str(task.inputs["prompts"]),
        str(task.outputs["evaluation"]),
        labels=list(models),
        **tuples(given),
        quiet=True,
    )


def split(given: Mapping[str, Any], table: Mapping[str, Any], running: type[Any]) -> tuple[Any, Any]:
    """A preset with its changed fields, and the rest as a Running. Raises UsageError for a name that is neither."""
    rest = dict(given)
    name = rest.pop("preset", "small")
    if name not in table:
        raise UsageError(f"unknown preset {name!r}: there are {', '.join(table)}")
    preset = table[name]
    fields = {f.name for f in dataclasses.fields(preset)}
    own = {f.name for f in dataclasses.fields(running)}
    unknown = sorted(set(rest) - fields - own)
    if unknown:
        raise UsageError(f"{unknown[0]} is no setting of this trainer: there are {', '.join(sorted(fields | own))}")
    changed = {key: value for key, value in rest.items() if key in fields}
    return dataclasses.replace(preset, **changed), running(**tuples({key: value for key, value in rest.items() if key not in fields}))
