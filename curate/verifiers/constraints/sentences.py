"""Counting sentences, without downloaded data.

The published checker uses NLTK's Punkt, a trained model that is fetched at run time. Here: full stops, question and exclamation marks end a sentence where white space follows, unless the word before
the stop is an abbreviation, an initial, or the number of a list item; an ellipsis only before a capital; Chinese, Japanese and Hindi stops anywhere. As with Punkt, a line break ends nothing
and a last sentence needs no stop. What has no letter or digit in it is no sentence.
"""

import re

_END = re.compile(r"(?<![.!?…])(?:[.!?]++|…)[\"'”’»)\]*_]*+(?=\s|\Z)|[\u3002\u0964\uff01\uff1f\uff0e]++[\"”’\u300d\u300f\uff09]*+")
_WORD = re.compile(r"[\w.'’-]*\Z")
_LOOK_BACK = 24  # characters before a stop that are looked at
_STARTS_LINE = re.compile(r"(?:\A|\n)[ \t>*_#-]*\Z")
ABBREVIATIONS = frozenset(
    """
    mr mrs ms dr prof sr jr st rev gen col capt lt sgt hon pres gov rep sen mt ave blvd rd dept univ inc ltd co corp bros vs etc e.g i.e eg ie cf al fig figs eq eqs no nos vol vols pp ed eds
    ca approx min max est jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun a.m p.m u.s u.k u.n e.u d.c ph.d m.d b.a m.a b.c a.d viz resp def thm lem cor prop ch sec
    p.s p.p.s
    """.split()  # noqa: SIM905
)
# Words that begin a sentence far more often than they follow an abbreviation.
STARTERS = frozenset(
    """
    The This That These Those He She It They We You But However And So In On For When If My His Her Their Our There Then
    """.split()  # noqa: SIM905
)
_NEXT = re.compile(r"\s+[\"'“‘(\[*_]*(\w+)")


def _ends(text: str, start: int, end: int) -> bool:
    """Whether the marks in text[start:end] end a sentence."""
    mark = text[start : start + 3].rstrip()
    following = _NEXT.match(text, end)
    if mark.startswith(("..", "…")):
        return following is None or not following.group(1)[0].islower()
    if text[start] != "." or text[start + 1 : start + 2] in ("!", "?"):
        return True
    found = _WORD.search(text[max(0, start - _LOOK_BACK) : start])
    word = found.group().lstrip("'’-.") if found else ""
    if word.isdigit() and len(word) <= 3 and following is not None:
        return _STARTS_LINE.search(text[max(0, start - _LOOK_BACK - len(word)) : start - len(word)]) is None
    initial = len(word) == 1 and word.isupper() and word != "I"
    dotted = "." in word and all(len(part) == 1 for part in word.split("."))
    if initial or dotted or word.lower() in ABBREVIATIONS:
        return following is None or (
            not initial and word.lower() not in ("mr", "mrs", "ms", "dr", "prof") and following.group(1) in STARTERS
        )
    return True


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    found, begin = [], 0
    for match in _END.finditer(text):
        if _ends(text, match.start(), match.end()):
            found.append(text[begin : match.end()])
            begin = match.end()
    found.append(text[begin:])
    return [s.strip() for s in found if any(map(str.isalnum, s))]
