"""From rows to prompts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import SourceError, UsageError
from curate.records import Message, Prompt, canonical_json
from curate.sources import SourceOptions
from curate.sources.mapping import Mapper, Skip, conversation, plain, text_of


def prompt(row: dict[str, Any], **options: Any) -> Prompt:
    return Mapper(SourceOptions(**options), list(row), "data.jsonl")(row, "data.jsonl, line 1", source="data.jsonl")


@pytest.mark.parametrize(
    ("row", "options", "question", "gold"),
    [
        ({"problem": "1+1?", "answer": 2}, {"verifier": "math"}, "1+1?", "2"),
        ({"question": "1+1?", "final_answer": "2"}, {"verifier": "math"}, "1+1?", "2"),
        ({"instruction": "Half?", "ground_truth": 0.5}, {"verifier": "math"}, "Half?", "0.5"),
        ({"prompt": "q", "gold": 3.0}, {"verifier": "math"}, "q", "3"),
        ({"prompt": "q", "gold": ["1", 2]}, {"verifier": "math"}, "q", '["1",2]'),
        ({"prompt": "q", "solution": "long"}, {"verifier": "format"}, "q", None),
        ({"prompt": "q", "solution": "42"}, {"verifier": "math", "mapping": {"gold": "solution"}}, "q", "42"),
        ({"prompt": "q", "answer": "42", "verifier": "math"}, {}, "q", "42"),
        ({"prompt": "q", "answer": "42"}, {"verifier": "none"}, "q", None),
        ({"prompt": "q"}, {}, "q", None),
        ({"x": [{"content": "q"}], "r": {"g": 7}}, {"verifier": "math", "mapping": {"messages": "x.0.content", "gold": "r.g"}}, "q", "7"),
        ({"a.b": "q", "a": {"b": "no"}}, {"mapping": {"messages": "a.b"}}, "q", None),
        (
            {"prompt": "q", "instruction_id_list": ["a:b"], "kwargs": [{"n": None}]},
            {"verifier": "ifeval"},
            "q",
            '{"instruction_id_list":["a:b"],"kwargs":[{"n":null}]}',
        ),
        ({"prompt": "q", "ground_truth": '{"func_name": "f"}'}, {"verifier": "ifeval"}, "q", '{"func_name": "f"}'),
    ],
)
def test_columns_become_question_and_gold(row: dict[str, Any], options: dict[str, Any], question: str, gold: str | None) -> None:
    made = prompt(row, **options)
    assert made.messages == (Message("user", question),)
    assert made.gold == gold
    assert made.accept == ("verified" if made.verifier else "finished")


@pytest.mark.parametrize(
    ("row", "options", "sentence"),
    [
        ({"problem": "q"}, {"mapping": {"messages": "question"}}, "no column 'question'.*problem"),
        ({"text": "q"}, {}, "--map messages=COLUMN; its columns are text"),
        ({"problem": "q"}, {"mapping": {"question": "problem"}}, "no such field"),
        ({"problem": "q", "answer": "2"}, {}, "--verifier"),
        ({"problem": "q"}, {"verifier": "math"}, "--map gold=COLUMN"),
        ({"problem": "q", "instruction_id_list": []}, {"verifier": "ifeval"}, "--map gold=COLUMN"),
    ],
)
def test_a_mapping_that_does_not_fit_is_one_sentence(row: dict[str, Any], options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as caught:
        prompt(row, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("row", "options", "reason"),
    [
        ({"problem": "q", "answer": None}, {"verifier": "math"}, "no gold"),
        ({"problem": "q", "answer": "  "}, {"verifier": "math"}, "no gold"),
        ({"problem": None, "answer": "1"}, {"verifier": "math"}, "no question"),
        ({"problem": "", "answer": "1"}, {"verifier": "math"}, "empty question"),
        ({"problem": 7, "answer": "1"}, {"verifier": "math"}, "neither text nor a list"),
        ({"problem": "a\0b"}, {}, "NUL"),
        ({"problem": "a\ud800b"}, {}, "surrogate"),
        ({"problem": "q", "note": "\udfff"}, {}, "surrogate"),
        ({"messages": [{"role": "tool", "content": "x"}]}, {}, "unknown role"),
        ({"messages": [{"role": "user", "content": None}]}, {}, "without text"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, {}, "empty question"),
        ({"messages": []}, {}, "empty question"),
        ({"question": "q", "options": ["a"], "answer": "A"}, {"verifier": "choice", "mapping": {"options": "options"}}, "options"),
        (
            {"question": "q", "options": ["a", "b"], "answer": "C"},
            {"verifier": "choice", "mapping": {"options": "options"}},
            "none of the options",
        ),
        ({"question": "q", "options": ["a", "a"], "answer": "a"}, {"mapping": {"options": "options"}}, None),
    ],
)
def test_a_row_without_a_prompt_is_skipped_with_its_reason(row: dict[str, Any], options: dict[str, Any], reason: str | None) -> None:
    if reason is None:
        assert prompt(row, **options).gold == "A"  # a letter, since the text names two of the options
        return
    with pytest.raises(Skip, match=reason):
        prompt(row, **options)


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([("user", "a")], ["a"]),
        ([("user", "a"), ("assistant", "b")], ["a"]),
        ([("system", "s"), ("user", "a"), ("assistant", "b"), ("assistant", "c")], ["s", "a"]),
        ([("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")], ["a", "b", "c"]),
        ([("human", "a"), ("gpt", "b")], ["a"]),
        ([("USER", "a"), ("bot", "b")], ["a"]),
    ],
)
def test_a_conversation_ends_with_the_question(turns: list[tuple[str, str]], expected: list[str]) -> None:
    for names in (("role", "content"), ("from", "value")):
        assert [m.content for m in conversation([dict(zip(names, t, strict=True)) for t in turns])] == expected


@pytest.mark.parametrize(("gold", "letter"), [("B", "B"), ("b", "B"), (1, "B"), ("1", "B"), ("blue", "B"), (2.0, "C"), ("A", "A")])
def test_options_are_lettered_and_the_gold_is_a_letter(gold: Any, letter: str) -> None:
    made = prompt({"question": "Which?", "choices": ["red", "blue", "green"], "answer": gold}, mapping={"options": "choices"})
    assert made.messages[0].content == "Which?\n\nA. red\nB. blue\nC. green"
    assert (made.gold, made.verifier, made.chance) == (letter, "choice", pytest.approx(1 / 3))


def test_an_option_that_is_a_letter_is_found_by_its_text_first() -> None:
    made = prompt({"question": "Which?", "options": ["B", "A"], "answer": "A"}, mapping={"options": "options"})
    assert made.gold == "B"


def test_a_verifier_that_is_code_is_never_taken_from_data() -> None:
    row = {"problem": "q", "answer": "1", "verifier": "evil.py:run"}
    with pytest.raises(SourceError, match=r"line 1 names the verifier 'evil\.py:run'"):
        prompt(row)
    assert prompt(row, verifier="mine.py:verify").verifier == "mine.py:verify"


def test_forced_fields_go_before_columns_and_columns_before_nothing() -> None:
    row = {"problem": "q", "domain": "algebra", "language": "de", "license": "MIT", "mode": "plain", "chance": 0.25, "level": 3}
    made = prompt(row)
    assert (made.domain, made.language, made.license, made.mode, made.chance) == ("algebra", "de", "MIT", "plain", 0.25)
    assert json.loads(made.meta) == {"level": 3}
    forced = prompt(row, domain="math", language="en", mode="think")
    assert (forced.domain, forced.language, forced.mode) == ("math", "en", "think")


def test_a_guessed_column_that_does_not_fit_stays_in_meta_and_a_mapped_one_is_an_error() -> None:
    row = {"problem": "q", "language": "English", "domain": ["algebra"], "chance": 7}
    made = prompt(row)
    assert (made.language, made.domain, made.chance) == (None, "general", 0.0)
    assert json.loads(made.meta) == {"language": "English", "domain": ["algebra"], "chance": 7}
    with pytest.raises(SourceError, match="line 1: language must be a language code"):
        prompt(row, mapping={"language": "language"})


def test_large_columns_are_named_in_meta_and_left_out() -> None:
    made = prompt({"problem": "q", "trace": "x" * 5000, "level": 1, "id": 12})
    assert json.loads(made.meta) == {"level": 1, "_omitted": ["trace"]}
    assert made.source_id == "12"


def test_the_id_does_not_depend_on_where_a_row_stood() -> None:
    one = Mapper(SourceOptions(verifier="math"), ["problem", "answer"], "a")({"problem": "q", "answer": "1"}, "a, line 1", source="a")
    two = Mapper(SourceOptions(verifier="math"), ["x", "answer", "problem"], "b")(
        {"x": 2, "answer": 1, "problem": "q"}, "b, line 7", source="b"
    )
    assert one.id == two.id


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["problem", "answer", "options", "verifier", "domain", "mode", "accept", "id", "x"]), json_values))
def test_any_row_gives_a_prompt_or_a_reason(row: dict[str, Any]) -> None:
    mapper = Mapper(
        SourceOptions(verifier="math"), ["problem", "answer", "options", "verifier", "domain", "mode", "accept", "id", "x"], "data"
    )
    try:
        made = mapper(row, "line 1", source="data")
    except Skip:
        return
    assert made.gold is not None
    assert made.verifier == "math"
    json.loads(made.meta)


@given(json_values)
def test_plain_values_are_json_and_text_of_is_text(value: Any) -> None:
    json.dumps(plain(value), allow_nan=False)
    assert isinstance(text_of(value), str)
    assert canonical_json(plain(plain(value))) == canonical_json(plain(value))


def test_a_question_that_lists_its_options_sets_the_chance_level() -> None:
    asked = "Which?\nA. one\nB. two\nC. three\nD. four"
    assert prompt({"question": asked, "answer": "B"}, verifier="choice").chance == 0.25
    assert prompt({"question": "Which?", "answer": "B"}, verifier="choice").chance == 0.0
    assert prompt({"question": asked, "answer": "B", "chance": 0.1}, verifier="choice").chance == 0.1
    assert prompt({"question": asked, "answer": "B"}, verifier="math").chance == 0.0
    mapped = prompt({"question": "Which?", "answer": 1, "o": ["x", "y", "z", "w", "v"]}, verifier="choice", mapping={"options": "o"})
    assert mapped.chance == 0.2


def test_a_prompt_for_a_judge_keeps_its_reference() -> None:
    row = {"problem": "Why is the sky blue?", "answer": "Rayleigh scattering"}
    prompt = Mapper(SourceOptions(verifier="judge"), list(row), "rows")(row, "row 1", source="s")
    assert (prompt.accept, prompt.verifier, prompt.gold) == ("judged", None, "Rayleigh scattering")
    own = Mapper(SourceOptions(), [*row, "accept"], "rows")(row | {"accept": "judged"}, "row 1", source="s")
    assert own == prompt
    with pytest.raises(UsageError, match="the judge needs a right answer"):
        Mapper(SourceOptions(verifier="judge"), ["problem"], "rows")
