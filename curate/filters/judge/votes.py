"""From votes to a judgement, and from a judgement and a rule's verdict to what counts.

A verdict needs more than half of all votes that were asked for, so a tie is no verdict, and neither is one voice among two that said nothing. A quality is the median of its votes, where more than half
gave one. A judge may veto what a rule passed. It overrules what a rule failed only where the caller allows that, and then it is on record as the one who did.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal, NamedTuple

from curate.filters.judge.reply import Vote
from curate.filters.judge.rules import Ruled
from curate.filters.judge.tasks import RATED, Task
from curate.records import JUDGEMENT, Verdict

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
    votes: tuple[str, ...] = ()  # each a verdict, a number, or none:reason

    def row(self) -> dict[str, Any]:
        """The judgement as a value of curate.records.JUDGEMENT: the fields that it has."""
        return {field.name: list(value) if isinstance(value := getattr(self, field.name), tuple) else value for field in JUDGEMENT}


def by_rule(item_id: str, task: Task, judge: str, ruled: Ruled) -> Judgement:
    """The judgement where no judge was asked."""
    if not ruled.failed:
        return Judgement(item_id, task.name, judge, task.label, None, None, ruled.reason, "nobody")
    return Judgement(item_id, task.name, judge, task.label, RATED if task.scored else task.bad, 0.0, ruled.reason, "rule")


def combine(item_id: str, task: Task, judge: str, votes: Sequence[Vote]) -> Judgement:
    """The judgement that votes make together. Without a verdict the reason is `tie` where verdicts stood against each other, else the commonest of the votes' own."""
    said = tuple(vote.text for vote in votes)
    verdicts = Counter(vote.verdict for vote in votes if vote.verdict is not None)
    winner, n = max(verdicts.items(), key=lambda item: item[1], default=(None, 0))
    if winner is not None and 2 * n > len(votes):
        score = float(median(v.score for v in votes if v.verdict == winner and v.score is not None))
        return Judgement(item_id, task.name, judge, task.label, winner, score, votes=said)
    reasons = Counter(vote.reason for vote in votes if vote.verdict is None)
    reason = "tie" if len(verdicts) > 1 or not reasons else min(reasons, key=lambda r: (-reasons[r], r))
    return Judgement(item_id, task.name, judge, task.label, None, None, reason, "nobody", said)


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
