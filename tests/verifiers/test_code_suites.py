"""Test code that only defines its tests, as pytest and unittest have them: they are run, and a wrong program fails them."""

import json

import pytest

from curate.records import Answer, Verdict, make_prompt
from curate.verifiers import code
from curate.verifiers.code_targets import Malformed, parse

RIGHT = """
class Empty(Exception):
    pass

class Stack:
    def __init__(self):
        self.items = []
    def push(self, x):
        self.items.append(x)
    def pop(self):
        if not self.items:
            raise Empty("nothing here")
        return self.items.pop()

def mean(xs):
    return sum(xs) / len(xs)
"""
WRONG = (
    RIGHT.replace("self.items.pop()", "self.items.pop(0)")
    .replace("/ len(xs)", "/ (len(xs) + 1)")
    .replace("raise Empty(", "raise ValueError(")
)

SUITES = {
    "functions": """
def test_mean():
    assert mean([1, 2, 3]) == 2

def test_stack():
    s = Stack()
    s.push(1)
    s.push(2)
    assert s.pop() == 2
""",
    "imports the program": """
from solution import Stack, mean
import solution

def test_mean():
    assert mean([1, 2]) == solution.mean([2, 1]) == 1.5
""",
    "imports the program by another name": """
from my_stack import Stack

def test_stack():
    s = Stack()
    s.push(1)
    s.push(2)
    assert s.pop() == 2
""",
    "pytest": """
import pytest
from solution import *

@pytest.fixture
def full():
    s = Stack()
    s.push("a")
    s.push("b")
    yield s

@pytest.mark.parametrize("xs, wanted", [([1, 3], 2), pytest.param([0.1, 0.2], pytest.approx(0.15), id="tenths")])
@pytest.mark.slow
def test_mean(xs, wanted):
    assert mean(xs) == wanted

def test_pop(full):
    assert full.pop() == "b"

def test_empty():
    with pytest.raises(Empty, match="nothing") as found:
        Stack().pop()
    assert "here" in str(found.value)
""",
    "a class": """
class TestStack:
    def setup_method(self):
        self.s = Stack()
        self.s.push(1)
        self.s.push(2)

    def test_pop(self):
        assert self.s.pop() == 2

    def helper(self):
        raise RuntimeError
""",
    "unittest": """
import unittest

class Checks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.xs = [2, 4]

    def setUp(self):
        self.s = Stack()

    def test_mean(self):
        self.assertAlmostEqual(mean(self.xs), 3)

    def test_empty(self):
        with self.assertRaises(Empty):
            self.s.pop()

if __name__ == "__main__":
    unittest.main()
""",
    "under main": """
if __name__ == "__main__":
    xs = [1, 3]
    assert mean(xs) == 2
""",
    "called by itself": """
def test_all():
    s = Stack()
    s.push(3)
    s.push(5)
    assert s.pop() == 5

test_all()
""",
}


def judge(tests: str, program: str, **gold: object) -> Verdict:
    response = f"```python\n{program}\n```"
    text = json.dumps({"tests": tests, "time_limit": 2, **gold})
    return code.verify(Answer(response, None, response, "stop"), make_prompt("q", verifier="code", gold=text))


@pytest.mark.parametrize("name", SUITES)
def test_tests_that_are_only_defined_are_run(name: str) -> None:
    right, wrong = judge(SUITES[name], RIGHT), judge(SUITES[name], WRONG)
    assert (right.status, wrong.status) == ("correct", "wrong"), (right, wrong)


@pytest.mark.parametrize(("name", "total"), [("functions", 2), ("pytest", 3), ("unittest", 2), ("under main", 1), ("called by itself", 1)])
def test_each_test_counts(name: str, total: int) -> None:
    assert parse(json.dumps({"tests": SUITES[name]})).total == total
    verdict = judge(SUITES[name], RIGHT)
    assert json.loads(verdict.detail or "")["passed"] == total


def test_one_failed_test_of_several_leaves_a_share() -> None:
    verdict = judge(SUITES["functions"], RIGHT.replace("/ len(xs)", "/ 1"))
    assert (verdict.status, verdict.score) == ("wrong", 0.5)


@pytest.mark.parametrize(
    ("tests", "reason"),
    [
        ("import tensorflow as tf\n\ndef test_mean():\n    assert tf.close(mean([1]), 1)", "a module that is not there: tensorflow"),
        ("def helper():\n    assert mean([1]) == 1", "never ask for anything of the program"),
        ("def test_nothing():\n    x = 1\n    assert x", "never ask for anything of the program"),
        (
            "import pytest\n\ndef test_skipped():\n    pytest.skip('not today')\n    assert mean([1]) == 1",
            "never ask for anything of the program",
        ),
    ],
)
def test_tests_that_test_nothing_here_judge_nothing(tests: str, reason: str) -> None:
    for program in (RIGHT, WRONG):
        verdict = judge(tests, program)
        assert verdict.status == "unverifiable", verdict
        assert reason in verdict.reason


def test_tests_may_use_packages_and_programs_that_need_one_are_not_wrong() -> None:
    tests = "import numpy as np\n\ndef test_mean():\n    assert np.allclose(mean([0.1, 0.2]), 0.15) and isinstance(mean([1]), float)"
    assert (judge(tests, RIGHT).status, judge(tests, WRONG).status) == ("correct", "wrong")
    for gold in ("assert mean([1, 3]) == 2", "x = mean([1, 3])\nassert x == 2"):
        for program in ("import numpy as np\n" + RIGHT, RIGHT.replace("return sum(xs)", "import numpy\n    return sum(xs)")):
            verdict = judge(gold, program)
            assert (verdict.status, verdict.reason) == ("unverifiable", "the program needs numpy, which the sandbox does not have")
    stdio = json.dumps({"inputs": ["1\n"], "outputs": ["1\n"]})
    response = "```python\nimport numpy as np\nprint(input())\n```"
    assert code.verify(Answer(response, None, response, "stop"), make_prompt("q", verifier="code", gold=stdio)).status == "unverifiable"


def test_a_module_that_the_program_lacks_is_the_programs_fault() -> None:
    late = RIGHT.replace("return sum(xs)", "import no_such_module\n    return sum(xs)")
    assert judge(SUITES["functions"], late).status == "wrong"


def test_a_suite_without_any_assertion_is_no_gold() -> None:
    with pytest.raises(Malformed, match="assert nothing"):
        parse(json.dumps({"tests": "def test_it():\n    mean([1])"}))


LEETCODE = """
class Solution:
    def twoSum(self, nums, target):
        seen = {}
        for i, n in enumerate(nums):
            if target - n in seen:
                return [seen[target - n], i]
            seen[n] = i
        return []
"""


@pytest.mark.parametrize("entry", ["Solution().twoSum", "twoSum"])
@pytest.mark.parametrize(
    "test",
    [
        "def check(candidate):\n    assert candidate(nums=[2, 7, 11], target=9) == [0, 1]\n    assert candidate(nums=[3, 3], target=6) == [0, 1]\n",
        "def check(candidate):\n    for target, wanted in ((9, [0, 1]), (13, [0, 2])):\n        assert candidate(nums=[2, 7, 11], target=target) == wanted\n",
    ],
)
def test_a_method_of_leetcodes_class_is_the_entry_point(entry: str, test: str) -> None:
    def verdict(program: str) -> str:
        response = f"```python\n{program}\n```"
        gold = json.dumps({"entry_point": entry, "test": test})
        return code.verify(Answer(response, None, response, "stop"), make_prompt("q", verifier="code", gold=gold)).status

    assert verdict(LEETCODE) == "correct"
    assert verdict(LEETCODE.replace("[seen[target - n], i]", "[i, seen[target - n]]")) == "wrong"
    assert verdict(LEETCODE.replace("twoSum", "two_sum")) == "wrong"
