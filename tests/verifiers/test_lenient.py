"""The looser reading of each verifier that has one: what it finds beyond the verdict, and that it makes nothing right that is not there."""

import json
from typing import Any

import pytest

from curate.records import Answer, Prompt, make_prompt
from curate.verifiers import BUILT_IN, lenient, load

LETTERS = "Which is it?\nA) ham\nB) eggs\nC) jam\nD) tea"
GYM = json.dumps({"task": "chain_sum", "entry": {"question": "7 + 5", "answer": "12", "metadata": {}}})
LOWER = json.dumps({"instruction_id_list": ["change_case:english_lowercase"], "kwargs": [{}]})


def prompt(verifier: str, gold: str, **other: Any) -> Prompt:
    return make_prompt(LETTERS if verifier == "choice" else "What is it?", verifier=verifier, gold=gold, **other)


def sample(response: str, reasoning: str | None = None) -> Answer:
    return Answer(response if reasoning is None else f"<think>{reasoning}</think>{response}", reasoning, response, "stop")


@pytest.mark.parametrize(
    ("verifier", "gold", "response", "reasoning", "strict", "loose"),
    [
        ("math", "12", "7 + 5 = 12", None, False, True),
        ("math", "12", "So we get\n12", None, False, True),
        ("math", "12", "I count $12 in all, as I said.", None, False, True),
        ("math", "1200", "That makes 1,200 of them, give or take none", None, False, True),
        ("math", "-3", "It falls to −3 at night", None, False, True),
        ("math", "12", "", "7 and 5 are 12", False, True),  # the chain never ended
        ("math", "12", "There are some.", "7 and 5 are 12", False, False),  # there is a response: the chain is not it
        ("math", "12", "12 is what I had first, but it is 13", None, False, False),
        ("math", "12", "\\boxed{12}", None, True, True),
        ("math", "12", "no number", None, False, False),
        ("math", "\\frac{1}{2}", "It is a half, 1/2 of it", None, False, True),
        ("logic", GYM, "7 + 5 = 12", None, False, True),
        ("logic", GYM, "**12**", None, False, True),
        ("logic", GYM, "", "hm, 12", False, True),
        ("logic", GYM, "12, no: 13", None, False, False),
        ("choice", "B", "Clearly eggs win, so I go with B here", None, False, True),
        ("choice", "A", "I would say A is fine. I like ham", None, False, False),  # A and I are words here
        ("choice", "B", "B, or rather C after all", None, False, False),
        ("choice", "B", "", "it must be B", False, True),
        ("ifeval", LOWER, "Sure thing:\nall lower", None, False, True),
        ("ifeval", LOWER, "All\nUpper\nHere", None, False, False),
    ],
)
def test_what_it_finds(verifier: str, gold: str, response: str, reasoning: str | None, strict: bool, loose: bool) -> None:
    asked, answer = prompt(verifier, gold), sample(response, reasoning)
    assert (load(verifier)(answer, asked).status == "correct") is strict
    assert (lenient.verify(answer, asked).status == "correct") is loose


def test_who_has_one() -> None:
    assert {name for name in BUILT_IN if lenient.of(name)} == {"choice", "ifeval", "logic", "math"}


def test_a_bad_gold_stays_one() -> None:
    for verifier in ("math", "logic", "ifeval", "choice"):
        assert lenient.verify(sample("12"), prompt(verifier, "")).status == "unparsable_gold"


def test_the_end_of_a_long_text_is_what_is_looked_at() -> None:
    assert lenient.text_of(sample("x" * 10**6 + " 12")).endswith(" 12")
    assert len(lenient.text_of(sample("x" * 10**6))) == lenient.LOOKED_AT
