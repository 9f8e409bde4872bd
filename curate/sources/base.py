"""What every source of prompts is, and the options that all of them understand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import unquote

from curate.errors import UsageError
from curate.records import Prompt

NO_VERIFIER = "none"
JUDGE = "judge"  # no rule decides: a model does, when there are samples (curate judge)


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How rows become prompts, and which of them are taken.

    `mapping` goes from our field to the source's column (`{"messages": "problem", "gold": "answer"}`; a dot reaches into a nested column). `verifier`, `domain`, `language` and `mode`
    hold for every row and go before what a row says; the verifier `none` takes the rows as prompts without an answer to check, `judge` as prompts whose reference a model compares later. `config`, `split` and `revision` are for data sets of the
    Hugging Face hub. `where` is SQL over the source's own columns (over a prompt's columns where prompts are generated). `limit` is the number of prompts taken from this source. `constrain` adds verifiable instruction constraints to each prompt.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    config: str | None = None
    split: str | None = None
    revision: str | None = None
    limit: int | None = None
    where: str | None = None
    verifier: str | None = None
    domain: str | None = None
    language: str | None = None
    mode: str | None = None
    constrain: bool = False

    def identity(self) -> dict[str, object]:
        """The options as plain JSON values, for a fingerprint."""
        return {name: dict(self.mapping) if name == "mapping" else getattr(self, name) for name in self.__slots__}


class Source(Protocol):
    """Where prompts come from. Iterating reads the source anew, one prompt after another, never the whole set in memory."""

    @property
    def name(self) -> str:
        """What a prompt's `source` says, and what is printed."""
        ...

    @property
    def revision(self) -> str | None:
        """Commit, content hash or version; None where the parts of a mixture have their own."""
        ...

    @property
    def skipped(self) -> Mapping[str, int]:
        """Rows that gave no prompt, by reason, as counted by the latest iteration."""
        ...

    def fingerprint(self) -> str:
        """A hash of all that decides which prompts come: the content of files, the commit of a data set, parameters and versions, the options. Cheap next to reading."""
        ...

    def __iter__(self) -> Iterator[Prompt]:
        """The prompts, in the source's order. Raises UsageError or SourceError with one sentence."""
        ...


def query_of(text: str, what: str) -> tuple[str, dict[str, str]]:
    """Split `name?key=value&key2=value2`. Percent escapes are read, a plus sign stays one. Raises UsageError for a part without `=` or a key given twice."""
    name, _, query = text.partition("?")
    values: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        key, equals, value = part.partition("=")
        if not equals or not key:
            raise UsageError(f"{what} {text!r}: {part!r} is not of the form key=value")
        if unquote(key) in values:
            raise UsageError(f"{what} {text!r}: {unquote(key)} is given twice")
        values[unquote(key)] = unquote(value)
    return name, values
