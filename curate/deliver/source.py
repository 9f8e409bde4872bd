"""The rows that `curate mix`, `curate judge`, `curate pairs` and `curate label` read: of datasets of ours with the metrics that filters left in them, of anybody's files as samples by their columns.

Unlike `curate filter` these stop at a file that is damaged: a mixture of a part of it would not say so.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.errors import Damaged, SourceError, UsageError
from curate.filtering import foreign
from curate.filtering.reading import BATCH_ROWS, Faults, parts
from curate.filtering.units import Unit, described, files, units
from curate.records import digest, filtered_samples
from curate.sources import parquet
from curate.where import connect, matching, positions

Mask = npt.NDArray[np.bool_]


class Source:
    """The rows of all inputs, in the order of their files. `where` chooses among them; raises UsageError where it does not work, or where a file cannot be opened or two have metrics that do not agree."""

    def __init__(self, names: Sequence[str], reading: foreign.Reading, *, rejects: bool, where: str | None) -> None:
        self.names, self.reading, self.where = names, reading, where
        self.found = found = files(names, rejects=rejects)  # kept: copies of files in an object store live as long
        self.units = units(found)
        broken = next((u for u in self.units if u.fault is not None), None)
        if broken is not None:
            raise UsageError(f"{broken.path}: {broken.fault}")
        ours = [f.path for f in found if f.ours]
        try:
            self.metrics = widened([parquet.schema(path) for path in ours], filtered_samples({}))
        except pa.ArrowInvalid as error:
            raise UsageError(f"{error}: take them one after the other, or filter them with the same chain") from error
        self.schema = filtered_samples(self.metrics)
        self.described = described(names, found)
        self.digest = digest(sorted(u.digest() for u in self.units))
        self._damaged: dict[int, Counter[str]] = {}  # rows of each stranger's unit, by reason
        self._positions = positions(ours, where) if where is not None and ours else {}

    def keys(self, unit: Unit) -> Iterator[tuple[pa.Table, Mask]]:
        """Ids and domains of a unit's rows, and which of them are sound and chosen."""
        if not unit.ours:
            yield from self._theirs(unit)
            return
        table = parquet.narrow(Path(unit.path), ["id", "prompt_id", "domain"], unit.start, unit.stop)
        yield table, self._holds(unit, unit.start, unit.start + table.num_rows)

    def rows(self, unit: Unit) -> Iterator[tuple[pa.Table, Mask]]:
        """A unit's rows with the columns of the result, and which of them are sound and chosen."""
        if not unit.ours:
            for table, holds in self._theirs(unit):
                yield self._shaped(table), holds
            return
        with parquet.bounded(Path(unit.path)) as file:
            names = [n for n in self.schema.names if n in file.schema_arrow.names]
            row = 0
            for batch in parquet.record_batches(file, names, BATCH_ROWS):
                stop = row + batch.num_rows if unit.stop is None else unit.stop
                first, last = max(unit.start, row), min(row + batch.num_rows, stop)
                if first < last:
                    yield self._shaped(pa.Table.from_batches([batch.slice(first - row, last - first)])), self._holds(unit, first, last)
                row += batch.num_rows

    @property
    def left_out(self) -> Counter[str]:
        """Rows of strangers that are damaged and belong to no result, by reason."""
        return sum(self._damaged.values(), Counter[str]())

    def size(self) -> int:
        """About how many bytes of text there are."""
        return sum(f.path.stat().st_size * (4 if f.path.name.endswith((".parquet", ".gz")) else 1) for f in self.found)

    def _holds(self, unit: Unit, first: int, last: int) -> Mask:
        if self.where is None:
            return np.ones(last - first, dtype=bool)
        holds = np.zeros(last - first, dtype=bool)
        rows = self._positions[Path(unit.path)]
        holds[rows[(rows >= first) & (rows < last)] - first] = True
        return holds

    def _theirs(self, unit: Unit) -> Iterator[tuple[pa.Table, Mask]]:
        faults = Faults()
        damaged = self._damaged[unit.number] = Counter[str]()  # afresh each time that the unit is read
        with closing(connect(threads=1)) as connection:
            for part in parts(unit, self.reading, faults):
                damaged.update(d for d in part.damage if d is not None)
                holds = np.array([d is None for d in part.damage])
                if self.where is not None:
                    holds &= np.array(matching(connection, part.table, self.where))
                yield part.table, holds
        if faults.cut:
            raise SourceError(f"{faults.named[-1]}; mend or leave out that file: what was made of a part of it would not say so")

    def _shaped(self, table: pa.Table) -> pa.Table:
        arrays = [table[f.name].cast(f.type) if f.name in table.column_names else pa.nulls(table.num_rows, f.type) for f in self.schema]
        return pa.Table.from_arrays(arrays, schema=self.schema)


def ours(names: Sequence[str], *, rejects: bool, where: str | None) -> Source:
    """The rows of dataset directories of ours. Raises UsageError where none is given, and for anybody else's file."""
    if not names:
        raise UsageError("no input is given")
    source = Source(list(names), foreign.Reading({}), rejects=rejects, where=where)
    stranger = next((u for u in source.units if not u.ours), None)
    if stranger is not None:
        raise UsageError(f"{stranger.path} holds no samples of ours: bring it in with `curate filter --map` first")
    return source


@contextmanager
def readable() -> Iterator[None]:
    """Raise Damaged for what Arrow says of a damaged file; an error of the machine goes through."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the machine's, not Arrow's for a damaged page
            raise
        raise Damaged(
            f"an input cannot be read: {str(error).splitlines()[0]}; `curate filter` names the rows and goes on without them"
        ) from error


def widened(schemas: Sequence[pa.Schema], base: pa.Schema) -> dict[str, Mapping[str, str]]:
    """The metrics of all filtered sets: each column that any of them has beside those of `base`, with its type and description. Raises pa.ArrowInvalid where two say different things of one name."""
    metrics: dict[str, Mapping[str, str]] = {}
    for schema in schemas:
        for field in schema:
            if field.name not in base.names:
                told = {"type": str(field.type), "description": (field.metadata or {}).get(b"description", b"").decode()}
                if metrics.setdefault(field.name, told)["type"] != told["type"]:
                    raise pa.ArrowInvalid(
                        f"the metric {field.name} is {told['type']} in one set and {metrics[field.name]['type']} in another"
                    )
    return dict(sorted(metrics.items()))
