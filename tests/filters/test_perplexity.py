"""Perplexity, by an engine that is a function here."""

import asyncio
import math
from dataclasses import replace

import pytest

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

    async def score(self, token_ids: list[int]) -> list[float]:
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        if len(token_ids) > 100:
            raise PromptTooLong("too long")
        if min(token_ids) < 0:
            raise EngineError("gone")
        return [math.log(self.probability)] * (len(token_ids) - 1)


def tokens(trace: Trace) -> tuple[list[int], list[int]]:
    return [ord(c) for c in trace.question], [ord(c) for c in trace.response]


def test_the_perplexity_of_a_uniform_model_is_its_number_of_tokens() -> None:
    traces = [Trace("Frage", "Antwort"), Trace("", "答案"), Trace("Hi", "x")]
    assert asyncio.run(perplexities(Uniform(1 / 8), traces, tokens)) == pytest.approx([8.0, 8.0, 8.0])


def test_what_cannot_be_scored_has_no_value() -> None:
    traces = [Trace("Hi", ""), Trace("", "x"), Trace("Hi", "x" * 200), Trace("Hi", "fine")]
    values = asyncio.run(perplexities(Uniform(1 / 2), traces, tokens))
    assert values == [None, None, None, pytest.approx(2.0)]


def test_no_value_is_too_large_for_its_column() -> None:
    (value,) = asyncio.run(perplexities(Uniform(1e-300), [Trace("Hi", "x")], tokens))
    assert value is not None
    assert value < 3e38


def test_an_engine_that_fails_says_nothing_of_a_sample() -> None:
    def broken(trace: Trace) -> tuple[list[int], list[int]]:
        return [1], [-1]

    with pytest.raises(EngineError):
        asyncio.run(perplexities(Uniform(0.5), [Trace("Hi", "a"), Trace("Hi", "b")], broken))


def test_an_engine_that_cannot_score_is_refused() -> None:
    engine = Uniform(0.5)
    engine.capabilities = frozenset({"seed"})
    with pytest.raises(UsageError, match="cannot score"):
        asyncio.run(perplexities(engine, [Trace("Hi", "a")], tokens))


def test_only_so_many_are_in_flight() -> None:
    engine = Uniform(0.5)
    asyncio.run(perplexities(engine, [Trace("Hi", "abc")] * 50, tokens, concurrent=4))
    assert engine.most == 4


@pytest.mark.parametrize(("value", "reasons"), [(None, ()), (1.5, ()), (20.0, ()), (20.5, ("perplexity",))])
def test_the_limit_acts_on_the_value(value: float | None, reasons: tuple[str, ...]) -> None:
    trace = replace(Trace("Hi", "Hello"), measured={"perplexity": value})
    assert FILTER.look(trace) == ({"perplexity": value}, reasons)
    assert FILTER.look(Trace("Hi", "Hello")) == ({"perplexity": None}, ())
