r"""Several different final boxes in a response: a reader cannot tell which is the answer, and a verifier takes the last.

The same box twice is fine, also in another dress: spaces, \text, \dfrac, dollar signs, a unit, "x =" before it, 0.5 for 1/2. A question of several parts, or one that asks for several values, is
answered in several boxes: there nothing is counted as too many. Whether the boxes say what is right is the verifier's business.
"""

import re
from collections.abc import Mapping
from fractions import Fraction

from curate.filters.base import Filter, Limit, Trace, Value, count
from curate.verifiers.extraction import boxes, visible

_LONGEST_NUMBER = 40  # digits
_DRESS = re.compile(
    r"\\(?:left|right|displaystyle|quad|qquad|,|!|;|:|\s)|\\(?:text|mathrm|textbf|mathbf|boxed|operatorname)\b|\^\{?\\circ\}?|°|[\s$~]|\{,\}|(?<=\d),(?=\d{3}(?!\d))|\\?%"
)
_UNIT = re.compile(r"(?<=[\d)}])\s*+(?:\\text|\\mathrm|\\operatorname)\{[^{}]{1,40}+\}(?:\^\{?[23]\}?)?")
_NAMED = re.compile(r"[A-Za-z]\w{0,3}(?:\([a-z]\))?=(?=[^=])")
_FRACTION = re.compile(r"(-?)\\[dtc]?frac(?:\{(-?\d{1,40})\}\{(\d{1,40})\}|(\d)(\d))")
_NUMBER = re.compile(rf"-?\d{{1,{_LONGEST_NUMBER}}}(?:\.\d{{1,{_LONGEST_NUMBER}}}|/\d{{1,{_LONGEST_NUMBER}}})?")

_PART = re.compile(
    r"(?:^|(?<=[\s,;:，；：。]))(?:\(([a-h1-9])\)|（([1-9a-h一二三四五])）|([①-⑨])|([a-h1-9])\)|([1-9])\.(?=\s)|(?:part|question|problem|teil|aufgabe|partie|parte)\s([a-h1-9])\b)",
    re.IGNORECASE,
)
_ORDERS = ("abcdefgh", "123456789", "一二三四五", "①②③④⑤⑥⑦⑧⑨")
_A = r"(?:[^\W\d_][\w'’-]*+\s+)"  # a word
_SEVERAL = re.compile(
    r"\b(?:find|determine|list|give|state|compute|calculate|solve for|what are|which are)\s+(?:all|every|both|each|the (?:(?:possible|two|three|four|real|integer|positive|complex|exact) )*(?:values|solutions|roots|coordinates|pairs|zeros|zeroes|numbers|dimensions))\b"
    r"|\b(?:find|determine|compute|calculate|give|state|evaluate|what (?:is|are))\s+(?:the\s+)?(?:(?!of\b|between\b|from\b|that\b)[\w$\\{}^']+\s+){0,2}(?:(?!of\b|between\b|from\b)[\w$\\{}^'()]+)(?:,\s*[\w$\\{}^'()]+){0,6},?\s+and\s+(?!only\b)(?:the\s+)?[\w$\\]+"
    r"|\b(?:each|every|both|all)\b[^.?!\n]{0,60}?\bbox|\bboxes\b|separate(?:ly)?\b[^.?!\n]{0,40}?\bbox|answer (?:each|both|all|every)|\bhow (?:do|to|can|would)\b[^.?!\n]{0,60}?\bbox"
    rf"|(?:trouv|calcul|détermin|donn)\w*\s+(?:les\s|(?:l['’]|le\s|la\s)(?!distance|différence){_A}{{1,3}}?et\s+(?:l['’]|le\s|la\s|les\s))|\btou(?:s|tes) les\b"
    rf"|(?:hall|calcul|determin|encuentr|encontr|determin)\w*\s+(?:los\s|las\s|os\s|as\s|(?:el|la|o|a)\s+(?!distancia|diferencia|distância|diferença){_A}{{1,3}}?[ye]\s+(?:el|la|los|las|o|a|os|as)\s)|\btod[ao]s\b"
    rf"|(?:bestimm|berechn|find|ermitt)\w*\s+(?:sie\s+)?(?:alle\s|(?:den|die|das)\s+(?!abstand|differenz|summe){_A}{{1,3}}?und\s+(?:den|die|das)\s)"
    rf"|(?:trov|calcol|determin)\w*\s+(?:i\s|le\s|(?:il\s|la\s|lo\s|l['’])(?!distanza|differenza){_A}{{1,3}}?e\s+(?:il\s|la\s|lo\s|l['’]|i\s|le\s))|\btutt[ie]\b"
    r"|\bsystems? of (?:linear )?equations\b|\bsolve the system\b|\bfor (?:the )?\$?[a-z]\$?(?:, \$?[a-z]\$?)*,? and \$?[a-z]\$?(?!\w)|gleichungssystem|système d['’]équations|sistema (?:de ecuaciones|de equações|di equazioni)"
    r"|систем\w{0,3} уравнени|方程组|方程組|連立方程式|연립방정식|hệ phương trình|denklem sistem|نظام المعادلات"
    r"|分别|分別|各(?:是|为|個|个)|所有|求[^，。；的\n]{1,12}[和与及、][^，。；的\n]{1,12}(?:[。，；？]|\Z)|それぞれ|すべて|각각|모두 구"
    r"|\bвсе\b[^.?!\n]{0,20}?(?:решени|значени|корн|числ)|(?:найд|вычисл|определ)\w*\s+\S{1,20}\s+и\s+\S|\bkedua\b|\bsemua\b|\bher iki|\btüm\b",
    re.IGNORECASE,
)
_QUESTION_MARKS = re.compile(r"[?？؟]")


def _bare(box: str) -> str | Fraction:
    """What a box says, without its dress."""
    text = _UNIT.sub("", box)
    text = _DRESS.sub("", text)
    text = _FRACTION.sub(r"\1\2\4/\3\5", text).removesuffix(".")
    while text[:1] == "{" and text[-1:] == "}":
        text = text[1:-1]
    text = _NAMED.sub("", text, count=1) if _NAMED.match(text) else text
    if _NUMBER.fullmatch(text):
        top, _, bottom = text.partition("/")
        if not bottom or int(bottom):
            return Fraction(top) / (Fraction(bottom) if bottom else 1)
    return text.casefold()


def several_asked(question: str) -> bool:
    """Whether a question has several parts or asks for several values."""
    if len(_QUESTION_MARKS.findall(question)) > 1 or _SEVERAL.search(question) is not None:
        return True
    labels = "".join(
        label.lower() for match in _PART.finditer(question) if (label := match[match.lastindex or 0]) and label not in "ABCDEFGH"
    )
    return any(order[:2] in "".join(c for c in labels if c in order) for order in _ORDERS)


def measure(trace: Trace) -> Mapping[str, Value]:
    """The different boxes of the response, and those that are too many."""
    if "\\" not in trace.response:
        return {"response_boxes": 0, "response_boxes_too_many": 0}
    different = len({bare for box in boxes(visible(trace.response)) if (bare := _bare(box)) != ""})
    return {
        "response_boxes": different,
        "response_boxes_too_many": 0 if different < 2 or (trace.verifier != "choice" and several_asked(trace.question)) else different - 1,
    }


FILTER = Filter(
    "several_boxed",
    "1",
    measure,
    metrics={
        "response_boxes": count("different boxes in the response"),
        "response_boxes_too_many": count("different boxes beyond the first where the question asks for one answer"),
    },
    limits=(Limit("too_many", "response_boxes_too_many", 0, "several_boxed", "a question with one answer has one box"),),
)
