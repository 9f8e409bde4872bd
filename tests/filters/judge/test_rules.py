"""What is decided before a judge is asked."""

import pytest

from curate.filters.judge.rules import LONGEST, OPENERS, Ruled, before, empty
from curate.filters.judge.tasks import CHAIN_TASKS, CORRECTNESS, Item, quality


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "blank"),
        (" \n\t\u3000", "blank"),
        ("\u200b\ufeff", "blank"),
        ("\\boxed{}", "blank"),
        ("<answer></answer>", "blank"),
        (":", "one_symbol"),
        ("." * 1000, "one_symbol"),
        ("$$", "one_symbol"),
        ("**", "one_symbol"),
        ("Thought process:", "opener_only"),
        ("Let's solve this problem step by step.", "opener_only"),
        ("Let’s think step-by-step!", "opener_only"),
        ("**Solution:**", "opener_only"),
        ("## Solution\n\nAnswer:", "opener_only"),
        ("解", "opener_only"),
        ("かいせつ", "opener_only"),
        ("Respuesta", "opener_only"),
        ("The final answer is \\boxed{}.", "opener_only"),
        ("Réponse : ", "opener_only"),
        ("42", None),
        ("B", None),
        ("∅", None),
        ("Answer: ∞", None),
        ("Yes.", None),
        ("Solution: 42", None),
        ("Wait, is it 7?", None),
        ("解：x = 2", None),
        ("好", None),
    ],
)
def test_what_says_nothing(text: str, why: str | None) -> None:
    assert empty(text) == why


@pytest.mark.parametrize(
    ("reference", "response", "expected"),
    [
        ("42", "", Ruled(True, "blank")),
        ("42", ":", Ruled(True, "one_symbol")),
        ("42", "42", None),
        ("-", "-", None),
        ("Answer", "The word is: Answer", None),
        ("Answer", "Answer.", None),
        ("-", "", Ruled(True, "blank")),
        (None, "42", Ruled(False, "no_reference")),
        (" ", "42", Ruled(False, "no_reference")),
        ("42", "x" * (LONGEST + 1), Ruled(False, "too_long")),
    ],
)
def test_correctness(reference: str | None, response: str, expected: Ruled | None) -> None:
    assert before(Item("s", "q", reference, response), CORRECTNESS) == expected


def test_a_missing_chain_has_no_verdict_and_an_empty_general_answer_fails() -> None:
    assert before(Item("s", "q", response="r"), CHAIN_TASKS["code_block"]) == Ruled(False, "no_chain")
    assert before(Item("s", "q", chain="so"), CHAIN_TASKS["code_block"]) is None
    assert before(Item("s", "q", response=" "), quality()) == Ruled(True, "blank")
    assert before(Item("s", "q", response="Yes"), quality()) is None


def test_every_opener_is_found_in_its_own_spelling() -> None:
    assert {opener for opener in OPENERS if empty(f"{opener}:") != "opener_only"} == set()
