"""Constraints added to prompts: they go together, which a response that follows them all shows, and depend on nothing but the prompt and the seed."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import UsageError
from curate.records import Answer, Message, Prompt, make_prompt, prompt_id
from curate.sources.constrained import MOST, Constrained, constrain
from curate.sources.constraint_kinds import CONFLICTS, ENGLISH, KINDS, LANGUAGES, WORDS, Draw, shown
from curate.verifiers import constraints
from curate.verifiers.ifeval import verify
from tests.witness import SENTENCES, spoiled, witness


class Toy:
    """A source of questions."""

    name = "toy"
    revision = "1"
    skipped: Mapping[str, int] = {"no gold": 3}

    def __init__(self, prompts: list[Prompt]) -> None:
        self.prompts = prompts

    def fingerprint(self) -> str:
        return str(len(self.prompts))

    def __iter__(self) -> Iterator[Prompt]:
        return iter(self.prompts)


def wanted(prompt: Prompt) -> list[tuple[str, dict[str, object]]]:
    gold = json.loads(prompt.gold or "")
    return list(zip(gold["instruction_id_list"], gold["kwargs"], strict=True))


def status(prompt: Prompt, response: str) -> str:
    return verify(Answer(response, None, response, "stop"), prompt).status


QUESTIONS = [
    "What is 2 + 2?",
    "Name three\n\nkinds of birds, please.",
    "Why?",
    "Explain it " * 200,
    "什么是素数?",
    'Put [x] and *y* and ***, or "z".',
]


@settings(max_examples=300)
@given(st.sampled_from(QUESTIONS), st.integers(0, 10**9), st.sampled_from([None, "en", "zh"]))
def test_one_response_can_follow_all_that_is_asked(question: str, seed: int, language: str | None) -> None:
    made = constrain(make_prompt(question, language=language), seed)
    assert 1 <= len(wanted(made)) <= MOST
    response = witness(wanted(made))
    found = verify(Answer(response, None, response, "stop"), made)
    assert found.status == "correct", (found, wanted(made), response)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_pair_that_does_not_conflict_can_be_followed_together(kind: str) -> None:
    for other in sorted(KINDS):
        if other in CONFLICTS[kind]:
            continue
        for seed in range(6):
            draw = Draw(Random(f"{kind}{other}{seed}"), "What is 2 + 2?")
            pair = [(k, KINDS[k].draw(draw)) for k in (kind, other)]
            gold = json.dumps({"instruction_id_list": [k for k, _ in pair], "kwargs": [p for _, p in pair]})
            found = status(make_prompt("q", verifier="ifeval", gold=gold), witness(pair))
            assert found == "correct", (pair, witness(pair))


def test_conflicts_are_mutual_and_name_known_kinds() -> None:
    assert set(KINDS) == set(constraints.KINDS) - {"detectable_format:constrained_response"}
    assert set(KINDS) >= ENGLISH
    for kind, others in CONFLICTS.items():
        assert kind in others
        assert all(kind in CONFLICTS[other] for other in others)
        assert len(others) < len(KINDS)


def test_pairs_that_contradict_each_other_are_in_the_table() -> None:
    for a, b in [
        ("change_case:english_capital", "change_case:english_lowercase"),
        ("change_case:english_lowercase", "change_case:capital_word_frequency"),
        ("change_case:english_lowercase", "language:response_language"),
        ("detectable_format:json_format", "startend:quotation"),
        ("detectable_format:json_format", "detectable_format:title"),
        ("combination:repeat_prompt", "startend:quotation"),
        ("combination:repeat_prompt", "punctuation:no_comma"),
        ("combination:repeat_prompt", "keywords:forbidden_words"),
        ("combination:two_responses", "length_constraints:number_paragraphs"),
        ("length_constraints:number_paragraphs", "length_constraints:nth_paragraph_first_word"),
        ("length_constraints:number_sentences", "length_constraints:number_paragraphs"),
        ("keywords:existence", "language:response_language"),
    ]:
        assert b in CONFLICTS[a]


def test_the_same_prompt_and_seed_give_the_same_constraints_in_any_order() -> None:
    prompts = [make_prompt(f"Question {i}?", verifier="math", gold=str(i)) for i in range(40)]
    first = {p.source_id: p for p in Constrained(Toy(prompts), 7)}
    made = list(Constrained(Toy(prompts), 7))
    assert made == [constrain(p, 7) for p in prompts]
    assert {p.id for p in Constrained(Toy(prompts[::-1]), 7)} == {p.id for p in made}
    assert {p.id for p in Constrained(Toy(prompts), 8)} != {p.id for p in made}
    assert first


def test_the_prompt_keeps_what_it_was_and_gets_its_own_id() -> None:
    before = make_prompt(
        (Message("system", "Be brief."), Message("user", "What is 1+1?  ")),
        verifier="math",
        gold="2",
        language="en",
        domain="math",
        chance=0.25,
        mode="plain",
        meta='{"level": 3}',
        source="set",
        source_id="7",
        source_revision="abc",
        license="mit",
    )
    made = constrain(before, 0)
    assert made.id == prompt_id(made.messages, "ifeval", made.gold) != before.id
    assert made.messages[0] == before.messages[0]
    assert made.messages[1].content.startswith("What is 1+1?\n\n")
    assert (made.verifier, made.accept, made.domain, made.chance) == ("ifeval", "verified", "instructions", 0.0)
    assert json.loads(made.meta) == {"level": 3, "original": {"id": before.id, "verifier": "math", "domain": "math"}}
    for name in ("language", "mode", "source", "source_id", "source_revision", "license"):
        assert getattr(made, name) == getattr(before, name)


def test_every_kind_comes_about_as_often_as_its_conflicts_let_it() -> None:
    counts = Counter(kind for i in range(2000) for kind, _ in wanted(constrain(make_prompt(f"Question {i}?"), 0)))
    assert set(counts) == set(KINDS)
    assert min(counts.values()) > 50
    sizes = Counter(len(wanted(constrain(make_prompt(f"Question {i}?"), 0))) for i in range(600))
    assert set(sizes) == {1, 2, 3}
    assert min(sizes.values()) > 120


def test_questions_in_another_language_get_no_constraint_on_english_words() -> None:
    for i in range(300):
        assert not {kind for kind, _ in wanted(constrain(make_prompt(f"第{i}题?", language="zh"), 0))} & ENGLISH


def test_a_long_prompt_is_not_to_be_repeated() -> None:
    for i in range(300):
        assert "combination:repeat_prompt" not in dict(wanted(constrain(make_prompt(f"{i} " * 400), 0)))


def test_all_wordings_say_their_parameters() -> None:
    for kind, (draw, says) in KINDS.items():
        assert len(says) >= 2
        for i in range(20):
            parameters = draw(Draw(Random(i), "q"))
            for wording in says:
                sentence = wording.format(**shown(parameters))
                assert "{" not in sentence, kind
                assert sentence.rstrip()[-1] in '.":point', sentence
                for name, value in shown(parameters).items():
                    assert str(value) in sentence or name == "prompt_to_repeat", (kind, sentence)


def test_words_and_languages_are_fit_for_their_use() -> None:
    assert len(set(WORDS)) == len(WORDS)
    assert not [(a, b) for a in WORDS for b in WORDS if a != b and a in b]
    assert set(SENTENCES) == {"en", *LANGUAGES}


def test_a_spoiled_response_is_often_wrong() -> None:
    """The constraints ask for something: what was built to follow them stops following them when it is changed."""
    random = Random(0)
    found = Counter()
    for i in range(300):
        made = constrain(make_prompt(f"Question {i}?"), 0)
        found[status(made, spoiled(witness(wanted(made)), random))] += 1
    assert found["wrong"] > 100
    assert found["unparsable_gold"] == 0


def test_the_wrapper_is_a_source_and_says_what_it_wraps() -> None:
    already = constrain(make_prompt("q"), 0)
    source = Constrained(Toy([make_prompt("a"), already]), 3)
    assert (source.name, source.revision, source.skipped) == ("toy, constrained", "1", {"no gold": 3})
    assert list(source)[1] is already
    assert len({Constrained(Toy([]), 0).fingerprint(), Constrained(Toy([]), 1).fingerprint(), source.fingerprint()}) == 3


def test_a_prompt_that_does_not_end_with_the_user_is_one_sentence() -> None:
    with pytest.raises(UsageError, match="does not end with a turn of the user"):
        constrain(make_prompt((Message("user", "q"), Message("assistant", "a"))), 0)
