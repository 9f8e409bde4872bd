"""Plain text for a terminal: aligned tables, bars, short forms of numbers, and text of unknown origin made harmless.

What a model wrote may hold escape sequences that move the cursor, rename the window or paint over what was printed before, and characters that turn the direction of a line. `visible` shows
them as escapes instead of sending them on. It departs from `str.isprintable` in that joiners stay, without which several scripts cannot be read.
"""

import unicodedata
from collections.abc import Iterable, Sequence

WIDTH = 80
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # Unicode categories that a terminal may act on or that nobody can see
JOINERS = frozenset("\u200c\u200d")


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str, *, lines: bool = False) -> str:
    """`text` with every character that a terminal could act on written as an escape; line ends and tabs stay where `lines` is set, else they become spaces."""
    shown = []
    for c in text:
        if c in "\n\t":
            shown.append(c if lines else " ")
        elif unicodedata.category(c) in HIDDEN and c not in JOINERS:
            shown.append(_escape(c))
        else:
            shown.append(c)
    return "".join(shown)


def columns_of(text: str) -> int:
    """How many columns of a terminal `text` takes: wide characters take two, combining ones none."""
    return sum(0 if unicodedata.combining(c) or c in JOINERS else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def fit(text: str, width: int) -> str:
    """`text` on one line of at most `width` columns, its middle left out where it is longer: names differ at both ends."""
    text = visible(text)
    if columns_of(text) <= width:
        return text
    head, tail = (width - 2) - (width - 2) // 2, (width - 2) // 2
    front, back = "", ""
    for c in text:
        if columns_of(front + c) > head:
            break
        front += c
    for c in reversed(text):
        if columns_of(c + back) > tail:
            break
        back = c + back
    return front + ".." + back


def shorten(text: str, characters: int) -> str:
    """The beginning of `text`, made harmless, with its length where something was left out."""
    if len(text) <= characters:
        return visible(text, lines=True)
    return f"{visible(text[:characters], lines=True)} [.. {len(text):,} characters]"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, width: int = WIDTH) -> list[str]:
    """Lines of a table: the first column to the left and shortened so that a line keeps within `width`, all others to the right."""
    body = [[visible(cell) for cell in row] for row in rows]
    widths = [max(columns_of(row[i]) for row in [list(head), *body]) for i in range(len(head))]
    widths[0] = max(8, min(widths[0], width - sum(w + 2 for w in widths[1:])))
    lines = []
    for row in [list(head), *body]:
        first = fit(row[0], widths[0])
        cells = [first + " " * (widths[0] - columns_of(first))]
        cells += [" " * (w - columns_of(cell)) + cell for cell, w in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return lines


def bar(value: float, largest: float, width: int = 30) -> str:
    """A bar of at most `width` marks; whatever is not nothing has at least one."""
    return "#" * max(1, round(width * value / largest)) if value > 0 and largest > 0 else ""


def percent(value: float | None) -> str:
    """A share as text; `-` where there is none."""
    return "-" if value is None else f"{100 * value:.1f} %"


def number(value: float | None) -> str:
    """A number as text with thousands apart, `-` where there is none."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:,.1f}"
