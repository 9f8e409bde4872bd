import math

import pytest

from train.guard import PATIENCE, Bounds, Guard

FINE = {"entropy": 0.5, "kl": 0.1, "mismatch": 0.02, "truncated": 0.1}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("entropy", 1e-5, "entropy was below 0.001"),
        ("entropy", 9.0, "entropy was above 6"),
        ("kl", 20.0, "kl was above 5"),
        ("mismatch", 0.9, "mismatch was above 0.5"),
        ("mismatch", math.nan, "mismatch was above 0.5"),
        ("truncated", 1.0, "truncated was above 0.98"),
    ],
)
def test_a_run_stops_after_so_many_steps_beyond_a_bound_and_not_before(name, value, said):
    guard = Guard(Bounds())
    told = [guard.look({**FINE, name: value}) for _ in range(PATIENCE)]
    assert told[:-1] == [None] * (PATIENCE - 1)
    assert told[-1].startswith(said)


def test_a_step_within_begins_the_count_again_and_one_that_says_nothing_does_not():
    guard = Guard(Bounds())
    beyond = {**FINE, "kl": 20.0}
    for values in [beyond] * (PATIENCE - 1) + [FINE] + [beyond] * (PATIENCE - 1) + [{"truncated": 0.1}]:
        assert guard.look(values) is None
    assert guard.look(beyond) is not None


def test_counts_go_on_after_a_resume():
    before = Guard(Bounds())
    for _ in range(PATIENCE - 1):
        before.look({"kl": 20.0})
    assert Guard(Bounds(), dict(before.counts)).look({"kl": 20.0}) is not None
