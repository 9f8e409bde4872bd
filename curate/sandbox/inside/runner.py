"""Runs one program in a confined process, in one of these ways:

    script     as a script, with stdin and stdout
    calls      as a module, then evaluates expressions that call it; each value goes out as plain data
    serve      as a module, then answers for its functions and objects, until nobody asks (serving.py)
    tests      trusted test code, whose calls of the program are answered by another process (tester.py)
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


def module(source: str, name: str) -> dict[str, Any]:
    """Run the source as the module `name` and give its names."""
    made = types.ModuleType(name)
    sys.modules[name] = made
    exec(compile(source, "<program>", "exec", dont_inherit=True), made.__dict__)  # noqa: S102  # this is what the sandbox is for
    return made.__dict__


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
            module(job["source"], "__main__")
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
            names = module(job["source"], "solution")
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


WAYS = {"compile": _compile, "script": _script, "calls": _calls, "function": _function, "binary": _binary}
"""What starts a program, by name: each does what needs more powers than the program has, and returns the rest."""
