"""Which samples of a prompt stay."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import UsageError
from curate.filters.prompt_cap import KEEPS, chosen

MARKS = np.array([[0, 0, 0, 0], [0, 0, 0, 1], [5, 6, 7, 8], [0, 0, 7, 8]], dtype=np.uint16)


@pytest.mark.parametrize(
    ("keep", "cap", "expected"),
    [
        ("first", 2, [0, 1]),
        ("shortest", 2, [1, 3]),
        ("shortest", 3, [1, 2, 3]),
        ("diverse", 2, [0, 2]),
        ("diverse", 3, [0, 2, 3]),
        ("first", 9, [0, 1, 2, 3]),
    ],
)
def test_the_ways_to_choose(keep: str, cap: int, expected: list[int]) -> None:
    assert chosen(keep, cap, "p", [9, 3, 5, 3], MARKS) == expected


@given(st.sampled_from(KEEPS), st.integers(1, 6), st.integers(0, 6), st.text(max_size=5), st.randoms())
def test_as_many_stay_as_may_ascending_and_always_the_same(keep: str, cap: int, count: int, prompt: str, random: object) -> None:
    marks = np.random.default_rng(count).integers(0, 3, (count, 8)).astype(np.uint16)
    found = chosen(keep, cap, prompt, list(range(count)), marks)
    assert found == sorted(set(found)) == chosen(keep, cap, prompt, list(range(count)), marks)
    assert len(found) == min(cap, count)


def test_chance_is_the_prompts_own() -> None:
    marks = np.zeros((8, 4), dtype=np.uint16)
    picks = {tuple(chosen("random", 2, f"prompt {i}", [1] * 8, marks)) for i in range(40)}
    assert len(picks) > 10


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(UsageError, match="first, shortest, diverse, random"):
        chosen("longest", 1, "p", [1], MARKS[:1])
    with pytest.raises(UsageError, match="at least 1"):
        chosen("first", 0, "p", [1], MARKS[:1])
