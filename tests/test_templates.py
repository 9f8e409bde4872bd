"""What the model is sent: worked examples by source, R1-Zero's structure, versions that change with the text."""

from pathlib import Path

import pytest

from curate.errors import UsageError
from curate.records import Message, make_prompt
from curate.templates import Example, Template, read_examples

PROMPT = make_prompt("What is 1 + 1?", verifier="math", gold="2", source="sums")
EXAMPLES = (Example("2 + 2?", "4", "sums"), Example("Colour of snow?", "White", None))


def test_examples_of_the_source_come_first_and_alone() -> None:
    asked = Template(examples=EXAMPLES).ask(PROMPT)
    assert asked.text is None
    assert asked.messages == (Message("user", "2 + 2?"), Message("assistant", "4"), Message("user", "What is 1 + 1?"))
    other = make_prompt("Why?", source="else")
    assert Template(examples=EXAMPLES, system_prompt="S").ask(other).messages == (
        Message("system", "S"),
        Message("user", "Colour of snow?"),
        Message("assistant", "White"),
        Message("user", "Why?"),
    )


def test_r1_zero_is_text_that_ends_where_the_assistant_begins() -> None:
    asked = Template("r1-zero", examples=EXAMPLES).ask(PROMPT)
    assert asked.messages is None
    assert asked.text is not None
    assert asked.text.endswith("User: 2 + 2?\nAssistant: 4\nUser: What is 1 + 1?\nAssistant:")
    assert "<think>" in asked.text
    assert "<answer>" in asked.text


def test_label_changes_with_the_text_only() -> None:
    labels = {
        t.label
        for t in (Template(), Template("r1-zero"), Template(system_prompt="a"), Template(system_prompt="b"), Template(examples=EXAMPLES))
    }
    assert len(labels) == 5
    assert Template(examples=EXAMPLES).label == Template(examples=tuple(EXAMPLES)).label


def test_shipped_examples_hold_their_form() -> None:
    examples = read_examples("builtin:demo")
    assert len({e.source for e in examples}) >= 6
    for e in examples:
        assert e.source is not None
        assert e.answer.startswith("<think> ")
        assert e.answer.endswith(" </answer>")
        assert e.answer.count("</think>") == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "holds no worked example"),
        ("{", "line 1 is not JSON"),
        ('{"question": "q"}', "needs the texts"),
        ('{"question": "q", "answer": "a", "source": 1}', "must be text"),
    ],
)
def test_bad_example_files(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "few.jsonl").write_text(text)
    with pytest.raises(UsageError, match=sentence):
        read_examples(str(tmp_path / "few.jsonl"))


@pytest.mark.parametrize("path", ["none.jsonl", "builtin:none"])
def test_missing_example_files(path: str) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_examples(path)


def test_unknown_template() -> None:
    with pytest.raises(UsageError, match="unknown template"):
        Template("alpaca")
