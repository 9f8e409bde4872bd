r"""Which of the things that a response says is its answer, and what in a sentence is the answer itself.

Departures from "the last box": boxes, tags or sentences in one breath ("\boxed{1} and \boxed{2}", "The answer is 3. The answer is 4.") are one statement with several parts; one that stands apart, after other work or after a
correction, replaces what was said before. "Final answer" behind the last box is a statement of its own. Words that leave the choice open make a statement a hedge. A number of a step, a case or a list is never an answer.
"""

import re
from typing import NamedTuple

from curate.verifiers.extraction import Span, box_spans, statement_spans, tags, visible
from curate.verifiers.mathematics.structure import NUMBER, wordless

MOST_PARTS = 20
LONGEST_GAP = 40  # characters between two parts of one breath
LONGEST_SENTENCE = 1_000  # characters of a text that is looked into; a longer one is compared as it is

_CORRECTION = re.compile(
    r"\b(?:wait|actually|correct(?:ion|ed|ing)|mistake|sorry|oops|re-?check\w*|instead|however|hmm|apolog\w+|no|let me|(?:that|this|it|which)(?:'s|\s+is|\s+was)\s+(?:wrong|incorrect))\b|不对|更正|重新|错了|修正|等等",
    re.IGNORECASE,
)
_CONSEQUENCE = re.compile(r"\b(?:so|thus|therefore|hence|gives|giving|which|because|final)\b|因此|所以|从而|最终", re.IGNORECASE)
_JOINT = re.compile(r"\b(?:and|or|also|other|another|second|alternatively|either)\b|[,;&、,;]|和|或|以及|与|及", re.IGNORECASE)
_ONLY_MARKS = re.compile(r"[\s\W]*(?:quad|text|qquad)?[\s\W]*")
_HEDGE = re.compile(
    r"\b(?:maybe|perhaps|possibly|probably|either|not\s+sure|unsure|(?:might|could|may)\s+(?:also\s+)?(?:be|equal)(?=\s+(?:also\s+)?[\d$\\-])|but\s+(?:i|we)\s+(?:keep\s+)?(?:get(?:ting)?|got|find|found|obtain\w*|comput\w*|calculat\w*)(?=[^.\n]{0,20}\d)|approximately\s+one\s+of|i\s+think|i\s+guess|cannot\s+be\s+determined\s+whether)\b"
    r"|可能|也许|或许|大概|不确定",
    re.IGNORECASE,
)
_UNSURE = re.compile(r"\banswer\s+(?:might|may|could)\s+be\b|答案\s*(?:可能|也许|或许|大概|不)\s*(?:是|为)", re.IGNORECASE)
_NOT = re.compile(r"^\W*(?:not|isn't|is\s+not|never|不是|并非|不等于)\b|^\W*(?:不是|并非)", re.IGNORECASE)
_HEDGED_BEFORE = re.compile(
    r"(?:\b(?:or|not|either|maybe|perhaps|possibly|probably|might\s+be|could\s+(?:also\s+)?be|may\s+be)|或者?|可能是?|也许是?|不是)[\s$(\\\[*:]*$",
    re.IGNORECASE,
)
_EITHER_BEFORE = re.compile(
    r"\b(?:either|maybe|perhaps|possibly|might\s+be|could\s+(?:also\s+)?be|not\s+sure)\b[^.\n]{0,40}$", re.IGNORECASE
)
_HEDGED_AFTER = re.compile(
    r"^[\s$)\\\]*,.;]*(?:(?:and\s+|or\s+)?(?:maybe|perhaps|possibly)\b|or\b|或者?|也可能|,?\s*but\s+(?:it\s+)?(?:might|could|may)\b)[^\n.]{0,40}?[\d\\$]",
    re.IGNORECASE,
)
_SPECIAL = re.compile(r"<\|[^|<>]{1,40}\|>.*$|</?s>.*$|</?(?:answer|think)>", re.DOTALL)
_SENTENCE_END = re.compile(
    r"(?<=[\w)}\]$%°!*'\"])\.\s+(?=[A-Z*\"\u4e00-\u9fff])|。|(?<=[\w)}\]$%°*])[,,]?\s+(?=(?:because|since|as|which|where|so|therefore|hence|and so|but|meaning|i\.e\.|representing|obtained|given)\b)"
    r"|(?<=[\w)}\]$%°*])\s+\((?=(?:because|since|as|where)\b)|[,,;]\s*(?=因为|所以|其中|即)|\n",
)
_FULL_STOP = re.compile(r"(?<=[\w)}\]$%°])\.\s+(?=[A-Z])|。|\s(?=(?:Therefore|Thus|Hence|So),?\s)")
_POLITE = re.compile(r"\s*(?:I hope|Hope|Let me know|Please|Thank)", re.IGNORECASE)
_COPULA = re.compile(
    r"(?:\b(?:is|are|was|be|equals?|becomes|has|have|get|gives|remains?)\b(?:\s+(?:equal\s+to|exactly|only|just|about|approximately))?|[:\uff1a]|等于|一共有|共有|为|是|有)\s*(?=[-+±√$\\(\[{\d½-⅞πA-Za-z])"
)
_STEP = re.compile(
    r"^\W{0,4}(?:step|case|part|question|problem|exercise|第)\s*\(?\w{1,3}\)?\s*(?:步|题)?\s*[:.)\uff1a-]*\s*", re.IGNORECASE
)
_LIST_LABEL = re.compile(r"^\W{0,3}1\s*[.)]\s+(?=[A-Za-z*\u4e00-\u9fff])")
_COUNTED = re.compile(
    r"(?:step|case|part|question|problem|example|exercise|figure|equation|theorem|lemma|option|page|chapter|section|no\.|#|第)\s*\(?$",
    re.IGNORECASE,
)
_SEGMENT = re.compile(r"\$\$([^$]+)\$\$|(?<!\\)\$((?:[^$\\]|\\.)+)\$|\\\(([^\n]{1,300}?)\\\)|\\\[([^\n]{1,300}?)\\\]")
_NUMBER = re.compile(
    r"(?<![^\W\u4e00-\u9fff])(?<![.^_])[-−]?(?:[$€£¥]\s?)?\d(?:[\d,]*\d)?(?:\.\d+)?(?:\s?/\s?\d+|\s\d+/\d+)?(?:\s?%|\s?°)?(?![^\W\u4e00-\u9fff]|\^)"
)
# what makes another number of the one behind it: half of 9, divisible by 9, 比9
_GOVERNED = re.compile(
    r"\b(?:half|third|quarter|twice|thrice|double|triple|roots?|square|cube|power|multiples?|divisible|factors?|divisors?|log(?:arithm)?|reciprocal|inverse|opposite|negative|ending|ends|starting|starts|multiplied|divided|increased|decreased|raised)"
    r"(?:\s+(?:of|by|in|with|to|the|number|digits?)\b){0,3}[\s$(\\]*$|(?:比|除以|乘以?|加|减|被|根号|负|百分之)\s*\$?\s*$",
    re.IGNORECASE,
)
_OR_AND = re.compile(r"\b(?:or|and)\b|或|和|与", re.IGNORECASE)
# what is said about a number without saying that it is the answer
_OR = re.compile(r"\bor\b|或", re.IGNORECASE)
_NEGATED = re.compile(
    r"\b(?:not|n't|never|cannot|no|more|less|fewer|least|most|greater|smaller|larger|between|over|under|below|above|within|up\s+to|nearly|almost|except|wrong|incorrect|undefined|impossible)\b"
    r"|不|至少|至多|大于|小于|超过|以上|以下|左右|之间|错",
    re.IGNORECASE,
)
_OPENERS = re.compile(r"^(?:(?:therefore|thus|hence|so|then|finally|simply|just|clearly|indeed|still|indeed)\b[\s,:]*)+", re.IGNORECASE)


# 7, not 8
_NOT_THAT = re.compile(
    r"([-+$\\(]{0,3}\d[\d./]*[^,，;\d]{0,20})[,，]\s*(?:and\s+)?(?:not|而不是|不是|而非)\s*\$?-?\d[\d./]*\$?(?:\s?[A-Za-z°%]+)?[.。]?"
)
_GIVEN = re.compile(r"\b(?:since|if|when|given|as)\b|因为|由于|如果|当", re.IGNORECASE)
# Alice has 12, and then what Bob has
_SAYS_ANOTHER = re.compile(r"[$\\(]*[-+]?\d[^,,;，；、]{0,40}[,;，；、]")

_STOPS = ".,;。，；"


class Statement(NamedTuple):
    """The parts of the statement that counts, one each where it names several answers; all that was stated in boxes; why it is none ("" if it is one)."""

    parts: tuple[str, ...]
    earlier: tuple[str, ...] = ()
    hedge: str = ""


def _together(text: str, before: Span, after: Span) -> bool:
    """Whether two spans are parts of one breath."""
    gap = text[before.end : after.start]
    if len(gap) > 4 * LONGEST_GAP or _CORRECTION.search(gap) or ("\\boxed" not in text and _CORRECTION.search(before.text)):
        return False
    if _ONLY_MARKS.fullmatch(gap):
        return True
    return len(gap) <= LONGEST_GAP and _JOINT.search(gap) is not None and _CONSEQUENCE.search(gap) is None


def _last_breath(text: str, spans: list[Span]) -> list[Span]:
    first = len(spans) - 1
    while first and len(spans) - first < MOST_PARTS and _together(text, spans[first - 1], spans[first]):
        first -= 1
    return spans[first:]


def _hedge_around(text: str, start: int, end: int) -> str:
    """A hedge in the words around a box."""
    line_start = text.rfind("\n", max(0, start - 120), start) + 1 or max(0, start - 120)
    before, after = text[line_start:start], text[end : end + 80].replace("\\text{", " ").replace("}", " ")
    if _HEDGED_BEFORE.search(before) or _EITHER_BEFORE.search(before) or _HEDGED_AFTER.search(after):
        return "a hedge"
    return ""


def _distinct(spans: list[Span]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(s.text for s in spans if s.text))


def _boxed(text: str) -> Statement | None:
    found = box_spans(text)
    if not found:
        return None
    last = _last_breath(text, found)
    hedge = _hedge_around(text, last[0].start, last[-1].end)
    after = [s for s in statement_spans(text[last[-1].end :]) if "\\boxed" not in s.text]
    if after and len(text) - last[-1].end > 3:
        said = sentence(after[-1].text)
        if (
            said
            and not _HEDGE.search(after[-1].text)
            and re.search(r"\d", said)
            and re.search(r"final|最终", text[last[-1].end :][max(0, after[-1].start - 20) : after[-1].end], re.IGNORECASE)
        ):
            return Statement((said,), (*_distinct(found), said))
    return Statement(_distinct(last), _distinct(found), hedge)


def _announced(text: str) -> Statement | None:
    unsure = _UNSURE.search(text)
    if unsure is not None:
        rest = text[unsure.end() :].split("\n", 1)[0].strip()
        return Statement((rest[:200],), (), "a hedge") if rest else None
    found = [s for s in statement_spans(text) if _STEP.sub("", s.text) and not _LIST_LABEL.match(s.text)]
    if not found:
        return None
    last = _last_breath(text, found)
    said = last[-1].text
    hedge = "a hedge" if any(_HEDGE.search(s.text) for s in last) else "a denial" if _NOT.match(said) else ""
    return Statement(tuple(dict.fromkeys(s for span in last if (s := sentence(span.text)))), (), hedge)


def _plain(text: str) -> Statement | None:
    """A text that is all answer: the inside of tags, or the last line where that was asked for."""
    if len(text) > LONGEST_SENTENCE:
        return Statement((text.strip(),)) if text.strip() else None
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines:
        return None
    if 1 < len(lines) <= 6 and all(
        len(line) < 60 and re.search(r"[\d=\\]", line) and not re.search(r"[A-Za-z]{3,} [A-Za-z]{2,}", line) for line in lines
    ):
        text = ", ".join(line.rstrip(",;") for line in lines) if not text.lstrip().startswith(("\\[", "$$")) else " ".join(lines)
    else:
        text = " ".join(lines)
    hedge = "a hedge" if _HEDGE.search(text) else "a denial" if _NOT.match(text) else ""
    return Statement((sentence(text) or text,), (), hedge)


def find(response: str, *, last_line: bool = False) -> Statement | None:
    """The statement of a response that counts; None where it makes none. `last_line`: a last line without any announcement is one."""
    text = visible(response)
    if pairs := tags(text):
        last = _last_breath(text, pairs)
        parts: list[str] = []
        hedge = ""
        for pair in last:
            if NUMBER.fullmatch(pair.text):
                parts.append(pair.text)
                continue
            inside = _boxed(pair.text) or _announced(pair.text) or _plain(pair.text)
            if inside is not None:
                parts.extend(inside.parts)
                hedge = hedge or inside.hedge
        if parts and "\\boxed" in text:
            parts.extend(b.text for b in box_spans(text[last[-1].end :]) if b.text)
        return Statement(tuple(dict.fromkeys(parts)), (), hedge) if parts else None
    found = _boxed(text) or _announced(text)
    if found is None and last_line:
        line = _SPECIAL.sub("", text[-2 * LONGEST_SENTENCE :]).strip().rpartition("\n")[2]
        found = _plain(_last_sentence(line)[-LONGEST_SENTENCE:])
    return found if found is not None and found.parts else None


def _last_sentence(line: str) -> str:
    """The last sentence of a line that says something about mathematics."""
    said = [s for s in _FULL_STOP.split(line) if not _POLITE.match(s)]
    return said[-1] if said else line


def sentence(text: str) -> str:
    """What a line says before it goes on to explain."""
    text = _OPENERS.sub("", _STEP.sub("", _SPECIAL.sub("", text)).strip().strip("*").strip())
    if (meant := _NOT_THAT.fullmatch(text)) is not None:
        text = meant[1]
    text = _SENTENCE_END.split(text, maxsplit=1)[0].strip()
    return re.sub(r"[,,]\s+(?=(?:that|as|or so|if|when|assuming)\b).*$", "", text).strip(" *").rstrip(_STOPS)


def core(text: str) -> list[str]:
    """What in a sentence may be the answer itself: the formula or number that it says something is, or its only one. Empty where that is not clear."""
    found: list[str] = []
    if len(text) > LONGEST_SENTENCE or (text.isascii() and " " not in text and "$" not in text and ":" not in text):
        return found
    text = wordless(text) if "\\text" in text else text
    if _NEGATED.search(text):
        return found
    copulas = list(_COPULA.finditer(text))
    if (
        len(copulas) > 1
        and _SAYS_ANOTHER.match(text, copulas[-2].end(), copulas[-1].start())
        and not _CONSEQUENCE.search(text)
        and not _GIVEN.search(text)
    ):
        return found
    head = text[: copulas[-1].start()] if copulas else ""
    if re.search(r"[^\W\d_]", head) and not (_OR_AND.search(head) if len(copulas) > 1 else _OR.search(head)):
        rest = text[copulas[-1].end() :].strip()
        if re.search(r"\d|\\|\$", rest):
            found.append(rest)
    segments = [next(g for g in m.groups() if g) for m in _SEGMENT.finditer(text)]
    outside = _SEGMENT.sub(" ", text)
    if len(segments) == 1 and not _OR_AND.search(outside) and not re.search(r"\d", outside):
        first = next(_SEGMENT.finditer(text))
        if _GOVERNED.search(text[: first.start()]):
            return found
        unit = re.match(r"\s*(?:\\text\{)?([A-Za-z%]+(?:\^\d)?)", text[first.end() :])
        found.append(segments[0])
        if unit:
            found.insert(0, f"{segments[0]} {unit[1]}")
    elif segments and all(not _words(o) for o in re.split(_OR_AND, outside)):
        found.append(_SEGMENT.sub(lambda m: next(g for g in m.groups() if g), text))
    elif not segments and re.search(r"[A-Za-z]{2,}\s+[A-Za-z]{2,}|[\u4e00-\u9fff]{2}", text):
        numbers = [m for m in _NUMBER.finditer(text) if not _COUNTED.search(text[: m.start()])]
        if len(numbers) == 1 and not _OR_AND.search(text) and "\\" not in text and not _GOVERNED.search(text[: numbers[0].start()]):
            after = re.match(r"\s*([A-Za-z]+|[\u4e00-\u9fff]+)", text[numbers[0].end() :])
            found.append(numbers[0].group() + (f" {after[1]}" if after else ""))
    return list(dict.fromkeys(found))


def _words(text: str) -> bool:
    return re.search(r"[A-Za-z]{3,}", text) is not None
