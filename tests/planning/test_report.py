"""Numbers and times as a person reads them."""

import pytest

from curate.planning.plan import Plan, Row
from curate.planning.report import short, text
from curate.planning.values import Value, exact


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (7, "7"),
        (0.0333, "0.0333"),
        (99.97, "100"),
        (950, "950"),
        (1234, "1.23k"),
        (12_345, "12.3k"),
        (999_900, "1.00M"),
        (5.32e6, "5.32M"),
        (148e12, "148T"),
    ],
)
def test_a_number_in_six_characters(value, said):
    assert short(value) == said


def test_the_papers_hours_stand_beside_the_planned_ones():
    rows = tuple(
        Row(name, "sft", "due", "", {"accelerator_hours": exact(hours)}, None) for name, hours in (("a", 50.0), ("b", 25.0), ("c", 9.0))
    )
    said = text(Plan("p", "", rows, "no pilot", {}, [("Zero", 100.0, ["a"]), ("R1", 50.0, ["b", "gone"])])).splitlines()
    assert [line.split() for line in said if line.startswith(("Zero", "R1", "in all "))] == [
        ["Zero", "50", "100", "0.50"],
        ["R1", "25", "50", "0.50"],
        ["in", "all", "75", "150", "0.50"],
    ]


def test_planned_against_actual_with_its_ratio():
    row = Row("a", "generate", "done", "", {"rows": Value(20, 14, 26), "hours": exact(0.5)}, {"rows": exact(25), "hours": exact(1)})
    said = [line.split() for line in text(Plan("p", "", (row,), "", {})).splitlines() if line.startswith("a ")]
    assert said[1:] == [["a", "rows", "20", "14", "to", "26", "25", "1.25"], ["a", "hours", "0.5", "1", "2.00"]]


def test_hostile_names_do_not_reach_the_terminal():
    row = Row("a", "prompts", "due", "", {}, None, ("\x1b[2J",))
    assert "\x1b" not in text(Plan("p\x1b", "", (row,), "\x1b", {"a": ["\x1b[31m"]}))
