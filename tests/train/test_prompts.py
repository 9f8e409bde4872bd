from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import UsageError
from curate.records import make_prompt
from train.prompts import Prompts

CHECKED = [make_prompt(f"What is {i}?", verifier="math", gold=str(i)) for i in range(6)]
GENERAL = [make_prompt(f"Write about {i}.") for i in range(3)]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(0, 3))
def test_as_many_come_as_are_wanted_and_none_twice_at_once(counts, seed):
    prompts = Prompts(CHECKED, seed)
    drawn = [prompts.draw("all", n) for n in counts]
    assert [len(d) for d in drawn] == [min(n, len(CHECKED)) for n in counts]
    assert all(len({p.id for p in d}) == len(d) for d in drawn)


@given(st.sampled_from([1, 2, 3, 6]), st.integers(1, 4), st.integers(0, 3))
def test_every_prompt_comes_once_in_an_epoch(count, epochs, seed):
    prompts = Prompts(CHECKED, seed)
    drawn = [p.id for _ in range(epochs * len(CHECKED) // count) for p in prompts.draw("all", count)]
    assert set(Counter(drawn).values()) == {epochs}


def test_a_cursor_goes_on_where_it_was():
    prompts, again = Prompts(CHECKED, 1), Prompts(list(reversed(CHECKED)), 1)
    prompts.draw("all", 4)
    again.restore(prompts.cursors)
    assert prompts.draw("all", 5) == again.draw("all", 5)


@pytest.mark.parametrize(
    ("step", "preference_steps", "pool"), [(0, 4, "verified"), (5, 4, "verified"), (6, 4, "all"), (9, 4, "all"), (0, 0, "all")]
)
def test_general_prompts_are_asked_only_in_the_last_part(step, preference_steps, pool):
    prompts = Prompts([*CHECKED, *GENERAL], 0)
    assert prompts.pool(step, 10, preference_steps) == pool
    asked = {p.id for p in prompts.draw(pool, 9)}
    assert asked >= {p.id for p in CHECKED}
    assert (asked >= {p.id for p in GENERAL}) == (pool == "all")


def test_a_first_part_without_prompts_is_told():
    with pytest.raises(UsageError, match="no prompt has a verifier"):
        Prompts(GENERAL, 0).pool(0, 10, 4)
