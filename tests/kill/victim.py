"""A run that can be killed at a chosen durable step: `python -m tests.kill.victim OUT SOURCE STEP`.

STEP counts fsyncs, renames and uploads from the start; the process kills itself, as `kill -9` would, right before the step of that number. 0: never. The program is otherwise what the command line runs.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from curate import api, lease, objects, shipping
from curate.sources import SourceOptions

SHIPPING_SECONDS = 0.3  # where OUT is in an object store: as often as a short run needs
LEASE_SECONDS = 4.0


def count_down(step: int) -> None:
    """Die right before the `step`-th fsync, rename or upload of this process."""
    left = [step]

    def wrap(function: Any) -> Any:
        def wrapped(*args: Any, **keywords: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **keywords)

        return wrapped

    os.fsync = wrap(os.fsync)
    Path.rename = wrap(Path.rename)  # type: ignore[method-assign]
    objects.ObjectPlace._store = wrap(objects.ObjectPlace._store)  # type: ignore[method-assign]


if __name__ == "__main__":
    out, source, step = sys.argv[1], sys.argv[2], int(sys.argv[3])
    shipping.SECONDS, lease.SECONDS = SHIPPING_SECONDS, LEASE_SECONDS
    if step:
        count_down(step)
    api.generate(
        source,
        out,
        model="tests.models:logged",
        engine="scripted",
        source=SourceOptions(verifier="math", domain="math"),
        quiet=True,
        max_concurrent=8,
        prompts_per_shard=8,
        num_generations=6,
        num_correct=2,
    )
