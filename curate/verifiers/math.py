r"""Mathematical answers: found where the response states one, read and compared exactly, and handed to math-verify only where that cannot decide.

Departures from calling math-verify on the whole text:
- The answer is what `mathematics/statements.py` takes for it: tags, then boxes, then a sentence that announces it; never anything from the chain, and a bare last line only where the prompt's meta says {"answer_line": true}.
  Several different answers are wrong, unless together they are the gold's list, and so is a hedge.
- The policy on units, percentages, decimals, names and order stands in `mathematics/compare.py`.
- What would build a huge number is not evaluated: equal text is correct, otherwise the case is `unverifiable`, which is not the same as wrong. So is what only math-verify could compare where it is not installed.

The verdict's `extracted` is the answer as it was read, and its `detail` is JSON: "gold" as it was read, and "rule", what decided: text (the same text), value (compared here), math-verify, statement (no value was compared).

What is not covered: an equality that holds in all the points looked at and not elsewhere, such as that of two functions which differ on an interval that has none of them.
"""

import json
import re
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from curate.records import Answer, Prompt, Verdict
from curate.verifiers import lenient as loosely
from curate.verifiers.extraction import NO_ANSWER
from curate.verifiers.mathematics import behind, domains
from curate.verifiers.mathematics.compare import NOISE, same
from curate.verifiers.mathematics.cost import too_costly
from curate.verifiers.mathematics.spelled import in_digits, said_again
from curate.verifiers.mathematics.statements import core, find
from curate.verifiers.mathematics.structure import NUMBER, Value, readings, wordless
from curate.verifiers.mathematics.text import plain, squeezed

VERSION = "5"

LONGEST_ANSWER = 20_000  # characters of an answer that is looked into; a longer one is only compared as it stands
LONGEST_SHOWN = 500  # characters of an answer in a verdict
LONGEST_GOLD = 200  # characters of a gold that is an answer and not a solution which states one
LONGEST_WORDS = 8  # words of a gold that an answer can be expected to repeat
NOT_INSTALLED = "only math-verify could compare this: pip install 'r1-curate[verify]'"


STARTS_WITH_WORDS = re.compile(r"\W{0,3}[A-Za-z]{2,20}(?:\s+[A-Za-z]{2,20}|\s+(?:is|=|[$\d]))")
# one answer in two forms: 1/2 (or 0.5); both have to be the gold
SAID_TWICE = re.compile(
    r"(\S.{0,100}?)[,;]?\s+(?:\((or\b|i\.e\.,?|=)?\s*([^()]{1,100})\)|(?:or equivalently,?|or|i\.e\.,?|that is,?)\s+([^()]{1,100}))\.?"
)
_OR_OF_NUMBERS = re.compile(r"\\text\s*\{\s*,?\s*or\s*\}(?=\s*\S{0,20}\d)")
NAMES_NO_NUMBER = re.compile(
    r"(?!.*\b(?:or|not|maybe|wrong|incorrect|more|less|fewer|greater|larger|smaller|higher|lower|above|below|over|under)\b)[A-Za-z][A-Za-z -]*"
)
_ENCODE = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, separators=(",", ":")
).encode  # canonical JSON, without building an encoder each time


class Decision(NamedTuple):
    """Whether an answer is the gold (None: undecided, for the reason given), and the rule that decided."""

    equal: bool | None
    rule: str
    reason: str = ""


class Gold(NamedTuple):
    """A gold as it is compared: its text, the text without spaces, what it can mean, and why it cannot be used ("" if it can)."""

    text: str
    squeezed: str
    values: tuple[Value, ...]
    problem: str = ""
    cost: str = ""
    number: Fraction | None = None  # where it is a plain number without a unit
    digits: str = ""  # where it is a whole number written in digits alone


def _latex(text: str) -> str:
    """A `plain` text as LaTeX again, for math-verify."""
    names = {
        "⦃": "\\{",
        "⦄": "\\}",
        "⟨": "\\langle ",
        "⟩": "\\rangle ",
        "°": "^\\circ ",
        "≤": "\\le ",
        "≥": "\\ge ",
        "≠": "\\ne ",
        "≈": "\\approx ",
        "∈": "\\in ",
    }
    names |= {
        "∪": "\\cup ",
        "∩": "\\cap ",
        "∞": "\\infty ",
        "±": "\\pm ",
        "∓": "\\mp ",
        "π": "\\pi ",
        "∅": "\\emptyset ",
        "*": "\\cdot ",
        "%": "\\%",
    }
    return "".join(names.get(c, c) for c in text)


@lru_cache(maxsize=4096)
def read_gold(text: str) -> Gold:
    """The gold of a prompt: a number, LaTeX, words, or a text that holds the answer in a box or after "####"."""
    text = text.rpartition("####")[2].strip()
    if "\\boxed" in text or len(text) > LONGEST_GOLD:  # a whole solution
        statement = find(text)
        text = ", ".join(statement.parts) if statement else text.rpartition("\\boxed{")[2]
    clean = plain(text)
    if not clean:
        return Gold(text, "", (), "the gold is empty")
    if cost := too_costly(clean):  # equal text is still recognised
        return Gold(text, squeezed(clean), (), cost=cost)
    values = tuple(readings(in_digits(wordless(text)) or text, gold=True))
    problem = ""
    if clean.count("{") != clean.count("}") or (values[0].kind == "unknown" and not _readable(clean)):
        problem = "the gold cannot be read as mathematics"
    number = Fraction(clean) if NUMBER.fullmatch(clean) and len(values) == 1 else None
    return Gold(text, squeezed(clean), values, problem, number=number, digits=text if number is not None and _in_digits(text) else "")


def _readable(clean: str) -> bool:
    try:
        return behind.readable(_latex(clean))
    except behind.NotInstalled:
        return True


def _in_digits(text: str) -> bool:
    return len(text) <= LONGEST_GOLD and text.isascii() and text.isdigit()


def _compared(gold: Gold, text: str) -> Decision:
    """The gold against one reading of an answer."""
    if gold.digits and _in_digits(text):  # half of all answers
        return Decision(text.lstrip("0") == gold.digits.lstrip("0"), "text" if text == gold.text else "value")
    if gold.number is not None and NUMBER.fullmatch(text):  # most answers
        value = Fraction(text)
        allowed = NOISE * abs(gold.number) if gold.values[0].decimal else 0
        return Decision(abs(value - gold.number) <= allowed, "text" if text == gold.text else "value")
    if len(text) > LONGEST_ANSWER and text != gold.text:
        return Decision(None, "statement", f"not read: an answer of {len(text)} characters")
    clean = plain(text)
    if squeezed(clean) == gold.squeezed:
        return Decision(True, "text")
    if cost := gold.cost or too_costly(clean):
        return Decision(None, "statement", f"not evaluated: {cost}")
    if domains.differ(plain(gold.text), clean):
        return Decision(False, "value")
    found: list[bool | None] = []
    for given in readings(text, gold=False):
        for wanted in gold.values:
            agreed = same(wanted, given)
            if agreed:
                return Decision(True, "value")
            found.append(agreed)
    first = gold.values[0]
    if first.kind == "words" and len(first.text.split()) > LONGEST_WORDS:
        return Decision(None, "statement", "the gold is prose")
    if None not in found or not behind.may_read(clean):
        return Decision(False, "value")
    try:
        return Decision(behind.equal(_latex(plain(gold.text)), _latex(clean)), "math-verify")
    except behind.NotInstalled:
        return Decision(None, "statement", NOT_INSTALLED)


def equal(gold: Gold, text: str) -> Decision:
    """Whether a text that states an answer is the gold."""
    if gold.values and gold.values[0].kind == "quantity" and STARTS_WITH_WORDS.match(text) and (inner := core(text)):
        decisions = [_compared(gold, i) for i in inner]
        return next((d for d in decisions if d.equal is True), decisions[0])
    decision = _compared(gold, text)
    if gold.digits and _in_digits(text):  # it can be read in one way only
        return decision
    if text != gold.text and ")" in text and (again := said_again(wordless(text))) is not None:  # 5 (five) is one answer, 5 (six) is two
        both = [equal(gold, s) for s in again]
        return next((d for d in both if d.equal is not True), both[0])
    if decision.equal is False and (number := in_digits(wordless(text))) is not None:
        return _compared(gold, number)
    if decision.equal is False and (twice := SAID_TWICE.fullmatch(_OR_OF_NUMBERS.sub(" or ", text))) is not None:
        first, joint, behind_it = twice[1], twice[2], twice[3]
        explained = behind_it is not None and joint is None and NAMES_NO_NUMBER.fullmatch(behind_it) is not None  # 5 (the number of cats)
        agreed = [_compared(gold, s) for s in ((first,) if explained else (first, behind_it or twice[4]))]
        if all(d.equal is True for d in agreed):
            return agreed[0]
    if decision.equal is True or (gold.values and gold.values[0].kind == "words"):
        return decision
    for candidate in core(text):
        found = _compared(gold, candidate)
        if found.equal is True:
            return found
        decision = found if decision.equal is None else decision
    return decision


def _asks_for_last_line(prompt: Prompt) -> bool:
    if "answer_line" not in prompt.meta:
        return False
    try:
        meta = json.loads(prompt.meta)
    except ValueError:
        return False
    return isinstance(meta, dict) and meta.get("answer_line") is True


def verify(answer: Answer, prompt: Prompt) -> Verdict:
    """The verdict on a response; `prompt.gold` as `read_gold` takes it."""
    gold = read_gold(prompt.gold or "")
    if gold.problem:
        return Verdict("unparsable_gold", reason=gold.problem)
    statement = find(answer.response, last_line=_asks_for_last_line(prompt))
    shown_gold = gold.text[:LONGEST_SHOWN]
    if statement is None:
        return Verdict("no_answer", 0.0, NO_ANSWER, detail=_ENCODE({"gold": shown_gold, "rule": "statement"}))
    parts = statement.parts
    shown = ", ".join(parts)[:LONGEST_SHOWN]

    def verdict(decision: Decision) -> Verdict:
        detail = _ENCODE({"gold": shown_gold, "rule": decision.rule})
        if decision.equal is None:
            return Verdict("unverifiable", reason=decision.reason, extracted=shown, detail=detail)
        status, score = ("correct", 1.0) if decision.equal else ("wrong", 0.0)
        return Verdict(status, score, decision.reason, shown, detail=detail)  # type: ignore[arg-type]

    if statement.hedge:
        same_text = len(parts) == 1 and statement.hedge != "a denial" and "either" in gold.text and _compared(gold, parts[0]).rule == "text"
        return verdict(Decision(same_text, "statement", "" if same_text else statement.hedge))
    if len(parts) == 1:
        decision = equal(gold, parts[0])
        if decision.equal is not True and len(statement.earlier) > 1 and any(v.kind in ("list", "set") for v in gold.values):
            together = _compared(gold, ", ".join(statement.earlier))
            if together.equal is True:
                shown = ", ".join(statement.earlier)[:LONGEST_SHOWN]
                return verdict(together)
        return verdict(decision)
    decisions = [equal(gold, part) for part in parts]
    if all(d.equal is True for d in decisions):
        return verdict(decisions[-1])
    together = _compared(gold, ", ".join(parts))
    if together.equal is not False:
        return verdict(together)
    return verdict(Decision(False, "statement", "several different answers"))


def extract(answer: Answer, prompt: Prompt) -> str | None:
    """The answer that a response states, for consensus among samples."""
    statement = find(answer.response, last_line=_asks_for_last_line(prompt))
    return None if statement is None or statement.hedge else ", ".join(statement.parts)[:LONGEST_SHOWN]


def lenient(answer: Answer, prompt: Prompt) -> Verdict:
    """The verdict where a bare last line is an answer too, of the chain where nothing follows it, and so is the last number."""
    text = loosely.text_of(answer)
    asked = replace(prompt, meta='{"answer_line":true}')  # all that is read of it
    return loosely.best(verify, replace(answer, response=text), asked, [loosely.last_number(text)])


def same_answer(one: str, other: str) -> bool:
    """Whether two extracted answers are one; False where that cannot be decided."""
    gold = read_gold(one)
    return not gold.problem and equal(gold, other).equal is True
