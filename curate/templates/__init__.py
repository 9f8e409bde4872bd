"""How a question becomes what the model is sent: prompt templates and worked examples, each with a version.

`chat` leaves the wording to the model's own chat template and puts worked examples before the question as earlier turns. `r1-zero` is plain text for a base model: the structure of R1-Zero's
template (arXiv 2501.12948, Table 1: a User/Assistant conversation that asks for reasoning in <think> and the answer in <answer> tags), in our own words.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from curate.errors import UsageError
from curate.records import Message, Prompt, digest

VERSIONS = {"chat": "1", "r1-zero": "1"}

_R1_ZERO = (
    "What follows is a conversation between User and Assistant. User asks a question and Assistant solves it. Assistant first works the problem out in its mind and only then tells User "
    "the result. The reasoning stands between <think> and </think>, and after it the result between <answer> and </answer>, like this: <think> the reasoning </think> <answer> the result </answer>."
)


class Example(NamedTuple):
    """A worked example: shown for prompts of its `source`, or for every prompt that has none of its own."""

    question: str
    answer: str
    source: str | None


class Asked(NamedTuple):
    """What is sent: messages for a chat template, or text."""

    messages: tuple[Message, ...] | None
    text: str | None


@dataclass(frozen=True)
class Template:
    """A template with its system prompt and worked examples."""

    name: str = "chat"
    system_prompt: str | None = None
    examples: tuple[Example, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in VERSIONS:
            raise UsageError(f"unknown template {self.name!r}: one of {', '.join(VERSIONS)}")

    @cached_property
    def label(self) -> str:
        """Name and version; a system prompt and examples add a hash of their text."""
        base = f"{self.name}@{VERSIONS[self.name]}"
        if self.system_prompt is None and not self.examples:
            return base
        return f"{base}+{digest([self.system_prompt, self.examples], 12)}"

    def ask(self, prompt: Prompt) -> Asked:
        """What the model is sent for a prompt."""
        own = [e for e in self.examples if e.source == prompt.source]
        shown = own or [e for e in self.examples if e.source is None]
        if self.name == "chat":
            turns = [Message("system", self.system_prompt)] if self.system_prompt is not None else []
            turns += [turn for e in shown for turn in (Message("user", e.question), Message("assistant", e.answer))]
            return Asked((*turns, *prompt.messages), None)
        head = self.system_prompt if self.system_prompt is not None else _R1_ZERO
        lines = [f"User: {e.question}\nAssistant: {e.answer}" for e in shown]
        lines += [f"{'Assistant' if m.role == 'assistant' else 'User'}: {m.content}" for m in prompt.messages]
        return Asked(None, "\n".join([head, *lines, "Assistant:"]))


def read_examples(path: str) -> tuple[Example, ...]:
    """Worked examples from a JSONL file with `question`, `answer` and, optionally, `source` on each line; `builtin:NAME` is one that ships with the package."""
    name = path.removeprefix("builtin:")
    try:
        text = (files(__package__) / "few_shot" / f"{name}.jsonl").read_text("utf-8") if name != path else Path(path).read_text("utf-8")
    except FileNotFoundError as error:
        raise UsageError(f"no such file of worked examples: {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the worked examples in {path}: {error}") from error
    examples = [_example(line, f"{path} line {number}") for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not examples:
        raise UsageError(f"{path} holds no worked example")
    return tuple(examples)


def _example(line: str, where: str) -> Example:
    try:
        row: Any = json.loads(line)
    except ValueError as error:
        raise UsageError(f"{where} is not JSON: {error}") from error
    if not isinstance(row, dict) or not isinstance(row.get("question"), str) or not isinstance(row.get("answer"), str):
        raise UsageError(f"{where} needs the texts `question` and `answer`")
    if not isinstance(row.get("source"), str | None):
        raise UsageError(f"{where}: `source` must be text")
    return Example(row["question"], row["answer"], row.get("source"))
