"""Calling a trusted function on hostile arguments: `call("package.module:function", [argument, ...])`, in a confined process that is thrown away.

For scorers that evaluate what a model wrote. The function's module, and those in `preload`, are imported once in a warm server that sees the installed packages, read-only; each call is a fork of it. What
the argument does there reaches nothing and ends with the call.

What it does not cover: the result itself. Where the function evaluates its argument as Python, the argument runs in the process that writes the result, and can write another one: a caller must not take
such a result for more than the argument's word. Nor is the import of the modules confined by more than the sandbox around it: they are installed code, trusted like any other.
"""

import os
import signal
from collections.abc import Sequence
from typing import Any

from curate.sandbox.runs import Kind, parsed, server, twice
from curate.sandbox.supervisor import Limits, Program, watch


class CallFailed(Exception):
    """The call gave no result, for a reason that lies with its arguments. `kind`: "raised" (the function raised), "limit" (CPU time, idle time, memory, output) or "crash" (the process ended)."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def call(function: str, arguments: Sequence[Any], *, limits: Limits | None = None, preload: Sequence[str] = ()) -> Any:
    """The function's result as JSON gives it back. Arguments and result are JSON values. `preload`: further modules that the warm server imports, so that calls do not have to.

    Raises CallFailed where the call failed, NoSandbox or SandboxError where the sandbox did (after a second try with a fresh one).
    """
    limits = limits or Limits()
    kind = Kind("trusted", (function.partition(":")[0], *preload), packages=True)
    job = {"way": "function", "function": function, "arguments": list(arguments)}

    def run() -> Any:
        replies: list[Any] = []

        def heard(_program: Program, line: bytes) -> None:
            if not replies:
                replies.append(parsed(line))

        def complete() -> bool:
            match replies:
                case [["value", _] | ["raised", str(), str()] | ["memory"]]:
                    return True
            return False

        program = Program(server(kind), job, limits)
        watch([program], heard, complete)
        match replies:
            case [["value", value]]:
                return value
            case [["raised", str(name), str(text)]]:
                raise CallFailed("raised", text if text.startswith(name) else f"{name}: {text}")
            case [["memory"]]:
                raise CallFailed("limit", f"more than {limits.memory_bytes >> 20} MiB of memory")
        ending = program.ending()
        if ending.stopped:
            raise CallFailed("limit", f"no result: {ending.stopped} limit")
        if os.WIFSIGNALED(ending.status):
            number = os.WTERMSIG(ending.status)
            if number in (signal.SIGPROF, signal.SIGXCPU, signal.SIGKILL):
                raise CallFailed("limit", f"more than {limits.cpu_seconds:g} s of CPU time")
            raise CallFailed("crash", f"ended by {signal.Signals(number).name}")
        raise CallFailed("crash", f"ended without a result, exit status {os.waitstatus_to_exitcode(ending.status)}")

    return twice(run)
