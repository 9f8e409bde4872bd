"""What the trainers' commands share: options, a preset with the settings given in its place, and how a run ends."""

import dataclasses
import json
import math
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from curate.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

COMPUTING = (
    click.option(
        "--dtype",
        type=click.Choice(["bfloat16", "float32"]),
        default="bfloat16",
        show_default=True,
        help="Of the matrix products; weights are held in float32.",
    ),
    click.option(
        "--gradient-checkpointing/--no-gradient-checkpointing",
        default=None,
        help="Compute activations twice to save memory; default: on a GPU.",
    ),
    click.option(
        "--fsdp", "sharded", is_flag=True, help="Under torchrun: shard the model over the processes (FSDP2) instead of copying it (DDP)."
    ),
)
ENDING = (
    click.option("--wandb", is_flag=True, help="Also log to Weights & Biases."),
    click.option("--overwrite", is_flag=True, help="Remove what an earlier run left in the directory first."),
    click.option("--quiet", is_flag=True, help="No line for each step."),
    click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON."),
)


def computing_options(command: F) -> F:
    """Add the options that say how a trainer computes."""
    for option in reversed(COMPUTING):
        command = option(command)
    return command


def ending_options(command: F) -> F:
    """Add the options that say where a run's numbers go."""
    for option in reversed(ENDING):
        command = option(command)
    return command


def settings_of(presets: Mapping[str, Any], name: str, given: dict[str, Any]) -> Any:
    """The preset with what was given in its place, which is taken out of `given`. Raises UsageError for a name that is none and a value that makes no sense."""
    if name not in presets:
        raise UsageError(f"there is no preset {name!r}: one of {', '.join(presets)}")
    fields = [f.name for f in dataclasses.fields(presets[name])]
    values = {f: value for f in fields if (value := given.pop(f, None)) is not None}
    for field, value in values.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool) and not (math.isfinite(value) and value >= 0):
            raise UsageError(f"--{field.replace('_', '-')} must be a number of 0 or more, not {value}")
    for field in ("lr", "epochs", "batch", "max_tokens", "steps", "prompts", "group", "reuse", "temperature"):
        if values.get(field) == 0:
            raise UsageError(f"--{field.replace('_', '-')} must be above 0")
    return dataclasses.replace(presets[name], **values)


def concluded(made: Mapping[str, Any], output: str, *, as_json: bool) -> None:
    """Draw the run's curves and say what came of it: by one of the processes that torchrun started."""
    from pathlib import Path

    from curate.cli import own_package

    if os.environ.get("RANK", "0") != "0":
        return
    pages = own_package("train.curves").report(Path(output))
    click.echo(json.dumps(made) if as_json else f"the model is in {made['model']}; its curves are in {', '.join(p.name for p in pages)}")
