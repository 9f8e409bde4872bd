"""Instruction constraints: for each kind a table of responses as models write them, what strict and loose mean, and golds that cannot be read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.records import Answer, Verdict, make_prompt
from curate.verifiers.constraints import KINDS
from curate.verifiers.constraints.rlvr import FUNCTIONS
from curate.verifiers.ifeval import variants, verify
from tests.witness import witness

EXISTENCE, FREQUENCY, FORBIDDEN, LETTER = (f"keywords:{k}" for k in ("existence", "frequency", "forbidden_words", "letter_frequency"))
LANGUAGE = "language:response_language"
SENTENCES, PARAGRAPHS, WORDS, NTH = (
    f"length_constraints:{k}" for k in ("number_sentences", "number_paragraphs", "number_words", "nth_paragraph_first_word")
)
PLACEHOLDERS, POSTSCRIPT = "detectable_content:number_placeholders", "detectable_content:postscript"
BULLETS, CHOICE, HIGHLIGHTS, SECTIONS, JSON, TITLE = (
    f"detectable_format:{k}"
    for k in ("number_bullet_lists", "constrained_response", "number_highlighted_sections", "multiple_sections", "json_format", "title")
)
TWO, REPEAT = "combination:two_responses", "combination:repeat_prompt"
END, QUOTATION = "startend:end_checker", "startend:quotation"
CAPITALS, UPPER, LOWER = (f"change_case:{k}" for k in ("capital_word_frequency", "english_capital", "english_lowercase"))
COMMA = "punctuation:no_comma"


def two(n: int, relation: str = "at least") -> dict[str, Any]:
    return {"num_sentences": n, "num_words": n, "relation": relation}


def judged(response: str, *constraints: tuple[str, dict[str, Any] | None], **gold: Any) -> Verdict:
    listed = {"instruction_id_list": [k for k, _ in constraints], "kwargs": [p for _, p in constraints]} | gold
    return verify(Answer(response, None, response, "stop"), make_prompt("q", verifier="ifeval", gold=json.dumps(listed)))


# kind, kwargs, response, whether it is followed strictly (None: cannot be told)
CASES: list[tuple[str, dict[str, Any] | None, str, bool | None]] = [
    (EXISTENCE, {"keywords": ["correlated", "experiencing"]}, "Correlated variables: we are Experiencing a rise.", True),
    (EXISTENCE, {"keywords": ["correlated", "experiencing"]}, "Correlated variables.", False),
    (EXISTENCE, {"keywords": ["cat"]}, "a category", True),
    (EXISTENCE, {"keywords": ["C++", "(a+)+$"]}, "In c++ the pattern (A+)+$ is slow", True),
    (EXISTENCE, {"keywords": ["a.c"]}, "abc", False),
    (EXISTENCE, {"keywords": ["Straße", "ÉCOLE"]}, "die straße zur école", True),
    (FREQUENCY, {"keyword": "learning", "frequency": 3, "relation": "at least"}, "Learning is learning.\n\nLEARNING!", True),
    (FREQUENCY, {"keyword": "learning", "frequency": 3, "relation": "at least"}, "Learning is learning.", False),
    (FREQUENCY, {"keyword": "learning", "frequency": 2, "relation": "less than"}, "Learning is good.", True),
    (FREQUENCY, {"keyword": "learning", "frequency": 2, "relation": "less than"}, "Learning, learning", False),
    (FREQUENCY, {"keyword": " aa ", "frequency": 2.0, "relation": "exactly"}, "aaaa", True),
    (FORBIDDEN, {"forbidden_words": ["rock", "stone"]}, "Rocky roads and stoneware.", True),
    (FORBIDDEN, {"forbidden_words": ["rock", "stone"]}, "A ROCK.", False),
    (FORBIDDEN, {"forbidden_words": ["rock-solid"]}, "It is rock-solid.", False),
    (FORBIDDEN, {"forbidden_words": ["C++"]}, "I use C++ daily", False),
    (FORBIDDEN, {"forbidden_words": ["*a*"]}, "**a**", False),
    (LETTER, {"letter": "q", "let_frequency": 2, "let_relation": "at least"}, "Quick quip", True),
    (LETTER, {"letter": "Q", "let_frequency": 2, "let_relation": "less than"}, "Quick quip", False),
    (LETTER, {"letter": "!", "let_frequency": 3, "let_relation": "at least"}, "Yes! Yes! Yes!", True),
    (LANGUAGE, {"language": "de"}, "Die Antwort ist nicht schwer, wenn man sie kennt.", True),
    (LANGUAGE, {"language": "de"}, "The answer is not hard if you know it.", False),
    (LANGUAGE, {"language": "zh-cn"}, "答案并不难。", True),
    (LANGUAGE, {"language": "hi"}, "उत्तर कठिन नहीं है।", True),
    (LANGUAGE, {"language": "de"}, "Zebra", None),
    (LANGUAGE, {"language": "de"}, "42", None),
    (SENTENCES, two(3), "Dr. Smith went to Washington, D.C. He liked it. \"Really?\" she asked.", True),
    (SENTENCES, two(4), "Dr. Smith went to Washington, D.C. He liked it. \"Really?\" she asked.", True),
    (SENTENCES, two(5), "Dr. Smith went to Washington, D.C. He liked it. \"Really?\" she asked.", False),
    (SENTENCES, two(4, "less than"), "1. First one.\n2. Second one.\n3. Third one.", True),
    (SENTENCES, two(2, "less than"), "Pi is 3.14, e.g. in geometry, i.e. almost everywhere", True),
    (SENTENCES, two(3), "Wait... What? No!", True),
    (SENTENCES, two(2), "今天天气很好。我们出去玩吧!", True),
    (PARAGRAPHS, {"num_paragraphs": 3}, "One.\n***\nTwo.\n\n***\n\nThree.", True),
    (PARAGRAPHS, {"num_paragraphs": 2}, "***\nOne.\n***\nTwo.\n***", True),
    (PARAGRAPHS, {"num_paragraphs": 2}, "One.\n***\n***\nTwo.", False),
    (PARAGRAPHS, {"num_paragraphs": 3}, "One.\n***\nTwo.", False),
    (PARAGRAPHS, {"num_paragraphs": 1}, "One.\n\nStill one.", True),
    (PARAGRAPHS, {"num_paragraphs": 2}, "One.\n* * *\nTwo.", False),
    (WORDS, two(5), "It's a well-known fact", True),
    (WORDS, two(7), "It's a well-known fact", False),
    (WORDS, two(3, "less than"), "two words", True),
    (WORDS, two(3, "less than"), "three words now", False),
    (NTH, {"num_paragraphs": 3, "nth_paragraph": 2, "first_word": "weekend"}, "One.\n\n\"Weekend, at last\"\n\nThree.", True),
    (NTH, {"num_paragraphs": 3, "nth_paragraph": 2, "first_word": "Weekend"}, "One.\n\nweekend.\n\nThree.", True),
    (NTH, {"num_paragraphs": 3, "nth_paragraph": 2, "first_word": "weekend"}, "One.\n\n\n\nWeekend\n\nThree.", True),
    (NTH, {"num_paragraphs": 3, "nth_paragraph": 2, "first_word": "weekend"}, "One.\n\nWeekends\n\nThree.", False),
    (NTH, {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "weekend"}, "One.\n\nWeekend\n\nThree.", False),
    (NTH, {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "weekend"}, "One.", False),
    (PLACEHOLDERS, {"num_placeholders": 3}, "Dear [name], your [order] ships to [address].", True),
    (PLACEHOLDERS, {"num_placeholders": 3}, "Dear [name], your [order\n] ships [", False),
    (PLACEHOLDERS, {"num_placeholders": 2}, "[[a] b]", False),
    (PLACEHOLDERS, {"num_placeholders": 0}, "nothing", True),
    (POSTSCRIPT, {"postscript_marker": "P.S."}, "Bye.\n\np. s. One more thing.", True),
    (POSTSCRIPT, {"postscript_marker": "P.S."}, "Bye. PS one more thing", False),
    (POSTSCRIPT, {"postscript_marker": "P.P.S"}, "Bye.\nP.P.S. Really.", True),
    (POSTSCRIPT, {"postscript_marker": "P.P.S"}, "Bye.\nP.S. Really.", False),
    (POSTSCRIPT, {"postscript_marker": "NB:"}, "Bye.\nnb: really", True),
    (BULLETS, {"num_bullets": 3}, "List:\n* one\n  - two\n\t* three\n** not this **", True),
    (BULLETS, {"num_bullets": 2}, "* one\n* two\n- three", False),
    (BULLETS, {"num_bullets": 1}, "1. one\n* two\n+ three", True),
    (BULLETS, {"num_bullets": 1}, "*\nFirst point\n\n*", True),
    (BULLETS, {"num_bullets": 2}, "one\n---\n* two", True),
    (CHOICE, None, "Well. My answer is maybe. Sorry.", True),
    (CHOICE, {}, "My answer is Maybe.", False),
    (HIGHLIGHTS, {"num_highlights": 2}, "*one* and **two**", True),
    (HIGHLIGHTS, {"num_highlights": 2}, "*one* and ** ** and *two\nlines*", False),
    (HIGHLIGHTS, {"num_highlights": 1}, "2 * 3 = 6", False),
    (SECTIONS, {"section_spliter": "Section", "num_sections": 2}, "Section 1\nA\nSection 2\nB", True),
    (SECTIONS, {"section_spliter": "SECTION", "num_sections": 2}, "Section 1\nA\nSection 2\nB", False),
    (SECTIONS, {"section_spliter": "Day", "num_sections": 3}, "**Day 1**: a\n**Day2**: b\n**Day  3**: c", False),
    (SECTIONS, {"section_spliter": "Part.", "num_sections": 1}, "Partx 1", False),
    (JSON, None, '```json\n{"a": [1, 2.5, null]}\n```', True),
    (JSON, None, '{"a": 1,}', False),
    (JSON, None, 'Here it is: {"a": 1}', False),
    (JSON, None, "[" * 100_000 + "]" * 100_000, False),
    (JSON, None, "9" * 10_000, True),
    (TITLE, None, "<<A title>>\ntext", True),
    (TITLE, None, "<< >>\ntext <title>", False),
    (TITLE, None, "<<A\ntitle>>", False),
    (TITLE, None, "1 << 2 and 8 >> 1", True),
    (TWO, None, "One\n******\nTwo", True),
    (TWO, None, "One\n******\nOne", False),
    (TWO, None, "One\n******\nTwo\n******", True),
    (TWO, None, "One\n******\n******\nTwo", False),
    (TWO, None, "One", False),
    (REPEAT, {"prompt_to_repeat": "Write a poem."}, "write a POEM.\n\nRoses are red.", True),
    (REPEAT, {"prompt_to_repeat": "Write a poem."}, "Sure! Write a poem.", False),
    (END, {"end_phrase": "Is there anything else I can help with?"}, "Done. is there anything else I can help with?\n", True),
    (END, {"end_phrase": "Is there anything else I can help with?"}, "\"Done. Is there anything else I can help with?\"", True),
    (END, {"end_phrase": "Is there anything else I can help with?"}, "Is there anything else I can help with? No.", False),
    (QUOTATION, None, ' "All of it." ', True),
    (QUOTATION, None, "“All of it.”", False),
    (QUOTATION, None, '"', False),
    (CAPITALS, {"capital_frequency": 3, "capital_relation": "at least"}, "I saw NASA and the STATE-OF-THE-ART lab", True),
    (CAPITALS, {"capital_frequency": 2, "capital_relation": "less than"}, "DON'T go", True),
    (CAPITALS, {"capital_frequency": 2, "capital_relation": "less than"}, "DON'T GO", False),
    (CAPITALS, {"capital_frequency": 2, "capital_relation": "at least"}, "NASA's **BOLD** move", True),
    (UPPER, None, "THIS IS ALL THAT WE HAVE TO SAY ABOUT IT.", True),
    (UPPER, None, "This IS ALL THAT WE HAVE TO SAY ABOUT IT.", False),
    (UPPER, None, "DAS IST NICHT DIE ANTWORT AUF DIESE FRAGE.", False),
    (UPPER, None, "XYZ", None),
    (LOWER, None, "this is all that we have to say about it.", True),
    (LOWER, None, "I said this is all that we have to say about it.", False),
    (LOWER, None, "das ist nicht die antwort auf diese frage.", False),
    (COMMA, None, "No commas; none at all\uff0c\u3001", True),
    (COMMA, None, "One, two", False),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "kwargs", "response", "followed"), CASES)
def test_table(kind: str, kwargs: dict[str, Any] | None, response: str, followed: bool | None) -> None:
    found = judged(response, (kind, kwargs))
    assert json.loads(found.detail or "")["constraints"][0]["strict"] is followed
    assert found.status == {True: "correct", False: "wrong", None: "unverifiable"}[followed], found
    assert (found.score is None) == (followed is None)


def test_every_kind_has_cases_of_both_outcomes() -> None:
    for kind in KINDS:
        assert {True, False} <= {followed for k, _, _, followed in CASES if k == kind}, kind
    assert len(KINDS) == 25


# constraints, response, strict and loose results
RELAXED = [
    ((JSON, None), 'Here is the JSON:\n{"a": 1}', False, True),
    ((JSON, None), '{"a": 1}\nHope this helps!', False, True),
    ((JSON, None), 'Sure!\n{"a": 1}\nHope this helps!', False, True),
    ((QUOTATION, None), '**"Quoted."**', False, True),
    ((END, {"end_phrase": "The end."}), "Once upon a time. The end.\n\nLet me know!", False, True),
    ((END, {"end_phrase": "The end."}), "Once upon a time. **The end.**", False, True),
    ((REPEAT, {"prompt_to_repeat": "Hi there."}), "Sure:\nHi there. Hello!", False, True),
    ((COMMA, None), "Sure, here it is:\nNo commas.", False, True),
    ((COMMA, None), "a, b\nc, d\ne, f", False, False),
    ((HIGHLIGHTS, {"num_highlights": 1}), "*kept*", True, True),
    ((LANGUAGE, {"language": "de"}), "Sure! Here is the text for you:\nZebra", False, None),
    ((LOWER, None), "Here you are:\nthis is all that we have to say about it", False, True),
]


@pytest.mark.parametrize(("constraint", "response", "strict", "loose"), RELAXED)
def test_strict_and_loose_differ_by_first_and_last_lines_and_asterisks(
    constraint: tuple[str, Any], response: str, strict: bool, loose: bool | None
) -> None:
    plain = judged(response, constraint)
    assert json.loads(plain.detail or "") == {"mode": "strict", "constraints": [{"id": constraint[0], "strict": strict, "loose": loose}]}
    assert plain.status == ("correct" if strict else "wrong")
    assert judged(response, constraint, mode="loose").status == {True: "correct", False: "wrong", None: "unverifiable"}[loose]


def test_the_mode_may_stand_in_meta_and_the_gold_goes_first() -> None:
    gold = {"instruction_id_list": [COMMA], "kwargs": [{}]}
    answer = Answer("", None, "Sure, here it is:\nNo commas.", "stop")

    def status(mode: str | None, meta: str) -> str:
        stated = gold | ({"mode": mode} if mode else {})
        return verify(answer, make_prompt("q", verifier="ifeval", gold=json.dumps(stated), meta=meta)).status

    assert status(None, '{"mode": "loose"}') == "correct"
    assert status("strict", '{"mode": "loose"}') == "wrong"
    assert [status(None, meta) for meta in ("{}", "[]", "no", '{"mode": "think"}')] == ["wrong"] * 4


def test_the_score_is_the_share_followed_and_the_reason_names_what_failed() -> None:
    found = judged("Yes, no", (COMMA, None), (EXISTENCE, {"keywords": ["yes"]}), (TITLE, {}), (LETTER, {"letter": "y", "let_frequency": 1, "let_relation": "at least"}))  # fmt: skip
    assert (found.status, found.score) == ("wrong", 0.5)
    assert found.reason == f"not followed: {COMMA}, {TITLE}"


def test_what_cannot_be_told_is_unverifiable_unless_another_constraint_fails() -> None:
    assert judged("Zebra", (LANGUAGE, {"language": "de"}), (COMMA, None)).status == "unverifiable"
    found = judged("Zebra,", (LANGUAGE, {"language": "de"}), (COMMA, None), (TITLE, None), (EXISTENCE, {"keywords": ["zebra"]}))
    assert (found.status, found.score) == ("wrong", pytest.approx(1 / 3))


@pytest.mark.parametrize("response", ["", " \n\t"])
def test_an_empty_response_is_no_answer(response: str) -> None:
    assert judged(response, (COMMA, None)).status == "no_answer"


def test_the_chain_is_never_looked_at() -> None:
    gold = json.dumps({"instruction_id_list": [COMMA], "kwargs": [None]})
    prompt = make_prompt("q", verifier="ifeval", gold=gold)
    assert verify(Answer("<think>one, two</think>three", "one, two", "three", "stop"), prompt).status == "correct"
    gold = json.dumps({"instruction_id_list": [TITLE], "kwargs": [None]})
    assert verify(Answer("", "<<title>>", "three", "stop"), make_prompt("q", verifier="ifeval", gold=gold)).status == "wrong"


NULLS = dict.fromkeys(
    ["num_highlights", "relation", "num_words", "capital_frequency", "keywords", "letter", "language", "end_phrase", "prompt_to_repeat"]
)


def test_kwargs_padded_with_nulls_are_read() -> None:
    found = judged("Hello [you]", (PLACEHOLDERS, {**NULLS, "num_placeholders": 1}), (COMMA, NULLS))
    assert found.status == "correct"


BAD = [
    (None, "no gold"),
    ("", "no JSON"),
    ("yes", "no JSON"),
    ("[1]", "no JSON object"),
    ("[]", "0 instructions"),
    ("{}", "neither instruction_id_list nor func_name"),
    ('{"instruction_id_list": []}', "0 instructions"),
    (json.dumps({"instruction_id_list": [COMMA] * 33}), "33 instructions"),
    (json.dumps({"instruction_id_list": [COMMA, TITLE], "kwargs": [{}]}), "2 instructions, and kwargs is no list of as many"),
    (json.dumps({"instruction_id_list": [COMMA], "kwargs": ["x"]}), "its kwargs are no JSON object"),
    (json.dumps({"instruction_id_list": ["detectable_format:sentence_hyphens"]}), "'detectable_format:sentence_hyphens' is not known"),
    (json.dumps({"instruction_id_list": [None]}), "'None' is not known"),
    (json.dumps({"instruction_id_list": [COMMA], "mode": "lax"}), "mode must be one of strict, loose"),
    ('{"func_name": "validate_everything"}', "'validate_everything' is not known"),
    ('{"func_name": "validate_word_constraint", "N": 5}', "relation must be one of"),
    ("[" * 100_000, "no JSON"),
    (" " * 300_000, "longer than"),
]


@pytest.mark.parametrize(("gold", "sentence"), BAD)
def test_a_gold_that_cannot_be_read_says_why(gold: str | None, sentence: str) -> None:
    found = verify(Answer("yes", None, "yes", "stop"), make_prompt("q", verifier="ifeval", gold=gold))
    assert (found.status, found.score) == ("unparsable_gold", None)
    assert sentence in found.reason


@pytest.mark.parametrize(
    ("kind", "kwargs", "name"),
    [
        (LETTER, {"let_frequency": 3, "let_relation": "at least"}, "letter"),
        (LETTER, {"letter": "ab", "let_frequency": 3, "let_relation": "at least"}, "letter"),
        (LETTER, {"letter": "a", "let_relation": "at least"}, "let_frequency"),
        (LETTER, {"letter": "a", "let_frequency": 3}, "let_relation"),
        (EXISTENCE, {"keywords": []}, "keywords"),
        (EXISTENCE, {"keywords": "cat"}, "keywords"),
        (EXISTENCE, {"keywords": ["cat", 3]}, "keywords"),
        (EXISTENCE, {"keywords": ["x"] * 101}, "keywords"),
        (FORBIDDEN, {}, "forbidden_words"),
        (FREQUENCY, {"keyword": " ", "frequency": 3, "relation": "at least"}, "keyword"),
        (FREQUENCY, {"keyword": "a" * 3000, "frequency": 3, "relation": "at least"}, "keyword"),
        (WORDS, {"num_words": -1, "relation": "at least"}, "num_words"),
        (WORDS, {"num_words": True, "relation": "at least"}, "num_words"),
        (WORDS, {"num_words": 2.5, "relation": "at least"}, "num_words"),
        (WORDS, {"num_words": 10**9, "relation": "at least"}, "num_words"),
        (WORDS, {"num_words": 5, "relation": "more than"}, "relation"),
        (NTH, {"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "a"}, "nth_paragraph"),
        (NTH, {"num_paragraphs": 2, "nth_paragraph": 0, "first_word": "a"}, "nth_paragraph"),
        (LANGUAGE, {"language": "German language"}, "language"),
        (REPEAT, {}, "prompt_to_repeat"),
        (END, None, "end_phrase"),
        (SECTIONS, {"num_sections": 2}, "section_spliter"),
        (POSTSCRIPT, {}, "postscript_marker"),
        (BULLETS, {}, "num_bullets"),
        (PARAGRAPHS, {"num_paragraphs": 2, "divider": "---"}, "divider"),
        (CHOICE, {"options": [1]}, "options"),
    ],
)
def test_a_missing_or_odd_parameter_is_named_and_never_drawn_at_random(kind: str, kwargs: dict[str, Any] | None, name: str) -> None:
    found = judged("yes", (COMMA, {}), (kind, kwargs))
    assert found.status == "unparsable_gold"
    assert found.reason.startswith(f"{kind}: {name} ")


# RLVR-IFeval's form of each kind, a response that follows it and one that does not
RLVR: list[tuple[dict[str, Any], str, str]] = [
    ({"func_name": "verify_keywords", "keyword_list": ["cat", "dog"]}, "A cat and a dog.", "A cat."),
    ({"func_name": "verify_keyword_frequency", "word": "cat", "N": 2}, "Cat, cat! A category.", "cat cat cat"),
    ({"func_name": "validate_forbidden_words", "forbidden_words": ["cat"]}, "A dog.", "A cat."),
    ({"func_name": "verify_letter_frequency", "letter": "z", "N": 2}, "zz", "zzz"),
    ({"func_name": "validate_response_language", "language": "fr"}, "Le chat est dans la maison avec nous.", "The cat is in the house."),
    ({"func_name": "verify_paragraph_count", "N": 2}, "One\n* * *\nTwo", "One\n* * *\nTwo\n***\nThree"),
    ({"func_name": "validate_word_constraint", "N": 10, "quantifier": "around"}, "one two three four five six seven eight nine", "one two"),
    ({"func_name": "validate_word_constraint", "N": 2, "quantifier": "at most"}, "one two", "one two three"),
    ({"func_name": "verify_sentence_constraint", "N": 2, "quantifier": "at least"}, "One. Two.", "One."),
    ({"func_name": "validate_paragraphs", "N": 2, "first_word": "Then", "i": 2}, "One.\n\nThen two.", "One.\n\nTwo."),
    ({"func_name": "verify_postscript", "postscript_marker": "P.S."}, "Bye. P.S. yes", "Bye."),
    ({"func_name": "validate_placeholders", "N": 1}, "[name]", "name"),
    ({"func_name": "verify_bullet_points", "N": 1}, "* one", "* one\n* two"),
    ({"func_name": "validate_title"}, "<<Title>>", "Title"),
    ({"func_name": "validate_choice", "options": ["yes", "no"]}, "yes", "I do not know"),
    ({"func_name": "validate_choice", "options": "('left', 'right')"}, "It is left.", "It is up."),
    ({"func_name": "validate_highlighted_sections", "N": 1}, "*one*", "one"),
    ({"func_name": "validate_sections", "N": 2, "section_splitter": "Section"}, "Section 1\na\nSection 2\nb", "Section 1\nSection 2\nSection 3"),
    ({"func_name": "validate_json_format"}, "{}", "no"),
    ({"func_name": "validate_repeat_prompt", "original_prompt": "Do it."}, "Do it. Done.", "Done."),
    ({"func_name": "validate_two_responses"}, "a ****** b", "a"),
    ({"func_name": "validate_uppercase"}, "THIS IS ALL THERE IS TO IT", "this is all there is to it"),
    ({"func_name": "validate_lowercase"}, "this is all there is to it", "THIS IS ALL THERE IS TO IT"),
    ({"func_name": "validate_frequency_capital_words", "N": 1, "quantifier": "at most"}, "NASA is", "NASA IS"),
    ({"func_name": "validate_end", "end_phrase": "Bye."}, "So. Bye.", "So."),
    ({"func_name": "validate_quotation"}, '"yes"', "yes"),
    ({"func_name": "validate_no_commas"}, "yes", "yes, no"),
]  # fmt: skip


@pytest.mark.parametrize(("constraint", "followed", "broken"), RLVR)
def test_the_form_of_rlvr_ifeval_is_read(constraint: dict[str, Any], followed: str, broken: str) -> None:
    padded = dict.fromkeys(["keyword_list", "N", "quantifier", "options", "word", "language", "end_phrase"]) | constraint
    for gold in (padded, [padded], [padded, {"func_name": "validate_no_commas"}][:1]):
        prompt = make_prompt("q", verifier="ifeval", gold=json.dumps(gold))
        assert verify(Answer("", None, followed, "stop"), prompt).status == "correct"
        assert verify(Answer("", None, broken, "stop"), prompt).status == "wrong"


def test_rlvr_knows_every_kind() -> None:
    assert {f.kind for f in FUNCTIONS.values()} == set(KINDS)
    assert {c["func_name"] for c, _, _ in RLVR} == set(FUNCTIONS)


def test_variants_are_the_eight_of_the_paper_without_repeats_and_blanks() -> None:
    assert variants("a*\nb*\nc*") == ["a*\nb*\nc*", "b*\nc*", "a*\nb*", "b*", "a\nb\nc", "b\nc", "a\nb", "b"]
    assert variants("one") == ["one"]


GOLD = json.dumps(
    {
        "instruction_id_list": [kind for kind, kwargs, _, _ in CASES],
        "kwargs": [kwargs for _, kwargs, _, _ in CASES],
    }
)
ALL = {kind: (kind, kwargs) for kind, kwargs, _, _ in CASES}


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("*[]<>\"'.,!? \n-`{}ABCabc")), max_size=200))
def test_any_response_gets_a_verdict_that_agrees_with_its_parts(response: str) -> None:
    found = judged(response, *ALL.values())
    if not response.strip():
        assert found.status == "no_answer"
        return
    results = json.loads(found.detail or "")["constraints"]
    assert [r["id"] for r in results] == list(ALL)
    assert all(r["loose"] is True for r in results if r["strict"])
    strict = [r["strict"] for r in results]
    assert found.status == ("wrong" if False in strict else "unverifiable" if None in strict else "correct")
    assert found.status != "wrong" or found.score == strict.count(True) / (strict.count(True) + strict.count(False))
    assert found == judged(response, *ALL.values())


@pytest.mark.parametrize(
    "piece",
    ["[", "<<", "*", "**", "***", "******", "\n*", "\n-", "p.", "Section ", "Section 1", "!", "?.", "...", "e.g. ", "1. ", '"', "{", "[1,", "a", "A", "A.", " ", "\n", "\n\n", "'s", "--", "DON'T"],
)  # fmt: skip
def test_hostile_responses_end(piece: str) -> None:
    """A hundred thousand characters of what opens something and never closes it: every rule is linear, or this would not return."""
    for response in (piece * (100_000 // len(piece)), "x" + piece * (100_000 // len(piece)) + "\u00e9x"):
        assert judged(response, *(c for c in ALL.values() if c[0] not in (LANGUAGE, UPPER, LOWER))).decided


def test_the_witness_of_each_kind_follows_it() -> None:
    for kind, kwargs, _, followed in CASES:
        if followed and kind in ("keywords:existence", BULLETS, TITLE, TWO, COMMA, JSON, QUOTATION):
            assert judged(witness([(kind, kwargs or {})]), (kind, kwargs)).status == "correct"


@pytest.mark.parametrize(
    ("response", "status"),
    [
        ('<answer> "all of it is quoted" </answer>', "correct"),
        ('"all of it is quoted"', "correct"),
        ('<answer>"one"</answer> <answer>"two"</answer>', "wrong"),
        ('Well: <answer> "quoted" </answer>', "wrong"),
    ],
)
def test_the_tags_around_an_answer_are_no_part_of_it(response, status):
    prompt = make_prompt("q", verifier="ifeval", gold='{"instruction_id_list": ["startend:quotation"], "kwargs": [{}]}')
    assert verify(Answer(response, None, response, "stop"), prompt).status == status
