"""What follows from outcomes: the sampler's rule walked exactly, the spread that is fitted, and intervals."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.planning.evidence import Ended, Evidence, Spread, all_alike, expected, fit
from curate.planning.values import Kind, Value, exact
from curate.sampling.policy import Policy

MATH = Kind("math")


def evidence(*ended: Ended, policy: Policy) -> Evidence:
    return Evidence("seen", policy, ended, 0.0, {})


def test_prompts_that_are_always_or_never_solved_cost_what_the_rule_says():
    spread = Spread(exact(0.5), 1e-9)
    found = expected(spread, Policy(max_samples=16, num_correct=1))
    assert found.samples.value == pytest.approx(0.5 * 1 + 0.5 * 16, rel=1e-6)
    assert found.kept.value == pytest.approx(0.5, rel=1e-6)


def test_prompts_that_are_all_alike_cost_a_truncated_geometric_number():
    spread = Spread(exact(0.5), 1e9)
    found = expected(spread, Policy(max_samples=3, num_correct=1))
    assert found.samples.value == pytest.approx(0.5 * 1 + 0.25 * 2 + 0.25 * 3, rel=1e-6)
    assert found.kept.value == pytest.approx(7 / 8, rel=1e-6)


@settings(max_examples=40)
@given(st.floats(0.05, 0.95), st.floats(0.05, 20), st.integers(1, 12), st.integers(1, 6), st.booleans())
def test_the_walk_is_what_a_simulation_of_it_says_at_its_ends(mean, concentration, most, wanted, all_of_them):
    policy = Policy(max_samples=most, num_correct=None if all_of_them else min(wanted, most))
    found = expected(Spread(Value(mean, mean / 2, mean, ("s",)), concentration), policy)
    assert found.kept.low <= found.kept.value <= found.kept.high
    assert found.samples.low <= found.samples.value <= found.samples.high <= most + 1e-9
    assert found.kept.value <= found.samples.value + 1e-9
    if all_of_them:
        assert found.samples.value == pytest.approx(most)
        assert found.kept.value == pytest.approx(most * mean), "no rule stops, so all that is right is kept"


def test_guessing_costs_more_before_anything_is_kept():
    spread, policy = Spread(exact(0.6), 0.5), Policy(max_samples=16, num_correct=1)
    sure, guessed = expected(spread, policy), expected(spread, policy, chance=0.25)
    assert guessed.samples.value > sure.samples.value + 1


def test_the_spread_is_found_again_from_what_a_rule_let_through():
    rng, policy, ends = random.Random(0), Policy(max_samples=8, num_correct=1), []
    for _ in range(2000):
        p, n, k = rng.betavariate(0.3, 0.2), 0, 0
        while n == 0 or policy.end(n, k) is None:
            n, k = n + 1, k + (rng.random() < p)
        ends.append((n, k, 1))
    found = fit(ends, "simulated")
    assert found.mean.low < 0.6 < found.mean.high
    assert found.mean.value == pytest.approx(0.6, abs=0.03)
    assert found.concentration == pytest.approx(0.5, rel=0.3)


def test_under_the_rule_that_was_seen_the_means_are_those_that_were_seen():
    policy = Policy(max_samples=4, num_correct=1)
    seen = evidence(Ended(MATH, 1, 1, 1, 1, 20, 200), Ended(MATH, 4, 4, 0, 0, 20, 800), policy=policy)
    each = seen.each(MATH, policy)
    assert each is not None
    assert (each.samples.value, each.kept.value) == (2.5, 0.5)
    assert each.kept.low == pytest.approx(0.352, abs=1e-3), "Wilson's interval of 20 of 40"
    assert each.kept.high == pytest.approx(0.648, abs=1e-3)
    assert seen.tokens("math") == exact(10.0, "seen")
    other = seen.each(MATH, Policy(max_samples=16, num_correct=1))
    assert other is not None
    assert other.samples.value == pytest.approx(8.5, abs=0.2), "half of the prompts are hopeless, and each takes 16"


def test_prompts_that_nothing_checks_keep_the_share_that_was_kept():
    kind = Kind("general", "finished")
    seen = evidence(Ended(kind, 1, 1, 1, 1, 90, 90), Ended(kind, 1, 1, 0, 0, 10, 10), policy=Policy())
    each = seen.each(kind, Policy(max_samples=4, num_correct=4))
    assert each is not None
    assert (each.samples.value, each.kept.value) == (4, pytest.approx(3.6))
    assert seen.each(Kind("math", "judged"), Policy(num_correct=None)) is None
    assert seen.spread() is None


def test_a_domain_of_few_prompts_is_spoken_for_by_all():
    policy = Policy(max_samples=1, num_correct=None)
    few, many = Kind("logic"), MATH
    seen = evidence(Ended(few, 1, 1, 0, 0, 5, 5), Ended(many, 1, 1, 1, 1, 45, 450), policy=policy)
    of_few, of_many = seen.each(few, policy), seen.each(many, policy)
    assert of_few is not None
    assert of_many is not None
    assert (of_few.kept.value, of_many.kept.value) == (0.9, 1.0)


def test_how_often_a_group_teaches_nothing():
    assert all_alike(Spread(exact(0.5), 1e-9), 8) == pytest.approx(1.0)
    assert all_alike(Spread(exact(0.5), 1e9), 2) == pytest.approx(0.5)
