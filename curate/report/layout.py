"""Which files make up a dataset directory, read from its manifests and never from its file names.

A shard exists where it has a manifest; every other file is a stray: one being written, left by a killed run, or somebody's own. What a manifest says is checked before it is believed: a path in it
can only name a file of this directory's own tables, and neither the table's directory nor the file may be a link, so that a directory from a stranger reads nothing outside itself.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.config import Config, read_config
from curate.errors import Damaged, StoreError, UsageError
from curate.records import SCHEMA_VERSION
from curate.shards import PARTS

SHARD = re.compile(r"[0-9a-f]{8}-[0-9a-f]{8}\Z")
SHA256 = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be. A warning leaves the dataset whole."""

    shard: str | None
    file: str | None
    text: str
    warning: bool = False

    def __str__(self) -> str:
        shard = f"shard {self.shard}" if self.shard else ""
        return f"{'warning' if self.warning else 'problem'}: {', '.join(x for x in (shard, self.file) if x)}: {self.text}"


@dataclass(frozen=True, slots=True)
class ShardFile:
    """A Parquet file as its shard's manifest describes it; `name` is its path below the directory."""

    shard: str
    table: str
    name: str
    path: Path
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Layout:
    """A dataset directory: `shards` are the manifests by shard, `complete` says whether `_SUCCESS` is there, `strays` are the names of files that no manifest lists."""

    root: Path
    config: Config
    shards: dict[str, dict[str, Any]]
    files: list[ShardFile]
    complete: bool
    findings: list[Finding]
    strays: list[str]

    def table(self, name: str) -> list[ShardFile]:
        """The files of one table, in the order of their shards."""
        return [f for f in self.files if f.table == name]


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises Damaged where it is none."""
    if path.exists() and not path.is_file():
        raise Damaged(f"{path} is no regular file")
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise Damaged(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{path} is not valid JSON") from error
    if not isinstance(value, dict):
        raise Damaged(f"{path} does not hold a JSON object")
    return value


def is_dataset(path: Path) -> bool:
    """Whether a directory says of itself that it is one of ours; other tools also write a config.json."""
    try:
        config = read_json(path / "config.json")
    except Damaged:
        return (path / "config.json").exists() and (path / "manifest").is_dir()
    return config.get("kind") in PARTS and "schema_version" in config


def _entry(root: Path, shard: str, table: str, entry: Any) -> ShardFile | str:
    """The file that a manifest's entry describes, or what is wrong with the entry."""
    if not isinstance(entry, dict):
        return f"the manifest does not list a file of {table}/"
    name, rows, size, sha = (entry.get(k) for k in ("path", "rows", "bytes", "sha256"))
    if not (isinstance(rows, int) and isinstance(size, int) and rows >= 0 and size >= 0 and isinstance(sha, str) and SHA256.match(sha)):
        return f"the manifest's entry for {table}/ lacks rows, bytes or sha256"
    expected = f"{table}/{shard}-{sha[:12]}.parquet"
    if name != expected:
        return f"the manifest names {name!r} where only {expected} can stand; it is not opened"
    if (root / table).is_symlink() or (root / expected).is_symlink():
        return f"{expected} is a link or lies behind one; it is not opened"
    return ShardFile(shard, table, expected, root / expected, rows, size, sha)


def _shards(root: Path, kind: str, findings: list[Finding]) -> Iterator[tuple[str, dict[str, Any], list[ShardFile]]]:
    folder = root / "manifest"
    if folder.is_symlink():
        findings.append(Finding(None, "manifest", "is a link; it is not opened"))
        return
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        shard, name = path.stem, f"manifest/{path.name}"
        if shard.startswith("."):
            continue
        if not SHARD.match(shard):
            findings.append(Finding(None, name, "is not the name of a shard's manifest"))
            continue
        if path.is_symlink():
            findings.append(Finding(shard, name, "is a link; it is not opened"))
            continue
        try:
            manifest = read_json(path)
        except Damaged as error:
            findings.append(Finding(shard, name, str(error).removeprefix(f"{path} ")))
            continue
        if manifest.get("schema_version") != SCHEMA_VERSION:
            findings.append(Finding(shard, name, f"is of schema version {manifest.get('schema_version')!r}, not {SCHEMA_VERSION}"))
            continue
        files = manifest.get("files")
        if manifest.get("shard") != shard or not isinstance(files, dict) or not isinstance(manifest.get("funnel"), dict):
            findings.append(Finding(shard, name, "does not name its own shard, its files and its funnel"))
            continue
        listed = []
        for table in sorted({*PARTS[kind], *files}):
            entry = (
                _entry(root, shard, table, files.get(table))
                if table in PARTS[kind]
                else f"the manifest lists {table!r}, which is no table of this kind"
            )
            if isinstance(entry, str):
                findings.append(Finding(shard, name, entry))
            else:
                listed.append(entry)
        yield shard, manifest, listed


def _strays(root: Path, kind: str, known: set[str]) -> list[str]:
    found = [p.name for p in root.iterdir() if p.name.startswith(".") and p.name != ".lock" and p.is_file()]
    for folder in (*PARTS[kind], "manifest"):
        if (root / folder).is_dir() and not (root / folder).is_symlink():
            found += [f"{folder}/{p.name}" for p in (root / folder).iterdir() if f"{folder}/{p.name}" not in known]
    return sorted(found)


def read_layout(root: Path) -> Layout:
    """What the manifests of a dataset directory say, finished or still being written; Parquet files are not opened.

    Raises UsageError where the directory is none of ours, StoreError where it is of another schema version or its config.json is damaged.
    """
    if not root.is_dir():
        raise UsageError(f"{root} is not a directory" if root.exists() else f"{root} does not exist")
    if not is_dataset(root):
        raise UsageError(f"{root} is not a dataset directory of r1-curate: it has no config.json of one")
    config = read_config(root)
    if config is None or config.kind not in PARTS:
        raise StoreError(f"{root / 'config.json'} names no known kind of dataset")
    findings: list[Finding] = []
    shards: dict[str, dict[str, Any]] = {}
    files: list[ShardFile] = []
    for shard, manifest, listed in _shards(root, config.kind, findings):
        shards[shard] = manifest
        files += listed
    known = {f.name for f in files} | {f"manifest/{p.name}" for p in (root / "manifest").glob("*.json") if not p.name.startswith(".")}
    return Layout(root, config, shards, files, (root / "_SUCCESS").is_file(), findings, _strays(root, config.kind, known))
