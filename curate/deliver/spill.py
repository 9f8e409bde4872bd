"""Rows on their way from the order of the inputs into that of the shuffle: each goes to the file of the shard that it will be in, and every shard is then sorted by itself.

So the text is read once and written twice, and memory holds one shard. The files are Arrow's, compressed with lz4, in a folder that is removed at the end; a run that is killed starts again.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.deliver.select import Numbers

RANK = "__rank"


class Spill:
    """Files of rows, one a shard. `schema` is that of the rows."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self.folder = folder
        self.schema = schema.append(pa.field(RANK, pa.int64()))
        self._writers: dict[int, pa.ipc.RecordBatchStreamWriter] = {}
        self._files: dict[int, pa.OSFile] = {}

    def add(self, rows: pa.Table, ranks: Numbers, shards: Numbers) -> None:
        """Rows with their places in the shuffle and the shards that these are in."""
        table = rows.append_column(RANK, pa.array(ranks)).cast(self.schema)
        order = np.argsort(shards, kind="stable")
        bounds = np.flatnonzero(np.r_[True, np.diff(shards[order]) != 0, True])
        for start, stop in pairwise(bounds.tolist()):
            where = order[start:stop]
            self._writer(int(shards[where[0]])).write_table(table.take(pa.array(where)))

    def _writer(self, shard: int) -> pa.ipc.RecordBatchStreamWriter:
        if shard not in self._writers:
            self._files[shard] = pa.OSFile(str(self.folder / f"{shard}.arrow"), "wb")
            self._writers[shard] = pa.ipc.new_stream(self._files[shard], self.schema, options=pa.ipc.IpcWriteOptions(compression="lz4"))
        return self._writers[shard]

    def close(self) -> None:
        """No more rows come."""
        for shard, writer in self._writers.items():
            writer.close()
            self._files[shard].close()
        self._writers.clear()

    def sorted(self, shard: int, *, keep: bool = False) -> pa.Table:
        """A shard's rows in the order of the shuffle; its file is gone then, unless it is to be read again."""
        path = self.folder / f"{shard}.arrow"
        if not path.exists():
            return self.schema.empty_table().drop_columns([RANK])
        with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
            table = reader.read_all()
        if not keep:
            path.unlink()
        return table.take(pc.sort_indices(table[RANK])).drop_columns([RANK])
