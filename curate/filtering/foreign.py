"""From a row of somebody else's set to samples: which columns are the question and the answers, and where an answer's chain ends.

A row holds one answer or a list of them. The chain may stand inside the answer between tags of several families, in a column of its own, or in a message's own field; the closing tag is the split.
What the set says of an answer's correctness is kept as its word, never as a verdict of ours: `verifier` is then "published". PRESETS are the columns of known sets (names as their cards give them; see
NOTICE for licences of what we ship: none of these sets is).

Not covered: sets that spread one conversation over several rows, and chains without any mark (LIMO), which are read as answers without a chain.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.errors import SourceError, UsageError
from curate.records import Message, Prompt, Sample, Verdict, digest, make_prompt, sample_row
from curate.sources.mapping import FITS, GUESSES, Skip, conversation, listed, reach, text_of
from curate.thinking import split

PRESETS: Mapping[str, Mapping[str, str]] = {
    "openr1-math": {
        "messages": "problem",
        "gold": "answer",
        "completion": "generations",
        "finish_reason": "finish_reasons",
        "correct": "correctness_math_verify",
        "id": "uuid",
        "source": "source",
    },
    "openthoughts": {"messages": "conversations"},
    "openthoughts-metadata": {
        "messages": "problem",
        "reasoning": "deepseek_reasoning",
        "response": "deepseek_solution",
        "gold": "ground_truth_solution",
        "domain": "domain",
        "source": "source",
    },
    "mixture-of-thoughts": {"messages": "messages", "source": "source"},
    "messages": {"messages": "messages"},
}
# field of a sample -> columns that are taken for it, the first that is there
ANSWERS = {
    "completion": ("completion", "generation", "generations", "output", "llm_response"),
    "reasoning": ("reasoning", "reasoning_content", "thinking", "deepseek_thinking_trajectory"),
    "response": ("response", "deepseek_attempt"),
    "finish_reason": ("finish_reason", "finish_reasons"),
    "correct": (),
    "model": ("model", "model_name"),
    "source": ("source",),
}
FIELDS = ("messages", "gold", "id", "verifier", "domain", "language", "license", "mode", *ANSWERS)
FAMILIES = (("<think>", "</think>"), ("<|begin_of_thought|>", "<|end_of_thought|>"), ("<thinking>", "</thinking>"))
SOLUTION = ("<|begin_of_solution|>", "<|end_of_solution|>")
REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking")  # of a message
NOT_JUDGED = Verdict("unverifiable", reason="not verified here")


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows of strangers are read: `mapping` from field to column, and values for all rows in place of what they say."""

    mapping: Mapping[str, str]
    domain: str | None = None
    language: str | None = None
    license: str | None = None
    mode: str | None = None


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Raise UsageError unless every key is a field that a column can be mapped to."""
    for target in mapping:
        if target not in FIELDS:
            raise UsageError(
                f"--map {target}=...: there is no such field; the fields are {', '.join(FIELDS)}, and ready maps {', '.join(PRESETS)}"
            )


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of one file is which field."""

    of: Mapping[str, str]
    source: str
    revision: str

    def value(self, row: Mapping[str, Any], field: str) -> Any:
        """The field's value in a row; None where there is none."""
        return reach(row, self.of[field]) if field in self.of else None


def resolve(reading: Reading, columns: Sequence[str], where_from: str, *, source: str, revision: str) -> Columns:
    """The columns of one file. Raises UsageError for one that is mapped and not there, or where there is no question or no answer."""
    of: dict[str, str] = {}
    for target, column in reading.mapping.items():
        if column not in columns and column.partition(".")[0] not in columns:
            raise UsageError(f"{where_from} has no column {column!r} (--map {target}={column}); its columns are {listed(columns)}")
        of[target] = column
    guesses = {"messages": GUESSES["messages"], "gold": GUESSES["gold"], "id": GUESSES["source_id"], **ANSWERS}
    for target, names in (*guesses.items(), *((n, (n,)) for n in ("verifier", "domain", "language", "license", "mode"))):
        guess = next((n for n in names if n in columns and n not in of.values()), None)
        if target not in of and guess is not None:
            of[target] = guess
    if "messages" not in of:
        raise UsageError(
            f"{where_from} has no column that looks like a question: say which it is with --map messages=COLUMN; its columns are {listed(columns)}"
        )
    return Columns(of, source, revision)


class _Answer:
    """One answer: its text, its parts where the set keeps them apart, and why it ended."""

    def __init__(self, text: str | None, reasoning: str | None, response: str | None) -> None:
        self.reasoning, self.response, self.chain = reasoning, response, "full" if reasoning else "none"
        if response is None:
            text = text or ""
            tags = next((t for t in FAMILIES if t[1] in text or t[0] in text), FAMILIES[0])
            parts = split(text, tags)
            self.response, self.chain = _solution(parts.response), parts.chain
            self.reasoning = reasoning if reasoning is not None else parts.reasoning
            self.chain = "full" if self.reasoning is not None else "none"
        self.text = text if text is not None else (f"<think>{reasoning}</think>\n{response}" if reasoning is not None else response or "")


def _solution(text: str) -> str:
    """The response without the marks of a solution around it."""
    opening, closing = SOLUTION
    inner = text.strip()
    return inner.removeprefix(opening).removesuffix(closing).strip() if inner.startswith(opening) else text


def _asked(value: Any) -> tuple[tuple[Message, ...], _Answer | None]:
    """The question, and the answer where it is the conversation's last turn. Raises Skip."""
    turns = conversation(value)
    if not isinstance(value, list) or len(value) <= len(turns):
        return turns, None
    last = value[len(turns)]
    text = last.get("content") if "content" in last else last.get("value")
    reasoning = next((last[f] for f in REASONING_FIELDS if isinstance(last.get(f), str)), None)
    return turns, _Answer(None if reasoning is not None else text, reasoning, text if reasoning is not None else None)


def _at(value: Any, index: int) -> Any:
    return (value[index] if index < len(value) else None) if isinstance(value, list) else value


def _text(value: Any, place: str, what: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise SourceError(f"{place}: {what} must be text, and is {str(value)[:60]!r}")


def _answers(row: Mapping[str, Any], columns: Columns, place: str, spoken: _Answer | None) -> Iterator[_Answer]:
    found = {name: columns.value(row, name) for name in ("completion", "reasoning", "response")}
    count = max((len(v) for v in found.values() if isinstance(v, list)), default=1)
    if all(v is None for v in found.values()):
        if spoken is None:
            raise Skip("no answer")
        yield spoken
        return
    for i in range(count):
        text, reasoning, response = (_text(_at(found[n], i), place, n) for n in ("completion", "reasoning", "response"))
        if text is not None or response is not None:
            yield _Answer(text, reasoning, response)


def row_of(place: str) -> str:
    """Which row of its file a place names, without the path that leads there."""
    return place.rpartition(", ")[2]


def samples_of(row: Mapping[str, Any], place: str, columns: Columns, reading: Reading) -> list[dict[str, Any]]:
    """The rows of SAMPLES that a row of somebody's makes. Raises Skip for one that makes none, with the reason, SourceError for one that breaks the mapping."""
    turns, spoken = _asked(columns.value(row, "messages"))
    gold = columns.value(row, "gold")
    verifier = columns.value(row, "verifier")
    fields: dict[str, Any] = {}
    for name in ("language", "domain", "license", "mode"):
        forced, value = getattr(reading, name), columns.value(row, name)
        if forced is not None or (value is not None and FITS[name][0](value)):
            fields[name] = forced if forced is not None else value
    identifier, named = columns.value(row, "id"), columns.value(row, "source")
    prompt: Prompt = make_prompt(
        turns,
        verifier=verifier if isinstance(verifier, str) else None,
        gold=None if gold is None else text_of(gold),
        source=f"{columns.source}/{named}" if isinstance(named, str) and named else columns.source,
        source_id=None if identifier is None else text_of(identifier),
        source_revision=columns.revision,
        **fields,
    )
    found = []
    for i, answer in enumerate(_answers(row, columns, place, spoken)):
        finish = _at(columns.value(row, "finish_reason"), i)
        right = _at(columns.value(row, "correct"), i)
        verdict = (
            NOT_JUDGED
            if not isinstance(right, bool)
            else Verdict("correct" if right else "wrong", float(right), "as the set says", verifier="published")
        )
        model = _at(columns.value(row, "model"), i)
        found.append(
            sample_row(
                Sample(
                    prompt=prompt,
                    id=f"{prompt.id}-{digest([columns.revision, row_of(place), i], 12)}",
                    prompt_id=prompt.id,
                    sample_index=i,
                    completion=answer.text,
                    reasoning=answer.reasoning,
                    response=answer.response or "",
                    chain=answer.chain,  # type: ignore[arg-type]  # full or none
                    finish_reason=finish if isinstance(finish, str) else "unknown",
                    prompt_tokens=0,
                    completion_tokens=0,
                    seed=None,
                    engine="",
                    model=model if isinstance(model, str) else "",
                    model_revision=None,
                    template="",
                    sampling="{}",
                    verdict=verdict,
                )
            )
        )
    if not found:
        raise Skip("no answer")
    return found
