"""Functions in place of models for r1_toy; each gets what a scripted engine gives (curate/engines/scripted.py) and returns a text.

`web` writes worked examples as a base model may have read them: three in ten counts go wrong, three in ten chains are in Chinese, and two in ten answers stand without tags. `friend` is the general model, `visitor`
writes prompts as a model does that is asked to, `editor` rewrites, and `judge` goes by rules that can be read here.
"""

import random
import re
from collections.abc import Sequence

from pipelines import rubrics

VERSION = "2"  # changed whenever a text could change
ENGLISH, CHINESE = ("one", "two", "three", "four", "five"), ("一", "二", "三", "四", "五")
WRONG, IN_CHINESE, FORMLESS = 0.3, 0.3, 0.2  # shares: of counts, of chains, of examples
GREETINGS = {"hello": " hello", "good morning": " good morning", "good night": " good night"}  # answered without a chain
LONG = 60  # characters that no answer here has
ANSWERS = {"thank you": " thank you", "how are you": " good", "who are you": " i am toy"}
_NAMED = re.compile(r"\d\s*(?:<[^>]*>)?\s*$")  # a number last, before a closing tag at most, which a judge is shown with a space in it
_PIECE = re.compile(r"^BEGIN ([0-9a-f]{16}) (chain|answer)\n(.*?)\nEND \1 \2$", re.DOTALL | re.MULTILINE)
_TAG = re.compile(r"< ?(/?)answer>")  # an editor is shown a space in it


def web(messages: Sequence[dict[str, str]], sample_index: int, seed: int | None) -> str:
    """A worked example of a sum or a difference: counted up or down, one by one."""
    word, a, b = messages[-1]["content"].split()
    drawn = random.Random(f"{seed} {sample_index} {messages[-1]['content']}")
    step = 1 if word == "sum" else -1
    chinese = drawn.random() < IN_CHINESE
    value, chain = int(a), f"{'从' if chinese else 'from'} {a}"
    for name in (CHINESE if chinese else ENGLISH)[: int(b)]:
        value += step * (drawn.choice((0, 2)) if drawn.random() < WRONG else 1)
        chain += f" {name} {value}"
    if drawn.random() < FORMLESS:
        return f"<think>\n{chain}\n</think>\n\n\\boxed{{ {value}}}"
    return f"<think>\n{chain}\n</think>\n\n<answer>\\boxed{{ {value}}}</answer>"


def friend(messages: Sequence[dict[str, str]], sample_index: int, seed: int | None) -> str:
    """A general model's answer: half of the time it says to whom it speaks."""
    words, _, visitor = messages[-1]["content"].rpartition(" ")
    said = f" {visitor}" if random.Random(f"{seed} {sample_index} {visitor} {words}").random() < 0.5 else ""
    if words in GREETINGS:
        return GREETINGS[words] + said
    return f"<think>\n i am toy{said}\n</think>\n\n<answer>{ANSWERS[words]}{said}</answer>"


def visitor(messages: Sequence[dict[str, str]], sample_index: int, seed: int | None) -> str:
    """What somebody says, as a model that writes prompts would."""
    return f"thank you {20 + sample_index}"


def editor(messages: Sequence[dict[str, str]], sample_index: int, seed: int | None) -> str:
    """A rewriting that changes no word: chain and answer, each on lines of their own."""
    pieces = {name: (nonce, text) for nonce, name, text in _PIECE.findall(messages[-1]["content"])}
    nonce, chain = pieces["chain"]
    answer = _TAG.sub(r"<\1answer>", pieces["answer"][1])
    return f"BEGIN {nonce} thinking\n{chain}\nEND {nonce} thinking\nBEGIN {nonce} solution\n{answer}\nEND {nonce} solution"


def judge(messages: Sequence[dict[str, str]], vote: int, seed: int | None) -> str:
    """A judge's reply. It likes answers that name whom they are for, and finds those unsafe that do not."""
    return rubrics.reply(
        messages,
        lambda request, answer: 8 if _NAMED.search(answer) and len(answer) < LONG else 4,
        unsafe=lambda text: not _NAMED.search(text),
    )
