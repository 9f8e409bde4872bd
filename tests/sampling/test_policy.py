"""The stopping rule: where prompts end, how waves grow, and that guessers are found out."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.sampling.policy import (
    AT_CHANCE,
    ENOUGH,
    GAVE_UP,
    MAX_SAMPLES,
    Policy,
    above_chance,
    binomial_cdf,
    smallest_credible,
    upper_bound,
)


@pytest.mark.parametrize(
    ("policy", "n", "k", "chance", "expected"),
    [
        (Policy(16, 1), 1, 1, 0.0, ENOUGH),
        (Policy(16, 1), 15, 0, 0.0, None),
        (Policy(16, 1), 16, 0, 0.0, MAX_SAMPLES),
        (Policy(16, 2), 16, 2, 0.0, ENOUGH),  # the wanted number at the last sample is still enough
        (Policy(16, None), 15, 15, 0.0, None),
        (Policy(16, None), 16, 16, 0.0, MAX_SAMPLES),
        (Policy(16, None), 12, 3, 0.25, None),  # all are wanted: also those of a prompt that looks guessed
        (Policy(3, None), 3, 0, 0.25, MAX_SAMPLES),
        (Policy(1000, 1, give_up_tokens=100_000, tokens_per_sample=1000), 200, 0, 0.0, None),  # upper bound 0.0149: 67k tokens
        (Policy(1000, 1, give_up_tokens=100_000, tokens_per_sample=1000), 300, 0, 0.0, GAVE_UP),  # upper bound 0.0099: 101k tokens
        (Policy(16, 1), 1, 1, 0.25, None),  # one right letter of four proves nothing
        (Policy(16, 1), 4, 4, 0.25, None),
        (Policy(16, 1), 5, 5, 0.25, ENOUGH),
        (Policy(16, 1), 12, 3, 0.25, AT_CHANCE),
        (Policy(3, 1), 1, 1, 0.25, AT_CHANCE),  # three samples can never tell four options from guessing
    ],
)
def test_end(policy: Policy, n: int, k: int, chance: float, expected: str | None) -> None:
    assert policy.end(n, k, chance) == expected


def test_waves_ask_for_what_is_missing() -> None:
    policy = Policy(16, 4, tail_width=3)
    assert policy.wave(0, 0, 0) == 4
    assert policy.wave(4, 4, 1) == 3
    assert policy.wave(14, 14, 1) == 2
    assert policy.wave(4, 4, 3, tail=True) == 3
    assert Policy(16, None).wave(0, 0, 0) == 16
    assert Policy(16, 1).wave(0, 0, 0, 0.25) == 5  # as many as it takes to be told from guessing
    assert Policy(16, 1).wave(2, 1, 0) == 1  # an undecided sample takes an index and proves nothing


@given(
    st.integers(1, 40),
    st.one_of(st.none(), st.integers(1, 6)),
    st.sampled_from([0.0, 0.1, 0.25, 0.5]),
    st.randoms(use_true_random=False),
    st.floats(0, 1),
)
def test_every_walk_ends_and_waves_never_overshoot(size: int, wanted: int | None, chance: float, rng: random.Random, rate: float) -> None:
    policy = Policy(size, wanted)
    n = k = 0
    while policy.end(n, k, chance) is None:
        wave = policy.wave(n, n, k, chance)
        assert 1 <= wave <= size - n
        n += 1
        k += rng.random() < rate
    assert n <= size
    if policy.end(n, k, chance) == ENOUGH:
        assert wanted is not None
        assert k >= wanted


def test_guessers_rarely_look_better_than_chance() -> None:
    rng = random.Random(1)
    kept = 0
    for _ in range(4000):
        n = k = 0
        policy = Policy(16, 1)
        while (why := policy.end(n, k, 0.25)) is None:
            n, k = n + 1, k + (rng.random() < 0.25)
        kept += why == ENOUGH or (why == MAX_SAMPLES and policy.credible(n, k, 0.25))
    assert kept / 4000 < 0.01


def test_upper_bound_is_clopper_pearson() -> None:
    assert upper_bound(16, 0) == pytest.approx(1 - 0.05 ** (1 / 16), abs=1e-9)
    assert upper_bound(5, 5) == 1.0
    for n, k in ((10, 3), (40, 7), (600, 12)):
        assert binomial_cdf(k, n, upper_bound(n, k)) == pytest.approx(0.05, abs=1e-6)


def test_more_right_answers_are_more_evidence() -> None:
    for n in range(1, 17):
        flags = [above_chance(n, k, 0.25) for k in range(n + 1)]
        assert flags == sorted(flags)
    assert [smallest_credible(c) for c in (0.1, 0.25, 0.5)] == [3, 5, 9]
