"""Runs test code that cannot be split into calls and values: its process never holds the program, whose calls go out as plain data and are answered from another process (serving.py says how).

A stand-in for each function sends the arguments and waits. What the program changed in its arguments is changed in the tester's too (lists, dicts, sets, bytearrays), so tests of in-place work hold. Functions of the tests that the program gets
are called here, when it asks. An exception of the program arrives as the built-in of its name, or as a class that stands for the program's own, below the same built-in ones, else as ProgramError. Objects of the program's classes stay with the
program, and a Remote asks them (remote.py).

A part whose outcome would be the program's own word is unjudged, and one that was answered with what no runner answers has failed: both even where the tests catch the exception.

Departures from Python: StopIteration from a call is a ProgramError, since `map` and `zip` would take it for the end of the calls; it ends only an iterator of the program's. An assertion that fails in a function that the program
calls fails the test, whatever the program makes of it.
"""

import ast
import importlib
import json
import os
import sys
import types
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from curate.sandbox.inside import failures, plain, runner, suite
from curate.sandbox.inside.remote import Remote, of_class
from curate.sandbox.inside.serving import MODULES

LONGEST_ANSWER = 32 << 20  # bytes

How = Literal[
    "call", "read", "step"
]  # read: the answer holds until the next call; step: it changes from one time to the next, and changes nothing else


class Refusal(NamedTuple):
    """Why a part of the tests did not pass, whatever its code makes of it; `judged`: it has failed, else it cannot be told."""

    text: str
    judged: bool


class Program:
    """The program at the other end."""

    def __init__(self) -> None:
        self.answers = open(runner.CALLS, "rb", closefd=False)  # noqa: SIM115
        self.said: dict[str, Any] = {}  # what it answered since the last call
        self.given: dict[int, list[Any]] = {}  # the items of its containers since then
        self.remotes: dict[int, Remote] = {}
        self.kinds: dict[str, type[Remote]] = {}
        self.withheld: set[str] = set()
        self.callbacks: list[Callable[..., Any]] = []
        self.exceptions: dict[str, type[Exception]] = {}
        self.refused: Refusal | None = None
        self.asked = 0

    def find(self, number: int, kind: str = "") -> Any:
        """The object, or the function of the tests, of that number: one number is one object. `kind` is its class."""
        if number < 0:
            return self.callbacks[-1 - number]
        if number not in self.remotes:
            if kind not in self.kinds:
                self.kinds[kind] = of_class(kind)
            self.remotes[number] = self.kinds[kind](self, number)
        return self.remotes[number]

    def keep(self, value: Any) -> int:
        """The number of an object of the program, or of a function of the tests."""
        if isinstance(value, Remote):
            return value._number
        if not callable(value):
            raise plain.NotPlain(f"an object of type {type(value).__name__[:80]} cannot be handed to the program")
        at = next((i for i, known in enumerate(self.callbacks) if known is value), len(self.callbacks))
        self.callbacks[at:] = self.callbacks[at:] or [value]
        return -1 - at

    def refusal(self, text: str, *, judged: bool = True) -> plain.NotPlain:
        """An exception that counts even where the tests catch it."""
        if self.refused is None or judged:
            self.refused = Refusal(text, judged)
        return plain.NotPlain(text)

    def _written(self, value: Any) -> str:
        try:
            return plain.write(value, self.keep)
        except plain.NotPlain as error:
            raise self.refusal(str(error), judged=False) from None

    def call(self, wanted: Any, positional: tuple[Any, ...], named: dict[str, Any], how: How = "call") -> Any:
        """Call a function by name or an object of the program; of an object and a name, the attribute; with "call" behind them, call that; behind "", an operation by its name."""
        asked = self._written([wanted, list(positional), named])
        if how == "call":
            self._changed()
        answer = self.said.get(asked) if how == "read" else None
        if answer is None:
            answer = self._answer(asked)
            if how == "read":
                self.said[asked] = answer
        if answer[0] != "value":
            raise self._raised(*answer[1:])
        try:
            value, positional_after, named_after = plain.read(answer[1], self.find)
            pairs = [*zip(positional, positional_after, strict=True), *((named[key], after) for key, after in named_after.items())]
        except (plain.NotPlain, ValueError, TypeError, AttributeError, LookupError) as error:
            raise self.refusal(f"not what the runner answers: {type(error).__name__}") from None
        for before, after in pairs:
            plain.replace(before, after, self._differ)
        return value

    def _changed(self) -> None:
        """Something was called, so everything may have changed."""
        self.said.clear()
        self.given = {}

    def _answer(self, asked: str) -> list[Any]:
        """What the program answers: its kind, and a text or what is told of an error. What comes is not believed to be the runner's."""
        i, self.asked = self.asked, self.asked + 1
        self._send(asked)
        while True:
            line = self._line()
            try:
                answer = json.loads(line)
            except (ValueError, RecursionError):
                answer = None
            match answer:
                case ["value", at, str(), str(printed)] if at == i:
                    return self._heard(answer[0], answer[2:-1], printed)
                case ["error", at, str(), str(), str(), str(), int(), str(printed)] if at == i:
                    return self._heard(answer[0], answer[2:-1], printed)
                case ["callback", int(number), str(given)] if -len(self.callbacks) <= number < 0:
                    self._changed()
                    self._send(self._called(self.callbacks[-1 - number], given))
                case _:
                    raise self.refusal("not an answer to what was asked")

    def _heard(self, kind: str, told: list[Any], printed: str) -> list[Any]:
        """An answer, once what the program printed is printed here, where tests may look for it."""
        if printed:
            sys.stdout.write(printed)
        return [kind, *told]

    def _send(self, line: str) -> None:
        try:
            runner.send(line, runner.ANSWERS)
        except BrokenPipeError:
            os._exit(3)  # the program is gone; the supervisor knows why

    def _line(self) -> bytes:
        line = self.answers.readline(LONGEST_ANSWER)
        if not line:
            os._exit(3)
        if not line.endswith(b"\n"):
            raise self.refusal("an answer that is too long")
        return line

    def _called(self, function: Callable[..., Any], given: str) -> str:
        """Call a function of the tests for the program, and say what became of it."""
        try:
            positional, named = plain.read(given, self.find)
            value = function(*positional, **named)
            return self._written(("returned", value, positional, named))
        except BaseException as error:
            if isinstance(error, AssertionError):
                self.refusal(f"AssertionError: {error}")
            return self._written(("raised", *failures.told(error)))

    def _raised(self, name: str, text: str, arguments: str, own: str, number: int) -> Exception:
        error = failures.made(name, text, arguments)
        error.__dict__["_of_the_program"] = True
        kind = self.exceptions.get(own)
        if kind is not None and not isinstance(error, failures.Stopped):
            error = kind.__new__(kind)
            error.args = (text,)
            error.__dict__.update(_text=text, _of_the_program=True)
        if (kind is not None or type(error) is failures.ProgramError) and number >= 0:
            error.__dict__["_remote"] = self.find(number)
        return error

    def _differ(self, mine: Any, theirs: Any) -> bool:
        refused = self.refused
        try:
            return bool(mine != theirs)
        except plain.NotPlain:  # they hold objects of the program
            self.refused = refused
            return True

    def stand_in(self, name: str) -> Callable[..., Any]:
        """A function that calls the program's of that name."""

        def function(*positional: Any, **named: Any) -> Any:
            return self.call(name, positional, named)

        function.__name__ = function.__qualname__ = name
        return function

    def named(self, name: str, kind: str, what: Any) -> Any:
        """What stands for one of the program's names (serving.described), which says so itself. Raises what a lie leads to."""
        if kind == "function":
            return self.stand_in(name)
        if kind == "exception":
            self.exceptions[name] = found = failures.kind_of(name, [str(n) for n in what], self.exceptions)
            return found
        if kind == "value":
            return plain.read(what, self.find)
        if kind == "withheld":
            self.withheld.add(name)
            raise plain.NotPlain(f"the value of {name}")
        if what not in MODULES:
            raise plain.NotPlain(f"the module {what}")
        module = importlib.import_module(what)
        return module if kind == "module" else getattr(module, name)


def _as_modules(part: ast.Module, names: dict[str, Any]) -> None:
    """Let `from solution import add` find the program, whatever the tests call the file that it would be in."""
    for node in ast.walk(part):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            module = node.module
            wanted = any(alias.name in names or (alias.name == "*" and module == "solution") for alias in node.names)
        elif isinstance(node, ast.Import):
            module, wanted = node.names[0].name, node.names[0].name == "solution"
        else:
            continue
        if wanted and module not in sys.stdlib_module_names and module != "pytest":
            made = sys.modules.setdefault(module, types.ModuleType(module))
            made.__dict__.update(names)


def _excused(program: Program, error: BaseException) -> None:
    """Refuse to judge where the tests failed for what they cannot have here: a module, a name that stays with the program, or a change of the program's own process."""
    if error.__dict__.get("_of_the_program") and "unittest.mock" not in sys.modules and sys.stdin is sys.__stdin__:
        return
    if isinstance(error, ModuleNotFoundError):
        program.refusal(f"the tests need a module that is not there: {error.name}", judged=False)
    elif isinstance(error, suite.NoFixture):
        program.refusal(str(error), judged=False)
    elif isinstance(error, NameError) and error.name in program.withheld:
        program.refusal(f"the tests need the program's {error.name}, which may change", judged=False)
    elif "unittest.mock" in sys.modules or sys.stdin is not sys.__stdin__:
        program.refusal("the tests change what the program's process has, which is not theirs", judged=False)


def prepare(job: dict[str, Any]) -> Callable[[], None]:
    """As in `runner.WAYS`. The job says what the program's names are, and the entry point, which `candidate` is another name for. `before` is trusted code that tests rely on."""
    program = Program()
    names: dict[str, Any] = {"__name__": "tests"}
    names["__run_test__"] = lambda *test: suite.run(names, *test)
    sys.modules["pytest"] = suite.module()
    entry = job["entry"]
    for name, kind, what in job["names"]:
        try:
            names[name] = program.named(name, kind, what)
        except Exception:  # not what the runner says
            continue

    def start() -> None:
        runner.timer(job["cpu"])
        exec(compile(job["before"], "<before>", "exec", dont_inherit=True), names)  # noqa: S102  # the gold's
        if entry:
            own = names.get(entry)
            names[entry] = names["candidate"] = own if isinstance(own, Remote) else program.stand_in(entry)
        for i, part in enumerate(job["parts"]):
            program.refused = None
            failed = ""
            try:
                tree = ast.parse(part)
                _as_modules(tree, names)
                exec(compile(tree, "<tests>", "exec", dont_inherit=True), names)  # noqa: S102  # tests are the gold's, and confined too
                if job["check"] and i == len(job["parts"]) - 1:
                    names["check"](names["candidate"])
            except BaseException as error:
                failed = runner.cause_of(error)
                _excused(program, error)
            if not failed and not program.asked and i == len(job["parts"]) - 1:
                program.refusal("the tests never ask for anything of the program", judged=False)
            refused = program.refused
            if refused is not None:
                runner.send(["failed" if refused.judged else "unjudged", i, refused.text])
            else:
                runner.send(["failed", i, failed] if failed else ["passed", i])

    return start
