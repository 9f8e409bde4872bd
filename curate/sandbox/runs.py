"""Running programs: warm servers kept between runs, and one more try with a fresh server where the sandbox itself failed.

Each thread has its own servers, which die with it; so does a process after a fork. A server runs one program at a time, so nothing a program does can wait for, or meet, another one.
"""

import builtins
import json
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from curate.errors import SandboxError
from curate.sandbox import choice, tiers
from curate.sandbox.supervisor import Ending, Limits, Program, Server, watch

T = TypeVar("T")
CALLS_TOGETHER = 3  # all calls of one run may use this many times the CPU time of one


class Warm(threading.local):
    """This thread's servers, by what they were started with."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.servers: dict[Any, Server] = {}


_warm = Warm()


class Calls(NamedTuple):
    """What became of calls: for each, in order, ("value", JSON of `plain`) or ("error", text), up to the first that did not come back; then also how the program ended, which is not waited for where all came."""

    replies: list[tuple[str, str]]
    load_error: str
    ending: Ending | None


class Kind(NamedTuple):
    """What a server is started with. `role` keeps apart the servers of programs that run at the same time."""

    role: str = "program"
    preload: tuple[str, ...] = ()
    packages: bool = False


def server(kind: Kind) -> Server:
    """The warm server of this thread. Raises NoSandbox or SandboxError."""
    if _warm.pid != os.getpid():
        _warm.__init__()  # type: ignore[misc]  # the parent's servers are not ours
    tier = choice.tier()
    key = (tier, kind)
    found = _warm.servers.get(key)
    if found is None or not found.alive:
        if found is not None:
            found.close()
        found = _warm.servers[key] = tiers.start(tier, preload=kind.preload, packages=kind.packages)
    return found


def close() -> None:
    """End this thread's servers; the next run starts new ones."""
    for one in _warm.servers.values():
        one.close()
    _warm.servers.clear()


def twice(run: Callable[[], T]) -> T:
    """Once more, with fresh servers, where the sandbox itself failed."""
    try:
        return run()
    except SandboxError:
        close()
        return run()


def script(source: str, stdin: bytes, limits: Limits) -> Ending:
    """Run Python source as a script. Raises NoSandbox or SandboxError."""
    return _alone({"way": "script", "source": source}, limits, stdin=stdin)


def binary(program: bytes, stdin: bytes, limits: Limits) -> Ending:
    """Run a compiled program. Raises NoSandbox or SandboxError."""
    return _alone({"way": "binary", "profile": "binary"}, limits, stdin=stdin, binary=program)


def _alone(job: dict[str, Any], limits: Limits, **given: bytes) -> Ending:
    def run() -> Ending:
        program = Program(server(Kind()), job, limits, **given)
        watch([program], lambda _program, _line: None)
        return program.ending()

    return twice(run)


def calls(source: str, entry: str | None, expressions: Sequence[str | list[Any]], limits: Limits) -> Calls:
    """Run Python source as a module, then evaluate expressions in it, or call `entry` with lists of JSON values, each under `limits.cpu_seconds`; `entry` can also be called `candidate`. Raises NoSandbox or SandboxError."""
    whole = limits._replace(cpu_seconds=limits.cpu_seconds * min(CALLS_TOGETHER, max(1, len(expressions))))
    job = {"way": "calls", "source": source, "entry": entry, "calls": list(expressions), "seconds": limits.cpu_seconds}

    def run() -> Calls:
        replies: list[tuple[str, str]] = []
        load_error = ""

        def heard(_program: Program, line: bytes) -> None:
            nonlocal load_error
            reply = parsed(line)
            match reply:
                case ["load", str(text)]:
                    load_error = load_error or text
                case ["value" | "error" as kind, int(i), str(text)] if i == len(replies) < len(expressions):
                    replies.append((kind, text))

        program = Program(server(Kind()), job, whole)
        watch([program], heard, lambda: len(replies) == len(expressions))
        return Calls(replies, load_error, None if len(replies) == len(expressions) else program.ending())

    return twice(run)


def parsed(line: bytes) -> Any:
    try:
        return json.loads(line.decode())  # which spares json from guessing the encoding
    except (ValueError, RecursionError):
        return None


def _is_name(told: Any) -> bool:
    """Whether this is something that the program can call a name of its own (serving.described)."""
    match told:
        case [str(name), str(), _]:
            return name.isidentifier() and not name.startswith("__") and not hasattr(builtins, name)
    return False


class Tests(NamedTuple):
    """What became of test code: for each part None where it passed, else why not, up to the first that did not come back; then also how the program and the tester ended, where there was one. `unjudged`: parts that the program alone would decide."""

    outcomes: list[str | None]
    unjudged: set[int]
    load_error: str
    endings: list[Ending]


def with_tests(source: str, parts: Sequence[str], entry: str | None, limits: Limits, *, before: str = "", check: bool = False) -> Tests:
    """Run test code in one process and the program that it calls in another; questions and answers go between them by pipes that only they have. `before`: trusted code that the tests rely on; `check`: the last part defines `check(candidate)`, which is called. Raises NoSandbox or SandboxError."""
    whole = limits._replace(cpu_seconds=limits.cpu_seconds * CALLS_TOGETHER)

    def run() -> Tests:
        outcomes: list[str | None] = []
        unjudged: set[int] = set()
        load_error = ""
        tester: Program | None = None
        mine = server(Kind())
        questions, answers = os.pipe2(os.O_CLOEXEC), os.pipe2(os.O_CLOEXEC)
        kept = [questions[1], answers[0]]  # until there is a tester

        def heard(sender: Program, line: bytes) -> None:
            nonlocal load_error, tester
            reply = parsed(line)
            if sender is program:
                match reply:
                    case ["load", str(text)]:
                        load_error = load_error or text
                    case ["loaded", list(names)] if tester is None:
                        known = [n for n in names if _is_name(n)]
                        job = {"way": "tests", "parts": list(parts), "entry": entry, "names": known, "before": before, "check": check}
                        other, ends = server(Kind("tester", packages=True)), kept[::-1]
                        kept.clear()
                        tester = Program(other, job, whole, ends=ends)
                        programs.append(tester)
            else:
                match reply:
                    case ["passed", int(i)] if i == len(outcomes) < len(parts):
                        outcomes.append(None)
                    case ["failed" | "unjudged" as kind, int(i), str(text)] if i == len(outcomes) < len(parts):
                        outcomes.append(text)
                        if kind == "unjudged":
                            unjudged.add(i)

        try:
            job = {"way": "serve", "source": source, "seconds": limits.cpu_seconds}
            program = Program(mine, job, whole, ends=[questions[0], answers[1]])
            programs = [program]
            watch(programs, heard, lambda: len(outcomes) == len(parts))
        finally:
            for fd in kept:
                os.close(fd)
        return Tests(outcomes, unjudged, load_error, [] if len(outcomes) == len(parts) else [p.ending() for p in programs])

    return twice(run)
