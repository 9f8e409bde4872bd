"""Compiles C++ in the sandbox: the compiler is trusted, what it reads is not (`#include "/etc/passwd"`, templates without end, `.incbin "/dev/zero"`).

It runs like a program, but may start processes, which a compiler has to, and has a directory to write to. Its server is thrown away where it did not end by itself, and its processes with it.
"""

import os
import shutil
import tempfile
from contextlib import ExitStack

from curate.sandbox import choice
from curate.sandbox.runs import Kind, server, twice
from curate.sandbox.supervisor import Limits, Program, watch

LIMITS = Limits(cpu_seconds=30, idle_seconds=30, memory_bytes=2 << 30, output_bytes=64 << 20)
SCRIPT = "cat > program.cpp && g++ -std=c++17 -O2 -pipe -o program program.cpp && cat program"
LONGEST_COMPLAINT = 500  # characters


class CompileError(Exception):
    """The program does not compile; the text says what the compiler says."""


def available() -> bool:
    """Whether there is a compiler that programs in the sandbox can see."""
    found = shutil.which("g++", path="/usr/local/bin:/usr/bin:/bin")
    return found is not None


def compile_cpp(source: str) -> bytes:
    """The executable. Raises CompileError, NoSandbox or SandboxError."""

    def run() -> bytes:
        with ExitStack() as stack:
            one = server(Kind("compiler"))
            job = {"way": "compile", "profile": "compiler", "script": SCRIPT, "directory": None}
            if choice.tier().name != "namespaces":
                job["directory"] = stack.enter_context(tempfile.TemporaryDirectory())
                if one.uid is not None:
                    os.chown(job["directory"], one.uid, one.uid)
            program = Program(one, job, LIMITS, stdin=source.encode("utf-8", "replace"))
            try:
                watch([program], lambda _program, _line: None)
                ending = program.ending()
            finally:
                if program.stopped:
                    one.close()
        if ending.stopped or os.WIFSIGNALED(ending.status):
            raise CompileError("the compiler exceeded its limits")
        if ending.status != 0:
            lines = ending.errors.decode(errors="replace").splitlines()
            raise CompileError(next((line for line in lines if "error" in line), lines[-1] if lines else "no reason given")[:LONGEST_COMPLAINT])
        return ending.output

    return twice(run)
