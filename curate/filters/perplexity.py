"""Perplexity of a completion under a model, by an engine that scores tokens: exp of the mean negative log-probability of its tokens, given the prompt's.

Optional, since it takes a model: `curate filter --scorer MODEL` asks it ahead of the filters (curate/filtering/scoring.py). From Python, `perplexities` asks a started engine with the capability `score` (vLLM has it), and the values go
into `Trace.measured["perplexity"]`, where `FILTER` finds them.

A completion that the engine cannot score (empty, or longer than its context) has no value, and no value is no reason. An engine that fails raises EngineError: that says nothing about a sample.
A number says something only among samples scored by the same model, whose name and revision belong beside it.
"""

import asyncio
import math
from collections.abc import Sequence
from typing import Protocol

from curate.engines.base import Request, Sampling
from curate.errors import RequestRefused, UsageError
from curate.filters.base import Filter, Limit, Trace, share
from curate.records import Message

CONCURRENT = 64  # sequences in flight
_LARGEST = 80.0  # nats a token, the most that is told: e to this fits the column
_SAMPLING = Sampling(temperature=1.0, top_p=1.0, max_tokens=1)


class Scorer(Protocol):
    """What is asked of an engine here; curate.engines.base.Engine with the capability `score` is one."""

    kind: str
    capabilities: frozenset[str]

    async def score_answer(self, request: Request) -> list[float]:
        """The log-probability of each token of the request's continuation."""
        ...


def asked(trace: Trace) -> Request:
    """The question as it would be asked, with the completion as what the model went on to write."""
    system = (Message("system", trace.system),) if trace.system else ()
    return Request("", 0, _SAMPLING, None, (*system, Message("user", trace.question)), continuation=trace.completion)


async def perplexities(engine: Scorer, traces: Sequence[Trace], *, concurrent: int = CONCURRENT) -> list[float | None]:
    """The perplexity of each completion, in the order of `traces`. Raises UsageError for an engine that cannot score, EngineError where it cannot go on."""
    if "score" not in engine.capabilities:
        raise UsageError(f"the {engine.kind} engine cannot score tokens, so it gives no perplexity")
    slots = asyncio.Semaphore(concurrent)

    async def one(trace: Trace) -> float | None:
        if not trace.completion:
            return None
        async with slots:
            try:
                scores = await engine.score_answer(asked(trace))
            except RequestRefused:
                return None
        if not scores:
            return None
        nats = -sum(scores) / len(scores)
        return None if math.isnan(nats) else math.exp(min(nats, _LARGEST))

    tasks = [asyncio.ensure_future(one(trace)) for trace in traces]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


FILTER = Filter(
    "perplexity",
    "1",
    lambda trace: {"perplexity": trace.measured.get("perplexity")},
    metrics={"perplexity": share("perplexity of the completion under the scoring model; null where it was not scored")},
    limits=(
        Limit(
            "most",
            "perplexity",
            20.0,
            "perplexity",
            "chosen: fluent text of any domain stays far below under a model of some billions of parameters, word salad and broken encodings are above; arXiv 2505.14464 filters so too, by a threshold for each teacher",
        ),
    ),
)
