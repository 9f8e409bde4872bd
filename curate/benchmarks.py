"""The items of benchmarks: from JSONL and Parquet files, from whatever else `curate.sources` reads (data sets on the hub, directories), and HumanEval from the package that carries it.

An item is a question and, where the source has one, a worked reference solution, since R1 dropped what overlaps with either (arXiv 2501.12948v2, D.1). Short answers ("42") and the options of a choice
are not looked for: they are in every text. Not covered: a solution in a data set on the hub that is longer than what a prompt's `meta` holds; `Reading.unread` counts these, and files have no such limit.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from curate.errors import UsageError
from curate.filters.decontaminate import N_GRAMS, Benchmarks, Item
from curate.records import Prompt
from curate.sources import NO_VERIFIER, SourceOptions, jsonl, open_source
from curate.sources.files import files_of, split_of
from curate.sources.mapping import Skip, conversation, reach
from curate.sources.outcomes import is_dataset
from curate.sources.table import Line

# Names of columns, small letters, the first that is there. GPQA has `Question`, LiveCodeBench `question_content`, AlpacaEval `instruction`.
QUESTIONS = ("question", "problem", "prompt", "messages", "question_content", "instruction", "turns", "query", "text")
SOLUTIONS = ("solution", "canonical_solution", "reference_solution", "explanation", "rationale")
IDS = ("id", "task_id", "unique_id", "problem_id", "question_id", "uuid", "uid", "problem_idx", "source_id")
HUMAN_EVAL = "human_eval"
BLOCK = "```python\n"  # what the source human_eval puts before its own text


@dataclass
class Reading:
    """What was read of one benchmark: its items, how many rows gave none, and how many solutions were there but could not be had."""

    name: str
    items: list[Item] = field(default_factory=list)
    skipped: int = 0
    unread: int = 0


def read(spec: str, column: str | None = None) -> Reading:
    """The items of the benchmark that `spec` names, as `curate.sources.open_source` understands it. `column` names the question's column where it cannot be guessed.

    Raises UsageError for a name that is none, for a file without a column that looks like a question and for one without an item; SourceError for what cannot be read.
    """
    path = Path(spec)
    reading = _from_files(path, column) if path.exists() and not is_dataset(path) else _from_source(spec, column)
    if not reading.items:
        raise UsageError(f"{spec} has no benchmark items: {reading.skipped} rows, none of which has a question")
    return reading


def _from_files(path: Path, column: str | None) -> Reading:
    reading = Reading(_name(path.resolve()))
    for file in files_of(path, None):
        for number, line in enumerate(_rows(file)):
            names = {name.lower(): name for name in line.row}
            wanted = column or next((names[n] for n in QUESTIONS if n in names), None)
            if wanted is None:
                raise UsageError(f"{line.place} has no column that looks like a question: name it; the columns are {', '.join(line.row)}")
            question = _text(reach(line.row, wanted))
            if question is None:
                reading.skipped += 1
                continue
            identifier = next((line.row[names[n]] for n in IDS if n in names and line.row[names[n]] is not None), None)
            solution = next((line.row[names[n]] for n in SOLUTIONS if n in names), None)
            reading.items.append(
                Item(
                    reading.name,
                    str(number + 1 if identifier is None else identifier),
                    question,
                    solution if isinstance(solution, str) and solution.strip() else None,
                )
            )
    return reading


def _name(path: Path) -> str:
    """A file's name without its endings, and its folder's where it is named after a split: gsm8k/test."""
    stem = path.name.partition(".")[0]
    return f"{path.parent.name}/{stem}" if path.is_file() and split_of(Path(path.name)) else stem


def _rows(file: Path) -> Iterator[Line]:
    if file.name.endswith(".parquet"):
        from curate.sources import parquet

        return parquet.rows(file, parquet.columns(file))
    return jsonl.rows(file)


def _text(value: Any) -> str | None:
    """The text of a question: a string, a list of strings, or the user's turns of a conversation."""
    if isinstance(value, list) and value and all(isinstance(v, str) for v in value):
        value = "\n\n".join(value)
    try:
        return "\n\n".join(m.content for m in conversation(value) if m.role == "user")
    except Skip:
        return None


def _from_source(spec: str, column: str | None) -> Reading:
    human_eval = spec in (HUMAN_EVAL, HUMAN_EVAL + ":")
    options = SourceOptions() if human_eval else SourceOptions(verifier=NO_VERIFIER, mapping={"messages": column} if column else {})
    source = open_source(spec, options)
    reading = Reading(source.name)
    for number, prompt in enumerate(source):
        question = "\n\n".join(m.content for m in prompt.messages if m.role == "user")
        if human_eval:  # without the request, which is ours
            question = question.partition(BLOCK)[2]
        solution, unread = _solution(prompt)
        reading.unread += unread
        reading.items.append(Item(reading.name, prompt.source_id or str(number + 1), question, solution))
    reading.skipped = sum(source.skipped.values())
    return reading


def _solution(prompt: Prompt) -> tuple[str | None, bool]:
    """A prompt's worked solution, and whether it had one that was too long for its `meta`."""
    held: Iterable[tuple[str, Any]] = json.loads(prompt.meta).items()
    if prompt.verifier == "code" and prompt.gold:
        gold = json.loads(prompt.gold)
        held = chain(held, gold.items() if isinstance(gold, Mapping) else ())
    found = {name.lower(): value for name, value in held}
    omitted = {str(name).lower() for name in found.get("_omitted", ())}
    text = next((found[n] for n in SOLUTIONS if isinstance(found.get(n), str) and found[n].strip()), None)
    return text, text is None and not omitted.isdisjoint(SOLUTIONS)


def read_all(specs: Sequence[str]) -> list[Reading]:
    """The items of several benchmarks; `SPEC::COLUMN` names the question's column. Raises UsageError for two of one name."""
    found = []
    for spec in specs:
        name, _, column = spec.partition("::")
        found.append(read(name, column or None))
    names = [reading.name for reading in found]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise UsageError(f"two benchmarks are called {twice}, and the report could not tell them apart: rename one of the files")
    return found


def load(specs: Sequence[str], n_grams: int = N_GRAMS, ignored: Iterable[str] = ()) -> Benchmarks:
    """The benchmarks that `specs` name, ready to be looked for; see `read_all` and `Benchmarks`."""
    return Benchmarks([item for reading in read_all(specs) for item in reading.items], n_grams, ignored)


def items(specs: Sequence[str]) -> tuple[tuple[str, str, str, str | None], ...]:
    """The items of several benchmarks as plain values, to be handed to other processes; see `read_all`."""
    return tuple((item.benchmark, item.id, item.question, item.solution) for reading in read_all(specs) for item in reading.items)
