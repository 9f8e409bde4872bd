"""What a filter is: numbers measured on a sample, and limits that turn a number into a reason to drop it.

The number is a column of the data set, the limit is configuration: so a limit can be moved later without reading a text again, and a reason can always be checked against the row. A filter that does not
apply to a sample (its domain, its mode) measures nothing, and null is never over a limit. Filters are pure and see one sample; what needs an index of all samples, or a model, has its own file.

The columns of a filter that looks at both parts of a sample are named for the part: `reasoning_...` and `response_...`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa

from curate import language
from curate.language import Reading, task
from curate.records import Mode

Value = float | int | None
PARTS = ("reasoning", "response")
EVERY_MODE: frozenset[str] = frozenset({"think", "plain"})


@dataclass(frozen=True)
class Trace:
    """A sample as filters see it. What several filters need of a text is worked out once and kept; it is never changed."""

    question: str  # the user's turns, joined by blank lines
    response: str
    reasoning: str | None = None
    completion: str = ""  # the text as the model wrote it, tags included
    finish_reason: str = "stop"
    domain: str = "general"
    mode: Mode = "think"
    chain: str = "full"  # full, summary, hidden or none: what was seen of the chain
    language: str | None = None  # of the question, where its source says it
    license: str | None = None
    verifier: str | None = None
    system: str = ""  # the system prompt and the template's own text, where there were any
    completion_tokens: int | None = None
    measured: Mapping[str, Value] = field(default_factory=dict)  # what was measured of it beforehand, by an engine

    def part(self, name: str) -> str:
        """The text of a part, empty where there is none."""
        return (self.reasoning or "") if name == "reasoning" else self.response

    @cached_property
    def readings(self) -> Mapping[str, Reading]:
        """What each part and the question are written in (curate.language.reading)."""
        return {name: language.reading(text) for name, text in (*((p, self.part(p)) for p in PARTS), ("question", self.question))}

    @property
    def words(self) -> Mapping[str, Mapping[str, int]]:
        """Words by language of each part and of the question."""
        return {name: found.words for name, found in self.readings.items()}

    @cached_property
    def spoken_of(self) -> frozenset[str] | None:
        """Languages that the question, or the system prompt, is about (curate.language.task.spoken_of); None where any may come up."""
        return task.spoken_of(f"{self.system}\n{self.question}" if self.system else self.question, self.readings["question"])


def by_part(trace: Trace, name: str, measure: Callable[[str], Value]) -> dict[str, Value]:
    """`measure` of each part, as `PART_name`; None for a chain that is not there."""
    return {f"{part}_{name}": None if part == "reasoning" and trace.reasoning is None else measure(trace.part(part)) for part in PARTS}


class Metric(NamedTuple):
    """A column that a filter fills."""

    kind: pa.DataType
    description: str


def count(description: str) -> Metric:
    """A number of things."""
    return Metric(pa.int32(), description)


def share(description: str) -> Metric:
    """A share between 0 and 1, or another real number."""
    return Metric(pa.float32(), description)


class Limit(NamedTuple):
    """What turns a number into a reason. `name` is the parameter, set as FILTER.NAME=VALUE; `source` says where the default is from or why it is chosen."""

    name: str
    metric: str
    value: float
    reason: str  # a slug that can be counted
    source: str
    over: bool = True  # a reason where the number is above the value; else where it is below

    def holds(self, value: Value) -> bool:
        """Whether this number is a reason."""
        return value is not None and (value > self.value if self.over else value < self.value)


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter. `measure` gives its metrics, `reasons` those that are no question of a number; `settings` are what it was built with, beside the limits, as JSON values.

    `domains` and `modes` say what it applies to: domains None is all, and `not_domains` are left out of them. `build`, where there is one, makes the filter anew with another value of any of its settings.
    """

    name: str
    version: str
    measure: Callable[[Trace], Mapping[str, Value]]
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    limits: Sequence[Limit] = ()
    reasons: Callable[[Trace], Iterable[str]] | None = None
    domains: frozenset[str] | None = None
    not_domains: frozenset[str] = frozenset()
    modes: frozenset[str] = EVERY_MODE
    settings: Mapping[str, Any] = field(default_factory=dict)
    build: "Callable[..., Filter] | None" = None

    def applies(self, trace: Trace) -> bool:
        """Whether it says anything of this sample."""
        return trace.mode in self.modes and trace.domain not in self.not_domains and (self.domains is None or trace.domain in self.domains)

    def look(self, trace: Trace) -> "Found":
        """Its metrics and reasons for one sample: every metric is there, None where it was not measured."""
        if not self.applies(trace):
            return Found(dict.fromkeys(self.metrics), ())
        measured = self.measure(trace)
        values = {name: measured.get(name) for name in self.metrics}
        found = [limit.reason for limit in self.limits if limit.holds(values[limit.metric])]
        if self.reasons is not None:
            found += self.reasons(trace)
        return Found(values, tuple(dict.fromkeys(found)))


class Found(NamedTuple):
    """What a filter found in a sample."""

    metrics: Mapping[str, Value]
    reasons: tuple[str, ...]
