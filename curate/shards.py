"""Dataset directories: publishing and reading Parquet shards.

A shard is a range of prompt ids. Its files carry a hash of their bytes in their names, and its manifest is written last: a shard without a manifest does not exist. So a crash at any moment leaves
either the old shard or the new one, and a reader that follows the manifests never sees a half. Where this departs from the textbook's temporary name and rename: the temporary name begins with a dot
and ends in .tmp, because `kept/*.parquet` must be a valid glob for other tools while a run is going on. In an object store there is no such name: a whole file is uploaded under its final one.

Ranges are made by halving: a range of more than `per_shard` prompts is cut in two. They are a function of the set of ids alone, and a set that grows splits only what overflows.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from curate.config import Config, compare, read_config
from curate.errors import Damaged, StoreError, UsageError
from curate.records import LABELS, OUTCOMES, PAIRS, PROMPTS, SAMPLES, SCHEMA_VERSION, canonical_json, filtered_samples
from curate.storage import Place, at

ROW_GROUP_ROWS = 1000  # small enough for a viewer to fetch one
ROW_GROUP_BYTES = 32 << 20  # of text; bounds what a publish holds in memory
PARTS: Mapping[str, Mapping[str, pa.Schema]] = {
    "samples": {"kept": SAMPLES, "rejects": SAMPLES, "prompts": OUTCOMES},
    "prompts": {"prompts": PROMPTS},
    "filtered": {"kept": filtered_samples({}), "rejects": filtered_samples({})},
    "mixed": {"train": filtered_samples({}), "validation": filtered_samples({})},
    "pairs": {"kept": PAIRS, "rejects": PAIRS},
    "labels": {"kept": LABELS, "rejects": LABELS},
    "rollouts": {"kept": SAMPLES},
}
COUNTED = (
    "filtered",
    "pairs",
    "labels",
    "rollouts",
)  # kinds whose shards are counted by curate.filtering.funnel: kept rows, and rejected ones by their reasons


def schema_of(kind: str, identity: Mapping[str, Any], part: str) -> pa.Schema:
    """The schema of a part's files in a directory of that configuration: filters bring columns of their own."""
    return filtered_samples(identity["metrics"]) if kind in ("filtered", "mixed") else PARTS[kind][part]


@dataclass(frozen=True, slots=True)
class Range:
    """The prompts whose id begins with `low` up to and including `high` (8 hex digits each); `start` and `stop` are their positions among all sorted ids."""

    low: str
    high: str
    start: int
    stop: int

    @property
    def name(self) -> str:
        """The shard's name."""
        return f"{self.low}-{self.high}"


def ranges(ids: pa.Array, per_shard: int) -> list[Range]:
    """Cut sorted ids into shards of at most `per_shard` prompts."""
    import numpy as np

    prefixes = np.array([int(i[:8], 16) for i in ids.to_pylist()], dtype=np.uint64) if len(ids) < 1 << 16 else _prefixes(ids)
    found: list[Range] = []
    waiting = [(0, 1 << 32)]
    while waiting:
        low, high = waiting.pop()
        start, stop = (int(p) for p in np.searchsorted(prefixes, [low, high]))
        if stop - start > per_shard and high - low > 1:
            middle = (low + high) // 2
            waiting += [(middle, high), (low, middle)]
        else:
            found.append(Range(f"{low:08x}", f"{high - 1:08x}", start, stop))
    return [r for r in found if r.stop > r.start] or found[:1]


def _prefixes(ids: pa.Array) -> Any:
    import numpy as np

    return np.concatenate(
        [np.array([int(i[:8], 16) for i in ids.slice(at, 1 << 16).to_pylist()], dtype=np.uint64) for at in range(0, len(ids), 1 << 16)]
    )


class Directory:
    """A dataset directory that this process writes. Holds a lock: two runs in one directory are refused."""

    def __init__(self, path: str | PathLike[str] | Place, kind: str) -> None:
        self.place = at(path)
        self.kind = kind
        self._held = ExitStack()

    def __enter__(self) -> "Directory":
        """Make the directory and lock it. Raises StoreError where another run holds it, UsageError where it is a file or holds something else."""
        if self.place.kind() == "file":
            raise UsageError(f"{self.place} is a file, not a directory")
        names = self.place.sizes()
        foreign = [name for name in names if name not in OURS] if "config.json" not in names else []
        if foreign:
            raise UsageError(f"{self.place} is not empty and not a dataset of r1-curate ({foreign[0]} is in it): give another directory")
        self._held.enter_context(self.place.held())
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def wipe(self) -> None:
        """Remove all that we made here, completions included; the prompts that were brought in stay."""
        for name in OURS - {".lock", "input"}:
            self.place.delete(name)

    def begin(self, config: Config, *, overwrite: bool) -> bool:
        """Make it a directory of this configuration. True where it is one and complete, of the same extent: then nothing is left to do. Raises IdentityMismatch where it is one of another."""
        before = None if overwrite else read_config(self.place)
        if overwrite:
            self.wipe()
        if before is not None:
            compare(self.place, before, config)
        complete = before is not None and self.place.size("_SUCCESS") is not None and before.extent == config.extent
        self.configure(config)
        return complete

    def configure(self, config: Config) -> None:
        """Write config.json, and take the marks of completeness away."""
        for part in (*PARTS[self.kind], "manifest"):
            (self.place.scratch / part).mkdir(exist_ok=True)
        if self.place.read("config.json") == config.as_json().encode():
            return
        for name in ("_SUCCESS", "manifest.json"):
            self.place.delete(name)
        self.place.write("config.json", config.as_json().encode())

    def collect_garbage(self, names: Sequence[str]) -> None:
        """Remove shards that are not among `names` or are not whole, temporary files and files that no manifest names: they are made again."""
        wanted = set(names)
        for name in self.place.sizes("manifest"):
            shard = name.removesuffix(".json")
            temporary = name.startswith(".") and name.endswith(".tmp")
            if temporary or (shard != name and (shard not in wanted or self.manifest(shard) is None)):
                self.place.delete(f"manifest/{name}")
        known = {f["path"] for m in manifests(self.place) for f in m["files"].values()}
        for part in PARTS[self.kind]:
            for name in self.place.sizes(part):
                if f"{part}/{name}" not in known:
                    self.place.delete(f"{part}/{name}")

    def manifest(self, shard: str) -> dict[str, Any] | None:
        """The manifest of a shard whose files are all there with their sizes, None where there is none. (Hashes are for `curate check`.)"""
        try:
            text = self.place.read(f"manifest/{shard}.json")
            if text is None:
                return None
            found: dict[str, Any] = json.loads(text.decode("utf-8"))
            whole = all(self.place.size(f["path"]) == f["bytes"] for f in found["files"].values())
        except (Damaged, OSError, ValueError, KeyError, TypeError):
            return None
        return found if whole else None

    def temporary(self, shard: str, part: str) -> Path:
        """Where a file of a shard is written until the shard is committed."""
        return self.place.scratch / part / f".{shard}.tmp"

    def commit(self, shard: str, written: "Mapping[str, Written]", *, funnel: Mapping[str, Any], input_digest: str) -> dict[str, Any]:
        """Make a shard exist whose files lie whole at `temporary`: give them their names, write the manifest, and remove what it replaces. Returns the manifest."""
        old = self.manifest(shard)
        files = {}
        for part, (size, sha, rows) in written.items():
            name = f"{part}/{shard}-{sha[:12]}.parquet"
            self.place.put(self.temporary(shard, part), name)
            files[part] = {"path": name, "rows": rows, "bytes": size, "sha256": sha}
        manifest = {"schema_version": SCHEMA_VERSION, "shard": shard, "files": files, "funnel": funnel, "input": input_digest}
        self.place.write(
            f"manifest/{shard}.json",
            (json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode(),
        )
        for gone in {f["path"] for f in (old or {"files": {}})["files"].values()} - {f["path"] for f in files.values()}:
            self.place.delete(gone)
        return manifest

    def finish(self) -> None:
        """Write manifest.json, the merge of all manifests, and then _SUCCESS."""
        text = (
            json.dumps(
                {"schema_version": SCHEMA_VERSION, "kind": self.kind, "shards": manifests(self.place)},
                indent=1,
                sort_keys=True,
                ensure_ascii=False,
            )
            + "\n"
        ).encode()
        self.place.write("manifest.json", text)
        self.place.write("_SUCCESS", (hashlib.sha256(text).hexdigest() + "\n").encode())


OURS = frozenset(
    {
        "kept",
        "rejects",
        "prompts",
        "train",
        "validation",
        "manifest",
        "config.json",
        "stats.json",
        "README.md",
        "manifest.json",
        "_SUCCESS",
        "completions",
        "requests",
        "input",
        "index",
        "scores",
        ".lock",
    }
)


@dataclass
class ShardWriter:
    """Writes the files of one shard; `commit` makes it exist, leaving the block without it removes every trace."""

    directory: Directory
    shard: str
    _files: dict[str, "PartFile"] = field(default_factory=dict)

    def __enter__(self) -> "ShardWriter":
        for part, schema in PARTS[self.directory.kind].items():
            self._files[part] = PartFile(self.directory.temporary(self.shard, part), schema)
        return self

    def add(self, part: str, row: Mapping[str, Any]) -> None:
        """One row, as records.*_row gives it."""
        self._files[part].add(row)

    def commit(self, *, funnel: Mapping[str, Any], input_digest: str) -> dict[str, Any]:
        """Put the files under their final names, write the manifest, and remove what it replaces. Returns the manifest."""
        written = {part: file.close() for part, file in self._files.items()}
        return self.directory.commit(self.shard, written, funnel=funnel, input_digest=input_digest)

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.discard()


class Written(NamedTuple):
    """A whole file of a shard."""

    bytes: int
    sha256: str
    rows: int


class PartFile:
    """One Parquet file under its temporary name."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self._schema = schema
        self._rows: list[Mapping[str, Any]] = []
        self._bytes = self._count = 0
        self._writer: pq.ParquetWriter | None = pq.ParquetWriter(
            path, schema, compression="zstd", compression_level=3, write_page_index=True
        )

    def add(self, row: Mapping[str, Any]) -> None:
        self._rows.append(row)
        self._bytes += sum(len(row.get(name, "")) for name in ("completion", "chosen", "rejected"))
        if len(self._rows) >= ROW_GROUP_ROWS or self._bytes >= ROW_GROUP_BYTES:
            self._flush()

    def add_table(self, table: pa.Table) -> None:
        """Rows with the file's schema, as one row group or more."""
        assert self._writer is not None
        if table.num_rows:
            self._writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
            self._count += table.num_rows

    def _flush(self) -> None:
        self.add_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows, self._bytes = [], 0

    def close(self) -> Written:
        """What was written, which is on disk when this returns."""
        self._flush()
        assert self._writer is not None
        self._writer.close()
        self._writer = None
        sha = hashlib.sha256()
        with self.path.open("rb") as file:
            while block := file.read(1 << 20):
                sha.update(block)
            size = file.tell()
            os.fsync(file.fileno())
        return Written(size, sha.hexdigest(), self._count)

    def discard(self) -> None:
        """Take away what is there."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self.path.unlink(missing_ok=True)

    @property
    def whole(self) -> bool:
        """Whether it was closed."""
        return self._writer is None


def manifests(path: str | PathLike[str] | Place) -> list[dict[str, Any]]:
    """The manifests of a directory in the order of their shards. Raises Damaged for one that cannot be read."""
    place = at(path)
    names = [f"manifest/{n}" for n in place.sizes("manifest") if n.endswith(".json") and not n.startswith(".")]
    found = []
    for name, text in zip(names, place.reads(names), strict=True):
        try:
            found.append(json.loads((text or b"").decode("utf-8")))
        except ValueError as error:
            raise Damaged(f"{place}/{name} cannot be read ({error}); run `curate check {place}`") from error
    return found


def files_of(path: str | PathLike[str] | Place, part: str) -> list[Path]:
    """The committed files of a part (kept, rejects, prompts), as files of this machine; copies live as long as the place given. Raises StoreError where the directory is none of ours,
    Damaged where a manifest points outside it or to nothing."""
    place = at(path)
    if read_config(place) is None:
        raise StoreError(f"{place} is not a dataset directory: it has no config.json")
    names = []
    for manifest in manifests(place):
        entry = manifest["files"].get(part)
        if entry is None:
            raise StoreError(f"{place} has no {part}: it has {', '.join(manifest['files'])}")
        name = entry["path"]
        if not place.holds(name):
            raise Damaged(f"manifest {manifest['shard']} of {place} names a file outside the directory: {name}")
        names.append(name)
    folders = {name.rpartition("/")[0] for name in names}
    there = {f"{folder}/{name}" for folder in folders for name in place.sizes(folder)}
    for name in names:
        if name not in there:
            raise Damaged(f"{place}/{name} is missing, which a manifest names; run the same command again to make it anew")
    return place.paths(names)


def rows_digest(rows: Iterator[Mapping[str, Any]], *also: Any) -> str:
    """A hash of rows and of what else a shard is made from."""
    sha = hashlib.sha256(canonical_json(also).encode())
    for row in rows:
        sha.update(canonical_json(row).encode("utf-8", "surrogatepass"))
    return sha.hexdigest()[:32]
