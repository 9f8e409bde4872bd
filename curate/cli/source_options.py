"""The options that say which prompts are read and how: the same for every command that takes a SOURCE."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from curate.sources import SourceOptions

F = TypeVar("F", bound=Callable[..., Any])


class ColumnMap(click.ParamType[Any]):
    """`field=column,field=column`."""

    name = "field=column,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[tuple[str, str]]:
        pairs = []
        for part in filter(None, str(value).split(",")):
            target, equals, column = part.partition("=")
            if not (target.strip() and equals and column.strip()):
                self.fail(f"{part!r} is not of the form field=column", param, ctx)
            pairs.append((target.strip(), column.strip()))
        return pairs


OPTIONS = (
    click.option(
        "--map",
        "mapping",
        type=ColumnMap(),
        multiple=True,
        help="Which columns to read, such as messages=problem,gold=answer; a.b reaches inside.",
    ),
    click.option(
        "--verifier",
        help="Who checks answers: math, code, choice, logic, ifeval, format, summary, language, or file.py:function; judge: a model, later; none: nobody.",
    ),
    click.option("--where", help="SQL condition over the source's columns, such as 'level >= 3'."),
    click.option("--limit", type=click.IntRange(min=1), help="Prompts to take, over all sources."),
    click.option("--weight", type=float, multiple=True, help="A source's share of --limit, once for each source, in their order."),
    click.option("--split", help="Split of a Hugging Face dataset or of a directory of files."),
    click.option("--config", help="Configuration of a Hugging Face dataset."),
    click.option("--revision", help="Branch, tag or commit of a Hugging Face dataset; it is pinned to a commit."),
    click.option("--domain", help="Domain of all prompts, in place of what the source says."),
    click.option("--language", help="Language of all prompts, such as en, in place of what the source says."),
    click.option(
        "--mode", type=click.Choice(["think", "plain"]), help="Whether a chain of thought is wanted, in place of what the source says."
    ),
    click.option(
        "--constrain",
        is_flag=True,
        help="Add one to three instruction constraints to each prompt; ifeval then checks them, and nothing else.",
    ),
)


def _unsafe(context: click.Context, parameter: click.Parameter, given: bool) -> None:
    if given:
        from curate.sandbox import allow_unsafe

        allow_unsafe()
        click.echo("warning: where no sandbox holds, code that a model wrote runs with all of your rights (--unsafe-no-sandbox)", err=True)


unsafe_option = click.option(
    "--unsafe-no-sandbox",
    is_flag=True,
    expose_value=False,
    callback=_unsafe,
    help="Run code that a model wrote also where no sandbox holds, with all of your rights.",
)


def source_options(command: F) -> F:
    """Add the options to a command; `source_arguments` reads them."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def mapping_of(given: Iterable[Iterable[tuple[str, str]]]) -> dict[str, str]:
    """What all `--map` together say. Raises UsageError for a field that is given twice."""
    from curate.errors import UsageError

    mapping: dict[str, str] = {}
    for target, column in (pair for pairs in given for pair in pairs):
        if target in mapping:
            raise UsageError(f"--map gives {target} twice: {mapping[target]} and {column}")
        mapping[target] = column
    return mapping


def source_arguments(given: dict[str, Any]) -> "tuple[SourceOptions, list[float] | None, int | None]":
    """What the options say: how to read, the weights and the limit over all sources. Takes them out of `given`. Raises UsageError."""
    from curate.sources import SourceOptions

    names = ("verifier", "where", "split", "config", "revision", "domain", "language", "mode", "constrain")
    options = SourceOptions(mapping=mapping_of(given.pop("mapping")), **{name: given.pop(name) for name in names})
    return options, list(given.pop("weight")) or None, given.pop("limit")
