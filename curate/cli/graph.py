"""`curate graph`: the stages of a pipeline and what is there of them."""

from pathlib import Path

import click

from curate.cli.pipeline_options import pipeline_of, pipeline_options


@click.command("graph")
@pipeline_options
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Also write it as a picture to this file.")
def command(name: str, root: Path | None, settings: tuple[str, ...], svg: Path | None) -> None:
    """Show the stages of PIPELINE: done, running, stopped, stale (made with other numbers) or due, and what each takes."""
    from curate import pipeline as running
    from curate.errors import StoreError
    from curate.report import graph

    pipeline, place = pipeline_of(name, root, settings)
    statuses = running.look(pipeline, place)
    click.echo(graph.text(pipeline, statuses))
    if svg is not None:
        try:
            svg.write_text(graph.svg(pipeline, statuses), "utf-8")
        except OSError as error:
            raise StoreError.writing(svg, error) from error
