"""Does each stage help? The models of a pipeline side by side, in the order of its stages: tables with a row for each, one figure, the paper's own table of the same shape, and where the time went, as report.md, report.html and stages.png.

Every number of an evaluation (train/evaluate.py) is counted here from its samples, so that reasoning stands apart from the following of constraints, and each stage is compared with the one before it on the same prompts: that difference,
with its interval, answers the question, and whether two intervals overlap does not. All intervals are 95 % ones, over prompts.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import nan
from pathlib import Path
from re import search, sub
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from curate.dataset import Dataset
from curate.filters.judge.tasks import BEST
from curate.report.text import number, percent
from curate.stage import Task
from curate.storage import LocalPlace
from curate.tasks import TRUST
from train.drawing import Panel, Series, draw
from train.evaluate import SAMPLE_FILE
from train.general_quality import QUALITY
from train.page import Figure, Table, markdown, page
from train.summary import READINGS, Group, Judged, group, groups, points, share, with_interval

CONSTRAINTS = "constraints"  # the domain of what is no reasoning
PICTURE = "stages.png"
LENIENT, SHOWN = "leniently read", "with worked examples"


class Measured(NamedTuple):
    """What an evaluation says of one model. `reasoning` has `overall`, how much that is `more_than_first` where `first` is the stage before, and `domains`; `whole` is over all questions."""

    reasoning: Group
    constraints: Group
    whole: Group


class Column(NamedTuple):
    """A column of a table and a curve of the figure: an estimate for each stage that there is one of, and how its numbers are written."""

    head: str
    of: Mapping[str, Group]
    written: Callable[[float], str] = share


def stage(task: Task) -> None:
    """A pipeline's stage: the input `evaluation` as a report, to the output `report`.

    Inputs that may be there: `shown`, an evaluation of the same models with worked examples in the prompt; `quality`, of train/general_quality.py; `trust`, of a judge that was measured (curate/tasks.py); inputs whose names begin with
    `sampled` are what rejection sampling made, by the models in the configuration's `samplers` (input -> stage). The configuration: `title`;
    `paper`, rows of [benchmark, then a number for each of `paper_models`]; `paper_source`. Raises FileNotFoundError where an input is not what it is called.
    """
    plain = measured(samples_of(task.inputs["evaluation"]))
    shown = measured(samples_of(task.inputs["shown"])) if "shown" in task.inputs else {}
    quality = _read(task, "quality", QUALITY) or {"models": {}, "judge": ""}
    trust = _read(task, "trust", TRUST)
    names = list(dict.fromkeys([*plain, *shown, *quality["models"]]))
    tables, panels = compared(names, plain, shown, quality, trust)
    if task.config.get("paper"):
        rows = [["-" if cell is None else str(cell) for cell in row] for row in task.config["paper"]]
        tables.insert(2, Table(f"DeepSeek-R1's own stages ({task.config['paper_source']})", ["", *task.config["paper_models"]], rows))
    drawn = {task.config["samplers"][name]: Dataset(path).stats for name, path in task.inputs.items() if name.startswith("sampled")}
    if drawn:
        tables.append(sampled(drawn))
    if task.took:
        tables.append(spent(task.took))
    svg, png = draw(panels)
    shows = f"Curves over {', '.join(names)}: {'; '.join(panel.title for panel in panels)}. The numbers are in the tables."
    first = [] if trust is None or trust["trusted"] else [doubt(trust)]
    parts = (task.config["title"], first, Figure(svg, PICTURE, shows), tables)
    task.outputs["report"].mkdir(exist_ok=True)
    place = LocalPlace(task.outputs["report"])
    place.write(PICTURE, png)
    place.write("report.html", page(*parts).encode())
    place.write("report.md", markdown(*parts).encode())


def samples_of(evaluation: Path) -> dict[str, list[Judged]]:
    """The samples of each model of an evaluation, by its stage, in the order of the models."""
    found: dict[str, list[Judged]] = {}
    for row in pq.read_table(evaluation / SAMPLE_FILE).to_pylist():
        found.setdefault(named(row["model"]), []).append(Judged(**row))
    return found


def named(label: str) -> str:
    """A stage's name, of a model that lies in its directory (NAME-HASH/run/model); any other name as it is."""
    found = search(r"(?:^|/)([^/]+)-[0-9a-f]{10}(?:/|$)", label)
    return found[1] if found else label


def measured(samples: Mapping[str, Sequence[Judged]]) -> dict[str, Measured]:
    """The numbers of each stage."""
    apart = {name: [s for s in of if s.domain != CONSTRAINTS] for name, of in samples.items()}
    before = dict(pairwise(reversed(apart)))
    return {
        name: Measured(
            groups(apart[name], apart[before[name]] if name in before else None, 1),
            group([s for s in of if s.domain == CONSTRAINTS], None, 1),
            group(of, None, 1),
        )
        for name, of in samples.items()
    }


def compared(
    names: Sequence[str],
    plain: Mapping[str, Measured],
    shown: Mapping[str, Measured],
    quality: Mapping[str, Any],
    trust: Mapping[str, Any] | None,
) -> tuple[list[Table], list[Panel]]:
    """The tables and the figure of what was measured of the stages `names`; a column that nothing was measured of is left out."""
    wholes = {name: m.reasoning["overall"] for name, m in plain.items()}
    strict, lenient = _right("right", wholes)
    more = {name: whole["more_than_first"]["strict"] for name, whole in wholes.items() if "more_than_first" in whole}
    with_examples = _right(f"right, {SHOWN}", {name: m.reasoning["overall"] for name, m in shown.items()})
    followed, _ = _right("constraints followed", {name: m.constraints for name, m in plain.items()})
    form = [
        Column(said, {n: m.whole[of] for n, m in plain.items()}) for of, said in (("format", "form kept"), ("language", "language kept"))
    ]
    tokens = Column("tokens", {name: m.whole["tokens"] for name, m in plain.items()}, number)
    marks = Column(
        f"general quality, 0 to {BEST}", {n: {"value": m["mean"], **m} for n, m in quality["models"].items()}, lambda mark: f"{mark:.1f}"
    )
    parts, shown_parts = _domains(plain), _domains(shown)
    title = "Right answers to reasoning questions"
    note = f"{about(plain)} {gained([column.of for column in (lenient, *with_examples[1:])], strict.of)}"
    tables = [
        _table(title, names, [strict, Column("more than the stage before", more, points), lenient, *with_examples], note),
        _table("Constraints, form, language, length, quality", names, [followed, *form, tokens, marks], about_the_rest(quality, trust)),
        *([_table(f"{title}, by domain", names, parts)] if len(parts) > len(READINGS) else []),
        *([_table(f"{title}, by domain, {SHOWN}", names, shown_parts)] if len(shown_parts) > len(READINGS) else []),
    ]
    drawn = (
        _panel("Right answers (%)", names, [strict, lenient, *with_examples]),
        _panel("Right answers by domain (%)", names, [*parts[:: len(READINGS)], followed]),
        _panel("Form and language (%)", names, form),
        _panel("Tokens of an answer", names, [tokens]),
        _panel(f"General quality, 0 to {BEST}", names, [marks]),
    )
    return tables, [panel for panel in drawn if panel.series] or [drawn[0]]


def about(found: Mapping[str, Measured]) -> str:
    """What has to be known of the right answers."""
    first = next(iter(found.values())).reasoning
    lost = {name: m.whole["undecided"] + m.whole["refused"] for name, m in found.items()}
    told = ", ".join(f"{n:,} of {name}" for name, n in lost.items() if n)
    return (
        f"{first['overall']['prompts']:,} held-out questions ({', '.join(first['domains'])}), the same after every stage, and {first['overall']['samples']:,} answers of each model. pass@1 in percent, with its 95 % interval; "
        f"differences in points: one whose interval holds 0 may be chance.{f' What could not be judged counts nowhere: {told}.' if told else ''}"
    )


def gained(first: Sequence[Mapping[str, Group]], last: Mapping[str, Group]) -> str:
    """The whole run in a sentence: the last stage, strictly read and asked without examples, beside the first at its best of the ways in `first`."""
    beginning, end = next(iter(last)), list(last)[-1]
    best = max(
        (of[beginning] for of in first if beginning in of and of[beginning]["value"] is not None), key=lambda g: g["value"], default=None
    )
    if beginning == end or best is None or not best["value"] or last[end]["value"] is None:
        return ""
    return (
        f"{end}, strictly read and without worked examples, {with_interval(last[end], share)}, is {last[end]['value'] / best['value']:.2f} times "
        f"{beginning} at its best, leniently read, {with_interval(best, share)}."
    )


def about_the_rest(quality: Mapping[str, Any], trust: Mapping[str, Any] | None) -> str:
    """What has to be known of form, language, length and quality."""
    said = "Of all held-out questions; shares in percent, with 95 % intervals."
    if quality["models"]:
        numbers = [m["n"] for m in quality["models"].values()]
        least, most = min(numbers), max(numbers)
        said += f" General quality is judged by {_judge(quality['judge'])}, on {least:,}{f' to {most:,}' if most > least else ''} answers of each model."
    return said if trust is None or not trust["trusted"] else f"{said} The judge {_agreed(trust)}."


def doubt(trust: Mapping[str, Any]) -> str:
    """What a reader has to know first of a judge that is not to be trusted."""
    return (
        f"The judge {_agreed(trust)}, under the least of {100 * trust['least']:g} %, so its verdicts are recorded and not used; "
        "a rubric of rules takes its place for filtering and preference."
    )


def _agreed(trust: Mapping[str, Any]) -> str:
    interval = f"95 % interval {share(trust['low'])} to {share(trust['high'])} %"
    return f"{_judge(trust['judge'])} agreed with {round(trust['agreement'] * trust['pairs'])} of {trust['pairs']:,} planted pairs ({percent(trust['agreement'])}, {interval})"


def _judge(name: str) -> str:
    """A judge with the beginning of its revision."""
    return sub(r"(@[0-9a-f]{8})[0-9a-f]+$", r"\1", name)


def sampled(statistics: Mapping[str, Mapping[str, Any]]) -> Table:
    """What rejection sampling got out of each model: of its answers the share that is accepted, and the tokens that one of these costs, refused ones included."""
    rows = [
        [name, number(found["funnel"]["sampled"]), with_interval(found["yield"], share), number(found["tokens_per_useful_trace"])]
        for name, found in statistics.items()
    ]
    return Table("Rejection sampling, by the model that was sampled", ["stage", "answers", "accepted", "tokens for an accepted one"], rows)


def spent(took: Mapping[str, float]) -> Table:
    """Where the time went."""
    whole = sum(took.values())
    rows = [[name, _clock(seconds), percent(seconds / whole if whole else None)] for name, seconds in [*took.items(), ("all", whole)]]
    return Table("Where the time went", ["stage", "hours, minutes, seconds", "share"], rows)


def _right(head: str, of: Mapping[str, Group]) -> list[Column]:
    """pass@1 as columns, one for each of READINGS."""
    heads = (head, f"{head}, {LENIENT}")
    return [Column(said, {name: g[kind]["pass@1"] for name, g in of.items()}) for said, kind in zip(heads, READINGS, strict=True)]


def _domains(found: Mapping[str, Measured]) -> list[Column]:
    """The columns of each domain of reasoning."""
    apart = {name: m.reasoning["domains"] for name, m in found.items()}
    domains = sorted({domain for of in apart.values() for domain in of})
    return [column for d in domains for column in _right(d, {name: of[d] for name, of in apart.items() if d in of})]


def _there(columns: Sequence[Column]) -> list[Column]:
    return [column for column in columns if any(e["value"] is not None for e in column.of.values())]


def _table(title: str, names: Sequence[str], columns: Sequence[Column], note: str = "") -> Table:
    there = _there(columns)
    rows = [[name, *(with_interval(column.of.get(name), column.written) for column in there)] for name in names]
    return Table(title, ["stage", *(column.head for column in there)], rows, note)


def _panel(title: str, names: Sequence[str], columns: Sequence[Column]) -> Panel:
    """The columns as curves; shares in percent."""
    found = []
    for column in _there(columns):
        by = 100.0 if column.written is share else 1.0
        sides = ([_scaled(column.of.get(name), side, by) for name in names] for side in ("value", "low", "high"))
        found.append(Series(column.head, list(range(len(names))), *sides))
    return Panel(title, found, ticks=names)


def _scaled(of: Group | None, side: str, by: float) -> float:
    return nan if of is None or of[side] is None else by * of[side]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _read(task: Task, name: str, file: str) -> Any:
    return json.loads((task.inputs[name] / file).read_text("utf-8")) if name in task.inputs else None
