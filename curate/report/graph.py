"""A pipeline's graph with what is there of each stage: as text, and as SVG.

Departs from graphviz in that nothing is optimised: a stage stands one column to the right of the last stage that it needs, and an edge is one curve. A pipeline has some twenty stages, and a page needs no other program for them.
"""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from curate.stage import Given, Output, Pipeline, Status

COLOURS = {"done": "#2e7d32", "running": "#1565c0", "stopped": "#ef6c00", "stale": "#8d6e63", "due": "#78909c"}
WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 150, 44, 60, 22, 20  # pixels


def text(pipeline: Pipeline, statuses: Sequence[Status]) -> str:
    """A line for each stage: its state, what it took, its directory, what it takes."""
    names = max((len(s.stage.name) for s in statuses), default=0)
    lines = [f"{pipeline.name}: {pipeline.about}" if pipeline.about else pipeline.name]
    for status in statuses:
        stage = status.stage
        directory = "" if status.directory is None else status.directory.name
        taken = ", ".join(f"{name} <- {_source(source)}" for name, source in stage.inputs.items())
        lines.append(f"  {stage.name:<{names}}  {status.state:<7}  {_took(status):>8}  {directory:<{names + 11}}  {taken}".rstrip())
    counts = [f"{sum(s.state == state for s in statuses)} {state}" for state in COLOURS if any(s.state == state for s in statuses)]
    return "\n".join([*lines, ", ".join(counts)])


def _took(status: Status) -> str:
    return "" if status.seconds is None else f"{status.seconds:,.0f} s"


def _source(source: Given | Output) -> str:
    return source.path if isinstance(source, Given) else f"{source.stage}.{source.name}"


def svg(pipeline: Pipeline, statuses: Sequence[Status]) -> str:
    """The graph as an SVG document."""
    columns: dict[str, int] = {}
    rows: dict[int, int] = {}
    places: dict[str, tuple[int, int]] = {}
    for status in statuses:
        needed = [columns[s.stage] for s in status.stage.inputs.values() if isinstance(s, Output)]
        column = max(needed, default=-1) + 1
        row = rows.get(column, 0)
        columns[status.stage.name], rows[column] = column, row + 1
        places[status.stage.name] = (MARGIN + column * (WIDTH + GAP_X), MARGIN + row * (HEIGHT + GAP_Y))
    wide = 2 * MARGIN + len(rows) * (WIDTH + GAP_X) - GAP_X
    high = 2 * MARGIN + max(rows.values(), default=0) * (HEIGHT + GAP_Y) - GAP_Y
    edges, boxes = [], []
    for status in statuses:
        x, y = places[status.stage.name]
        for name, source in status.stage.inputs.items():
            if isinstance(source, Output):
                from_x, from_y = places[source.stage]
                a, b = (from_x + WIDTH, from_y + HEIGHT // 2), (x, y + HEIGHT // 2)
                bend = (b[0] - a[0]) // 2
                edges.append(
                    f'<path d="M{a[0]} {a[1]} C{a[0] + bend} {a[1]} {b[0] - bend} {b[1]} {b[0]} {b[1]}" fill="none" stroke="#90a4ae">'
                    f"<title>{escape(f'{name} of {status.stage.name}: {source.name} of {source.stage}')}</title></path>"
                )
        boxes.append(
            f'<g><title>{escape(status.stage.about or status.stage.name)}</title><rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="white" '
            f'stroke="{COLOURS[status.state]}" stroke-width="2"/><text x="{x + WIDTH // 2}" y="{y + 19}" text-anchor="middle">{escape(status.stage.name)}</text>'
            f'<text x="{x + WIDTH // 2}" y="{y + 35}" text-anchor="middle" font-size="10" fill="{COLOURS[status.state]}">{status.state}</text></g>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" font-family="sans-serif" font-size="13">'
        f"<title>{escape(pipeline.name)}</title>{''.join(edges)}{''.join(boxes)}</svg>\n"
    )
