"""Answers that only the chain states."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.filters.answer_only_in_think import FILTER
from curate.filters.base import Trace

CHAIN = r"3 times 4 is 12, so the answer is \boxed{12}."
HIDDEN = [
    ("math", CHAIN, ""),
    ("math", CHAIN, " \n"),
    ("math", CHAIN, "..."),
    ("math", CHAIN, "I have solved the problem above."),
    ("math", CHAIN, "See my reasoning."),
    ("math", CHAIN, "I hope this helps!"),
    ("math", "所以答案是12。", "以上就是我的思考过程。"),
    ("math", "Значит, \\boxed{12}.", "Решение приведено выше."),
    ("math", "Donc \\boxed{12}.", "Voir ci-dessus."),
    ("logic", "So the answer is Alice.", "The solution follows from the clues."),
    ("stem", "The answer is B.", "Please see the explanation."),
    ("logic", "<answer>knave</answer>", "Siehe oben."),
    ("general", "The answer is Paris.", ""),
    ("code", "The answer is 5.", "\n"),
    ("math", CHAIN, "Multiply the two numbers, three of one kind by four of the other. I hope this helps!"),
    ("math", "80 / 0.8 = 100. \\boxed{100}", "The price is 80% of the old one, so divide 80 by 0.8."),
    ("math", "Así que x = 5. La respuesta es 5.", "Se pasan los términos a un lado y se divide."),
    ("stem", "Die Antwort lautet Merkur.", "Der innerste Planet hat die kürzeste Umlaufzeit."),
    ("math", "3x = 15. So x = 5.", "Divide both sides by the coefficient."),
    ("stem", "The correct option is (A).", "A rough estimate is enough."),
    ("math", "答えは12です。最終答案は \\boxed{12}", "以上です。"),
]
STATED = [
    ("math", CHAIN, "12"),
    ("math", CHAIN, "The area is 12 cm²."),
    ("math", CHAIN, r"\boxed{12}"),
    ("math", CHAIN, r"\boxed{13}"),  # another answer is the verifier's business
    ("math", CHAIN, "There are twelve ways."),
    ("math", CHAIN, "Il y a douze façons : $3 \\cdot 4$."),
    ("math", CHAIN, "一共有十二种方法。"),
    ("math", "So \\boxed{5}.", "Их всего пять."),
    ("logic", "So the answer is Alice.", "It must be alice."),
    ("logic", "So the answer is Alice.", "The answer is Bob."),
    ("stem", "The answer is B.", "B"),
    ("stem", "The answer is B.", "(B) is right, since water boils."),
    ("math", "So \\boxed{48}.", "Six spiders have forty-eight legs."),
    ("math", "So \\boxed{\\frac{1}{2}}.", "The probability is 0.5."),
    ("math", "So \\boxed{0.5}.", "The chance is 50%."),
    ("logic", "Die Antwort lautet: nein.", "Nein, denn das Gegenteil gilt."),
    ("logic", "答案是乙。", "中间的是乙。"),
    ("math", "So the answer: it is even.", "Their sum is $2(a+b+1)$, a multiple of 2."),
    ("math", "So \\boxed{11}.", "Es sind elf."),
    ("general", "The answer is Paris.", "France's capital is a fine place."),
    ("math", "I do not know.", ""),  # the chain has no answer either
    ("math", "Hmm, let me see.", "No idea."),
    ("math", CHAIN, "Therefore. " * 60),  # long: something is said
    ("math", "", ""),
]


@pytest.mark.parametrize(("domain", "chain", "response"), HIDDEN)
def test_an_answer_that_only_the_chain_has_is_a_reason(domain: str, chain: str, response: str) -> None:
    assert FILTER.look(Trace("What is it?", response, chain, domain=domain)).reasons == ("answer_only_in_think",)


@pytest.mark.parametrize(("domain", "chain", "response"), STATED)
def test_a_response_that_says_something_is_fine(domain: str, chain: str, response: str) -> None:
    assert FILTER.look(Trace("What is it?", response, chain, domain=domain)).reasons == ()


def test_an_option_may_be_named_by_what_it_says() -> None:
    question = "Choose the odd one out: (A) square (B) triangle (C) cube"
    assert FILTER.look(Trace(question, "The cube: it is a solid.", r"\boxed{C}", domain="logic")).reasons == ()
    assert FILTER.look(Trace(question, "It is a solid.", r"\boxed{C}", domain="logic")).reasons == ("answer_only_in_think",)


def test_a_sample_without_a_chain_has_nothing_in_it() -> None:
    assert FILTER.look(Trace("What is it?", "")).reasons == ()
    assert FILTER.look(Trace("What is it?", "", CHAIN, mode="plain")).reasons == ()


@given(st.text(), st.text(), st.sampled_from(["math", "general", "logic"]))
def test_any_text_can_be_looked_at(response: str, answer: str, domain: str) -> None:
    FILTER.look(Trace("", response, f"The answer is {answer}", domain=domain))
    FILTER.look(Trace("", response, rf"\boxed{{{answer}}}", domain=domain))
