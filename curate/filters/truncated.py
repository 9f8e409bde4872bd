"""A completion that did not end by itself: cut off at the token limit, by a content filter or by a refused request.

The sampler holds every answer against its finish reason, `curate filter` every row, and there also against the text: a server that closes its stream early says "stop" all the same. A text breaks off where a box, a fence
or a displayed formula is never closed, its last line is the bare number of an item, or it ends in a word that no English sentence ends in. Not covered: a text that was cut between two sentences, or within a word.
"""

import re

from curate.filters.base import Filter, Trace
from curate.records import Answer

REASONS = {"length": "truncated", "content_filter": "content_filter", "error": "refused"}
TAIL = 2_000  # characters at the end of a text that are looked at

_ITEM = re.compile(r"(?:\d{1,3}[.)]|[-*•])")
_OPEN_BOX = re.compile(r"\\boxed\s*+\{[^{}]*+(?:\{[^{}]*+\}[^{}]*+)*+\Z")
_OPENS = re.compile(r"(?<!\\)\\(?:\[|begin\{([a-z]{1,20}\*?)\})")  # not the \\[2pt] at an end of a line
_FORMULA = re.compile(r"[=^_]|\\[a-z]")
_DANGLING = re.compile(r"(?:the|an|of|in|to|and|or|with|for|by|at|from|as|if|because|than|whose|into)", re.IGNORECASE)


def truncated(answer: Answer | Trace) -> tuple[str, ...]:
    """`truncated`, `content_filter` or `refused`; nothing where the model stopped by itself, or nobody knows."""
    return () if answer.finish_reason in ("stop", "unknown") else (REASONS.get(answer.finish_reason, "truncated"),)


def _unclosed(opened: re.Match[str]) -> bool:
    """Whether a displayed formula or an environment has no end: neither an empty line, which no formula has, nor a mark of code, where such marks are talked about, follows."""
    rest = opened.string[opened.end() :]
    closing = f"\\end{{{opened[1]}}}" if opened[1] else "\\]"
    return closing not in rest and "\n\n" not in rest and "`" not in rest and _FORMULA.search(rest) is not None


def breaks_off(text: str) -> bool:
    """Whether a text visibly ends before it should."""
    if text.count("```") % 2:
        return True
    tail = text[-TAIL:].rstrip()
    *before, last = tail.split("\n")
    if before and _ITEM.fullmatch(last.strip()):
        return True
    word = last.rpartition(" ")[2]
    return (
        _OPEN_BOX.search(tail) is not None
        or any(map(_unclosed, _OPENS.finditer(tail)))
        or (" " in last and _DANGLING.fullmatch(word) is not None)
    )


def _reasons(trace: Trace) -> tuple[str, ...]:
    said = truncated(trace)
    if not said and (breaks_off(trace.response) or (trace.reasoning is not None and breaks_off(trace.reasoning))):
        return ("truncated",)
    return said


FILTER = Filter("truncated", "2", lambda _: {}, reasons=_reasons)
