"""Data sets on the Hugging Face hub, by name: `OWNER/NAME?config=..&split=..&revision=..`, streamed.

The revision is resolved to a commit before a row is read, and the commit is what is loaded and recorded; one that is given as a commit already needs no look-up. Loading scripts are code of
strangers and are never run. Not covered: what a file on the hub may make `datasets` hold in memory; download such a set and give the directory, where reading is bounded.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from curate.errors import CurateError, MissingExtra, SourceError, UsageError
from curate.records import Prompt, digest
from curate.sources.base import SourceOptions, query_of
from curate.sources.files import peeked
from curate.sources.mapping import Mapper, check_mapping
from curate.sources.table import Line, filtered, limited, mapped

Resolve = Callable[[str, str | None], str]
Load = Callable[[str, str | None, str | None, str], Any]
COMMIT = re.compile("[0-9a-f]{40}")
TIMEOUT = 30.0  # seconds to wait for the hub's answer about a data set


def resolve(name: str, revision: str | None) -> str:
    """The commit that a revision of a data set is now."""
    try:
        from huggingface_hub import HfApi
    except ModuleNotFoundError as error:
        raise MissingExtra("datasets", "", f"the data set {name}") from error
    return str(HfApi().dataset_info(name, revision=revision, timeout=TIMEOUT).sha)


def load(name: str, config: str | None, split: str | None, commit: str) -> Any:
    """The data set as a stream: an iterable of rows, or one for each split where no split is named."""
    try:
        from datasets import load_dataset
    except ModuleNotFoundError as error:
        raise MissingExtra("datasets", "", f"the data set {name}") from error
    return load_dataset(name, config, split=split, revision=commit, streaming=True)


def explained(error: Exception, name: str, revision: str | None) -> CurateError:
    """The sentence for what went wrong. By the names of the classes, since these moved between packages and versions."""
    if isinstance(error, CurateError):
        return error
    kinds = {c.__name__ for c in type(error).__mro__}
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    page = f"https://huggingface.co/datasets/{name}"
    if "GatedRepoError" in kinds or "gated" in said.lower():
        return SourceError(f"{name} is gated: accept its terms at {page}, and set HF_TOKEN to a token of the account that did")
    if "RevisionNotFoundError" in kinds:
        return UsageError(f"{name} has no revision {revision!r}: its branches, tags and commits are listed at {page}/commits/main")
    if kinds & {"RepositoryNotFoundError", "DatasetNotFoundError"}:
        return UsageError(
            f"there is no data set {name} on the Hugging Face hub that is open to you: check the name, and set HF_TOKEN if it is a private one"
        )
    if kinds & {"HFValidationError"}:
        return UsageError(f"{name!r} is no name of a data set on the Hugging Face hub: {said}")
    if "OfflineModeIsEnabled" in kinds or "offline mode" in said.lower():
        return SourceError(f"{name} cannot be read, since HF_HUB_OFFLINE is set: unset it, or give a downloaded copy as a directory")
    if "scripts are no longer supported" in said:
        return SourceError(
            f"{name} comes with a loading script, which is a stranger's code and is not run: give its files, or --revision refs/convert/parquet"
        )
    if kinds & {"TransportError", "ConnectionError", "TimeoutError", "TimeoutException"}:
        return SourceError(
            f"the Hugging Face hub cannot be reached for {name} ({said}): check the connection, or give a downloaded copy as a directory"
        )
    if isinstance(error, ValueError):  # a config or split that there is not: `datasets` lists those that there are
        return UsageError(f"{name} cannot be opened: {' '.join(str(error).split())[:500]}")
    return SourceError(f"{name} cannot be read ({type(error).__name__}): {said}")


def _kinds(features: Any) -> dict[str, str]:
    import pyarrow as pa

    kinds = {}
    for field in features.arrow_schema:
        t = field.type
        if pa.types.is_boolean(t):
            kinds[field.name] = "bool"
        elif pa.types.is_integer(t):
            kinds[field.name] = "int"
        elif pa.types.is_floating(t):
            kinds[field.name] = "float"
        else:
            kinds[field.name] = "text" if pa.types.is_string(t) or pa.types.is_large_string(t) else "json"
    return kinds


class Hub:
    """Rows of a data set on the hub as prompts. `resolve` and `load` are what talks to the hub."""

    def __init__(self, spec: str, options: SourceOptions, resolve: Resolve = resolve, load: Load = load) -> None:
        check_mapping(options.mapping)
        self.dataset, query = query_of(spec, "data set")
        unknown = sorted(set(query) - {"config", "split", "revision"})
        if unknown or not self.dataset:
            raise UsageError(f"data set {spec!r}: {unknown[0] if unknown else 'no name'}: it is OWNER/NAME?config=..&split=..&revision=..")
        self.config = query.get("config", options.config)
        self.split = query.get("split", options.split)
        self.asked = query.get("revision", options.revision)
        self.options = options
        self.name = self.dataset + (f":{self.config}" if self.config else "") + (f":{self.split}" if self.split else "")
        self.skipped: Counter[str] = Counter()
        self._resolve = resolve
        self._load = load

    @cached_property
    def revision(self) -> str | None:
        """The commit. Raises UsageError or SourceError where the hub does not tell it."""
        if self.asked is not None and COMMIT.fullmatch(self.asked):
            return self.asked
        try:
            return self._resolve(self.dataset, self.asked)
        except Exception as error:
            raise explained(error, self.dataset, self.asked) from error

    def fingerprint(self) -> str:
        """Name, config, split, commit and options."""
        return digest(["hub", self.dataset, self.config, self.split, self.revision, self.options.identity()])

    def __iter__(self) -> Iterator[Prompt]:
        """The prompts, in the data set's order. Raises UsageError or SourceError."""
        self.skipped = Counter()
        return limited(self._prompts(), self.options.limit)

    def _prompts(self) -> Iterator[Prompt]:
        data, split = self._opened()
        columns, lines = peeked(self._lines(data, split))
        if not columns:
            return
        if self.options.where is not None:
            if getattr(data, "features", None) is None:
                raise UsageError(
                    f"{self.dataset} does not say what its columns are, so --where cannot be applied: give a downloaded copy as a directory"
                )
            lines = filtered(lines, _kinds(data.features), self.options.where)
        yield from mapped(lines, Mapper(self.options, columns, self.dataset), self.skipped, source=self.name, revision=self.revision)

    def _opened(self) -> tuple[Any, str]:
        assert self.revision is not None
        try:
            data = self._load(self.dataset, self.config, self.split, self.revision)
        except Exception as error:
            raise explained(error, self.dataset, self.asked) from error
        if not isinstance(data, dict):
            return data, self.split or ""
        split = "train" if "train" in data else next(iter(data)) if len(data) == 1 else None
        if split is None:
            raise UsageError(f"{self.dataset} has several splits ({', '.join(map(str, data))}): name one with --split")
        return data[split], str(split)

    def _lines(self, data: Iterable[Mapping[str, Any]], split: str) -> Iterator[Line]:
        rows = iter(data)
        number = 0
        while True:
            try:
                row = next(rows, None)
            except Exception as error:
                raise explained(error, self.dataset, self.asked) from error
            if row is None:
                return
            number += 1
            yield Line(f"{self.dataset}, {split} row {number}".replace(",  ", ", "), dict(row), 1024)
