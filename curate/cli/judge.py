"""`curate judge`: a model's judgements of samples, and how far it can be trusted as a judge."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from curate.cli.engine_options import model_options, running_options, think_tags_option
from curate.cli.judge_options import asking_options, judge_settings

if TYPE_CHECKING:
    from curate.filters.judge import Limits, Measured

INTERRUPTED = 130
TASKS = ("correctness", "mixed_language", "long_paragraph", "code_block", "quality")
LIMITS = ("false_positive", "false_negative", "no_verdict", "order_changed", "pairs_wrong")


@click.command("judge")
@click.argument("inputs", nargs=-1, metavar="[INPUT...]")
@click.option("-o", "--output", help="The directory to make, or to go on with; also s3://bucket/path.")
@click.option("--calibrate", "calibrating", is_flag=True, help="Measure the judge instead, on pairs of a good and a bad text.")
@model_options
@click.option(
    "--task",
    "tasks",
    type=click.Choice(TASKS),
    multiple=True,
    help="What is judged; several may be given. With --calibrate the default is all that there are pairs for.",
)
@click.option("--rubric", help="File with the rubric for quality; default: the one that ships.")
@asking_options(3)
@think_tags_option
@running_options
@click.option("--max-false-positive", type=float, help="Bad texts that may pass.  [default: 0.05]")
@click.option("--max-false-negative", type=float, help="Good texts that may fail.  [default: 0.15]")
@click.option("--max-no-verdict", type=float, help="Texts that may stay without a verdict.  [default: 0.1]")
@click.option("--max-order-changed", type=float, help="Verdicts that may change with the order of the pieces.  [default: 0.1]")
@click.option("--max-pairs-wrong", type=float, help="Pairs whose good text may fail to score higher.  [default: 0.2]")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Judge all rows, and not only those that need it: undecided ones for correctness, those of the domain general for quality, chains near the rule's limit for their three flaws, and none that a rule has dropped for anything else.",
)
@click.option("--min-quality", type=click.FloatRange(0, 10), default=5.0, show_default=True, help="Least quality of a row that stays.")
@click.option("--rejects", is_flag=True, help="Also read rejected rows: what rules could not decide, and the judge finds correct, is kept.")
@click.option("--where", help="SQL condition: only rows for which it holds are judged, such as 'reasoning_longest_paragraph > 200'.")
@click.option("--overwrite", is_flag=True, help="Remove what is in the directory first.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.option("--json", "as_json", is_flag=True, help="Print everything that was measured as JSON.")
@click.pass_context
def command(
    context: click.Context,
    /,
    inputs: tuple[str, ...],
    output: str | None,
    calibrating: bool,
    tasks: tuple[str, ...],
    rubric: str | None,
    everything: bool,
    min_quality: float,
    rejects: bool,
    where: str | None,
    overwrite: bool,
    quiet: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Judge the samples in INPUT, dataset directories of ours, and write them to a directory: what the judge finds incorrect, flawed or poor goes to rejects/, everything else stays where it was. Replies, votes and the template's
    version are in the column judgements. The judge may veto a rule and never overrules one; with --rejects it decides what rules could not. Planted bad samples go along, and the run fails if too many of them pass. The same command
    goes on where it stopped and asks nothing twice.

    --calibrate [PAIRS] measures a judge before it is trusted: how often it passes what is bad, fails what is good, says nothing, or changes its mind with the order. PAIRS is a JSON lines file with task, question, good, bad and, for
    correctness, reference; without it the pairs that ship are used. To each pair come texts made by rule: a wrong answer or a flawed chain, and one that tries to talk the judge round. Shares are of the texts with a verdict, with
    their 95 % intervals.

    Exit code 0 where the rows are written, or every measured share keeps within its limit; 1 where one does not, nothing got a verdict or the judge is not to be believed; 2 for what was given wrongly.
    """
    from curate import api
    from curate.engines import open_engine
    from curate.errors import UsageError
    from curate.filters.judge import NAMES, Limits, calibrate, read_pairs
    from curate.running import run_async

    if calibrating and (output is not None or rejects or where or everything or len(inputs) > 1):
        raise UsageError("--calibrate takes one file of pairs, or none, and neither -o, --all, --rejects nor --where")
    if not calibrating and (output is None or not inputs):
        raise UsageError("say what to judge and where it is to go, INPUT -o DIR; or measure the judge with --calibrate")
    limits = Limits(**{name: value for name in LIMITS if (value := given.pop(f"max_{name}")) is not None})
    engine, settings = judge_settings(given)
    if not calibrating:
        assert output is not None
        judged = api.judge(
            inputs,
            output,
            tasks=tasks,
            engine=engine,
            settings=settings,
            rubric=rubric,
            everything=everything,
            min_quality=min_quality,
            rejects=rejects,
            where=where,
            overwrite=overwrite,
            quiet=quiet,
        )
        _print_rows(judged.stats, output, as_json)
        return
    known = read_pairs(inputs[0] if inputs else None, tasks or NAMES)
    try:
        found = run_async(calibrate(open_engine(engine), known, settings, rubric=rubric))
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


def _print_rows(stats: Mapping[str, Any], output: str, as_json: bool) -> None:
    from curate.report.filtered import render_filtered
    from curate.report.text import table
    from curate.storage import shown

    if as_json:
        click.echo(json.dumps(stats, ensure_ascii=False))
        return
    click.echo(render_filtered(stats))
    rows = []
    for task, told in stats["judge"].items():
        verdicts = ", ".join(f"{name} {n:,}" for name, n in told["verdicts"].items()) or "none"
        agreed = told["agreement_with_the_rule"]
        kappa = "" if agreed is None or agreed["kappa"] is None else f"{agreed['kappa']:.2f}"
        planted = f"{sum(told['planted_passed'].values()):,} of {sum(told['planted'].values()):,}"
        rows.append([task, verdicts, f"{sum(told['no_verdict'].values()):,}", planted, kappa])
    for line in table(["judged", "verdicts", "none", "planted that passed", "kappa"], rows):
        click.echo(line)
    click.echo(f"{stats['funnel']['kept']:,} of {stats['funnel']['rows']:,} samples kept in {shown(output)}")


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
