"""Running code that a model wrote: in processes that can reach nothing, under limits, with an answer whatever the code does.

    script, binary, calls, tests    run one program (runs.py)
    compile_cpp                     make an executable (compiler.py)
    call                            run a trusted function on hostile arguments (trusted.py)
    tier, allow_unsafe              which sandbox holds on this machine, or that none is wanted (choice.py)

Programs are forked from a warm server (inside/server.py), which bubblewrap or Landlock confines (tiers.py, inside/confine.py). What leaves a program is plain data (inside/plain.py); whether it is
right is decided by the caller, outside. What it does not cover: flaws of the kernel, and what a program can learn from how long things take.
"""

from curate.sandbox.choice import allow_unsafe, tier
from curate.sandbox.compiler import CompileError, compile_cpp
from curate.sandbox.runs import binary, calls, close, script, tests
from curate.sandbox.supervisor import Ending, Limits
from curate.sandbox.trusted import CallFailed, call

__all__ = ["CallFailed", "CompileError", "Ending", "Limits", "allow_unsafe", "binary", "call", "calls", "close", "compile_cpp", "script", "tests", "tier"]
