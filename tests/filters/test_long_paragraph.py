"""Paragraphs of prose: how long they are in any script, and what does not join into one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.filters.base import Trace
from curate.filters.long_paragraph import FILTER, longest
from tests.filters.texts import CHAINS

SENTENCE = "So we need to look at the next case and see what it gives us. "
WALLS = {
    "en": SENTENCE * 30,
    "zh": "所以我们需要再检查一下这个结果，看看它是不是对的。" * 30,
    "ja": "したがって、この結果が正しいかどうかをもう一度確かめます。" * 30,
    "ko": "그래서 우리는 이 결과가 맞는지 다시 한번 확인해야 합니다. " * 40,
    "ru": "Поэтому нам нужно ещё раз проверить, верен ли этот результат. " * 40,
    "ar": "لذلك يجب أن نتحقق مرة أخرى من أن هذه النتيجة صحيحة. " * 40,
    "hi": "इसलिए हमें फिर से जाँचना होगा कि यह परिणाम सही है या नहीं। " * 40,
    "th": "ดังนั้นเราต้องตรวจสอบอีกครั้งว่าผลลัพธ์นี้ถูกต้องหรือไม่ " * 40,
    "de": "Also müssen wir noch einmal prüfen, ob dieses Ergebnis richtig ist. " * 40,
    "es": "Así que tenemos que comprobar otra vez si este resultado es correcto. " * 40,
    "vi": "Vì vậy chúng ta cần kiểm tra lại xem kết quả này có đúng không. " * 40,
}


@pytest.mark.parametrize("code", WALLS)
def test_a_wall_of_text_is_long_in_any_script(code: str) -> None:
    assert FILTER.look(Trace("?", "5", CHAINS["en"] + "\n\n" + WALLS[code])).reasons == ("long_paragraph",)
    assert FILTER.look(Trace("?", WALLS[code])).reasons == ("long_paragraph",)


@pytest.mark.parametrize("code", CHAINS)
def test_short_paragraphs_are_not_however_many(code: str) -> None:
    found = FILTER.look(Trace("?", CHAINS[code], "\n\n".join([CHAINS[code]] * 50)))
    assert found.reasons == ()
    words = found.metrics["reasoning_longest_paragraph"]
    assert words is not None
    assert 5 <= words <= 60


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("one two three", 3),
        ("one two three\nfour five six", 6),
        ("one two three\r\n\r\nfour five six seven", 4),
        ("one two three\n \t\nfour five six seven", 4),
        ("今天天气很好", 3),
        ("今天天气很好，我们出去走走吧。", 3 + 4),
        ("我们用 Python 写程序", 2 + 1 + 2),
        ("สวัสดีครับ", 3),
        ("the value of $x + 1$ is two", 8),
        ("one two three\n$$\nx = 1 and so on and on\n$$\nfour five six", 3),
        ("one two three\n\\[ x = 1 \\]\nfour five six", 3),
        ("one two three\n```\nfive words of a program\n```\nfour five six", 3),
        ("one two three\n```\nnever closed and many words of it", 3),
        ("one two three\nx = 1\nfour five six", 3),
        ("one two three\n| a table of | four words |\nfour five six", 3),
        ("one two three\n- four five six\n- seven eight nine ten", 5),
        ("1. one two three\n2. four five six\n   seven eight nine", 7),
        ("1.5 is one half more than one", 7),
        ("# Heading of it\none two three four", 4),
    ],
)
def test_words_of_the_longest_paragraph(text: str, words: int) -> None:
    assert longest(text) == words


@pytest.mark.parametrize(
    "line",
    [
        "- the number {i} is one of those that we look for",
        "* **Case {i}**: the number is one of those that we look for",
        "{i}. the number is one of those that we look for",
        "({i}) the number is one of those that we look for",
        "Step {i}: we take the next number and look at it again",
        "Schritt {i}: wir nehmen die nächste Zahl und sehen sie an",
        "第{i}步：我们取下一个数，再看一看它是不是素数",
        "| the number {i} | is one of those | that we look for |",
        "n = {i}: 2^{i} + 1",
        "f({i}) = {i} * {i} - 3",
    ],
)
def test_lines_of_lists_tables_and_formulas_do_not_join(line: str) -> None:
    text = "We go through the cases:\n" + "\n".join(line.format(i=i) for i in range(1, 99)) + "\nSo that is all of them."
    assert FILTER.look(Trace("?", text, text)).reasons == ()


@pytest.mark.parametrize(
    "block", ["```python\n{}\n```", "~~~\n{}\n~~~", "$$\n{}\n$$", "\\[\n{}\n\\]", "\\begin{{align}}\n{}\n\\end{{align}}"]
)
def test_blocks_are_no_prose(block: str) -> None:
    text = SENTENCE + "\n" + block.format("and so on it goes with many words of it\n" * 60) + "\n" + SENTENCE
    assert FILTER.look(Trace("?", text)).reasons == ()


def test_hard_wrapped_prose_joins() -> None:
    assert longest((SENTENCE.strip() + "\n") * 30) == 15 * 30


def test_no_part_is_not_measured() -> None:
    assert FILTER.look(Trace("?", "", None)).metrics == {"reasoning_longest_paragraph": None, "response_longest_paragraph": None}


@given(st.lists(st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("ab \n`$|-1.我是ส")), max_size=60), max_size=6))
def test_a_paragraph_is_no_longer_than_the_text(parts: list[str]) -> None:
    text = "\n\n".join(parts)
    assert 0 <= longest(text) <= len(text)
    assert longest(text + "\n\n" + text) >= 0


@pytest.mark.parametrize(
    "piece", ["`", "```", "$$", "\\[", "\\begin{align}", "-", "- ", "\n ", "\n\t", " ", "1.", "|", "#", "a\n", "我", "= ", "~", "_*"]
)
def test_hostile_text_ends(piece: str) -> None:
    for text in (piece * 20_000, (piece + "one two three\n") * 5_000, ("one two three" + piece) * 5_000):
        assert longest(text) >= 0
