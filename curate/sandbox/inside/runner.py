"""Runs one program in a confined process, in one of these ways:

    script     as a script, with stdin and stdout
    calls      as a module, then evaluates expressions that call it; each value goes out as plain data
    serve      as a module, then calls its functions as asked, until nobody asks
    tests      trusted test code, whose calls of the program are answered by another process
    function   a trusted function of an installed module, on hostile arguments
    binary     a compiled program, by exec
    compile    the compiler, by exec

Everything here shares a process with the hostile program and may be rewritten by it. That gains it nothing: what it would have to write are the right answers, and those it was not given.
"""

import atexit
import contextlib
import importlib
import json
import os
import signal
import sys
import threading
import traceback
import types
from collections.abc import Callable
from typing import Any

from curate.sandbox.inside import plain
from curate.sandbox.inside.confine import SLACK

RESULTS, CALLS, ANSWERS = (
    3,
    4,
    5,
)  # behind the results: what is read, an executable or the other side's lines, and what goes to the other side
LONGEST_CAUSE = 300  # characters of an error's text


def send(value: Any, to: int = RESULTS) -> None:
    line = memoryview(json.dumps(value).encode() + b"\n")
    while line:
        line = line[os.write(to, line) :]


def cause_of(error: BaseException) -> str:
    try:
        text = f"{type(error).__name__}: {error}"
    except BaseException:  # its text is the program's code too
        text = type(error).__name__
    return text[:LONGEST_CAUSE]


def timer(seconds: float) -> None:
    """End this process by SIGPROF after so many seconds of CPU time. A program can switch it off; then the hard limit ends it."""
    signal.setitimer(signal.ITIMER_PROF, seconds * SLACK)


def said_all() -> None:
    """Close the results: whoever waits for them need not wait for the end of this process as well."""
    with contextlib.suppress(OSError):
        os.close(RESULTS)


def _module(source: str, name: str) -> dict[str, Any]:
    """Run the source as the module `name` and give its names."""
    module = types.ModuleType(name)
    sys.modules[name] = module
    exec(compile(source, "<program>", "exec", dont_inherit=True), module.__dict__)  # noqa: S102  # this is what the sandbox is for
    return module.__dict__


def _finish(status: int) -> None:
    """End as the interpreter would after a script, without the cost of taking it down."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        status = status or 1
    os._exit(status & 0xFF)


def _script(job: dict[str, Any]) -> Callable[[], None]:
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]

    def start() -> None:
        os.close(RESULTS)
        timer(job["cpu"])
        status = 0
        try:
            _module(job["source"], "__main__")
        except SystemExit as error:
            status = 0 if error.code is None else error.code if isinstance(error.code, int) else 1
        except BaseException:
            traceback.print_exc()
            status = 1
        _finish(status)

    return start


def _calls(job: dict[str, Any]) -> Callable[[], None]:
    entry = job["entry"]
    codes = [compile(asked, "<test>", "eval", dont_inherit=True) if isinstance(asked, str) else asked for asked in job["calls"]]

    def start() -> None:
        timer(job["seconds"])
        try:
            names = _module(job["source"], "solution")
            if entry is not None:
                names["candidate"] = eval(entry, names)  # noqa: S307
        except BaseException as error:
            send(["load", cause_of(error)])
            os._exit(1)
        for i, code in enumerate(codes):
            timer(job["seconds"])
            try:
                value = eval(entry, names)(*code) if isinstance(code, list) else eval(code, names)  # noqa: S307
                reply = ["value", i, plain.write(value)]
            except BaseException as error:
                reply = ["error", i, cause_of(error)]
            send(reply)
        said_all()

    return start


def _told(error: BaseException) -> tuple[str, str, str]:
    """The nearest built-in class of an exception, or its own where that is only Exception; its text; its arguments as plain data, or nothing where they are not."""
    kind = type(error)
    name, text, arguments = kind.__name__, "", ""
    with contextlib.suppress(BaseException):  # what follows is the program's code, too
        nearest = next(c.__name__ for c in kind.__mro__ if c.__module__ == "builtins")
        name = name if nearest in ("Exception", "BaseException") else nearest
        text = str(error)[:LONGEST_CAUSE]
        if kind.__module__ == "builtins":
            arguments = plain.write(error.args)
    return name, text, arguments


def _serve(job: dict[str, Any]) -> Callable[[], None]:
    asked = open(CALLS, "rb", closefd=False)  # noqa: SIM115

    def start() -> None:
        timer(job["seconds"])
        try:
            names = _module(job["source"], "solution")
        except BaseException as error:
            send(["load", cause_of(error)])
            os._exit(1)
        send(["loaded", sorted(k for k, v in names.items() if callable(v) and not k.startswith("__"))])
        objects: list[Any] = []  # of the program's classes, which stay here: the other side knows their numbers

        def keep(value: Any) -> int:
            objects.append(value)
            return len(objects) - 1

        for i, line in enumerate(asked):
            timer(job["seconds"])
            try:
                line = json.loads(line)
                wanted, positional, named = plain.read(line, objects.__getitem__)
                if isinstance(wanted, tuple):
                    wanted, name, *call = wanted
                    value = getattr(wanted, name)(*positional) if call else getattr(wanted, name)
                else:
                    value = (eval(wanted, names) if isinstance(wanted, str) else wanted)(*positional, **named)  # noqa: S307
                reply = [
                    "value",
                    i,
                    plain.write([value, positional, named], keep),
                ]  # with the arguments, which it may have changed in place
            except BaseException as error:
                reply = ["error", i, *_told(error)]
            send(reply, ANSWERS)

    return start


def _function(job: dict[str, Any]) -> Callable[[], None]:
    module, _, name = job["function"].partition(":")
    function = getattr(importlib.import_module(module), name)

    def start() -> None:
        timer(job["cpu"])
        try:
            send(["value", function(*job["arguments"])])
        except MemoryError:
            send(["memory"])
        except BaseException as error:
            send(["raised", type(error).__name__, cause_of(error)])
        said_all()

    return start


def _binary(job: dict[str, Any]) -> Callable[[], None]:
    def start() -> None:
        timer(job["cpu"])
        try:
            os.execve(CALLS, ["program"], dict(os.environ))
        except OSError:
            os._exit(127)

    return start


def _compile(job: dict[str, Any]) -> Callable[[], None]:
    def start() -> None:
        try:
            os.execve("/bin/sh", ["sh", "-c", job["script"]], {**os.environ, "TMPDIR": os.getcwd()})
        except OSError:
            os._exit(127)

    return start


WAYS = {"compile": _compile, "script": _script, "calls": _calls, "serve": _serve, "function": _function, "binary": _binary}
"""What starts a program, by name: each does what needs more powers than the program has, and returns the rest."""
