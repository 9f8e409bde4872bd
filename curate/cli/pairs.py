"""`curate pairs`: preference pairs, by a judge that compares two answers in both orders."""

import json
from typing import Any

import click

from curate.cli.engine_options import model_options, running_options, think_tags_option
from curate.cli.judge_options import asking_options, judge_settings

VOTES = 4


@click.command("pairs")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, help="The directory to make, or to go on with; also s3://bucket/path.")
@model_options
@click.option("--rubric", help="File with the rubric that answers are scored by; default: the one that ships.")
@click.option("--pairs-per-prompt", type=int, default=1, show_default=True, help="Pairs of one prompt's samples, at most.")
@click.option("--margin", type=float, default=1.0, show_default=True, help="Keep pairs whose mean scores, of 10, differ by more than this.")
@click.option(
    "--balance-lengths/--any-lengths",
    default=True,
    show_default=True,
    help="Drop pairs until the chosen answers are no longer than the rejected ones on average (mean ln ratio within 0.05), or keep all.",
)
@asking_options(VOTES, "Replies for each pair, an even number: half of them see the answers in either order.")
@think_tags_option
@running_options
@click.option("--rejects", is_flag=True, help="Also read rejected rows, such as wrong answers and those that no rule could decide.")
@click.option("--where", help="SQL condition: only samples for which it holds are compared, such as \"finish_reason = 'stop'\".")
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
def command(inputs: tuple[str, ...], output: str, mapping: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Compare the samples of each prompt in INPUT two by two, and write which one a judge likes better to a directory: kept/ and rejects/, with the reasons in drop_reasons.

    INPUT is a dataset directory of ours (its kept/, with --rejects also its rejects/), or a Parquet or JSON lines file of anyone. It needs several samples of a prompt, sampled beforehand: where nothing can be checked,
    `curate generate PROMPTS --verifier none --open-samples 4` keeps up to four answers that ended by themselves; where answers are checked the wrong ones are read with --rejects, too.

    A judge is shown the responses and no chains, and scores both from 0 to 10. Reasons for rejects: same_text (all samples of the prompt say the same), no_verdict (too few votes could be read), order_disagrees (the better answer is
    another one in the other order), margin, and length_balance. How far the judge goes by place is printed. Pairs written by hand, whose worse answer is known, go along, and the run fails if the judge gets too many of them wrong.

    The same command goes on where it stopped and asks nothing twice, also with another --margin, --pairs-per-prompt or --any-lengths.

    Exit code 0 where the pairs are written; 1 where the judge is not to be believed, cannot go on or gave no verdict at all; 2 for what was given wrongly.
    """
    from curate import api
    from curate.cli.filter import foreign_mapping
    from curate.report.preferences import render_pairs
    from curate.storage import shown

    engine, settings = judge_settings(given)
    made = api.pairs(inputs, output, engine=engine, settings=settings, mapping=foreign_mapping(mapping), **given)
    if as_json:
        click.echo(json.dumps(made.stats, ensure_ascii=False))
        return
    click.echo(render_pairs(made.stats))
    click.echo(f"{made.stats['funnel']['kept']:,} of {made.stats['funnel']['rows']:,} pairs kept in {shown(output)}")
