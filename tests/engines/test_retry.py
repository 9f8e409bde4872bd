"""Backoff, the shared pause and the breaker, on a clock that the test owns."""

import asyncio
import heapq
import random
from collections.abc import Awaitable
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.engines.clients import Clients
from curate.engines.endpoints import Endpoint, Pool
from curate.engines.retry import Breaker, Pause, Policy, retry_after
from curate.errors import EngineError

POLICY = Policy()


class FakeClock:
    """Time stands still until `run` finds every worker asleep; then it jumps to the first one's end."""

    def __init__(self) -> None:
        self.time = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self._count += 1
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.time + seconds, self._count, done))
        await done

    async def run(self, *work: Awaitable[Any]) -> list[Any]:
        """The results of `work`, exceptions among them, with time moved on as needed."""
        tasks = [asyncio.ensure_future(w) for w in work]
        while not all(t.done() for t in tasks):
            for _ in range(5):
                await asyncio.sleep(0)
            if self._sleepers and not all(t.done() for t in tasks):
                self.time, _, done = heapq.heappop(self._sleepers)
                done.set_result(None)
        return await asyncio.gather(*tasks, return_exceptions=True)


def parts(clock: FakeClock, policy: Policy = POLICY) -> tuple[Pause, Breaker]:
    rng = random.Random(1)
    return Pause(clock, policy, rng), Breaker(clock, policy, rng)


def endpoint(clock: FakeClock, url: str, policy: Policy = POLICY) -> Endpoint:
    pause, breaker = parts(clock, policy)
    clients: Clients = object.__new__(Clients)  # never asked here
    return Endpoint(url, clients, pause, breaker)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": formatdate(1030, usegmt=True)}, 30.0),
        ({"retry-after": formatdate(900, usegmt=True)}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, wall=1000.0) == seconds


@given(st.integers(1, 2000), st.integers())
def test_backoff_is_jittered_and_capped(failures: int, seed: int) -> None:
    assert 0 <= POLICY.backoff(failures, random.Random(seed)) <= min(POLICY.cap, POLICY.base * 2 ** min(failures - 1, 20))


def test_one_burst_of_refusals_makes_one_pause() -> None:
    clock = FakeClock()
    pause, _ = parts(clock)
    sent = clock.now()
    for _ in range(1000):
        clock.time += 0.001
        pause.refused(sent, None)
    assert pause.until <= sent + 0.001 + POLICY.base


def test_pauses_grow_while_nothing_is_let_in_and_shrink_after() -> None:
    clock = FakeClock()
    pause, _ = parts(clock)
    lengths = []
    for _ in range(9):
        sent = clock.now()
        pause.refused(sent, None)
        lengths.append(pause.until - clock.now())
        clock.time = pause.until + 1
    assert lengths == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    pause.answered(clock.now())
    pause.refused(clock.now(), None)
    assert pause.until - clock.now() == 1


def test_the_server_decides_how_long_where_it_says_so() -> None:
    clock = FakeClock()
    pause, _ = parts(clock)
    pause.refused(clock.now(), 42.0)
    assert pause.until == clock.now() + 42.0
    pause.refused(clock.now(), 5.0)
    assert pause.until == clock.now() + 42.0  # never shortened


def test_all_workers_share_one_pause() -> None:
    clock = FakeClock()
    server = endpoint(clock, "http://a")
    pool = Pool([server], clock, POLICY, patience=3600)
    went_on: list[float] = []

    async def worker() -> None:
        await pool.take()
        went_on.append(clock.now())

    async def scenario() -> None:
        server.pause.refused(clock.now(), 30.0)
        await clock.run(*(worker() for _ in range(200)))

    asyncio.run(scenario())
    assert len(went_on) == 200
    assert min(went_on) >= 1030.0
    assert max(went_on) <= 1035.0
    assert len(set(went_on)) > 100  # not all at once


def test_a_new_refusal_holds_back_those_that_have_not_gone_yet() -> None:
    clock = FakeClock()
    server = endpoint(clock, "http://a")
    pool = Pool([server], clock, POLICY, patience=3600)
    asked: list[float] = []

    async def worker() -> None:
        while True:
            await pool.take()
            asked.append(sent := clock.now())
            if clock.now() > 1100:
                server.pause.answered(sent)
                return
            server.pause.refused(sent, 10.0)

    async def scenario() -> None:
        await clock.run(*(worker() for _ in range(100)))

    asyncio.run(scenario())
    early = [t for t in asked if t <= 1100]
    assert len(early) <= 15  # one a pause, not a hundred


def test_a_paused_server_is_passed_over() -> None:
    clock = FakeClock()
    a, b = endpoint(clock, "http://a"), endpoint(clock, "http://b")
    pool = Pool([a, b], clock, POLICY, patience=3600)
    a.pause.refused(clock.now(), 100.0)
    taken = asyncio.run(clock.run(*(pool.take() for _ in range(10))))
    assert {e.url for e in taken} == {"http://b"}
    assert clock.now() == 1000.0


def test_round_robin_over_healthy_servers() -> None:
    clock = FakeClock()
    pool = Pool([endpoint(clock, f"http://{n}") for n in "abc"], clock, POLICY, patience=3600)
    taken = asyncio.run(clock.run(*(pool.take() for _ in range(9))))
    assert sorted(e.url for e in taken) == sorted(["http://a", "http://b", "http://c"] * 3)


def test_a_server_that_asks_for_too_much_patience_ends_the_run() -> None:
    clock = FakeClock()
    server = endpoint(clock, "http://a")
    pool = Pool([server], clock, POLICY, patience=3600)
    server.pause.refused(clock.now(), 86400.0)
    (error,) = asyncio.run(clock.run(pool.take()))
    assert isinstance(error, EngineError)
    assert "86400 s" in str(error)


def test_a_server_that_only_refuses_ends_the_run_after_the_time_a_request_may_take() -> None:
    clock = FakeClock()
    server = endpoint(clock, "http://a")
    pool = Pool([server], clock, POLICY, patience=3600)

    async def worker() -> None:
        while True:
            await pool.take()
            server.pause.refused(clock.now(), None)

    (error,) = asyncio.run(clock.run(worker()))
    assert isinstance(error, EngineError)
    assert 1000 + 3600 < clock.now() < 1000 + 3600 + 130


def test_the_breaker_opens_tries_once_and_closes() -> None:
    clock = FakeClock()
    _, breaker = parts(clock)
    for _ in range(POLICY.threshold):
        assert breaker.ready_at() <= clock.now()
        breaker.begin()
        breaker.failed(clock.now())
    opened = breaker.ready_at()
    assert clock.now() + 0.5 <= opened <= clock.now() + 1.0
    clock.time = opened
    breaker.begin()  # the trial
    assert breaker.ready_at() == clock.now() + POLICY.settle  # nobody else meanwhile
    breaker.succeeded()
    assert breaker.ready_at() <= clock.now()
    assert not breaker.dead


def test_a_trial_that_does_not_fail_soon_closes_the_breaker() -> None:
    clock = FakeClock()
    _, breaker = parts(clock)
    for _ in range(POLICY.threshold):
        breaker.failed(clock.now())
    clock.time = breaker.ready_at()
    breaker.begin()
    clock.time = breaker.ready_at()
    breaker.begin()
    assert breaker.ready_at() <= clock.now()


def test_failures_of_requests_sent_before_it_opened_do_not_count() -> None:
    clock = FakeClock()
    _, breaker = parts(clock)
    sent = clock.now()
    clock.time += 1
    for _ in range(500):
        breaker.failed(sent)
    assert not breaker.dead
    assert breaker.ready_at() <= clock.now() + 1.0


def test_a_dead_server_ends_the_run_only_when_no_other_lives() -> None:
    clock = FakeClock()
    a, b = endpoint(clock, "http://a"), endpoint(clock, "http://b")
    pool = Pool([a, b], clock, POLICY, patience=3600)
    a.last_failure = b.last_failure = "connection refused"

    def kill(server: Endpoint) -> None:
        while not server.breaker.dead:
            clock.time = max(clock.time, server.breaker.ready_at())
            server.breaker.begin()
            server.breaker.failed(clock.now())

    kill(a)
    assert {e.url for e in asyncio.run(clock.run(*(pool.take() for _ in range(4))))} == {"http://b"}
    kill(b)
    (error,) = asyncio.run(clock.run(pool.take()))
    assert isinstance(error, EngineError)
    assert "http://a (connection refused)" in str(error)
