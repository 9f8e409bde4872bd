"""Panels of curves as one figure, by matplotlib: as SVG for a page that is light or dark, and as PNG.

Departs from a plain `savefig`: text is drawn as text and never read as mathematics, the same panels give the same bytes, and the SVG takes its ink
from the page's CSS variables --ink and --grid, so that one drawing is readable on either background.
"""

import io
import re
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

from curate.errors import MissingExtra

try:
    from cycler import cycler
    from matplotlib.figure import Figure
    from matplotlib.style import context
    from matplotlib.ticker import MaxNLocator
except ImportError as error:
    raise MissingExtra("matplotlib", "train", "drawing curves") from error

Axes = Any  # matplotlib.axes.Axes

INK, GRID = "#24292f", "#d0d7de"  # on the PNG's white; the page's own in the SVG
# Okabe and Ito's palette for all kinds of colour vision (https://jfly.uni-koeln.de/color), without black and yellow, which one of the backgrounds swallows.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
BAND = 0.15  # how opaque an interval is: several lie over one another
COLUMNS, PANEL_INCHES = 3, (4.4, 2.7)
STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": GRID,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.prop_cycle": cycler(linestyle=["-", "--", ":"]) * cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlesize": "medium",
    "figure.dpi": 110,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.fontsize": "small",
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.3,
    "savefig.dpi": "figure",
    "svg.fonttype": "none",
    "svg.hashsalt": "curves",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
}


class Series(NamedTuple):
    """A named curve: values at optimizer steps, NaN for a gap; where they are there, with intervals from `low` to `high`."""

    name: str
    steps: list[int]
    values: list[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


class Panel(NamedTuple):
    """Curves that share an axis, drawn over one another or, with the same steps, stacked. `ticks`: names in place of the steps 0, 1, .."""

    title: str
    series: list[Series]
    stacked: bool = False
    ticks: Sequence[str] = ()


def draw(panels: list[Panel]) -> tuple[str, bytes]:
    """The panels (at least one), row by row, as (an `<svg>` element, a PNG file)."""
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    with context(["default", STYLE]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a box in the PNG; the SVG leaves fonts to the reader's machine
        figure = Figure(figsize=(columns * PANEL_INCHES[0], rows * PANEL_INCHES[1]), layout="constrained")
        for index, panel in enumerate(panels):
            _draw(figure.add_subplot(rows, columns, index + 1), panel)
        png, svg = io.BytesIO(), io.StringIO()
        figure.savefig(png, format="png")
        figure.savefig(svg, format="svg", transparent=True, metadata={"Date": None})
    return _element(svg.getvalue()), png.getvalue()


def _draw(axes: Axes, panel: Panel) -> None:
    axes.set_title(panel.title, loc="left")
    if panel.ticks:
        axes.set_xticks(range(len(panel.ticks)), panel.ticks, rotation=25, ha="right", rotation_mode="anchor")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    (_stack if panel.stacked else _lines)(axes, panel.series)
    if len(panel.series) > 1:
        axes.legend(loc="best", markerscale=0)  # the dots are for single points


def _lines(axes: Axes, series: list[Series]) -> None:
    for one in series:
        # A line has no width where a point stands alone, so such a point gets a dot; so does each of those that are few enough to have an interval.
        there = [False, *(value == value for value in one.values), False]
        alone = [here and not (before or after) for before, here, after in zip(there, there[1:], there[2:], strict=False)]
        [line] = axes.plot(one.steps, one.values, marker="o", markersize=3, markevery=None if one.low else alone, label=one.name)
        if one.low:
            axes.fill_between(one.steps, one.low, one.high, color=line.get_color(), alpha=BAND, linewidth=0)


def _stack(axes: Axes, series: list[Series]) -> None:
    """Each step as wide as one step, so that a run of one step is seen too."""
    steps = series[0].steps
    edges = [*steps, steps[-1] + 1]
    floor = [0.0] * len(edges)
    for index, one in enumerate(series):
        top = [low + value for low, value in zip(floor, [*one.values, one.values[-1]], strict=True)]
        axes.fill_between(edges, floor, top, step="post", color=COLOURS[index % len(COLOURS)], linewidth=0, label=one.name)
        floor = top
    axes.set_ylim(bottom=0)


def _element(svg: str) -> str:
    """The <svg> element alone, without the metadata that names addresses, its ink the page's."""
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    for colour, name in ((INK, "ink"), (GRID, "grid")):
        svg = re.sub(rf"(fill|stroke): {colour}\b", rf"\1: var(--{name})", svg)
    return svg
