"""The gold of a code problem, read from the shapes that data sets have. All are JSON objects; `language` is python (the default) or cpp.

    {"test_cases": [{"type": "stdin_stdout", "input": TEXT, "output": TEXT}, ...]}
    {"test_cases": [{"type": "function_call", "fn_name": NAME, "input": ARGUMENTS, "output": VALUE}, ...]}
    {"inputs": [TEXT, ...], "outputs": [TEXT, ...]}                            APPS, LiveCodeBench: stdin and stdout; a text may be a list of lines
    {"fn_name": NAME, "inputs": [ARGUMENTS, ...], "outputs": [VALUE, ...]}     the same for a function, or a method of LeetCode's `class Solution`
    {"entry_point": NAME, "tests": ["assert ...", ...]}                        MBPP; entry_point may be left out
    {"tests": "def test_...(): ..."}                                           pytest, unittest: functions and classes of tests; also under `test`
    {"entry_point": NAME, "test": "def check(candidate): ...", "prompt": TEXT} HumanEval; the prompt is what the response may continue

ARGUMENTS is a list, or text with one JSON value a line (LiveCodeBench); then VALUE is JSON text too. Where every expected value of APPS is a list of one, its only element will do as well, as in APPS.
Any of these may stand under `verification_info` or `input_output`, as an object or as JSON text. Also read: `time_limit` in seconds, `memory_limit` in MiB, both bounded; `solution` or
`canonical_solution`, which --audit judges.
"""

import ast
import json
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from curate.sandbox import Limits
from curate.verifiers.code_split import Assertion, Unsplittable, split
from curate.verifiers.code_suites import asserts, parts_of

SHORTEST_TIME, LONGEST_TIME, USUAL_TIME = 0.1, 60.0, 10.0  # seconds of CPU for one test
SMALLEST_MEMORY, LARGEST_MEMORY = 64, 4096  # MiB
MOST_TESTS = 10_000
LARGEST_GOLD = 256 << 20  # characters
SHORT_GOLD = 8192  # characters; a target takes some ten times as much memory as its gold

Kind = Literal["stdio", "values", "assertions", "tester"]


class Target(NamedTuple):
    """What a program is judged by. Which of the lists is filled goes with the kind:

    stdio: (stdin, stdout) pairs; values: (arguments, value) pairs; assertions: splittable ones, with the code that they are of in `parts`; tester: parts of test code, the last one defining check() where `check`.
    """

    language: str
    kind: Kind
    limits: Limits
    entry: str | None = None
    begun: str = ""
    cases: tuple[tuple[Any, Any], ...] = ()
    assertions: tuple[Assertion, ...] = ()
    parts: tuple[str, ...] = ()
    check: bool = False
    single: bool = False  # expected values are lists of one, and the element will do
    solution: str | None = None

    @property
    def total(self) -> int:
        return len(self.cases) or len(self.assertions) or len(self.parts)


class Malformed(Exception):
    """A gold that says nothing that could be judged; the text says why."""


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        if len(value) > LARGEST_GOLD:
            raise Malformed("the gold is too long")
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise Malformed("the gold is not JSON") from None
    if not isinstance(value, dict):
        raise Malformed("the gold is not a JSON object")
    return value


def _text(value: Any, what: str) -> str:
    if isinstance(value, list) and all(isinstance(v, str) for v in value):
        return "\n".join(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise Malformed(f"{what} is no text")
    return value


def _number(gold: dict[str, Any], name: str, usual: float, low: float, high: float) -> float:
    value = gold.get(name)
    if value is None:
        return usual
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise Malformed(f"{name} is no positive number")
    return min(max(float(value), low), high)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("an argument or a value is not JSON") from None


def _call_case(given: Any, expected: Any) -> tuple[Any, Any]:
    if isinstance(given, str):
        arguments = [_json(line) for line in given.split("\n") if line.strip()]
        return arguments, _json(expected) if isinstance(expected, str) else expected
    if not isinstance(given, list):
        raise Malformed("the arguments of a call are no list")
    return given, expected


def _cases(gold: dict[str, Any]) -> tuple[list[tuple[Any, Any]], str | None]:
    """Pairs of input and output, and the function's name for calls."""
    name = gold.get("fn_name") or gold.get("func_name") or None
    rows: list[tuple[Any, Any]] = []
    names = set()
    if "test_cases" in gold:
        cases = gold["test_cases"]
        if isinstance(cases, str):
            cases = _json(cases)
        if not isinstance(cases, list) or not all(isinstance(c, dict) and "input" in c and "output" in c for c in cases):
            raise Malformed('test_cases is no list of {"input", "output"}')
        for case in cases:
            kind = case.get("type") or case.get("testtype") or ""
            own = case.get("fn_name") or name if kind not in ("stdin_stdout", "stdin", "stdio") else None
            if kind in ("function_call", "functional") and not own:
                own = gold.get("entry_point")
                if not own:
                    raise Malformed("a function call without fn_name")
            elif kind not in ("", "stdin_stdout", "stdin", "stdio", "function_call", "functional"):
                raise Malformed(f"a test case of an unknown type: {str(kind)[:80]}")
            names.add(own)
            rows.append((case["input"], case["output"]))
    else:
        given, expected = gold["inputs"], gold.get("outputs")
        if not isinstance(given, list) or not isinstance(expected, list) or len(given) != len(expected):
            raise Malformed("inputs and outputs are no lists of the same length")
        names.add(name)
        rows = list(zip(given, expected, strict=True))
    if len(names) > 1:
        raise Malformed("test cases of several kinds")
    found = names.pop() if names else None
    if found is not None and not (isinstance(found, str) and found.isidentifier()):
        raise Malformed("fn_name is no name")
    return rows, found


def _statements(text: str) -> list[ast.stmt]:
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Malformed("the tests are no Python") from None


def _imports_only_math(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import) and all(a.name == "math" and a.asname is None for a in statement.names)


def _assertions(statements: list[ast.stmt], entry: str | None) -> tuple[Assertion, ...]:
    """All statements as assertions, which changes them; a statement without effect is left out. Raises Unsplittable."""
    found = []
    for statement in statements:
        if isinstance(statement, ast.Assert):
            if isinstance(statement.test, ast.Constant) and statement.test.value is True:
                continue
            found.append(split(statement.test, entry))
        elif not (
            _imports_only_math(statement)
            or isinstance(statement, ast.Pass)
            or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        ):
            raise Unsplittable(f"a {type(statement).__name__}")
    return tuple(found)


def _tested(gold: dict[str, Any], made: Target) -> Target:
    """A target with test code: split where all of it can be."""
    setup = [gold[name] for name in ("test_setup_code", "test_imports") if gold.get(name)]
    before = "\n".join(_text(part, "the tests' setup") for part in setup)
    if "tests" in gold or "test_list" in gold:
        tests = gold.get("tests", gold.get("test_list"))
        tests = [tests] if isinstance(tests, str) else tests
        if not isinstance(tests, list) or not all(isinstance(t, str) for t in tests):
            raise Malformed("tests is no list of texts")
        statements = whole = [s for t in tests for s in _statements(t)]
        parts, check = [part for t in tests for part in parts_of(t, _statements(t), before)], False
    else:
        text = _text(gold["test"], "test")
        top = whole = _statements(text)
        checks = [s for s in top if isinstance(s, ast.FunctionDef) and s.name == "check" and len(s.args.args) == 1]
        if checks and not made.entry:
            raise Malformed("a check() without entry_point")
        statements = checks[-1].body if checks and all(isinstance(s, ast.Assign) for s in top if s is not checks[-1]) else top
        parts, check = [f"{before}\n{text}"] if checks else parts_of(text, top, before), bool(checks)
    if not asserts(whole):
        raise Malformed("the tests assert nothing")
    try:
        made = made._replace(parts=tuple(parts), check=check)
        return made._replace(kind="assertions", assertions=_assertions(statements, made.entry))
    except Unsplittable:
        return made._replace(kind="tester")


def parse(gold: str | None) -> Target:
    """The target that a gold describes. The last ones are kept: the samples of one prompt are judged together, a trainer's come back in each epoch. Raises Malformed."""
    return (_short if len(gold or "") <= SHORT_GOLD else _long)(gold or "")


@lru_cache(maxsize=512)
def _short(gold: str) -> Target:
    return _target(gold)


@lru_cache(maxsize=32)
def _long(gold: str) -> Target:
    return _target(gold)


def _target(gold: str) -> Target:
    value = _object(gold)
    for name in ("verification_info", "input_output"):
        if name in value:
            value = {**value, **_object(value[name])}
    language = str(value.get("language") or "python").lower()
    language = {"python3": "python", "py": "python", "c++": "cpp", "cplusplus": "cpp", "c++17": "cpp", "c++20": "cpp"}.get(
        language, language
    )
    if language not in ("python", "cpp"):
        raise Malformed(f"the language {language[:40]!r} is neither python nor cpp")
    seconds = _number(value, "time_limit", USUAL_TIME, SHORTEST_TIME, LONGEST_TIME)
    memory = _number(value, "memory_limit", 1024, SMALLEST_MEMORY, LARGEST_MEMORY)
    solution = value.get("solution") or value.get("canonical_solution")
    entry, begun = value.get("entry_point") or None, value.get("prompt") or ""
    if isinstance(entry, str):
        entry = entry.strip().removeprefix(
            "Solution()."
        )  # as the sets of LeetCode's problems write it; a method of that class is found by its name
    if entry is not None and not (isinstance(entry, str) and entry.isidentifier()):
        raise Malformed("entry_point is no name")
    if not isinstance(begun, str):
        raise Malformed("prompt is no text")
    made = Target(
        language,
        "stdio",
        Limits(seconds, seconds, int(memory) << 20),
        entry,
        begun,
        solution=solution if isinstance(solution, str) else None,
    )
    if "test_cases" in value or "inputs" in value:
        rows, function = _cases(value)
        if function is None:
            made = made._replace(cases=tuple((_text(i, "an input"), _text(o, "an output")) for i, o in rows), entry=None, begun="")
        else:
            single = "inputs" in value and all(isinstance(o, list) and len(o) == 1 for _, o in rows)
            made = made._replace(kind="values", cases=tuple(_call_case(i, o) for i, o in rows), entry=function, single=single)
    elif "tests" in value or "test_list" in value or "test" in value:
        made = _tested(value, made)
    else:
        raise Malformed("the gold has neither test_cases, inputs, tests nor test")
    if not 0 < made.total <= MOST_TESTS:
        raise Malformed(f"the gold has {made.total} tests")
    if language == "cpp" and made.kind != "stdio":
        raise Malformed("a C++ program can only be judged by stdin and stdout")
    return made
