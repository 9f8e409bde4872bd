"""`curate rewrite`: chains and solutions in other words."""

import json
from typing import Any

import click

from curate.cli.engine_options import engine_arguments, model_options, running_options, think_tags_option


@click.command("rewrite")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, help="The directory to make, or to go on with.")
@model_options
@click.option("--tries", type=int, default=2, show_default=True, help="Rewritings that are asked for each sample, until one is right.")
@click.option("--temperature", type=float, default=0.6, show_default=True, help="Of the rewriting model.")
@click.option(
    "--top-p", type=float, default=0.95, show_default=True, help="Sample from the likeliest tokens that together have this probability."
)
@click.option("--max-tokens", type=int, default=16384, show_default=True, help="Tokens of a rewriting, at most.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the run.")
@think_tags_option
@running_options
@click.option(
    "--where",
    help="SQL condition: only samples for which it holds are rewritten, such as \"domain = 'math'\"; the others stay as they are.",
)
@click.option("--overwrite", is_flag=True, help="Remove what is in the directory first.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.option("--json", "as_json", is_flag=True, help="Print everything that was counted as JSON.")
def command(
    inputs: tuple[str, ...],
    output: str,
    tries: int,
    temperature: float,
    top_p: float,
    max_tokens: int,
    seed: int,
    where: str | None,
    overwrite: bool,
    quiet: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Have a model rewrite the chains of the samples in INPUT, and the solutions behind them: one voice, one language, paragraphs that can be read, a solution that stands alone.

    INPUT is a dataset directory of ours; its kept/ is read. What comes back is verified by the sample's own verifier: a rewriting that is right is in kept/, with its parent's id; where no try was right the sample is in rejects/ as it was,
    with the reason not_rewritten. Samples without a chain stay as they are. The replies as they came are in OUT/requests. Filter the result: the rewriter's promises about language and form are not checked here.

    The same command goes on where it stopped and asks nothing twice.
    """
    from curate import api
    from curate.engines import Sampling
    from curate.rewriting import Rewriting

    engine = api.options(**engine_arguments(given)).engine
    rewriting = Rewriting(tries, Sampling(temperature, top_p, max_tokens=max_tokens), seed, where)
    made = api.rewrite(inputs, output, engine=engine, rewriting=rewriting, overwrite=overwrite, quiet=quiet)
    counts = made.stats["rewriting"]
    if as_json:
        click.echo(json.dumps(made.stats, ensure_ascii=False))
    else:
        click.echo(
            f"{counts['rewritten']:,} rewritten, {counts['not_rewritten']:,} not, {counts['as_they_were']:,} as they were, in {output}"
        )
