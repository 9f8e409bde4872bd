"""`curate doctor`: what can run here, and with --base-url what an endpoint does."""

import json
from typing import Any

import click


@click.command("doctor")
@click.option(
    "--base-url", metavar="URL", help="Also ask this OpenAI-compatible endpoint what it does; its key is read from OPENAI_API_KEY."
)
@click.option("--model", metavar="NAME", help="The model to ask there.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="How long one answer may take.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(base_url: str | None, model: str | None, timeout: float, as_json: bool) -> None:
    """Say what is installed, which engines and sandboxes can run here, and what to install for the rest.

    With --base-url and --model it sends short requests to the endpoint and reports whether it returns the chain of thought, which settings it takes, and what it refuses.
    """
    from curate import doctor
    from curate.errors import UsageError

    if (base_url is None) != (model is None):
        raise UsageError("--base-url and --model belong together: give both to ask an endpoint, or neither")
    report: dict[str, Any] = doctor.examine()
    if base_url is not None and model is not None:
        report["endpoint"] = doctor.ask(base_url, model, timeout=timeout)
    click.echo(json.dumps(report, indent=2) if as_json else doctor.as_text(report))
