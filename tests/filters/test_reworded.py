"""Rewordings, other numbers, other questions: what is told apart, and how well."""

import pyarrow as pa
import pytest

from curate.filters.reworded import Reworded
from curate.filters.shingles import blocks
from tests.filters.reworded_pairs import QUINTETS

QUESTIONS = [q.question for q in QUINTETS]


def found(prompts: list[str], questions: list[str] = QUESTIONS) -> set[tuple[int, int]]:
    reworded = Reworded(questions)
    return {(words.first + text, question) for words in blocks(pa.array(prompts)) for text, question, _ in reworded.found(words)}


def own(field: str) -> int:
    """How many of the pairs are found; a prompt that is taken for another question fails."""
    pairs = found([getattr(q, field) for q in QUINTETS])
    assert all(text == question for text, question in pairs)
    return len(pairs)


def test_the_question_itself_and_light_rewordings_are_found() -> None:
    assert own("question") == len(QUINTETS)
    assert own("light") == len(QUINTETS)


def test_most_questions_told_anew_are_found() -> None:
    assert own("heavy") >= 7


def test_another_question_about_the_same_is_not() -> None:
    assert own("unrelated") == 0


def test_with_other_numbers_it_is_another_question() -> None:
    numbered = [q for q in QUINTETS if any(c.isdigit() for c in q.question)]
    assert found([q.renumbered for q in numbered]) == set()


@pytest.mark.parametrize(
    ("question", "prompt"),
    [
        ("Which planet is the largest in the solar system?", "Which planet is the smallest in the solar system?"),
        ("What is the capital of France?", "What is the capital city of France?"),  # too short to tell
        ("", ""),
        ("1 2 3 4 5 6 7 8", "1 2 3 4 5 6 7 8 9 10 11"),
    ],
)
def test_what_says_too_little_is_left_alone(question: str, prompt: str) -> None:
    assert found([prompt], [question]) == set()


def test_no_question_and_no_prompt() -> None:
    assert found(["anything that is asked"], []) == set()
    assert found([""], QUESTIONS) == set()
