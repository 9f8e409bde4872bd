"""Splitting completions: where the tags are, who split them, and what is no answer."""

import pytest

from curate.records import Completion
from curate.thinking import parts_of, split

TAGS = ("<think>", "</think>")


@pytest.mark.parametrize(
    ("text", "opened", "reasoning", "response"),
    [
        ("<think>a</think>b", False, "a", "b"),
        ("  <think>\na\n</think>\n\nb\n", False, "a", "b"),
        ("a</think>b", True, "a", "b"),  # the opening tag stood in the prompt
        ("a</think>b", False, "a", "b"),
        ("just an answer", False, None, "just an answer"),
        ("<think>never closed", False, "never closed", ""),  # cut off: nothing in it is an answer
        ("never closed either", True, "never closed either", ""),
        ("<think>I write </think> here, then</think>b", False, "I write </think> here, then", "b"),
        ("<think></think>b", False, "", "b"),
        ("", False, None, ""),
        ("before <think>a</think>b", False, "a", "b"),
    ],
)
def test_split(text: str, opened: bool, reasoning: str | None, response: str) -> None:
    parts = split(text, TAGS, opened=opened)
    assert (parts.reasoning, parts.response) == (reasoning, response)
    assert parts.chain == ("none" if reasoning is None else "full")


@pytest.mark.parametrize(
    ("completion", "chain", "reasoning", "response"),
    [
        (
            Completion("b", "stop", reasoning="a long chain of thought about it", reasoning_tokens=7),
            "full",
            "a long chain of thought about it",
            "b",
        ),
        (Completion("b", "stop", reasoning="in short", reasoning_tokens=4000), "summary", "in short", "b"),
        (Completion("b", "stop", reasoning_tokens=4000), "hidden", None, "b"),
        (Completion("b", "stop", reasoning="no count", reasoning_tokens=None), "full", "no count", "b"),
        (Completion("a</think>b", "stop", opened=True), "full", "a", "b"),
    ],
)
def test_servers_that_split(completion: Completion, chain: str, reasoning: str | None, response: str) -> None:
    assert parts_of(completion, TAGS) == (reasoning, response, chain)


def test_prefill_counts_as_written() -> None:
    assert parts_of(Completion("a</think>b", "stop"), TAGS, prefill="<think>\n") == ("a", "b", "full")


def test_other_tags() -> None:
    tags = ("<|begin_of_thought|>", "<|end_of_thought|>")
    assert split("<|begin_of_thought|>a<|end_of_thought|>b <think>", tags).response == "b <think>"
