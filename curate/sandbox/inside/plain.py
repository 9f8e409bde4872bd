"""Plain data as JSON, with tags for what JSON does not have: the only thing that leaves a program's process or enters it.

Values of exactly the built-in types, of a few containers of `collections` (which cross as the built-in type they extend, unless objects cross too), fractions, decimals, dates and times can be written; an object of any other class cannot, a subclass of
`int` or `str` among them, so nothing that crosses brings behaviour of its own. Iterators of the built-in kinds cross as what they give, or where asked for stay where they are, since some never end; built-in types cross by name. Depth and number
of values are bounded on both sides; text comes back as it was, NaN and infinities too. Where two processes agree on it, any other object crosses as a number that stands for it (`keep`, `find`).

The writer runs in the process of the hostile program, which may replace it: the reader trusts nothing.
"""

import collections
import datetime
import decimal
import fractions
import itertools
import json
import types
from collections.abc import Callable
from typing import Any

DEEPEST = 200
MOST_VALUES = 1_000_000
LONGEST_INTEGER = 1 << 22  # bits
FEW_KEYS = 1000
INLINE = 1 << 62  # integers below are written as they are
SAME_IN_JSON = frozenset({type(None), bool, str, float})
SEQUENCES: dict[type, str] = {list: "l", tuple: "t", set: "s", frozenset: "f"}
TIMES: dict[str, Any] = {t.__name__: t for t in (datetime.date, datetime.time, datetime.datetime)}
LONGEST_TEXT = 10_000  # characters of a decimal
LARGEST_EXPONENT = 1000  # of one: `int` spells its digits out, whoever calls it
_NOTHING: dict[int, int] = {}
_VIEWS: list[Any] = [_NOTHING.keys(), _NOTHING.values(), _NOTHING.items()]
_BUILT_IN = [*_VIEWS, *(iter(made) for made in [*_VIEWS, [], (), "", set(), range(0)])]
LAZY: frozenset[type] = frozenset(
    {
        types.GeneratorType,
        map,
        filter,
        zip,
        enumerate,
        itertools.chain,
        itertools.islice,
        itertools.permutations,
        itertools.combinations,
        itertools.product,
        itertools.accumulate,
    }
)
ITERATORS = LAZY | {reversed, *map(type, _BUILT_IN)}
TYPES: dict[str, type] = {
    t.__name__: t for t in (object, type, bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, range)
}
DICTS = frozenset({dict, collections.OrderedDict, collections.Counter, collections.defaultdict})


class NotPlain(Exception):
    """A value that is not plain data, or too much of it."""


def _is_small(number: decimal.Decimal) -> bool:
    """Whether nothing that may be done with a decimal takes long or fails by a signal of its own."""
    return not number.is_snan() and (
        not number.is_finite() or (abs(number.adjusted()) <= LARGEST_EXPONENT and len(str(number)) <= LONGEST_TEXT)
    )


def _mapping(value: Any) -> list[str]:
    """The tag of a dict, with what else makes it of its class."""
    kind = type(value)
    if kind is collections.defaultdict:
        names = [name for name, known in TYPES.items() if known is value.default_factory]
        return ["e", *names] if names else ["d"]
    return ["C"] if kind is collections.Counter else ["O"] if kind is collections.OrderedDict else ["d"]


Keep = Callable[[Any], int]
Find = Callable[[int, str], Any]  # number, and the name of its class


def _written(value: Any, depth: int, left: list[int], keep: Keep | None, lazy: bool) -> Any:
    left[0] -= 1
    if depth > DEEPEST or left[0] < 0:
        raise NotPlain("too deep or too large")
    kind: Any = type(value)
    if kind in SAME_IN_JSON:
        return value
    if kind is int:
        if -INLINE < value < INLINE:
            return value
        if value.bit_length() > LONGEST_INTEGER:
            raise NotPlain("an integer of too many digits")
        return ["i", hex(value)]
    if kind in SEQUENCES:
        return [SEQUENCES[kind], *[_written(v, depth + 1, left, keep, lazy) for v in value]]
    if kind in DICTS:
        own = _mapping(value) if keep is not None else ["d"]
        return [*own, *[[_written(k, depth + 1, left, keep, lazy), _written(v, depth + 1, left, keep, lazy)] for k, v in value.items()]]
    if kind is bytes or kind is bytearray:
        return ["b" if kind is bytes else "y", value.hex()]
    if kind is complex:
        return ["c", value.real, value.imag]
    if kind is range:
        return ["r", *[_written(n, depth + 1, left, keep, lazy) for n in (value.start, value.stop, value.step)]]
    if kind is collections.deque:
        return ["q", *[_written(v, depth + 1, left, keep, lazy) for v in value]]
    if kind is fractions.Fraction:
        return ["F", _written(value.numerator, depth + 1, left, keep, lazy), _written(value.denominator, depth + 1, left, keep, lazy)]
    if kind is decimal.Decimal and _is_small(value):
        return ["D", str(value)]
    if kind is datetime.timedelta:
        return ["T", value.days, value.seconds, value.microseconds]
    if kind in TIMES.values():
        return ["I", kind.__name__, value.isoformat()]
    if kind is type and value in TYPES.values():
        return ["n", value.__name__]
    if kind in ITERATORS and not (lazy and kind in LAZY):
        return ["g", *[_written(v, depth + 1, left, keep, lazy) for v in itertools.islice(value, left[0] + 1)]]
    if keep is not None:
        return ["o", keep(value), kind.__name__]
    raise NotPlain(f"an object of type {kind.__name__[:80]} is not plain data")


def write(value: Any, keep: Keep | None = None, *, lazy: bool = False, most: int = MOST_VALUES) -> str:
    """JSON in one line of ASCII; `keep` gives the number for an object that is not plain, and with `lazy` for an iterator that may go on for ever. Raises NotPlain, also for more than `most` values."""
    return json.dumps(_written(value, 0, [most], keep, lazy))


def hashable(keys: list[Any]) -> list[Any]:
    """The keys, unless many share a hash: a table of such keys takes quadratic time."""
    if len(keys) > FEW_KEYS:
        hashes = sorted(hash(key) for key in keys)
        if sum(a == b for a, b in itertools.pairwise(hashes)) > FEW_KEYS:
            raise NotPlain("keys with equal hashes")
    return keys


def _read(value: Any, depth: int, find: Find | None) -> Any:
    if depth > DEEPEST:
        raise NotPlain("too deep")
    if type(value) is not list:
        if type(value) is dict:
            raise NotPlain("a tag is missing")
        return value
    tag, *rest = value or [""]
    match tag:
        case "l":
            return [_read(v, depth + 1, find) for v in rest]
        case "t":
            return tuple([_read(v, depth + 1, find) for v in rest])
        case "s":
            return set(hashable([_read(v, depth + 1, find) for v in rest]))
        case "f":
            return frozenset(hashable([_read(v, depth + 1, find) for v in rest]))
        case "q":
            return collections.deque([_read(v, depth + 1, find) for v in rest])
        case "d" | "C" | "O" | "e":
            factory = TYPES[str(rest.pop(0))] if tag == "e" else None
            keys = hashable([_read(k, depth + 1, find) for k, _ in rest])
            pairs = dict(zip(keys, [_read(v, depth + 1, find) for _, v in rest], strict=True))
            if tag == "e":
                return collections.defaultdict(factory, pairs)
            return collections.Counter(pairs) if tag == "C" else collections.OrderedDict(pairs) if tag == "O" else pairs
        case "i":
            return int(rest[0], 16)
        case "b":
            return bytes.fromhex(rest[0])
        case "y":
            return bytearray.fromhex(rest[0])
        case "c":
            return complex(*[float(x) for x in rest])
        case "g":
            return iter([_read(v, depth + 1, find) for v in rest])
        case "F":
            return fractions.Fraction(_read(rest[0], depth + 1, find), _read(rest[1], depth + 1, find))
        case "D":
            number = decimal.Decimal(str(rest[0])[:LONGEST_TEXT])
            if not _is_small(number):
                raise NotPlain("a decimal of too many digits")
            return number
        case "T":
            return datetime.timedelta(*[int(n) for n in rest])
        case "I":
            return TIMES[str(rest[0])].fromisoformat(str(rest[1]))
        case "n":
            return TYPES[str(rest[0])]
        case "o" if find is not None:
            return find(int(rest[0]), str(rest[1]) if len(rest) > 1 else "")
        case "r":
            return range(*[_read(n, depth + 1, find) for n in rest])
    raise NotPlain("an unknown tag")


def read(text: str | bytes, find: Find | None = None) -> Any:
    """The value that `write` wrote; `find` gives the object that a number stands for. Raises NotPlain for anything else."""
    if (text.count(",") if isinstance(text, str) else text.count(b",")) > 3 * MOST_VALUES:  # a pair and its tag are three
        raise NotPlain("too large")
    try:
        return _read(json.loads(text), 0, find)
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, MemoryError) as error:
        raise NotPlain(f"not what the runner writes: {type(error).__name__}") from None


def replace(mine: Any, theirs: Any, differ: Callable[[Any, Any], bool]) -> None:
    """Change a list, dict, set or bytearray in place to what the other side made of its copy."""
    if type(mine) is type(theirs) and isinstance(mine, list | bytearray | dict | set) and differ(mine, theirs):
        if isinstance(mine, list | bytearray):
            mine[:] = theirs
        else:
            mine.clear()
            mine.update(theirs)
