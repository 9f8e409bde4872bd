"""A judge is measured before it is trusted: on pairs of a good and a bad text, each shown in both orders.

Beside each pair's own bad text there are one that is made by rule and one that tries to talk the judge round (planted.py). A false positive is a bad text that passes, a false negative a good one that fails; both are
shares of those that got a verdict, and the share without one stands beside them. A pair is right where the good text scores higher than the bad one. For quality only that and the planted texts are counted: the worse of
two answers may still be passable. Intervals are Wilson's at 95 %; the limits are held against the measured shares, not against the intervals' ends.

The order check shows the pieces the other way round and names the verdicts in the other order: a judge that answers by position changes its verdict (a quality by more than one).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from curate.engines import Engine
from curate.filters.judge.pairs import Pair
from curate.filters.judge.planted import plant
from curate.filters.judge.run import judge_rows
from curate.filters.judge.settings import DEFAULTS, Settings
from curate.filters.judge.tasks import CHAIN_TASKS, Item, Task, task_named
from curate.filters.judge.votes import Judgement
from curate.report.funnel import share

SAME_QUALITY = 1.0  # two qualities that differ by no more are the same in the order check


class Limits(NamedTuple):
    """The largest shares that a judge may have to be trusted."""

    false_positive: float = 0.05  # chosen: of what rule verifiers pass about 1 % is wrong (arXiv 2505.22203), and a judge adds to that
    false_negative: float = 0.15  # rule verifiers miss 14 % (the same: a mean recall of 86 %), so one that misses more recovers little
    no_verdict: float = 0.1  # chosen
    order_changed: float = 0.1  # chosen
    pairs_wrong: float = 0.2  # chosen; a guess has 0.5 and ties on top


class Rate(NamedTuple):
    """So many of so many."""

    hits: int
    tries: int

    @property
    def value(self) -> float | None:
        """The share, None of nothing."""
        return self.hits / self.tries if self.tries else None

    def as_dict(self) -> dict[str, Any]:
        """Counts, share and its 95 % interval."""
        return {"hits": self.hits, "tries": self.tries, **share(self.hits, self.tries)}


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of a judge on one task."""

    task: str
    template: str
    judge: str
    pairs: int
    rates: Mapping[str, Rate]  # accuracy, and each of Limits
    passed: Mapping[str, Rate]  # bad texts that passed, by what is wrong with them
    reasons: Mapping[str, int]  # why there was no verdict

    def failures(self, limits: Limits) -> list[str]:
        """A sentence for each limit that the judge is beyond, and one if it gave no verdict at all."""
        if not self.rates["pairs_wrong"].tries:
            return [f"{self.task}: not one pair got its two verdicts, so nothing can be said of the judge"]
        return [
            f"{self.task}: {name.replace('_', ' ')} is {value:.1%} ({rate.hits} of {rate.tries}), and {limit:.1%} is the limit"
            for name, limit in limits._asdict().items()
            if (value := (rate := self.rates[name]).value) is not None and value > limit
        ]

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        rates = {name: rate.as_dict() for name, rate in self.rates.items()}
        passed = {name: rate.as_dict() for name, rate in self.passed.items()}
        about = {"task": self.task, "template": self.template, "judge": self.judge, "pairs": self.pairs}
        return {**about, **rates, "passed_by_kind": passed, "no_verdict_reasons": dict(self.reasons)}


class _Case(NamedTuple):
    item: Item
    pair: str
    good: bool
    kind: str  # of a bad one


async def calibrate(
    engine: Engine, pairs: Sequence[Pair], settings: Settings = DEFAULTS, *, rubric: str | None = None, thorough: bool = True
) -> list[Measured]:
    """Measure a judge on each task that there are pairs for, starting the engine and closing it. Not `thorough`: on the pairs alone, in one order, which is a quarter of the requests. Raises EngineError where it cannot go on."""
    settings = replace(settings, planted_first=0, planted_every=0)
    try:
        await engine.start()
        names = list(dict.fromkeys(pair.task for pair in pairs))
        return [
            await _measure(engine, task_named(name, rubric), [p for p in pairs if p.task == name], settings, thorough) for name in names
        ]
    finally:
        await engine.close()


async def _measure(engine: Engine, task: Task, pairs: Sequence[Pair], settings: Settings, thorough: bool) -> Measured:
    cases = [case for case in _cases(pairs, task, settings.seed) if thorough or case.pair]
    items = [case.item for case in cases]
    said = [j async for j in judge_rows(engine, items, task, settings)]
    turned = [j async for j in judge_rows(engine, items, replace(task, reverse=True), settings)] if thorough else []
    return _measured(task, len(pairs), cases, said, turned)


def _cases(pairs: Sequence[Pair], task: Task, seed: int) -> Iterator[_Case]:
    before: Item | None = None
    for pair in pairs:
        good = _item(pair, "good", pair.good, task)
        yield _Case(good, pair.id, True, "")
        yield _Case(_item(pair, "bad", pair.bad, task), pair.id, False, pair.kind)
        for planted in plant(good, before, task, seed):
            yield _Case(planted.item, "", False, f"planted {planted.kind}")
        before = good


def _item(pair: Pair, which: str, text: str, task: Task) -> Item:
    name = f"{pair.id}/{which}"
    return Item(name, pair.question, chain=text) if task.name in CHAIN_TASKS else Item(name, pair.question, pair.reference, text)


def _measured(task: Task, pairs: int, cases: Sequence[_Case], said: Sequence[Judgement], turned: Sequence[Judgement]) -> Measured:
    judged = [(case, j) for case, j in zip(cases, said, strict=True) if j.verdict is not None]
    bad = [(case.kind, task.passes(j.verdict, j.score)) for case, j in judged if not case.good and not (task.scored and case.pair)]
    good = [] if task.scored else [task.passes(j.verdict, j.score) for case, j in judged if case.good]
    scores = {(case.pair, case.good): j.score for case, j in judged if case.pair and j.score is not None}
    both = [(scores[pair, True], scores[pair, False]) for pair, which in scores if which and (pair, False) in scores]
    orders = [
        (one, other) for one, other in zip(said, turned, strict=bool(turned)) if one.verdict is not None and other.verdict is not None
    ]
    right = sum(good) + sum(not passed for _, passed in bad)
    rates = {
        "accuracy": Rate(0, 0) if task.scored else Rate(right, len(good) + len(bad)),
        "false_positive": Rate(sum(passed for _, passed in bad), len(bad)),
        "false_negative": Rate(sum(not passed for passed in good), len(good)),
        "no_verdict": Rate(len(cases) - len(judged), len(cases)),
        "order_changed": Rate(sum(_changed(one, other) for one, other in orders), len(orders)),
        "pairs_wrong": Rate(sum(better <= worse for better, worse in both), len(both)),
    }
    kinds = sorted({kind for kind, _ in bad})
    passed = {k: Rate(sum(p for kind, p in bad if kind == k), sum(kind == k for kind, _ in bad)) for k in kinds}
    reasons = Counter(j.reason for j in said if j.verdict is None)
    return Measured(task.name, task.label, said[0].judge, pairs, rates, passed, dict(reasons.most_common()))


def _changed(one: Judgement, other: Judgement) -> bool:
    return one.verdict != other.verdict or abs((one.score or 0.0) - (other.score or 0.0)) > SAME_QUALITY
