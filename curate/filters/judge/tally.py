"""What a run of a judge counts, and whether it is to be believed."""

from collections import Counter
from dataclasses import dataclass, field

from curate.errors import CurateError
from curate.filters.judge.planted import Planted
from curate.filters.judge.settings import Settings
from curate.filters.judge.tasks import Task
from curate.filters.judge.votes import Judgement
from curate.report.funnel import wilson

PLANTED_ENOUGH = 20  # planted items with a verdict before a run is ended for them early: one that passes among two says little
_WORDS = {  # what a judge did that is not to be believed, and what to do then
    False: ("let {passed} of {n} planted bad samples pass", "measure it with curate judge --calibrate"),
    True: (
        "was wrong about {passed} of {n} planted texts written by hand",
        "read its replies, and take another judge, another --reply or a plainer rubric",
    ),
}


@dataclass(slots=True)
class Tally:
    """Counts of a run; planted items are counted apart."""

    verdicts: Counter[str] = field(default_factory=Counter)
    no_verdict: Counter[str] = field(default_factory=Counter)  # by reason
    by_rule: Counter[str] = field(default_factory=Counter)  # of the verdicts, those that a rule gave, by rule
    planted: Counter[str] = field(default_factory=Counter)  # with a verdict, by kind
    passed: Counter[str] = field(
        default_factory=Counter
    )  # of these, those that the judge was wrong about: bad ones that it let pass, good ones that it did not
    planted_without: int = 0  # planted items without a verdict
    requested: int = 0
    reused: int = 0  # replies from the log
    refused: int = 0

    def count(self, judgement: Judgement) -> None:
        """Count a judgement of the run."""
        if judgement.verdict is None:
            self.no_verdict[judgement.reason] += 1
        else:
            self.verdicts[judgement.verdict] += 1
            if judgement.decided_by == "rule":
                self.by_rule[judgement.reason] += 1

    def count_planted(self, judgement: Judgement, planted: Planted, task: Task) -> None:
        """Count a judgement of a planted item."""
        if judgement.verdict is None:
            self.planted_without += 1
            return
        self.planted[planted.kind] += 1
        self.passed[planted.kind] += task.passes(judgement.verdict, judgement.score) != planted.good


def believable(judge: str, task: Task, tally: Tally, settings: Settings, *, final: bool) -> None:
    """Raise CurateError where too many planted items pass, or, at the end, where planted items were asked for and none got a verdict though others did."""
    n, passed = tally.planted.total(), tally.passed.total()
    interval = wilson(passed, n)
    over = n > 0 and passed / n > settings.max_passed
    if over and (final or (n >= PLANTED_ENOUGH and interval is not None and interval[0] > settings.max_passed)):
        kinds = ", ".join(f"{kind} {count}" for kind, count in tally.passed.most_common() if count)
        what, then = _WORDS[task.by_hand]
        raise CurateError(
            f"the judge {judge} {what.format(passed=passed, n=n)} ({kinds}), and {settings.max_passed:.0%} is the limit: none of its verdicts is to be believed; {then}"
        )
    judged = tally.verdicts.total() - tally.by_rule.total()
    if final and judged and tally.planted_without and not n:
        raise CurateError(
            f"the judge {judge} gave {judged:,} verdicts, but none on the {tally.planted_without} planted {'texts' if task.by_hand else 'bad samples'}, so nothing is known of it: {_WORDS[task.by_hand][1]}"
        )
