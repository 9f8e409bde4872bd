"""r1-curate: reasoning data the DeepSeek-R1 way, from the first sample to the trained model.

`curate.open(DIR)` reads a dataset directory, `curate.generate(...)` makes one. Importing this package imports nothing heavy: names are looked up on first use.
"""

from typing import TYPE_CHECKING, Any

PROJECT = "r1-curate"  # the distribution that owns this directory: the command line checks it, since another distribution can shadow a top-level name
__version__ = "0.1.0"

if TYPE_CHECKING:
    from curate.api import Dataset as Dataset
    from curate.api import generate as generate
    from curate.api import open as open
    from curate.api import prompts as prompts

__all__ = ["Dataset", "generate", "open", "prompts"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from curate import api

        return getattr(api, name)
    raise AttributeError(f"module 'curate' has no attribute {name!r}")
