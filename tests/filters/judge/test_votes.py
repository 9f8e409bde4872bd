"""Votes make a judgement, and a judgement counts beside a rule's verdict."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.filters.judge.reply import Vote, nothing
from curate.filters.judge.tasks import CORRECTNESS, helpfulness, quality
from curate.filters.judge.votes import Judgement, Settled, combine, compared, settle
from curate.records import JUDGEMENT, Status, Verdict

YES, NO, NONE = Vote("correct", 1.0), Vote("incorrect", 0.0), nothing("off_format")


@pytest.mark.parametrize(
    ("votes", "verdict", "reason"),
    [
        ([YES], "correct", ""),
        ([YES, YES, NO], "correct", ""),
        ([NO, YES, NO], "incorrect", ""),
        ([YES, YES, NONE], "correct", ""),
        ([YES, NO], None, "tie"),
        ([YES, NO, NONE], None, "tie"),
        ([YES, NONE, NONE], None, "off_format"),
        ([YES, NONE], None, "off_format"),
        ([NONE, NONE, nothing("cut_off")], None, "off_format"),
        ([nothing("unsure"), nothing("cut_off")], None, "cut_off"),
        ([YES, YES, NO, NO, NONE], None, "tie"),
    ],
)
def test_a_verdict_needs_more_than_half_of_the_votes_asked_for(votes: list[Vote], verdict: str | None, reason: str) -> None:
    made = combine("s", CORRECTNESS, "j", votes)
    assert (made.verdict, made.reason) == (verdict, reason)
    assert made.score == {"correct": 1.0, "incorrect": 0.0, None: None}[verdict]
    assert made.decided_by == ("nobody" if verdict is None else "judge")
    assert len(made.votes) == len(votes)


@pytest.mark.parametrize(
    ("scores", "expected"), [([7], 7.0), ([2, 9, 8], 8.0), ([6, 7, None], 6.5), ([6, None, None], None), ([None], None)]
)
def test_a_quality_is_the_median_of_its_votes(scores: list[int | None], expected: float | None) -> None:
    made = combine("s", quality(), "j", [NONE if s is None else Vote("rated", float(s)) for s in scores])
    assert made.score == expected
    assert made.verdict == (None if expected is None else "rated")


def test_votes_are_on_record() -> None:
    assert combine("s", CORRECTNESS, "j", [YES, NO, NONE]).votes == ("correct", "incorrect", "none:off_format")
    assert combine("s", quality(), "j", [Vote("rated", 7.0)]).votes == ("7",)


def test_a_judgement_fits_the_schema_of_samples() -> None:
    row = combine("s", CORRECTNESS, "model@abc", [YES]).row()
    assert pa.array([row], JUDGEMENT).to_pylist()[0] == row
    assert (row["judge"], row["template"], row["verdict"], row["score"]) == ("model@abc", CORRECTNESS.label, "correct", 1.0)
    none = combine("s", CORRECTNESS, "j", [NONE]).row()
    assert (none["verdict"], none["score"]) == (None, None)


def two(first: int, second: int, swapped: bool) -> Vote:
    """A vote on two answers as it comes out of a reply: turned back where they were shown the other way round."""
    vote = Vote(
        "rated", float(second - first) if swapped else float(first - second), scores=(second, first) if swapped else (first, second)
    )
    return vote.turned() if swapped else vote


@pytest.mark.parametrize(
    ("votes", "verdict", "scores"),
    [
        ([two(8, 3, False), two(7, 2, True)], "first", (7.5, 2.5)),
        ([two(3, 8, False), two(3, 8, True)], "second", (3, 8)),
        ([two(5, 5, False), two(5, 5, True)], "even", (5, 5)),
        ([two(6, 5, False), two(5, 6, True)], "by_place", (5.5, 5.5)),
        ([two(9, 1, False), two(4, 5, True)], "by_place", (6.5, 3)),
        ([two(9, 5, False), two(5, 5, True)], "first", (7, 5)),
        # one order has three votes, the other one: each order weighs the same
        ([two(9, 5, False), two(9, 5, False), two(9, 5, False), two(5, 5, True)], "first", (7, 5)),
        ([two(9, 5, False), two(5, 4, True), NONE, NONE], None, None),
        ([two(9, 5, False), two(9, 5, False), two(9, 5, False), NONE], None, None),
        ([NONE, NONE], None, None),
    ],
)
def test_two_answers_are_told_apart_by_both_orders(votes: list[Vote], verdict: str | None, scores: tuple[float, float] | None) -> None:
    found = compared(votes)
    assert found == (*(scores or (None, None)), verdict)
    made = combine("s", helpfulness(), "j", votes)
    assert (made.verdict, made.score) == (verdict, None if scores is None else scores[0] - scores[1])
    assert made.cast == tuple(votes)
    assert made.decided_by == ("nobody" if verdict is None else "judge")


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10), st.booleans()), max_size=8))
def test_the_names_of_two_answers_do_not_matter(given: list[tuple[int, int, bool]]) -> None:
    """Exchange the two answers, and with them who was shown first: the scores are exchanged and nothing else changes."""
    one = compared([two(*vote) for vote in given])
    other = compared([two(b, a, not swapped) for a, b, swapped in given])
    assert (one.first, one.second) == (other.second, other.first)
    assert {"first": "second", "second": "first"}.get(str(one.verdict), one.verdict) == other.verdict


@pytest.mark.parametrize(
    ("agreement", "verdict"), [(0.0, "incorrect"), (0.6, "incorrect"), (2 / 3, "incorrect"), (0.6666666667, "incorrect"), (0.7, None), (1.0, None)]
)  # fmt: skip
def test_a_share_of_the_votes_may_be_asked_for(agreement: float, verdict: str | None) -> None:
    made = combine("s", CORRECTNESS, "j", [NO, YES, NO], agreement)
    assert (made.verdict, made.reason) == (verdict, "" if verdict else "tie")


def judgement(verdict: str | None) -> Judgement:
    return combine("s", CORRECTNESS, "j", [{"correct": YES, "incorrect": NO, None: NONE}[verdict]])


@pytest.mark.parametrize(
    ("status", "said", "may_overrule", "expected"),
    [
        ("correct", "correct", False, Settled("correct", "rule")),
        ("correct", "incorrect", False, Settled("wrong", "judge")),
        ("correct", None, False, Settled("correct", "rule")),
        ("wrong", "correct", False, Settled("wrong", "rule")),
        ("wrong", "correct", True, Settled("correct", "judge", True)),
        ("no_answer", "correct", False, Settled("wrong", "rule")),
        ("wrong", "incorrect", True, Settled("wrong", "rule")),
        ("wrong", None, True, Settled("wrong", "rule")),
        ("unverifiable", "correct", False, Settled("correct", "judge")),
        ("verifier_timeout", "incorrect", False, Settled("wrong", "judge")),
        ("unparsable_gold", None, True, Settled(None, "nobody")),
        (None, "correct", False, Settled("correct", "judge")),
        (None, None, False, Settled(None, "nobody")),
    ],
)
def test_a_judge_vetoes_and_overrules_only_on_record(
    status: Status | None, said: str | None, may_overrule: bool, expected: Settled
) -> None:
    rule = None if status is None else Verdict(status)
    assert settle(rule, judgement(said), may_overrule=may_overrule) == expected
