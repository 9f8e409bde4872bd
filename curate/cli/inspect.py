"""`curate inspect`: what a Parquet file or directory holds."""

import click


@click.command("inspect")
@click.argument("path")
@click.option("--where", metavar="SQL", help="Only rows for which this condition holds, in DuckDB's SQL.")
@click.option("--sample", type=int, default=0, metavar="N", help="Show N rows, drawn at random.")
@click.option("--seed", type=int, default=0, show_default=True, help="Which rows --sample draws.")
@click.option("--columns", metavar="A,B", help="Only these columns are measured and shown.")
@click.option("--rejects", is_flag=True, help="The rows of rejects/ in place of kept/.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(
    context: click.Context, path: str, where: str | None, sample: int, seed: int, columns: str | None, rejects: bool, as_json: bool
) -> None:
    """Show what PATH holds: columns, rows, funnel, yields, pass rates, lengths, verdicts.

    PATH is a dataset directory, finished or still being written, or any Parquet file or directory of Parquet files.
    """
    import json

    from curate.report.inspect import inspect
    from curate.report.inspect_text import render

    chosen = [c.strip() for c in columns.split(",") if c.strip()] if columns else None
    report = inspect(path, where=where, columns=chosen, sample=sample, seed=seed, rejects=rejects)
    click.echo(json.dumps(report) if as_json else render(report).rstrip("\n"))
    if report["problems"]:
        context.exit(1)
