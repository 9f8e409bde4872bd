"""The labelled chains of tests/filters/chains as samples that filters can look at, each with the defects that its reader saw in it.

A chain's raw completion is not in the corpus; it is put together here from its parts, with the usual tags and with the closing one missing where the model never got to its response. So a test of how
completions are split belongs elsewhere.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from curate.filters.base import Trace

CHAINS = Path(__file__).parent / "chains"
PII = frozenset({"pii_email", "pii_phone", "pii_card", "pii_key"})
DEFECTS = PII | {
    "mixed_language",
    "language_differs_from_question",
    "long_paragraph",
    "code_block",
    "repetition",
    "truncated",
    "missing_think",
    "empty_think",
    "several_boxed",
    "answer_only_in_think",
    "length",
    "refusal",
    "template_leak",
}
NEAR = "near-"  # how the id of a clean near-miss begins


class Labelled(NamedTuple):
    """A sample and what is wrong with it: slugs out of DEFECTS, none where it is clean."""

    id: str
    origin: str  # hand, or the model that wrote it
    trace: Trace
    defects: frozenset[str]


def completion(reasoning: str | None, response: str, finish_reason: str) -> str:
    """The text as a model would have written it."""
    if reasoning is None:
        return response
    if not response and finish_reason == "length":
        return f"<think>\n{reasoning}"
    return f"<think>\n{reasoning}\n</think>\n\n{response}"


def rows() -> Iterator[Mapping[str, Any]]:
    """The lines of all files as they are, files by name. Raises ValueError where a line is no JSON."""
    for path in sorted(CHAINS.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield MappingProxyType(json.loads(line))


def labelled(row: Mapping[str, Any]) -> Labelled:
    """One line as a sample. Raises KeyError where a field is missing."""
    trace = Trace(
        question=row["question"],
        response=row["response"],
        reasoning=row["reasoning"],
        completion=completion(row["reasoning"], row["response"], row["finish_reason"]),
        finish_reason=row["finish_reason"],
        domain=row["domain"],
        mode=row["mode"],
        chain="none" if row["reasoning"] is None else "full",
        language=row["language"],
        license=row["license"],
    )
    return Labelled(row["id"], row["origin"], trace, frozenset(row["defects"]))


@cache
def corpus() -> tuple[Labelled, ...]:
    """All samples, in the order of the files. Read once; nothing in it can be changed."""
    return tuple(map(labelled, rows()))


def pairs() -> tuple[tuple[Trace, frozenset[str]], ...]:
    """All samples as (trace, defects)."""
    return tuple((sample.trace, sample.defects) for sample in corpus())
