"""Exceptions that cross from one process to another: by the name of a built-in class, their text and, where they are plain data, their arguments."""

import builtins
import contextlib
from typing import Any

from curate.sandbox.inside import plain
from curate.sandbox.inside.runner import LONGEST_CAUSE


def _attribute(error: Exception, name: str) -> Any:
    remote = error.__dict__.get("_remote")
    if remote is None or name.startswith("__"):
        raise AttributeError(f"{type(error).__name__!r} object has no attribute {name!r}")
    return getattr(remote, name)


class ProgramError(Exception):
    """An exception of a class that the program defined; `_remote` is what it is there, if that is known."""

    __getattr__ = _attribute


class Stopped(ProgramError):
    """The program's StopIteration."""


def told(error: BaseException) -> tuple[str, str, str]:
    """The nearest built-in class of an exception, or its own where that is only Exception; its text; its arguments as plain data, or nothing where they are not."""
    kind = type(error)
    name, text, arguments = kind.__name__, "", ""
    with contextlib.suppress(BaseException):  # what follows may be the program's code
        nearest = next(c.__name__ for c in kind.__mro__ if c.__module__ == "builtins")
        name = name if nearest in ("Exception", "BaseException") else nearest
        text = str(error)[:LONGEST_CAUSE]
        if kind.__module__ == "builtins":
            arguments = plain.write(error.args)
    return name, text, arguments


def made(name: str, text: str, arguments: str) -> Exception:
    """What such an exception is here: of the built-in class of that name, or the nearest above it that takes the arguments; else a ProgramError."""
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
            error = kind(*given)
        except TypeError:
            continue
        if isinstance(error, Exception):
            return error
    return ProgramError(f"{name}: {text}")


def kind_of(name: str, above: list[str], known: dict[str, type[Exception]]) -> type[Exception]:
    """A class to stand for one of the program's exceptions, below those named `above`: built-in ones, or others `known`."""
    found = [known.get(n) or getattr(builtins, n, None) for n in above]
    bases = tuple(c for c in found if isinstance(c, type) and issubclass(c, Exception) and not issubclass(c, StopIteration))
    body = {"__getattr__": _attribute, "__str__": lambda self: self.__dict__.get("_text") or Exception.__str__(self)}
    try:
        return type(name, bases or (ProgramError,), body)
    except TypeError:  # bases that Python does not join
        return type(name, (ProgramError,), body)
