"""Test code that only defines its tests, as pytest and unittest have them: which functions and methods are to be run.

`def test_...` and the methods `test...` of classes are tests of their own, each a part of the target, run by `__run_test__` in the tester's process (curate/sandbox/inside/suite.py), since nothing else would call them: test code that is only
executed would pass whatever the program does. What the code calls itself is left to it. A block under `if __name__ == "__main__"` is what starts the tests elsewhere: it is run where there are no such tests, and else left out.
"""

import ast
from collections.abc import Sequence

_ASSERTING = ("assert", "raises", "fail")  # what a call's name begins with that can fail a test


def asserts(statements: Sequence[ast.stmt]) -> bool:
    """Whether anything in the code could fail a test."""
    for node in (n for s in statements for n in ast.walk(s)):
        if isinstance(node, ast.Assert | ast.Raise):
            return True
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
            if name.startswith(_ASSERTING):
                return True
    return False


def parts_of(text: str, statements: Sequence[ast.stmt], before: str) -> list[str]:
    """The parts of test code, which is `text` and has these statements; one where it defines no tests. `before` goes ahead of it."""
    main = [s for s in statements if _is_main(s)]
    called = {
        n.func.id
        for s in statements
        if isinstance(s, ast.Expr)
        for n in ast.walk(s)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }
    tests: list[tuple[str, ...]] = []
    for s in statements:
        if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef) and s.name.startswith("test") and s.name not in called:
            tests.append((s.name,))
        elif isinstance(s, ast.ClassDef) and (s.name.startswith("Test") or any("TestCase" in ast.unparse(b) for b in s.bases)):
            tests += [
                (s.name, m.name) for m in s.body if isinstance(m, ast.FunctionDef | ast.AsyncFunctionDef) and m.name.startswith("test")
            ]
    if main:
        kept: list[ast.stmt] = []
        for s in statements:
            kept += [s] if not isinstance(s, ast.If) or s not in main else [] if tests else s.body
        text = ast.unparse(ast.Module(kept, []))
    start = f"{before}\n{text}" if before else text
    runs = [f"__run_test__({', '.join(map(repr, test))})" for test in tests]
    return [f"{start}\n{runs[0]}", *runs[1:]] if runs else [start]


def _is_main(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and ast.unparse(statement.test) in ("__name__ == '__main__'", "'__main__' == __name__")
