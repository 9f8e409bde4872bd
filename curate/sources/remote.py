"""Files, directories and datasets of ours in an object store, as sources.

What is wanted is copied to this machine's cache and read there as any local file: a source is hashed before it is read, and may be read twice, so every byte comes over the network in any case. The copies end
with the source. A prompt's `source` is the name that it would have locally, so the same files give the same rows wherever they lie.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from curate.errors import CurateError, UsageError
from curate.records import Prompt
from curate.sources.base import Source, SourceOptions
from curate.sources.files import ENDINGS, chosen
from curate.storage import at


class Remote:
    """The prompts of an address such as `s3://bucket/data.jsonl`."""

    def __init__(self, spec: str, options: SourceOptions) -> None:
        place = at(spec)
        kind = place.kind()
        if kind is None:
            raise UsageError(f"{place} does not exist")
        self._said = str(place)
        self._place = place if kind == "directory" else place.parent  # its copies live as long as it does
        names = _wanted(list(place.everything()), self._said, options.split) if kind == "directory" else [place.base]
        first = self._place.paths(names)[0]
        self._root = first.parents[names[0].count("/")] if kind == "directory" else first
        with self._said_as_given():
            self._source = _local(self._root, options)
        self.name = self._source.name

    @contextmanager
    def _said_as_given(self) -> Iterator[None]:
        """In sentences the address stands in place of the copy's path."""
        try:
            yield
        except CurateError as error:
            error.args = (str(error).replace(str(self._root), self._said),)
            raise

    @property
    def revision(self) -> str | None:
        """A hash over the files' names and content."""
        return self._source.revision

    @property
    def skipped(self) -> Mapping[str, int]:
        """Rows that gave no prompt, by reason."""
        return self._source.skipped

    def fingerprint(self) -> str:
        """Content and options: that of the same files elsewhere."""
        return self._source.fingerprint()

    def __iter__(self) -> Iterator[Prompt]:
        """The prompts. Raises UsageError or SourceError."""
        with self._said_as_given():
            yield from self._source


def _local(root: Path, options: SourceOptions) -> Source:
    from curate.sources.files import Files
    from curate.sources.outcomes import Outcomes, is_dataset

    return Outcomes(str(root), options) if is_dataset(root) else Files(str(root), options)


def _wanted(names: list[str], said: str, split: str | None) -> list[str]:
    """What of a directory is read: of a dataset of ours the manifests and prompts, else the data files, of one split where they have several. Raises UsageError where there are none."""
    ours = [n for n in names if n in ("config.json", "manifest.json") or n.startswith(("manifest/", "prompts/"))]
    if any(n.startswith("prompts/") for n in ours) and any(n.startswith("manifest") for n in ours):
        return ours
    return chosen([n for n in names if n.endswith(ENDINGS)], said, split)
