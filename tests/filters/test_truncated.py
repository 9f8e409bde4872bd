"""Samples that did not end by themselves, whatever their finish reason says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.filters.base import Trace
from curate.filters.truncated import FILTER, breaks_off


@pytest.mark.parametrize(
    ("finish_reason", "reasons"),
    [
        ("stop", ()),
        ("unknown", ()),
        ("length", ("truncated",)),
        ("content_filter", ("content_filter",)),
        ("error", ("refused",)),
        ("odd", ("truncated",)),
    ],
)
def test_the_finish_reason_decides(finish_reason: str, reasons: tuple[str, ...]) -> None:
    assert FILTER.look(Trace("q", "Done.", "I think.", finish_reason=finish_reason)).reasons == reasons


@pytest.mark.parametrize(
    "text",
    [
        "So the sum is $\\boxed{14",
        "So it is \\boxed{\\frac{3}{4}",
        "The sum is \\[\\sum_{n=1}^\\infty\\frac{1}{n^2}=\\frac{\\pi^2}{",
        "It is\n\\begin{align*}\n x &= 1 \\\\[2pt]\n y &= \\begin{pmatrix} 1 \\end{pmatrix}",
        "1. Read the text.\n2. Write it down.\n3.",
        "- one\n- two\n-",
        "```python\nprint(1)",
        "With this rule the calendar drifts by only one day in",
        "The answer is no, and here is the example of the",
    ],
)
def test_a_text_that_breaks_off_is_truncated_though_it_says_stop(text: str) -> None:
    assert FILTER.look(Trace("q", text)).reasons == ("truncated",)
    assert FILTER.look(Trace("q", "Done.", text)).reasons == ("truncated",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "\\boxed{14}",
        "\\boxed{\\frac{1}{2}}",
        "$\\boxed{x \\in \\{1, 2\\}}$",
        "```python\nprint(1)\n```",
        "The set is {1, 2",  # no box: nothing is said of other brackets
        "It is what I was looking for.",
        "第三，检查答案。",
        'The word that you look for is "the".',
        "of",
        "1. one\n2. two",
        "x = -",
        "\\[ x = 1 \\]",
        "\\begin{cases} a \\\\[2pt] b = c \\end{cases}",
        "In a regular expression \\[ stands for the bracket itself.",
        "The line `\\begin{align}` opens it = here.",
    ],
)
def test_a_text_that_ends_somehow_is_not(text: str) -> None:
    assert not breaks_off(text)


@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    assert breaks_off(text) in (True, False)
