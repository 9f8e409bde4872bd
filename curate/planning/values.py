"""The numbers of a plan: each with the range that it may be in and where it is from.

Departs from the propagation of errors in that the ends of two ranges are added and multiplied as they are, as if all came out low or all high together. That is wider than 95 % for a sum of many parts; but what is wrong in a plan, such as a pass rate, mostly is
wrong in all its stages.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Value:
    """A number between `low` and `high`. `at_most`: only its upper bound is known. `sources`: where it is from, a phrase for each."""

    value: float
    low: float
    high: float
    sources: tuple[str, ...] = ()
    at_most: bool = False

    def __mul__(self, other: "Value | float") -> "Value":
        """Both are 0 or more."""
        by = other if isinstance(other, Value) else exact(other)
        return self._with(by, self.value * by.value, self.low * by.low, self.high * by.high)

    def __add__(self, other: "Value | float") -> "Value":
        by = other if isinstance(other, Value) else exact(other)
        return self._with(by, self.value + by.value, self.low + by.low, self.high + by.high)

    def over(self, other: "Value | float") -> "Value":
        """Divided by a number above 0."""
        by = other if isinstance(other, Value) else exact(other)
        return self._with(by, self.value / by.value, self.low / by.high, self.high / by.low)

    def capped(self, most: float) -> "Value":
        """The same, and never more than `most`."""
        return replace(self, value=min(self.value, most), low=min(self.low, most), high=min(self.high, most))

    def bound(self) -> "Value":
        """The upper end of the range as an upper bound: nothing is known of how much less it is."""
        return Value(self.high, 0.0, self.high, self.sources, self.high > 0)

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"value": self.value, "low": self.low, "high": self.high, "at_most": self.at_most, "from": list(self.sources)}

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> "Value":
        """From JSON."""
        return cls(found["value"], found["low"], found["high"], tuple(found["from"]), found["at_most"])

    def _with(self, by: "Value", value: float, low: float, high: float) -> "Value":
        return Value(value, low, high, tuple(dict.fromkeys((*self.sources, *by.sources))), self.at_most or by.at_most)


def exact(value: float, *sources: str) -> Value:
    """A number without a range."""
    return Value(value, value, value, sources)


NONE = exact(0.0)


def added(values: Iterable[Value]) -> Value:
    """Their sum."""
    total = NONE
    for value in values:
        total = total + value
    return total


class Kind(NamedTuple):
    """What rows have in common that decides what they cost: the prompt's fields of these names."""

    domain: str
    accept: str = "verified"
    chance: float = 0.0


class Lot(NamedTuple):
    """Rows of one kind: those that are kept, the mean number of tokens generated for one (0 for prompts), kept and rejected ones together (None: the kept ones are all), and the prompts that the rows are of."""

    rows: Value
    tokens: Value = NONE
    every: Value | None = None
    prompts: Value = NONE

    @property
    def all(self) -> Value:
        """Kept and rejected rows together."""
        return self.rows if self.every is None else self.every

    def left(self, rows: Value) -> "Lot":
        """What a stage leaves of it that hands on its kept rows alone."""
        return self._replace(rows=rows, every=None)


Flow = Mapping[Kind, Lot]


def together(flows: Iterable[Flow]) -> Flow:
    """Several flows as one."""
    found: dict[Kind, Lot] = {}
    for flow in flows:
        for kind, lot in flow.items():
            before = found.get(kind)
            if before is None or not before.all.value:
                found[kind] = lot
                continue
            every = before.all + lot.all
            tokens = (before.tokens * before.all.value + lot.tokens * lot.all.value).over(every.value)
            found[kind] = Lot(before.rows + lot.rows, tokens, every, before.prompts + lot.prompts)
    return found


def rows_of(flow: Flow) -> Value:
    """The kept rows of all kinds."""
    return added(lot.rows for lot in flow.values())


def tokens_of(flow: Flow) -> Value:
    """The tokens of the kept rows of all kinds."""
    return added(lot.rows * lot.tokens for lot in flow.values())


class Size(NamedTuple):
    """A model's parameters: those at work for a token, and all."""

    active: Value
    whole: Value
