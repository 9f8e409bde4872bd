"""From a row of somebody's file to questions for a verifier: which columns are read, what the prompt is, and where chain and response part.

Rows of ours carry chain and response as they were split when they were made, and those are taken; every other completion is split by its tags. A completion may be a list of samples. Nothing is guessed
about who judges: a verifier comes from the caller or from a column, and one named by data must be built in, since an import path is code and rows come from strangers.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from curate.errors import SourceError, UsageError
from curate.records import Answer, Message, Prompt, Verdict, canonical_json, make_prompt
from curate.sources.mapping import GUESSES as SOURCE_GUESSES
from curate.sources.mapping import Skip, conversation, letter_of, listed, plain, reach, text_of
from curate.thinking import split
from curate.verifiers import BUILT_IN, companion
from curate.verifiers.extraction import boxes
from curate.verifiers.stream import Case

GUESSES = {
    "completion": ("completion",),
    "verifier": ("verifier",),
    "gold": SOURCE_GUESSES["gold"],
    "id": SOURCE_GUESSES["source_id"],
    "prompt": SOURCE_GUESSES["messages"],
    "finish_reason": ("finish_reason",),
    "options": (),
}
WITHOUT_ANSWER = frozenset(
    {"format", "ifeval", "language", "summary"}
)  # verifiers whose gold, if there is one, says what a text must be like
OURS = ("reasoning", "response", "chain", "prompt_id")  # columns that only rows of ours have beside each other
NO_VERIFIER = Verdict("unverifiable", reason="no verifier is named")
NO_COMPLETION = Verdict("unverifiable", reason="there is no completion")


@dataclass(frozen=True, slots=True)
class Asking:
    """How rows are read: `mapping` from field to column, a `verifier` that goes before what rows say, and the chain's tags."""

    mapping: Mapping[str, str]
    verifier: str | None
    think_tags: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of one file is which field. `ours`: it holds samples of ours."""

    of: Mapping[str, str]
    ours: bool

    def value(self, row: Mapping[str, Any], field: str) -> Any:
        """The field's value in a row; None where there is none."""
        return reach(row, self.of[field]) if field in self.of else None


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Raise UsageError unless every key is a field that a column can be mapped to."""
    for target in mapping:
        if target not in GUESSES:
            raise UsageError(f"--map {target}=...: there is no such field; the fields are {', '.join(GUESSES)}")


def resolve(asking: Asking, columns: Sequence[str], where_from: str, *, needed: Sequence[str]) -> Columns:
    """The columns of one file. Raises UsageError for one that is mapped and not there, or `needed` and not found."""
    of: dict[str, str] = {}
    for target, column in asking.mapping.items():
        if column not in columns and column.partition(".")[0] not in columns:
            raise UsageError(f"{where_from} has no column {column!r} (--map {target}={column}); its columns are {listed(columns)}")
        of[target] = column
    for target, names in GUESSES.items():
        guess = next((n for n in names if n in columns and n not in of.values()), None)
        if target not in of and guess is not None:
            of[target] = guess
    wanted = list(needed)
    if asking.verifier is None:
        wanted.append("verifier")
    for target in wanted:
        if target not in of:
            also = ", or name one for all rows with --verifier" if target == "verifier" else ""
            raise UsageError(
                f"{where_from} has no column {target!r}: say which it is with --map {target}=COLUMN{also}; its columns are {listed(columns)}"
            )
    return Columns(of, all(name in columns for name in OURS))


def _messages(value: Any) -> tuple[Message, ...]:
    try:
        return conversation(value)
    except Skip:  # some other shape, or nothing: verifiers that read the question see it as text
        return (Message("user", "" if value is None else text_of(value)),)


def _meta(row: Mapping[str, Any]) -> str:
    meta = row.get("meta")
    return meta if isinstance(meta, str) else canonical_json(plain(meta)) if isinstance(meta, Mapping) else "{}"


def prompt_of(row: Mapping[str, Any], place: str, columns: Columns, asking: Asking) -> Prompt:
    """The prompt of a row, without a verifier where none is named. Raises SourceError for a verifier that data may not name."""
    verifier = asking.verifier if asking.verifier is not None else columns.value(row, "verifier")
    if asking.verifier is None and verifier is not None:
        if not isinstance(verifier, str) or (verifier not in BUILT_IN and ":" not in verifier):
            raise SourceError(f"{place} names the verifier {str(verifier)[:60]!r}, which is none of {', '.join(sorted(BUILT_IN))}")
        if ":" in verifier:
            raise SourceError(
                f"{place} names the verifier {verifier!r}: an import path is code and is never taken from data; if you trust it, give it with --verifier"
            )
    gold = columns.value(row, "gold")
    if isinstance(gold, float) and math.isnan(gold):  # a missing value, as pandas writes it
        gold = None
    meta, chance = _meta(row), row.get("chance")
    options = columns.value(row, "options")
    if isinstance(options, Mapping):
        options = [options[k] for k in sorted(options)]
    if isinstance(options, list) and options:
        texts = [text_of(o) for o in options]
        if gold is not None:
            gold = letter_of(gold, texts) or gold
        meta, chance = canonical_json({"options": texts}), 1 / len(texts)
    return make_prompt(
        _messages(columns.value(row, "prompt")),
        verifier=verifier,
        gold=None if gold is None else text_of(gold),
        meta=meta,
        chance=float(chance) if isinstance(chance, (int, float)) and 0 <= chance < 1 else 0.0,
        language=row["language"] if isinstance(row.get("language"), str) else None,
    )


def answer_of(text: str, row: Mapping[str, Any], columns: Columns, asking: Asking) -> Answer:
    """A completion as verifiers see it."""
    finish = columns.value(row, "finish_reason")
    finish = finish if isinstance(finish, str) else "stop"
    if columns.ours and isinstance(row["response"], str):
        return Answer(text, row["reasoning"], row["response"], finish)
    parts = split(text, asking.think_tags)
    return Answer(text, parts.reasoning, parts.response, finish)


def cases_of(row: Mapping[str, Any], place: str, columns: Columns, asking: Asking) -> list[Case | Verdict]:
    """One case for each completion of a row, or the verdict where there is nothing to ask. Raises SourceError."""
    prompt = prompt_of(row, place, columns, asking)
    completion = columns.value(row, "completion")
    found: list[Case | Verdict] = []
    for text in completion if isinstance(completion, list) else [completion]:
        if text is None:
            found.append(NO_COMPLETION)
        elif not isinstance(text, str):
            raise SourceError(
                f"{place}: a completion must be text or a list of texts, and column {columns.of['completion']!r} holds {str(text)[:60]!r}"
            )
        elif prompt.verifier is None:
            found.append(NO_VERIFIER)
        else:
            found.append(Case(prompt.verifier, answer_of(text, row, columns, asking), prompt))
    return found


@cache
def _reference(verifier: str) -> Any:
    return companion(verifier, "reference")


def references(prompt: Prompt) -> list[str]:
    """Responses that state a prompt's own gold, the likeliest form first: what its verifier must accept. Empty where the gold is no answer (instruction constraints) or there is none.

    A verifier's module says it with a function `reference(prompt)`; without one the gold is boxed, put into answer tags, and left as it is.
    """
    assert prompt.verifier is not None
    if prompt.verifier in WITHOUT_ANSWER:
        return []
    said = _reference(prompt.verifier)
    if said is not None:
        found = said(prompt)
        return [] if found is None else [found]
    gold = (prompt.gold or "").rpartition("####")[2].strip()
    if not gold:
        return []
    try:
        if isinstance(json.loads(gold), dict):
            return []  # test cases or the like, not an answer
    except (ValueError, RecursionError):
        pass
    return [gold if boxes(gold) else f"\\boxed{{{gold}}}", f"<answer>{gold}</answer>", gold]
