"""Chains that are missing, empty, hidden or summarised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.filters import empty_think, missing_think
from curate.filters.base import Trace

EMPTY = [
    "", " \n\t ", "...", "—", "。。。", "\u200b\u200b", "Okay.", "Okay, let me think.", "Let me think about this step by step.", "Hmm...", "No thinking needed.", "N/A", "(empty)", "Let's see.",
    "[Your reasoning goes here]", "I need to solve this problem.", "好的，让我想一想。", "嗯", "让我思考一下。", "考えてみましょう。", "생각해 보겠습니다.", "Давайте подумаем шаг за шагом.", "Хорошо. Давайте подумаем.",
    "Vamos a pensar paso a paso.", "Réfléchissons étape par étape.", "Mal sehen.", "Lass mich kurz nachdenken.", "Vediamo.", "Vamos pensar.", "دعني أفكر.", "ठीक है।", "はい。", "네.", "Так.", "Oui.", "Adım adım düşünelim.", "Baik, mari kita lihat.",
]  # fmt: skip
SHORT = [
    "2 + 2 = 4", "4", "Paris.", "Hello is a greeting, so I greet back.", "The user says hello.", "Okay, so 3 apples and 2 more make 5.", "1+1。", "二加二等于四。", "用户在打招呼。", "Пользователь здоровается.",
    "El usuario saluda.", "L'utilisateur me salue.", "挨拶です。", "인사입니다.", "x", "Let me think: it must be even, and 2 is the only even prime.", "No.",
]  # fmt: skip


@pytest.mark.parametrize("chain", EMPTY)
def test_a_chain_that_says_nothing_is_empty(chain: str) -> None:
    assert empty_think.FILTER.look(Trace("What is it?", "4", chain)).reasons == ("empty_think",)


@pytest.mark.parametrize("chain", SHORT)
def test_a_short_chain_is_not_empty(chain: str) -> None:
    assert empty_think.FILTER.look(Trace("What is it?", "4", chain)).reasons == ()


@pytest.mark.parametrize(
    ("trace", "reasons"),
    [
        (Trace("Hi", "Hello"), ("missing_think",)),
        (Trace("Hi", "Hello", chain="none"), ("missing_think",)),
        (Trace("Hi", "Hello", chain="hidden"), ("chain_hidden",)),
        (Trace("Hi", "Hello", "They greet me.", chain="summary"), ("chain_summary",)),
        (Trace("Hi", "Hello", "They greet me."), ()),
        (Trace("Hi", "Hello", ""), ()),  # empty, not missing
        (Trace("Hi", "Hello", mode="plain", chain="none"), ()),
        (Trace("Hi", "Hello", mode="plain", chain="hidden"), ()),
        (Trace("Hi", "", finish_reason="error", chain="none"), ()),
        (Trace("Hi", "Hel", finish_reason="length", chain="none"), ("missing_think",)),
    ],
)
def test_a_chain_is_missing_only_where_one_was_wanted(trace: Trace, reasons: tuple[str, ...]) -> None:
    assert missing_think.FILTER.look(trace).reasons == reasons


@pytest.mark.parametrize("chain", EMPTY)
def test_no_chain_and_plain_samples_have_no_empty_one(chain: str) -> None:
    assert empty_think.FILTER.look(Trace("Hi", "Hello")).reasons == ()
    assert empty_think.FILTER.look(Trace("Hi", "Hello", chain, mode="plain")).reasons == ()


@given(st.lists(st.sampled_from(EMPTY), max_size=8).map(" ".join).filter(lambda text: len(text) <= 200))
def test_stock_phrases_in_a_row_are_empty(chain: str) -> None:
    assert empty_think.FILTER.look(Trace("Hi", "Hello", chain)).reasons == ("empty_think",)


@given(st.text())
def test_any_chain_can_be_looked_at(chain: str) -> None:
    empty_think.FILTER.look(Trace(chain, chain, chain))
    missing_think.FILTER.look(Trace(chain, chain, chain))
