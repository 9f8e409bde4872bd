"""Runs test code that cannot be split into calls and values: its process never holds the program, whose calls go out as plain data and are answered from another process.

A stand-in for each function sends the arguments and waits. What the program changed in its arguments is changed in the tester's too (lists, dicts, sets, bytearrays), so tests of in-place work hold.
An exception of the program arrives as the built-in of its name, else as ProgramError. Objects of the program's classes stay with the program, and a stand-in asks them; what is true of them, and what
they are equal to or contain, they are not asked: that would be theirs to decide. `in` looks through the items that they give.
"""

import builtins
import json
import os
from collections.abc import Callable
from typing import Any, TypeVar

from curate.sandbox.inside import plain, runner


class ProgramError(Exception):
    """An exception of a class that the program defined."""


def _replace(mine: Any, theirs: Any) -> None:
    if type(mine) is type(theirs) and isinstance(mine, list | bytearray | dict | set) and _differ(mine, theirs):
        if isinstance(mine, list | bytearray):
            mine[:] = theirs
        elif isinstance(mine, dict | set):
            mine.clear()
            mine.update(theirs)


def _differ(mine: Any, theirs: Any) -> bool:
    try:
        return bool(mine != theirs)
    except plain.NotPlain:  # they hold objects of the program
        return True


class Remote:
    """An object of the program: its attributes, methods and items, as the program gives them."""

    def __init__(self, program: "Program", number: int) -> None:
        self.__dict__.update(_program=program, _number=number)

    def __getattr__(self, name: str) -> Any:
        return self._program.call((self, name), (), {})

    def __call__(self, *positional: Any, **named: Any) -> Any:
        return self._program.call(self, positional, named)

    def __len__(self) -> int:
        return _exactly(int, self.__getattr__("__len__")())

    def __str__(self) -> str:
        return _exactly(str, self.__getattr__("__str__")())

    def __repr__(self) -> str:
        return _exactly(str, self.__getattr__("__repr__")())

    def __getitem__(self, key: Any) -> Any:
        return self.__getattr__("__getitem__")(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.__getattr__("__setitem__")(key, value)

    def __iter__(self) -> Any:
        return self.__getattr__("__iter__")()

    def __next__(self) -> Any:
        return self.__getattr__("__next__")()

    def __bool__(self) -> bool:
        raise plain.NotPlain("an object of the program is neither true nor false")

    def __eq__(self, other: object) -> bool:
        raise plain.NotPlain("an object of the program is not compared")

    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__
    __hash__ = None  # type: ignore[assignment]


T = TypeVar("T")


def _exactly(kind: type[T], value: object) -> T:
    if type(value) is not kind:
        raise plain.NotPlain(f"{type(value).__name__} instead of {kind.__name__}")
    return value


class Program:
    """The program at the other end."""

    def __init__(self) -> None:
        self.answers = open(runner.CALLS, "rb", closefd=False)  # noqa: SIM115

    def find(self, number: int) -> Remote:
        return Remote(self, number)

    def call(self, wanted: Any, positional: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Call a function by name or an object of the program; of a pair, an object and a name, the attribute."""
        runner.send(["call", plain.write([wanted, list(positional), named], lambda value: _exactly(Remote, value)._number)])
        line = self.answers.readline()
        if not line:
            os._exit(3)  # the program is gone; the supervisor knows why
        kind, *rest = json.loads(line)
        if kind == "value":
            value, positional_after, named_after = plain.read(rest[0], self.find)
            for before, after in zip(positional, positional_after, strict=False):
                _replace(before, after)
            for key, after in named_after.items():
                _replace(named.get(key), after)
            return value
        error, text = rest
        found = getattr(builtins, error, None)
        raise found(text) if isinstance(found, type) and issubclass(found, Exception) else ProgramError(f"{error}: {text}")

    def stand_in(self, name: str) -> Callable[..., Any]:
        def function(*positional: Any, **named: Any) -> Any:
            return self.call(name, positional, named)

        function.__name__ = function.__qualname__ = name
        return function


def prepare(job: dict[str, Any]) -> Callable[[], None]:
    """As in `runner.WAYS`. The job names the functions to stand in for, and the entry point, which `candidate` is another name for. `before` is trusted code that tests rely on."""
    program = Program()
    names: dict[str, Any] = {"__name__": "tests"}
    entry = job["entry"]
    for name in job["names"]:
        names[name] = program.stand_in(name)

    def start() -> None:
        runner.timer(job["cpu"])
        exec(compile(job["before"], "<before>", "exec", dont_inherit=True), names)  # noqa: S102  # the gold's
        if entry:
            names[entry] = names["candidate"] = program.stand_in(entry)
        for i, part in enumerate(job["parts"]):
            try:
                exec(compile(part, "<tests>", "exec", dont_inherit=True), names)  # noqa: S102  # tests are the gold's, and confined too
                if job["check"] and i == len(job["parts"]) - 1:
                    names["check"](names["candidate"])
                runner.send(["passed", i])
            except BaseException as error:
                runner.send(["failed", i, runner.cause_of(error)])

    return start
