"""The report of a training run: its curves as OUT/curves.png, and as OUT/report.html with what the run was given and the metrics in numbers.

The page is one file that loads nothing (its content security policy forbids it), so it can be sent to somebody and opened from disk. A metric
that no panel below names gets a panel of its own; values that are not finite are gaps.
"""

import html
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from curate.errors import CurateError, Damaged, StoreError
from curate.storage import LocalPlace
from train.drawing import Panel, Series, draw
from train.page import PAGE
from train.rundir import Metrics

# Title, and the metrics in it; a name that ends in a slash is a prefix. What is not in the run is left out.
PANELS = (
    ("Reward", ("reward", "reward/")),
    ("Pass rate, groups without spread", ("pass_rate", "no_spread")),
    ("Completion length (tokens)", ("length",)),
    ("Truncated completions (share)", ("truncated",)),
    ("Completions without a verdict (share)", ("unscored",)),
    ("Entropy (nats a token)", ("entropy",)),
    ("KL to the reference (nats a token)", ("kl",)),
    ("Clipped tokens (share)", ("clip",)),
    ("Mismatch with the engine (mean |Δ log p|)", ("mismatch",)),
    ("Largest mismatch (|Δ log p|)", ("mismatch_max",)),
    ("Loss", ("loss", "val_loss")),
    ("Gradient norm", ("grad_norm",)),
    ("Learning rate", ("lr",)),
    ("Tokens a second", ("time/tokens_per_s",)),
    ("Tokens a step", ("tokens",)),
)
WHOLE, PARTS = "time/step", "time/"
GRPO_LOSS = "Loss (near 0 on-policy: not a measure of progress)"
BODY = """<p>{summary}</p>
{figure}
<h2>Metrics</h2>
{metrics}
{given}"""


def report(run_dir: Path) -> list[Path]:
    """Write the curves of the run in `run_dir` and return the two files. A run that goes on may be reported too.

    Raises CurateError for a directory without metrics and for a run that has not done a step, Damaged for files that cannot be read.
    """
    rows, given = _metrics(run_dir), _given(run_dir / "run.json")
    figure, png = draw(panels(rows))
    summary = "1 step so far, a dot in each panel." if len(rows) == 1 else f"{len(rows)} steps, {rows[0]['step']} to {rows[-1]['step']}."
    body = BODY.format(
        summary=summary,
        figure=figure,
        metrics=_table(("metric", "first", "last", "lowest", "highest"), _numbers(rows), numbers=True),
        given="\n".join(f"<h2>{html.escape(title)}</h2>\n{_table(('name', 'value'), pairs)}" for title, pairs in given.items() if pairs),
    )
    page = PAGE.format(title=html.escape(run_dir.resolve().name), body=body)
    place = LocalPlace(run_dir)
    try:
        place.write("curves.png", png)
        place.write("report.html", page.encode("utf-8", "replace"))
    except OSError as error:
        raise StoreError.writing(run_dir, error) from error
    return [run_dir / "curves.png", run_dir / "report.html"]


def panels(rows: list[dict[str, Any]]) -> list[Panel]:
    """What to draw of the lines of metrics.jsonl: the panels whose metrics are there, then a panel for each other metric, then where the time went."""
    left = {name: None for row in rows for name in row if name != "step"}  # a set that keeps the order
    grpo = "reward" in left
    found = []
    for title, wanted in PANELS:
        names = [n for w in wanted for n in left if n == w or (w.endswith("/") and n.startswith(w))]
        if names:
            found.append(Panel(GRPO_LOSS if grpo and title == "Loss" else title, [_series(rows, n) for n in names]))
            left = {n: None for n in left if n not in names}
    times = [n for n in left if n.startswith(PARTS)]
    found += [Panel(n, [_series(rows, n)]) for n in left if n not in times]
    if times == [WHOLE]:
        found.append(Panel("Seconds a step", [_series(rows, WHOLE)]))
    elif times:
        found.append(Panel("Where a step's seconds go", _split(rows, times), stacked=True))
    return found


def _series(rows: Iterable[Mapping[str, Any]], name: str) -> Series:
    """The metric at the steps that have it."""
    having = [row for row in rows if name in row]
    return Series(name, [row["step"] for row in having], [_number(row[name]) for row in having])


def _split(rows: list[dict[str, Any]], times: list[str]) -> list[Series]:
    """The parts of each step's time; what a step does not name took none of it, and what the parts leave of the whole is `other`."""
    timed = [row for row in rows if any(name in row for name in times)]
    steps = [row["step"] for row in timed]
    parts = [Series(n.removeprefix(PARTS), steps, [_number(row.get(n, 0.0)) for row in timed]) for n in times if n != WHOLE]
    if WHOLE in times:
        wholes = [_number(row.get(WHOLE, 0.0)) for row in timed]
        rest = [max(0.0, whole - sum(values)) for whole, *values in zip(wholes, *(p.values for p in parts), strict=True)]
        parts.append(Series("other", steps, rest))
    return parts


def _number(value: Any) -> float:
    """A finite number, or NaN."""
    finite = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if finite else math.nan


def _numbers(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Name, first, last, lowest and highest value of each metric, over its finite values."""
    table = []
    for name in {n: None for row in rows for n in row if n != "step"}:
        finite = [v for v in _series(rows, name).values if not math.isnan(v)]
        table.append((name, *(f"{v:.5g}" for v in (finite[0], finite[-1], min(finite), max(finite)))) if finite else (name, *[""] * 4))
    return table


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, numbers: bool = False) -> str:
    def cells(tag: str, row: tuple[str, ...]) -> str:
        return "".join(f"<{tag}{' class=number' if numbers and i else ''}>{html.escape(cell)}</{tag}>" for i, cell in enumerate(row))

    lines = [f"<tr>{cells('th', heads)}</tr>", *(f"<tr>{cells('td', row)}</tr>" for row in rows)]
    return "<table>\n" + "\n".join(lines) + "\n</table>"


def _metrics(run_dir: Path) -> list[dict[str, Any]]:
    file = run_dir / "metrics.jsonl"
    if not file.is_file():
        raise CurateError(f"{run_dir} holds no metrics.jsonl: it is no training run, or one that has not begun")
    rows = Metrics.read(file)
    if not rows:
        raise CurateError(f"{file} holds no step yet: there is nothing to draw before the first one is done")
    return rows


def _given(file: Path) -> dict[str, list[tuple[str, str]]]:
    """What run.json says, as tables: title, and pairs of name and value."""
    try:
        run = json.loads(file.read_bytes())
        tables = {"What makes this run this run": run["identity"], "What else it was told": run["told"]}
        return {
            t: [(name, v if isinstance(v, str) else json.dumps(v, ensure_ascii=False)) for name, v in pairs.items()]
            for t, pairs in tables.items()
        }
    except FileNotFoundError:
        raise CurateError(f"{file.parent} holds no run.json: it is no training run") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(f"{file} is not the JSON that a training run writes: {error!r}") from error
