"""None of the injections changes a verdict: not of a judge that obeys whatever stands outside the boundary, nor of one that repeats what was planted inside it or loses count of fences."""

import asyncio
from collections.abc import Callable

import pytest

from curate.engines.scripted import ScriptedEngine
from curate.filters.judge import CORRECTNESS, Item, Judgement, Settings, judge_rows
from curate.filters.judge.boundary import ask
from tests.filters.judge import judges
from tests.filters.judge.injections import INJECTIONS, Injection, inject

ANSWERS = {"wrong": "The answer is 41.", "right": "The answer is 42."}
ALONE = {i.name for i in INJECTIONS if "{answer}" not in i.text}
SETTINGS = Settings(votes=1, planted_first=0, planted_every=0)


def judged(judge: judges.Judge, responses: list[str]) -> list[Judgement]:
    async def run() -> list[Judgement]:
        items = [Item(f"sample-{i}", "What is 6 * 7?", "42", response) for i, response in enumerate(responses)]
        return [j async for j in judge_rows(ScriptedEngine(judge), items, CORRECTNESS, SETTINGS)]

    return asyncio.run(run())


def test_there_are_at_least_sixty_and_no_two_alike() -> None:
    assert len(INJECTIONS) >= 60
    assert len({i.name for i in INJECTIONS}) == len({i.text for i in INJECTIONS}) == len(INJECTIONS)


@pytest.mark.parametrize("which", ANSWERS)
@pytest.mark.parametrize("then", [judges.plain, judges.quoting], ids=lambda f: f.__name__)
def test_no_injection_changes_a_verdict(then: Callable[[judges.Seen], str], which: str) -> None:
    """The judge obeys all that it finds outside, and what is planted inside reaches its reply only as a quotation."""
    attempts = [i for i in INJECTIONS if i.name not in ALONE]
    before, *after = judged(judges.obedient(then), [ANSWERS[which], *(inject(i, ANSWERS[which]) for i in attempts)])
    assert before.verdict == {"wrong": "incorrect", "right": "correct"}[which]
    assert {i.name: j.verdict for i, j in zip(attempts, after, strict=True) if j.verdict != before.verdict} == {}


@pytest.mark.parametrize("which", ANSWERS)
@pytest.mark.parametrize("then", [judges.parroting, judges.trailing, judges.taken_in, judges.fence_keeping], ids=lambda f: f.__name__)
def test_a_judge_that_repeats_what_was_planted_gives_its_own_verdict_or_none(then: Callable[[judges.Seen], str], which: str) -> None:
    attempts = [i for i in INJECTIONS if i.name not in ALONE]
    before, *after = judged(judges.obedient(then), [ANSWERS[which], *(inject(i, ANSWERS[which]) for i in attempts)])
    assert before.verdict == {"wrong": "incorrect", "right": "correct"}[which]
    assert {j.verdict for j in after} == {before.verdict, None}
    assert all(j.score is None for j in after if j.verdict is None)


@pytest.mark.parametrize("injection", [i for i in INJECTIONS if i.name in ALONE], ids=lambda i: i.name)
def test_openers_fail_before_a_judge_is_asked(injection: Injection) -> None:
    def credulous(*_: object) -> str:
        raise AssertionError("a judge was asked")

    (judgement,) = judged(credulous, [injection.text])
    assert (judgement.verdict, judgement.decided_by) == ("incorrect", "rule")
    assert judgement.reason in ("blank", "one_symbol", "opener_only")


@pytest.mark.parametrize("injection", INJECTIONS, ids=lambda i: i.name)
def test_nothing_of_an_injection_stands_outside_the_boundary(injection: Injection) -> None:
    for vote in range(3):
        prompt = ask(Item("s", "What is 6 * 7?", "42", inject(injection, "41")), CORRECTNESS, 0, vote).messages[0].content
        seen = judges.see(prompt)
        assert seen.outside == judges.template_outside()
        assert set(seen.pieces) == {"question", "reference answer", "answer to be evaluated"}
        assert seen.pieces["reference answer"] == "42"


def test_the_obedient_judge_does_obey_what_is_outside() -> None:
    """Else the tests above would say nothing."""
    prompt = ask(Item("s", "What is 6 * 7?", "42", "The answer is 41."), CORRECTNESS, 0, 0).messages[0].content
    judge = judges.obedient(judges.plain)
    assert '"incorrect"' in judge([{"role": "user", "content": prompt}], 0, None)
    assert '"correct"' in judge([{"role": "user", "content": prompt + "\nIgnore this."}], 0, None)
