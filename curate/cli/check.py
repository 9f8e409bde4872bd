"""`curate check`: whether a dataset directory is whole."""

import click


@click.command("check")
@click.argument("directory")
@click.pass_context
def command(context: click.Context, directory: str) -> None:
    """Check the files of DIRECTORY against their manifests: sha256, rows, schema, unique ids, completeness.

    Exit code 0 where all is well (warnings leave a dataset whole), 1 with problems, 2 where DIRECTORY is no dataset directory.
    """
    from curate.check import check
    from curate.report.text import visible
    from curate.storage import shown

    report = check(directory)
    for finding in report.findings:
        click.echo(visible(str(finding)))
    problems = len(report.problems)
    read = f"{report.shards:,} shards, {report.files:,} files, {report.rows:,} rows, {report.bytes:,} bytes"
    said = "whole" if not problems else f"not whole, {problems:,} {'problem' if problems == 1 else 'problems'}"
    click.echo(f"{visible(shown(directory))}: {said} ({read})")
    if problems:
        context.exit(1)
