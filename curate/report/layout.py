"""Which files make up a dataset directory, read from its manifests and never from its file names.

A shard exists where it has a manifest; every other file is a stray: one being written, left by a killed run, or somebody's own. What a manifest says is checked before it is believed: a path in it
can only name a file of this directory's own tables, and neither the table's directory nor the file may be a link, so that a directory from a stranger reads nothing outside itself.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from curate.config import Config, read_config
from curate.errors import Damaged, StoreError, UsageError
from curate.records import SCHEMA_VERSION
from curate.shards import PARTS
from curate.storage import Place

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
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Layout:
    """A dataset directory: `shards` are the manifests by shard, `complete` says whether `_SUCCESS` is there, `strays` are the names of files that no manifest lists."""

    place: Place
    config: Config
    shards: dict[str, dict[str, Any]]
    files: list[ShardFile]
    complete: bool
    findings: list[Finding]
    strays: list[str]

    def table(self, name: str) -> list[ShardFile]:
        """The files of one table, in the order of their shards."""
        return [f for f in self.files if f.table == name]


def read_json(place: Place, name: str) -> dict[str, Any]:
    """The JSON object in a file of a directory. Raises Damaged where it is none; the sentence begins with the name."""
    try:
        text = place.read(name)
    except Damaged as error:
        raise Damaged(f"{name} is no regular file") from error
    except OSError as error:
        raise Damaged(f"{name} cannot be read: {error.strerror}") from error
    return _object(name, text)


def _object(name: str, text: bytes | None) -> dict[str, Any]:
    if text is None:
        raise Damaged(f"{name} is missing")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{name} is not valid JSON") from error
    if not isinstance(value, dict):
        raise Damaged(f"{name} does not hold a JSON object")
    return value


def is_dataset(place: Place) -> bool:
    """Whether a directory says of itself that it is one of ours; other tools also write a config.json."""
    try:
        config = read_json(place, "config.json")
    except Damaged:
        return "config.json" in (there := place.sizes()) and "manifest" in there
    return config.get("kind") in PARTS and "schema_version" in config


def _entry(place: Place, shard: str, table: str, entry: Any) -> ShardFile | str:
    """The file that a manifest's entry describes, or what is wrong with the entry."""
    if not isinstance(entry, dict):
        return f"the manifest does not list a file of {table}/"
    name, rows, size, sha = (entry.get(k) for k in ("path", "rows", "bytes", "sha256"))
    if not (isinstance(rows, int) and isinstance(size, int) and rows >= 0 and size >= 0 and isinstance(sha, str) and SHA256.match(sha)):
        return f"the manifest's entry for {table}/ lacks rows, bytes or sha256"
    expected = f"{table}/{shard}-{sha[:12]}.parquet"
    if name != expected:
        return f"the manifest names {name!r} where only {expected} can stand; it is not opened"
    if place.is_link(table) or place.is_link(expected):
        return f"{expected} is a link or lies behind one; it is not opened"
    return ShardFile(shard, table, expected, rows, size, sha)


def _sound_names(place: Place, findings: list[Finding]) -> Iterator[str]:
    """The shards whose manifests may be opened."""
    if place.is_link("manifest"):
        findings.append(Finding(None, "manifest", "is a link; it is not opened"))
        return
    for file in place.sizes("manifest"):
        shard, name = file.removesuffix(".json"), f"manifest/{file}"
        if shard == file or shard.startswith("."):
            continue
        if not SHARD.match(shard):
            findings.append(Finding(None, name, "is not the name of a shard's manifest"))
        elif place.is_link(name):
            findings.append(Finding(shard, name, "is a link; it is not opened"))
        else:
            yield shard


def _shards(place: Place, kind: str, findings: list[Finding]) -> Iterator[tuple[str, dict[str, Any], list[ShardFile]]]:
    names = {shard: f"manifest/{shard}.json" for shard in _sound_names(place, findings)}
    ahead = (
        {} if place.local is not None else dict(zip(names, place.reads(list(names.values())), strict=True))
    )  # all at once: each is a request
    for shard, name in names.items():
        try:
            manifest = _object(name, ahead[shard]) if ahead else read_json(place, name)
        except Damaged as error:
            findings.append(Finding(shard, name, str(error).removeprefix(f"{name} ")))
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
                _entry(place, shard, table, files.get(table))
                if table in PARTS[kind]
                else f"the manifest lists {table!r}, which is no table of this kind"
            )
            if isinstance(entry, str):
                findings.append(Finding(shard, name, entry))
            else:
                listed.append(entry)
        yield shard, manifest, listed


def _strays(place: Place, kind: str, known: set[str]) -> list[str]:
    found = [name for name, size in place.sizes().items() if name.startswith(".") and name != ".lock" and size is not None]
    for folder in (*PARTS[kind], "manifest"):
        if not place.is_link(folder):
            found += [f"{folder}/{name}" for name in place.sizes(folder) if f"{folder}/{name}" not in known]
    return sorted(found)


def read_layout(place: Place) -> Layout:
    """What the manifests of a dataset directory say, finished or still being written; Parquet files are not opened.

    Raises UsageError where the directory is none of ours, StoreError where it is of another schema version or its config.json is damaged.
    """
    kind = place.kind()
    if kind != "directory":
        raise UsageError(f"{place} is not a directory" if kind else f"{place} does not exist")
    if not is_dataset(place):
        raise UsageError(f"{place} is not a dataset directory of r1-curate: it has no config.json of one")
    config = read_config(place)
    if config is None or config.kind not in PARTS:
        raise StoreError(f"{place}/config.json names no known kind of dataset")
    findings: list[Finding] = []
    shards: dict[str, dict[str, Any]] = {}
    files: list[ShardFile] = []
    for shard, manifest, listed in _shards(place, config.kind, findings):
        shards[shard] = manifest
        files += listed
    known = {f.name for f in files} | {f"manifest/{n}" for n in place.sizes("manifest") if n.endswith(".json") and not n.startswith(".")}
    return Layout(place, config, shards, files, place.size("_SUCCESS") is not None, findings, _strays(place, config.kind, known))
