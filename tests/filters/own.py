"""Filters of a user, as the tests of the chain name them."""

from collections.abc import Iterable

from curate.errors import MissingExtra
from curate.filters.base import Filter, Limit, Trace, count


def polite(trace: Trace) -> Iterable[str]:
    if "please" not in trace.question.lower():
        yield "rude"


def text(trace: Trace) -> str:
    return "rude"


def number(trace: Trace) -> Iterable[str]:
    return [1]  # type: ignore[list-item]


def fails(trace: Trace) -> Iterable[str]:
    raise ValueError("not today")


def lacks(trace: Trace) -> Iterable[str]:
    raise MissingExtra("fasttext", "filters", "this filter")


def of_two(trace: Trace, other: int) -> Iterable[str]:
    return ()


def build() -> Filter:
    return Filter(
        "marks",
        "3",
        lambda trace: {"marks": trace.response.count("!")},
        metrics={"marks": count("exclamation marks")},
        limits=(Limit("most", "marks", 2, "shouts", "chosen"), Limit("least", "marks", 0, "flat", "chosen", over=False)),
        settings={"b": [1], "a": "x"},
    )


def builds_nothing() -> int:
    return 3


MARKS = build()
CLASH = Filter("clash", "1", lambda _: {}, metrics={"marks": count("the same column")})
NUMBER = 3
