"""`curate plan`: what a pipeline will take and make, before it is run."""

import json
from pathlib import Path

import click

from curate.cli import own_package
from curate.cli.pipeline_options import pipeline_of, pipeline_options

PAPER = "r1"  # the pipeline that is at the paper's scale, so that its hours can stand beside the paper's


@click.command("plan")
@pipeline_options
@click.option(
    "--pilot",
    "n",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    help="Prompts that are sampled before anything else; 0: none.",
)
@click.option(
    "--price",
    nargs=2,
    type=click.FloatRange(min=0),
    metavar="IN OUT",
    help="USD per million tokens that a server reads and writes, for the stages that ask one.",
)
@click.option(
    "--hour-price", type=click.FloatRange(min=0), help="USD per hour of this machine or of an accelerator; the paper's is 2 for an H800."
)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def command(
    name: str,
    root: Path | None,
    settings: tuple[str, ...],
    n: int,
    price: tuple[float, float] | None,
    hour_price: float | None,
    as_json: bool,
) -> None:
    """Say what PIPELINE will take: samples, tokens, disk, hours or money, and the rows that it will accept, stage by stage.

    Numbers are those of stages that are done, else of a pilot, else assumptions with their source; each says which. The pilot samples a few prompts of the first stage of samples that is not done, with the model that is there, into ROOT/pilot; where no model is there, the plan
    says so and goes without. With --pilot 0 nothing is asked and nothing is loaded. Of stages that are done, what was planned stands beside what came. The plan is kept in ROOT/plan.json.
    """
    from curate.planning import plan, report
    from curate.planning.stages import STAGES

    pipeline, place = pipeline_of(name, root, settings)
    paper = own_package("pipelines.paper")
    read, written = price or (None, None)
    made = plan.make(
        pipeline,
        place,
        {**STAGES, **own_package("train.planning").STAGES},
        paper.ASSUMED,
        n=n,
        spending=plan.Spending(read, written, hour_price),
        paper=paper.HOURS if name == PAPER else (),
        say=lambda line: click.echo(line, err=True),
    )
    click.echo(json.dumps(made.as_dict(), indent=1, ensure_ascii=False) if as_json else report.text(made))
