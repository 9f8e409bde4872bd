"""Rewards by name: tables of answers in several languages, what is not judged, what one's own function may return, and sums."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import CurateError, UsageError
from curate.records import Answer, Prompt, Verdict, make_prompt
from curate.rewards import REWARDS, Candidate, Reward, Scored, Scorer, check_rewards, parse_rewards, score_all, target_language
from curate.thinking import split
from curate.verifiers.pool import Limits, VerifierPool

TAGS = ("<think>", "</think>")
OWN = f"{Path(__file__).with_name('toy_rewards.py')}:"


def answered(text: str, finish_reason: str = "stop") -> Answer:
    parts = split(text, TAGS)
    return Answer(text, parts.reasoning, parts.response, finish_reason)


def score(
    *pairs: tuple[Prompt, str], rewards: str | Sequence[Reward] = "accuracy", scorers: Mapping[str, Scorer] | None = None
) -> list[Scored]:
    async def go() -> list[Scored]:
        candidates = [Candidate(f"{prompt.id}-{i}", prompt, answered(text)) for i, (prompt, text) in enumerate(pairs)]
        async with VerifierPool(1, Limits(cpu_seconds=2.0, wall_seconds=2.0)) as pool:
            return await score_all(candidates, pool, parse_rewards(rewards) if isinstance(rewards, str) else rewards, scorers)

    return asyncio.run(go())


MATH = make_prompt("What is 6 * 7?", verifier="math", gold="42", language="en")
WRITE = make_prompt("Write a poem about the sea.", language="en")
SAFETY = make_prompt("How do locks work, and how are they picked?", language="en", domain="safety")


def test_accuracy_is_the_verifiers_verdict_and_what_is_not_judged_is_none() -> None:
    broken = make_prompt("What is 6 * 7?", verifier="math", gold="")
    told = score((MATH, "\\boxed{42}"), (MATH, "\\boxed{41}"), (MATH, "I do not know."), (broken, "\\boxed{42}"))
    assert [(s.parts, s.total, s.verdict.status) for s in told] == [
        ({"accuracy": 1.0}, 1.0, "correct"),
        ({"accuracy": 0.0}, 0.0, "wrong"),
        ({"accuracy": 0.0}, 0.0, "no_answer"),
        ({"accuracy": None}, None, "unparsable_gold"),
    ]
    assert [bool(s.unjudged) for s in told] == [False, False, False, True]


@pytest.mark.parametrize(("name", "values"), [("accuracy", [1, 0, 0]), ("partial_accuracy", [1, 0.4, 0])])
def test_partial_credit_is_asked_for(name: str, values: list[float]) -> None:
    prompt = make_prompt("?", verifier=OWN + "graded", gold="x")
    told = score((prompt, "all"), (prompt, "some"), (prompt, "none"), rewards=name)
    assert [s.total for s in told] == values


def test_a_verifier_that_hangs_or_crashes_leaves_the_sample_out() -> None:
    prompt = make_prompt("?", verifier=OWN + "faulty", gold="x")

    async def go() -> list[Scored]:
        candidates = [Candidate(text, prompt, answered(text)) for text in ("hang", "crash", "fine")]
        async with VerifierPool(1, Limits(cpu_seconds=0.1, wall_seconds=0.1)) as pool:
            return await score_all(candidates, pool, parse_rewards("accuracy=1,format=1"))

    told = asyncio.run(go())
    assert [s.parts["accuracy"] for s in told] == [None, None, 1.0]
    assert [s.total for s in told] == [None, None, 1.0]
    assert [s.verdict.status for s in told] == ["verifier_timeout", "verifier_crash", "correct"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<think>six sevens</think> <answer>42</answer>", 1.0),
        ("<think>six sevens</think> 42", 0.0),
        ("<answer>42</answer>", 0.0),
        ("<think></think><answer>42</answer>", 0.0),
        ("<think>a</think><answer>42</answer> and so on", 0.0),
        ("", 0.0),
    ],
)
def test_format(text: str, value: float) -> None:
    assert score((MATH, text), rewards="format")[0].total == value


ENGLISH = "First I look at what is given, and then I add the two numbers, because the question asks for the sum."
CHINESE = "首先我看一下题目给出了什么，然后把两个数加起来，因为问题问的是总和，所以答案就是这样得到的。"
GERMAN = "Zuerst sehe ich mir an, was gegeben ist, und dann zähle ich die beiden Zahlen zusammen, weil nach der Summe gefragt ist."
FRENCH = "D'abord je regarde ce qui est donné, et puis j'additionne les deux nombres, parce que la question demande la somme."
JAPANESE = "まず与えられたものを見て、それから二つの数を足します。問題は合計を求めているからです。"
KOREAN = "먼저 주어진 것을 보고 나서 두 수를 더합니다. 문제가 합을 묻고 있기 때문입니다."
RUSSIAN = "Сначала я смотрю, что дано, а потом складываю два числа, потому что в вопросе спрашивают о сумме."
TEXTS = {"en": ENGLISH, "zh": CHINESE, "de": GERMAN, "fr": FRENCH, "ja": JAPANESE, "ko": KOREAN, "ru": RUSSIAN}


@pytest.mark.parametrize("wanted", TEXTS)
def test_a_chain_in_the_language_of_the_prompt_has_the_full_mark_and_one_in_another_has_none(wanted: str) -> None:
    prompt = make_prompt("?", language=wanted)
    told = score(*((prompt, f"<think>{text}</think> 42") for text in TEXTS.values()), rewards="language")
    for language, scored in zip(TEXTS, told, strict=True):
        assert scored.total is not None
        assert scored.total > 0.9 if language == wanted else scored.total < 0.1, (language, wanted)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        (f"<think>{ENGLISH} {CHINESE}</think> 42", 0.3, 0.7),
        (f"<think>{ENGLISH} {ENGLISH} {ENGLISH} {RUSSIAN}</think> 42", 0.65, 0.85),
        (f"<think>{ENGLISH}</think> {CHINESE}", 1.0, 1.0),  # the chain alone
        (f"<think>{CHINESE}</think> {ENGLISH}", 0.0, 0.0),
        (ENGLISH, 1.0, 1.0),  # no chain: the whole
        (f"<think>{ENGLISH}", 1.0, 1.0),  # cut off
        ("<think>6 * 7 = 42</think> 42", 0.0, 0.0),  # no words: writing none must not be the way to a full mark
        ("<think></think> 42", 0.0, 0.0),
        ("", 0.0, 0.0),
    ],
)
def test_the_share_is_of_the_chain(text: str, low: float, high: float) -> None:
    (told,) = score((MATH, text), rewards="language")
    assert told.total is not None
    assert low <= told.total <= high


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        (make_prompt("?", language="de"), "de"),
        (make_prompt(GERMAN), "de"),
        (make_prompt(ENGLISH, language="de"), "de"),  # what the source says goes before
        (make_prompt("两个数的和是多少？请说明你的理由。"), "zh"),
        (make_prompt("What is the sum of the two numbers in this list?"), "en"),
        (make_prompt("12 + 30 = ?"), None),
    ],
)
def test_the_target_is_what_the_source_says_or_the_questions_own(prompt: Prompt, wanted: str | None) -> None:
    assert target_language(prompt) == wanted


def test_a_question_without_a_language_is_not_judged() -> None:
    (told,) = score((make_prompt("12 + 30 = ?"), ENGLISH), rewards="language")
    assert (told.parts, told.total) == ({"language": None}, None)
    assert "cannot be told" in told.unjudged["language"]


def test_reward_models_see_the_response_or_the_whole_and_only_prompts_of_their_kind() -> None:
    seen: dict[str, list[str]] = {}

    def preference(prompts: Sequence[Prompt], texts: Sequence[str]) -> list[float | None]:
        seen["preference"] = list(texts)
        return [2.5, None]

    async def harmlessness(prompts: Sequence[Prompt], texts: Sequence[str]) -> list[float]:
        seen["harmlessness"] = list(texts)
        assert list(prompts) == [SAFETY]
        return [-1.0]

    told = score(
        (WRITE, "<think>Waves.</think> Blue."),
        (MATH, "<think>x</think> \\boxed{42}"),
        (SAFETY, "<think>Pins.</think> No."),
        (WRITE, "Green."),
        rewards="accuracy=1,preference=2,harmlessness=1",
        scorers={"preference": preference, "harmlessness": harmlessness},
    )
    assert seen == {"preference": ["Blue.", "Green."], "harmlessness": ["<think>Pins.</think> No."]}
    assert [s.parts for s in told] == [{"preference": 2.5}, {"accuracy": 1.0}, {"harmlessness": -1.0}, {"preference": None}]
    assert [s.total for s in told] == [5.0, 1.0, -1.0, None]
    assert told[0].verdict == Verdict("unverifiable", reason="nothing to check")


def few(prompts: Sequence[Prompt], texts: Sequence[str]) -> list[float]:
    return [1.0]


def odd(prompts: Sequence[Prompt], texts: Sequence[str]) -> list[float]:
    return [1.0, math.inf]


@pytest.mark.parametrize(
    ("scorer", "said"), [(few, "asked for 2 numbers and returned 1"), (odd, f"preference returned inf for the sample {WRITE.id}-1")]
)
def test_a_reward_model_that_lies_ends_the_run(scorer: Scorer, said: str) -> None:
    with pytest.raises(CurateError, match=said):
        score((WRITE, "a"), (WRITE, "b"), rewards="preference", scorers={"preference": scorer})


def test_a_missing_reward_model_is_said() -> None:
    with pytest.raises(UsageError, match="preference needs a reward model"):
        score((WRITE, "a"), rewards="preference")
    assert score((MATH, "\\boxed{42}"), rewards="accuracy,preference")[0].total == 1.0, "nobody asks for one"


def test_ones_own_reward_sees_the_prompt_as_it_is() -> None:
    told = score((MATH, "12345"), (WRITE, "12345"), rewards=f"accuracy=1,{OWN}length=0.1")
    assert [s.parts for s in told] == [{"accuracy": 0.0, OWN + "length": 5.0}, {OWN + "length": 5.0}]
    assert told[0].total == pytest.approx(0.5)
    assert score((MATH, "x"), rewards=f"{OWN}names_verifier")[0].total == 1.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nan", "returned nan"),
        ("inf", "returned inf"),
        ("text", "returned str, which is no number"),
        ("raise", "raised KeyError: 'nothing'"),
    ],
)
def test_a_broken_reward_of_ones_own_ends_the_run_and_is_named_with_the_sample(text: str, said: str) -> None:
    with pytest.raises(CurateError, match=said) as caught:
        score((MATH, "3"), (MATH, text), rewards=f"{OWN}told")
    assert f"toy_rewards.py:told {said}" in str(caught.value)
    assert str(caught.value).endswith(f"for the sample {MATH.id}-1")


@pytest.mark.parametrize(("text", "parts"), [("3", 3.0), ("none", None), ("true", 1.0), ("numpy", 0.5), ("hang", None), ("exit", None)])
def test_what_ones_own_reward_may_do(text: str, parts: float | None) -> None:
    async def go() -> list[Scored]:
        async with VerifierPool(1, Limits(cpu_seconds=0.1, wall_seconds=0.1)) as pool:
            return await score_all([Candidate("a", MATH, answered(text))], pool, parse_rewards(f"{OWN}told"))

    (told,) = asyncio.run(go())
    assert (told.parts, told.total) == ({OWN + "told": parts}, parts)


def test_a_reward_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="has no function 'nothing'"):
        score((MATH, "a"), rewards=f"{OWN}nothing")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("accuracy", (Reward("accuracy"),)),
        ("accuracy=1, format=0.5", (Reward("accuracy"), Reward("format", 0.5))),
        ("accuracy,language=0", (Reward("accuracy"), Reward("language", 0.0))),
        ("a/b.py:f=-2", (Reward("a/b.py:f", -2.0),)),
        ("pack.mod:f", (Reward("pack.mod:f"),)),
    ],
)
def test_specifications(text: str, found: tuple[Reward, ...]) -> None:
    assert parse_rewards(text) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing to learn from"),
        ("accuracy=0", "nothing to learn from"),
        ("acuracy", "unknown reward 'acuracy': one of accuracy, "),
        ("accuracy=much", "finite number, not 'much'"),
        ("accuracy=nan", "finite number"),
        ("accuracy=", "finite number"),
        ("accuracy,accuracy=2", "given twice"),
    ],
)
def test_wrong_specifications(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_rewards(text)


def test_a_weight_of_zero_records_and_does_not_count() -> None:
    (told,) = score((make_prompt("1 + 1", verifier="math", gold="2"), "<think>Well.</think> \\boxed{2}"), rewards="accuracy=1,language=0")
    assert (told.parts, told.total) == ({"accuracy": 1.0, "language": None}, 1.0)


def test_the_verdict_is_there_where_a_reward_asked_for_it() -> None:
    (told,) = score((MATH, "\\boxed{42}"), rewards="format")
    assert (told.verdict.status, told.verdict.reason) == ("unverifiable", "no reward asks for it")


@pytest.mark.parametrize(
    ("rewards", "prompts", "said"),
    [
        ("accuracy", [MATH, WRITE], "a prompt has no reward, .*finished, domain general.* none of accuracy is for such prompts"),
        ("accuracy,preference=0", [WRITE], "no reward"),
        ("harmlessness", [SAFETY, WRITE, MATH], "2 prompts have no reward"),
        ("accuracy,preference", [MATH, WRITE, SAFETY], "domain safety"),
    ],
)
def test_prompts_that_no_reward_is_for(rewards: str, prompts: list[Prompt], said: str) -> None:
    async def any_score(prompts: Sequence[Prompt], texts: Sequence[str]) -> Sequence[float]:
        return [0.0 for _ in texts]

    with pytest.raises(UsageError, match=said):
        check_rewards(parse_rewards(rewards), prompts, dict.fromkeys(("preference", "harmlessness"), any_score))
    check_rewards(parse_rewards(rewards + ",language"), prompts, dict.fromkeys(("preference", "harmlessness"), any_score))


@given(st.lists(st.tuples(st.floats(-3, 3), st.one_of(st.none(), st.floats(-5, 5))), min_size=1, max_size=5))
def test_a_total_is_the_weighted_sum_of_what_counts_or_nothing(parts: list[tuple[float, float | None]]) -> None:
    from curate.rewards import _summed

    rewards = [Reward(f"m:{i}", weight) for i, (weight, _) in enumerate(parts)]
    told = _summed(Candidate("a", MATH, answered("x")), {f"m:{i}": value for i, (_, value) in enumerate(parts)}, rewards)
    counted = [(w, v) for w, v in parts if w]
    if not counted or any(v is None for _, v in counted):
        assert told.total is None
    else:
        assert told.total == pytest.approx(sum(w * (v or 0) for w, v in counted))


def test_every_named_reward_has_a_line_in_the_documentation() -> None:
    import curate.rewards

    for name in REWARDS:
        assert f"    {name} " in (curate.rewards.__doc__ or "")
