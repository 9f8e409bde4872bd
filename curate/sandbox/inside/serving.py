"""Serves a program's functions and objects to tests that run in another process (tester.py): one question, one answer, and within it questions the other way where a function of the tests is called.

A line asked is [what, positional, named] as plain data; `what` is a function's name or expression, an object, (object, attribute), (object, method, "call") or ("", operation). An answer is ["value", i, [value, positional, named], printed], the arguments
as they are afterwards, or ["error", i, class, text, arguments, own class, object, printed]. In between may come ["callback", number, [positional, named]], which is answered by ("returned", value, positional, named) or ("raised", class, text, arguments).

Everything here shares a process with the hostile program and may be rewritten by it, as in runner.py.
"""

import collections
import copy
import io
import json
import operator
import os
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any

from curate.sandbox.inside import failures, plain, runner

# Modules that the tests may have from the program's own imports, since both are one file elsewhere. All of them are loaded before a program is (server.py).
MODULES = """
abc bisect cmath collections copy dataclasses datetime decimal enum fractions functools heapq itertools json math operator random re statistics string typing
""".split()  # noqa: SIM905
MOST_VALUES, LONGEST_VALUE = 2000, 1 << 16  # values and characters of a module's own constant
MOST_PRINTED = 1 << 20  # characters that one answer brings along
_DECIDES = "__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __bool__ __len__ __contains__ __iter__ __getitem__".split()  # noqa: SIM905


_CONTENTS: tuple[Any, ...] = (int, float, str, bytes, bytearray, tuple, list, dict, set, frozenset)


def _own(value: Any) -> list[str]:
    """Which of the methods that decide a test an object's class defines, beyond what every class has; and "content" where those are a built-in type's, which goes by its content."""
    kind = type(value)
    found = [name for name in _DECIDES if getattr(kind, name, None) not in (None, getattr(object, name, None))]
    base = next((b for b in _CONTENTS if isinstance(value, b)), None)
    if base is not None and all(
        getattr(kind, n, None) == getattr(base, n, None) for n in ("__eq__", "__ne__", "__lt__", "__gt__", "__hash__", "__bool__")
    ):
        found.append("content")
    return found


def _content(value: Any) -> Any:
    """What a subclass of a built-in type holds."""
    base = next(b for b in _CONTENTS if isinstance(value, b))
    return base(value)


def _left(value: Any, name: str, text: str, arguments: str) -> bool:
    """The end of a `with` block by an exception, or by none."""
    error = failures.made(name, text, arguments) if name else None
    return bool(value.__exit__(error and type(error), error, None))


def _awaited(coroutine: Any) -> Any:
    import asyncio  # few programs need it, and it makes every fork of the server slower

    return asyncio.run(coroutine)


def _refuse(text: str) -> None:
    raise plain.NotPlain(text)


_OPERATORS = """
add sub mul truediv floordiv mod pow matmul and_ or_ xor lshift rshift neg pos abs invert index
iadd isub imul itruediv ifloordiv imod ipow imatmul iand ior ixor ilshift irshift
""".split()  # noqa: SIM905
OPERATIONS: dict[str, Callable[..., Any]] = {
    "refuse": _refuse,
    "own": _own,
    "content": _content,
    "await": _awaited,
    "leave": _left,
    "isinstance": isinstance,
    "issubclass": issubclass,
    "iter": iter,
    "getitem": operator.getitem,
    "reversed": reversed,
    "format": format,
    "divmod": divmod,
    "round": round,
    "int": int,
    "float": float,
    "complex": complex,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{name: getattr(operator, name) for name in _OPERATORS},
}


def described(names: dict[str, Any], keep: plain.Keep) -> list[list[Any]]:
    """The program's names: functions, exceptions with the names of the classes above them, modules, what comes from one, and other values as plain data."""
    found: list[list[Any]] = []
    for name, value in list(names.items()):
        if name.startswith("__"):
            continue
        if isinstance(value, types.ModuleType):
            if value.__name__ in MODULES:
                found.append([name, "module", value.__name__])
            continue
        home = next((m for m in MODULES if getattr(sys.modules.get(m), name, found) is value), None)  # found: no value is that
        if home is not None:
            found.append([name, "from", home])
        elif isinstance(value, types.FunctionType):
            found.append([name, "function", ""])
        elif isinstance(value, type) and issubclass(value, Exception):
            found.append([name, "exception", [c.__name__ for c in value.__mro__[1:]]])
        else:
            found.append(_value(name, value, keep))
    return found


def _value(name: str, value: Any, keep: plain.Keep) -> list[Any]:
    """A name that is no function: what may change stays here, and what is no constant is not told."""
    try:
        if isinstance(value, list | dict | set | bytearray | collections.deque):
            return [name, "value", json.dumps(["o", keep(value), type(value).__name__])]
        text = plain.write(value, keep, lazy=True, most=MOST_VALUES)
        if len(text) <= LONGEST_VALUE and (name.isupper() or text.startswith('["o"') or value is None):
            return [name, "value", text]
    except BaseException:  # too much of it, or a class that cannot be looked at
        pass
    return [name, "withheld", ""]


class Server:
    """The program's side of a conversation."""

    def __init__(self, names: dict[str, Any], seconds: float, lines: Iterable[bytes]) -> None:
        self.names, self.seconds, self.lines = names, seconds, iter(lines)
        self.objects: list[Any] = []  # those of the program's classes stay here: the other side knows their numbers
        self.numbers: dict[int, int] = {}  # by identity, of objects that are kept and so keep it
        self.callbacks: dict[int, Callable[..., Any]] = {}
        self.asked = 0
        self.printed = io.BytesIO()  # since the last question
        sys.stdout = io.TextIOWrapper(self.printed, "utf-8", "surrogateescape", write_through=True)

    def keep(self, value: Any) -> int:
        if id(value) not in self.numbers:
            self.objects.append(value)
            self.numbers[id(value)] = len(self.objects) - 1
        return self.numbers[id(value)]

    def find(self, number: int, _kind: str = "") -> Any:
        if number >= 0:
            return self.objects[number]
        if number not in self.callbacks:
            self.callbacks[number] = self._callback(number)
            self.numbers[id(self.callbacks[number])] = number
        return self.callbacks[number]

    def heard(self) -> Any:
        """What the other side says next: a question as a list, what became of a callback as a tuple."""
        line = next(self.lines, b"")
        if not line:
            os._exit(0)
        try:
            return plain.read(json.loads(line), self.find)
        except plain.NotPlain as error:
            return [("", "refuse"), [str(error)], {}]

    def _callback(self, number: int) -> Callable[..., Any]:
        """A function of the tests."""

        def function(*positional: Any, **named: Any) -> Any:
            given = plain.write([positional, named], self.keep, lazy=True)
            runner.send(["callback", number, given], runner.ANSWERS)
            while isinstance(said := self.heard(), list):
                self.answer(said)
            if said[0] == "raised":
                raise failures.made(*said[1:])
            _, value, positional_after, named_after = said
            for before, after in [*zip(positional, positional_after, strict=True), *((named[k], v) for k, v in named_after.items())]:
                plain.replace(before, after, operator.ne)
            return value

        return function

    def answer(self, question: Any) -> None:
        """Answer one question."""
        i, self.asked = self.asked, self.asked + 1
        runner.timer(self.seconds)
        self.printed.seek(0)
        self.printed.truncate()
        try:
            wanted, positional, named = question
            value = self._function(wanted)(*positional, **named)
            reply = ["value", i, plain.write([value, positional, named], self.keep, lazy=True)]
        except BaseException as error:
            own = type(error).__name__ if self.names.get(type(error).__name__) is type(error) else ""
            reply = ["error", i, *failures.told(error), own, self.keep(error)]
        runner.send([*reply, self.printed.getvalue()[:MOST_PRINTED].decode(errors="replace")], runner.ANSWERS)

    def _function(self, wanted: Any) -> Callable[..., Any]:
        if isinstance(wanted, str):
            found: Callable[..., Any] = eval(wanted, self.names)  # noqa: S307
            return found
        if not isinstance(wanted, tuple):
            return wanted  # type: ignore[no-any-return]  # whatever it is, it is called
        first, name, *call = wanted
        if isinstance(first, str):
            return OPERATIONS[name]
        return getattr(first, name) if call else lambda: getattr(first, name)


def serve(job: dict[str, Any]) -> Callable[[], None]:
    """As in `runner.WAYS`: run the program as a module, then answer until nobody asks."""
    lines = open(runner.CALLS, "rb", closefd=False)  # noqa: SIM115

    def start() -> None:
        runner.timer(job["seconds"])
        try:
            names = runner.module(job["source"], "solution")
        except BaseException as error:
            runner.send(["load", runner.cause_of(error)])
            os._exit(1)
        server = Server(names, job["seconds"], lines)
        runner.send(["loaded", described(names, server.keep)])
        while True:
            server.answer(server.heard())

    return start
