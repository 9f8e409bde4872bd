"""The text of `curate inspect`, at most 80 columns wide except for the schema's meanings and sampled text, and harmless to a terminal."""

import json
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

from curate.report.filtered import render_filtered
from curate.report.funnel import group_table, histogram, render_funnel
from curate.report.mixed import render_mixed
from curate.report.preferences import render_labels, render_pairs
from curate.report.rollouts import render_rollouts
from curate.report.text import WIDTH, bar, number, percent, shorten, table, visible

RENDER: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    **dict.fromkeys(("samples", "prompts"), render_funnel),
    "filtered": render_filtered,
    "mixed": render_mixed,
    "pairs": render_pairs,
    "labels": render_labels,
    "rollouts": render_rollouts,
}
CELL = 600  # characters of a sampled cell
ITEMS = 8  # of a list in a sampled cell
TYPE = 24


def _heading(report: Mapping[str, Any]) -> list[str]:
    what = {"parquet": "Parquet", "filtered": "filtered samples of r1-curate", "mixed": "a mixture of r1-curate"}.get(
        report["kind"], f"{report['kind']} of r1-curate"
    )
    part = f", {report['table']}/" if report["table"] else ""
    where = f" where {report['where']}" if report["where"] else ""
    files = "1 file" if report["files"] == 1 else f"{number(report['files'])} files"
    return [
        visible(f"{report['path']}: {what}{part}"),
        visible(f"{number(report['rows'])} rows{where}, {files}, {number(report['bytes'])} bytes"),
    ]


def _schema(report: Mapping[str, Any]) -> list[str]:
    names = max(len(visible(c["name"])) for c in report["schema"]) if report["schema"] else 0
    lines = ["columns"]
    for column in report["schema"]:
        kind = visible(column["type"])
        kind = kind if len(kind) <= TYPE else kind[: TYPE - 2] + ".."
        lines.append(f"  {visible(column['name']).ljust(names)}  {kind.ljust(TYPE)}  {visible(column['description'])}".rstrip())
    return lines


def _counts(title: str, counts: Mapping[str, int], rows: int) -> list[str]:
    most = max(counts.values())
    return table(
        (title, "count", "share", ""),
        [(k or "(null)", number(n), percent(n / rows if rows else None), bar(n, most, 20).ljust(20)) for k, n in counts.items()],
    )


def _groups(kind: str, groups: Mapping[str, Mapping[str, Any]]) -> list[str]:
    first = next(iter(groups.values()))
    if "rows" in first:
        return table((kind, "rows"), [(k or "(null)", number(g["rows"])) for k, g in groups.items()])
    if not any(g["sampled"] for g in groups.values()):
        return table((kind, "prompts"), [(k or "(null)", number(g["prompts"])) for k, g in groups.items()])
    return group_table(kind, groups)


def _values(values: Mapping[str, Mapping[str, int]]) -> list[str]:
    lines = ["values of columns that have few"]
    for column, counts in values.items():
        text = visible(f"{column}: " + ", ".join(f"{k or '(null)'} {number(n)}" for k, n in counts.items()))
        lines += textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
    return lines


def _sample(report: Mapping[str, Any]) -> list[str]:
    lines = []
    for i, row in enumerate(report["sample"], 1):
        lines += ["", f"row {i} of {len(report['sample'])} sampled " + "-" * 40]
        for name, value in row.items():
            if value is None or value in ([], {}, ""):
                continue
            shown = _cell(value)
            lines += [f"{visible(name)}: {shown[0]}"] if len(shown) == 1 else [f"{visible(name)}:", *("    " + line for line in shown)]
    return lines


def _cell(value: Any) -> list[str]:
    """A cell as harmless lines: text and lists of texts or turns are shown as they read, anything else as JSON."""
    if isinstance(value, str):
        return shorten(value, CELL).split("\n")
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        texts = [(f"[{i}] ", item) for i, item in enumerate(value)]
    elif isinstance(value, list) and all(
        isinstance(item, dict) and isinstance(item.get("content"), str) and isinstance(item.get("role"), str) for item in value
    ):
        texts = [(f"{visible(item['role'])}: ", item["content"]) for item in value]
    else:
        return shorten(json.dumps(value, ensure_ascii=False), CELL).split("\n")
    more = [f"[.. {len(texts)} items]"] if len(texts) > ITEMS else []
    return [line for head, text in texts[:ITEMS] for line in (head + shorten(text, CELL)).split("\n")] + more


def render(report: Mapping[str, Any]) -> str:
    """The report of `inspect` as text."""
    stats = report["stats"]
    blocks = [
        _heading(report),
        [f"note: {visible(n)}" for n in report["notes"]],
        [f"problem: {visible(p)}" for p in report["problems"]],
        _schema(report),
    ]
    if stats is not None:
        blocks.append(RENDER[report["kind"]](stats).splitlines())
    else:
        blocks += [_groups(kind[:-1], report[kind]) for kind in ("sources", "domains") if report[kind]]
        blocks += [
            _counts(title, report[key], report["rows"])
            for title, key in (("verdict", "verdicts"), ("drop reason", "drop_reasons"))
            if report[key]
        ]
    if report["pass_rates"] and any(report["pass_rates"]):
        blocks.append(histogram(report["pass_rates"]))
    if report["lengths"]:
        head = ("length", "unit", "values", "p50", "p90", "p99", "max")
        blocks.append(
            table(
                head, [(x["column"], x["unit"], *(number(x[k]) for k in ("count", "p50", "p90", "p99", "max"))) for x in report["lengths"]]
            )
        )
    if report["values"]:
        blocks.append(_values(report["values"]))
    text = "\n\n".join("\n".join(block) for block in blocks if block)
    return text + "\n" + "".join(line + "\n" for line in _sample(report))
