"""What was seen of sampling, in a pilot or in a stage that is done, and what follows from it for another number of prompts and another stopping rule.

The pass rates of prompts are spread, and how many samples a rule asks for depends on the spread: at a mean of one half, prompts that are all alike need two samples for a right one, and prompts of which half are hopeless need N for each of these. Where the rule
is the one that was seen, its own means are taken. For another, the pass rates are taken to be spread as a beta distribution, fitted by maximum likelihood (the stopping rule is no part of a likelihood), and its expectation is worked out exactly: the walk
over (n judged, k accepted) is then Polya's urn. Intervals take each prompt as all or nothing, which is never too narrow, however alike the samples of one prompt are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import lgamma
from typing import NamedTuple

from curate.dataset import Dataset
from curate.planning.values import Kind, Value, exact
from curate.report.funnel import wilson
from curate.sampling.policy import MAX_SAMPLES, Policy

ENOUGH_PROMPTS = 30  # of a domain; with fewer, all domains speak for it
MEANS = [i / 100 for i in range(1, 100)]
CONCENTRATIONS = [0.02 * 1.25**i for i in range(42)]  # 0.02 (each prompt always or never) to 188 (all alike)
_COLUMNS = ("domain", "accept", "chance", "n_sampled", "n_correct", "n_wrong", "n_accepted", "n_kept")


class Ended(NamedTuple):
    """Prompts that ended alike: how many, what each was, and the tokens generated for all of them."""

    kind: Kind
    sampled: int
    judged: int
    accepted: int
    kept: int
    prompts: int
    tokens: int


class Spread(NamedTuple):
    """How the pass rates of prompts are spread: beta(mean x concentration, (1 - mean) x concentration). The nearer the concentration is to 0, the more prompts are always or never solved."""

    mean: Value
    concentration: float


class Each(NamedTuple):
    """Means over prompts: samples asked for, and rows kept."""

    samples: Value
    kept: Value


@dataclass(frozen=True, slots=True)
class Evidence:
    """The outcomes of a directory of samples. `source` says which, `bytes` is what a token took on disk, `kept` what filters downstream kept of their rows, by stage: (kept, of)."""

    source: str
    policy: Policy
    ended: tuple[Ended, ...]
    bytes: float
    kept: Mapping[str, tuple[int, int]]

    def tokens(self, domain: str) -> Value | None:
        """Mean tokens of a sample in a domain; None where nothing was sampled."""
        own = [e for e in self.ended if e.kind.domain == domain]
        of = own if sum(e.prompts for e in own) >= ENOUGH_PROMPTS else self.ended
        samples = sum(e.sampled * e.prompts for e in of)
        return exact(sum(e.tokens for e in of) / samples, self.source) if samples else None

    def each(self, kind: Kind, policy: Policy) -> Each | None:
        """What a prompt of a kind costs and gives under a policy; None where no prompt like it was sampled."""
        of = self._like(kind)
        n = sum(e.prompts for e in of)
        if not n:
            return None
        if policy == self.policy or kind.accept == "finished":
            most = policy.max_samples
            samples = sum(e.sampled * e.prompts for e in of) / n
            kept = sum(e.kept * e.prompts for e in of) / n
            if policy != self.policy:  # of prompts that nothing checks all samples are asked for: the share that is kept stays
                samples, kept = most, most * kept / max(samples, 1e-9)
            top = most if policy.num_correct is None or kind.chance else policy.num_correct
            low, high = wilson(min(kept, top) / top * n, n) or (0.0, 1.0)
            return Each(exact(samples, self.source), Value(kept, low * top, high * top, (self.source,)))
        spread = self.spread(kind)
        return None if spread is None else expected(spread, policy, kind.chance)

    def spread(self, kind: Kind | None = None) -> Spread | None:
        """The pass rates of the prompts like it, or of all that a rule checks; None where nothing was judged."""
        of = [e for e in (self.ended if kind is None else self._like(kind)) if e.judged and e.kind.accept == "verified"]
        return fit(((e.judged, e.accepted, e.prompts) for e in of), self.source) if of else None

    def _like(self, kind: Kind) -> list[Ended]:
        alike = [e for e in self.ended if e.kind.accept == kind.accept and (e.kind.chance > 0) == (kind.chance > 0)]
        own = [e for e in alike if e.kind.domain == kind.domain]
        return own if sum(e.prompts for e in own) >= ENOUGH_PROMPTS else alike


def seen(dataset: Dataset, source: str, disk: int, kept: Mapping[str, tuple[int, int]] | None = None) -> Evidence:
    """The evidence of a directory of samples that takes `disk` bytes."""
    table = dataset.to_arrow(part="prompts", columns=[*_COLUMNS, "tokens"])
    grouped = table.group_by(list(_COLUMNS)).aggregate([("tokens", "sum"), ("tokens", "count")]).to_pylist()
    ended = tuple(
        Ended(
            Kind(row["domain"], row["accept"], row["chance"]),
            row["n_sampled"],
            row["n_correct"] + row["n_wrong"],
            row["n_accepted"],
            row["n_kept"],
            row["tokens_count"],
            row["tokens_sum"],
        )
        for row in grouped
    )
    extent = dataset.config.extent
    names = ("max_samples", "num_correct", "give_up_tokens", "tokens_per_sample", "tail_width")
    tokens = sum(e.tokens for e in ended)
    return Evidence(source, Policy(**{name: extent[name] for name in names}), ended, disk / tokens if tokens else 0.0, kept or {})


def fit(ends: Iterable[tuple[int, int, int]], source: str) -> Spread:
    """The likeliest spread of prompts that ended with (n judged, k accepted), as (n, k, prompts); its mean has the interval of as many trials as there are prompts."""
    counts: dict[tuple[int, int], int] = {}
    for n, k, prompts in ends:
        counts[n, k] = counts.get((n, k), 0) + prompts

    def likelihood(mean: float, concentration: float) -> float:
        a, b = mean * concentration, (1 - mean) * concentration
        return sum(p * (_log_beta(a + k, b + n - k) - _log_beta(a, b)) for (n, k), p in counts.items())

    mean, concentration = max(((m, c) for m in MEANS for c in CONCENTRATIONS), key=lambda at: likelihood(*at))
    total = sum(counts.values())
    low, high = wilson(mean * total, total) or (0.0, 1.0)
    return Spread(Value(mean, low, high, (source,)), concentration)


def expected(spread: Spread, policy: Policy, chance: float = 0.0) -> Each:
    """What a prompt costs and gives on the mean under a policy; the range is that of the mean pass rate."""
    ends = [_walk(policy, mean, spread.concentration, chance) for mean in (spread.mean.value, spread.mean.low, spread.mean.high)]
    (samples, kept), low, high = ends
    sources, at_most = spread.mean.sources, spread.mean.at_most
    return Each(
        Value(samples, min(samples, low[0], high[0]), max(samples, low[0], high[0]), sources, at_most),
        Value(kept, min(low[1], kept), max(high[1], kept), sources, at_most),
    )


def all_alike(spread: Spread, group: int) -> float:
    """The probability that `group` answers to a prompt are all right or all wrong."""
    a, b = _parts(spread.mean.value, spread.concentration)
    right = wrong = 1.0
    for i in range(group):
        right *= (a + i) / (a + b + i)
        wrong *= (b + i) / (a + b + i)
    return right + wrong


@lru_cache(maxsize=4096)
def _walk(policy: Policy, mean: float, concentration: float, chance: float) -> tuple[float, float]:
    """Samples and kept rows of a prompt, on the mean."""
    a, b = _parts(mean, concentration)
    reached, samples, kept = {0: 1.0}, 0.0, 0.0
    for n in range(policy.max_samples + 1):
        going: dict[int, float] = {}
        for k, share in reached.items():
            end = policy.end(n, k, chance) if n else None
            if end is not None:
                samples += share * n
                kept += share * k if policy.credible(n, k, chance) else 0.0
                continue
            success = (a + k) / (a + b + n)
            for step, p in ((1, success), (0, 1 - success)):
                going[k + step] = going.get(k + step, 0.0) + share * p
        reached = going
    assert not reached, MAX_SAMPLES
    return samples, kept


def _parts(mean: float, concentration: float) -> tuple[float, float]:
    inside = min(max(mean, 1e-6), 1 - 1e-6)
    return inside * concentration, (1 - inside) * concentration


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
