"""Mathematical answers: a table of real cases, what is never evaluated, and what holds for any text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.records import Answer, make_prompt
from curate.verifiers.math import answers, unreadable, verify
from curate.verifiers.numbers import number, quantity, too_costly

CASES = [
    ("correct", "12", "\\boxed{12}"),
    ("correct", "12", "\\boxed{12.0}"),
    ("correct", "1234", "\\boxed{1,234}"),
    ("correct", "1,234", "The answer is 1234."),
    ("wrong", "12", "\\boxed{13}"),
    ("correct", "1/2", "\\boxed{\\frac{1}{2}}"),
    ("correct", "\\frac{1}{2}", "\\boxed{0.5}"),
    ("correct", "0.5", "\\boxed{\\dfrac12}"),
    ("wrong", "1/3", "\\boxed{0.3333}"),
    ("correct", "\\frac{3}{2}", "\\boxed{1\\frac{1}{2}}"),
    ("wrong", "1", "\\boxed{1\\frac{1}{2}}"),
    ("correct", "3/2", "the answer is 1 1/2"),
    ("correct", "10\\%", "\\boxed{10}"),
    ("correct", "10\\%", "\\boxed{0.1}"),
    ("correct", "10\\%", "\\boxed{10\\%}"),
    ("correct", "10", "\\boxed{10\\%}"),
    ("wrong", "10", "\\boxed{0.1}"),
    ("correct", "5 \\text{ cm}", "\\boxed{5}"),
    ("wrong", "5\\text{ cm}", "\\boxed{5 \\text{ m}}"),
    ("correct", "5", "\\boxed{5\\text{ cm}}"),
    ("correct", "5 cm^2", "\\boxed{5\\ \\text{cm}^2}"),
    ("correct", "90^\\circ", "\\boxed{90}"),
    ("correct", "90", "\\boxed{90^\\circ}"),
    ("correct", "90^\\circ", "The answer is 90 degrees."),
    ("correct", "\\sqrt{2}", "\\boxed{\\sqrt2}"),
    ("correct", "2\\sqrt{3}", "\\boxed{\\sqrt{12}}"),
    ("wrong", "\\sqrt{2}", "\\boxed{\\sqrt{3}}"),
    ("correct", "x^2+2x+1", "\\boxed{(x+1)^2}"),
    ("wrong", "x^2", "\\boxed{x^3}"),
    ("wrong", "\\pi", "\\boxed{3.14}"),
    ("correct", "\\frac{\\pi}{2}", "\\boxed{\\pi/2}"),
    ("correct", "1,2", "\\boxed{2,1}"),
    ("correct", "\\{1,2\\}", "\\boxed{1} and \\boxed{2}"),
    ("wrong", "2", "\\boxed{1} or \\boxed{2}"),
    ("wrong", "3", "\\boxed{2 \\text{ or } 3}"),
    ("wrong", "3", "The answer is 2 or 3."),
    ("correct", "(1,2)", "\\boxed{(1,2)}"),
    ("wrong", "(1,2)", "\\boxed{(2,1)}"),
    ("correct", "[0,1)", "\\boxed{[0,1)}"),
    ("wrong", "[0,1)", "\\boxed{(0,1]}"),
    ("correct", "x=5", "\\boxed{5}"),
    ("correct", "5", "\\boxed{x=5}"),
    ("correct", "320000", "\\boxed{3.2e5}"),
    ("correct", "320000", "\\boxed{3.2\\times 10^5}"),
    ("correct", "5", "最终答案是5。"),
    ("correct", "5", "答案为 $5$"),
    ("correct", "5", "<answer>5</answer>"),
    ("correct", "5", "<answer>\\boxed{5}</answer>"),
    ("no_answer", "5", "I got 5"),
    ("wrong", "\\frac{1}{2^{99}}", "\\boxed{\\frac{1}{2^{98}}}"),
    ("correct", "\\frac{1}{2^{99}}", "\\boxed{2^{-99}}"),
    ("wrong", "100!", "\\boxed{99!}"),
    ("correct", "100!", "\\boxed{100 \\cdot 99!}"),
    ("unverifiable", "5", "\\boxed{9^{9^{9}}}"),
    ("unverifiable", "9^{9^{9}}", "\\boxed{9^{9^9}}"),
    ("correct", "9^{9^{9}}", "\\boxed{9^{9^{9}}}"),
    ("unverifiable", "5", "\\boxed{(10^6)!}"),
    ("unverifiable", "5", "\\boxed{1000000!}"),
    ("correct", "\\text{yes}", "\\boxed{Yes}"),
    ("wrong", "yes", "\\boxed{no}"),
    ("unparsable_gold", "", "\\boxed{1}"),
    ("unparsable_gold", "\\frac{", "\\boxed{1}"),
    ("correct", "#### 72", "\\boxed{72}"),
    ("correct", "5", "the answer is $5$ apples"),
    ("correct", "\\$5", "\\boxed{\\$5.00}"),
    ("correct", "-3", "\\boxed{−3}"),
    ("correct", "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "\\boxed{\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}}"),
    ("correct", "0.1", "\\boxed{0.30000000000000004-0.2}"),
    ("correct", "0.3", "\\boxed{0.30000000000000004}"),
    ("correct", "\\infty", "\\boxed{\\infty}"),
    ("correct", "\\emptyset", "\\boxed{\\emptyset}"),
    ("correct", "x>3", "\\boxed{3<x}"),
    ("correct", "\\frac{a}{b}", "\\boxed{a/b}"),
    ("wrong", "5", "final answer: 5, maybe 6"),
    ("correct", "10000", "\\boxed{10 000}"),
    ("correct", "12", "**Answer:** 12"),
    ("correct", "2^{2023}", "\\boxed{2^{2023}}"),
    ("correct", "2^{2023}", "\\boxed{2\\cdot 2^{2022}}"),
]


def verdict(gold, response, **other):
    return verify(Answer(response, None, response, "stop"), make_prompt("q", verifier="math", gold=gold), **other)


@pytest.mark.parametrize(("status", "gold", "response"), CASES)
def test_table(status, gold, response):
    found = verdict(gold, response)
    assert found.status == status, found
    assert (found.score is None) != found.decided


@pytest.mark.parametrize("gold", sorted({g.removeprefix("#### ") for s, g, _ in CASES if s == "correct"}))
def test_a_gold_is_its_own_answer(gold):
    assert not unreadable(gold)
    assert verdict(gold, f"\\boxed{{{gold}}}").status == "correct"
    assert verdict(gold, f"<answer>{gold}</answer>").status == "correct"


def test_an_answer_in_the_chain_alone_is_no_answer():
    text = "<think>so \\boxed{5}</think> Done."
    found = verify(Answer(text, "so \\boxed{5}", "Done.", "stop"), make_prompt("q", verifier="math", gold="5"))
    assert found.status == "no_answer"


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch CANARY')",
        "().__class__.__mro__[1].__subclasses__()",
        "\\text{__import__('os').system('touch CANARY')}",
        "x=__import__('os').system('touch CANARY')",
        "open('CANARY','w')",
        "\\operatorname{exec}(open('CANARY','w'))",
    ],
)
def test_text_is_never_executed(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for gold in ("5", "x^2", "\\{1,2\\}", text):
        assert verdict(gold, f"\\boxed{{{text}}}").decided or gold == text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "9^{9^{9}}",
        "9**9**9",
        "2^{10000000}",
        "((10^{100})^{100})^{100}",
        "1000000!",
        "(3!)!!",
        "(10^6)!",
        "\\binom{100000000}{50000000}",
        "7" * 5000,
        "(" * 100 + "1" + ")" * 100,
        "1+" * 2000 + "1",
    ],
)
def test_what_costs_too_much_is_not_evaluated(text):
    assert too_costly(text)
    found = verdict("5", f"\\boxed{{{text}}}")
    assert found.status == "unverifiable"
    assert found.score is None
    assert found.reason
    assert verdict(text, f"\\boxed{{{text}}}").status == "correct"  # equal text needs no evaluation


@pytest.mark.parametrize(
    "text", ["x^{2024}", "2^{2023}", "e^{x^2}", "(n-1)!", "52!", "\\binom{52}{5}", "(x+1)^{10}(x-1)^{10}", "\\frac{1}{2^{99}}"]
)
def test_ordinary_mathematics_is_not_too_costly(text):
    assert too_costly(text) == ""


@pytest.mark.parametrize(
    ("response", "found"),
    [
        ("The answer is $5$ apples.", ["5 apples"]),
        ("The answer is 42. I hope it is correct.", ["42"]),
        ("The answer is 42 because 6 times 7.", ["42"]),
        ("first \\boxed{1}, then \\boxed{\\frac{1}{2}}", ["1", "\\frac{1}{2}"]),
        ("\\boxed{1} and again \\boxed{1}", ["1"]),
        ("\\boxed{unclosed", []),
        ("<answer></answer>", []),
        ("<answer>5</answer> or <answer>6</answer>", ["6"]),
        ("nothing here: 5", []),
        ("", []),
    ],
)
def test_answers(response, found):
    assert answers(response) == found


@given(st.integers(-(10**12), 10**12))
def test_an_integer_in_any_dress(n):
    for text in (str(n), f"{n:,}", f"{n}.0", f"${n}$", f"{n}.", f"x = {n}", f"{n}\\text{{ cm}}"):
        assert verdict(str(n), f"\\boxed{{{text}}}").status == "correct", text
        assert verdict(str(n + 1), f"\\boxed{{{text}}}").status == "wrong", text


@given(st.integers(-999, 999), st.integers(1, 999))
def test_fractions_are_exact(a, b):
    assert number(f"{a}/{b}") == number(f"\\frac{{{a}}}{{{b}}}")
    value = number(f"{a}/{b}")
    assert value is not None
    assert value[0] * b == a


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="0123456789+-*/^!(){}[].,%$\\ abcxyz=<>|&_\n答案是", max_size=40))
def test_any_text_gives_a_consistent_verdict(text):
    for response in (text, f"\\boxed{{{text}}}", f"<answer>{text}</answer>", f"The answer is {text}"):
        found = verdict("17", response)
        assert (found.score is None) != found.decided
        assert verdict("17", response) == found
    quantity(text)
