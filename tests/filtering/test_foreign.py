"""Rows of known sets, in the shapes that their cards give, become samples."""

from typing import Any

import pytest

from curate.errors import SourceError, UsageError
from curate.filtering.foreign import PRESETS, Reading, resolve, samples_of
from curate.sources.mapping import Skip


def samples(row: dict[str, Any], preset: str | None = None, **mapping: str) -> list[dict[str, Any]]:
    reading = Reading({**(PRESETS[preset] if preset else {}), **mapping})
    columns = resolve(reading, list(row), "the file", source="set.parquet", revision="sha256:0")
    return samples_of(row, "set.parquet, row 1", columns, reading)


def parts(rows: list[dict[str, Any]]) -> list[tuple[str | None, str]]:
    return [(row["reasoning"], row["response"]) for row in rows]


def question(row: dict[str, Any]) -> str:
    return str(row["messages"][0]["content"])


def test_openr1_math_has_several_generations_a_row_and_says_which_are_right() -> None:
    row = {
        "problem": "What is 2+2?",
        "solution": "Add.",
        "answer": "4",
        "uuid": "u-1",
        "source": "olympiads",
        "generations": ["<think>two and two</think>It is \\boxed{4}.", "<think>maybe five"],
        "finish_reasons": ["stop", "length"],
        "correctness_math_verify": [True, False],
        "messages": [{"role": "user", "content": "another wording"}, {"role": "assistant", "content": "x"}],
    }
    found = samples(row, "openr1-math")
    assert parts(found) == [("two and two", "It is \\boxed{4}."), ("maybe five", "")]
    assert [r["finish_reason"] for r in found] == ["stop", "length"]
    assert [(r["verdict"]["status"], r["verdict"]["verifier"]) for r in found] == [("correct", "published"), ("wrong", "published")]
    assert {(question(r), r["gold"], r["source_id"], r["source"]) for r in found} == {("What is 2+2?", "4", "u-1", "set.parquet/olympiads")}
    assert len({r["id"] for r in found}) == 2
    assert len({r["prompt_id"] for r in found}) == 1


def test_openthoughts_has_its_own_tags() -> None:
    said = "<|begin_of_thought|>\n\nLet me see.\n\n<|end_of_thought|>\n\n<|begin_of_solution|>\n\nIt is 4.\n\n<|end_of_solution|>"
    row = {"system": "You are a thinker.", "conversations": [{"from": "user", "value": "2+2?"}, {"from": "assistant", "value": said}]}
    [found] = samples(row, "openthoughts")
    assert parts([found]) == [("Let me see.", "It is 4.")]
    assert found["completion"] == said
    assert found["finish_reason"] == "unknown"


def test_openthoughts_metadata_keeps_chain_and_solution_apart() -> None:
    row = {
        "problem": "2+2?",
        "deepseek_reasoning": "Add them.",
        "deepseek_solution": "4",
        "ground_truth_solution": "four",
        "domain": "math",
        "source": "aops",
        "test_cases": None,
    }
    [found] = samples(row, "openthoughts-metadata")
    assert parts([found]) == [("Add them.", "4")]
    assert (found["domain"], found["gold"], found["completion"]) == ("math", "four", "<think>Add them.</think>\n4")


def test_mixture_of_thoughts_has_the_chain_inside_the_last_message() -> None:
    row = {
        "messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "<think>\nAdd.\n</think>\n4"}],
        "num_tokens": 9,
        "source": "open-r1/OpenR1-Math-220k",
    }
    [found] = samples(row, "mixture-of-thoughts")
    assert parts([found]) == [("Add.", "4")]
    assert question(found) == "2+2?"


@pytest.mark.parametrize(
    ("last", "wanted"),
    [
        ({"role": "assistant", "content": "Four."}, (None, "Four.")),
        ({"role": "assistant", "content": "Four.", "reasoning_content": "Add."}, ("Add.", "Four.")),
        ({"role": "assistant", "content": "Add.</think>Four."}, ("Add.", "Four.")),
        ({"role": "assistant", "content": "<think>Add."}, ("Add.", "")),
        ({"from": "gpt", "value": "<thinking>Add.</thinking> Four."}, ("Add.", "Four.")),
    ],
)
def test_plain_messages(last: dict[str, str], wanted: tuple[str | None, str]) -> None:
    first = {"role": "user", "content": "2+2?"} if "role" in last else {"from": "human", "value": "2+2?"}
    assert parts(samples({"messages": [first, last]}, "messages")) == [wanted]


def test_a_conversation_of_several_turns_keeps_them_in_the_question() -> None:
    turns = [("system", "Be short."), ("user", "Hi"), ("assistant", "Hello."), ("user", "2+2?"), ("assistant", "4")]
    [found] = samples({"messages": [{"role": r, "content": c} for r, c in turns]})
    assert [m["role"] for m in found["messages"]] == ["system", "user", "assistant", "user"]
    assert found["response"] == "4"


@pytest.mark.parametrize(
    "row",
    [{"messages": "a question and nothing else"}, {"messages": [{"role": "user", "content": "2+2?"}]}, {"problem": "x", "generations": []}],
)
def test_a_row_without_an_answer_is_skipped_with_its_reason(row: dict[str, Any]) -> None:
    with pytest.raises(Skip, match="no answer"):
        samples(row)


def test_what_does_not_fit_is_said_and_not_guessed() -> None:
    with pytest.raises(SourceError, match="completion must be text"):
        samples({"problem": "x", "completion": 7})
    with pytest.raises(UsageError, match="no column that looks like a question"):
        samples({"a": "x", "completion": "y"})
    with pytest.raises(UsageError, match="no column 'answr'"):
        samples({"problem": "x", "completion": "y"}, gold="answr")


def test_values_for_all_rows_go_before_what_the_set_says() -> None:
    reading = Reading({}, domain="logic", license="mit", mode="plain")
    row = {"problem": "x", "completion": "y", "domain": "math", "license": "other"}
    [found] = samples_of(row, "f, row 1", resolve(reading, list(row), "f", source="s", revision="r"), reading)
    assert (found["domain"], found["license"], found["mode"]) == ("logic", "mit", "plain")
