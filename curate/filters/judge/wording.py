"""The judge's wording: text files under curate/templates/judge, each with a version in its first line, put together in one pass.

All tasks share `frame.txt` (the boundary, the order "analysis, then verdict", the form of the reply); a task's own file has its role and its rules. The structure is that of R1's judge (arXiv
2501.12948, Listing 4: question, reference answer, answer to be evaluated; an analysis first; JSON), the words are ours. A reader may bring a rubric of their own for quality, with or without a version.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from curate.errors import UsageError
from curate.records import digest

LONGEST_RUBRIC = 20_000  # characters

_VERSION = re.compile(r"\Aversion: (\w{1,20})\n\s*")
_SECTION = re.compile(r"^--- (\w+)\n", re.MULTILINE)
_SLOT = re.compile(r"\{\{(\w+)\}\}")


class Wording(NamedTuple):
    """A text with its label, `name@version`."""

    label: str
    text: str


@cache
def shipped(name: str, folder: str = "judge") -> Wording:
    """A text that ships with the package."""
    text = (files("curate.templates") / folder / f"{name}.txt").read_text("utf-8")
    version = _VERSION.match(text)
    assert version is not None, f"{name}.txt names no version"
    return Wording(f"{name}@{version[1]}", text[version.end() :].strip())


@cache
def sections(name: str) -> Mapping[str, str]:
    """The named parts of a task's file."""
    pieces = _SECTION.split(shipped(name).text)
    return {title: body.strip() for title, body in zip(pieces[1::2], pieces[2::2], strict=True)}


def read_rubric(path: str | None, default: str = "rubric_general") -> Wording:
    """The rubric in a file, labelled by a hash of its text; without a path the one that ships under the name `default`. Raises UsageError."""
    if path is None:
        return shipped(default)
    try:
        text = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the rubric {path}: {error}") from error
    if not text or len(text) > LONGEST_RUBRIC:
        raise UsageError(f"the rubric {path} is {'empty' if not text else f'longer than {LONGEST_RUBRIC:,} characters'}")
    return Wording(f"rubric+{digest(text, 12)}", text)


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with its {{slots}} filled, in one pass: what a value holds is never filled again."""
    return _SLOT.sub(lambda slot: values[slot[1]], text)
