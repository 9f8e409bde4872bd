"""`curate verify`: verdicts for stored completions, golds held against themselves, or one case."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curate.cli.source_options import ColumnMap, mapping_of, unsafe_option

if TYPE_CHECKING:
    from curate.records import Verdict
    from curate.verify import Verified

INTERRUPTED = 130


@click.command("verify")
@click.argument("inputs", nargs=-1, metavar="[INPUT...]")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The file to write: JSON lines where it ends in .jsonl, else Parquet."
)
@click.option("--verifier", help="Who judges every row, in place of the column verifier: math, code, choice, ... or file.py:function.")
@click.option(
    "--map",
    "mapping",
    type=ColumnMap(),
    multiple=True,
    help="Which columns to read, such as gold=answer,completion=generation; a.b reaches inside. Fields: completion, verifier, gold, id, prompt, finish_reason, options.",
)
@click.option("--think-tags", nargs=2, default=("<think>", "</think>"), show_default=True, metavar="OPEN CLOSE", help="The chain's tags.")
@click.option("--audit", is_flag=True, help="Hold each gold against itself: its verifier must accept it. Needs no completions and no -o.")
@click.option(
    "--consensus", is_flag=True, help="Add what most samples of a prompt say: a label where there is no gold, a doubt where there is."
)
@click.option("--gold", help="One case: the right answer.")
@click.option("--completion", help="One case: what the model wrote.")
@click.option("--prompt", default="", help="One case: the question, for verifiers that read it.")
@click.option("--json", "as_json", is_flag=True, help="One case: print the verdict as JSON.")
@click.option("--quiet", is_flag=True, help="No progress.")
@unsafe_option
@click.pass_context
def command(
    context: click.Context,
    inputs: tuple[str, ...],
    output: Path | None,
    verifier: str | None,
    mapping: tuple[list[tuple[str, str]], ...],
    think_tags: tuple[str, str],
    audit: bool,
    consensus: bool,
    gold: str | None,
    completion: str | None,
    prompt: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Judge the completions in INPUT and write its rows to OUT with status, score, reason, extracted and detail.

    INPUT is a Parquet or JSON lines file of anyone, a directory of them, or a dataset directory (its kept/ and rejects/); several are read one after the other. A row holds a completion, or a list of
    them, and usually the verifier's name, the gold and the prompt. Of <think>..</think> only what follows is read. A column that is there already under the name of a new one is kept as NAME_before;
    where there was a status, what flipped is listed, so --verifier NEW judges stored samples again. In Parquet made from JSON lines nested values are JSON text.

    status is correct, wrong or no_answer; or, where nothing can be said about the sample, unparsable_gold, unverifiable, verifier_timeout or verifier_crash, with no score. Being cut off is a
    finish_reason and no status.

    One's own verifier is file.py:function or package.module:function; it takes (answer, prompt), returns a curate.records.Verdict, and has the same limits as ours. It is code and runs with your
    rights: read one from a stranger before you name it. A column cannot name one.

    One case: curate verify --verifier math --gold G --completion C.

    Exit code 0 where the rows were written, whatever they say (a warning tells how many could not be judged); with --audit 1 if a gold is not accepted; for one case 0 if it is correct, else 1; 1 or 2
    with one sentence for a fault, and then OUT is as it was.
    """
    from curate.errors import UsageError

    if completion is not None or gold is not None:
        if inputs or output or audit or consensus or mapping:
            raise UsageError("--gold and --completion are one case, which takes neither INPUT nor -o, --map, --audit or --consensus")
        if verifier is None or completion is None:
            raise UsageError("one case needs --verifier and --completion")
        from curate.verify import verify_one

        verdict = verify_one(verifier, gold, completion, prompt=prompt, think_tags=think_tags)
        _print(verdict, as_json)
        context.exit(0 if verdict.status == "correct" else 1)
    if as_json or prompt:
        raise UsageError("--json and --prompt are for one case: give --gold and --completion")

    from curate import api

    try:
        found = api.verify(
            inputs,
            output,
            verifier=verifier,
            mapping=mapping_of(mapping),
            think_tags=think_tags,
            audit=audit,
            consensus=consensus,
            quiet=quiet,
        )
    except KeyboardInterrupt:
        click.echo("error: interrupted: nothing was written", err=True)
        context.exit(INTERRUPTED)
    _summary(found, audit=audit, consensus=consensus)
    if audit and found.n_failed:
        context.exit(1)


def _print(verdict: "Verdict", as_json: bool) -> None:
    from dataclasses import asdict

    from curate.report.text import visible

    fields = asdict(verdict)
    if as_json:
        click.echo(json.dumps(fields))
        return
    for name, value in fields.items():
        if value not in (None, ""):
            click.echo(f"{name}: {visible(str(value))}")


def _summary(found: "Verified", *, audit: bool, consensus: bool) -> None:
    from curate.report.text import percent, shorten, table
    from curate.verify import LISTED, SHOWN, UNJUDGED

    def short(text: str) -> str:
        return " ".join(shorten(text, SHOWN).split())

    def echo(lines: list[str]) -> None:
        for line in lines:
            click.echo(line)

    def more(told: int, total: int) -> None:
        if total > told:
            click.echo(f"  and {total - told:,} more")

    total = found.statuses.total()
    order = sorted(found.statuses.items(), key=lambda item: (item[0] in UNJUDGED, -item[1], item[0]))
    what = "golds" if audit else "samples"
    if total:
        echo(table([what, "", ""], [[status, f"{n:,}", percent(n / total)] for status, n in order]))
    if audit:
        click.echo(f"{total - found.n_failed:,} of {total:,} golds are accepted by their own verifier")
        if found.unaudited:
            click.echo(f"{found.unaudited:,} rows cannot be audited: their gold is not an answer, or there is none")
        for f in found.failed:
            click.echo(
                f"  {short(f.row)}: {f.verifier} says {f.status} of its gold {short(f.gold)!r}"
                + (f" ({short(f.reason)})" if f.reason else "")
            )
        more(len(found.failed), found.n_failed)
    if found.compared:
        flips = found.flips.total()
        click.echo(f"{flips:,} of {found.compared:,} statuses flipped")
        for (before, after), n in found.flips.most_common():
            click.echo(f"  {before} -> {after}: {n:,}")
        for flip in found.flipped:
            click.echo(f"  {short(flip.row)}: {flip.before} -> {flip.after}")
        more(len(found.flipped), flips)
    if consensus:
        click.echo(f"{found.labelled:,} prompts without gold are labelled by agreement")
        click.echo(f"{len(found.suspicious):,} golds are suspicious")
        for s in found.suspicious[:LISTED]:
            click.echo(
                f"  {short(s.row)}: the gold is {short(s.gold)!r}, and {percent(s.share)} of {s.n:,} samples say {short(s.answer)!r}"
            )
        more(min(LISTED, len(found.suspicious)), len(found.suspicious))
    unjudged = total - found.judged
    if unjudged and not audit:
        click.echo(f"warning: {unjudged:,} of {total:,} samples could not be judged", err=True)
        for (status, reason), n in found.reasons.most_common(5):
            click.echo(f"  {n:,} {status}: {short(reason)}", err=True)
    if found.output is not None:
        click.echo(f"{found.rows:,} rows in {found.output}")
