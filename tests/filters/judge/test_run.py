"""A judge over many samples: order, bounds, failures, planted samples, the log."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest

from curate.completions import Completions
from curate.engines import Engine, Request, Sampling
from curate.engines.scripted import ScriptedEngine
from curate.errors import CurateError, EngineError, RequestRefused, UsageError
from curate.filters.judge import CHAIN_TASKS, CORRECTNESS, Item, Judgement, Log, Settings, Tally, Task, judge_rows, quality
from curate.records import Completion
from tests.filters.judge import judges

QUIET = Settings(votes=1, planted_first=0, planted_every=0)


def items(count: int) -> list[Item]:
    """Sums, of which every third answer is wrong."""
    return [
        Item(f"s{i}", f"What is {i} + 1?", str(i + 1), f"The answer is {i + 1 + (i % 3 == 0)}", f"I add 1 to {i}.") for i in range(count)
    ]


def run(
    engine: Engine,
    rows: Iterable[Item],
    settings: Settings = QUIET,
    task: Task = CORRECTNESS,
    log: Log | None = None,
    tally: Tally | None = None,
) -> tuple[list[Judgement], BaseException | None]:
    """The judgements and the error that ended them."""

    async def collect() -> tuple[list[Judgement], BaseException | None]:
        found: list[Judgement] = []
        try:
            async for judgement in judge_rows(engine, rows, task, settings, log=log, tally=tally):
                found.append(judgement)
        except CurateError as error:
            return found, error
        return found, None

    return asyncio.run(collect())


def honest(**options: Any) -> ScriptedEngine:
    return ScriptedEngine(judges.knows(judges.honest), model="honest", model_revision="abc", **options)


def test_judgements_come_in_the_order_of_the_items_whatever_ends_first() -> None:
    async def judge(messages: list[dict[str, str]], vote: int, seed: int | None) -> str:
        seen = judges.see(messages[0]["content"])
        await asyncio.sleep(0.001 * (int(seen.nonce, 16) % 7))
        return judges.plain(seen)

    tally = Tally()
    found, error = run(ScriptedEngine(judge, max_concurrent=8), items(60), tally=tally)
    assert error is None
    assert [j.item_id for j in found] == [f"s{i}" for i in range(60)]
    assert [j.verdict for j in found] == ["incorrect" if i % 3 == 0 else "correct" for i in range(60)]
    assert tally.verdicts == {"incorrect": 20, "correct": 40}
    assert tally.requested == 60


def test_no_more_requests_are_in_flight_than_allowed_and_few_items_are_read_ahead() -> None:
    busy = highest = read = 0

    async def judge(messages: list[dict[str, str]], vote: int, seed: int | None) -> str:
        nonlocal busy, highest
        busy += 1
        highest = max(highest, busy)
        await asyncio.sleep(0)
        busy -= 1
        return judges.plain(judges.see(messages[0]["content"]))

    def source() -> Iterable[Item]:
        nonlocal read
        for item in items(100):
            read += 1
            yield item

    async def first_ten() -> int:
        stream = judge_rows(ScriptedEngine(judge), source(), CORRECTNESS, Settings(votes=3, max_concurrent=4, planted_first=0))
        for _ in range(10):
            await anext(stream)
        await stream.aclose()
        return read

    assert asyncio.run(first_ten()) <= 10 + 4 * 4
    assert highest == 4
    assert busy <= 4


def test_items_may_come_from_an_async_source() -> None:
    async def source() -> AsyncIterator[Item]:
        for item in items(5):
            await asyncio.sleep(0)
            yield item

    async def collect() -> list[str]:
        return [j.item_id async for j in judge_rows(honest(), source(), CORRECTNESS, QUIET)]

    assert asyncio.run(collect()) == [f"s{i}" for i in range(5)]


def test_what_is_asked_names_temperature_and_seeds_and_no_two_votes_are_alike() -> None:
    asked: list[Request] = []

    def judge(request: Request) -> str:
        asked.append(request)
        return judges.plain(judges.see(request.messages[0].content if request.messages else ""))

    settings = Settings(votes=3, seed=5, sampling=Sampling(temperature=0.7, max_tokens=99), planted_first=0, planted_every=0)
    for _ in range(2):
        run(ScriptedEngine.of_requests(judge, model="m"), items(2), settings)
    assert asked[:6] == asked[6:]
    assert len({r.seed for r in asked}) == len({r.messages for r in asked}) == 6
    assert all(r.sampling == settings.sampling and r.seed is not None and 0 <= r.seed < 2**31 for r in asked)
    assert [r.sample_index for r in asked[:3]] == [0, 1, 2]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (("", "stop"), "blank"),
        (("I would say that it is right.", "stop"), "off_format"),
        (("{", "length"), "cut_off"),
        (Completion("", "error", error="refused"), "refused"),
        (Completion("x", "content_filter"), "content_filter"),
        (RequestRefused("too long"), "refused"),
    ],
)
def test_a_failure_of_one_sample_is_no_verdict_and_is_counted(answer: Any, reason: str) -> None:
    def judge(messages: list[dict[str, str]], vote: int, seed: int | None) -> Any:
        seen = judges.see(messages[0]["content"])
        if seen.pieces["question"] != "What is 4 + 1?":
            return judges.plain(seen)
        if isinstance(answer, Exception):
            raise answer
        return answer

    tally = Tally()
    found, error = run(ScriptedEngine(judge), items(8), tally=tally)
    assert error is None
    assert (found[4].verdict, found[4].score, found[4].reason, found[4].decided_by) == (None, None, reason, "nobody")
    assert all(j.verdict is not None for i, j in enumerate(found) if i != 4)
    assert tally.no_verdict == {reason: 1}


def test_a_judge_that_is_down_ends_the_run_and_what_was_answered_comes_first(tmp_path: Path) -> None:
    asked = 0

    async def judge(messages: list[dict[str, str]], vote: int, seed: int | None) -> str:
        nonlocal asked
        seen = judges.see(messages[0]["content"])
        number = int(seen.pieces["question"].split()[2])
        if number == 3:
            await asyncio.sleep(0.05)
            raise EngineError("no answer from http://judge after 5 attempts")
        asked += 1
        return judges.plain(seen)

    store = Completions(tmp_path)
    try:
        found, error = run(ScriptedEngine(judge, model="m", max_concurrent=4), items(200), log=Log(store))
    finally:
        store.close()
    assert isinstance(error, EngineError)
    assert str(error).startswith(f"the judge m cannot go on after {len(found)} judgements: no answer from http://judge")
    assert [j.item_id for j in found] == [f"s{i}" for i in range(len(found) + 1) if i != 3]
    assert asked == len(found) > 3

    again = Completions(tmp_path)
    tally = Tally()
    try:
        found, error = run(ScriptedEngine(judges.knows(judges.honest), model="m"), items(200), log=Log(again), tally=tally)
    finally:
        again.close()
    assert error is None
    assert len(found) == 200
    assert (tally.reused, tally.requested) == (asked, 200 - asked)


def test_a_judge_that_refuses_everything_is_wrongly_set_up() -> None:
    def judge(*_: object) -> str:
        raise RequestRefused("no such model")

    _, error = run(ScriptedEngine(judge, model="m"), items(100))
    assert isinstance(error, EngineError)
    assert "refused the first 16 requests; the last one because: no such model" in str(error)


def test_a_bug_keeps_its_traceback() -> None:
    class Broken(ScriptedEngine):
        async def complete(self, request: Request) -> Completion:
            raise KeyError("bug")

    with pytest.raises(KeyError, match="bug"):
        run(Broken(judges.knows(judges.honest)), items(3))


def test_a_replay_from_the_log_gives_the_same_judgements_without_asking(tmp_path: Path) -> None:
    settings = Settings(votes=3, planted_first=2)
    first = Completions(tmp_path)
    try:
        found, _ = run(honest(), items(30), settings, log=Log(first))
    finally:
        first.close()

    class Silent(ScriptedEngine):
        async def complete(self, request: Request) -> Completion:
            raise AssertionError("asked again")

    second, tally = Completions(tmp_path), Tally()
    try:
        again, error = run(
            Silent(judges.knows(judges.honest), model="honest", model_revision="abc"), items(30), settings, log=Log(second), tally=tally
        )
        assert error is None
        assert again == found
        assert tally.requested == 0
        other = Tally()
        _, error = run(honest(), items(3), Settings(votes=3, planted_first=0, planted_every=0, seed=1), log=Log(second), tally=other)
        assert (other.reused, other.requested) == (0, 9)
        other = Tally()
        run(honest(), items(3), Settings(votes=3, planted_first=0, planted_every=0), log=Log(second, {"extra_body": {"a": 1}}), tally=other)
        assert (other.reused, other.requested) == (0, 9)
    finally:
        second.close()


@pytest.mark.parametrize("task", [CORRECTNESS, *CHAIN_TASKS.values(), quality()], ids=lambda t: t.name)
def test_a_judge_that_passes_everything_is_not_believed(task: Task) -> None:
    engine = ScriptedEngine(judges.knows(lambda seen: task.good or 9), model="yes")
    tally = Tally()
    found, error = run(engine, items(200), Settings(votes=1, max_concurrent=4), task, tally=tally)
    assert type(error) is CurateError
    assert str(error).startswith(f"the judge yes let {tally.planted.total()} of {tally.planted.total()} planted bad samples pass")
    assert len(found) < 200  # ended early: nothing more is paid for


def test_planted_samples_give_no_judgement_and_are_counted_apart() -> None:
    tally = Tally()
    found, error = run(honest(), items(300), Settings(votes=1), tally=tally)
    assert error is None
    assert [j.item_id for j in found] == [f"s{i}" for i in range(300)]
    assert tally.verdicts.total() == 300
    assert 40 <= tally.planted.total() <= 80
    assert set(tally.planted) == {"number_changed", "sign_flipped", "other_reference", "essay", "injected"}
    assert tally.passed.total() == 0


def test_few_samples_bring_planted_ones_too() -> None:
    engine = ScriptedEngine(judges.knows(lambda seen: "correct"), model="yes")
    found, error = run(engine, items(1), Settings(votes=1))
    assert [j.item_id for j in found] == ["s0"]
    assert str(error).startswith("the judge yes let 2 of 2 planted bad samples pass")


def test_a_judge_with_verdicts_but_none_on_planted_samples_is_not_believed() -> None:
    def judge(seen: judges.Seen) -> str:
        genuine = judges.honest(seen) == "correct"
        return "correct" if genuine else "unsure"

    _, error = run(ScriptedEngine(judges.knows(judge), model="m"), items(30), Settings(votes=1, planted_every=0))
    assert "none on the 40 planted bad samples" in str(error)


def test_a_share_of_planted_samples_may_pass() -> None:
    def judge(seen: judges.Seen) -> str:
        essay = "complete certainty" in seen.pieces["answer to be evaluated"]
        return "correct" if essay else judges.honest(seen)

    tally = Tally()
    _, error = run(ScriptedEngine(judges.knows(judge)), items(100), Settings(votes=1, max_passed=0.5), tally=tally)
    assert error is None
    assert set(+tally.passed) <= {"essay", "injected"}
    assert tally.passed.total() > 0


def test_a_judge_may_be_made_to_begin_its_json() -> None:
    def judge(messages: list[dict[str, str]], vote: int, seed: int | None) -> str:
        assert messages[1] == {"role": "assistant", "content": '{"analysis": "'}
        return f'Fine.", "{judges.see(messages[0]["content"]).field}": "correct"}}'

    settings = Settings(votes=1, reply="prefill", planted_first=0, planted_every=0)
    found, error = run(ScriptedEngine(judge), items(1), settings)
    assert error is None
    assert found[0].verdict == "correct"
    no_prefill = ScriptedEngine(judge)
    no_prefill.capabilities = frozenset()
    _, error = run(no_prefill, items(1), settings)
    assert isinstance(error, UsageError)


@pytest.mark.parametrize(
    ("task", "verdict", "score"), [(CORRECTNESS, "correct", 1.0), (CHAIN_TASKS["code_block"], "clean", 1.0), (quality(), "rated", 7.0)]
)
def test_an_engine_may_hold_the_reply_to_its_schema(task: Task, verdict: str, score: float) -> None:
    def held(request: Request) -> str:
        form = json.loads(request.schema)
        analysis, field = form["required"]
        assert (analysis, form["additionalProperties"]) == ("analysis", False)
        values = form["properties"][field]["enum"]
        return json.dumps({analysis: "Fine.", field: 7 if task.scored else values[0]})

    settings = Settings(votes=1, reply="schema", planted_first=0, planted_every=0)
    engine = ScriptedEngine.of_requests(held)
    _, error = run(engine, items(1), settings, task)
    assert isinstance(error, UsageError)
    engine.capabilities = engine.capabilities | {"schema"}
    [found], error = run(engine, items(1), settings, task)
    assert error is None
    assert (found.verdict, found.score) == (verdict, score)


@pytest.mark.parametrize("wrong", [{"votes": 0}, {"max_passed": 1.5}, {"max_concurrent": 0}, {"planted_first": -1}, {"planted_every": -1}])
def test_settings_out_of_range(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="out of range"):
        Settings(**wrong)
