"""Runs tests that are functions or classes, in the tester's process: those of unittest by unittest itself, those of pytest by what of pytest such tests use.

pytest itself collects, captures and rewrites far more than a function needs, and is not installed with us. Here are `raises`, `approx`, `mark.parametrize`, `fixture` (of the same text, once a test), `capsys`, `param`, `fail` and `skip`; other marks change
nothing. A skipped test passes.
"""

import contextlib
import functools
import inspect
import io
import itertools
import math
import re
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple


class Skipped(Exception):
    """A test that asks not to be run."""


class NoFixture(Exception):
    """A test asks for something of pytest that is not here."""


class Captured:
    """pytest's `capsys`: what is printed while the test runs."""

    def __init__(self) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()

    def readouterr(self) -> "Printed":
        """What was printed since the last time."""
        found = Printed(self.out.getvalue(), self.err.getvalue())
        for stream in (self.out, self.err):
            stream.seek(0)
            stream.truncate()
        return found


class Printed(NamedTuple):
    """The two streams."""

    out: str
    err: str


class Raised:
    """`pytest.raises` as a context manager; `value` is the exception."""

    def __init__(self, expected: Any, match: str | None = None) -> None:
        self.expected, self.match, self.value = expected, match, BaseException()

    def __enter__(self) -> "Raised":
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: object) -> bool:
        if error is None:
            raise AssertionError(f"did not raise {self.expected}")
        self.value = error
        if not isinstance(error, self.expected):
            return False
        if self.match is not None and not re.search(self.match, str(error)):
            raise AssertionError(f"{self.match!r} is not in {str(error)!r}")
        return True

    @property
    def type(self) -> Any:
        return type(self.value)


def raises(expected: Any, *call: Any, match: str | None = None, **named: Any) -> Raised:
    """A context, or where a function is given, what calling it raises."""
    context = Raised(expected, match)
    if call:
        with context:
            call[0](*call[1:], **named)
    return context


class Approx:
    """`pytest.approx`: numbers, and sequences and dicts of them, with its default tolerances."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, expected: Any, rel: float | None = None, abs: float | None = None, nan_ok: bool = False) -> None:  # pytest's names
        self.expected, self.nan_ok = expected, nan_ok
        self.rel, self.abs = rel, abs

    def __eq__(self, actual: object) -> bool:
        return self._close(actual, self.expected)

    def _close(self, actual: Any, expected: Any) -> bool:
        if isinstance(expected, dict):
            return (
                isinstance(actual, dict)
                and actual.keys() == expected.keys()
                and all(self._close(actual[k], v) for k, v in expected.items())
            )
        if isinstance(expected, list | tuple):
            return isinstance(actual, list | tuple) and len(actual) == len(expected) and all(map(self._close, actual, expected))
        if actual == expected:
            return True
        if not isinstance(expected, int | float | complex) or not isinstance(actual, int | float | complex) or isinstance(actual, bool):
            return False
        if isinstance(expected, float) and math.isnan(expected):
            return self.nan_ok and isinstance(actual, float) and math.isnan(actual)
        if abs(expected) == math.inf:
            return False
        absolute = 1e-12 if self.abs is None else self.abs
        relative = 1e-6 if self.rel is None and self.abs is None else self.rel or 0.0
        return abs(actual - expected) <= max(absolute, relative * abs(expected))


class Case:
    """`pytest.param`."""

    def __init__(self, *values: Any, **_: Any) -> None:
        self.values = values


def parametrize(names: Any, values: Any, **_: Any) -> Callable[[Any], Any]:
    """Run the test with each of the values."""
    keys = [n.strip() for n in names.split(",")] if isinstance(names, str) else list(names)
    rows = []
    for value in values:
        given = value.values if isinstance(value, Case) else (value,) if len(keys) == 1 else tuple(value)
        rows.append(dict(zip(keys, given, strict=True)))

    def mark(test: Any) -> Any:
        test.__dict__.setdefault("_parametrized", []).append(rows)
        return test

    return mark


class Marks:
    """`pytest.mark`: all but `parametrize` and `skip` leave a test as it is."""

    parametrize = staticmethod(parametrize)

    def __getattr__(self, name: str) -> Any:
        def mark(*given: Any, **_: Any) -> Any:
            return given[0] if len(given) == 1 and callable(given[0]) else lambda test: test

        return mark


def fixture(function: Any = None, **_: Any) -> Any:
    """Mark a function whose value a test's parameter of that name gets."""
    if function is None:
        return fixture
    function._fixture = True
    return function


def skip(reason: str = "", **_: Any) -> None:
    raise Skipped(reason)


def fail(reason: str = "", **_: Any) -> None:
    raise AssertionError(reason)


def module() -> types.ModuleType:
    """What `import pytest` gives."""
    made = types.ModuleType("pytest")
    made.__dict__.update(raises=raises, approx=Approx, mark=Marks(), fixture=fixture, param=Case, skip=skip, fail=fail)
    return made


def _cases(test: Any) -> Iterator[dict[str, Any]]:
    for rows in itertools.product(*getattr(test, "_parametrized", ())):
        yield {name: value for row in rows for name, value in row.items()}


def _given(name: str, names: dict[str, Any], stack: contextlib.ExitStack) -> Any:
    """The value of a fixture; one that yields is ended with the test."""
    found: Any = names.get(name)
    if not getattr(found, "_fixture", False):
        if name == "capsys":
            captured = Captured()
            stack.enter_context(contextlib.redirect_stdout(captured.out))
            stack.enter_context(contextlib.redirect_stderr(captured.err))
            return captured
        raise NoFixture(f"there is no fixture {name} here")
    wanted = {n: _given(n, names, stack) for n in inspect.signature(found).parameters}
    value = found(**wanted)
    if inspect.isgenerator(value):
        stack.callback(lambda: next(value, None))
        return next(value)
    return value


def _call(test: Any, names: dict[str, Any]) -> None:
    for case in _cases(test):
        with contextlib.ExitStack() as stack:
            wanted = [p.name for p in inspect.signature(test).parameters.values() if p.default is p.empty and p.name not in case]
            made = test(**case, **{name: _given(name, names, stack) for name in wanted})
            if inspect.iscoroutine(made):
                import asyncio  # few tests need it

                asyncio.run(made)


def run(names: dict[str, Any], first: str, method: str | None = None) -> None:
    """Run the test function of that name, or the method of a class. Raises what fails it."""
    found = names[first]
    unittest = sys.modules.get("unittest")  # there if the tests use it
    skipped = (Skipped,) if unittest is None else (Skipped, unittest.SkipTest)
    with contextlib.suppress(*skipped):
        if method is None:
            _call(found, names)
        elif unittest is not None and issubclass(found, unittest.TestCase):
            found.setUpClass()
            try:
                found(method).debug()
            finally:
                found.tearDownClass()
        else:
            for case in _cases(getattr(found, method)):
                one = found()
                for name in ("setup_method", "setUp"):
                    if hasattr(one, name):
                        getattr(one, name)(*(None,) * len(inspect.signature(getattr(one, name)).parameters))
                        break
                _call(functools.partial(getattr(one, method), **case), names)
