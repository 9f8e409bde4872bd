"""`curate eval`: how often models are right, side by side."""

from typing import Any

import click

from curate.cli.engine_options import engine_arguments, engine_options, running_options, think_tags_option
from curate.cli.sampling_options import sampling_options, template_options
from curate.cli.source_options import source_options, unsafe_option

MAX_TOKENS = 32768  # of DeepSeek-R1's evaluation, as is what goes before it (arXiv 2501.12948, section D.1)


@click.command("eval")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.argument("prompts")
@click.option("-o", "--output", required=True, help="The directory to make, or to go on with.")
@click.option("-k", "k", type=int, default=16, show_default=True, help="Samples a prompt.")
@engine_options
@sampling_options(MAX_TOKENS)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the run; every request gets a seed of its own from it.")
@template_options
@think_tags_option
@running_options
@click.option("--overwrite", is_flag=True, help="Throw away what these models' directories hold, completions included, and start again.")
@click.option("--quiet", is_flag=True, help="No progress.")
@unsafe_option
@source_options
def command(models: tuple[str, ...], prompts: str, output: str, k: int, **given: Any) -> None:
    """Sample k answers to each prompt of PROMPTS from each MODEL and say how often they are right.

    MODEL is a directory or a hub name, with --engine openai the name that the server knows, with --engine scripted file.py:function. PROMPTS is a source, as for curate generate; prompts that no rule can check are left out and counted.

    pass@1 is the mean over prompts of the share of right samples, with a 95 % interval over prompts; pass@k, for k = 2, 4, .. up to -k, the unbiased estimate. Strict is the verdict, and what was cut off is wrong. Lenient is also
    right by a looser reading where the verifier has one: math and logic take the last line or the last number, choice the last letter, ifeval its loose results. What could not be judged counts nowhere and is told.
    Of several models each is compared with the first on the same prompts.

    OUT/eval.json has every number, OUT/samples.parquet a row a sample, OUT/models a dataset directory a model. The same command goes on where it stopped and pays for nothing twice; a larger -k or one more model reuses what is there.
    """
    from curate.cli import own_package
    from curate.cli.source_options import source_arguments

    source, weights, limit = source_arguments(given)
    evaluated = own_package("train.evaluate").evaluate(
        models, prompts, output, k=k, source=source, weights=weights, limit=limit, **engine_arguments(given), **given
    )
    click.echo(own_package("train.summary").render(evaluated.report), nl=False)
    asked = sum(made.tally.requested for made in evaluated.generated)
    reused = sum(made.tally.reused for made in evaluated.generated)
    click.echo(f"{asked:,} requests to the engines, {reused:,} answered from the log; every number: {output}/eval.json")
