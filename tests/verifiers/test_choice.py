"""One letter among several: a table of real cases, the number of options, and what holds for any text."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.records import Answer, make_prompt
from curate.verifiers.choice import extract, reference, verify
from curate.verifiers.choice_options import in_question, options_of, squeezed

CASES = [
    ("correct", "B", "\\boxed{B}"),
    ("correct", "B", "\\boxed{\\text{B}}"),
    ("correct", "B", "\\boxed{(B)}"),
    ("wrong", "B", "\\boxed{C}"),
    ("correct", "B", "<answer>B</answer>"),
    ("correct", "B", "<answer> (b) </answer>"),
    ("correct", "B", "<answer>b</answer>"),
    ("correct", "B", "The answer is (B)."),
    ("correct", "B", "The correct answer is B"),
    ("correct", "B", "the answer is **B**"),
    ("correct", "B", "Answer: B."),
    ("correct", "B", "**Answer: B**"),
    ("correct", "B", "**Answer:** B) 42"),
    ("correct", "B", "答案是B"),
    ("correct", "B", "答案:B。"),
    ("correct", "B", "正确答案是选项B"),
    ("correct", "B", "答案为 B,因为它最大"),
    ("correct", "B", "So I think it's clear.\nB"),
    ("correct", "B", "So.\n(B)"),
    ("correct", "B", "So.\n**B**"),
    ("no_answer", "B", "Option B is nice"),
    ("no_answer", "B", "Both A and B"),
    ("wrong", "B", "The answer is both A and B"),
    ("wrong", "B", "The answer is A or B"),
    ("wrong", "B", "The answer is B or C."),
    ("wrong", "B", "The answer is (B) or (C)."),
    ("wrong", "B", "\\boxed{A, B}"),
    ("wrong", "B", "\\boxed{A} \\boxed{B}"),
    ("wrong", "B", "The answer is A. Wait.\nThe answer is B."),
    ("correct", "B", "The answer is B because A is wrong."),
    ("correct", "B", "The answer is B: the cat"),
    ("no_answer", "A", "The answer is a circle"),
    ("correct", "A", "The answer is A because"),
    ("correct", "A", "The answer is A"),
    ("no_answer", "B", ""),
    ("no_answer", "B", "I do not know"),
    ("correct", "B", "<answer>B) 42 and more</answer>"),
    ("unparsable_gold", "E", "\\boxed{E}"),
    ("correct", "(b)", "\\boxed{B}"),
    ("correct", "B. cat", "\\boxed{B}"),
    ("unparsable_gold", "42", "\\boxed{B}"),
    ("unparsable_gold", None, "\\boxed{B}"),
    ("wrong", "B", "The answer is not B"),
    ("wrong", "B", "The answer is maybe B"),
    ("correct", "B", "<answer>The answer is B</answer>"),
    ("correct", "B", "<answer>A</answer> hmm <answer>B</answer>"),
    ("correct", "B", "\\boxed{\\textbf{(B)}\\ 42}"),
    ("correct", "B", "The final answer is $\\boxed{\\text{(B)}}$."),
    ("wrong", "C", "The answer is: C. 5 and D. 6"),
    ("correct", "B", "选B"),
    ("correct", "B", "Answer: B\n\nExplanation: A is wrong and C too"),
    ("unverifiable", "B", "Answer: B is not correct"),
    ("unverifiable", "B", "答案:B不正确"),
    ("wrong", "B", "Answer: C is incorrect"),
    ("correct", "B", "Answer: B, not C"),
    ("correct", "B", "The correct answer is: B\n\nThe wrong answers are: A, C, D"),
]


def verdict(gold, response, **prompt):
    prompt.setdefault("chance", 0.25)
    return verify(Answer(response, None, response, "stop"), make_prompt("q", verifier="choice", gold=gold, **prompt))


@pytest.mark.parametrize(("status", "gold", "response"), CASES)
def test_table(status, gold, response):
    found = verdict(gold, response)
    assert found.status == status, found
    assert (found.score is None) != found.decided


def test_a_letter_in_the_chain_alone_is_no_answer():
    found = verify(Answer("<think>the answer is B</think>", "the answer is B", "", "stop"), make_prompt("q", verifier="choice", gold="B"))
    assert found.status == "no_answer"


CITIES = "What is the capital of France?\n\nA. London\nB. Paris\nC. Rome\nD. None of the above"
FRACTIONS = "Compute $x$.\n(A) $\\frac{1}{2}$ (B) $\\frac{2}{3}$ (C) $2$ (D) $12$"
NUMBERED = "Which is prime?\n(1) 4\n(2) 9\n(3) 7\n(4) 8"
COUNTING = "How many?\n1) 3\n2) 1\n3) 2"
ROMAN = "Which holds?\n(i) the sun is cold\n(ii) the sea is wet\n(iii) fire is dry"
SHAPES = "Pick one.\nA) A circle\nB) A square\nC) Both A and B\nD) Neither"
CHINESE = "下列哪个是首都?\nA. 上海\nB. 北京\nC. 广州\nD. 以上都不对"
TEN = "Choose.\n" + "\n".join(f"{c}. word{i}" for i, c in enumerate("ABCDEFGHIJ"))

WITH_OPTIONS = [
    # what an option says
    ("correct", CITIES, "B", "The answer is Paris."),
    ("correct", CITIES, "B", "\\boxed{Paris}"),
    ("correct", CITIES, "B", "\\boxed{\\text{Paris}}"),
    ("correct", CITIES, "B", "<answer>paris</answer>"),
    ("correct", CITIES, "B", "**Answer:** Paris"),
    ("correct", CITIES, "B", "So it must be clear.\nParis"),
    ("correct", CITIES, "B", "The answer is Paris, the capital since 987"),
    ("correct", CITIES, "B", "The answer is the city of Paris"),
    ("wrong", CITIES, "B", "The answer is London."),
    ("wrong", CITIES, "B", "The answer is Paris or Rome"),
    ("wrong", CITIES, "B", "The answer is not Paris"),
    ("wrong", CITIES, "B", "The answer is London, not Paris"),
    ("no_answer", CITIES, "B", "The answer is Berlin"),
    ("correct", CITIES, "D", "The answer is none of the above."),
    ("correct", CITIES, "D", "\\boxed{None of the above}"),
    ("wrong", CITIES, "B", "None of the above\n\nThe answer is none of the above"),
    # a last line that begins with a label
    ("correct", CITIES, "B", "B) Paris"),
    ("correct", CITIES, "B", "It is the capital since 987.\n\n**(B) Paris**"),
    ("wrong", CITIES, "B", "C. Rome"),
    ("wrong", CITIES, "B", "B) Rome"),
    ("wrong", CITIES, "B", "B) or C)"),
    ("no_answer", CITIES, "B", "A) London\nB) Paris"),
    # a letter and what stands beside it
    ("correct", CITIES, "B", "The answer is B) Paris"),
    ("correct", CITIES, "B", "\\boxed{B. Paris}"),
    ("correct", CITIES, "B", "\\boxed{\\textbf{(B)}\\ \\text{Paris}}"),
    ("wrong", CITIES, "B", "The answer is B) London"),
    ("wrong", CITIES, "A", "The answer is B) London"),
    ("wrong", CITIES, "B", "\\boxed{B: Rome}"),
    ("correct", CITIES, "B", "The answer is B, since London is in England"),
    ("correct", CITIES, "B", "The answer is (B) because Rome is in Italy"),
    ("correct", CITIES, "B. Paris", "\\boxed{B}"),
    ("correct", CITIES, "Paris", "\\boxed{B}"),
    ("correct", CITIES, "Paris", "The answer is Paris"),
    ("wrong", CITIES, "Paris", "\\boxed{A}"),
    ("unparsable_gold", CITIES, "Berlin", "\\boxed{A}"),
    ("unparsable_gold", CITIES, "E", "\\boxed{A}"),
    ("wrong", CITIES, "B", "\\boxed{E}"),
    # LaTeX
    ("correct", FRACTIONS, "A", "\\boxed{\\frac{1}{2}}"),
    ("correct", FRACTIONS, "A", "\\boxed{\\dfrac{1}{2}}"),
    ("correct", FRACTIONS, "A", "The answer is $\\frac{1}{2}$."),
    ("correct", FRACTIONS, "A", "The answer is \\(\\frac{1}{2}\\)"),
    ("correct", FRACTIONS, "A", "\\boxed{\\textbf{(A) } \\frac{1}{2}}"),
    ("wrong", FRACTIONS, "A", "\\boxed{\\textbf{(A) } \\frac{2}{3}}"),
    ("correct", FRACTIONS, "C", "\\boxed{2}"),
    ("correct", FRACTIONS, "D", "The answer is 12"),
    ("wrong", FRACTIONS, "C", "The answer is 12"),
    ("wrong", FRACTIONS, "A", "\\boxed{\\frac{2}{3}}"),
    ("correct", FRACTIONS, "A", "$\\boxed{\\mathrm{A}}$"),
    # numbers and Roman numerals as labels
    ("correct", NUMBERED, "C", "The answer is (3)"),
    ("correct", NUMBERED, "3", "The answer is (3)."),
    ("correct", NUMBERED, "(3)", "\\boxed{3}"),
    ("correct", NUMBERED, "3", "\\boxed{7}"),
    ("correct", NUMBERED, "3", "The answer is option 3"),
    ("correct", NUMBERED, "3", "The answer is (3) 7"),
    ("wrong", NUMBERED, "3", "The answer is (3) 9"),
    ("wrong", NUMBERED, "3", "The answer is (2)"),
    ("correct", NUMBERED, "3", "The answer is C"),
    ("unverifiable", NUMBERED, "4", "\\boxed{4}"),
    ("unverifiable", COUNTING, "1", "The answer is 1"),
    ("correct", COUNTING, "1", "The answer is option 1"),
    ("correct", COUNTING, "1", "The answer is (1)"),
    ("wrong", COUNTING, "1", "The answer is 2"),
    ("correct", ROMAN, "ii", "The answer is (ii)"),
    ("correct", ROMAN, "B", "The answer is ii"),
    ("correct", ROMAN, "(ii)", "\\boxed{II}"),
    ("correct", ROMAN, "ii", "The answer is the sea is wet"),
    ("wrong", ROMAN, "ii", "The answer is (iii)"),
    ("wrong", ROMAN, "ii", "The answer is i and ii"),
    # options that speak of options, articles
    ("correct", SHAPES, "A", "The answer is a circle"),
    ("correct", SHAPES, "B", "The answer is a square."),
    ("correct", SHAPES, "C", "The answer is both A and B"),
    ("correct", SHAPES, "C", "\\boxed{C}"),
    ("wrong", SHAPES, "A", "The answer is both A and B"),
    ("correct", SHAPES, "D", "The answer is neither"),
    ("wrong", SHAPES, "A", "The answer is A square"),
    # several right options
    ("correct", CITIES, "A, C", "\\boxed{A, C}"),
    ("correct", CITIES, "A, C", "\\boxed{C, A}"),
    ("correct", CITIES, "A,C", "The answer is A and C"),
    ("correct", CITIES, "A and C", "The answer is both A and C."),
    ("correct", CITIES, "AC", "\\boxed{AC}"),
    ("correct", CITIES, "AC", "The answers are (A) and (C)"),
    ("correct", CITIES, "A、C", "答案是A、C"),
    ("correct", CITIES, "A, C", "<answer>A & C</answer>"),
    ("wrong", CITIES, "A, C", "\\boxed{A}"),
    ("wrong", CITIES, "A, C", "\\boxed{A, B, C}"),
    ("wrong", CITIES, "A, C", "The answer is A or C"),
    ("wrong", CITIES, "A", "\\boxed{AC}"),
    # Chinese
    ("correct", CHINESE, "B", "答案是北京"),
    ("correct", CHINESE, "B", "答案:B. 北京"),
    ("wrong", CHINESE, "B", "答案:B. 上海"),
    ("correct", CHINESE, "B", "故选B"),
    ("correct", CHINESE, "B", "因此,正确答案是 B 选项。"),
    ("correct", CHINESE, "B", "答案为(B)"),
    ("correct", CHINESE, "B", "答案是B项"),
    ("correct", CHINESE, "D", "答案是以上都不对"),
    ("wrong", CHINESE, "B", "答案是A或B"),
    ("wrong", CHINESE, "B", "答案是A和B"),
    ("wrong", CHINESE, "B", "答案可能是B"),
    ("wrong", CHINESE, "B", "答案不是B"),
    ("correct", CHINESE, "B", "\\boxed{北京}"),
    # what takes an answer back
    ("wrong", CITIES, "B", "The answer is anything but Paris"),
    ("wrong", CITIES, "B", "The answer is B, no wait, C"),
    ("wrong", CITIES, "B", "The answer is B. Actually, C."),
    ("wrong", CITIES, "B", "\\boxed{B \\text{ or } C}"),
    ("wrong", CITIES, "B", "The answer is A/B"),
    ("wrong", CITIES, "B", "\\boxed{A, B, C, D}"),
    ("wrong", CITIES, "B", "<answer>A B C D</answer>"),
    ("wrong", CITIES, "B", "\\boxed{A}\\boxed{B}\\boxed{C}\\boxed{D}"),
    ("wrong", CITIES, "B", "The answer is (A)(B)(C)(D)"),
    ("wrong", CITIES, "B", "The answer is any of London, Paris, Rome"),
    ("wrong", CITIES, "B", "<answer>Paris</answer> <answer>Rome</answer>"),
    ("correct", CITIES, "B", "The answer is B because actually A is in England"),
    ("correct", CITIES, "B", "The answer is B. C is wrong."),
    ("correct", CITIES, "B", "The answer is B. A is in England, C in Italy."),
    # other announcements
    ("correct", CITIES, "B", "The correct option is B."),
    ("correct", CITIES, "B", "Therefore option B is correct."),
    ("correct", CITIES, "B", "I would choose (B)"),
    ("wrong", CITIES, "B", "The correct choice is C, Rome"),
    ("wrong", CITIES, "B", "The correct option is A or B"),
    # ten options
    ("correct", TEN, "J", "The answer is J"),
    ("correct", TEN, "I", "The answer is I."),
    ("correct", TEN, "I", "\\boxed{I}"),
    ("correct", TEN, "H", "The answer is (H) word7"),
    ("correct", TEN, "J", "The answer is word9"),
    ("no_answer", TEN, "I", "The answer is I do not know"),
]


@pytest.mark.parametrize(("status", "question", "gold", "response"), WITH_OPTIONS)
def test_with_options(status, question, gold, response):
    found = verify(Answer(response, None, response, "stop"), make_prompt(question, verifier="choice", gold=gold))
    assert found.status == status, found


@pytest.mark.parametrize(
    ("prompt", "options"),
    [
        ({"chance": 0.25}, 4),
        ({"chance": 0.1}, 10),
        ({"chance": 0.0}, 10),
        ({"meta": json.dumps({"options": ["x", "y", "z"]}), "chance": 0.25}, 3),
        ({"meta": json.dumps({"choices": {"A": "x", "B": "y"}})}, 2),
        ({"meta": json.dumps({"choices": {"text": ["x", "y", "z"], "label": ["A", "B", "C"]}})}, 3),
        ({"meta": json.dumps({"n_options": 5})}, 5),
        ({"meta": "[]"}, 10),
        ({"meta": "not json"}, 10),
    ],
)
def test_how_many_options(prompt, options):
    assert options_of(make_prompt("q", verifier="choice", gold="A", **prompt)).count == options


@pytest.mark.parametrize(
    ("question", "style", "texts"),
    [
        (CITIES, "letters", ("london", "paris", "rome", "noneoftheabove")),
        (NUMBERED, "numbers", ("4", "9", "7", "8")),
        (ROMAN, "romans", ("sun is cold", "sea is wet", "fire is dry")),
        ("Which? A: one B: two C: three", "letters", ("one", "two", "three")),
        ("Which?\n**A.** one\n**B.** two\n\nThink first.", "letters", ("one", "two")),
        ("Vitamin A. is good. Take (A) one, (B) two or (C) three?", "letters", ("one", "two or", "three?")),
        ("1. Read this. 2. Then choose.\nA. one\nB. two\nC. three", "letters", ("one", "two", "three")),
    ],
)
def test_options_in_the_question(question, style, texts):
    found = in_question(question)
    assert (found.style, found.texts) == (style, tuple(squeezed(t) for t in texts))


@pytest.mark.parametrize(
    "question",
    ["", "What is 1+1?", "Point A. is here", "e.g. this", "A. alone", "B) two C) three", "(" * 20_000, "A) " * 7_000, "i) " * 7_000],
)
def test_questions_without_options(question):
    assert in_question(question) is None


def test_letters_of_a_mapped_list_meet_numbers_of_the_question():
    prompt = make_prompt(NUMBERED, verifier="choice", gold="C", meta=json.dumps({"options": ["4", "9", "7", "8"]}))
    for response in ("\\boxed{C}", "The answer is (3)", "The answer is 7"):
        assert verify(Answer(response, None, response, "stop"), prompt).status == "correct"


@pytest.mark.parametrize(
    ("question", "gold"),
    [
        (CITIES, "B"),
        (CITIES, "Paris"),
        (CITIES, "A, C"),
        (NUMBERED, "3"),
        (ROMAN, "(ii)"),
        (SHAPES, "C"),
        (TEN, "I"),
        (FRACTIONS, "A"),
        ("q", "AC"),
    ],
)
def test_a_verifier_accepts_its_own_gold(question, gold):
    prompt = make_prompt(question, verifier="choice", gold=gold)
    text = reference(prompt)
    assert verify(Answer(text, None, text, "stop"), prompt).status == "correct"
    assert extract(Answer(text, None, text, "stop"), prompt) is not None


@pytest.mark.parametrize(
    "text",
    ["A" * 100_000, "A, " * 50_000, "(" * 100_000, "A and " * 30_000, "The answer is " * 10_000, "\\text{" * 20_000, "A or B " * 20_000],
)
def test_hostile_lengths(text):
    found = verify(Answer(text, None, text, "stop"), make_prompt(CITIES, verifier="choice", gold="B"))
    assert found.status in {"wrong", "no_answer"}


def test_a_letter_that_is_no_option_is_wrong():
    assert verdict("B", "\\boxed{E}").status == "wrong"
    assert verdict("B", "\\boxed{E}", chance=0.1).status == "wrong"
    assert verdict("E", "\\boxed{E}", chance=0.1).status == "correct"


@pytest.mark.parametrize("letter", "ABCDEFGHIJ")
def test_a_gold_is_its_own_answer(letter):
    for dress in ("\\boxed{%s}", "<answer>%s</answer>", "The answer is (%s).", "Answer: %s", "答案是%s", "so:\n%s"):
        assert verdict(letter, dress % letter, chance=0.1).status == "correct", dress


@settings(max_examples=300)
@given(st.text(alphabet="ABCDabcd ().,:*$\\{}\n答案是或or and not answer is", max_size=60))
def test_any_text_gives_a_consistent_verdict(text):
    for response in (text, f"\\boxed{{{text}}}", f"The answer is {text}"):
        found = verdict("B", response)
        assert found.decided
        assert found.score == (1.0 if found.status == "correct" else 0.0)
