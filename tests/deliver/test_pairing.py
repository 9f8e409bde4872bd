"""Which samples are compared, and which pairs go for their length: properties that hold of any set."""

from itertools import combinations
from math import log
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.deliver.pairing import LENGTH_TOLERANCE, Candidate, Lengths, choose, log_ratio, unbalanced

RATIOS = st.lists(st.tuples(st.integers(1, 5000), st.integers(1, 5000)), max_size=60).map(
    lambda lengths: {f"p{i:03d}": log_ratio(*both) for i, both in enumerate(lengths)}
)
SAMPLES = st.dictionaries(st.integers(0, 999), st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=40).map(
    lambda found: {f"s{i:03d}": Candidate(f"prompt{p}", f"text{t}", 1 + t, 1) for i, (p, t) in found.items()}
)


def mean(ratios: dict[str, float]) -> float:
    return sum(ratios.values()) / len(ratios) if ratios else 0.0


@given(RATIOS)
def test_dropping_brings_the_mean_to_zero_or_cannot_and_takes_from_one_side(ratios: dict[str, float]) -> None:
    dropped = unbalanced(ratios)
    left = {name: ratio for name, ratio in ratios.items() if name not in dropped}
    before, after = mean(ratios), mean(left)
    assert dropped <= ratios.keys()
    assert bool(left) == bool(ratios)
    assert abs(after) <= max(abs(before), LENGTH_TOLERANCE) + 1e-9
    assert all(ratios[name] * before > 0 for name in dropped)  # the side that prevails, and no other
    assert not dropped or abs(before) > LENGTH_TOLERANCE
    if abs(after) > LENGTH_TOLERANCE + 1e-9 and len(left) > 1:  # then no single drop of that side would help
        side = [name for name, ratio in left.items() if ratio * before > 0]
        assert after * before < 0 or all(abs(mean({n: r for n, r in left.items() if n != name})) >= abs(after) - 1e-9 for name in side)


@given(RATIOS, st.randoms())
def test_the_order_of_the_pairs_does_not_matter(ratios: dict[str, float], random: Random) -> None:
    shuffled = list(ratios.items())
    random.shuffle(shuffled)
    assert unbalanced(dict(shuffled)) == unbalanced(ratios)


@given(st.lists(st.integers(1, 400), min_size=60, max_size=120), st.integers(0, 2**31))
def test_with_pairs_on_both_sides_the_mean_does_come_to_zero(lengths: list[int], seed: int) -> None:
    ratios = {f"p{i:03d}": log((100 + n) / 100) * (1 if (seed + i) % 4 else -1) for i, n in enumerate(lengths)}
    left = [ratio for name, ratio in ratios.items() if name not in unbalanced(ratios)]
    assert abs(sum(left) / len(left)) <= LENGTH_TOLERANCE
    assert Lengths.of(left).shorter_chosen == sum(r < 0 for r in ratios.values())


def test_what_is_furthest_out_goes_first() -> None:
    assert unbalanced({"a": 0.5, "b": 0.1, "c": -0.1, "d": 0.0}) == {"a"}
    assert unbalanced({"a": 2.0}) == set()
    assert unbalanced({"a": 0.04, "b": 0.04}) == set()
    assert unbalanced({}) == set()


@given(SAMPLES, st.integers(1, 5), st.integers(0, 3))
def test_chosen_pairs_are_of_one_prompt_and_two_texts_and_as_many_as_there_are(
    samples: dict[str, Candidate], per_prompt: int, seed: int
) -> None:
    found = choose(samples, per_prompt, seed)
    assert found == choose(dict(reversed(samples.items())), per_prompt, seed)
    assert len({two.id for two in found}) == len(found)
    for two in found:
        assert two.first < two.second
        assert samples[two.first].prompt_id == samples[two.second].prompt_id == two.prompt_id
        assert two.same_text is (samples[two.first].text == samples[two.second].text)
    for prompt in {sample.prompt_id for sample in samples.values()}:
        texts = [sample.text for sample in samples.values() if sample.prompt_id == prompt]
        different = len(list(combinations(set(texts), 2)))
        there = [two for two in found if two.prompt_id == prompt]
        assert len(there) == (min(per_prompt, different) if different else int(len(texts) > 1))
        apart = there[: len(set(texts)) // 2]
        if different and per_prompt <= len(set(texts)) // 2:
            assert len({name for two in apart for name in (two.first, two.second)}) == 2 * len(apart)


@pytest.mark.parametrize("seed", range(3))
def test_another_seed_draws_other_pairs(seed: int) -> None:
    samples = {f"s{i:02d}": Candidate("p", f"t{i}", 1, 1) for i in range(20)}
    assert choose(samples, 3, seed) != choose(samples, 3, seed + 1)
