"""Text of unknown origin on a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.report.text import bar, columns_of, fit, shorten, table, visible


@given(st.text(st.characters(codec=None)))
def test_nothing_that_a_terminal_acts_on_is_left(text: str) -> None:
    shown = visible(text)
    assert all(unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp") and c not in "\u202e\u2066\ufeff" for c in shown)
    shown.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\rb", "a\\x0db"),
        ("\x9b2J", "\\x9b2J"),
        ("abc\u202edef", "abc\\u202edef"),
        ("\U000e0041", "\\U000e0041"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("漢字 ü π", "漢字 ü π"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_stay_where_wanted() -> None:
    assert visible("a\n\tb") == "a  b"
    assert visible("a\n\tb\x00", lines=True) == "a\n\tb\\x00"


@given(st.text(), st.integers(8, 60))
def test_fit_keeps_within_its_columns(text: str, width: int) -> None:
    assert columns_of(fit(text, width)) <= width


def test_shorten_says_how_long_it_was() -> None:
    assert shorten("x" * 1000, 5) == "xxxxx [.. 1,000 characters]"
    assert shorten("abc", 5) == "abc"


def test_table_aligns_wide_characters() -> None:
    lines = table(("name", "n"), [("漢字漢字漢", "1"), ("latin", "10")])
    assert len({columns_of(line) for line in lines}) == 1


def test_a_bar_for_whatever_is_not_nothing() -> None:
    assert bar(1, 10**6) == "#"
    assert bar(0, 10**6) == ""
    assert bar(0, 0) == ""
