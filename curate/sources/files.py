"""JSONL and Parquet files, or a directory of them.

A prompt's `source` is the name as it stands in the file system, without the path that leads there, and it carries neither the file's hash nor a line number: adding a line or shuffling a file
must not change the rows of the prompts that were there before. The hash of the content is the source's revision and goes into its fingerprint.

In a directory, files that are named after splits (train, test, ...) are not mixed unasked.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import chain, islice
from pathlib import Path, PurePath, PurePosixPath

from curate.errors import SourceError, UsageError
from curate.records import Prompt, digest
from curate.sources import jsonl
from curate.sources.base import SourceOptions
from curate.sources.mapping import Mapper, check_mapping
from curate.sources.table import Line, filtered, kinds_of, limited, mapped

ENDINGS = (".jsonl", ".jsonl.gz", ".parquet")
NAMED = (*ENDINGS, ".json", ".json.gz")
SPLITS = ("train", "validation", "valid", "val", "dev", "test", "eval")
_PEEK_ROWS = 100
_PEEK_BYTES = 16 << 20


def split_of(path: PurePath) -> str | None:
    """The split that a file is named after: `train-00000-of-00001.parquet`, `test.jsonl`, `validation/0.parquet`."""
    words = [path.name.partition(".")[0].partition("-")[0].partition("_")[0].lower(), path.parent.name.lower()]
    return next((w for w in words if w in SPLITS), None)


def readable(path: Path) -> list[Path]:
    """The files below a directory that can be read, sorted. Raises UsageError where there are none."""
    return [path / name for name in _visible(_below(path), path)]


def files_of(path: Path, split: str | None) -> list[Path]:
    """The files to read, sorted. Raises UsageError where there are none, or where it is not said which split is meant."""
    if path.is_file():
        if not path.name.endswith(NAMED):
            raise UsageError(f"{path} is no file that can be read: it must end in {', '.join(NAMED)}")
        return [path]
    return [path / name for name in chosen(_below(path), path, split)]


def _below(path: Path) -> list[str]:
    return [p.relative_to(path).as_posix() for p in sorted(path.rglob("*")) if p.name.endswith(ENDINGS) and p.is_file()]


def _visible(names: Sequence[str], said: object) -> list[str]:
    found = [n for n in names if not any(part.startswith((".", "_")) for part in n.split("/"))]
    if not found:
        raise UsageError(f"{said} has no files to read: none ends in {', '.join(ENDINGS)}")
    return found


def chosen(names: Sequence[str], said: object, split: str | None) -> list[str]:
    """Of the data files below a directory, which a sentence calls `said`, those to read. Raises UsageError as `files_of` does."""
    found = _visible(names, said)
    splits = {n: split_of(PurePosixPath(n)) for n in found}
    present = sorted({s for s in splits.values() if s is not None})
    if split is not None:
        picked = [n for n in found if splits[n] == split.lower()]
        if not picked:
            raise UsageError(f"{said} has no files of the split {split!r}" + (f": there are {', '.join(present)}" if present else ""))
        return picked
    if len(present) > 1:
        raise UsageError(f"{said} has files of several splits ({', '.join(present)}): name one with --split")
    return found


def content_hash(paths: list[Path], root: Path) -> str:
    """A hash over the names and bytes of files."""
    total = hashlib.sha256()
    for path in paths:
        try:
            with path.open("rb") as file:
                inner = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise SourceError(f"cannot read {path}: {error.strerror or error}") from error
        total.update(f"{path.relative_to(root) if path != root else path.name}\0{inner}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def peeked(lines: Iterator[Line]) -> tuple[list[str], Iterator[Line]]:
    """The columns of the first rows, and all the rows."""
    first: list[Line] = []
    size = 0
    for line in islice(lines, _PEEK_ROWS):
        first.append(line)
        size += line.size
        if size > _PEEK_BYTES:
            break
    return list(dict.fromkeys(name for line in first for name in line.row)), chain(first, lines)


class Files:
    """Rows of JSONL or Parquet files as prompts."""

    def __init__(self, spec: str, options: SourceOptions) -> None:
        check_mapping(options.mapping)
        if options.config is not None or options.revision is not None:
            raise UsageError(f"{spec} is a file or directory here: --config and --revision are for data sets on the Hugging Face hub")
        self.root = Path(spec)
        self.options = options
        self.name = self.root.resolve().name
        self.paths = files_of(self.root, options.split)
        self.skipped: Counter[str] = Counter()

    @cached_property
    def revision(self) -> str | None:
        """A hash over the files' names and content."""
        return "sha256:" + content_hash(self.paths, self.root)

    def fingerprint(self) -> str:
        """Content and options. The path that leads to the files does not count."""
        return digest(["files", self.name, self.revision, self.options.identity()])

    def __iter__(self) -> Iterator[Prompt]:
        """The prompts, file after file. Raises UsageError or SourceError."""
        self.skipped = Counter()
        return limited(self._prompts(), self.options.limit)

    def _prompts(self) -> Iterator[Prompt]:
        tables = [p for p in self.paths if p.name.endswith(".parquet")]
        kept = _kept_rows(tables, self.options.where)
        others = [p for p in self.paths if p not in set(tables)]
        where, kinds = self.options.where, {}
        if where is not None and others:
            kinds = kinds_of(chain.from_iterable(map(jsonl.rows, others)))
        for path in self.paths:
            if path.name.endswith(".parquet"):
                from curate.sources import parquet

                columns = parquet.columns(path)
                lines = parquet.rows(path, columns, kept(path))
            else:
                columns, lines = peeked(jsonl.rows(path))
                if not columns:
                    continue  # an empty file; a set that is empty altogether is told by who reads it
                if where is not None:
                    lines = filtered(lines, kinds, where)
            mapper = Mapper(self.options, columns, str(path))
            source = self.name if path == self.root else f"{self.name}/{path.relative_to(self.root).as_posix()}"
            yield from mapped(lines, mapper, self.skipped, source=source)


def _kept_rows(paths: list[Path], where: str | None) -> Callable[[Path], Iterator[int] | None]:
    """For a Parquet file the numbers of the rows for which `where` holds, or None for all of them."""
    if where is None or not paths:
        return lambda path: None
    from curate.where import positions

    found = positions(paths, where)
    return lambda path: iter(found[path])
