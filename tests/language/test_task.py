"""What questions say of languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import language
from curate.language import names, task

NOTHING: frozenset[str] = frozenset()


def spoken_of(question: str) -> frozenset[str] | None:
    return task.spoken_of(question, language.reading(question))


@pytest.mark.parametrize(
    "question",
    [
        "Translate into German: the weather is fine.",
        "Translate this to English: Das Wetter ist schön.",
        "Traduce al inglés la siguiente frase.",
        "Traduisez en allemand : il fait beau.",
        "Übersetze den Satz ins Französische.",
        "Traduza para o inglês: o tempo está bom.",
        "Traduci in tedesco: il tempo è bello.",
        "Переведите на китайский язык: сегодня хорошая погода.",
        "把这句话翻译成英文。",
        "この文を英語に翻訳してください。",
        "이 문장을 영어로 번역하세요.",
        "ترجم هذه الجملة إلى الإنجليزية.",
        "इस वाक्य का अंग्रेज़ी में अनुवाद कीजिए।",
        "Bu cümleyi İngilizce diline çevir: bugün hava güzel.",
        "Przetłumacz to zdanie na angielski.",
        "Dịch câu này sang tiếng Anh.",
        "Translate the sentence 今天天气很好.",
    ],
)
def test_of_a_translation_any_language_may_be_part(question: str) -> None:
    assert spoken_of(question) is None


@pytest.mark.parametrize(
    ("question", "languages"),
    [
        ("What does the French word dépaysement mean?", {"fr"}),
        ("How do you say hello in Japanese?", {"ja"}),
        ("How would you say hello in Chinese, Korean and Arabic?", {"zh", "ko", "ar"}),
        ("How do they greet in French and in German cities?", {"fr"}),
        ("Write a haiku in Korean.", {"ko"}),
        ("Please answer in Spanish, and be brief.", {"es"}),
        ("Explain the difference between ser and estar in Spanish.", {"es"}),
        ("Name three words that English has from Arabic.", {"ar"}),
        ("What is the meaning of 学而时习之?", {"zh", "ja"}),
        ("What does \"je ne sais pas\" mean?", {"fr"}),
        ("用法语写一封信。", {"fr"}),
        ("Responde en francés, por favor.", {"fr"}),
        ("Antworte bitte auf Italienisch.", {"it"}),
        ("Ответь по-немецки, пожалуйста, и не очень длинно.", {"de"}),
    ],
)  # fmt: skip
def test_languages_that_are_meant_are_found(question: str, languages: set[str]) -> None:
    found = spoken_of(question)
    assert found is not None
    assert languages <= found, found
    assert language.detect(question) in {*found, None}


@pytest.mark.parametrize(
    "question",
    [
        "",
        "$x$",
        "Use the Chinese remainder theorem to find the least such number.",
        "A German company has 40 employees in French cities and 12 in Spanish ones.",
        "Translate the point (2, 3) by the vector (1, 1).",
        "What is the mean of these five numbers?",
        "Polish the table and find its area.",
        "Write a function in the language Python that counts words.",
        "El matemático francés Pierre de Fermat nació en 1607. ¿Cuántos años tendría hoy?",
        "Please answer in English.",
    ],
)
def test_nations_and_other_translations_are_no_languages(question: str) -> None:
    assert spoken_of(question) == NOTHING


def test_names_are_in_lower_case_and_of_one_language_each() -> None:
    assert all(name == name.lower() for name in (*names.NAMES, *names.STEMS))
    assert all(language.code(code) == code for code in (*names.NAMES.values(), *names.INSIDE.groupindex, *names.ADJECTIVES.groupindex))


@given(st.text(max_size=300))
def test_any_question_can_be_asked_about(question: str) -> None:
    found = language.reading(question)
    task.spoken_of(question, found)
    task.asked_in(question, found)
