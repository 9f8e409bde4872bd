"""R1's format: a table of real cases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.records import Answer, make_prompt
from curate.verifiers.format import verify

PROMPT = make_prompt("q", verifier="format")
CASES = [
    ("correct", "<think>a</think><answer>b</answer>"),
    ("correct", "<think>a</think> <answer>b</answer>"),
    ("correct", "\n<think>\na\n</think>\n\n<answer>\nb\n</answer>\n"),
    ("correct", "<think>1 < 2 and </i></think><answer>\\boxed{1}</answer>"),
    ("wrong", "<think></think><answer>b</answer>"),
    ("wrong", "<think>  \n</think><answer>b</answer>"),
    ("wrong", "<think>a</think><answer></answer>"),
    ("wrong", "<think>a</think><answer> \n </answer>"),
    ("wrong", "So <think>a</think><answer>b</answer>"),
    ("wrong", "<think>a</think> so <answer>b</answer>"),
    ("wrong", "<think>a</think><answer>b</answer> done"),
    ("wrong", "<think>a</think><answer>b</answer><answer>c</answer>"),
    ("wrong", "<think>a</think><think>b</think><answer>c</answer>"),
    ("wrong", "<think>a<think>b</think></think><answer>c</answer>"),
    ("wrong", "<think>a <answer>b</answer></think>"),
    ("wrong", "<answer>b</answer><think>a</think>"),
    ("wrong", "<think>a <answer>b</answer>"),
    ("wrong", "<answer>b</answer>"),
    ("wrong", "a</think><answer>b</answer>"),
    ("wrong", "<think>a</think><answer>b"),
    ("no_answer", "<think>a</think>b"),
    ("no_answer", "<think>a</think>"),
    ("no_answer", "<think>a"),
    ("no_answer", "plain"),
    ("no_answer", ""),
    ("no_answer", "<Think>a</Think><Answer>b</Answer>"),
]


@pytest.mark.parametrize(("status", "text"), CASES)
def test_table(status, text):
    found = verify(Answer(text, None, "", "stop"), PROMPT)
    assert found.status == status, found
    assert found.score == (1.0 if status == "correct" else 0.0)
    assert (found.reason == "") == (status == "correct")


def test_the_opening_tag_may_stand_in_the_prompt():
    text = "a</think><answer>b</answer>"
    assert verify(Answer(text, "a", "<answer>b</answer>", "stop"), PROMPT).status == "correct"
    assert verify(Answer(text, None, text, "stop"), PROMPT).status == "wrong"
    assert verify(Answer("a <answer>b</answer>", "a <answer>b</answer>", "", "stop"), PROMPT).status == "wrong"


def test_a_cut_off_completion_says_so():
    found = verify(Answer("<think>a</think><answer>b", "a", "<answer>b", "length"), PROMPT)
    assert (found.status, found.reason) == ("wrong", "no </answer> (cut off)")


@given(st.lists(st.sampled_from(["<think>", "</think>", "<answer>", "</answer>", "x", " "]), max_size=8))
def test_only_the_one_order_is_well_formed(parts):
    tags = [p for p in parts if p.startswith("<")]
    found = verify(Answer("".join(parts), None, "", "stop"), PROMPT)
    if found.status == "correct":
        assert tags == ["<think>", "</think>", "<answer>", "</answer>"]
        assert "x" in parts
