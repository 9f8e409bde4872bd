"""Verifiers: pure functions (answer, prompt) -> Verdict, named in a table or by import path, run in processes that can be killed.

A verifier is a module with `VERSION` (text; changed whenever a verdict could change) and `verify`. One's own is named `package.module:function` or `file.py:function`; it is code
that will run on this machine, so one from a stranger deserves the same care as any program from a stranger.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from curate.errors import UsageError
from curate.imports import named
from curate.records import Answer, Prompt, Verdict

Verifier = Callable[[Answer, Prompt], Verdict]

BUILT_IN = {
    "choice": "curate.verifiers.choice:verify",
    "code": "curate.verifiers.code:verify",
    "format": "curate.verifiers.format:verify",
    "ifeval": "curate.verifiers.ifeval:verify",
    "language": "curate.verifiers.language:verify",
    "logic": "curate.verifiers.logic:verify",
    "math": "curate.verifiers.math:verify",
    "summary": "curate.verifiers.summary:verify",
}


def resolve(name: str) -> tuple[Verifier, str]:
    """The verifier of that name or import path, and the version of its rules: its module's VERSION, else a hash of its source file, so that an edited verifier is another one.

    Raises UsageError where there is none or its module cannot be loaded.
    """
    if name not in BUILT_IN and ":" not in name:
        raise UsageError(
            f"unknown verifier {name!r}: one of {', '.join(sorted(BUILT_IN))}, or an import path package.module:function or file.py:function"
        )
    found = named(BUILT_IN.get(name, name), "a verifier")
    declared = getattr(found.module, "VERSION", None)
    source = getattr(found.module, "__file__", None)
    if declared is None:
        declared = hashlib.sha256(Path(source).read_bytes()).hexdigest()[:12] if source else found.label
    return found.function, str(declared)


def load(name: str) -> Verifier:
    """The verifier of that name or import path. Raises UsageError where there is none."""
    return resolve(name)[0]


def version(name: str) -> str:
    """The version of a verifier's rules, as in `resolve`."""
    return resolve(name)[1]


def companion(name: str, function: str) -> Callable[..., Any] | None:
    """Another function of a verifier's module; None where it has none. Raises UsageError where there is no such verifier.

    `reference(prompt)` gives a response that the verifier must accept (None where there can be none), `extract(answer, prompt)` the answer that a response states, and `same_answer(one, other)` says
    whether two such answers are one; `lenient(answer, prompt)` is the verdict of a looser reading (lenient.py).
    """
    resolve(name)
    found = getattr(named(BUILT_IN.get(name, name), "a verifier").module, function, None)
    return found if callable(found) else None
