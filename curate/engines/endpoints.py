"""The servers behind one engine: which of them takes the next request, and when.

Round-robin over those that are ready. A server that turned a request away is paused for all workers, one that fails is left alone until its breaker lets a trial through; the others go on
meanwhile. When none is ready the worker waits for the first that will be, unless all are dead or have turned everything away for longer than a request may take.
"""

import random
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from curate.engines.clients import Clients
from curate.engines.redact import redact
from curate.engines.retry import Breaker, Clock, Pause, Policy
from curate.engines.wire import Quirks
from curate.errors import EngineError, UsageError


@dataclass(slots=True)
class Endpoint:
    """One server: its client, what is known of its habits, and its state."""

    url: str
    clients: Clients
    pause: Pause
    breaker: Breaker
    quirks: Quirks = field(default_factory=Quirks)
    last_failure: str = "not asked yet"

    def ready_at(self) -> float:
        return max(self.pause.until, self.breaker.ready_at())


def checked_url(url: str) -> str:
    """The base URL without a trailing slash. Raises UsageError for one that is no http(s) URL or that carries a key, since base URLs are written into a run's files."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            f"--base-url is not an http or https URL: give one such as http://127.0.0.1:8000/v1, not {parts.scheme or 'a bare word'}"
        )
    if redact(url) != url:
        raise UsageError(
            f"--base-url for {parts.hostname} carries a key or a password: put the key into the environment variable OPENAI_API_KEY instead"
        )
    return url.rstrip("/")


class Pool:
    """The endpoints of an engine, in the order in which they were given."""

    def __init__(self, endpoints: list[Endpoint], clock: Clock, policy: Policy, patience: float) -> None:
        self.endpoints = endpoints
        self._clock, self._policy = clock, policy
        self._patience = patience
        self._next = random.randrange(len(endpoints))  # another start for every process, or all of them begin with the first server

    async def take(self) -> Endpoint:
        """The endpoint for a request that is sent now. Raises EngineError when none will take it."""
        while True:
            alive = [e for e in self._turn() if not e.breaker.dead]
            if not alive:
                raise EngineError(f"no server answers, and nothing finished is lost: {self._states()}")
            now = self._clock.now()
            ready = next((e for e in alive if e.ready_at() <= now), None)
            if ready is not None:
                ready.breaker.begin()
                return ready
            soonest = min(alive, key=lambda e: e.ready_at())
            wait = soonest.ready_at() - now
            refused_since = soonest.pause.refused_since
            refused_for = 0.0 if refused_since is None else now - refused_since
            if max(wait, refused_for) > self._patience:
                raise EngineError(
                    f"every server turns requests away and would go on doing so for {wait:.0f} s; the same command goes on later: {self._states()}"
                )
            await self._clock.sleep(wait + soonest.pause.jitter())

    def _turn(self) -> list[Endpoint]:
        start = self._next = (self._next + 1) % len(self.endpoints)
        return self.endpoints[start:] + self.endpoints[:start]

    def _states(self) -> str:
        return "; ".join(f"{e.url} ({e.last_failure})" for e in self.endpoints)
