"""How long samples are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.filters.base import Trace
from curate.filters.chain import Chain
from curate.filters.length import FILTER, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0), ("one", 1), ("two words\nand two more", 5), ("x = 3", 3), ("我们先算这个数", 3), ("今天 天气", 4), ("これは日本語です。", 5), ("สวัสดีครับ", 4), ("Это пять разных слов здесь", 5),
        ("이것은 세 단어", 3), ("naïve café — “yes”", 4), ("أربع كلمات في الجملة", 4),
    ],
)  # fmt: skip
def test_words_are_counted_in_every_script(text: str, expected: int) -> None:
    assert abs(words(text) - expected) <= 1


@pytest.mark.parametrize(
    ("chain", "response", "reasons"),
    [
        ("1+1 = 2", "2", ()),
        ("二加二等于四", "四", ()),
        (None, "2", ()),
        ("", "2", ()),  # the business of empty_think
        ("1+1 = 2", "", ("response_too_short",)),
        ("1+1 = 2", "\n", ("response_too_short",)),
        ("1+1 = 2", "**", ("response_too_short",)),
        ("word " * 70_000, "2", ("reasoning_too_long",)),
        ("字" * 400_001, "2", ("reasoning_too_long",)),
        ("1+1 = 2", "x" * 200_001, ("response_too_long",)),
        ("word " * 30_000, "word " * 10_000, ()),
    ],
)
def test_only_nonsense_is_too_short_or_too_long(chain: str | None, response: str, reasons: tuple[str, ...]) -> None:
    assert FILTER.look(Trace("What is 1+1?", response, chain)).reasons == reasons


def test_a_chain_that_is_not_there_has_no_length() -> None:
    found = FILTER.look(Trace("Hi", "Hello there"))
    assert found.metrics == {
        "reasoning_characters": None,
        "reasoning_words": None,
        "response_characters": 11,
        "response_words": 2,
        "response_text_words": None,
    }


@pytest.mark.parametrize(
    ("question", "response", "reasons"),
    [
        ("Write an essay on the causes of the war.", "It had many causes.", ("response_too_short",)),
        ("请详细说明板块构造学说。", "好", ("response_too_short",)),
        ("Докажите, что корень из двух иррационален.", "Да.", ("response_too_short",)),
        ("Erkläre den Treibhauseffekt.", "Also", ("response_too_short",)),
        ("Résumez le roman.", "Le roman", ("response_too_short",)),
        ("地震の仕組みを詳しく説明してください。", "はい。", ("response_too_short",)),
        ("Escribe una carta.", "Estimados", ("response_too_short",)),
        ("Who wrote this essay?", "Montaigne", ()),
        ("Explain what a prime is.", "A number with exactly two divisors.", ()),
        ("请说明原因。", "因为地球在自转，所以有昼夜。", ()),
        ("Wie viele Seiten hat ein Würfel?", "Sechs", ()),
        ("What is 9 squared?", "81", ()),
    ],
)
def test_a_word_is_no_text(question: str, response: str, reasons: tuple[str, ...]) -> None:
    assert FILTER.look(Trace(question, response)).reasons == reasons


@given(st.text(), st.text(), st.integers(0, 50), st.integers(0, 50))
def test_a_wider_limit_never_drops_more(chain: str, response: str, one: int, other: int) -> None:
    narrow, wide = sorted((one, other))
    trace = Trace("", response, chain)
    for parameter, strict, lax in (("max_reasoning_characters", narrow, wide), ("min_response_words", wide, narrow)):
        dropped = Chain.of([FILTER], {f"length.{parameter}": lax}).look(trace).reasons
        assert set(dropped) <= set(Chain.of([FILTER], {f"length.{parameter}": strict}).look(trace).reasons)
