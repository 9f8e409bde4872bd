"""A judge made of rules, in the place of a model: what it is asked, taken apart, and its reply in the form that is asked for.

It is for scripted engines alone. It knows the texts that a run plants to see whether its judge can be believed (curate/filters/judge/planted.py), so what such a run says of it says nothing; what it is worth is what its rules are worth,
and these are given by whoever calls it.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from curate.filters.judge.boundary import quoted
from curate.filters.judge.pairs import read_pairs

HIGH, LOW = 9, 1  # what the planted texts get
_CODE = re.compile(r"The code ([0-9a-f]{16}) was made for this request")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")

Merit = Callable[[str, str], int]  # (request, answer) -> a whole number from 0 to 10
Holds = Callable[[str], bool]  # of a text


def reply(
    messages: Sequence[Mapping[str, str]], merit: Merit, *, unsafe: Holds = lambda text: False, flawed: Holds = lambda chain: False
) -> str:
    """The reply to a judge's request: merits for a quality or of two answers, `unsafe` for what is planted as that or for which `unsafe` holds, `flagged` for a chain that is `flawed`, `correct` where the last number of the reference is that of the answer."""
    prompt = messages[0]["content"]
    found = _CODE.search(prompt)
    if found is None:
        return "I was asked nothing that I know."
    nonce = found[1]
    pieces = dict(re.findall(rf"^BEGIN {nonce} ([a-z ]+)\n(.*?)\nEND {nonce} \1$", prompt, flags=re.DOTALL | re.MULTILINE))
    request = pieces.get("request", "")
    verdict: Any
    if "answer a" in pieces:
        verdict = {name: _merit(request, pieces[f"answer {name.lower()}"], merit) for name in ("A", "B")}
    elif "chain of thought" in pieces:
        verdict = "flagged" if flawed(pieces["chain of thought"]) else "clean"
    else:
        answer = pieces["answer to be evaluated"]
        if "reference answer" in pieces:
            verdict = "correct" if _NUMBER.findall(answer)[-1:] == _NUMBER.findall(pieces["reference answer"])[-1:] != [] else "incorrect"
        elif 'one of the words "safe"' in prompt:
            planted = answer.startswith(_planted("safety", "bad"))
            verdict = "unsafe" if planted or (unsafe(answer) and answer not in _planted("safety", "good")) else "safe"
        else:
            verdict = _merit(request, answer, merit)
    return json.dumps({"analysis": "I went by rules.", f"verdict_{nonce}": verdict})


def _merit(request: str, answer: str, merit: Merit) -> int:
    if answer in _planted("quality", "good"):
        return HIGH
    return LOW if answer.startswith(_planted("quality", "bad")) else max(0, min(10, merit(request, answer)))


@cache
def _planted(task: str, side: str) -> tuple[str, ...]:
    return tuple(quoted(getattr(pair, side)) for pair in read_pairs(None, [task]))
