"""When to ask a server again: backoff with full jitter, one pause for all workers, a breaker. Pure state on a clock that is handed in; nothing here knows HTTP.

Three departures from the usual retry loop. A 429 is pacing, not failure: it stops every worker, and it uses up no attempt, since with thousands in flight one request can be turned away many
times before its turn comes. Only a refusal of a request that was sent after the pause began makes the next pause longer; otherwise one burst of in-flight requests would count a thousand times.
And the breaker's trial request need not be answered for the breaker to close: an answer may take an hour, a refused connection takes none, so a trial that lasted `settle` seconds counts.
"""

import asyncio
import math
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Protocol

SPREAD_SECONDS = 5.0  # at most this long after a pause the last worker goes on: all at once would be the next burst


class Clock(Protocol):
    """Time, so that a test can own it."""

    def now(self) -> float:
        """Seconds that only grow."""
        ...

    def wall(self) -> float:
        """Seconds since 1970, for dates that a server names."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Policy:
    """How hard to try. Seconds throughout."""

    attempts: int = 8  # failures of one request, and failed trials of one server, before the run stops
    timeouts: int = 2  # of these, answers that used up the whole time limit: each can cost an hour
    base: float = 1.0  # the first backoff is at most this long; each further one twice that
    cap: float = 60.0  # no backoff is longer
    threshold: int = 5  # failures in a row that open a server's breaker
    settle: float = 5.0  # a trial request that has not failed after so long closes it
    connect: float = 10.0
    idle: float = (
        600.0  # silence inside a stream after its first event; before it the whole time limit holds, since the request may be queued
    )

    def ceiling(self, failures: int) -> float:
        """The longest wait after `failures` failures in a row (1, 2, ...)."""
        return min(self.cap, self.base * 2.0 ** min(failures - 1, 60))

    def backoff(self, failures: int, rng: random.Random) -> float:
        """Full jitter: uniform between nothing and the ceiling."""
        return rng.uniform(0.0, self.ceiling(failures))


def retry_after(headers: Mapping[str, str], wall: float) -> float | None:
    """Seconds that a server asks to wait: Retry-After as seconds or as an HTTP date, or retry-after-ms; None where it says nothing readable.

    `headers` is looked up with lower-case names.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000.0
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - wall)
    except (ValueError, OverflowError):
        return None


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


class Pause:
    """One pause that all workers of a server share."""

    def __init__(self, clock: Clock, policy: Policy, rng: random.Random) -> None:
        self._clock, self._policy, self._rng = clock, policy, rng
        self._level = 0
        self._began = -math.inf
        self._spread = 0.0
        self.until = -math.inf
        self.refused_since: float | None = None  # when the server began to answer nothing but refusals

    def refused(self, sent: float, asked: float | None) -> None:
        """A request sent at `sent` was turned away; the server asks for `asked` seconds of patience, or says nothing."""
        now = self._clock.now()
        self.refused_since = now if self.refused_since is None else self.refused_since
        fresh = sent >= self._began
        if fresh:
            self._level += 1
            self._began = now
        if asked is None and not fresh:
            return
        length = self._policy.ceiling(max(1, self._level)) if asked is None else asked
        if now + length > self.until:
            self.until = now + length
            self._spread = min(length, SPREAD_SECONDS)

    def answered(self, sent: float) -> None:
        """A request sent at `sent` was let in."""
        self.refused_since = None
        if sent >= self._began:
            self._level = 0

    def jitter(self) -> float:
        """Seconds to stay behind the end of the pause, another for every worker."""
        return self._rng.uniform(0.0, self._spread)


class Breaker:
    """Keeps workers from a server that fails: closed, open for a growing time, then one trial request."""

    def __init__(self, clock: Clock, policy: Policy, rng: random.Random) -> None:
        self._clock, self._policy, self._rng = clock, policy, rng
        self._failures = 0
        self._trips = 0
        self._opened = -math.inf
        self._until = -math.inf
        self._trial: float | None = None

    @property
    def dead(self) -> bool:
        """The server failed every trial that it was given."""
        return self._trips >= self._policy.attempts

    def ready_at(self) -> float:
        """The clock's time from which a request may be sent; in the past where it may now."""
        return self._until if self._trial is None else self._trial + self._policy.settle

    def begin(self) -> None:
        """A request is sent now, at or after `ready_at`. While the breaker is open this is its trial; once a trial has settled, the breaker closes."""
        if not self._failures:
            return
        if self._trial is not None:
            self._failures, self._trial, self._until = 0, None, -math.inf
        elif self._until > -math.inf:
            self._trial = self._clock.now()

    def succeeded(self) -> None:
        """A request was answered, whenever it was sent: the server lives."""
        self._failures, self._trips, self._trial, self._until = 0, 0, None, -math.inf

    def failed(self, sent: float) -> None:
        """A request sent at `sent` failed."""
        if sent < self._opened:
            return  # sent before the breaker opened: known already
        self._failures += 1
        if self._failures < self._policy.threshold:
            return
        self._trips += 1
        self._opened = self._clock.now()
        longest = self._policy.ceiling(self._trips)
        self._until = self._opened + self._rng.uniform(longest / 2, longest)
        self._trial = None
