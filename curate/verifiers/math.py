r"""Mathematical answers: plain numbers compared exactly here, everything else by math-verify.

Departures from calling math-verify on the whole text:
- The answer is looked for only where the response states one: answer tags, then boxes, then "the answer is". Several boxes that disagree are wrong, unless together they are the gold's list.
- Integers, decimals, fractions and mixed numbers are exact; a decimal gold tolerates 1e-9, relative. A unit may be left out or added, another unit is wrong; a bare gold 10 accepts "10 %" and not
  "0.1", a gold of "10 %" accepts both.
- What would build a huge number is not evaluated: equal text is correct, otherwise the case is `unverifiable`, which is not the same as wrong.
- math-verify's SIGALRM timeouts are off, since the pool bounds every case; only its LaTeX grammar reads the text, never `parse_expr`; and its yes is confirmed at high precision, because it compares
  rounded floats.
"""

import logging
import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

from curate.errors import MissingExtra
from curate.records import Answer, Prompt, Verdict
from curate.verifiers.extraction import NO_ANSWER, announced, boxes, tagged
from curate.verifiers.numbers import Quantity, clean, quantity, too_costly

VERSION = "1"

NOISE = Fraction(1, 10**9)  # relative difference that a decimal gold tolerates
MOST_BOXES = 20
_SEGMENT = re.compile(r"\$\$(.+?)\$\$|\$([^$]+)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]")
_LEADING = re.compile(r"[-+]?[$€£]?\s*\d[\d,]*(?:\.\d+)?(?:\s*/\s*\d+)?(?:\s*(?:%|°|percent\b|degrees\b))?")
_HEDGE = re.compile(r"\b(?:maybe|perhaps|possibly|either|not sure|i think|approximately one of)\b|可能|也许|或许", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}(?:[\s-][^\W\d_]+)*", re.UNICODE)


def _from_sentence(line: str) -> str:
    """The answer in the rest of a line that announces it: its only formula, or the number it begins with, or its first sentence."""
    line = line.strip().strip("*").strip()
    segments = [next(g for g in m.groups() if g) for m in _SEGMENT.finditer(line)]
    if len(segments) == 1 and not re.search(r"\b(?:or|and)\b|或|和", line):
        rest = _SEGMENT.sub("", line).strip(" .。")
        unit = rest if re.fullmatch(r"[A-Za-z]+(?:\^\d)?|%|\\%", rest) else ""
        return f"{segments[0]} {unit}".strip()
    if segments:
        return line.replace("$", "").replace("\\(", "").replace("\\)", "")
    sentence = re.split(r"\.\s+|[。;]|\s+(?=because\b|since\b|so\b)", line, maxsplit=1)[0].strip().strip("*")
    if re.search(r"\b(?:or|and)\b|[=^\\]|或|和", sentence):
        return sentence
    number = _LEADING.match(sentence)
    if number is None:
        return sentence
    rest = sentence[number.end() :].strip()
    return sentence if re.fullmatch(r"[\w/^²³()+*-]*", rest) else number.group()


def answers(response: str) -> list[str]:
    """The answers that a response states, the last one last; empty for none."""
    inside = tagged(response)
    found = boxes(response if inside is None else inside)
    if found:
        return list(dict.fromkeys(f for f in found[-MOST_BOXES:] if f))
    if inside:
        line = announced(inside)
        return [_from_sentence(line) if line else inside]
    line = None if inside is not None else announced(response)
    return [text] if line and (text := _from_sentence(line)) else []


@lru_cache(maxsize=1)
def _math_verify() -> Any:
    try:
        import math_verify
    except ModuleNotFoundError as error:
        raise MissingExtra("math-verify", "", "verifying mathematical answers") from error
    logging.getLogger("math_verify").setLevel(logging.ERROR)  # it warns that its timeouts are off
    return math_verify


@lru_cache(maxsize=256)
def _parsed(text: str) -> Any:
    """The SymPy object that LaTeX stands for, None where it stands for none. Only for text that is not too costly."""
    mv = _math_verify()
    found = mv.parse(
        "\\boxed{" + text + "}", [mv.LatexExtractionConfig(boxed_match_priority=0)], fallback_mode="no_fallback", parsing_timeout=None
    )
    return found[0] if found and not isinstance(found[0], str) else None


def _confirmed(gold: Any, given: Any) -> bool:
    """Whether two numbers agree at 60 digits; a decimal on either side bounds what can be asked for. True for what is no number."""
    if not (getattr(gold, "is_number", False) and getattr(given, "is_number", False)):
        return True
    from sympy import Float, N  # type: ignore[import-untyped]  # it ships none

    gold, given = gold.doit(), given.doit()
    if not gold.has(Float) and not given.has(Float) and gold.is_Rational and given.is_Rational:
        return bool(gold == given)
    difference, size = abs(N(gold - given, 60)), max(abs(N(gold, 60)), abs(N(given, 60)))
    tolerance = 1e-9 if gold.has(Float) else 1e-6 if given.has(Float) else 1e-40
    return bool(size == 0 or difference <= tolerance * size)


def _same_number(gold: Quantity, given: Quantity) -> bool:
    assert gold.value is not None
    assert given.value is not None
    allowed = NOISE * abs(gold.value) if gold.decimal else 0
    wanted = [gold.value]
    if gold.unit == "%" and given.unit == "":
        wanted.append(gold.value / 100)
    return any(abs(given.value - w) <= allowed for w in wanted)


def _words(text: str) -> str | None:
    """A gold or answer that is words and not mathematics, in lower case."""
    plain = re.sub(r"\\(?:text|mathrm|textbf)\s*\{([^{}]*)\}", r"\1", clean(text)).strip()
    return plain.lower() if _WORD.fullmatch(plain) else None


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", clean(text).replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac"))


def equal(gold: str, given: str) -> bool | str:
    """Whether an answer is the gold; a text where that cannot be decided, saying why. The gold must be readable (`unreadable`)."""
    if _squeezed(gold) == _squeezed(given):
        return True
    if _HEDGE.search(given):
        return False
    words = _words(gold)
    if words is not None:
        return words == _words(given)
    g, a = quantity(gold), quantity(given)
    if g.unit and a.unit and g.unit != a.unit:
        return False
    if g.value is not None and a.value is not None:
        return _same_number(g, a)
    if cost := too_costly(a.text) or too_costly(g.text):
        return f"not evaluated: {cost}"
    wanted, found = _parsed(g.text), _parsed(a.text)
    if wanted is None or found is None:
        return False
    mv = _math_verify()
    return bool(mv.verify(wanted, found, timeout_seconds=None)) and _confirmed(wanted, found)


def unreadable(gold: str) -> str:
    """Why a gold cannot be compared with anything ("" if it can)."""
    if not gold.strip():
        return "the gold is empty"
    if _words(gold) is not None or quantity(gold).value is not None:
        return ""
    if too_costly(quantity(gold).text):
        return ""  # equal text is still recognised
    return "" if _parsed(quantity(gold).text) is not None else "the gold cannot be read as mathematics"


def verify(answer: Answer, prompt: Prompt) -> Verdict:
    """`prompt.gold` is a number, LaTeX, or a text that holds the answer in a box or after "####"."""
    gold = (prompt.gold or "").rpartition("####")[2].strip()
    gold = (boxes(gold) or [gold])[-1]
    if problem := unreadable(gold):
        return Verdict("unparsable_gold", reason=problem)
    given = answers(answer.response)
    if not given:
        return Verdict("no_answer", 0.0, NO_ANSWER)
    last = given[-1]
    shown = ", ".join(given)[:500]
    verdicts = [equal(gold, text) for text in given]
    if len(given) > 1:
        if all(v is True for v in verdicts) or equal(gold, ", ".join(given)) is True:
            return Verdict("correct", 1.0, extracted=shown)
        if verdicts[-1] is True:
            return Verdict("wrong", 0.0, "several different answers", shown)
    if isinstance(verdicts[-1], str):
        return Verdict("unverifiable", reason=verdicts[-1], extracted=last[:500])
    return Verdict("correct", 1.0, extracted=last[:500]) if verdicts[-1] else Verdict("wrong", 0.0, extracted=last[:500])
