"""Runs test code that cannot be split into calls and values: its process never holds the program, whose calls go out as plain data and are answered from another process.

A stand-in for each function sends the arguments and waits. What the program changed in its arguments is changed in the tester's too (lists, dicts, sets, bytearrays), so tests of in-place work hold.
An exception of the program arrives as the built-in of its name, else as ProgramError. Objects of the program's classes stay with the program, and a stand-in asks them; what is true of them, and what
they are equal to or contain, they are not asked: that would be theirs to decide. `in` looks through the items that they give.

An object cannot give one answer now and another a moment later: what it said of an attribute, an item, its length or its items holds until the tests call something. The items that it gives are as many as
the length that it states. A test that asks what no object is asked has failed, even if it catches the exception.

Departures from Python: StopIteration from a call is a ProgramError, since `map` and `zip` would take it for the end of the calls; it ends only an iterator of the program's. An object of the program is
callable, sized and iterable for whoever only asks whether it is, and an instance of no class that the tests know.
"""

import builtins
import itertools
import json
import os
from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeVar

from curate.sandbox.inside import plain, runner

LONGEST_ANSWER = 32 << 20  # bytes


class ProgramError(Exception):
    """An exception of a class that the program defined."""


class Stopped(ProgramError):
    """The program's StopIteration."""


How = Literal[
    "call", "read", "step"
]  # read: the answer holds until the next call; step: it changes from one time to the next, and changes nothing else


class Remote:
    """An object of the program: its attributes, methods and items, as the program gives them."""

    def __init__(self, program: "Program", number: int) -> None:
        self.__dict__.update(_program=program, _number=number, _stopped=False)

    def __getattr__(self, name: str) -> Any:
        return self._program.call((self, name), (), {}, "read")

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("__setattr__", name, value, how="call")

    def _ask(self, name: str, *arguments: Any, how: How = "read") -> Any:
        """The answer of one of its methods."""
        return self._program.call((self, name, "call"), arguments, {}, how)

    def __call__(self, *positional: Any, **named: Any) -> Any:
        return self._program.call(self, positional, named)

    def __len__(self) -> int:
        try:
            return _exactly(int, self._ask("__len__"))
        except AttributeError as error:  # as Python has it: `list` asks, and goes on
            raise TypeError(str(error)) from None

    def __str__(self) -> str:
        return _exactly(str, self._ask("__str__"))

    def __repr__(self) -> str:
        return _exactly(str, self._ask("__repr__"))

    def __getitem__(self, key: Any) -> Any:
        return self._ask("__getitem__", key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._ask("__setitem__", key, value, how="call")

    def __delitem__(self, key: Any) -> None:
        self._ask("__delitem__", key, how="call")

    def __iter__(self) -> Iterator[Any]:
        try:
            self.__getattr__("__next__")
        except AttributeError:
            return self._items()
        return self._steps()

    def __next__(self) -> Any:
        if self._stopped:
            raise StopIteration
        try:
            return self._ask("__next__", how="step")
        except Stopped:
            self.__dict__["_stopped"] = True
            raise StopIteration from None

    def _steps(self) -> Iterator[Any]:
        """What an iterator of the program's still gives."""
        while True:
            try:
                item = self.__next__()
            except StopIteration:
                return
            yield item

    def _items(self) -> Iterator[Any]:
        """What a container of the program's gives: the same each time, until something is called, and as many as it says."""
        before = self._program.given.setdefault(self._number, [])
        try:
            stated = len(self)
        except TypeError:
            stated = None
        count = 0
        for count, item in enumerate(self._given(), 1):
            if count > len(before):
                before.append(item)
            if not _same(item, before[count - 1]) or (stated is not None and count > stated):
                break
            yield item
        else:
            if count == len(before) and stated in (None, count):
                return
        raise self._program.refusal("an object of the program gives other items than before, or not as many as it says")

    def _given(self) -> Iterator[Any]:
        try:
            given = self._ask("__iter__", how="step")
        except AttributeError:
            return self._indexed()
        if isinstance(given, Remote):
            return given._steps()
        if type(given) is not type(iter([])):
            raise TypeError(f"iter() returned non-iterator of type {type(given).__name__}")
        return given

    def _indexed(self) -> Iterator[Any]:
        for i in itertools.count():
            try:
                item = self[i]
            except IndexError:
                return
            yield item

    def __contains__(self, wanted: Any) -> bool:
        return any(wanted == item for item in self)

    def __bool__(self) -> bool:
        raise self._program.refusal("an object of the program is neither true nor false")

    def __eq__(self, other: object) -> bool:
        raise self._program.refusal("an object of the program is not compared")

    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__
    __hash__ = None  # type: ignore[assignment]


T = TypeVar("T")


def _exactly(kind: type[T], value: object) -> T:
    if type(value) is not kind:
        raise plain.NotPlain(f"{type(value).__name__} instead of {kind.__name__}")
    return value


def _same(one: Any, other: Any) -> bool:
    """Whether plain data is the same; true where it holds objects of the program."""
    try:
        return plain.write(one) == plain.write(other) or bool(one == other)
    except plain.NotPlain:
        return True


def _exception(name: str, text: str, arguments: str) -> Exception:
    """What an exception of the program is here: of the built-in class of that name, or the nearest above it that takes the arguments."""
    found = getattr(builtins, name, None)
    if found is StopIteration:
        return Stopped(text)
    if not (isinstance(found, type) and issubclass(found, Exception)):
        return ProgramError(f"{name}: {text}" if text else name)
    try:
        given = plain.read(arguments)
    except plain.NotPlain:
        given = (text,)
    for kind in found.__mro__:
        try:
            made = kind(*given)
        except TypeError:
            continue
        if isinstance(made, Exception):
            return made
    return ProgramError(f"{name}: {text}")


class Program:
    """The program at the other end."""

    def __init__(self) -> None:
        self.answers = open(runner.CALLS, "rb", closefd=False)  # noqa: SIM115
        self.said: dict[str, Any] = {}  # what it answered since the last call
        self.given: dict[int, list[Any]] = {}  # the items of its containers since then
        self.refused = ""
        self.asked = 0

    def find(self, number: int) -> Remote:
        return Remote(self, number)

    def refusal(self, text: str) -> plain.NotPlain:
        """An exception that counts even where the tests catch it."""
        self.refused = text
        return plain.NotPlain(text)

    def call(self, wanted: Any, positional: tuple[Any, ...], named: dict[str, Any], how: How = "call") -> Any:
        """Call a function by name or an object of the program; of an object and a name, the attribute; with "call" behind them, call that."""
        asked = plain.write([wanted, list(positional), named], lambda value: _exactly(Remote, value)._number)
        if how == "call":
            self.said.clear()
            self.given = {}
        answer = self.said.get(asked) if how == "read" else None
        if answer is None:
            answer = self._answer(asked)
            if how == "read":
                self.said[asked] = answer
        if answer[0] != "value":
            raise _exception(*answer[1:])
        try:
            value, positional_after, named_after = plain.read(answer[1], self.find)
            pairs = [*zip(positional, positional_after, strict=True), *((named[key], after) for key, after in named_after.items())]
        except (plain.NotPlain, ValueError, TypeError, AttributeError, KeyError) as error:
            raise self.refusal(f"not what the runner answers: {type(error).__name__}") from None
        for before, after in pairs:
            self._replace(before, after)
        return value

    def _answer(self, asked: str) -> list[str]:
        """What the program answers: its kind, and one text or three. What comes is not believed to be the runner's."""
        try:
            runner.send(asked, runner.ANSWERS)
            line = self.answers.readline(LONGEST_ANSWER)
        except BrokenPipeError:
            line = b""
        if not line:
            os._exit(3)  # the program is gone; the supervisor knows why
        i, self.asked = self.asked, self.asked + 1
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            answer = None
        match answer:
            case ["value", at, str()] | ["error", at, str(), str(), str()] if at == i and line.endswith(b"\n"):
                return [answer[0], *answer[2:]]
        raise self.refusal("not an answer to what was asked")

    def _replace(self, mine: Any, theirs: Any) -> None:
        if type(mine) is type(theirs) and isinstance(mine, list | bytearray | dict | set) and self._differ(mine, theirs):
            if isinstance(mine, list | bytearray):
                mine[:] = theirs
            elif isinstance(mine, dict | set):
                mine.clear()
                mine.update(theirs)

    def _differ(self, mine: Any, theirs: Any) -> bool:
        refused = self.refused
        try:
            return bool(mine != theirs)
        except plain.NotPlain:  # they hold objects of the program
            self.refused = refused
            return True

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
            program.refused = ""
            try:
                exec(compile(part, "<tests>", "exec", dont_inherit=True), names)  # noqa: S102  # tests are the gold's, and confined too
                if job["check"] and i == len(job["parts"]) - 1:
                    names["check"](names["candidate"])
                runner.send(["failed", i, program.refused] if program.refused else ["passed", i])
            except BaseException as error:
                runner.send(["failed", i, runner.cause_of(error)])

    return start
