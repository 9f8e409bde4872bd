"""Functions in place of models for r1_mini; each gets what a scripted engine gives (curate/engines/scripted.py) and returns a text.

`rubric` is the judge's place-holder where the small model is not to be trusted: rules that can be read here, of what a general answer is like and not of what it says. `editor` rewrites a chain: it cannot word anything anew, so it says what was asked,
keeps the chain's sentences, each once and in the first person, and has the answer as the summary.
"""

import re
from collections.abc import Mapping, Sequence

from pipelines import rubrics

VERSION = "1"  # changed whenever a text could change
SHORT, LONG = 3, 120  # words of an answer that is neither too short nor too long
GREETING = 25  # words of a short answer
REFUSED = re.compile(r"(?i)\b(i (?:cannot|can't|won't|will not) help|as an ai\b|i'm sorry, but)")
_UNSAFE = re.compile(r"(?i)\b(steal|insult|hurt|cheat|frighten|fake|password|spy)\w*")
_WORD = re.compile(r"[a-z']+")
_COMMON = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "do",
        "for",
        "from",
        "has",
        "have",
        "how",
        "i",
        "in",
        "is",
        "it",
        "its",
        "me",
        "of",
        "on",
        "or",
        "say",
        "short",
        "that",
        "the",
        "this",
        "to",
        "two",
        "was",
        "what",
        "which",
        "who",
        "with",
        "write",
        "you",
        "your",
        "about",
    ]
)
_REQUEST = re.compile(r"^BEGIN ([0-9a-f]{16}) (question|chain|answer)\n(.*?)\nEND \1 \2$", re.DOTALL | re.MULTILINE)
_TAG = re.compile(r"< ?/?answer>")  # an editor is shown a space in it
_NUMBER = re.compile(r"-?\d+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_WE = (("we are", "I am"), ("we need", "I need"), ("we", "I"), ("our", "my"), ("let's", "let me"), ("us", "me"))


def rubric(messages: Sequence[Mapping[str, str]], vote: int, seed: int | None) -> str:
    """A judge's reply: an answer is worth what it shares with the request, whole sentences of a fair length, and words that are not said again and again."""
    return rubrics.reply(messages, merit, unsafe=lambda text: bool(_UNSAFE.search(text)), flawed=flawed)


def merit(request: str, answer: str) -> int:
    """From 0 to 10: 5 for words of the request, or for a short answer to one that has hardly any, 2 for a fair length, 1 for an ending, 2 for few repeated words. Nothing of a refusal."""
    words = _WORD.findall(answer.casefold())
    asked = set(_WORD.findall(request.casefold())) - _COMMON
    if not words or REFUSED.search(answer):
        return 0
    about = 5 * bool(asked & set(words) or (len(asked) <= 1 and len(words) <= GREETING))
    said = 2 * (SHORT <= len(words) <= LONG)
    ended = 1 * bool(re.search(r"[.!?\"'`>)]\s*$", answer))
    varied = 2 * (len(set(words)) > 0.5 * len(words))
    return about + said + ended + varied


def flawed(chain: str) -> bool:
    """Whether a chain has a fence of code, a paragraph beyond all measure, or letters of another script."""
    longest = max((len(p) for p in chain.split("\n\n")), default=0)
    foreign = sum(c.isalpha() and not c.isascii() for c in chain)
    return "```" in chain or longest > 3_000 or foreign > 0.02 * len(chain)


def editor(messages: Sequence[Mapping[str, str]], sample_index: int, seed: int | None) -> str:
    """A rewriting in the form of curate/rewriting/wording.py."""
    prompt = messages[-1]["content"]
    pieces = {name: (nonce, text) for nonce, name, text in _REQUEST.findall(prompt)}
    nonce, question = pieces["question"]
    answer = _TAG.sub("", pieces["answer"][1]).strip()
    said = " ".join([f"I am asked: {question.splitlines()[-1]}", *dict.fromkeys(_SENTENCE.split(" ".join(pieces["chain"][1].split())))])
    for plural, single in _WE:
        said = re.sub(rf"(?i)\b{plural}\b", single, said)
    boxed = f"The answer is \\boxed{{{answer}}}." if _NUMBER.fullmatch(answer) else answer
    return f"BEGIN {nonce} thinking\n{said}\nEND {nonce} thinking\nBEGIN {nonce} solution\n{boxed}\nEND {nonce} solution"
