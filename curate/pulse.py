"""A sign of life from whoever waits for another process on a verifier's behalf: the pool's wall clock, which ends what sleeps, starts again with it.

In a worker of the pool `listener` sends the sign; elsewhere nobody listens.
"""

import time
from collections.abc import Callable

SECONDS = 1.0  # between two signs that are passed on

listener: Callable[[], None] | None = None
_last = 0.0


def beat() -> None:
    """Say that work goes on. Cheap: at most one a second is passed on."""
    global _last
    now = time.monotonic()
    if listener is not None and now - _last >= SECONDS:
        _last = now
        listener()
