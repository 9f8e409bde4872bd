"""From votes to a judgement, and from a judgement and a rule's verdict to what counts.

A verdict needs more than half of all votes that were asked for, so a tie is no verdict, and neither is one voice among two that said nothing. A quality is the median of its votes, where more than half
gave one. Of two answers the better one is told by the mean of both orders, each weighing the same, and only where the two orders do not contradict each other. A judge may veto what a rule passed. It overrules what a rule failed only where the caller allows that, and then it is on record as the one who did.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal, NamedTuple

from curate.filters.judge.reply import Vote
from curate.filters.judge.rules import Ruled
from curate.filters.judge.tasks import BY_PLACE, EVEN, FIRST, RATED, SECOND, Task
from curate.records import JUDGEMENT, Verdict

NEARLY = 1e-9  # a share of 2 in 3 may be asked for as 0.6666666667

DecidedBy = Literal["judge", "rule", "nobody"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge said of a sample. `verdict` is None exactly where there is none, and then `reason` says why; where a rule decided, it names the rule."""

    item_id: str
    task: str
    judge: str  # model@revision
    template: str
    verdict: str | None
    score: float | None
    reason: str = ""
    decided_by: DecidedBy = "judge"
    votes: tuple[str, ...] = ()  # each a verdict, a number, two of them, or none:reason
    cast: tuple[Vote, ...] = ()

    def row(self) -> dict[str, Any]:
        """The judgement as a value of curate.records.JUDGEMENT: the fields that it has."""
        return {field.name: list(value) if isinstance(value := getattr(self, field.name), tuple) else value for field in JUDGEMENT}


def by_rule(item_id: str, task: Task, judge: str, ruled: Ruled) -> Judgement:
    """The judgement where no judge was asked."""
    if not ruled.failed:
        return Judgement(item_id, task.name, judge, task.label, None, None, ruled.reason, "nobody")
    return Judgement(item_id, task.name, judge, task.label, RATED if task.scored else task.bad, 0.0, ruled.reason, "rule")


class Compared(NamedTuple):
    """What votes say of two answers: the mean score of each, both orders weighing the same, and which is better; all None without a vote in each order or with half of the votes or fewer."""

    first: float | None
    second: float | None
    verdict: str | None


def compared(votes: Sequence[Vote]) -> Compared:
    """The two answers' scores. Where the orders contradict each other the better one is the one that stands in a certain place: the verdict is BY_PLACE, and the scores say nothing."""
    orders = [[vote.scores for vote in votes if vote.scores is not None and vote.swapped is swapped] for swapped in (False, True)]
    if not all(orders) or 2 * sum(map(len, orders)) <= len(votes):
        return Compared(None, None, None)
    means = [[sum(side) / len(order) for side in zip(*order, strict=True)] for order in orders]
    (a, b), (c, d) = means
    first, second = (a + c) / 2, (b + d) / 2
    if (a - b) * (c - d) < 0:
        return Compared(first, second, BY_PLACE)
    return Compared(first, second, FIRST if first > second else SECOND if first < second else EVEN)


def combine(item_id: str, task: Task, judge: str, votes: Sequence[Vote], agreement: float = 0.0) -> Judgement:
    """The judgement that votes make together. Without a verdict the reason is `tie` where verdicts stood against each other, else the commonest of the votes' own."""
    said = tuple(vote.text for vote in votes)
    if task.compares and (both := compared(votes)).first is not None and both.second is not None:
        return Judgement(item_id, task.name, judge, task.label, both.verdict, both.first - both.second, votes=said, cast=tuple(votes))
    verdicts = Counter(vote.verdict for vote in votes if vote.verdict is not None)
    winner, n = max(verdicts.items(), key=lambda item: item[1], default=(None, 0))
    if winner is not None and not task.compares and 2 * n > len(votes) and n >= agreement * len(votes) - NEARLY:
        score = float(median(v.score for v in votes if v.verdict == winner and v.score is not None))
        return Judgement(item_id, task.name, judge, task.label, winner, score, votes=said, cast=tuple(votes))
    reasons = Counter(vote.reason for vote in votes if vote.verdict is None)
    reason = "tie" if len(verdicts) > 1 or not reasons else min(reasons, key=lambda r: (-reasons[r], r))
    return Judgement(item_id, task.name, judge, task.label, None, None, reason, "nobody", said, tuple(votes))


class Settled(NamedTuple):
    """What counts for a sample: correct, wrong, or None where nobody could say; who decided; and whether the judge overruled a rule that had failed the sample."""

    status: Literal["correct", "wrong"] | None
    by: DecidedBy
    overruled: bool = False


def settle(rule: Verdict | None, judgement: Judgement, *, may_overrule: bool = False) -> Settled:
    """A rule's verdict and a judgement of correctness together. A rule that could not decide leaves it to the judge; a judge without a verdict changes nothing."""
    ruled: Literal["correct", "wrong"] | None = None
    if rule is not None and rule.decided:
        ruled = "correct" if rule.status == "correct" else "wrong"
    if judgement.verdict is None:
        return Settled(ruled, "nobody" if ruled is None else "rule")
    by: DecidedBy = judgement.decided_by
    judged: Literal["correct", "wrong"] = "correct" if judgement.verdict == "correct" else "wrong"
    if ruled is None or (ruled == "correct" and judged == "wrong"):
        return Settled(judged, by)
    if ruled == "wrong" and judged == "correct" and may_overrule:
        return Settled("correct", by, True)
    return Settled(ruled, "rule")
