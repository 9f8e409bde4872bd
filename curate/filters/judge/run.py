"""A judge over many samples: bounded concurrency, order kept, every failure of one sample a judgement without verdict.

A few items are planted in the stream (planted.py): the first of them each bring a bad one and one that tries to talk the judge round, later every 50th does, on average (settings.py). They give no judgement; the run
fails where more than a stated share of them passes, at the end, or as soon as the lower bound of the share's 95 % interval is above it. What the consumer had taken by then is not to be believed.

A judge that cannot go on (EngineError, after the engine's own retries) ends the run: what had been answered by then comes first, also behind a gap, and every reply is in the log if one was given.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping
from contextlib import aclosing, suppress
from typing import Any, NamedTuple

from curate.engines import Engine, Request, require
from curate.errors import EngineError, RequestRefused
from curate.filters.judge import votes
from curate.filters.judge.boundary import ask
from curate.filters.judge.log import Log
from curate.filters.judge.planted import Planted, draw, plant
from curate.filters.judge.reply import PREFILL, Vote, nothing, read, schema
from curate.filters.judge.rules import before
from curate.filters.judge.settings import DEFAULTS, Settings
from curate.filters.judge.tally import Tally, believable
from curate.filters.judge.tasks import Item, Task
from curate.filters.judge.votes import Judgement
from curate.records import Completion, digest

AHEAD = 4  # items in work for each request that may be in flight: what a slow one at the head may hold up
REFUSALS_BEFORE_GIVING_UP = 16  # refused requests without a single success: the configuration is at fault, not the samples


class _Work(NamedTuple):
    judgement: "asyncio.Task[Judgement]"
    planted: Planted | None


async def _each(items: AsyncIterable[Item] | Iterable[Item]) -> AsyncGenerator[Item, None]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


async def _with_planted(
    items: AsyncIterable[Item] | Iterable[Item], task: Task, settings: Settings
) -> AsyncGenerator[tuple[Item, Planted | None], None]:
    """The items, and behind some of them the planted ones that they bring."""
    wanted, last = settings.planted_first, None
    async with aclosing(_each(items)) as source:
        async for item in source:
            yield item, None
            if wanted > 0 or (settings.planted_every and draw(settings.seed, "planted", item.id) % settings.planted_every == 0):
                planted = plant(item, last, task, settings.seed)
                wanted -= bool(planted)
                for each in planted:
                    yield each.item, each
            last = item


class _Judge:
    """One engine on one task."""

    def __init__(self, engine: Engine, task: Task, settings: Settings, log: Log | None, tally: Tally) -> None:
        if settings.reply != "free":
            require(engine, settings.reply)
        identity = engine.identity()
        self.name = "@".join(part for part in (identity["model"], identity["model_revision"]) if part)
        self.concurrent = settings.max_concurrent or engine.max_concurrent
        self.failed: asyncio.Future[EngineError] = asyncio.get_running_loop().create_future()
        self._engine, self._task, self._settings, self._log, self._tally = engine, task, settings, log, tally
        self._slots = asyncio.Semaphore(self.concurrent)
        self._succeeded = False

    async def judge(self, item: Item) -> Judgement:
        """The judgement of an item. Raises EngineError, and sets `failed`, where the judge cannot go on."""
        ruled = before(item, self._task)
        if ruled is not None:
            return votes.by_rule(item.id, self._task, self.name, ruled)
        prompt_id = digest(["judge", self._task.label, item.id])
        known = self._log.recall(prompt_id) if self._log is not None else {}
        try:
            async with asyncio.TaskGroup() as group:
                given = [group.create_task(self._vote(item, prompt_id, vote, known)) for vote in range(self._settings.votes)]
        except BaseExceptionGroup as errors:
            error = errors.exceptions[0]
            if isinstance(error, EngineError) and not self.failed.done():
                self.failed.set_result(error)
            raise error from None
        return votes.combine(item.id, self._task, self.name, [task.result() for task in given], self._settings.agreement)

    async def _vote(self, item: Item, prompt_id: str, vote: int, known: Mapping[str, Completion]) -> Vote:
        settings = self._settings
        swapped = self._task.compares and (draw(settings.seed, "order", item.id) + vote) % 2 == 1  # half of the votes in either order
        prefill = PREFILL if settings.reply == "prefill" else ""
        async with self._slots:  # the prompt is built inside: those that wait hold no text
            asked = ask(item.turned() if swapped else item, self._task, settings.seed, vote)
            seed = draw(settings.seed, prompt_id, vote) % 2**31 if "seed" in self._engine.capabilities else None
            held = schema(asked.field, self._task) if settings.reply == "schema" else ""
            request = Request(prompt_id, vote, settings.sampling, seed, asked.messages, prefill=prefill, schema=held)
            try:
                completion = await self._obtain(request, known)
            except RequestRefused as error:
                found = self._refused(error)
            else:
                self._succeeded = True
                found = read(completion, asked.field, self._task, settings.think_tags, prefill=prefill)
        return found.turned() if swapped else found

    async def _obtain(self, request: Request, known: Mapping[str, Completion]) -> Completion:
        """The reply from the log, or from the engine."""
        key = self._log.key(self._engine, request) if self._log is not None else ""
        if key in known:
            self._tally.reused += 1
            return known[key]
        completion = await self._engine.complete(request)
        self._tally.requested += 1
        if self._log is not None:
            self._log.commit(key, request, completion)
        return completion

    def _refused(self, error: RequestRefused) -> Vote:
        self._tally.refused += 1
        if not self._succeeded and self._tally.refused >= REFUSALS_BEFORE_GIVING_UP:
            raise EngineError(f"the judge refused the first {self._tally.refused} requests; the last one because: {error}")
        return nothing("refused")


async def judge_rows(
    engine: Engine,
    items: AsyncIterable[Item] | Iterable[Item],
    task: Task,
    settings: Settings = DEFAULTS,
    *,
    log: Log | None = None,
    tally: Tally | None = None,
) -> AsyncGenerator[Judgement, None]:
    """A judgement for every item, in their order, with a started engine. `tally`, one for each call, is filled as it goes.

    Raises EngineError where the judge cannot go on, after the judgements that were complete by then (they may have gaps: go by their `item_id`), and CurateError where it lets too many planted items pass.
    """
    tally = Tally() if tally is None else tally
    judge = _Judge(engine, task, settings, log, tally)
    stream = _with_planted(items, task, settings)
    window: deque[_Work] = deque()
    more = True
    try:
        while not judge.failed.done():
            while more and len(window) < judge.concurrent * AHEAD:
                try:
                    item, planted = await anext(stream)
                except StopAsyncIteration:
                    more = False
                else:
                    window.append(_Work(asyncio.create_task(judge.judge(item)), planted))
            if not window:
                break
            waiting: list[asyncio.Future[Any]] = [window[0].judgement, judge.failed]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if judge.failed.done():
                break
            work = window.popleft()
            judgement = work.judgement.result()
            if work.planted is not None:
                tally.count_planted(judgement, work.planted, task)
                believable(judge.name, task, tally, settings, final=False)
                continue
            tally.count(judgement)
            yield judgement
        if judge.failed.done():
            finished = await _finish(window)
            for judgement in finished:
                tally.count(judgement)
                yield judgement
            done = tally.verdicts.total() + tally.no_verdict.total()
            raise EngineError(
                f"the judge {judge.name} cannot go on after {done:,} judgements: {judge.failed.result()}"
            ) from judge.failed.result()
        believable(judge.name, task, tally, settings, final=True)
    finally:
        await _finish(window)
        await stream.aclose()


async def _finish(window: deque[_Work]) -> list[Judgement]:
    """Cancel what is in work; the judgements that were complete, planted ones left out."""
    for work in window:
        work.judgement.cancel()
    await asyncio.gather(*(work.judgement for work in window), return_exceptions=True)
    found = []
    while window:
        work = window.popleft()
        with suppress(EngineError, asyncio.CancelledError):
            judgement = work.judgement.result()
            if work.planted is None:
                found.append(judgement)
    return found
