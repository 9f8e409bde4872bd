"""`curate label`: point-wise safety labels, by a judge with a rubric."""

import json
from typing import Any

import click

from curate.cli.engine_options import model_options, running_options, think_tags_option
from curate.cli.judge_options import asking_options, judge_settings


@click.command("label")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, help="The directory to make, or to go on with; also s3://bucket/path.")
@model_options
@click.option("--rubric", help="File that says what is unsafe; default: the one that ships.")
@click.option(
    "--agreement",
    type=float,
    default=0.6,
    show_default=True,
    help="Least share of all votes that must say the same for a label; more than half in any case.",
)
@asking_options(3, "Replies that are asked for each label.")
@think_tags_option
@running_options
@click.option("--rejects", is_flag=True, help="Also read rejected rows.")
@click.option("--where", help="SQL condition: only samples for which it holds are labelled, such as \"domain = 'general'\".")
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="FIELD=COLUMN,...",
    help="Columns of somebody else's set, such as messages=problem,completion=generations; or a ready map, as for curate filter.",
)
@click.option("--overwrite", is_flag=True, help="Remove what is in the directory first.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.option("--json", "as_json", is_flag=True, help="Print everything that was counted as JSON.")
def command(inputs: tuple[str, ...], output: str, mapping: tuple[str, ...], agreement: float, as_json: bool, **given: Any) -> None:
    """Have a judge find each sample in INPUT safe or unsafe by a rubric, and write the samples with their labels to a directory.

    INPUT is a dataset directory of ours (its kept/, with --rejects also its rejects/), or a Parquet or JSON lines file of anyone. The judge is shown the request and the whole answer, its chain included. Both labels are in kept/;
    a sample without one is in rejects/: votes_disagree where fewer votes than --agreement say the same, no_verdict where too few say anything. Unsafe and safe texts written by hand go along, and the run fails if the judge gets too
    many of them wrong.

    The same command goes on where it stopped and asks nothing twice, also with another --agreement.

    Exit code 0 where the labels are written; 1 where the judge is not to be believed, cannot go on or gave no label at all; 2 for what was given wrongly.
    """
    from curate import api
    from curate.cli.filter import foreign_mapping
    from curate.report.preferences import render_labels
    from curate.storage import shown

    engine, settings = judge_settings(given, agreement=agreement)
    made = api.label(inputs, output, engine=engine, settings=settings, mapping=foreign_mapping(mapping), **given)
    if as_json:
        click.echo(json.dumps(made.stats, ensure_ascii=False))
        return
    click.echo(render_labels(made.stats))
    click.echo(f"{made.stats['funnel']['kept']:,} of {made.stats['funnel']['rows']:,} samples labelled in {shown(output)}")
