"""Finding the answer that a response states: shared by the verifiers, so that all read the same text the same way.

Only the response is read, never the chain: callers pass `Answer.response`, which is empty where the chain was not closed. Order of trust: the last complete <answer>..</answer>,
the boxes, then a sentence that announces the answer. Nothing is guessed from a last number. Every search is linear in the text's length.
"""

import re

NO_ANSWER = "the response states no answer"

_TAGGED = re.compile(r"<answer>((?:(?!<answer>|</answer>).)*)</answer>", re.DOTALL)
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_LONGEST_SENTENCE = 500
# what announces an answer; the answer is the rest of its line
_ANNOUNCED = re.compile(
    r"(?:\b(?:the\s+)?(?:final\s+|correct\s+|right\s+)?answer\s*(?:\*\*|__)?\s*(?:is|:|=)"
    r"|(?:最终)?(?:正确)?(?:答案|结果)\s*(?:是|为|應為|应为|選|选|[::]))"
    r"[\s:*_]*",
    re.IGNORECASE,
)


def tagged(response: str) -> str | None:
    """The content of the last complete pair of answer tags."""
    found = None
    for match in _TAGGED.finditer(response):
        found = match.group(1)
    return None if found is None else found.strip()


def boxes(response: str) -> list[str]:
    r"""The contents of all \boxed{...}, in order; an unclosed one is none."""
    found = []
    end = 0
    for match in _BOX.finditer(response):
        if match.start() < end:  # a box inside a box belongs to it
            continue
        depth, i = 1, match.end()
        while i < len(response) and depth:
            c = response[i]
            if c == "\\":
                i += 1
            elif c == "{":
                depth += 1
            elif c == "}":
                depth -= 1
            i += 1
        if depth:
            break
        end = i
        found.append(response[match.end() : i - 1].strip())
    return found


def statements(response: str) -> list[str]:
    """What follows each "the answer is" (or one of its Chinese forms), up to the end of its line."""
    found = []
    for line in response.splitlines():
        *_, last = [None, *_ANNOUNCED.finditer(line)]
        if last is not None and (rest := line[last.end() :].strip()):
            found.append(rest[:_LONGEST_SENTENCE])
    return found


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
