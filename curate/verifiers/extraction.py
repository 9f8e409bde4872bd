r"""Finding the answer that a response states: shared by the verifiers, so that all read the same text the same way.

Only what follows the last closing tag of a chain is read. Order of trust: the last complete <answer>..</answer>, the boxes, then a sentence that announces the answer ("the answer is", "答案是", a heading "Answer", GSM8K's "####").
Nothing is guessed from a last number or a last line. Every search is linear in the text's length.
"""

import re
from typing import NamedTuple

NO_ANSWER = "the response states no answer"

_CHAIN_ENDS = ("</think>", "</thinking>", "</thought>", "</reasoning>", "◁/think▷")
_CHAIN_STARTS = ("<think>", "<thinking>")
_BOX = re.compile(r"\\(?:boxed|fbox|framebox)\s*\{")
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_LONGEST_SENTENCE = 500
_OPENS_FORMULA = {"\\[": "\\]", "$$": "$$", "\\(": "\\)", "$": "$"}
# what announces an answer; the answer is the rest of its line, or the next line where nothing is left of this one
# spaces are taken whole (++): a long run of them would otherwise be tried in each way that it can be shared out
_ANNOUNCED = re.compile(
    r"(?:(?<![A-Za-z])(?:the\s+|my\s+|our\s+)?(?:final\s+|correct\s+|right\s+)?(?:numerical\s+)?(?<!wrong )(?<!incorrect )(?<!other )(?:answers?|ans\b)(?:\s++(?:to|for)\s++[^\s.:=][^.:=\n]{0,79}?(?<!\s)(?=[\s*_:=\uff1a]))?\s*+(?:(?:\*\*|__)\s*+)?"
    r"(?:(?:is|are|would\s+be|should\s+be|must\s+be|will\s+be|comes\s+out\s+to\s+be|equals)(?![A-Za-z])|:|=|\uff1a)"
    r"|\bfinal\s+result\s+is\b"
    r"|(?:最终|最后|正确)?(?:的)?(?:答案|结果|答)\s*+(?:(?:\*\*|__)\s*+)?(?:是|为|為|應為|应为|应该是|等于|選|选|[:\uff1a])|故选\s*[:\uff1a]?"
    r"|(?:^|\s)####(?!#))"
    r"[\s:\uff1a*_]*",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=\S)\.\s+|。")
_HEADING = re.compile(r"\W{0,8}(?:the\s+)?(?:final\s+)?(?:answer|最终答案|答案)\W{0,8}", re.IGNORECASE)


class Span(NamedTuple):
    """A statement of an answer, and where in the response it stands."""

    start: int
    end: int
    text: str


def visible(response: str) -> str:
    """What follows the chain of thought; nothing, where a chain was begun and never closed."""
    if "<" not in response and "◁" not in response:
        return response
    end = max(response.rfind(tag) + len(tag) if tag in response else 0 for tag in _CHAIN_ENDS)
    rest = response[end:]
    starts = [at for tag in _CHAIN_STARTS if (at := rest.find(tag)) >= 0]
    return rest[: min(starts)] if starts else rest


def tags(response: str) -> list[Span]:
    """The contents of all complete pairs of answer tags."""
    found = []
    end = response.find("</answer>")
    start_from = 0
    while end >= 0:
        start = response.rfind("<answer>", start_from, end)
        if start >= 0:
            found.append(Span(start, end + 9, response[start + 8 : end].strip()))
        start_from = end + 9
        end = response.find("</answer>", start_from)
    return found


def tagged(response: str) -> str | None:
    """The content of the last complete pair of answer tags."""
    found = tags(response)
    return found[-1].text if found else None


def box_spans(response: str) -> list[Span]:
    r"""All \boxed{...}, in order; an unclosed one is none."""
    found: list[Span] = []
    end = 0
    for match in _BOX.finditer(response) if "\\" in response else ():
        if match.start() < end:  # a box inside a box belongs to it
            continue
        depth = 1
        for mark in _BRACES.finditer(response, match.end()):
            depth += (mark[0] == "{") - (mark[0] == "}")
            if not depth:
                end = mark.end()
                break
        if depth:
            break
        found.append(Span(match.start(), end, response[match.end() : end - 1].strip()))
    return found


def boxes(response: str) -> list[str]:
    r"""The contents of all \boxed{...}, in order; an unclosed one is none."""
    return [box.text for box in box_spans(response)]


def _formula(lines: list[str], first: int) -> str:
    """A line, and where it opens a formula that it does not close, the lines up to its end."""
    line = lines[first].strip()
    closing = next((c for o, c in _OPENS_FORMULA.items() if line.startswith(o) and c not in line[len(o) :]), None)
    if closing is None:
        return line
    for k in range(first + 1, min(first + 8, len(lines))):
        line += " " + lines[k].strip()
        if closing in lines[k]:
            break
    return line


def statement_spans(response: str) -> list[Span]:
    """What follows each "the answer is" (or one of its other forms), up to the end of its line; the next line where its own is empty."""
    found: list[Span] = []
    lines = response.split("\n")
    at = 0
    used = -1  # a line that was an answer announces none
    for i, line in enumerate(lines):
        start, at = at, at + len(line) + 1
        low = line.lower()
        if i <= used or not ("ans" in low or "答" in line or "结果" in line or "故选" in line or "####" in line or "final result" in low):
            continue
        announcing = list(_ANNOUNCED.finditer(line))
        if announcing:
            for m, then in zip(announcing, [*announcing[1:], None], strict=True):
                rest = line[m.end() : then.start() if then else len(line)].strip()
                if then:
                    rest = _SENTENCE_END.split(rest, maxsplit=1)[0]
                if rest and not (then and not rest.strip(" .,*_:")):
                    if then is None and rest in _OPENS_FORMULA:
                        rest = _formula([rest, *lines[i + 1 : i + 9]], 0)
                    found.append(
                        Span(
                            start + m.start(),
                            start + (min(m.end() + len(rest) + 1, then.start()) if then else len(line)),
                            rest[:_LONGEST_SENTENCE],
                        )
                    )
            if line[announcing[-1].end() :].strip(" *_:"):
                continue
        elif not _HEADING.fullmatch(line):
            continue
        following = next((k for k in range(i + 1, min(i + 4, len(lines))) if lines[k].strip(" *_#")), None)
        if following is not None and not _ANNOUNCED.search(lines[following]):
            text = _formula(lines, following)
            used = following
            found.append(Span(start, start + len(line), text[:_LONGEST_SENTENCE]))
    return found


def statements(response: str) -> list[str]:
    """The texts of `statement_spans`."""
    return [s.text for s in statement_spans(response)]


def announced(response: str) -> str | None:
    """The last of the statements."""
    found = statements(response)
    return found[-1] if found else None


def stated(response: str) -> str | None:
    """The answer in its tags, else in the last box, else as announced; None where none is stated or it is empty."""
    inside = tagged(response)
    if inside is not None:
        inner = boxes(inside)
        return (inner[-1] if inner and inside.startswith("\\boxed") else inside) or None
    boxed = boxes(response)
    if boxed:
        return boxed[-1] or None
    found = announced(response)
    return None if found is None else found.strip().strip("*").removesuffix(".").strip("$ ") or None
