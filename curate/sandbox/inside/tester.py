"""Runs test code that cannot be split into calls and values: its process never holds the program, whose calls go out as plain data and are answered from another process.

A stand-in for each function sends the arguments and waits. What the program changed in its arguments is changed in the tester's too (lists, dicts, sets, bytearrays), so tests of in-place work hold.
An exception of the program arrives as the built-in of its name, else as ProgramError. Objects that are not plain data do not cross: such a test fails, and the reason says why.
"""

import builtins
import json
import os
from collections.abc import Callable
from typing import Any

from curate.sandbox.inside import plain, runner


class ProgramError(Exception):
    """An exception of a class that the program defined."""


def _replace(mine: Any, theirs: Any) -> None:
    if type(mine) is type(theirs) and mine != theirs:
        if isinstance(mine, list | bytearray):
            mine[:] = theirs
        elif isinstance(mine, dict | set):
            mine.clear()
            mine.update(theirs)


class Program:
    """The program at the other end."""

    def __init__(self) -> None:
        self.answers = open(runner.CALLS, "rb", closefd=False)  # noqa: SIM115

    def call(self, name: str, positional: tuple[Any, ...], named: dict[str, Any]) -> Any:
        runner.send(["call", plain.write([name, list(positional), named])])
        line = self.answers.readline()
        if not line:
            os._exit(3)  # the program is gone; the supervisor knows why
        kind, *rest = json.loads(line)
        if kind == "value":
            value, positional_after, named_after = plain.read(rest[0])
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
