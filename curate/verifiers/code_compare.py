"""Is what a program gave what was expected? Two rules: for printed text and for returned values that a data set stores as JSON.

Text: line by line, the whole of it; whitespace at line ends and empty lines at the end do not count, all other characters do. One tolerance: where the expected word is written with a decimal point,
a number within TOLERANCE of it, relative or absolute, will do.

Values: equal types and equal values; a tuple is as good as a list, since JSON has no tuples, and an int key as good as its text. True is not 1. An expected float tolerates TOLERANCE.
"""

import math
import re
from typing import Any

TOLERANCE = 1e-6
LONGEST_NUMBER = 400  # characters
_DECIMAL = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d{1,4})?|[+-]?\d+\.|[+-]?\d+(?:\.\d*)?[eE][+-]?\d{1,4}")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?")
_SPACE = re.compile(r"(\s+)")


def close(got: float, expected: float) -> bool:
    """Within the tolerance."""
    return got == expected or (math.isfinite(got) and math.isfinite(expected) and abs(got - expected) <= TOLERANCE * max(1.0, abs(expected)))


def _lines(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _same_word(got: str, expected: str) -> bool:
    if got == expected:
        return True
    if max(len(got), len(expected)) > LONGEST_NUMBER or not _DECIMAL.fullmatch(expected) or not _NUMBER.fullmatch(got):
        return False
    return close(float(got), float(expected))


def _same_line(got: str, expected: str) -> bool:
    if got == expected:
        return True
    if "." not in expected and "e" not in expected.lower():
        return False
    words, wanted = _SPACE.split(got), _SPACE.split(expected)
    return len(words) == len(wanted) and all(_same_word(g, e) for g, e in zip(words, wanted, strict=True))


def same_output(got: str, expected: str) -> bool:
    """Whether printed text is what was expected."""
    lines, wanted = _lines(got), _lines(expected)
    return len(lines) == len(wanted) and all(_same_line(g, e) for g, e in zip(lines, wanted, strict=True))


def same_value(got: Any, expected: Any) -> bool:
    """Whether a returned value is the JSON value that was expected."""
    if isinstance(expected, bool) or expected is None or isinstance(got, bool) or got is None:
        return got is expected
    if isinstance(expected, float):
        return isinstance(got, int | float) and _as_float(got) is not None and close(float(got), expected)
    if isinstance(expected, int):
        return isinstance(got, int | float) and got == expected
    if isinstance(expected, str):
        return type(got) is str and got == expected
    if isinstance(expected, list):
        return isinstance(got, list | tuple) and len(got) == len(expected) and all(same_value(g, e) for g, e in zip(got, expected, strict=True))
    if isinstance(expected, dict):
        if not isinstance(got, dict) or len(got) != len(expected):
            return False
        named = {k if isinstance(k, str) else str(k) if type(k) is int and abs(k) < 1 << 64 else "": v for k, v in got.items()}
        return len(named) == len(got) and all(k in named and same_value(named[k], e) for k, e in expected.items())
    return False


def _as_float(value: int | float) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None
