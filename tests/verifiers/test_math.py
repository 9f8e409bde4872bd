"""Mathematical answers: a table of pairs, what is never evaluated or executed, and what holds for any text."""

import asyncio
import json
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.records import Answer, make_prompt
from curate.verifiers.math import read_gold, verify
from curate.verifiers.mathematics import behind
from curate.verifiers.mathematics.cost import too_costly
from curate.verifiers.pool import Limits, VerifierPool

# one pair a line: class, status, gold, response; written in the manner of models' outputs
PAIRS = [json.loads(line) for line in (Path(__file__).parent / "math_pairs.jsonl").read_text(encoding="utf-8").splitlines()]
GOLDS = sorted({p["gold"] for p in PAIRS if p["status"] == "correct"})


def verdict(gold, response, **prompt):
    return verify(Answer(response, None, response, "stop"), make_prompt("q", verifier="math", gold=gold, **prompt))


@pytest.mark.parametrize("pair", PAIRS, ids=[f"{i}-{p['class'].replace(' ', '-')}" for i, p in enumerate(PAIRS)])
def test_table(pair):
    found = verdict(pair["gold"], pair["response"])
    assert found.status == pair["status"], found
    assert (found.score is None) != found.decided


def test_the_table_is_large_and_has_both_outcomes_in_most_classes():
    outcomes = {}
    for pair in PAIRS:
        outcomes.setdefault(pair["class"], set()).add(pair["status"])
    assert len(PAIRS) >= 300
    assert sum({"correct", "wrong"} <= o for o in outcomes.values()) >= 20


@pytest.mark.parametrize("gold", GOLDS)
def test_a_gold_is_its_own_answer(gold):
    text = read_gold(gold).text
    for dress in ("\\boxed{%s}", "<answer>%s</answer>", "<answer>\\boxed{%s}</answer>"):
        assert verdict(gold, dress % text).status == "correct", dress


@pytest.mark.parametrize("gold", [g for g in GOLDS[::4] if "\n" not in g])
def test_two_golds_are_the_same_both_ways(gold):
    mine = read_gold(gold).text
    for other in GOLDS[::25]:
        there = verdict(gold, f"\\boxed{{{read_gold(other).text}}}").status
        assert there in {"correct", "wrong", "unverifiable"}
        if there == "correct" and "," not in mine and "\\%" not in gold + other and "%" not in gold + other:
            back = verdict(other, f"\\boxed{{{mine}}}")
            assert back.status == "correct" or "." in gold, (other, back)


def test_an_answer_in_the_chain_alone_is_no_answer():
    text = "<think>so \\boxed{5}</think> Done."
    found = verify(Answer(text, "so \\boxed{5}", "Done.", "stop"), make_prompt("q", verifier="math", gold="5"))
    assert found.status == "no_answer"


def test_a_bare_last_line_is_an_answer_only_where_asked_for():
    asked = '{"answer_line": true}'
    assert verdict("12", "Adding them up.\n12").status == "no_answer"
    assert verdict("12", "Adding them up.\n12", meta=asked).status == "correct"
    assert verdict("2/3", "Therefore, the probability that Alice wins is 2/3.", meta=asked).status == "correct"
    assert verdict("12", "12\nThat is all, folks", meta=asked).status == "wrong"
    assert verdict("12", "The answer is 13.\n12", meta=asked).status == "wrong"
    for other in ('{"answer_line": false}', '{"answer_line": 1}', '["answer_line"]', "answer_line"):
        assert verdict("12", "12", meta=other).status == "no_answer"


def test_the_verdict_keeps_both_sides_as_read_and_the_rule_that_decided():
    found = verdict("So $x$ is $\\boxed{\\frac{3}{4}}$.", "Hence \\boxed{0.75}.")
    assert found.extracted == "0.75"
    assert json.loads(found.detail) == {"gold": "\\frac{3}{4}", "rule": "value"}
    assert json.loads(verdict("5", "\\boxed{5}").detail)["rule"] == "text"
    assert json.loads(verdict("55", "\\boxed{\\sum_{k=1}^{10} k}").detail)["rule"] == "math-verify"
    assert json.loads(verdict("5", "\\boxed{5} or \\boxed{6}").detail)["rule"] == "statement"


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch CANARY')",
        "().__class__.__mro__[1].__subclasses__()",
        "\\text{__import__('os').system('touch CANARY')}",
        "x=__import__('os').system('touch CANARY')",
        "open('CANARY','w')",
        "\\operatorname{exec}(open('CANARY','w'))",
        "\\sum_{k=1}^{open('CANARY','w')} k",
    ],
)
def test_text_is_never_executed(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for gold in ("5", "x^2", "\\{1,2\\}", text):
        assert verdict(gold, f"\\boxed{{{text}}}").status in {"correct", "wrong", "unverifiable", "unparsable_gold"}
        assert verdict(gold, f"\\boxed{{{text}}}").status != "correct" or gold == text
    assert list(tmp_path.iterdir()) == []


COSTLY = [
    "9^{9^{9}}",
    "9**9**9",
    "2^{10000000}",
    "((10^{100})^{100})^{100}",
    "1000000!",
    "(3!)!!",
    "(10^6)!",
    "\\binom{100000000}{50000000}",
    "\\binom{10^9}{5*10^8}",
    "7" * 100_000,
    "(" * 100 + "1" + ")" * 100,
    "1+" * 2000 + "1",
]


@pytest.mark.parametrize("text", COSTLY, ids=[t[:20] for t in COSTLY])
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


def test_without_math_verify_what_only_it_could_compare_is_undecided(monkeypatch):
    monkeypatch.setitem(sys.modules, "math_verify", None)
    behind._math_verify.cache_clear()
    behind._parsed.cache_clear()
    try:
        assert verdict("1/2", "\\boxed{0.5}").status == "correct"
        found = verdict("55", "\\boxed{\\sum_{k=1}^{10} k}")
        assert found.status == "unverifiable"
        assert "r1-curate[verify]" in found.reason
    finally:
        behind._math_verify.cache_clear()
        behind._parsed.cache_clear()


HOSTILE = [
    "a",
    "1,000,",
    "\\frac",
    "(",
    "\\boxed{1} ",
    "the answer is 5. ",
    "<answer>5</answer> or ",
    "2^",
    "√",
    "²",
    "1 1/2 ",
    "\\text{a}",
    "x=",
    " ",
    "±",
    "0.333...",
    "⁴",
    "½",
    "** ",
    "__",
    "**a",
    "\\{",
    "123 ",
    "a^",
    "中",
    "答案是5。",
    "the answer to ",
    "step 1 ",
    "\\pmod ",
    "1_",
    "x = 1\n",
]
OPENINGS = ["answer", "答案", "the answer to a", "Answer\n", "5 or", "{\\rm", "1 ", "### ", "\\text{a"]  # before a long run of spaces


def judged(size, *dresses):
    """Verdicts on texts of about that many characters, each in each dress, and how many of them took more than the first limit."""

    async def judge():
        async with VerifierPool(2, Limits(cpu_seconds=5.0)) as pool:
            texts = (
                [unit * (size // len(unit)) for unit in HOSTILE] + [o + " " * size for o in OPENINGS] + ["1" + "123 " * (size // 4) + "2"]
            )
            prompt = make_prompt("q", gold="17", meta='{"answer_line": true}')
            responses = [dress.replace("%s", text) for text in texts for dress in dresses]
            found = [await pool.verify("math", Answer(r, None, r, "stop"), prompt) for r in responses]
            return found, pool.statistics.retried

    return asyncio.run(judge())


@pytest.mark.slow
def test_a_megabyte_of_anything_is_judged_within_the_pools_limits():
    found, _ = judged(1_000_000, "%s", "\\boxed{%s}", "The answer is %s", "<answer>%s</answer>", "\\boxed{1%s2}")
    assert {v.status for v in found} <= {"wrong", "no_answer", "unverifiable"}


def test_time_grows_with_the_length_of_a_text_and_not_with_its_square():
    found, retried = judged(
        100_000, "%s", "\\boxed{%s}"
    )  # each takes a hundredth of the limit, or more than it where it grows with the square
    assert {v.status for v in found} <= {"wrong", "no_answer", "unverifiable"}
    assert retried == 0


DRESSES = [
    "%s",
    "%s.",
    "$%s$",
    "\\(%s\\)",
    "x = %s",
    "%s\\text{ cm}",
    "%s \\text{ apples}",
    "\\text{%s}",
    "\\left(%s\\right)",
    "{%s}",
    "\\displaystyle %s",
    "\\textbf{(B)}\\ %s",
]
STATEMENTS = [
    "\\boxed{%s}",
    "<answer>%s</answer>",
    "The final answer is %s.",
    "**Answer:** %s",
    "答案是%s。",
    "so.\n#### %s",
    "Answer\n\n%s",
    "<think>\\boxed{99999}</think>The answer is $%s$.",
]


@given(st.integers(-(10**12), 10**12), st.sampled_from(DRESSES))
def test_an_integer_in_any_dress(n, dress):
    for text in (str(n), f"{n}.0", *([] if "(%s" in dress or dress == "{%s}" else [f"{n:,}"])):  # (1,000) may be a pair, {1,000} a set
        shown = f"\\boxed{{{dress % text}}}"
        assert verdict(str(n), shown).status == "correct", shown
        assert verdict(str(n + 1), shown).status == "wrong", shown


@given(st.integers(-999, 999), st.sampled_from(STATEMENTS))
def test_an_integer_in_any_statement(n, statement):
    assert verdict(str(n), statement % n).status == "correct"
    assert verdict(str(n), statement % (n + 1)).status == "wrong"
    assert verdict(str(n), statement % f"{n} or {n + 1}").status == "wrong"
    assert verdict(str(n), statement % f"{n + 1} or {n}").status == "wrong"


@given(st.fractions(-99, 99, max_denominator=99), st.fractions(-99, 99, max_denominator=99))
def test_different_rationals_are_never_equal(a, b):
    def dressed(x: Fraction) -> list[str]:
        whole, rest = divmod(abs(x.numerator), x.denominator)
        sign = "-" if x < 0 else ""
        found = [f"{x.numerator}/{x.denominator}", f"{sign}\\frac{{{abs(x.numerator)}}}{{{x.denominator}}}"]
        return (
            [*found, f"{sign}{whole}\\frac{{{rest}}}{{{x.denominator}}}", f"{sign}{whole} {rest}/{x.denominator}"]
            if whole and rest
            else found
        )

    for gold in dressed(a):
        for text in dressed(b):
            assert verdict(gold, f"\\boxed{{{text}}}").status == ("correct" if a == b else "wrong"), (gold, text)


@settings(max_examples=50)
@given(st.lists(st.integers(-50, 50), min_size=2, max_size=5, unique=True), st.randoms(use_true_random=False))
def test_lists_are_compared_in_any_order_and_tuples_in_theirs(numbers, random):
    mixed = numbers[:]
    random.shuffle(mixed)
    gold, text = ", ".join(map(str, numbers)), ", ".join(map(str, mixed))
    assert verdict(gold, f"\\boxed{{{text}}}").status == "correct"
    assert verdict(f"\\{{{gold}\\}}", f"\\boxed{{\\{{{text}\\}}}}").status == "correct"
    assert verdict(f"({gold})", f"\\boxed{{({text})}}").status == ("correct" if mixed == numbers else "wrong")
    assert verdict(gold, f"\\boxed{{{numbers[0]}}}").status == "wrong"
    assert verdict(str(numbers[-1]), f"\\boxed{{{gold}}}").status == "wrong"


@settings(max_examples=50)
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=4), st.integers(-9, 9))
def test_a_polynomial_and_its_product_are_equal_and_another_is_not(roots, constant):
    product = "".join(f"(x-{r})" if r >= 0 else f"(x+{-r})" for r in roots)
    coefficients = [1]
    for r in roots:
        shifted = [*coefficients, 0]
        coefficients = [a - r * b for a, b in zip(shifted, [0, *coefficients], strict=True)]
    degree = len(roots)
    expanded = "+".join(f"({c})x^{{{degree - k}}}" for k, c in enumerate(coefficients))
    assert verdict(product, f"\\boxed{{{expanded}}}").status == "correct"
    assert verdict(product, f"\\boxed{{{expanded}+{constant}}}").status == ("correct" if constant == 0 else "wrong")


@settings(max_examples=150)
@given(st.text(alphabet="0123456789+-*/^!(){}[].,%$\\ abcxyz=<>|&_\n答案是½²√°±∞", max_size=40))
def test_any_text_gives_one_consistent_verdict(text):
    for response in (text, f"\\boxed{{{text}}}", f"<answer>{text}</answer>", f"The answer is {text}"):
        for gold in ("17", "x^2", "(1,2)"):
            found = verdict(gold, response)
            assert (found.score is None) != found.decided
            assert verdict(gold, response) == found


@settings(max_examples=100)
@given(st.text(alphabet="0123456789+-*/^(){}.,\\ abxy=<>_π√", max_size=25))
def test_any_gold_that_can_be_read_accepts_itself(gold):
    if not read_gold(gold).problem and gold.count("{") == gold.count("}") and "####" not in gold:
        found = verdict(gold, f"\\boxed{{{gold}}}")
        assert found.status in {"correct", "no_answer", "wrong"}


def _in_words(n: int) -> str:
    """An English cardinal below 10^12, told independently of the reader."""
    ones = (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
    )
    tens = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    for size, name in ((10**9, "billion"), (10**6, "million"), (10**3, "thousand"), (100, "hundred")):
        if n >= size:
            joint = " and " if n % size < 100 and size == 100 else " "
            return f"{_in_words(n // size)} {name}" + (joint + _in_words(n % size) if n % size else "")
    if n < 20:
        return ones.split()[n]
    return tens[n // 10] + (f"-{ones.split()[n % 10]}" if n % 10 else "")


@given(st.one_of(st.integers(0, 1000), st.integers(0, 10**12 - 10**6 - 1)), st.integers(1, 10**6))
def test_a_number_said_again_in_words(n: int, off: int) -> None:
    def status(answer: str) -> str:
        text = f"The final answer is {answer}."
        return verify(Answer(text, None, text, "stop"), make_prompt("q", verifier="math", gold=str(n))).status

    assert status(_in_words(n)) == status(f"{n} ({_in_words(n)})") == status(f"{n} cats ({_in_words(n)} cats)") == "correct"
    assert status(_in_words(n + off)) == status(f"{n} ({_in_words(n + off)})") == status(f"{n + off} ({_in_words(n)})") == "wrong"
