"""Dataset directories: publishing and reading Parquet shards.

A shard is a range of prompt ids. Its files carry a hash of their bytes in their names, and its manifest is written last: a shard without a manifest does not exist. So a crash at any moment leaves
either the old shard or the new one, and a reader that follows the manifests never sees a half. Where this departs from the textbook's temporary name and rename: the temporary name begins with a dot
and ends in .tmp, because `kept/*.parquet` must be a valid glob for other tools while a run is going on.

Ranges are made by halving: a range of more than `per_shard` prompts is cut in two. They are a function of the set of ids alone, and a set that grows splits only what overflows.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate.config import Config, read_config
from curate.errors import Damaged, StoreError, UsageError
from curate.records import OUTCOMES, PROMPTS, SAMPLES, SCHEMA_VERSION, canonical_json

ROW_GROUP_ROWS = 1000  # small enough for a viewer to fetch one
ROW_GROUP_BYTES = 32 << 20  # of text; bounds what a publish holds in memory
PARTS: Mapping[str, Mapping[str, pa.Schema]] = {
    "samples": {"kept": SAMPLES, "rejects": SAMPLES, "prompts": OUTCOMES},
    "prompts": {"prompts": PROMPTS},
}


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

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        self.kind = kind
        self._lock: IO[str] | None = None

    def __enter__(self) -> "Directory":
        """Make the directory and lock it. Raises StoreError where another run holds it, UsageError where it is a file or holds something else."""
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"{self.path} is a file, not a directory")
        foreign = (
            self.path.is_dir() and not (self.path / "config.json").exists() and [p.name for p in self.path.iterdir() if p.name not in OURS]
        )
        if foreign:
            raise UsageError(f"{self.path} is not empty and not a dataset of r1-curate ({foreign[0]} is in it): give another directory")
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = (self.path / ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise StoreError(f"another run is working in {self.path}: wait for it, or give another directory") from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def wipe(self) -> None:
        """Remove all that we made here, completions included; the prompts that were brought in stay."""
        for name in OURS - {".lock", "input"}:
            found = self.path / name
            if found.is_dir():
                shutil.rmtree(found)
            else:
                found.unlink(missing_ok=True)

    def configure(self, config: Config) -> None:
        """Write config.json, and take the marks of completeness away."""
        for part in PARTS[self.kind]:
            (self.path / part).mkdir(exist_ok=True)
        (self.path / "manifest").mkdir(exist_ok=True)
        if (self.path / "config.json").exists() and (self.path / "config.json").read_text("utf-8") == config.as_json():
            return
        for name in ("_SUCCESS", "manifest.json"):
            (self.path / name).unlink(missing_ok=True)
        write_text(self.path / "config.json", config.as_json())

    def collect_garbage(self, names: Sequence[str]) -> None:
        """Remove shards that are not among `names` or are not whole, temporary files and files that no manifest names: they are made again."""
        wanted = set(names)
        for path in (self.path / "manifest").glob("*.json"):
            if path.stem not in wanted or self.manifest(path.stem) is None:
                path.unlink()
        known = {f["path"] for m in manifests(self.path) for f in m["files"].values()}
        for part in PARTS[self.kind]:
            for path in (self.path / part).iterdir():
                if f"{part}/{path.name}" not in known:
                    path.unlink()
        for path in (self.path / "manifest").glob(".*.tmp"):
            path.unlink()

    def manifest(self, shard: str) -> dict[str, Any] | None:
        """The manifest of a shard whose files are all there with their sizes, None where there is none. (Hashes are for `curate check`.)"""
        path = self.path / "manifest" / f"{shard}.json"
        if not path.exists():
            return None
        try:
            found: dict[str, Any] = json.loads(path.read_text("utf-8"))
            whole = all((self.path / f["path"]).stat().st_size == f["bytes"] for f in found["files"].values())
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if whole else None

    def finish(self) -> None:
        """Write manifest.json, the merge of all manifests, and then _SUCCESS."""
        text = (
            json.dumps(
                {"schema_version": SCHEMA_VERSION, "kind": self.kind, "shards": manifests(self.path)},
                indent=1,
                sort_keys=True,
                ensure_ascii=False,
            )
            + "\n"
        )
        write_text(self.path / "manifest.json", text)
        write_text(self.path / "_SUCCESS", hashlib.sha256(text.encode()).hexdigest() + "\n")


OURS = frozenset(
    {
        "kept",
        "rejects",
        "prompts",
        "manifest",
        "config.json",
        "stats.json",
        "README.md",
        "manifest.json",
        "_SUCCESS",
        "completions",
        "input",
        ".lock",
    }
)


@dataclass
class ShardWriter:
    """Writes the files of one shard; `commit` makes it exist, leaving the block without it removes every trace."""

    directory: Directory
    shard: str
    _files: dict[str, "_PartFile"] = field(default_factory=dict)

    def __enter__(self) -> "ShardWriter":
        for part, schema in PARTS[self.directory.kind].items():
            self._files[part] = _PartFile(self.directory.path / part / f".{self.shard}.tmp", schema)
        return self

    def add(self, part: str, row: Mapping[str, Any]) -> None:
        """One row, as records.*_row gives it."""
        self._files[part].add(row)

    def commit(self, *, funnel: Mapping[str, Any], input_digest: str) -> dict[str, Any]:
        """Put the files under their final names, write the manifest, and remove what it replaces. Returns the manifest."""
        old = self.directory.manifest(self.shard)
        files = {}
        for part, file in self._files.items():
            size, sha, rows = file.close()
            name = f"{part}/{self.shard}-{sha[:12]}.parquet"
            file.path.rename(self.directory.path / name)
            files[part] = {"path": name, "rows": rows, "bytes": size, "sha256": sha}
        for part in self._files:
            sync_directory(self.directory.path / part)
        manifest = {"schema_version": SCHEMA_VERSION, "shard": self.shard, "files": files, "funnel": funnel, "input": input_digest}
        write_text(
            self.directory.path / "manifest" / f"{self.shard}.json",
            json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n",
        )
        for gone in {f["path"] for f in (old or {"files": {}})["files"].values()} - {f["path"] for f in files.values()}:
            (self.directory.path / gone).unlink(missing_ok=True)
        return manifest

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.discard()


class _PartFile:
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
        self._bytes += len(row.get("completion", ""))
        if len(self._rows) >= ROW_GROUP_ROWS or self._bytes >= ROW_GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        assert self._writer is not None
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema), row_group_size=ROW_GROUP_ROWS)
            self._count += len(self._rows)
            self._rows, self._bytes = [], 0

    def close(self) -> tuple[int, str, int]:
        """Bytes, sha256 and rows of the file, which is on disk when this returns."""
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
        return size, sha.hexdigest(), self._count

    def discard(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self.path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Replace a small file so that a crash leaves the old one or the new one."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make renames in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def manifests(path: Path) -> list[dict[str, Any]]:
    """The manifests of a directory in the order of their shards. Raises Damaged for one that cannot be read."""
    found = []
    for file in sorted((path / "manifest").glob("*.json")):
        if file.name.startswith("."):
            continue
        try:
            found.append(json.loads(file.read_text("utf-8")))
        except (OSError, ValueError) as error:
            raise Damaged(f"{file} cannot be read ({error}); run `curate check {path}`") from error
    return found


def files_of(path: Path, part: str) -> list[Path]:
    """The committed files of a part (kept, rejects, prompts). Raises StoreError where the directory is none of ours, Damaged where a manifest points outside it or to nothing."""
    if read_config(path) is None:
        raise StoreError(f"{path} is not a dataset directory: it has no config.json")
    found = []
    for manifest in manifests(path):
        entry = manifest["files"].get(part)
        if entry is None:
            raise StoreError(f"{path} has no {part}: it has {', '.join(manifest['files'])}")
        file = (path / entry["path"]).resolve()
        if not file.is_relative_to(path.resolve()):
            raise Damaged(f"manifest {manifest['shard']} of {path} names a file outside the directory: {entry['path']}")
        if not file.exists():
            raise Damaged(f"{file} is missing, which manifest {manifest['shard']} names; run the same command again to make it anew")
        found.append(file)
    return found


def rows_digest(rows: Iterator[Mapping[str, Any]], *also: Any) -> str:
    """A hash of rows and of what else a shard is made from."""
    sha = hashlib.sha256(canonical_json(also).encode())
    for row in rows:
        sha.update(canonical_json(row).encode("utf-8", "surrogatepass"))
    return sha.hexdigest()[:32]
