"""Agreement of rule and judge, filter by filter: what the report shows beside the counts of either.

Cohen's kappa (1960) is the agreement above what the two would reach by chance with their own shares of flagged samples. It is None where that is undefined: nothing judged, or both always say the same one thing.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from curate.filters.judge.tasks import CHAIN_TASKS, CORRECTNESS

FLAGS = frozenset({CORRECTNESS.bad, *(task.bad for task in CHAIN_TASKS.values())})  # the verdicts that stand against a sample


@dataclass(frozen=True, slots=True)
class Agreement:
    """How rule and judge agree on one filter, over the samples that the judge was asked about. `no_verdict` samples are in none of the other counts."""

    both: int  # flagged by rule and judge
    neither: int
    only_rule: int
    only_judge: int
    no_verdict: int

    @property
    def judged(self) -> int:
        """Samples with a verdict."""
        return self.both + self.neither + self.only_rule + self.only_judge

    @property
    def agreement(self) -> float | None:
        """The share of the judged on which both say the same."""
        return (self.both + self.neither) / self.judged if self.judged else None

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa."""
        n = self.judged
        if not n or self.agreement is None:
            return None
        rule, judge = (self.both + self.only_rule) / n, (self.both + self.only_judge) / n
        expected = rule * judge + (1 - rule) * (1 - judge)
        return (self.agreement - expected) / (1 - expected) if expected < 1 else None


def agreement(
    samples: Iterable[tuple[Collection[str], Mapping[str, str | None]]], reasons: Mapping[str, Collection[str]]
) -> dict[str, Agreement]:
    """The table: one Agreement for each filter of `reasons`, which says what slugs count as the rule's flag, such as {"mixed_language": {"mixed_language"}}.

    Each sample is its rule's reasons and the judge's verdicts by filter, None for no verdict; `incorrect` flags a sample as `flagged` does, so correctness can be held against a rule's `wrong`. A filter that is no
    key of the verdicts was not asked about.
    """
    counts: dict[str, Counter[tuple[bool, bool | None]]] = {name: Counter() for name in reasons}
    for found, verdicts in samples:
        for name, slugs in reasons.items():
            if name in verdicts:
                said = verdicts[name]
                counts[name][any(slug in found for slug in slugs), None if said is None else said in FLAGS] += 1
    return {
        name: Agreement(n[True, True], n[False, False], n[True, False], n[False, True], n[True, None] + n[False, None])
        for name, n in counts.items()
    }
