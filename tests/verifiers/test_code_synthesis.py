"""Test cases made from generators, correct and wrong submissions."""

import json

import pytest

from curate.records import Answer, make_prompt
from curate.verifiers import code
from curate.verifiers.code_synthesis import Submission, _cover, synthesise

RIGHT = Submission("n = int(input())\nassert n >= 0\nprint(n * n)")
ALSO_RIGHT = Submission("n = int(input())\nassert n >= 0\nprint(sum(2 * i + 1 for i in range(n)))")
GENERATORS = ["print(0)", "print(2)", "print(7)", "print(-1)", "print('x')", "print(2)", "import os; os._exit(1)", "print(' ')", "print(1000)"]
WRONG = [Submission("print(int(input()) * 2)"), Submission("n = int(input())\nprint(n * n if n < 100 else 0)"), Submission("print(1 / 0)"), RIGHT]


def test_invalid_inputs_are_dropped_and_those_kept_that_break_wrong_submissions() -> None:
    made = synthesise(GENERATORS, [RIGHT, ALSO_RIGHT], WRONG)
    assert made.dropped == {"generator failed": 1, "empty input": 1, "duplicate input": 1, "a correct submission failed": 2, "breaks no further wrong submission": 3}
    assert made.valid == 4
    assert made.test_cases == ({"type": "stdin_stdout", "input": "1000\n", "output": "1000000\n"},)
    assert (made.broken, made.unbroken) == ((0, 1, 2), (3,))
    text = f"```python\n{RIGHT.source}\n```"
    assert code.verify(Answer(text, None, text, "stop"), make_prompt("q", gold=made.gold(time_limit=2))).status == "correct"


def test_without_wrong_submissions_all_valid_inputs_are_kept() -> None:
    made = synthesise(GENERATORS, [RIGHT], [], most_tests=3)
    assert [json.loads(c["input"]) for c in made.test_cases] == [0, 2, 7]


def test_submissions_that_disagree_make_an_input_invalid() -> None:
    made = synthesise(["print(2)", "print(3)"], [RIGHT, WRONG[0]], [])
    assert (made.valid, made.dropped) == (1, {"correct submissions disagree": 1})


def test_without_a_correct_submission_nothing_is_right() -> None:
    with pytest.raises(ValueError, match="correct submission"):
        synthesise(["print(1)"], [], [])


def test_few_inputs_cover_what_all_cover() -> None:
    assert _cover([{1}, {1, 2}, {3}, {2, 3}, set()], 10) == [1, 2]
    assert _cover([], 10) == []
