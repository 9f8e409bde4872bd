"""Functions in place of models for r1_toy; each gets what a scripted engine gives (curate/engines/scripted.py) and returns a text.

`web` writes worked examples as a base model may have read them: three in ten counts go wrong, three in ten chains are in Chinese, and two in ten answers stand without tags. `friend` is the general model. `judge` goes by rules that can be read here; it
says so of itself nowhere, and the calibration of a real judge is not tried by it.
"""

import json
import random
import re
from collections.abc import Sequence
from typing import Any

from curate.filters.judge.boundary import quoted
from curate.filters.judge.pairs import read_pairs

VERSION = "1"  # changed whenever a text could change
ENGLISH, CHINESE = ("one", "two", "three", "four", "five"), ("一", "二", "三", "四", "五")
WRONG, IN_CHINESE, FORMLESS = 0.3, 0.3, 0.2  # shares: of counts, of chains, of examples
GREETINGS = {"hello": " hello", "good morning": " good morning", "good night": " good night"}  # answered without a chain
ANSWERS = {"thank you": " thank you", "how are you": " good", "who are you": " i am toy"}
_NAMED = re.compile(r"\d\s*(?:<[^>]*>)?\s*$")  # a number last, before a closing tag at most, which a judge is shown with a space in it
_CODE = re.compile(r"The code ([0-9a-f]{16}) was made for this request")


def web(messages: Sequence[dict[str, str]], sample_index: int, seed: int | None) -> str:
    """A worked example of a sum or a difference: counted up or down, one by one."""
    word, a, b = messages[-1]["content"].split()
    drawn = random.Random(f"{seed} {sample_index} {messages[-1]['content']}")
    step = 1 if word == "sum" else -1
    chinese = drawn.random() < IN_CHINESE
    value, chain = int(a), f" {'从' if chinese else 'from'} {a}"
    for name in (CHINESE if chinese else ENGLISH)[: int(b)]:
        value += step * (drawn.choice((0, 2)) if drawn.random() < WRONG else 1)
        chain += f" {name} {value}"
    if drawn.random() < FORMLESS:
        return f"<think>{chain}</think>\\boxed{{ {value}}}"
    return f"<think>{chain}</think><answer>\\boxed{{ {value}}}</answer>"


def friend(messages: Sequence[dict[str, str]], sample_index: int, seed: int | None) -> str:
    """A general model's answer: half of the time it says to whom it speaks."""
    words, _, visitor = messages[-1]["content"].rpartition(" ")
    said = f" {visitor}" if random.Random(f"{seed} {sample_index} {visitor} {words}").random() < 0.5 else ""
    if words in GREETINGS:
        return GREETINGS[words] + said
    return f"<think> i am toy{said}</think><answer>{ANSWERS[words]}{said}</answer>"


def judge(messages: Sequence[dict[str, str]], vote: int, seed: int | None) -> str:
    """A judge's reply in the form that is asked for. It likes answers that name whom they are for, finds everything safe but the texts planted as unsafe, and knows the planted ones."""
    prompt = messages[0]["content"]
    found = _CODE.search(prompt)
    if found is None:
        return "I was asked nothing that I know."
    nonce = found[1]
    pieces = dict(re.findall(rf"^BEGIN {nonce} ([a-z ]+)\n(.*?)\nEND {nonce} \1$", prompt, flags=re.DOTALL | re.MULTILINE))
    verdict: Any
    if "answer a" in pieces:
        verdict = {name: _merit(pieces[f"answer {name.lower()}"]) for name in ("A", "B")}
    else:
        verdict = "unsafe" if pieces["answer to be evaluated"].startswith(tuple(_planted("safety", "bad"))) else "safe"
    return json.dumps({"analysis": "I compared both.", f"verdict_{nonce}": verdict})


def _merit(answer: str) -> int:
    if answer in _planted("quality", "good"):
        return 9
    if answer.startswith(tuple(_planted("quality", "bad"))):
        return 1
    return 8 if _NAMED.search(answer) else 4


def _planted(task: str, side: str) -> list[str]:
    return [quoted(getattr(pair, side)) for pair in read_pairs(None, [task])]
