"""Prompts that we wrote ourselves: a dataset directory, its `prompts/`, or one of its files. Outcomes are prompts again, so `--where "pass_rate between 0.2 and 0.7"` picks by how hard they were.

The prompts come back as they are, with their own source, licence and id; only what the options force is changed. Of a directory that is still being written, shards without a manifest do not exist.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cached_property
from pathlib import Path

from curate.errors import SourceError, UsageError
from curate.records import Prompt, digest, make_prompt, prompt_from_row
from curate.sources import parquet
from curate.sources.base import NO_VERIFIER, SourceOptions
from curate.sources.files import content_hash
from curate.sources.mapping import ACCEPTS, MODES
from curate.sources.table import limited
from curate.where import parquet_files, positions

RECORDS = ("prompt", "outcome")
_COLUMNS = [f.name for f in fields(Prompt)]


def is_dataset(path: Path) -> bool:
    """Whether `path` holds prompts of ours: a dataset directory, or Parquet whose schema says so."""
    if path.is_file():
        return path.suffix == ".parquet" and parquet.record_of(path) in RECORDS
    if (path / "prompts").is_dir() and ((path / "manifest").is_dir() or (path / "manifest.json").is_file()):
        return True
    first = next(iter(sorted(path.glob("*.parquet"))), None)
    return first is not None and parquet.record_of(first) in RECORDS


def published(path: Path) -> list[Path]:
    """The Parquet files with prompts. Of a dataset directory those that a shard's manifest names. Raises Damaged where a manifest cannot be read."""
    if path.is_file():
        return [path]
    if not (path / "manifest").is_dir():
        return parquet_files(path / "prompts" if (path / "prompts").is_dir() else path)
    from curate.shards import files_of

    return sorted(files_of(path, "prompts"))


class Outcomes:
    """The prompts of a dataset directory."""

    def __init__(self, spec: str, options: SourceOptions) -> None:
        for given, name in (
            (options.mapping, "--map"),
            (options.config, "--config"),
            (options.split, "--split"),
            (options.revision, "--revision"),
        ):
            if given:
                raise UsageError(f"{spec} holds prompts of ours, which need no {name}: leave it out")
        self.root = Path(spec).resolve()
        self.options = options
        self.name = self.root.name
        self.paths = published(self.root)
        self.skipped: Counter[str] = Counter()

    @cached_property
    def revision(self) -> str | None:
        """A hash over the files' names and content."""
        return "sha256:" + content_hash(self.paths, self.root)

    def fingerprint(self) -> str:
        """Content and options."""
        return digest(["outcomes", self.revision, self.options.identity()])

    def __iter__(self) -> Iterator[Prompt]:
        """The prompts, shard after shard. Raises UsageError or SourceError."""
        self.skipped = Counter()
        return limited(self._prompts(), self.options.limit)

    def _prompts(self) -> Iterator[Prompt]:
        where = self.options.where
        kept = positions(self.paths, where) if where is not None and self.paths else None
        for path in self.paths:
            missing = set(_COLUMNS) - set(parquet.columns(path))
            if missing:
                raise SourceError(f"{path} was written by another version: it has no column {', '.join(sorted(missing))}")
            for line in parquet.rows(path, _COLUMNS, None if kept is None else map(int, kept[path])):
                try:
                    prompt = prompt_from_row(line.row)
                except (TypeError, KeyError) as error:
                    raise SourceError(f"{line.place} is no prompt of ours: {error}") from error
                yield self._changed(prompt, line.place)

    def _changed(self, prompt: Prompt, place: str) -> Prompt:
        options = self.options
        if prompt.mode not in MODES or prompt.accept not in ACCEPTS:
            raise SourceError(f"{place} is no prompt of ours: mode {prompt.mode!r}, accept {prompt.accept!r}")
        if options.verifier is None and prompt.verifier is not None and ":" in prompt.verifier:
            raise SourceError(
                f"{place} names the verifier {prompt.verifier!r}: an import path is code and is never taken from data; if you trust it, give it with --verifier"
            )
        forced = {name: value for name in ("domain", "language", "mode") if (value := getattr(options, name)) is not None}
        prompt = replace(prompt, **forced)
        verifier, gold, accept = prompt.verifier, prompt.gold, prompt.accept
        if options.verifier == NO_VERIFIER:
            verifier, gold, accept = None, None, "finished"
        elif options.verifier is not None:
            verifier, accept = options.verifier, "verified"
        other = {f.name: getattr(prompt, f.name) for f in fields(Prompt) if f.name not in ("id", "messages", "verifier", "gold", "accept")}
        return make_prompt(
            prompt.messages, verifier=verifier, gold=gold, accept=accept, **other
        )  # a new id, since a file's own is not to be believed
