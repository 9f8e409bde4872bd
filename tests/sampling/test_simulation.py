"""The sampler's promise in tokens, held at a toy size of the benchmark's simulation (tests/bench/simulate.py): draws are seeded, so the figures are always the same."""

import pytest

from tests.bench.simulate import simulate


@pytest.mark.parametrize(("num_correct", "most"), [(1, 0.40), (2, 0.50), (4, 0.62)])
def test_tokens_per_useful_trace_against_sixteen_samples(num_correct: int, most: float) -> None:
    found = simulate(prompts=4000, in_flight=256, seed=1, num_correct=num_correct, tail_width=1)
    assert found["ratio"] <= most
    assert found["coverage against fixed"] >= 0.98
    assert found["ratio with all correct traces counted"] > 1.0  # Wald's identity: what is saved is spent on hard prompts
