"""A report as a person opens it: text, one figure and tables, as Markdown and as one HTML file that loads nothing (its content security policy forbids it) and is readable on light and dark.

Names in a table come from pipelines, data sets and models, so what a reader's program could act on is shown and not obeyed in either form.
"""

import html
from collections.abc import Sequence
from typing import NamedTuple

from curate.report.text import visible

_MARKDOWN = str.maketrans({c: "\\" + c for c in "\\`*[]<|~$"})
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --paper: #ffffff; --ink: #24292f; --grid: #d0d7de; }}
@media (prefers-color-scheme: dark) {{ :root {{ --paper: #15191e; --ink: #d5dbe1; --grid: #3a424b; }} }}
body {{ background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; max-width: 90rem; margin: 2rem auto; padding: 0 1rem; }}
figure {{ margin: 1rem 0; }}
svg {{ width: 100%; height: auto; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; margin: 0.5rem 0; font-variant-numeric: tabular-nums; }}
th, td {{ border-bottom: 1px solid var(--grid); padding: 0.2rem 1.2rem 0.2rem 0; text-align: left; vertical-align: bottom; overflow-wrap: anywhere; }}
.wide td {{ white-space: nowrap; }}
td.number, th.number {{ text-align: right; }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


class Table(NamedTuple):
    """A table with its title and what has to be known to read it."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


class Figure(NamedTuple):
    """A drawing: an `<svg>` element, the name of the same as a PNG beside the report, and what it shows, in words."""

    svg: str
    png: str
    shows: str


def markdown(title: str, first: Sequence[str], figure: Figure, tables: Sequence[Table]) -> str:
    """The report as Markdown; the paragraphs `first` stand before all else."""
    parts = [f"# {_plain(title)}", *(f"**{_plain(text)}**" for text in first), f"![{_plain(figure.shows)}]({figure.png})"]
    for table in tables:
        lines = ["| " + " | ".join(row) + " |" for row in [_cells(table.heads), ["---"] * len(table.heads), *map(_cells, table.rows)]]
        parts += [f"## {_plain(table.title)}", "\n".join(lines), *([_plain(table.note)] if table.note else [])]
    return "\n\n".join(parts) + "\n"


def page(title: str, first: Sequence[str], figure: Figure, tables: Sequence[Table]) -> str:
    """The same as an HTML file."""
    shows = _escaped(figure.shows)
    parts = [f"<p><strong>{_escaped(text)}</strong></p>" for text in first]
    parts.append(f'<figure role="img" aria-label="{shows}" title="{shows}">\n{figure.svg}\n</figure>')
    for table in tables:
        rows = [_row("th", table.heads), *(_row("td", row) for row in table.rows)]
        parts += [f"<h2>{_escaped(table.title)}</h2>", '<div class="wide"><table>', *rows, "</table></div>"]
        parts += [f"<p>{_escaped(table.note)}</p>"] if table.note else []
    return PAGE.format(title=_escaped(title), body="\n".join(parts))


def _row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{_escaped(cell)}</{tag}>" for cell in cells) + "</tr>"


def _cells(row: Sequence[str]) -> list[str]:
    return [_plain(cell) for cell in row]


def _plain(text: str) -> str:
    return visible(text).translate(_MARKDOWN)


def _escaped(text: str) -> str:
    return html.escape(visible(text))
