"""Pairs that a judge is measured on: for each question a good and a bad answer (or chain), known to be so.

A file is JSON lines with `task`, `question`, `good`, `bad` and, for correctness, `reference`; `kind` names what is wrong with the bad one. `pairs.jsonl`, written by hand for this project, ships with the package.
"""

import json
from collections.abc import Collection
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from curate.errors import UsageError
from curate.filters.judge.tasks import CORRECTNESS, NAMES, PAIRED

_TEXTS = ("task", "question", "good", "bad")


class Pair(NamedTuple):
    """A good and a bad text for one question. `kind`: what is wrong with the bad one."""

    id: str
    task: str
    question: str
    good: str
    bad: str
    reference: str | None = None
    kind: str = "by_hand"


def read_pairs(path: str | None = None, tasks: Collection[str] = NAMES) -> list[Pair]:
    """The pairs of a file, or those that ship, as far as they are for one of `tasks`. Raises UsageError naming the line."""
    name = path or "pairs.jsonl"
    try:
        text = Path(path).read_text("utf-8") if path is not None else (files(__package__) / name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the pairs in {name}: {error}") from error
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    pairs = [pair for number, line in lines if (pair := _pair(line, number, name)).task in tasks]
    if not pairs:
        raise UsageError(f"{name} holds no pair for {', '.join(tasks)}")
    return pairs


def _pair(line: str, number: int, name: str) -> Pair:
    where = f"{name} line {number}"
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is not JSON: {error}") from error
    if not isinstance(row, dict) or not all(isinstance(row.get(f), str) for f in _TEXTS):
        raise UsageError(f"{where} needs the texts {', '.join(_TEXTS)}")
    reference, kind = row.get("reference"), row.get("kind", "by_hand")
    if row["task"] not in PAIRED:
        raise UsageError(f"{where}: unknown task {row['task']!r}, one of {', '.join(PAIRED)}")
    if not isinstance(kind, str) or not isinstance(reference, str | None) or (row["task"] == CORRECTNESS.name and not reference):
        raise UsageError(f"{where}: `reference` must be text, and is needed for correctness; `kind` must be text")
    return Pair(f"pair-{number}", row["task"], row["question"], row["good"], row["bad"], reference, kind)
