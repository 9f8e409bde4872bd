"""What `curate run` and `curate graph` have in common: a pipeline by name, its directory, other numbers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from curate.cli import own_package
from curate.errors import UsageError
from curate.imports import thing
from curate.stage import Pipeline

BUILT_IN = ("r1_toy", "r1_mini", "r1", "distill")  # modules of pipelines/ with a PIPELINE


def pipeline_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """NAME, --root and --set."""
    for decorate in reversed(
        (
            click.argument("name", metavar="PIPELINE"),
            click.option(
                "--root",
                type=click.Path(path_type=Path),
                help="Directory of the results, one below it for each stage.  [default: runs/PIPELINE]",
            ),
            click.option(
                "--set", "settings", multiple=True, metavar="STAGE.FIELD=VALUE", help="Another number; may be given several times."
            ),
        )
    ):
        command = decorate(command)
    return command


def pipeline_of(name: str, root: Path | None, settings: tuple[str, ...]) -> tuple[Pipeline, Path]:
    """The pipeline with its other numbers, and its directory. A file of one's own is code, and is run."""
    if name in BUILT_IN:
        found = own_package(f"pipelines.{name}").PIPELINE
    elif name.endswith(".py"):
        found, _, _ = thing(f"{name}:PIPELINE", "a pipeline")
    else:
        raise UsageError(
            f"there is no pipeline {name!r}: there is {', '.join(BUILT_IN)}, and Python files of your own with a PIPELINE in them (NAME.py)"
        )
    if not isinstance(found, Pipeline):
        raise UsageError(f"PIPELINE in {name} is a {type(found).__name__}, not a curate.stage.Pipeline")
    return found.changed(settings), root or Path("runs") / found.name
