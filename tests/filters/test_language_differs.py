"""The language of the question against that of the chain and of the response."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.filters.base import Trace
from curate.filters.language_differs import FILTER, question_language
from tests.filters.texts import CHAINS, QUESTIONS

REASON = ("language_differs_from_question",)


@pytest.mark.parametrize("code", CHAINS)
def test_an_answer_in_the_language_of_the_question_does_not_differ(code: str) -> None:
    found = FILTER.look(Trace(QUESTIONS[code], CHAINS[code], CHAINS[code]))
    assert found.reasons == ()
    assert found.metrics["reasoning_question_language"] is not None


@pytest.mark.parametrize("code", CHAINS)
def test_a_chain_or_a_response_in_another_language_differs(code: str) -> None:
    other = CHAINS["zh" if code == "en" else "en"]
    assert FILTER.look(Trace(QUESTIONS[code], CHAINS[code], other)).reasons == REASON
    assert FILTER.look(Trace(QUESTIONS[code], other, CHAINS[code])).reasons == REASON


@pytest.mark.parametrize(
    ("question", "said", "language"),
    [
        ("Find $x$.", None, None),
        ("$x^2 = 4$", None, None),
        ("12 * 7 = ?", None, None),
        ("", None, None),
        ("Find $x$.", "en", "en"),
        ("求 x", "zh-CN", "zh"),
        ("求 x", "cmn", "zh"),
        ("What is the largest prime below 100?", None, "en"),
        ("What is the largest prime below 100?", "English, probably", "en"),
        ("Quel est le plus grand nombre premier inférieur à cent ?", None, "fr"),
        # an instruction in one language, the text in another
        ("Summarise the following article in two sentences.\n\n" + CHAINS["fr"], None, None),
        (CHAINS["zh"] + "\n\nWhat is the main idea of this text?", None, None),
    ],
)
def test_the_language_of_a_question(question: str, said: str | None, language: str | None) -> None:
    assert question_language(Trace(question, "", language=said)) == language


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("Translate into German: let us think about this problem step by step.", "de"),
        ("Traduis ce texte en anglais : « Réfléchissons à ce problème étape par étape. »", "en"),
        ("把下面这段话翻译成英语：让我们一步一步地思考这个问题。", "en"),
        ("次の文章を英語に翻訳してください。この問題を順番に考えてみましょう。", "en"),
        ("다음 문장을 영어로 번역해 주세요: 이 문제를 단계별로 생각해 봅시다.", "en"),
        ("Переведи на английский: давайте подумаем над этой задачей шаг за шагом.", "en"),
        ("What is the sum of the roots of $x^2 - 5x + 6 = 0$? Please answer in French.", "fr"),
        ("What is the sum of the roots? Think about it in Chinese, then answer.", "zh"),
        ("¿Cuál es la suma de las raíces de la ecuación? Responde en inglés, por favor.", "en"),
        ("Was ist die Summe der beiden Lösungen? Antworte bitte auf Englisch.", "en"),
        ("Qual è la somma delle due radici? Rispondi in inglese.", "en"),
        ("Qual é a soma das duas raízes da equação? Responda em inglês, por favor.", "en"),
        ("समीकरण के मूलों का योग क्या है? कृपया अंग्रेज़ी में उत्तर दें।", "en"),
        ("ما هو مجموع الجذور في هذه المعادلة؟ أجب باللغة الإنجليزية من فضلك.", "en"),
    ],
)
def test_a_language_that_is_asked_for_is_no_other(question: str, code: str) -> None:
    assert FILTER.look(Trace(question, CHAINS[code], CHAINS[code])).reasons == ()


def test_the_system_prompt_may_ask_for_a_language() -> None:
    assert FILTER.look(Trace(QUESTIONS["en"], CHAINS["de"], system="You are a helpful assistant. Always answer in German.")).reasons == ()


@pytest.mark.parametrize(
    "question",
    [
        "Use the Chinese remainder theorem to find the least positive integer with these properties.",
        "In a class of 30 pupils, 12 speak French and 7 speak German. How many speak neither of the two?",
        "How many of the French cities in this list have more than a hundred thousand people?",
    ],
)
def test_a_language_that_is_only_spoken_of_excuses_no_other(question: str) -> None:
    assert FILTER.look(Trace(question, CHAINS["en"], CHAINS["ru"])).reasons == REASON


@pytest.mark.parametrize(
    "response", ["5", "$\\boxed{5}$", "Die Antwort ist 5.", "```python\nprint('hello to all of you')\n```", "Beethoven, Bach, Brahms"]
)
def test_a_short_answer_is_not_judged(response: str) -> None:
    found = FILTER.look(Trace(QUESTIONS["en"], response, CHAINS["en"]))
    assert found.metrics["response_question_language"] is None
    assert found.reasons == ()


@pytest.mark.parametrize("other", ["da", "nb"])
def test_close_relatives_do_not_differ(other: str) -> None:
    norwegian = "La oss se på oppgaven først, og så finner vi de tallene som det er mulig å bruke her. Jeg tror at det er riktig, men vi skal prøve det."
    assert FILTER.look(Trace("?", norwegian, language=other)).reasons == ()


@pytest.mark.parametrize(
    "response",
    [
        "El agua hierve a cien grados Celsius al nivel del mar, porque allí la presión es de una atmósfera.",
        "A água ferve a cem graus no nível do mar, porque ali a pressão é de uma atmosfera e não mais.",
    ],
)
def test_one_sentence_that_a_close_relative_could_nearly_be_differs(response: str) -> None:
    assert FILTER.look(Trace("What is the boiling point of water at sea level?", response)).reasons == REASON


@given(st.text(max_size=300), st.text(max_size=300), st.none() | st.text(max_size=8))
def test_any_text_is_measured(question: str, text: str, said: str | None) -> None:
    for value in FILTER.look(Trace(question, text, text, language=said)).metrics.values():
        assert value is None or 0 <= value <= 1
