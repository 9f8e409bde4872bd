"""From a row of somebody's data set to a prompt.

Nothing about the right answer is guessed: where rows carry one, the verifier is named by the user, by a column, or the row is not read. What is guessed is which column is the question and
which the answer, by the names in GUESSES, the first that is there. A column called like another field of a prompt (language, domain, ...) is taken for it where the value fits; all that is left
becomes `meta`. A row whose own fault it is that it gives no prompt is skipped and counted by reason; a row that breaks what was asked for stops the reading with a sentence.

A verifier that a row names must be one of the built-in ones: an import path is code, and rows come from strangers.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from curate.errors import SourceError, UsageError
from curate.records import Message, Prompt, Role, canonical_json, make_prompt
from curate.sources.base import JUDGE, NO_VERIFIER, SourceOptions
from curate.verifiers.choice_options import in_question

GUESSES: dict[str, tuple[str, ...]] = {
    "messages": ("messages", "prompt", "problem", "question", "instruction", "conversations", "conversation"),
    "gold": ("gold", "answer", "final_answer", "ground_truth"),  # not `solution`, which is a worked one more often than not
    "source_id": ("source_id", "id", "uuid", "unique_id", "problem_id", "task_id"),
}
PLAIN = ("verifier", "language", "domain", "chance", "license", "mode", "accept")
TARGETS = (*GUESSES, *PLAIN, "options")
NEEDS_GOLD = frozenset({"choice", "code", "ifeval", "logic", "math"})
IFEVAL = ("instruction_id_list", "kwargs")  # the columns that together are the gold of IFEval's own rows
ROLES: dict[str, Role] = {
    "system": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "bot": "assistant",
}
MODES = ("think", "plain")
ACCEPTS = ("verified", "judged", "finished")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
META_VALUE = 2_000  # characters of JSON: a longer value (a trace, a worked solution) is named in `_omitted` instead
META_TOTAL = 8_000
UNWRITABLE = re.compile("[\x00\ud800-\udfff]")  # what Parquet or a tokenizer cannot hold

Row = Mapping[str, Any]


class Skip(Exception):
    """A row that gives no prompt; the text is the reason it is counted under."""


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Raise UsageError unless every key is a field that a column can be mapped to."""
    for target in mapping:
        if target not in TARGETS:
            raise UsageError(f"--map {target}=...: there is no such field; the fields are {', '.join(TARGETS)}")


def _resolve(mapping: Mapping[str, str], columns: Sequence[str], where_from: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for target, column in mapping.items():
        if column not in columns and column.partition(".")[0] not in columns:
            raise UsageError(f"{where_from} has no column {column!r} (--map {target}={column}); its columns are {listed(columns)}")
        found[target] = column
    for target, names in GUESSES.items():
        guess = next((n for n in names if n in columns and n not in found.values()), None)
        if target not in found and guess is not None:
            found[target] = guess
    for name in PLAIN:
        if name not in found and name in columns and name not in found.values():
            found[name] = name
    return found


def listed(columns: Sequence[str]) -> str:
    """Names of columns for a sentence."""
    return ", ".join(columns[:40]) + (f" and {len(columns) - 40} more" if len(columns) > 40 else "") if columns else "none"


def reach(row: Row, column: str) -> Any:
    """The value of a column, or of `a.b.0` inside a nested one; None where a part is missing."""
    if column in row:
        return row[column]
    value: Any = row
    for part in column.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def text_of(value: Any) -> str:
    """A gold as text: strings as they are, whole floats without `.0`, anything nested as canonical JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return canonical_json(plain(value)) if isinstance(value, (list, dict)) else str(value)
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)


def plain(value: Any) -> Any:
    """`value` with everything that JSON does not have turned into text; NaN and infinities into null."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return f"<{len(value)} bytes>" if isinstance(value, bytes) else str(value)


def conversation(value: Any) -> tuple[Message, ...]:
    """A string as one user turn, or a list of turns (`role`/`content` or `from`/`value`) without the answers at its end. Raises Skip."""
    if isinstance(value, str):
        if not value.strip():
            raise Skip("empty question")
        return (Message("user", value),)
    if value is None:
        raise Skip("no question")
    if not isinstance(value, list) or not all(isinstance(turn, Mapping) for turn in value):
        raise Skip("question is neither text nor a list of turns")
    turns = []
    for turn in value:
        role, content = (turn.get("role"), turn.get("content")) if "role" in turn else (turn.get("from"), turn.get("value"))
        if not isinstance(role, str) or role.lower() not in ROLES:
            raise Skip("turn of an unknown role")
        if not isinstance(content, str):
            raise Skip("turn without text")
        turns.append(Message(ROLES[role.lower()], content))
    while turns and turns[-1].role == "assistant":  # an answer, not a part of the question
        turns.pop()
    if not turns or turns[-1].role != "user" or not turns[-1].content.strip():
        raise Skip("empty question")
    return tuple(turns)


def letter_of(gold: Any, options: Sequence[str]) -> str | None:
    """The letter of the option that a gold stands for: an index from 0, a letter, or an option's text; None where it is none of them."""
    text = text_of(gold).strip()
    index = None
    if isinstance(gold, (int, float)) and not isinstance(gold, bool):
        index = int(gold) if float(gold).is_integer() else None
    elif text in options and options.count(text) == 1:
        index = options.index(text)
    elif len(text) == 1 and text.upper() in LETTERS:
        index = LETTERS.index(text.upper())
    elif text.isdecimal():
        index = int(text)
    return LETTERS[index] if index is not None and 0 <= index < len(options) else None


def _language(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[a-z]{2,3}", value) is not None


def _word(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _chance(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1


# whether a value can be a prompt's field, and what such a value is
FITS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "verifier": (_word, "the name of a verifier"),
    "language": (_language, "a language code such as en"),
    "domain": (_word, "a word"),
    "chance": (_chance, "a number from 0 to below 1"),
    "license": (_word, "a word"),
    "mode": (lambda v: v in MODES, "think or plain"),
    "accept": (lambda v: v in ACCEPTS, "verified, judged or finished"),
}


class Mapper:
    """Makes prompts of the rows of one table. `where_from` names it in sentences; `columns` are those that it has."""

    def __init__(self, options: SourceOptions, columns: Sequence[str], where_from: str) -> None:
        check_mapping(options.mapping)
        self.options = options
        self.where_from = where_from
        self.explicit = frozenset(options.mapping)
        self.columns = _resolve(options.mapping, columns, where_from)
        if "messages" not in self.columns:
            raise UsageError(
                f"{where_from} has no column that looks like a question: say which it is with --map messages=COLUMN; its columns are {listed(columns)}"
            )
        self.composed = IFEVAL if options.verifier == "ifeval" and "gold" not in self.columns and {*IFEVAL} <= {*columns} else ()
        if options.verifier == NO_VERIFIER:
            self.columns.pop("gold", None)
            self.columns.pop("verifier", None)
        elif options.verifier in (*NEEDS_GOLD, JUDGE) and "gold" not in self.columns and not self.composed:
            raise UsageError(
                f"the {'judge' if options.verifier == JUDGE else f'verifier {options.verifier}'} needs a right answer: say which column has it with --map gold=COLUMN; the columns of {where_from} are {listed(columns)}"
            )
        elif "gold" in self.columns and options.verifier is None and not {"verifier", "options", "accept"} & {*self.columns}:
            raise UsageError(
                f"{where_from} has right answers (column {self.columns['gold']!r}) but no verifier is named: --verifier math, choice or another, --verifier judge to have a model decide, or --verifier none to leave them out"
            )
        self.taken = frozenset(c if c in columns else c.partition(".")[0] for c in self.columns.values()) | {*self.composed}

    def __call__(self, row: Row, place: str, *, source: str, source_id: str | None = None, source_revision: str | None = None) -> Prompt:
        """The prompt of a row. Raises Skip for a row to be counted and left out, SourceError, with `place`, for one that breaks the mapping."""
        turns = conversation(reach(row, self.columns["messages"]))
        verifier = self._verifier(row, place)
        gold = reach(row, self.columns["gold"]) if "gold" in self.columns else {c: row.get(c) for c in self.composed} or None
        chance = 0.0
        if verifier is not None and gold is None and ("gold" in self.columns or verifier in NEEDS_GOLD):
            raise Skip("no gold")
        if "options" in self.columns and verifier is not None:
            options = self._options(row)
            gold, chance = letter_of(gold, options), 1 / len(options)
            if gold is None:
                raise Skip("gold is none of the options")
            lines = "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False))
            turns = (*turns[:-1], Message("user", f"{turns[-1].content}\n\n{lines}"))
        elif verifier == "choice" and (asked := in_question(turns[-1].content)) is not None:
            chance = 1 / asked.count
        identifier = reach(row, self.columns["source_id"]) if "source_id" in self.columns else None
        fields: dict[str, Any] = {
            "meta": self._meta(row),
            "source": source,
            "source_id": source_id if identifier is None else text_of(identifier),
            "source_revision": source_revision,
            "chance": chance,
        }
        for name in ("language", "domain", "chance", "license", "mode", "accept"):
            forced = getattr(self.options, name, None)
            value = forced if forced is not None else self._field(row, name, place)
            if value is not None:
                fields[name] = float(value) if name == "chance" else value
        if self.options.verifier == JUDGE:
            fields["accept"] = "judged"
        if verifier is None and fields.get("accept") == "verified":
            fields["accept"] = "finished"
        judged = fields.get("accept") == "judged"
        if judged and gold is None:
            raise Skip("no gold")
        text_gold = None if gold is None or (verifier is None and not judged) else text_of(gold)
        if text_gold is not None and not text_gold.strip():
            raise Skip("no gold")
        if any(
            UNWRITABLE.search(t)
            for t in (*(m.content for m in turns), text_gold or "", *(v for v in fields.values() if isinstance(v, str)))
        ):
            raise Skip("text with a NUL or half a surrogate pair")
        return make_prompt(turns, verifier=verifier, gold=text_gold, **fields)

    def _verifier(self, row: Row, place: str) -> str | None:
        if self.options.verifier is not None:
            return None if self.options.verifier in (NO_VERIFIER, JUDGE) else self.options.verifier
        named = self._field(row, "verifier", place)
        if named is None:
            return "choice" if "options" in self.columns else None
        if ":" in named:
            raise SourceError(
                f"{place} names the verifier {named!r}: an import path is code and is never taken from data; if you trust it, give it with --verifier"
            )
        return str(named)

    def _field(self, row: Row, name: str, place: str) -> Any:
        if name not in self.columns:
            return None
        value = reach(row, self.columns[name])
        fits, what = FITS[name]
        if value is None or fits(value):
            return value
        if name in self.explicit:
            raise SourceError(f"{place}: {name} must be {what}, and column {self.columns[name]!r} holds {str(value)[:60]!r}")
        return None

    def _options(self, row: Row) -> list[str]:
        value = reach(row, self.columns["options"])
        if isinstance(value, Mapping) and all(isinstance(k, str) for k in value):  # {"A": ..., "B": ...}
            value = [value[k] for k in sorted(value)]
        if not isinstance(value, list) or not 2 <= len(value) <= len(LETTERS) or any(v is None for v in value):
            raise Skip("no list of 2 to 26 options")
        return [text_of(v) for v in value]

    def _meta(self, row: Row) -> str:
        left = {k: v for k, v in row.items() if k not in self.taken and v is not None}
        for name, column in self.columns.items():  # a column that was taken for a field and does not fit it stays what it was
            if name in FITS and name not in self.explicit and row.get(column) is not None and not FITS[name][0](row[column]):
                left[column] = row[column]
        meta: dict[str, Any] = {}
        omitted: list[str] = []
        size = 0
        for name in sorted(left):
            value = plain(left[name])
            length = len(canonical_json(value)) + len(name)
            if length > META_VALUE or size + length > META_TOTAL:
                omitted.append(name)
                continue
            meta[name] = value
            size += length
        return canonical_json(meta | ({"_omitted": omitted} if omitted else {}))
