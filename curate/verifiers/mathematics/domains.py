r"""What an answer says its names run through: the (k \in \mathbb{Z}) behind k\pi + \pi/6, the "all integers" before n \ge 3.

It may be left out or added, as the name of an answer may; but two answers that name different sets for one letter are different. The set-builder's own membership is read elsewhere.
"""

import re

_SET = r"(?:\\mathbb\s*|\\text\s*)?\{?\s*([ZNR])\s*\}?\s*(?:[\^_]\s*\{?\s*[*+]\s*\}?)?"
_BEHIND = re.compile(rf"(?<=[\w)}}\]])\s*\(\s*[A-Za-z]\s*∈\s*{_SET}\s*\)$")
_BEFORE = re.compile(
    r"^(?:\\text\s*\{\s*)?(?:for\s+)?all\s+(?:(?:positive\s+|natural\s+)?integers|(?:real|natural)\s+numbers|values\s+of)\s*\}?\s*(?=[A-Za-z]\s*[<>≤≥])"
)
_NAMED = re.compile(rf"(?<![A-Za-z\\])([A-Za-z])\s*∈\s*{_SET}")


def without_domain(text: str) -> str:
    """A `plain` text without the set that its names run through, where that stands in brackets behind it or in words before it."""
    if text.endswith(")") and "∈" in text:
        text = _BEHIND.sub("", text)
    return _BEFORE.sub("", text) if "all" in text else text


def differ(gold: str, given: str) -> bool:
    """Whether two `plain` texts let one letter run through different sets: k ∈ Z and k ∈ N."""
    if "∈" not in gold or "∈" not in given or "⦃" in gold + given:
        return False
    mine, its = (dict(_NAMED.findall(t)) for t in (gold, given))
    return any(mine[name] != its[name] for name in mine.keys() & its.keys())
