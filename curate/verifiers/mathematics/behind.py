r"""math-verify, for what this package cannot read itself: sums, integrals, matrix products, sets by their conditions.

Only its LaTeX grammar reads the text, never `parse_expr`. Its SIGALRM timeouts are off, since they work in a main thread only: the pool bounds every case, and `cost.py` refuses what would build a huge number. Its yes is confirmed at
60 digits, because it compares rounded floats.
"""

import logging
import re
from functools import lru_cache
from typing import Any

LONGEST_TEXT = 400  # characters; its grammar takes seconds for nonsense of more
MOST_BARS = 20  # | in a row of absolute values, each of which may open or close one
LARGE = 10**20
_WORDS = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{5,}")  # it would multiply their letters


# it reads 8_5 and 8' as 8, and what is not shown as if it were; for mixed numbers in a row it takes seconds
_LOST = re.compile(r"\d\s*[_']|\d/\d+\s+\d|\\[hv]?phantom\b")
_ENVIRONMENTS = re.compile(r"\\(?:begin|end)\s*\{\w+\}")


class NotInstalled(Exception):
    """math-verify is not there."""


@lru_cache(maxsize=1)
def _math_verify() -> Any:
    try:
        import math_verify
    except ModuleNotFoundError as error:
        raise NotInstalled from error
    logging.getLogger("math_verify").setLevel(logging.ERROR)  # it warns that its timeouts are off
    return math_verify


@lru_cache(maxsize=256)
def _parsed(text: str) -> Any:
    mv = _math_verify()
    found = mv.parse(
        "\\boxed{" + text + "}", [mv.LatexExtractionConfig(boxed_match_priority=0)], fallback_mode="no_fallback", parsing_timeout=None
    )
    return found[0] if found and not isinstance(found[0], str) else None


def may_read(text: str) -> bool:
    """Whether it is worth asking: short, whole, no prose, and infinity only where something runs to it."""
    if (
        text.count("{") != text.count("}")
        or text.count("|") > MOST_BARS
        or ("∞" in text and not any(c in text for c in ("\\lim", "\\int", "\\sum", "\\prod")))
    ):
        return False
    return len(text) <= LONGEST_TEXT and _LOST.search(text) is None and _WORDS.search(_ENVIRONMENTS.sub("", text)) is None


def readable(text: str) -> bool:
    """Whether LaTeX stands for something. Only for text that is not too costly. Raises NotInstalled."""
    return _parsed(text) is not None


def _confirmed(gold: Any, given: Any) -> bool:
    """Whether two numbers agree at 60 digits; a decimal on either side bounds what can be asked for. True for what is no number."""
    if not (getattr(gold, "is_number", False) and getattr(given, "is_number", False)):
        return True
    from sympy import Float, Integer, N  # type: ignore[import-untyped]  # it ships none

    gold, given = gold.doit(), given.doit()
    if not gold.has(Float) and not given.has(Float) and gold.is_Rational and given.is_Rational:
        return bool(gold == given)
    size = max(abs(N(gold, 60)), abs(N(given, 60)))
    exact = not gold.has(Float) and not given.has(Float)
    if exact and any(abs(i) > LARGE for i in gold.atoms(Integer) | given.atoms(Integer)):  # roots of such sums differ late
        return bool(abs(N(gold - given, 30, maxn=400)) <= Float("1e-300") * size)
    difference = abs(N(gold - given, 60))
    tolerance = 1e-9 if gold.has(Float) else 1e-6 if given.has(Float) else 1e-40
    return bool(size == 0 or difference <= tolerance * size)


def equal(gold: str, given: str) -> bool:
    """Whether math-verify takes one LaTeX text for the other. Raises NotInstalled."""
    wanted, found = _parsed(gold), _parsed(given)
    if wanted is None or found is None:
        return False
    return bool(_math_verify().verify(wanted, found, timeout_seconds=None)) and _confirmed(wanted, found)
