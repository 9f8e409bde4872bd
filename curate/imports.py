"""A user's own function, or another object, by name: `file.py:function` or `package.module:function`.

It is code of the person who types the name, and runs with that person's rights; a name that comes with data is never looked up (see curate/sources).
"""

import importlib
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from curate.errors import CurateError, UsageError


class Named(NamedTuple):
    """What a name stands for: the function, its module, and the name without folders."""

    function: Callable[..., Any]
    module: ModuleType
    label: str


def named(name: str, what: str) -> Named:
    """The function of that name; `what` it is to be stands in the errors. Raises UsageError where there is none or its module cannot be loaded."""
    found, module, label = thing(name, what)
    if not callable(found):
        raise UsageError(f"{name.rpartition(':')[0]} has no function {name.rpartition(':')[2]!r}")
    return Named(found, module, label)


def thing(name: str, what: str) -> tuple[Any, ModuleType, str]:
    """Whatever object has that name, its module, and the name without folders. Raises UsageError as `named` does."""
    path, colon, function_name = name.rpartition(":")
    if not colon or not path:
        raise UsageError(f"{what} is named file.py:function or package.module:function, not {name!r}")
    try:
        module = _file(Path(path), what) if path.endswith(".py") else importlib.import_module(path)
    except CurateError:
        raise
    except (Exception, SystemExit) as error:  # the user's own program, which may fail in any way while it is loaded
        raise UsageError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    found = getattr(module, function_name, None)
    if found is None:
        raise UsageError(f"{path} has no function {function_name!r}")
    return found, module, f"{Path(path).name if path.endswith('.py') else path}:{function_name}"


def _file(file: Path, what: str) -> ModuleType:
    if not file.is_file():
        raise UsageError(f"no such file: {file} ({what})")
    spec = importlib.util.spec_from_file_location("r1_curate_user_" + re.sub(r"\W", "_", file.stem), file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
