"""Verifiers: pure functions (answer, prompt) -> Verdict, named in a table or by import path, run in processes that can be killed.

A verifier is a module with `VERSION` (text; changed whenever a verdict could change) and `verify`. One's own is named `package.module:function` or `file.py:function`; it is code
that will run on this machine, so one from a stranger deserves the same care as any program from a stranger.
"""

import hashlib
import importlib
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from curate.errors import UsageError
from curate.records import Answer, Prompt, Verdict

Verifier = Callable[[Answer, Prompt], Verdict]

BUILT_IN = {
    "choice": "curate.verifiers.choice:verify",
    "format": "curate.verifiers.format:verify",
    "logic": "curate.verifiers.logic:verify",
    "math": "curate.verifiers.math:verify",
}


def _module(path: str) -> ModuleType:
    if path.endswith(".py"):
        file = Path(path)
        if not file.is_file():
            raise UsageError(f"no such verifier file: {path}")
        spec = importlib.util.spec_from_file_location("r1_curate_user_" + re.sub(r"\W", "_", file.stem), file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        raise UsageError(f"no such verifier module: {path} ({error})") from error


def resolve(name: str) -> tuple[Verifier, str]:
    """The verifier of that name or import path, and the version of its rules: its module's VERSION, else a hash of its source file, so that an edited verifier is another one.

    Raises UsageError where there is none, and lets through what its module raises while it is imported.
    """
    path = BUILT_IN.get(name, name)
    module_name, colon, function = path.partition(":")
    if not colon:
        raise UsageError(
            f"unknown verifier {name!r}: one of {', '.join(sorted(BUILT_IN))}, or an import path package.module:function or file.py:function"
        )
    module = _module(module_name)
    found = getattr(module, function, None)
    if not callable(found):
        raise UsageError(f"{module_name} has no function {function!r}")
    declared = getattr(module, "VERSION", None)
    source = getattr(module, "__file__", None)
    if declared is None:
        declared = hashlib.sha256(Path(source).read_bytes()).hexdigest()[:12] if source else function
    return found, str(declared)


def load(name: str) -> Verifier:
    """The verifier of that name or import path. Raises UsageError where there is none."""
    return resolve(name)[0]


def version(name: str) -> str:
    """The version of a verifier's rules, as in `resolve`."""
    return resolve(name)[1]
