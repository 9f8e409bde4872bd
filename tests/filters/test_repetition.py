"""Loops and text that comes back, and what repeats itself for a good reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.filters.base import Trace
from curate.filters.repetition import FILTER, longest_loop, repeated

START = "Let us find the number of ways. There are 5 choices for the first place and 4 for the second, so we multiply. "
LONG = " ".join(f"In case {n} the remainder of {n * n + 1} by {n + 7} is {(n * n + 1) % (n + 7)}, so we go on." for n in range(300))
PARAGRAPH = "Wait, maybe I should consider the triangle again. Its sides are in the ratio of the sines of the angles, and so the area must be what we had before, unless the angle is obtuse. "
LOOPS = [
    START + "So the answer is 20. " * 30,
    START + "Wait, no. " * 60,
    START + PARAGRAPH * 5,
    LONG + "\n" + "I think the answer is 7.\n" * 40,
    LONG[:9000] + "No, that is not right. Let me try again.\n" * 30 + LONG[9000:],
    START + "所以答案是二十。" * 60,
    START + "再想一想，" * 80 + "答案是5。",
    "Сначала найдём сумму. " + "Нет, это неверно, попробуем ещё раз. " * 20,
    "まず式を整理します。" + "もう一度計算してみましょう。" * 30,
    "أولاً نحسب المجموع. " + "دعني أتحقق مرة أخرى. " * 30,
    "Primero sumamos. " + "pero entonces no puede ser, " * 25,
    "x" + "1, " * 2000,
    START + "ha" * 300,
    (("-" * 63) + "\nThe next attempt begins here.\n") * 12,
    START + "moo " * 60,
    LONG + "".join(f"{PARAGRAPH}{'abcdefgh'[i % 2] * 3} " for i in range(80)),
]
CIRCLES = [
    "\n".join(f"Attempt {i}.\n{PARAGRAPH}\nHence the area of the triangle is once more equal to what we had found." for i in range(20)),
    "\n".join(f"Versuch {i}.\nDann ist die Fläche des Dreiecks wieder gleich dem Wert, den wir schon hatten.\nDas kann nicht sein, also müssen wir noch einmal von vorn anfangen." for i in range(20)),
    "\n".join(f"第{i}次。\n那么三角形的面积又等于我们之前得到的值，这不可能是对的。\n因此我们必须从头再来一次，重新检查每一个步骤。" for i in range(30)),
]  # fmt: skip
CLEAN = [
    "",
    "Yes.",
    START,
    LONG,
    "\n".join(f"If n = {n}, then n^2 + 1 = {n * n + 1}, which is not divisible by 3." for n in range(1, 200)),
    "\n".join(f"| {n} | {n % 3} | {n % 5} | no |" for n in range(200)),
    "2^30 = " + "2 \\cdot " * 29 + "2, and 1/2 + " + "\\frac{1}{2} + " * 20 + "0 is 10.5",
    "1/7 = 0." + "142857" * 40 + "...",
    "The grid is\n" + "0 0 0 0 0 0 0 0 0 0\n" * 10,
    "\n".join(f"{n}, {n + 2}, {n + 4}: cross out every multiple of {n}" for n in range(3, 99, 2)),
    "Divide: 1000000 / 7\n" + "\n".join(f"bring down 0: {r}0 / 7 = {r * 10 // 7} remainder {r * 10 % 7}" for r in (1, 3, 2, 6, 4, 5, 1, 3)),
    "\n\n".join(f"Row, row, row your boat,\nGently down the stream {i},\nMerrily, merrily, merrily, merrily,\nLife is but a dream, says verse {i}." for i in range(4)),
    "----------------------------------------------------\n" * 5 + "The end.",
    "设 " + "，".join(f"a_{n} = {n * n}" for n in range(200)) + "。",
    "\\begin{pmatrix}" + " 0 & 0 & 0 & 0 & 0 & 0 \\\\" * 12 + "\\end{pmatrix}",
    "Fall eins. Das geht nicht. Fall zwei. Das geht nicht. Fall drei. Das geht nicht. Fall vier. Das geht nicht. Also keine Lösung.",
    "Hmm.\n\nWait.\n\nHmm.\n\nWait.\n\nHmm. So it is 5.",
]  # fmt: skip


@pytest.mark.parametrize("text", LOOPS + CIRCLES)
def test_a_chain_that_goes_in_circles_is_found(text: str) -> None:
    assert FILTER.look(Trace("How many ways are there?", "20", text)).reasons == ("repetition",)


@pytest.mark.parametrize("text", CLEAN)
def test_cases_tables_and_refrains_are_no_repetition(text: str) -> None:
    assert FILTER.look(Trace("How many ways are there?", text, text)).reasons == ()


def test_the_response_is_measured_apart() -> None:
    found = FILTER.look(Trace("Hello?", LOOPS[0], "Fine."))
    assert found.reasons == ("repetition",)
    assert found.metrics["reasoning_loop_characters"] == 0


def test_what_the_question_asks_to_be_repeated_is_no_loop() -> None:
    line = "I will not talk in class again."
    assert FILTER.look(Trace(f"Write 100 times: {line}", (line + "\n") * 100)).reasons == ()
    assert FILTER.look(Trace("What did you learn?", (line + "\n") * 100)).reasons == ("repetition",)


def test_a_text_that_was_cut_off_in_a_loop_of_digits_is_caught_in_it() -> None:
    digits = "1/3 is 0." + "3" * 180
    assert FILTER.look(Trace("What is 1/3?", "", digits, finish_reason="length")).reasons == ("repetition",)
    assert FILTER.look(Trace("What is 1/3?", "0.333...", digits)).reasons == ()


def test_a_short_piece_that_the_question_happens_to_have_is_a_loop_still() -> None:
    assert FILTER.look(Trace("Is it so, or no, is it not?", "No.", "It is not so: " + "no, " * 100)).reasons == ("repetition",)
    assert FILTER.look(Trace("Repeat 'no, ' a hundred times.", "no, " * 100)).reasons == ()


@pytest.mark.parametrize("unit", ["no, ", "Wait, let me see. ", PARAGRAPH, "再看一遍。"])
@pytest.mark.parametrize("before", [0, 1, 777, 5000])
def test_a_loop_is_measured_in_full_wherever_it_stands(unit: str, before: int) -> None:
    times = max(8, 300 // len(unit))
    text = (LONG * 2)[:before] + unit * times + LONG[:before]
    assert len(unit) * times <= longest_loop(text) <= len(unit) * times + 4


@given(st.text(max_size=300), st.text(min_size=1, max_size=20), st.integers(0, 200))
def test_any_text_can_be_looked_at(start: str, unit: str, times: int) -> None:
    text = start + unit * times
    assert 0 <= longest_loop(text) <= len(text)
    assert 0 <= repeated(text) <= 1
    assert FILTER.look(Trace(start, text, text)).metrics["reasoning_loop_characters"] == longest_loop(text, start)
