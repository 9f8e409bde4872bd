"""A plan as text: what to look at first, a line for each stage, what was planned beside what came, the sums, the paper's hours, and where every number is from."""

from collections.abc import Sequence

from curate.planning.plan import COMPARED, Plan, Row
from curate.planning.values import Value, added
from curate.report.text import table, visible

WIDTH = 140
SCALES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
COLUMNS = (("prompts", "prompts"), ("samples", "samples"), ("tokens", "tokens"), ("trained", "trained"), ("rows", "rows"))
NAMES = {"trained": "tokens trained", "rows": "rows", "samples": "samples", "tokens": "tokens", "hours": "hours"}


def text(plan: Plan) -> str:
    """The whole plan."""
    lines = [visible(f"{plan.pipeline}: {plan.about}" if plan.about else plan.pipeline), visible(plan.pilot)]
    if plan.look_at:
        lines += ["", "look at these before they are read:"]
        lines += [visible(f"  {stage}: {', '.join(names)}") for stage, names in plan.look_at.items()]
    marks = _Marks()
    lines += ["", *_stages(plan, marks), "", *_totals(plan)]
    notes = [f"  {row.stage}: {note}" for row in plan.rows for note in row.notes]
    notes += [f"  {row.stage}: not projected, nothing here knows what it runs" for row in plan.rows if not row.kind]
    lines += ["", *map(visible, notes)] if notes else []
    lines += _compared(plan.rows)
    lines += _paper(plan)
    lines += ["", "from:", *(visible(f"  {mark}  {source}") for source, mark in marks.of.items())]
    lines += [
        "",
        "<: at most, as nothing was measured of how much less. The range is of 95 % where a pilot or a stage was sampled, else that of what is assumed. Hours from assumptions",
        "are an order of magnitude, since they hang on the share of the peak that is reached; *: of one accelerator, else of this machine.",
    ]
    return "\n".join(lines)


class _Marks:
    """Sources as numbers, in the order in which they are met."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}

    def __call__(self, values: Sequence[Value]) -> str:
        met = dict.fromkeys(source for value in values for source in value.sources)
        marks = sorted(self.of.setdefault(source, len(self.of) + 1) for source in met)
        runs: list[list[int]] = []
        for mark in marks:
            if runs and mark == runs[-1][-1] + 1:
                runs[-1].append(mark)
            else:
                runs.append([mark])
        return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in runs)


def short(value: float) -> str:
    """A number in at most six characters: 950, 12.3k, 5.32M, 37.3G, 1.2T."""
    for scale, letter in SCALES:
        if value >= scale * 0.9995:
            return f"{value / scale:.{2 if value < 10 * scale else 1 if value < 100 * scale else 0}f}{letter}"
    return f"{value:.0f}" if value >= 99.95 or value == int(value) else f"{value:.3g}"


def _shown(value: Value | None) -> str:
    return "-" if value is None else f"{'<' if value.at_most else ''}{short(value.value)}"


def _range(value: Value | None) -> str:
    if value is None or short(value.low) == short(value.high) or value.at_most:
        return ""
    return f"{short(value.low)} to {short(value.high)}"


def _time(row: Row) -> str:
    found = next(((row.numbers[name], mark) for name, mark in (("hours", ""), ("accelerator_hours", "*")) if name in row.numbers), None)
    if found is None:
        return "-"
    value, mark = found
    by, unit = next(((by, unit) for by, unit in ((1, "h"), (60, "min")) if value.value * by >= 1), (3600, "s"))
    return f"{_shown(value * by)} {unit}{mark}"


def _stages(plan: Plan, marks: _Marks) -> list[str]:
    rows = []
    money = any("usd" in row.numbers for row in plan.rows)
    for row in plan.rows:
        numbers = row.numbers
        cells = [_shown(numbers.get(name)) for name, _ in COLUMNS]
        values = [value for name, value in numbers.items() if name not in ("read", "disk")]
        usd = [_shown(numbers.get("usd"))] if money else []
        rows.append(
            (row.stage, row.state, *cells, _range(numbers.get("rows")), _shown(numbers.get("disk")), _time(row), *usd, marks(values))
        )
    head = ("stage", "state", *(title for _, title in COLUMNS), "range of rows", "bytes", "time", *(["USD"] if money else []), "from")
    return table(head, rows, width=WIDTH)


def _totals(plan: Plan) -> list[str]:
    totals = plan.totals
    said = {
        "samples": "samples",
        "tokens": "tokens generated",
        "trained": "tokens trained",
        "disk": "bytes on disk",
        "hours": "hours of this machine",
        "accelerator_hours": "hours of an accelerator",
        "usd": "USD",
    }
    return [f"in all: {', '.join(f'{_shown(totals[name])} {what}' for name, what in said.items() if name in totals)}"] if totals else []


def _compared(rows: Sequence[Row]) -> list[str]:
    """Planned against actual, for the stages that are done and were planned before."""
    found = []
    for row in rows:
        if row.planned is None or row.actual is None:
            continue
        for name in COMPARED:
            planned, came = row.planned.get(name), row.actual.get(name)
            if planned is None or came is None:
                continue
            ratio = f"{came.value / planned.value:.2f}" if planned.value else "-"
            found.append((row.stage, NAMES[name], _shown(planned), _range(planned), short(came.value), ratio))
    return ["", *table(("planned against actual", "", "planned", "range", "actual", "ratio"), found, width=WIDTH)] if found else []


def _paper(plan: Plan) -> list[str]:
    """A line for each group of the paper's hours, and one for all."""
    if not plan.paper:
        return []
    hours = {row.stage: row.numbers["accelerator_hours"] for row in plan.rows if "accelerator_hours" in row.numbers}
    rows = []
    for name, paper, stages in plan.paper:
        ours = added(hours[stage] for stage in stages if stage in hours)
        rows.append((name, ours, paper))
    rows.append(("in all", added(ours for _, ours, _ in rows), sum(paper for _, _, paper in rows)))
    lines = [(name, _shown(ours), f"{paper:,.0f}", f"{ours.value / paper:.2f}") for name, ours, paper in rows]
    return ["", *table(("hours of an H800", "planned", "the paper's", "ratio"), lines, width=WIDTH)]
