"""pass@k against counting all draws, and intervals against published formulas, by what they must never say, and by how often they hold the truth."""

import random
from itertools import combinations
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.report.funnel import wilson
from train.intervals import mean_of_differences, mean_of_shares, mean_of_values, pass_at, student95

COUNTED = st.integers(1, 9).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n), st.integers(0, n)))


@given(COUNTED)
def test_pass_at_k_is_the_share_of_draws_with_a_right_one(case: tuple[int, int, int]) -> None:
    k, n, c = case
    draws = list(combinations(range(n), k))
    assert pass_at(k, n, c) == pytest.approx(sum(min(draw) < c for draw in draws) / len(draws))


@pytest.mark.parametrize(("k", "n", "c"), [(0, 4, 1), (5, 4, 1), (1, 4, 5), (1, 4, -1)])
def test_pass_at_k_of_what_cannot_be(k: int, n: int, c: int) -> None:
    with pytest.raises(ValueError, match="cannot be told"):
        pass_at(k, n, c)


@pytest.mark.parametrize(("freedom", "value"), [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (29, 2.045), (1000, 1.962)])
def test_student(freedom: int, value: float) -> None:
    assert student95(freedom) == pytest.approx(value, rel=2e-3)


def test_one_sample_of_many_prompts_is_a_plain_share() -> None:
    found = mean_of_shares([1.0] * 300 + [0.0] * 700, [1] * 1000)
    assert found.value == 0.3
    assert (found.low, found.high) == pytest.approx(wilson(300, 1000), abs=1e-3)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_equal_shares_are_no_certainty(share: float) -> None:
    found = mean_of_shares([share] * 10, [64] * 10)
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low > 0.25  # ten prompts, whatever the number of answers
    assert found.value in (found.low, found.high)


def test_answers_that_are_alike_say_less() -> None:
    """The same mean from as many answers: where prompts differ, the answers to one are alike."""
    alike, apart = mean_of_shares([0.0, 1.0] * 10, [4] * 20), mean_of_shares([0.5] * 20, [4] * 20)
    assert alike.value == apart.value == 0.5
    assert alike.low < apart.low < 0.5 < apart.high < alike.high  # type: ignore[operator]


def test_few_prompts() -> None:
    assert mean_of_shares([], []) == (None, None, None, 0)
    assert mean_of_shares([0.5], [4]) == (0.5, None, None, 1)
    assert mean_of_differences([]) == (None, None, None, 0)
    found = mean_of_differences([0.0])  # one prompt that does not tell two models apart says next to nothing
    assert found.low == pytest.approx(-found.high)
    assert found.high > 0.9


def test_a_mean_of_values_has_students_interval_within_their_bounds() -> None:
    found = mean_of_values([2.0, 4.0, 6.0, 8.0], 0, 10)
    half = 3.182446 * sqrt(20 / 3 / 4)
    assert found == (5.0, pytest.approx(5 - half, abs=0.01), pytest.approx(5 + half, abs=0.01), 4)
    assert mean_of_values([0.0, 10.0], 0, 10) == (5.0, 0, 10, 2)
    assert mean_of_values([], 0, 10) == (None, None, None, 0)
    assert mean_of_values([7.0], 0, 10) == (7.0, None, None, 1)


SHARES = st.lists(st.tuples(st.integers(1, 8), st.floats(0, 1)), min_size=2, max_size=30)


@given(SHARES)
def test_an_interval_holds_its_mean_and_stays_a_share(drawn: list[tuple[int, float]]) -> None:
    shares = [round(n * p) / n for n, p in drawn]
    value, low, high, prompts = mean_of_shares(shares, [n for n, _ in drawn])
    assert value is not None
    assert low is not None
    assert high is not None
    assert 0 <= low <= value + 1e-12
    assert value - 1e-12 <= high <= 1
    assert low < high
    assert prompts == len(drawn)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=40))
def test_differences_have_no_side(differences: list[float]) -> None:
    value, low, high, _ = mean_of_differences(differences)
    assert value is not None
    assert low is not None
    assert high is not None
    assert -1 <= low <= value + 1e-9
    assert value - 1e-9 <= high <= 1
    assert low < high
    assert mean_of_differences([-d for d in differences])[1:3] == pytest.approx((-high, -low))


@pytest.mark.parametrize(("only_first", "only_second", "both_or_none"), [(0, 0, 10), (1, 4, 15), (0, 7, 0), (20, 3, 77)])
def test_differences_of_one_sample_are_bonett_and_price(only_first: int, only_second: int, both_or_none: int) -> None:
    n = only_first + only_second + both_or_none
    p, q = (only_second + 1) / (n + 2), (only_first + 1) / (n + 2)
    half = 1.959964 * sqrt((p + q - (p - q) ** 2) / (n + 2))
    found = mean_of_differences([-1.0] * only_first + [1.0] * only_second + [0.0] * both_or_none)
    assert (found.low, found.high) == pytest.approx((max(-1, p - q - half), min(1, p - q + half)), abs=1e-6)


@pytest.mark.parametrize(("low_skill", "high_skill"), [(0.0, 1.0), (0.02, 0.02), (0.0, 0.3)])
def test_intervals_hold_the_truth(low_skill: float, high_skill: float) -> None:
    """Ten prompts, each of one of two skills, four answers: 95 % intervals, of a mean and of the difference between two models that are the same, in 600 evaluations."""
    rng = random.Random(5)
    truth = (low_skill + high_skill) / 2
    held = level = 0
    for _ in range(600):
        skills = [rng.choice([low_skill, high_skill]) for _ in range(10)]
        one, two = ([sum(rng.random() < s for _ in range(4)) / 4 for s in skills] for _ in range(2))
        mean, more = mean_of_shares(one, [4] * 10), mean_of_differences([b - a for a, b in zip(one, two, strict=True)])
        held += mean.low <= truth <= mean.high  # type: ignore[operator]
        level += more.low <= 0 <= more.high  # type: ignore[operator]
    assert held / 600 > 0.93
    assert level / 600 > 0.93
