"""r1-curate: reasoning data the DeepSeek-R1 way, from the first sample to the trained model.

`curate.open(DIR)` reads a dataset directory, `curate.generate(...)` makes one, `curate.filter(...)` and `curate.mix(...)` make the training set of it, `curate.verify(...)` judges rows of anyone's. Importing this package imports nothing heavy: names are looked up on first use.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

PROJECT = "r1-curate"  # the distribution that owns this directory: the command line checks it, since another distribution can shadow a top-level name
__version__ = "0.1.0"

if TYPE_CHECKING:
    from curate.api import Dataset as Dataset
    from curate.api import filter as filter
    from curate.api import generate as generate
    from curate.api import judge as judge
    from curate.api import mix as mix
    from curate.api import open as open
    from curate.api import prompts as prompts
    from curate.api import verify as verify

__all__ = ["Dataset", "filter", "generate", "judge", "mix", "open", "prompts", "verify"]


class _Package(ModuleType):
    """This package. A submodule of the same name as a function of ours never takes the function's place: the import system would put it there."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name in __all__:
        from curate import api

        return getattr(api, name)
    raise AttributeError(f"module 'curate' has no attribute {name!r}")
