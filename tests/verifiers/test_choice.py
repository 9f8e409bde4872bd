"""One letter among several: a table of real cases, the number of options, and what holds for any text."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.records import Answer, make_prompt
from curate.verifiers.choice import letter_in, options_of, verify

CASES = [
    ("correct", "B", "\\boxed{B}"),
    ("correct", "B", "\\boxed{\\text{B}}"),
    ("correct", "B", "\\boxed{(B)}"),
    ("wrong", "B", "\\boxed{C}"),
    ("correct", "B", "<answer>B</answer>"),
    ("correct", "B", "<answer> (b) </answer>"),
    ("correct", "B", "<answer>b</answer>"),
    ("correct", "B", "The answer is (B)."),
    ("correct", "B", "The correct answer is B"),
    ("correct", "B", "the answer is **B**"),
    ("correct", "B", "Answer: B."),
    ("correct", "B", "**Answer: B**"),
    ("correct", "B", "**Answer:** B) 42"),
    ("correct", "B", "答案是B"),
    ("correct", "B", "答案:B。"),
    ("correct", "B", "正确答案是选项B"),
    ("correct", "B", "答案为 B,因为它最大"),
    ("correct", "B", "So I think it's clear.\nB"),
    ("correct", "B", "So.\n(B)"),
    ("correct", "B", "So.\n**B**"),
    ("no_answer", "B", "Option B is nice"),
    ("no_answer", "B", "Both A and B"),
    ("wrong", "B", "The answer is both A and B"),
    ("wrong", "B", "The answer is A or B"),
    ("wrong", "B", "The answer is B or C."),
    ("wrong", "B", "The answer is (B) or (C)."),
    ("wrong", "B", "\\boxed{A, B}"),
    ("wrong", "B", "\\boxed{A} \\boxed{B}"),
    ("wrong", "B", "The answer is A. Wait.\nThe answer is B."),
    ("correct", "B", "The answer is B because A is wrong."),
    ("correct", "B", "The answer is B: the cat"),
    ("no_answer", "A", "The answer is a circle"),
    ("correct", "A", "The answer is A because"),
    ("correct", "A", "The answer is A"),
    ("no_answer", "B", ""),
    ("no_answer", "B", "I do not know"),
    ("correct", "B", "<answer>B) 42 and more</answer>"),
    ("unparsable_gold", "E", "\\boxed{E}"),
    ("correct", "(b)", "\\boxed{B}"),
    ("correct", "B. cat", "\\boxed{B}"),
    ("unparsable_gold", "42", "\\boxed{B}"),
    ("unparsable_gold", None, "\\boxed{B}"),
    ("wrong", "B", "The answer is not B"),
    ("wrong", "B", "The answer is maybe B"),
    ("correct", "B", "<answer>The answer is B</answer>"),
    ("correct", "B", "<answer>A</answer> hmm <answer>B</answer>"),
    ("correct", "B", "\\boxed{\\textbf{(B)}\\ 42}"),
    ("correct", "B", "The final answer is $\\boxed{\\text{(B)}}$."),
    ("wrong", "C", "The answer is: C. 5 and D. 6"),
    ("correct", "B", "选B"),
    ("correct", "B", "Answer: B\n\nExplanation: A is wrong and C too"),
]


def verdict(gold, response, **prompt):
    prompt.setdefault("chance", 0.25)
    return verify(Answer(response, None, response, "stop"), make_prompt("q", verifier="choice", gold=gold, **prompt))


@pytest.mark.parametrize(("status", "gold", "response"), CASES)
def test_table(status, gold, response):
    found = verdict(gold, response)
    assert found.status == status, found
    assert (found.score is None) != found.decided


def test_a_letter_in_the_chain_alone_is_no_answer():
    found = verify(Answer("<think>the answer is B</think>", "the answer is B", "", "stop"), make_prompt("q", verifier="choice", gold="B"))
    assert found.status == "no_answer"


@pytest.mark.parametrize(
    ("prompt", "options"),
    [
        ({"chance": 0.25}, "ABCD"),
        ({"chance": 0.1}, "ABCDEFGHIJ"),
        ({"chance": 0.0}, "ABCDEFGHIJ"),
        ({"meta": json.dumps({"options": ["x", "y", "z"]}), "chance": 0.25}, "ABC"),
        ({"meta": json.dumps({"choices": {"A": "x", "B": "y"}})}, "AB"),
        ({"meta": json.dumps({"n_options": 5})}, "ABCDE"),
        ({"meta": "[]"}, "ABCDEFGHIJ"),
        ({"meta": "not json"}, "ABCDEFGHIJ"),
    ],
)
def test_options(prompt, options):
    assert options_of(make_prompt("q", verifier="choice", gold="A", **prompt)) == options


def test_a_letter_that_is_no_option_is_wrong():
    assert verdict("B", "\\boxed{E}").status == "wrong"
    assert verdict("B", "\\boxed{E}", chance=0.1).status == "wrong"
    assert verdict("E", "\\boxed{E}", chance=0.1).status == "correct"


@pytest.mark.parametrize("letter", "ABCDEFGHIJ")
def test_a_gold_is_its_own_answer(letter):
    for dress in ("\\boxed{%s}", "<answer>%s</answer>", "The answer is (%s).", "Answer: %s", "答案是%s", "so:\n%s"):
        assert verdict(letter, dress % letter, chance=0.1).status == "correct", dress


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ABCDabcd ().,:*$\\{}\n答案是或or and not answer is", max_size=60))
def test_any_text_gives_a_consistent_verdict(text):
    for response in (text, f"\\boxed{{{text}}}", f"The answer is {text}"):
        found = verdict("B", response)
        assert found.decided
        assert found.score == (1.0 if found.status == "correct" else 0.0)
    assert letter_in(text) in {None, "?", *"ABCDEFGHIJ"}
