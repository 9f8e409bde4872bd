"""The official client, in several copies for one server.

Its connection pool looks through all its connections at the start and the end of every request, so one pool with 2,000 of them costs seven times the CPU of one with 50 (measured: 7.8 ms a
request against 1.1). Each copy has a small pool of its own, and a request goes to the one with the fewest in flight.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

PER_POOL = 50  # connections
FILES_BESIDE = 512  # open files that are not connections


def is_loopback(url: str) -> bool:
    """Whether the URL points at this machine, so that no proxy can be meant."""
    host = urlsplit(url).hostname or ""
    return host == "localhost" or host.endswith(".localhost") or host == "::1" or host.startswith("127.")


class Clients:
    """The clients of one server."""

    def __init__(self, url: str, key: str, connections: int, connect_seconds: float) -> None:
        import httpx2
        import openai

        pools = -(-connections // PER_POOL)
        each = -(-connections // pools)
        limits = httpx2.Limits(max_connections=each, max_keepalive_connections=each)
        timeout = openai.Timeout(None, connect=connect_seconds)  # everything else is timed by whoever awaits the answer
        options: dict[str, Any] = {"base_url": url, "limits": limits, "timeout": timeout, "trust_env": not is_loopback(url)}
        options["verify"] = httpx2.create_ssl_context(
            trust_env=options["trust_env"]
        )  # once: reading the certificates takes longer than many requests
        self._clients = [
            openai.AsyncOpenAI(
                api_key=key, base_url=url, max_retries=0, timeout=timeout, http_client=openai.DefaultAsyncHttpxClient(**options)
            )
            for _ in range(pools)
        ]
        self._busy = [0] * pools

    @contextmanager
    def one(self) -> Iterator[Any]:
        """The client (openai.AsyncOpenAI) with the fewest requests in flight, counted as busy inside the block."""
        which = self._busy.index(min(self._busy))
        self._busy[which] += 1
        try:
            yield self._clients[which]
        finally:
            self._busy[which] -= 1

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients:
            await client.close()


def connections_for(wanted: int, servers: int) -> int:
    """How many connections to each server may be open: as many as wanted, after raising this process's limit of open files as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted * servers + FILES_BESIDE
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(8, min(wanted, (soft - FILES_BESIDE) // servers))
