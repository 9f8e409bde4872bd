"""Which two answers of a prompt are compared, and which of the judged pairs go so that length alone earns nothing. Pure functions of ids, texts' hashes, lengths and a seed: the order of the inputs does not enter.

Lengths. R1 kept the lengths of chosen and rejected answers comparable over its 66,000 pairs (arXiv 2501.12948, section 3.1); how was not published. Here pairs are dropped until the mean of ln(chosen length / rejected length) is within
LENGTH_TOLERANCE of 0. That is the right thing to bring to 0: for a reward r = w ln(length) the Bradley-Terry loss -ln sigmoid(r_chosen - r_rejected) has at w = 0 the gradient -mean(ln ratio) / 2, so a model that knows nothing yet
gains nothing from looking at the length. Dropped are the pairs that are furthest out on the side that prevails (nearly always the one where the longer answer was chosen), since so few go.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, combinations, islice
from math import fsum, log
from typing import NamedTuple

from curate.deliver.select import hashes
from curate.records import digest

LENGTH_TOLERANCE = 0.05  # chosen: answers that were chosen are at most 5 % longer, or shorter, in the geometric mean

NEARER = 1e-9  # a drop that brings the mean no nearer than this brings it no nearer


class Candidate(NamedTuple):
    """A sample that may be compared: `text` is a hash of its response, `characters` the response's length, `size` the bytes of the whole sample, about."""

    prompt_id: str
    text: str
    characters: int
    size: int


class Two(NamedTuple):
    """Two samples of one prompt, by their ids, the smaller one first."""

    prompt_id: str
    first: str
    second: str
    same_text: bool

    @property
    def id(self) -> str:
        """The pair's id."""
        return f"{self.prompt_id}-{digest([self.first, self.second], 12)}"


def choose(samples: Mapping[str, Candidate], per_prompt: int, seed: int) -> list[Two]:
    """At most `per_prompt` pairs of each prompt, in the order of prompts and ids; samples that say the same are compared as one. Pairs without a common sample come first. A prompt whose samples all say the same gives one pair, so that it is accounted for."""
    prompts: dict[str, list[tuple[int, str]]] = {}
    for (identifier, sample), number in zip(samples.items(), hashes(seed, samples, "pairs").tolist(), strict=True):
        prompts.setdefault(sample.prompt_id, []).append((number, identifier))
    found = []
    for prompt, drawn in prompts.items():
        ids = [identifier for _, identifier in sorted(drawn)]
        distinct: dict[str, str] = {}
        for identifier in ids:
            distinct.setdefault(samples[identifier].text, identifier)
        if len(distinct) > 1:
            found += [_two(prompt, *both) for both in islice(_combined(list(distinct.values())), per_prompt)]
        elif len(ids) > 1:
            found.append(_two(prompt, *ids[:2], same_text=True))
    return sorted(found)


def _combined(ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    apart = dict.fromkeys(zip(ids[::2], ids[1::2], strict=False))
    return chain(apart, (both for both in combinations(ids, 2) if both not in apart))


def _two(prompt: str, one: str, other: str, *, same_text: bool = False) -> Two:
    return Two(prompt, min(one, other), max(one, other), same_text)


class Lengths(NamedTuple):
    """How the lengths of the chosen and the rejected answers compare."""

    pairs: int
    longer_chosen: int
    shorter_chosen: int
    mean_log_ratio: float | None

    @classmethod
    def of(cls, ratios: Sequence[float]) -> "Lengths":
        """Of some pairs, by the logarithms of chosen to rejected length."""
        mean = round(fsum(ratios) / len(ratios), 6) if ratios else None
        return cls(len(ratios), sum(r > 0 for r in ratios), sum(r < 0 for r in ratios), mean)


def log_ratio(chosen: int, rejected: int) -> float:
    """ln(chosen / rejected) of two lengths, neither of which is 0."""
    return log(chosen / rejected)


def unbalanced(ratios: Mapping[str, float], tolerance: float = LENGTH_TOLERANCE) -> set[str]:
    """The pairs to drop, of pairs by their ids, so that the mean of the others is within `tolerance` of 0. Each drop brings the mean nearer to 0; where none could, or one pair is left, it ends outside: too few pairs are on one side."""
    total, count = fsum(ratios.values()), len(ratios)  # exactly rounded: the order of the pairs does not enter
    sign = 1.0 if total > 0 else -1.0
    left = sorted((sign * ratio, identifier) for identifier, ratio in ratios.items())
    total, dropped = sign * total, set[str]()
    while count > 1 and total / count > tolerance:
        at = bisect_right(left, (total + tolerance * (count - 1), "\U0010ffff")) - 1  # the furthest out that does not tip the mean over
        if at < 0 or left[at][0] <= total / count:
            at += 1  # the least of those that do
            if at >= len(left) or abs(total - left[at][0]) / (count - 1) > total / count - NEARER:
                break
        ratio, identifier = left.pop(at)
        dropped.add(identifier)
        total, count = total - ratio, count - 1
    return dropped
