"""Does each stage help? The models of a pipeline side by side, in the order of its stages: one table, one figure, and the paper's own table of the same shape, as report.md, report.html and stages.png.

Every number is from the evaluation (train/evaluate.py): all models were asked the same held-out questions. An interval holds the true value in 95 of 100 such evaluations; a stage whose interval does not overlap that of the stage before it has made a difference.
"""

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from curate.stage import Task
from curate.storage import LocalPlace
from train.drawing import Panel, Series, draw

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
:root {{ --ink: #24292f; --grid: #d0d7de; color-scheme: light dark }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e6edf3; --grid: #444c56 }} }}
body {{ font: 15px/1.5 sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em }}
table {{ border-collapse: collapse; margin: 1em 0 }} th, td {{ border-bottom: 1px solid var(--grid); padding: .3em .8em; text-align: left }}
svg {{ max-width: 100%; height: auto }}
</style></head><body><h1>{title}</h1>
{body}
</body></html>
"""


def stage(task: Task) -> None:
    """A pipeline's stage: the input `evaluation` as a report, to the output `report`. The configuration: `title`; `paper`, rows of [benchmark, then a number for each of `paper_models`]; `paper_source`."""
    found = json.loads((task.inputs["evaluation"] / "eval.json").read_text("utf-8"))
    tables = [("The same held-out questions after every stage", *measured(found))]
    if task.config.get("paper"):
        heads = ["", *task.config["paper_models"]]
        tables.append(
            (
                f"DeepSeek-R1's own stages ({task.config['paper_source']})",
                heads,
                [[str(cell) for cell in row] for row in task.config["paper"]],
            )
        )
    svg, png = draw(panels(found))
    title = task.config["title"]
    markdown = "\n\n".join(
        [f"# {title}", "![pass@1 by stage](stages.png)", *(f"## {name}\n\n{_markdown(heads, rows)}" for name, heads, rows in tables)]
    )
    body = "\n".join([svg, *(f"<h2>{html.escape(name)}</h2>\n{_html(heads, rows)}" for name, heads, rows in tables)])
    task.outputs["report"].mkdir(exist_ok=True)
    place = LocalPlace(task.outputs["report"])
    place.write("stages.png", png)
    place.write("report.html", PAGE.format(title=html.escape(title), body=body).encode())
    place.write("report.md", (markdown + "\n").encode())


def measured(report: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of the table: a row for each model."""
    domains = sorted({name for model in report["models"] for name in model["domains"]})
    heads = ["stage", "right (95 %)", "lenient", *(domains if len(domains) > 1 else ()), "form kept", "language", "tokens"]
    rows = []
    for model in report["models"]:
        whole = model["overall"]
        parts = [_share(model["domains"].get(name, {}).get("strict", {}).get("pass@1", {}).get("value")) for name in domains]
        strict = whole["strict"]["pass@1"]
        tokens = whole["tokens"]["value"]
        rows.append(
            [
                named(model["label"]),
                f"{_share(strict['value'])} ({_share(strict['low'])} to {_share(strict['high'])})",
                _share(whole["lenient"]["pass@1"]["value"]),
                *(parts if len(domains) > 1 else ()),
                _share(whole["format"]["value"]),
                _share(whole["language"]["value"]),
                "-" if tokens is None else f"{tokens:.0f}",
            ]
        )
    return heads, rows


def panels(report: Mapping[str, Any]) -> list[Panel]:
    """Shares by the number of the stage, counted from 0."""
    models = report["models"]
    steps = list(range(len(models)))

    def series(name: str, values: Sequence[float | None]) -> Series:
        return Series(name, steps, [float("nan") if v is None else v for v in values])

    right = [series(kind, [m["overall"][kind]["pass@1"]["value"] for m in models]) for kind in ("strict", "lenient")]
    kept = [
        series(said, [m["overall"][name]["value"] for m in models]) for name, said in (("format", "form kept"), ("language", "language"))
    ]
    return [Panel("right answers, by stage", right), Panel("form and language, by stage", kept)]


def named(label: str) -> str:
    """A stage's name, of a model that lies in its directory (NAME-HASH/run/model)."""
    return label.partition("/")[0].rpartition("-")[0] or label


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [heads, ["---"] * len(heads), *rows])


def _html(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def cells(tag: str, row: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row) + "</tr>"

    return "<table>\n" + "\n".join([cells("th", heads), *(cells("td", row) for row in rows)]) + "\n</table>"
