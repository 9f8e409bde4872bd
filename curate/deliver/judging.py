"""What `curate judge`, `curate pairs` and `curate label` do alike: ask a judge with a log that is never asked twice, say what it was, and finish a directory of kept and rejected rows."""

import json
import sys
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from curate.completions import Completions
from curate.config import COMPUTING_ENGINE_ARGS, Config
from curate.dataset import Dataset
from curate.engines import Engine, EngineSettings
from curate.filters.judge import Item, Judgement, Log, Settings, Tally, Task, judge_rows
from curate.generate import LazyEngine
from curate.report.card import card
from curate.report.filtered import filtered_statistics
from curate.report.status_line import StatusLine
from curate.report.text import number
from curate.shards import Directory, manifests
from curate.storage import Place


@dataclass(frozen=True, slots=True)
class Judged:
    """What a call made: the dataset and its statistics, the judge's among them."""

    dataset: Dataset
    stats: Mapping[str, Any]


def keyed_of(settings: EngineSettings) -> dict[str, Any]:
    """What a reply depends on beside the engine's own identity."""
    return {
        "chat_template_kwargs": dict(settings.chat_template_kwargs),
        "extra_body": dict(settings.extra_body),
        "engine_args": {k: v for k, v in settings.engine_args.items() if k in COMPUTING_ENGINE_ARGS},
    }


def identity(engine: Engine, keyed: Mapping[str, Any], tasks: Sequence[Task], settings: Settings) -> dict[str, Any]:
    """The judge as config.json has it."""
    return {
        "engine": engine.kind,
        **engine.identity(),
        **keyed,
        "tasks": {task.name: task.label for task in tasks},
        "votes": settings.votes,
        "sampling": settings.sampling.as_dict(),
        "seed": settings.seed,
        "reply": settings.reply,
    }


@dataclass(frozen=True, slots=True)
class Session:
    """A judge that can be asked."""

    engine: LazyEngine
    log: Log
    status: StatusLine

    async def each(self, task: Task, items: Iterable[Item], settings: Settings, tally: Tally) -> AsyncGenerator[Judgement, None]:
        """A judgement for each item. Raises what `judge_rows` does."""
        async with aclosing(judge_rows(self.engine, items, task, settings, log=self.log, tally=tally)) as stream:
            async for judgement in stream:
                self.status.offer(partial(_progress, task.name, tally))
                yield judgement


def _progress(name: str, tally: Tally, _: float) -> str:
    return f"{name}: judged {number(tally.verdicts.total() + tally.no_verdict.total())}"


@asynccontextmanager
async def session(place: Place, engine: Engine, keyed: Mapping[str, Any], quiet: bool) -> AsyncIterator[Session]:
    """The engine, which starts at the first request that the log of `place` does not answer, and is closed at the end."""
    lazy = LazyEngine(engine)
    with closing(Completions(place.scratch / "completions")) as store, closing(StatusLine(sys.stderr, quiet)) as status:
        try:
            yield Session(lazy, Log(store, keyed), status)
        finally:
            await lazy.close()


def told(tally: Tally) -> dict[str, Any]:
    """A task's part of what stats.json says of the judge."""

    def counts(found: Counter[str]) -> dict[str, int]:
        return dict(sorted(found.items()))

    return {
        "verdicts": counts(tally.verdicts),
        "no_verdict": counts(tally.no_verdict),
        "by_rule": counts(tally.by_rule),
        "planted": counts(tally.planted),
        "planted_passed": counts(tally.passed),
        "planted_without_verdict": tally.planted_without,
    }


def finished(directory: Directory, config: Config, more: Mapping[str, Any]) -> Judged:
    """Write statistics (the sum of the shards' funnels, and `more`) and card of a directory whose shards are all there, and mark it complete."""
    place = directory.place
    stats = filtered_statistics([m["funnel"] for m in manifests(place)]) | dict(more)
    place.write("stats.json", (json.dumps(stats, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())
    place.write("README.md", card(config.as_dict(), stats, True).encode())
    directory.finish()
    return Judged(Dataset(place), stats)


def request(messages: Sequence[Mapping[str, str]]) -> str:
    """A conversation as a judge is shown it: a single turn of the user as it is, else every turn behind its role."""
    if len(messages) == 1 and messages[0]["role"] == "user":
        return messages[0]["content"]
    return "\n\n".join(f"[{turn['role']}]\n{turn['content']}" for turn in messages)
