"""`curate run`: run what is missing of a pipeline."""

from pathlib import Path

import click

from curate.cli.pipeline_options import pipeline_of, pipeline_options


@click.command("run")
@pipeline_options
@click.argument("stage", required=False)
@click.option("--dry-run", is_flag=True, help="Say what would run, and run nothing.")
@click.option("--quiet", is_flag=True, help="No lines about the stages.")
def command(name: str, root: Path | None, settings: tuple[str, ...], stage: str | None, dry_run: bool, quiet: bool) -> None:
    """Run what is missing of PIPELINE, or of one STAGE of it and what that needs.

    PIPELINE is r1_toy, r1_mini, r1, distill, or a Python file of your own with a `PIPELINE` (curate.stage.Pipeline) in it. Such a file is code, and is run.

    What is done is not run again. Another number (--set) runs its stage and what is downstream of it, beside what was there. After a stop, of whatever kind, the same command goes on.
    """
    from curate import pipeline as running

    pipeline, place = pipeline_of(name, root, settings)
    if dry_run:
        names = {s.name for s in pipeline.upstream(stage)} if stage else {s.name for s in pipeline.stages}
        for status in running.look(pipeline, place):
            if status.stage.name in names:
                todo = "is done" if status.state == "done" else "goes on" if status.state == "stopped" else "runs"
                click.echo(f"{status.stage.name}: {todo}{f' ({status.stage.about})' if status.stage.about else ''}")
        return
    running.run(pipeline, place, stage, say=(lambda line: None) if quiet else click.echo)
