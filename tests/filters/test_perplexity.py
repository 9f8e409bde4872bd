"""Perplexity, by an engine that is a function here."""

import asyncio
import math
from dataclasses import replace

import pytest

from curate.engines import Request
from curate.errors import EngineError, PromptTooLong, UsageError
from curate.filters.base import Trace
from curate.filters.perplexity import FILTER, perplexities


class Uniform:
    """Gives each token the same probability; refuses long texts, and fails on a token below 0."""

    kind = "toy"
    capabilities = frozenset({"score"})

    def __init__(self, probability: float) -> None:
        self.probability = probability
        self.running = self.most = 0

    async def score_answer(self, request: Request) -> list[float]:
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        if len(request.continuation) > 100:
            raise PromptTooLong("too long")
        if "gone" in request.continuation:
            raise EngineError("gone")
        return [math.log(self.probability)] * len(request.continuation)


def trace(question: str, completion: str) -> Trace:
    return Trace(question, completion, completion=completion)


def test_the_perplexity_of_a_uniform_model_is_its_number_of_tokens() -> None:
    traces = [trace("Frage", "Antwort"), trace("", "答案"), trace("Hi", "x")]
    assert asyncio.run(perplexities(Uniform(1 / 8), traces)) == pytest.approx([8.0, 8.0, 8.0])


def test_what_cannot_be_scored_has_no_value() -> None:
    traces = [trace("Hi", ""), trace("Hi", "x" * 200), trace("Hi", "fine")]
    values = asyncio.run(perplexities(Uniform(1 / 2), traces))
    assert values == [None, None, pytest.approx(2.0)]


def test_no_value_is_too_large_for_its_column() -> None:
    (value,) = asyncio.run(perplexities(Uniform(1e-300), [trace("Hi", "x")]))
    assert value is not None
    assert value < 3e38


def test_an_engine_that_fails_says_nothing_of_a_sample() -> None:
    with pytest.raises(EngineError):
        asyncio.run(perplexities(Uniform(0.5), [trace("Hi", "a"), trace("Hi", "gone")]))


def test_an_engine_that_cannot_score_is_refused() -> None:
    engine = Uniform(0.5)
    engine.capabilities = frozenset({"seed"})
    with pytest.raises(UsageError, match="cannot score"):
        asyncio.run(perplexities(engine, [trace("Hi", "a")]))


def test_only_so_many_are_in_flight() -> None:
    engine = Uniform(0.5)
    asyncio.run(perplexities(engine, [trace("Hi", "abc")] * 50, concurrent=4))
    assert engine.most == 4


@pytest.mark.parametrize(("value", "reasons"), [(None, ()), (1.5, ()), (20.0, ()), (20.5, ("perplexity",))])
def test_the_limit_acts_on_the_value(value: float | None, reasons: tuple[str, ...]) -> None:
    measured = replace(Trace("Hi", "Hello"), measured={"perplexity": value})
    assert FILTER.look(measured) == ({"perplexity": value}, reasons)
    assert FILTER.look(Trace("Hi", "Hello")) == ({"perplexity": None}, ())
