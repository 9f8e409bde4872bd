"""One letter among the options of a question with several answers.

The letter is taken from where the response states its answer, never from the chain: answer tags, boxes, "the answer is", then a last line that is only the letter. A statement that names more than one
letter ("B or C", "both A and B"), or statements of the same kind that disagree, are wrong: a reader could not act on them. Text of the option behind the letter ("B) 42") is tolerated.
"""

import json
import re

from curate.records import Answer, Prompt, Verdict
from curate.verifiers.extraction import NO_ANSWER, boxes, statements, tagged

VERSION = "1"

LETTERS = "ABCDEFGHIJ"
_WRAPPED = re.compile(r"\\(?:text|mathrm|mathbf|textbf|rm|bf)\s*\{([^{}]*)\}")
_FULL_WIDTH = {ord("A") + i: letter for i, letter in enumerate(LETTERS)}
_NOISE = str.maketrans("", "", "*_`$\"'“”‘’")
_LEAD = re.compile(
    r"^(?:(?:the\s+)?(?:correct\s+|right\s+|final\s+)?(?:option|choice|answer|letter)(?:\s+is)?|选项|選項|选|選)\s*[::]?\s*", re.IGNORECASE
)
_FIRST = re.compile(r"^[((\[{]?\s*([A-Ja-j])\s*(?:[))\]}]|[.:,;。,:、]|(?=\s|$)|(?=[\u4e00-\u9fff]))\s*(.*)$", re.DOTALL)
# another option that the statement names beside the first one
_ANOTHER = re.compile(
    r"^(?:and|or|and/or|&|/|\+|与|和|或|或者|以及|及)\s*(?:maybe\s+|possibly\s+|perhaps\s+|also\s+)?(?:option\s+|选项)?[((\[]?([A-J])\b"
    r"|^[((\[]?([A-J])[))\].]?\s*(?:$|[,;、])"
    r"|\b(?:or|and|either|both)\s+(?:option\s+|choice\s+)?[((\[]?([A-J])(?:[))\].,;]|\s*$)",
    re.IGNORECASE,
)
_REASON = re.compile(r"because|since|as|for|which|is|due|based|with|[-–—=]", re.IGNORECASE)
_HEDGE = re.compile(
    r"\b(?:either|both|neither|none of|not|maybe|perhaps|possibly|might|could be|unsure|cannot)\b|可能|也许|或许|不是|都", re.IGNORECASE
)


def options_of(prompt: Prompt) -> str:
    """The letters that can be chosen: as many as `meta` lists under "options" or "choices" or counts under "n_options", else as the chance level says, else A to J."""
    try:
        meta = json.loads(prompt.meta)
    except ValueError:
        meta = {}
    listed = next((meta[k] for k in ("options", "choices", "n_options") if k in meta), None) if isinstance(meta, dict) else None
    count = len(listed) if isinstance(listed, list | dict) else listed if isinstance(listed, int) else 0
    if not count and 0 < prompt.chance < 1:
        count = round(1 / prompt.chance)
    return LETTERS[:count] if 2 <= count <= len(LETTERS) else LETTERS


def _plain(text: str) -> str:
    """Text without LaTeX wrapping, emphasis and quotation marks."""
    for _ in range(3):
        text = _WRAPPED.sub(r"\1", text)
    text = text.replace("\\(", "").replace("\\)", "").translate(_FULL_WIDTH).translate(_NOISE)
    return " ".join(text.split())


def letter_in(statement: str, *, strict: bool = False) -> str | None:
    """The letter that a statement names: one letter, "?" for several or a hedge, None for none. `strict` allows nothing but the letter and marks around it."""
    text = _plain(statement)
    text = _LEAD.sub("", text, count=1)
    if not strict and _HEDGE.match(text):
        return "?"
    match = _FIRST.match(text)
    if match is None:
        return None
    letter, rest = match.group(1), match.group(2).strip()
    if not rest.strip(".。)] ,"):
        return letter.upper()
    if strict:
        return None
    another = _ANOTHER.search(rest[:200])
    if another is not None and any(g and g.upper() != letter.upper() for g in another.groups()):
        return "?"
    closed = match.group(0)[match.end(1) : match.end(1) + 1].strip()  # a mark after the letter: "B)", "B."
    if closed or not rest.isascii():
        return letter.upper()
    if letter in "AI" and _REASON.match(rest) is None:  # "A circle", "I think": an article and a pronoun
        return None
    return letter if letter.isupper() else None


def _found(response: str) -> tuple[str | None, str | None]:
    """The letter (or "?", or None) and the statement it was read from."""
    inside = tagged(response)
    groups: list[list[str]] = [[inside]] if inside else []
    groups += [boxes(inside or response), statements(inside or response)]
    for group in groups:
        named = [(letter_in(s), s) for s in group]
        letters = {letter for letter, _ in named if letter}
        if letters:
            text = next(s for letter, s in reversed(named) if letter)
            return (letters.pop() if len(letters) == 1 else "?"), text
    lines = [line for line in (inside or response).splitlines() if line.strip()]
    if lines:
        return letter_in(lines[-1], strict=True), lines[-1].strip()
    return None, None


def verify(answer: Answer, prompt: Prompt) -> Verdict:
    """`prompt.gold` names the letter ("B", "(b)", "B. text")."""
    options = options_of(prompt)
    gold = letter_in(prompt.gold or "")
    if gold is None or gold not in options:
        return Verdict("unparsable_gold", reason=f"the gold is not one of the letters {options[0]} to {options[-1]}")
    letter, statement = _found(answer.response)
    if letter is None or statement is None:
        return Verdict("no_answer", 0.0, NO_ANSWER)
    if letter == "?":
        return Verdict("wrong", 0.0, "more than one letter, or a hedge", statement[:200])
    if letter not in options:
        return Verdict("wrong", 0.0, f"there is no option {letter}", letter)
    return Verdict("correct", 1.0, extracted=letter) if letter == gold else Verdict("wrong", 0.0, extracted=letter)
