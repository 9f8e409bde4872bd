"""When a prompt has had enough samples, and how many to ask for next: pure functions of (n judged, k accepted).

Where it departs from the textbook: with a chance level above 0 (multiple choice) "k correct" proves nothing, so the end is a sequential test. Evidence against guessing is an e-value, the likelihood
ratio of a uniform mixture over rates above chance to chance itself; by Ville's inequality a guesser ever reaches 1/alpha with probability at most alpha, however often we look.
Evidence for guessing is the likelihood ratio of chance to the rate half-way between chance and certainty (Wald's sequential test). Neither time nor another prompt enters.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import comb, exp, lgamma, log

ABOVE_CHANCE_ALPHA = 0.01  # share of guessed prompts that may ever look better than guessing
AT_CHANCE_RATIO = 20.0  # how much better guessing must explain the verdicts before a prompt is called guessed
UPPER_CONFIDENCE = 0.95  # of the bound on the pass rate in the give-up rule

ENOUGH, MAX_SAMPLES, GAVE_UP, AT_CHANCE = "enough", "max_samples", "gave_up", "at_chance"


@dataclass(frozen=True, slots=True)
class Policy:
    """The stopping rule of a run. `num_correct` None means: keep all that are accepted, stop at `max_samples` only.

    `give_up_tokens` ends a prompt whose next accepted trace would cost more than this, at `tokens_per_sample` tokens a sample (a constant, so that the rule stays a function of
    (n, k)) and the upper 95 % bound of its pass rate. `tail_width` widens waves once no prompt is left to start: the engine would stand idle otherwise.
    """

    max_samples: int = 16
    num_correct: int | None = 1
    give_up_tokens: int | None = None
    tokens_per_sample: int = 4096
    tail_width: int = 1

    def end(self, n: int, k: int, chance: float = 0.0) -> str | None:
        """Why a prompt with n judged and k accepted samples ends here, or None where it goes on. Not for n = max_samples counted with undecided samples: see `ended`."""
        if self.num_correct is not None and k >= self.num_correct and (chance == 0.0 or above_chance(n, k, chance)):
            return ENOUGH
        if chance > 0.0 and self.num_correct is not None and self._guessed(n, k, chance):
            return AT_CHANCE
        if n >= self.max_samples:
            return MAX_SAMPLES
        if self.give_up_tokens is not None and n > 0 and self.tokens_per_sample > self.give_up_tokens * upper_bound(n, k):
            return GAVE_UP
        return None

    def credible(self, n: int, k: int, chance: float) -> bool:
        """Whether what was accepted may be kept: always without a chance level, else only above chance."""
        return chance == 0.0 or above_chance(n, k, chance)

    def wave(self, asked: int, n: int, k: int, chance: float = 0.0, *, tail: bool = False) -> int:
        """How many samples to ask for next, when `asked` were asked for and all of them are back: as many as are needed if all are accepted."""
        left = self.max_samples - asked
        if self.num_correct is None:
            return left
        missing = max(1, self.num_correct - k)
        while chance > 0.0 and missing < left and not above_chance(n + missing, k + missing, chance):
            missing += 1
        return min(left, missing * (self.tail_width if tail else 1))

    def _guessed(self, n: int, k: int, chance: float) -> bool:
        if n == 0:
            return False
        better = (1.0 + chance) / 2.0
        ratio = k * log(chance / better) + (n - k) * log((1.0 - chance) / (1.0 - better))
        left = self.max_samples - n
        return ratio >= log(AT_CHANCE_RATIO) or not above_chance(n + left, k + left, chance)


def binomial_cdf(k: int, n: int, p: float) -> float:
    """P(X <= k) for X ~ Binomial(n, p)."""
    if k >= n or p <= 0.0:
        return 1.0
    if p >= 1.0:
        return 0.0
    return min(1.0, sum(comb(n, i) * p**i * (1.0 - p) ** (n - i) for i in range(k + 1))) if n <= 512 else _binomial_cdf_log(k, n, p)


def _binomial_cdf_log(k: int, n: int, p: float) -> float:
    terms = (lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * log(p) + (n - i) * log(1.0 - p) for i in range(k + 1))
    return min(1.0, sum(exp(t) for t in terms))


@lru_cache(maxsize=65536)
def above_chance(n: int, k: int, chance: float) -> bool:
    """Whether k of n is credibly more than guessing: the e-value of a uniform mixture over (chance, 1] reaches 1 / ABOVE_CHANCE_ALPHA."""
    if k == 0:
        return False
    mass = binomial_cdf(k, n + 1, chance)  # P(Beta(k+1, n-k+1) > chance)
    if mass <= 0.0:
        return False
    log_beta = lgamma(k + 1) + lgamma(n - k + 1) - lgamma(n + 2)
    log_e = log_beta + log(mass) - log(1.0 - chance) - k * log(chance) - (n - k) * log(1.0 - chance)
    return log_e >= -log(ABOVE_CHANCE_ALPHA)


def smallest_credible(chance: float, limit: int = 4096) -> int:
    """How many samples, all right, tell a prompt of this chance level from guessing."""
    return next((n for n in range(1, limit) if above_chance(n, n, chance)), limit)


@lru_cache(maxsize=65536)
def upper_bound(n: int, k: int) -> float:
    """One-sided upper 95 % bound of a rate after k of n (Clopper-Pearson): the rate at which k or fewer has probability 0.05."""
    if k >= n:
        return 1.0
    low, high = k / n, 1.0
    for _ in range(50):
        middle = (low + high) / 2.0
        if binomial_cdf(k, n, middle) > 1.0 - UPPER_CONFIDENCE:
            low = middle
        else:
            high = middle
    return high
