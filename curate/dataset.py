"""Reading a dataset directory from Python: what `curate.open` returns.

Reads follow the manifests, so a directory that is still being written gives its committed shards and nothing half-made. Of one in an object store the files that are asked for are copied to this
machine's cache, once for each `open`, and removed when the Dataset is.
"""

import json
from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from curate import where as duck
from curate.config import read_config
from curate.errors import StoreError, UsageError
from curate.shards import PARTS, files_of, schema_of
from curate.storage import Place, at

if TYPE_CHECKING:
    import datasets
    import pandas


class Dataset:
    """A dataset directory, here or in an object store. `part` is kept (the default where there is one), rejects or prompts; `where` is a condition in DuckDB's SQL."""

    def __init__(self, path: str | PathLike[str] | Place) -> None:
        self.place = at(path)
        if self.place.kind() != "directory":
            raise UsageError(f"no such directory: {self.place}")
        config = read_config(self.place)
        if config is None:
            raise StoreError(f"{self.place} is not a dataset directory of r1-curate: it has no config.json")
        self.config = config

    @property
    def complete(self) -> bool:
        """Whether the run that makes it has finished."""
        return self.place.size("_SUCCESS") is not None

    @property
    def stats(self) -> dict[str, Any]:
        """The counts of stats.json; empty while the first run is going on."""
        text = self.place.read("stats.json")
        return {} if text is None else json.loads(text.decode("utf-8"))

    def to_arrow(self, where: str | None = None, *, part: str | None = None, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows as an Arrow table, with the schema of curate.records where all columns are asked for."""
        parts = PARTS[self.config.kind]
        part = part or next(iter(parts))
        if part not in parts:
            raise UsageError(f"{self.place} has no part {part!r}: it has {', '.join(parts)}")
        schema = schema_of(self.config.kind, self.config.identity, part)
        unknown = [c for c in columns or () if c not in schema.names]
        if unknown:
            raise UsageError(f"no such column: {', '.join(unknown)}; there are {', '.join(schema.names)}")
        wanted = schema if columns is None else pa.schema([schema.field(c) for c in columns], metadata=schema.metadata)
        files = files_of(self.place, part)
        if not files:
            return wanted.empty_table()
        connection = duck.connect(files)
        try:
            duck.view(connection, files)
            table = duck.select(connection, where, columns=", ".join(duck.quoted(c, '"') for c in wanted.names)).read_all()
        finally:
            connection.close()
        return table.cast(wanted)

    def to_pandas(self, where: str | None = None, *, part: str | None = None, columns: Sequence[str] | None = None) -> "pandas.DataFrame":
        """The rows as a pandas frame."""
        return self.to_arrow(where, part=part, columns=columns).to_pandas()

    def to_datasets(self, where: str | None = None, *, part: str | None = None, columns: Sequence[str] | None = None) -> "datasets.Dataset":
        """The rows as a Hugging Face dataset in memory; `datasets.load_dataset(DIR)` reads the same files without this package."""
        import datasets

        return datasets.Dataset(self.to_arrow(where, part=part, columns=columns))

    def __repr__(self) -> str:
        return f"Dataset({str(self.place)!r}, kind={self.config.kind!r}, complete={self.complete})"


def open(path: str | PathLike[str]) -> Dataset:
    """Open a dataset directory, or the address of one such as `s3://bucket/run`. Raises UsageError where there is none, StoreError where it is not ours or of another schema version."""
    return Dataset(path)
