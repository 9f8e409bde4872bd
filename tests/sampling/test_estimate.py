"""The pass rate under a stopping rule, by enumeration of every way a prompt can go."""

from math import comb

import pytest

from curate.sampling.estimate import PassRate, pass_rate
from curate.sampling.policy import Policy

RULES = [
    (Policy(6, 2), 0.0),
    (Policy(5, 1), 0.0),
    (Policy(7, None), 0.0),
    (Policy(12, 2, give_up_tokens=12_000, tokens_per_sample=4096), 0.0),
    (Policy(11, 1), 0.25),
    (Policy(10, 3), 0.5),
]


def ends(policy: Policy, chance: float, p: float) -> dict[tuple[int, int], float]:
    """Probability of each end point, by walking every sequence."""
    found: dict[tuple[int, int], float] = {}
    walks = [(0, 0, 1.0)]
    while walks:
        n, k, mass = walks.pop()
        if policy.end(n, k, chance) is not None:
            found[n, k] = found.get((n, k), 0.0) + mass
        else:
            walks += [(n + 1, k + 1, mass * p), (n + 1, k, mass * (1 - p))]
    return found


def rate(policy: Policy, n: int, k: int, chance: float) -> PassRate:
    found = pass_rate(policy, n, k, chance=chance)
    assert found is not None
    return found


@pytest.mark.parametrize(("policy", "chance"), RULES)
@pytest.mark.parametrize("p", [0.02, 0.3, 0.5, 0.9])
def test_estimate_is_unbiased_and_interval_covers(policy: Policy, chance: float, p: float) -> None:
    points = ends(policy, chance, p)
    assert sum(points.values()) == pytest.approx(1.0)
    assert sum(mass * rate(policy, n, k, chance).rate for (n, k), mass in points.items()) == pytest.approx(p, abs=1e-12)
    covered = sum(mass for (n, k), mass in points.items() if rate(policy, n, k, chance).low <= p <= rate(policy, n, k, chance).high)
    assert covered >= 0.95 - 1e-9


def test_naive_share_is_biased_where_the_estimate_is_not() -> None:
    policy = Policy(6, 2)
    naive = sum(mass * k / n for (n, k), mass in ends(policy, 0.0, 0.3).items())
    assert naive > 0.34


def test_fixed_number_of_samples_is_the_plain_share() -> None:
    found = rate(Policy(16, None), 16, 4, 0.0)
    assert found.rate == 0.25
    low = sum(comb(16, i) * found.low**i * (1 - found.low) ** (16 - i) for i in range(4, 17))
    assert low == pytest.approx(0.025, abs=1e-6)  # Clopper-Pearson


def test_undecided_samples_say_nothing() -> None:
    assert pass_rate(Policy(16, None), 0, 0, undecided=16) is None
    assert pass_rate(Policy(16, None), 10, 5, undecided=6) == rate(Policy(10, None), 10, 5, 0.0)
