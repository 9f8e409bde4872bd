"""Responses with more than one box."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.filters.base import Trace
from curate.filters.several_boxed import FILTER, several_asked

ONE = "What is the area of the triangle?"
SEVERAL = [
    (ONE, r"Either \boxed{3} or \boxed{4}."),
    (ONE, r"First, \boxed{12}. Wait, the half of it is \boxed{6}."),
    (ONE, r"\boxed{\frac{1}{2}} and then \boxed{\frac{1}{3}}"),
    (ONE, r"\boxed{A}\n\nOn second thought, \boxed{B}"),
    ("三角形的面积是多少？", r"面积是 \boxed{3}。或者 \boxed{6}。"),
    ("Чему равна площадь?", r"Ответ: \boxed{3}. Нет, \boxed{6}."),
    ("¿Cuál es el área?", r"\boxed{2x} o bien \boxed{3x}"),
    ("Points A and B lie on the sides. What is the distance between A and B?", r"\boxed{3}, \boxed{5}"),
    ("What is the greatest common divisor of 12 and 18?", r"\boxed{2} \boxed{6}"),
    ("Trouvez la distance entre le point A et la droite d.", r"\boxed{2} ou \boxed{6}"),
    ("求3和5的和。", r"\boxed{8} 或 \boxed{9}"),
    ("Find the sum of a and b.", r"\boxed{2} \boxed{6}"),
    ("Which is right? (A) 3 (B) 4 (C) 5", r"\boxed{A} or \boxed{C}"),
]  # fmt: skip
FINE = [
    (ONE, r"\boxed{6}"),
    (ONE, "6"),
    (ONE, r"So \boxed{6}. The final answer is $\boxed{6}$."),
    (ONE, r"\boxed{ 6 } = \boxed{6.} = \boxed{6.0}"),
    (ONE, r"\boxed{\frac12} \boxed{\frac12}"),
    (ONE, r"\boxed{\dfrac{1}{2}}, that is \boxed{\frac{1}{2}} or \boxed{0.5}, also \boxed{1/2}"),
    (ONE, r"\boxed{6\text{ cm}^2} so \boxed{6}"),
    (ONE, r"\boxed{x = 6}, i.e. \boxed{6}"),
    (ONE, r"\boxed{1,000} = \boxed{1000} = \boxed{1{,}000}"),
    (ONE, r"\boxed{\text{Alice}} and \boxed{Alice}"),
    (ONE, r"\boxed{90^\circ} = \boxed{90}"),
    (ONE, r"\boxed{\boxed{6}} is \boxed{6}"),
    (ONE, r"Put it in \boxed{}: \boxed{6}"),
    ("(a) Find the area. (b) Find the perimeter.", r"(a) \boxed{6} (b) \boxed{12}"),
    ("1. Compute 2+2.\n2. Compute 3+3.", r"\boxed{4} \boxed{6}"),
    ("Find x and y.", r"$x=\boxed{1}$, $y=\boxed{2}$"),
    ("Find all real solutions of x^2 = 1.", r"\boxed{1} and \boxed{-1}"),
    ("What is the area? What is the perimeter?", r"\boxed{6} \boxed{12}"),
    ("Calculate the mean and the median.", r"\boxed{6} \boxed{12}"),
    ("（1）求面积；（2）求周长。", r"（1）\boxed{6} （2）\boxed{12}"),
    ("分别求 x 和 y 的值。", r"\boxed{1} \boxed{2}"),
    ("Найдите все решения уравнения.", r"\boxed{1} \boxed{2}"),
    ("Bestimme alle Lösungen.", r"\boxed{1} \boxed{2}"),
    ("x と y をそれぞれ求めなさい。", r"\boxed{1} \boxed{2}"),
    ("Solve it and put each answer into its own \\boxed.", r"\boxed{1} \boxed{2}"),
    (ONE, r"\boxed{\frac{1}{4}}, that is \boxed{\dfrac14}"),
    ("Nenne a) den Umfang und b) die Fläche.", r"a) \boxed{20} b) \boxed{25}"),
    ("Resuelve: 1) 2 + 2; 2) 3 + 3.", r"1) \boxed{4} 2) \boxed{6}"),
    ("Trouvez l'intensité et la puissance.", r"\boxed{3} et \boxed{27}"),
    ("Berechne die Fläche und den Umfang.", r"\boxed{3} und \boxed{27}"),
    ("Calcula el área y el perímetro.", r"\boxed{3} y \boxed{27}"),
    ("求周长和面积。", r"\boxed{3}，\boxed{27}"),
    ("Solve the system x + y = 3, x - y = 1 for x and y.", r"$x = \boxed{2}$ and $y = \boxed{1}$"),
    ("Решите систему уравнений x + y = 3, x - y = 1.", r"\boxed{2}, \boxed{1}"),
    ("解方程组 x+y=3，x-y=1。", r"\boxed{2}，\boxed{1}"),
    ("How do I write a boxed number in LaTeX?", r"$\boxed{1}$ or $\boxed{2}$"),
    (ONE, r"<think>\boxed{1}</think>\boxed{2}"),
    (ONE, r"An unclosed \boxed{1"),
]  # fmt: skip


@pytest.mark.parametrize(("question", "response"), SEVERAL)
def test_different_boxes_for_one_answer_are_a_reason(question: str, response: str) -> None:
    assert FILTER.look(Trace(question, response, "Hmm.")).reasons == ("several_boxed",)


@pytest.mark.parametrize(("question", "response"), FINE)
def test_the_same_box_again_and_boxes_for_several_answers_are_fine(question: str, response: str) -> None:
    assert FILTER.look(Trace(question, response, r"\boxed{1} \boxed{2}")).reasons == ()


def test_a_question_with_options_has_one_answer() -> None:
    question = "Which of these is prime? What do you think? (a) find 4 (b) find 5"
    assert several_asked(question)
    assert FILTER.look(Trace(question, r"\boxed{a} \boxed{b}", verifier="choice")).reasons == ("several_boxed",)


def test_the_number_of_boxes_is_told_also_where_they_are_fine() -> None:
    found = FILTER.look(Trace("Find x and y.", r"\boxed{1} \boxed{2} \boxed{2}"))
    assert found.metrics == {"response_boxes": 2, "response_boxes_too_many": 0}


@given(st.text(), st.lists(st.text(alphabet=r"\{}0123456789abc/.,-$ ^=", max_size=20)))
def test_any_text_can_be_looked_at(question: str, boxes: list[str]) -> None:
    found = FILTER.look(Trace(question, " ".join(rf"\boxed{{{box}}}" for box in boxes)))
    assert found.metrics["response_boxes"] is not None
