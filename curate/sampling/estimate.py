"""The pass rate of a prompt that was sampled until a stopping rule said enough: unbiased, with an exact interval.

k/n is biased upward when sampling stops at a success. The unbiased estimate counts paths (Girshick, Mosteller and Savage 1946): of the ways to walk from (0, 0) to the point where the prompt
ended without ending earlier, the share whose first step is a success. The interval orders end points by their estimate and inverts the two tail probabilities, which are exact, since the
probability of each end point is its number of paths times p^k (1-p)^(n-k).

Undecided samples (a verifier that timed out) take an index but say nothing about the model: the walk is over judged samples, and its bound is `max_samples` less the undecided ones.
"""

from dataclasses import replace
from functools import lru_cache
from math import exp, log
from typing import NamedTuple

from curate.sampling.policy import Policy

CONFIDENCE = 0.95


class PassRate(NamedTuple):
    """An estimate with its 95 % interval."""

    rate: float
    low: float
    high: float


class _End(NamedTuple):
    estimate: float
    n: int
    k: int
    log_paths: float


@lru_cache(maxsize=256)
def _ends(policy: Policy, chance: float) -> dict[tuple[int, int], _End]:
    """All points (n, k) where a prompt can end, with the number of paths to them. Paths are counted twice, all of them and those that begin with a success, as exact integers."""
    ends: dict[tuple[int, int], _End] = {}
    reached: dict[int, tuple[int, int]] = {0: (1, 0), 1: (1, 1)}
    for n in range(1, policy.max_samples + 1):
        going: dict[int, tuple[int, int]] = {}
        for k, (paths, begun) in reached.items():
            if policy.end(n, k, chance) is None:
                going[k] = (paths, begun)
            else:
                ends[n, k] = _End(begun / paths, n, k, log(paths))
        reached = {}
        for k, (paths, begun) in going.items():
            for step in (0, 1):
                before = reached.get(k + step, (0, 0))
                reached[k + step] = (before[0] + paths, before[1] + begun)
    return ends


def _tail(policy: Policy, chance: float, estimate: float, p: float, *, upper: bool) -> float:
    """P(estimate of the end point >= estimate), or <= with `upper` False, at true rate p."""
    total = 0.0
    for end in _ends(policy, chance).values():
        if (end.estimate >= estimate - 1e-12) if upper else (end.estimate <= estimate + 1e-12):
            total += exp(end.log_paths + end.k * log(p) + (end.n - end.k) * log(1.0 - p))
    return total


@lru_cache(maxsize=65536)
def _interval(policy: Policy, chance: float, estimate: float) -> tuple[float, float]:
    alpha = (1.0 - CONFIDENCE) / 2.0

    def solve(upper: bool) -> float:
        low, high = 1e-9, 1.0 - 1e-9
        for _ in range(50):
            middle = (low + high) / 2.0
            if (_tail(policy, chance, estimate, middle, upper=upper) < alpha) == upper:
                low = middle
            else:
                high = middle
        return (low + high) / 2.0

    return (0.0 if estimate <= 0.0 else solve(True)), (1.0 if estimate >= 1.0 else solve(False))


def pass_rate(policy: Policy, n: int, k: int, *, undecided: int = 0, chance: float = 0.0) -> PassRate | None:
    """Estimate and interval for a prompt that ended with n judged, k accepted and `undecided` samples that could not be judged; None where nothing was judged."""
    if n == 0:
        return None
    bounded = replace(policy, max_samples=max(n, policy.max_samples - undecided))
    end = _ends(bounded, chance).get((n, k))
    if end is None:  # the rule could not end here: only after undecided samples moved its bound; the plain share is what is left
        return PassRate(k / n, *_interval(Policy(max_samples=n, num_correct=None), 0.0, k / n))
    return PassRate(end.estimate, *_interval(bounded, chance, end.estimate))
