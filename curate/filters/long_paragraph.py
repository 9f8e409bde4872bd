"""Walls of text: the longest paragraph of prose. One of the recipe's three filters of chains; what counts as long is not published.

A paragraph is the prose between blank lines, its length the number of its words, so that one limit does for all languages: two Chinese or Japanese characters are a word, four Thai ones, and a formula
within the line is about as many words as it has spaces, since it is read too. What is no prose ends a paragraph, and its lines do not join: fenced code, display formulas, tables, headings, rules, and lines of fewer than three
words (equations, traces of a program). Each item of a list is a paragraph, with the lines that follow it.

Not covered: code outside a fence reads as prose where its lines have three words.
"""

import re
from collections.abc import Iterator, Mapping

from curate.filters.base import PARTS, Filter, Limit, Trace, Value, count
from curate.language.scripts import PER_WORD, RANGES

LONG = 350
_SOURCE = "not published for R1; the Federal Plain Language Guidelines (2011, III.c) want at most 150 words and never more than 250, and chains of R1 and its students have one to five sentences in a paragraph"

_BLANK = re.compile(r"\n[ \t\r]*+\n")
_BLOCKS = (
    ("```", re.compile(r"```[^`]*+(?:`{1,2}[^`]++)*+(?:```|\Z)")),
    ("~~~", re.compile(r"~~~[^~]*+(?:~{1,2}[^~]++)*+(?:~~~|\Z)")),
    ("$$", re.compile(r"\$\$[^$]*+\$\$")),
    ("\\[", re.compile(r"\\\[(?:[^\\]++|\\(?![\[\]]))*+\\\]")),
    ("\\begin", re.compile(r"\\begin\{(?:equation|align|aligned|gather|cases|array|[pbvBV]?matrix|tabular|verbatim)\*?\}(?:[^\\]++|\\(?!begin|end))*+\\end\{\w{1,20}\*?\}")),
)  # fmt: skip
# The first words of a line that begins a paragraph of its own: an item of a list, a step; and what is a heading, a rule or a line of a table.
_ITEM = re.compile(r"[ \t]*+(?:[-*+•·‣▪◦–—][ \t]|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)、:][ \t]?(?!\d)|[①-⑳]|>|(?:step|case|schritt|étape|paso|passo|шаг|случай)\s*\d{1,3}\b|第[\d一二三四五六七八九十]{1,4}[步点章节种]|步骤)", re.IGNORECASE)  # fmt: skip
_NO_PROSE = re.compile(r"[ \t]*+(?:\||#{1,6} |[-=_*~#+ \t]{3,}+$)")
_LETTERS = re.compile(r"[^\W\d_]{2,}+")
# Words in scripts without spaces, by how many characters are one, and what has spaces.
_PACKED = tuple(
    (size, re.compile(f"[{''.join(RANGES[script] for script, per_word in PER_WORD.items() if per_word == size)}]+"))
    for size in sorted(set(PER_WORD.values()))
)
_ANY_PACKED = re.compile(f"[{''.join(RANGES[script] for script in PER_WORD)}]")
_UNSPACED = re.compile(
    f"[{''.join(RANGES[script] for script in PER_WORD)}\u3000-\u3004\u3008-\u303f\u30fb\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]+"
)  # with their marks
FEWEST = 3  # words of a line of prose


def _words(text: str) -> int:
    if text.isascii() or _ANY_PACKED.search(text) is None:
        return len(text.split())
    packed = sum([-(-len(run) // size) for size, runs in _PACKED for run in runs.findall(text)])
    return packed + len(_UNSPACED.sub(" ", text).split())


def _paragraphs(block: str) -> Iterator[str]:
    """The paragraphs of prose between two blank lines."""
    lines: list[str] = []
    for line in block.split("\n"):
        prose = not _NO_PROSE.match(line) and _LETTERS.search(line) is not None and _words(line) >= FEWEST
        if lines and (not prose or _ITEM.match(line)):
            yield " ".join(lines)
            lines = []
        if prose:
            lines.append(line)
    if lines:
        yield " ".join(lines)


def longest(text: str) -> int:
    """The words of the longest paragraph of prose; 0 where there is none. Blocks that could not be longer than what was found are not looked into."""
    for needle, pattern in _BLOCKS:
        if needle in text:
            text = pattern.sub("\n\n", text)
    most = 0
    for block in sorted(_BLANK.split(text), key=len, reverse=True):
        if len(block) <= most:  # a word has a character at least
            break
        words = _words(block)
        if words > most:
            most = max((most, *map(_words, _paragraphs(block))))
    return most


def measure(trace: Trace) -> Mapping[str, Value]:
    """The filter's metrics."""
    return {f"{part}_longest_paragraph": longest(trace.part(part)) for part in PARTS if trace.part(part)}


FILTER = Filter(
    "long_paragraph",
    "1",
    measure,
    metrics={
        f"{part}_longest_paragraph": count(f"words of the longest paragraph of the {part}; two Chinese or Japanese characters are one")
        for part in PARTS
    },
    limits=[Limit(part, f"{part}_longest_paragraph", LONG, "long_paragraph", _SOURCE) for part in PARTS],
)
