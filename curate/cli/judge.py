"""`curate judge`: how far a model can be trusted as a judge."""

import json
from typing import TYPE_CHECKING, Any

import click

from curate.cli.engine_options import engine_arguments, model_options, running_options, think_tags_option

if TYPE_CHECKING:
    from curate.filters.judge import Limits, Measured

INTERRUPTED = 130
TASKS = ("correctness", "mixed_language", "long_paragraph", "code_block", "quality")
LIMITS = ("false_positive", "false_negative", "no_verdict", "order_changed", "pairs_wrong")


@click.command("judge")
@click.argument("pairs", required=False, metavar="[PAIRS]")
@click.option(
    "--calibrate", "calibrating", is_flag=True, help="Measure the judge on pairs of a good and a bad text; all that this command does."
)
@model_options
@click.option(
    "--task",
    "tasks",
    type=click.Choice(TASKS),
    multiple=True,
    help="What to measure; several may be given. Default: all that there are pairs for.",
)
@click.option("--rubric", help="File with the rubric for quality; default: the one that ships.")
@click.option("--votes", type=int, default=3, show_default=True, help="Replies that are asked for each verdict.")
@click.option("--temperature", type=float, default=0.6, show_default=True, help="0: always the likeliest token, so one vote is enough.")
@click.option(
    "--top-p", type=float, default=0.95, show_default=True, help="Sample from the likeliest tokens that together have this probability."
)
@click.option("--max-tokens", type=int, default=4096, show_default=True, help="Tokens a reply, at most, its chain of thought included.")
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Of the run: boundaries, planted samples and requests get theirs from it."
)
@click.option("--prefill", is_flag=True, help="Begin the JSON of each reply, for a judge that does not think first.")
@think_tags_option
@running_options
@click.option("--max-false-positive", type=float, help="Bad texts that may pass.  [default: 0.05]")
@click.option("--max-false-negative", type=float, help="Good texts that may fail.  [default: 0.15]")
@click.option("--max-no-verdict", type=float, help="Texts that may stay without a verdict.  [default: 0.1]")
@click.option("--max-order-changed", type=float, help="Verdicts that may change with the order of the pieces.  [default: 0.1]")
@click.option("--max-pairs-wrong", type=float, help="Pairs whose good text may fail to score higher.  [default: 0.2]")
@click.option("--json", "as_json", is_flag=True, help="Print everything that was measured as JSON.")
@click.pass_context
def command(
    context: click.Context,
    /,
    pairs: str | None,
    calibrating: bool,
    tasks: tuple[str, ...],
    rubric: str | None,
    votes: int,
    temperature: float,
    top_p: float,
    max_tokens: int,
    seed: int,
    prefill: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Measure a judge: how often it passes what is bad, fails what is good, says nothing, or changes its mind with the order.

    PAIRS is a JSON lines file with task, question, good, bad and, for correctness, reference; without it the pairs that ship are used. To each pair come texts made by rule: a wrong answer or a flawed
    chain, and one that tries to talk the judge round. Shares are of the texts with a verdict, with their 95 % intervals.

    Exit code 0 where every measured share keeps within its limit, 1 where one does not or nothing got a verdict, 2 for what was given wrongly.
    """
    from curate import api
    from curate.engines import open_engine
    from curate.errors import UsageError
    from curate.filters.judge import NAMES, Limits, Settings, calibrate, read_pairs
    from curate.running import run_async

    if not calibrating:
        raise UsageError("curate judge measures a judge: give --calibrate")
    limits = Limits(**{name: value for name in LIMITS if (value := given.pop(f"max_{name}")) is not None})
    options = api.options(**engine_arguments(given), temperature=temperature, top_p=top_p, max_tokens=max_tokens, seed=seed)
    settings = Settings(
        votes=votes,
        seed=seed,
        sampling=options.sampling,
        max_concurrent=options.engine.max_concurrent,
        think_tags=options.engine.think_tags,
        prefill=prefill,
    )
    known = read_pairs(pairs, tasks or NAMES)
    try:
        found = run_async(calibrate(open_engine(options.engine), known, settings, rubric=rubric))
    except KeyboardInterrupt:
        click.echo("error: interrupted: the judge was not measured", err=True)
        context.exit(INTERRUPTED)
    failures = [sentence for measured in found for sentence in measured.failures(limits)]
    if as_json:
        report = {"tasks": [measured.as_dict() for measured in found], "limits": limits._asdict(), "failures": failures}
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        _print(found, limits, failures)
    if failures:
        context.exit(1)


def _print(found: "list[Measured]", limits: "Limits", failures: list[str]) -> None:
    from curate.report.text import percent, table, visible

    click.echo(f"judge: {visible(found[0].judge)}")
    for measured in found:
        click.echo(f"\n{visible(measured.template)}: {measured.pairs:,} pairs")
        allowed = limits._asdict()
        rows = []
        for name, rate in measured.rates.items():
            value = rate.as_dict()
            interval = "-" if value["low"] is None else f"{100 * value['low']:.1f} to {100 * value['high']:.1f} %"
            limit = percent(allowed[name]) if name in allowed else ""
            rows.append([name.replace("_", " "), f"{rate.hits:,} of {rate.tries:,}", percent(rate.value), interval, limit])
        for line in table(["", "", "share", "95 % interval", "limit"], rows):
            click.echo(line)
        passed = [f"{kind} {rate.hits} of {rate.tries}" for kind, rate in measured.passed.items() if rate.hits]
        if passed:
            click.echo(f"bad texts that passed: {visible(', '.join(passed))}")
        if measured.reasons:
            click.echo(f"without a verdict: {', '.join(f'{reason} {n:,}' for reason, n in measured.reasons.items())}")
    click.echo("\nwithin all limits" if not failures else "")
    for sentence in failures:
        click.echo(f"beyond its limit: {visible(sentence)}")
