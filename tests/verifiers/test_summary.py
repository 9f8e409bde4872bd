"""R1's form from the cold start on: a table of real cases."""

import pytest

from curate.records import Answer, make_prompt
from curate.verifiers.summary import verify

PROMPT = make_prompt("q", verifier="summary")


@pytest.mark.parametrize(
    ("text", "status", "told"),
    [
        ("<think>I add them.</think>\n\nThe sum is \\boxed{5}.", "correct", "The sum is \\boxed{5}."),
        ("<think>I add them.</think> <answer> 5 </answer>", "correct", "5"),
        ("\n<think>\nI add them.\n</think>\n5", "correct", "5"),
        ("The sum is 5.", "no_answer", "no </think>"),
        ("<think>I add them, and then", "no_answer", "no </think>"),
        ("<think>I add them.</think>", "wrong", "an empty summary"),
        ("<think>I add them.</think> <answer> </answer>", "wrong", "an empty summary"),
        ("<think> </think> 5", "wrong", "an empty chain"),
        ("Well. <think>I add them.</think> 5", "wrong", "text before <think>"),
        ("<think>I add.</think> 5 <think>No, wait.</think> 6", "wrong", "tags in the order <think> </think> <think> </think>"),
        ("</think>5<think>", "wrong", "tags in the order </think> <think>"),
        ("", "no_answer", "no </think>"),
    ],
)
def test_forms(text, status, told):
    found = verify(Answer(text, None, text, "stop"), PROMPT)
    assert (found.status, found.extracted if status == "correct" else found.reason) == (status, told)


def test_an_opening_tag_in_the_prompt_counts():
    assert verify(Answer("I add them.</think> 5", "I add them.", "5", "stop"), PROMPT).status == "correct"


def test_being_cut_off_is_said():
    found = verify(Answer("<think>I add them, and", None, "<think>I add them, and", "length"), PROMPT)
    assert (found.status, found.reason) == ("no_answer", "no </think> (cut off)")
