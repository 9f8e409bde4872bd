"""What a judge can be asked: whether an answer is correct, whether a chain has one of three flaws, how good a general answer is, which of two answers is better, whether a text is safe.

A task names its template, the pieces that the judge is shown, and what a verdict can be. When correctness is judged the chain is not shown: a long confident chain talks judges into a pass. `unsure` is a way
out that R1's judge did not have; it is no verdict, so a reference that makes no sense costs nobody a sample. Two answers are compared by their responses alone, and safety is judged on chain and response: so R1 applied
its two reward models (arXiv 2501.12948, section 3.1).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from curate.errors import UsageError
from curate.filters.base import Trace
from curate.filters.judge.wording import Wording, read_rubric, sections, shipped

UNSURE = "unsure"
RATED = "rated"  # the verdict that goes with a score
BEST = 10
PASSING = 5  # a quality above this passes for good where a planted bad answer is counted
FIRST, SECOND, EVEN, BY_PLACE = (
    "first",
    "second",
    "even",
    "by_place",
)  # of two answers: the better one, neither, and whichever stands in one place


@dataclass(frozen=True, slots=True)
class Item:
    """What is to be judged: one sample. `id` is the sample's own, `chain` its reasoning, `domain` that of its question, `other` the response that its own is compared with."""

    id: str
    question: str = ""
    reference: str | None = None
    response: str = ""
    chain: str = ""
    domain: str = "general"
    other: str = ""

    def turned(self) -> "Item":
        """The same with its two responses the other way round."""
        return replace(self, response=self.other, other=self.response)

    @classmethod
    def of(cls, sample_id: str, trace: Trace, reference: str | None = None) -> "Item":
        """The item of a trace as filters see it."""
        return cls(sample_id, trace.question, reference, trace.response, trace.reasoning or "", trace.domain)


@dataclass(frozen=True)
class Task:
    """A question to a judge. `good` and `bad` are its verdicts; without them it gives a score from 0 to 10, or two where it `compares`. `reverse` shows the pieces and names the verdicts in the other order: a check of the judge, never
    how a run is made. `by_hand`: what is planted are pairs written by hand, and none made from the samples."""

    name: str
    pieces: Mapping[str, Callable[[Item], str]]
    judged: str  # which of the pieces is judged
    good: str = ""
    bad: str = ""
    rubric: Wording | None = None
    reverse: bool = False
    compares: bool = False
    by_hand: bool = False

    @property
    def scored(self) -> bool:
        """Whether the verdict is a number."""
        return not self.good and not self.compares

    @cached_property
    def label(self) -> str:
        """Template and version, those of the frame and the rubric included."""
        parts = [f"{self.name}@{shipped(self.name).label.partition('@')[2]}", shipped("frame").label]
        parts += [self.rubric.label] if self.rubric else []
        return "/".join(parts) + ("/reversed" if self.reverse else "")

    @cached_property
    def values(self) -> Mapping[str, float]:
        """The verdicts in words, with their score; empty for a task that gives numbers."""
        return {self.good: 1.0, self.bad: 0.0} if self.good else {}

    def says(self) -> Mapping[str, str]:
        """What the frame's slots are filled with, the nonce and the data apart."""
        own = sections(self.name)
        rules = own["rules"].replace("{{rubric}}", self.rubric.text) if self.rubric else own["rules"]
        if self.compares:
            values = f'an object with the keys "A" and "B", in this order, whose values are the two answers\' scores: whole numbers from 0 to {BEST}.'
        elif self.scored:
            values = f"a whole number from 0 to {BEST}."
        else:
            first, second = (self.bad, self.good) if self.reverse else (self.good, self.bad)
            values = f'one of the words "{first}", "{second}" and "{UNSURE}".'
        return {"role": own["role"], "rules": rules, "values": values}

    def passes(self, verdict: str | None, score: float | None) -> bool:
        """Whether a verdict lets the sample through: correct, clean, safe, a quality above PASSING, or, of two answers, whatever does not find the first one worse."""
        if self.compares:
            return verdict != SECOND
        return (score is not None and score > PASSING) if self.scored else verdict == self.good


_QUESTION, _REQUEST = "Question", "Request"


def _chain(name: str) -> Task:
    return Task(name, {_QUESTION: lambda i: i.question, "Chain of Thought": lambda i: i.chain}, "Chain of Thought", "clean", "flagged")


CORRECTNESS = Task(
    "correctness",
    {_QUESTION: lambda i: i.question, "Reference Answer": lambda i: i.reference or "", "Answer to be Evaluated": lambda i: i.response},
    "Answer to be Evaluated",
    "correct",
    "incorrect",
)
CHAIN_TASKS = {name: _chain(name) for name in ("mixed_language", "long_paragraph", "code_block")}


def quality(rubric: str | None = None) -> Task:
    """The task that gives a number from 0 to 10 by the rubric in a file, or by the one that ships. Raises UsageError."""
    pieces: dict[str, Callable[[Item], str]] = {_REQUEST: lambda i: i.question, "Answer to be Evaluated": lambda i: i.response}
    return Task("quality", pieces, "Answer to be Evaluated", rubric=read_rubric(rubric))


def helpfulness(rubric: str | None = None) -> Task:
    """The task that gives two answers to one request a score each, by the rubric in a file, or by the one that ships. Raises UsageError."""
    pieces: dict[str, Callable[[Item], str]] = {
        _REQUEST: lambda i: i.question,
        "Answer A": lambda i: i.response,
        "Answer B": lambda i: i.other,
    }
    return Task("helpfulness", pieces, "Answer A", rubric=read_rubric(rubric), compares=True, by_hand=True)


def safety(rubric: str | None = None) -> Task:
    """The task that finds a text safe or unsafe, its chain included, by the rubric in a file, or by the one that ships. Raises UsageError."""
    pieces: dict[str, Callable[[Item], str]] = {_REQUEST: lambda i: i.question, "Answer to be Evaluated": _whole}
    return Task("safety", pieces, "Answer to be Evaluated", "safe", "unsafe", read_rubric(rubric, "rubric_safety"), by_hand=True)


def _whole(item: Item) -> str:
    return f"<think>\n{item.chain}\n</think>\n\n{item.response}" if item.chain else item.response


NAMES = (CORRECTNESS.name, *CHAIN_TASKS, "quality")
PAIRED = (*NAMES, "safety")  # tasks that a file of pairs may name


def task_named(name: str, rubric: str | None = None) -> Task:
    """A task by its name. Raises UsageError."""
    if name == CORRECTNESS.name:
        return CORRECTNESS
    if name in CHAIN_TASKS:
        return CHAIN_TASKS[name]
    if name == "quality":
        return quality(rubric)
    raise UsageError(f"unknown task {name!r} for a judge: one of {', '.join(NAMES)}")
