"""`curate check`: whether a dataset directory is what its manifests say, and whether these agree with each other.

Everything is read once, a record batch at a time; what is held is the ids of one shard. That suffices for the whole directory: every prompt id must lie in its shard's range and no two ranges may overlap,
so an id that is unique in its shard is unique. The hash of a file proves that it is the file that was written; the rows are read all the same, since the writer may have been wrong.

Of a directory in an object store one file at a time is copied here and read.

Not covered: whether a verdict is right (`curate verify --audit`), and somebody who changes rows and then every hash above them: the directory is not signed.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.errors import Damaged
from curate.records import SCHEMA_VERSION
from curate.report.filtered import filtered_statistics
from curate.report.funnel import GROUPS, merge
from curate.report.layout import Finding, Layout, ShardFile, read_json, read_layout
from curate.report.mixed import mixed_statistics
from curate.report.parquet import Unreadable, look
from curate.shards import COUNTED, PARTS, schema_of
from curate.storage import Place, at
from curate.where import first_line

BLOCK = 1 << 20
ROWS = 256  # in one record batch: traces may be long
SUMS: Mapping[str, Callable[[list[dict[str, Any]]], dict[str, Any]]] = {  # what stats.json has to have as the funnel
    **dict.fromkeys(("samples", "prompts"), lambda funnels: {k: v for k, v in merge(funnels).items() if k not in GROUPS}),
    **dict.fromkeys(COUNTED, lambda funnels: filtered_statistics(funnels)["funnel"]),
    "mixed": lambda funnels: mixed_statistics(funnels, {}, {}, {})["funnel"],
}
RECORD, VERSION = b"r1_curate.record", b"r1_curate.schema_version"


@dataclass(frozen=True, slots=True)
class Report:
    """What `check` found: `findings` in the order of the shards, and how much was read."""

    findings: list[Finding]
    shards: int
    files: int
    rows: int
    bytes: int

    @property
    def problems(self) -> list[Finding]:
        """The findings that mean the dataset is not whole."""
        return [f for f in self.findings if not f.warning]


@dataclass(slots=True)
class _Shard:
    """What the files of one shard say, to be compared with each other."""

    ids: dict[str, Counter[str]] = field(default_factory=dict)  # part -> row ids
    of_prompt: dict[str, Counter[str]] = field(default_factory=dict)  # part -> prompt id of each row
    correct: Counter[str] = field(default_factory=Counter)
    outcomes: dict[str, dict[str, int]] = field(default_factory=dict)  # prompt id -> its counts
    whole: bool = True  # every file could be read
    ranged: bool = True  # its name is a range of prompt ids
    annotated: bool = False  # every row stays in kept/, with its reasons


def check(directory: str | PathLike[str] | Place) -> Report:
    """Check a dataset directory, or the address of one. Raises UsageError where it is none, StoreError where it is of another schema version; everything else is a finding."""
    place = at(directory)
    layout = read_layout(place)
    findings = [*layout.findings, *_directory(layout)]
    rows = size = 0
    for shard, manifest in layout.shards.items():
        files = [f for f in layout.files if f.shard == shard]
        kind, identity = layout.config.kind, layout.config.identity
        found = _Shard(
            whole=len(files) == len(PARTS[kind]),
            ranged=kind in ("samples", "prompts"),
            annotated=kind == "mixed" or bool(identity.get("annotate")),
        )
        for file in files:
            problems = list(_file(place, file, schema_of(kind, identity, file.table), found))
            found.whole = found.whole and not problems
            findings += problems
            rows += file.rows
            size += file.bytes
        findings += _agreement(shard, manifest, kind, found)
    return Report(findings, len(layout.shards), len(layout.files), rows, size)


def _directory(layout: Layout) -> Iterator[Finding]:
    place = layout.place
    for one, two in pairwise(sorted(layout.shards)):
        if two[:8] <= one[9:]:
            yield Finding(two, None, f"its range overlaps that of shard {one}")
    for shard in layout.shards:
        if shard[:8] > shard[9:]:
            yield Finding(shard, None, "its range ends before it begins")
    for name in layout.strays:
        temporary = name.rpartition("/")[2].startswith(".")
        yield Finding(
            None,
            name,
            "is a temporary file, of a run that is going on or was killed" if temporary else "is listed by no manifest",
            warning=True,
        )
    links = [n for n in ("config.json", "manifest.json", "_SUCCESS", "stats.json", "README.md") if place.is_link(n)]
    yield from (Finding(None, name, "is a link; it is not followed") for name in links)
    if links:
        return
    if not layout.complete:
        yield Finding(
            None,
            "_SUCCESS",
            "is missing: the run that writes this directory is going on or was stopped; the same command goes on where it stopped",
        )
    if layout.complete:
        if place.size("README.md") is None:
            yield Finding(None, "README.md", "is missing")
        yield from _stats(layout)
    merged = None if place.size("manifest.json") is None else place.read("manifest.json")
    if merged is None:
        if layout.complete:
            yield Finding(None, "manifest.json", "is missing, though there is a _SUCCESS")
        return
    if layout.complete:
        told = (place.read("_SUCCESS") or b"")[:200].decode("utf-8", "replace").strip()
        if told != hashlib.sha256(merged).hexdigest():
            yield Finding(None, "_SUCCESS", "does not hold the sha256 of manifest.json: one of the two was changed")
    try:
        whole = read_json(place, "manifest.json")
    except Damaged as error:
        yield Finding(None, "manifest.json", str(error).removeprefix("manifest.json "))
        return
    if (whole.get("schema_version"), whole.get("kind")) != (SCHEMA_VERSION, layout.config.kind):
        yield Finding(None, "manifest.json", "is of another schema version or kind than config.json")
    listed = whole.get("shards")
    by_name = {str(s.get("shard")): s for s in listed if isinstance(s, dict)} if isinstance(listed, list) else {}
    if not isinstance(listed, list) or len(listed) != len(by_name):
        yield Finding(None, "manifest.json", "does not list every shard once")
    for shard in sorted({*by_name, *layout.shards}):
        if shard not in layout.shards:
            yield Finding(shard, "manifest.json", f"lists this shard, and there is no sound manifest/{shard}.json")
        elif shard not in by_name:
            yield Finding(shard, "manifest.json", "does not list this shard, which has a manifest")
        elif by_name[shard] != layout.shards[shard]:
            yield Finding(shard, f"manifest/{shard}.json", "differs from what manifest.json says of this shard: one of the two was changed")


def _stats(layout: Layout) -> Iterator[Finding]:
    try:
        funnels = [m["funnel"] for m in layout.shards.values()]
        merged = SUMS[layout.config.kind](funnels)
    except ValueError as error:
        yield Finding(None, "manifest", f"the funnels of the shards cannot be added: {error}")
        return
    try:
        told = read_json(layout.place, "stats.json").get("funnel")
    except Damaged as error:
        yield Finding(None, "stats.json", str(error).removeprefix("stats.json "))
        return
    if told != merged:
        yield Finding(None, "stats.json", "its funnel is not the sum of those in the manifests")


def _sha256(path: Path) -> str:
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            sha.update(block)
    return sha.hexdigest()


def _schema_fault(found: pa.Schema, wanted: pa.Schema) -> str | None:
    meta, wanted_meta = found.metadata or {}, wanted.metadata
    version = meta.get(VERSION, b"none").decode("utf-8", "replace")
    if version != str(SCHEMA_VERSION):
        return f"is of schema version {version}, not {SCHEMA_VERSION}"
    if meta.get(RECORD) != wanted_meta[RECORD]:
        return f"holds records of the kind {meta.get(RECORD, b'none').decode('utf-8', 'replace')!r}, not {wanted_meta[RECORD].decode()!r}"
    if found.names != wanted.names:
        missing, more = [n for n in wanted.names if n not in found.names], [n for n in found.names if n not in wanted.names]
        return f"has other columns: {', '.join(missing) or 'none'} missing, {', '.join(more) or 'none'} too many, or in another order"
    for have, want in zip(found, wanted, strict=True):
        if have.type != want.type or have.nullable != want.nullable:
            return f"has column {want.name} as {have.type}{'' if have.nullable else ' not null'}, not {want.type}{'' if want.nullable else ' not null'}"
    return None


def _file(place: Place, file: ShardFile, schema: pa.Schema, shard: _Shard) -> Iterator[Finding]:
    """Check one file by itself and take from it what the shard's files must agree in."""

    def problem(text: str) -> Finding:
        return Finding(file.shard, file.name, text)

    size = place.size(file.name)
    if size is None:
        yield problem("is missing; the same command that made the directory makes it anew")
        return
    (path,) = place.paths([file.name])
    try:
        yield from (problem(text) for text in _content(path, size, file, schema, shard))
    finally:
        place.drop(path)


def _content(path: Path, size: int, file: ShardFile, schema: pa.Schema, shard: _Shard) -> Iterator[str]:
    try:
        sha, info = _sha256(path), look(path)
    except OSError as error:
        yield f"cannot be read: {error.strerror}"
        return
    except Unreadable as error:
        yield str(error)
        return
    if size != file.bytes:
        yield f"has {size:,} bytes and its manifest says {file.bytes:,}"
        return
    if sha != file.sha256:
        yield "its sha256 is not the one in its manifest: the file was changed or damaged"
        return
    if info.rows != file.rows:
        yield f"has {info.rows:,} rows and its manifest says {file.rows:,}"
    fault = _schema_fault(info.schema, schema)
    if fault:
        yield fault
        return
    yield from _rows(path, file, shard)


def _rows(path: Path, file: ShardFile, shard: _Shard) -> Iterator[str]:
    ids, prompts = shard.ids.setdefault(file.table, Counter()), shard.of_prompt.setdefault(file.table, Counter())
    mislabelled = 0
    try:
        with pq.ParquetFile(path) as parquet:
            for batch in parquet.iter_batches(batch_size=ROWS):
                batch.validate(full=True)
                ids.update(batch["id"].to_pylist())
                if file.table == "prompts":
                    _take_outcomes(batch, shard)
                    continue
                prompts.update(batch["prompt_id"].to_pylist())
                if "verdict" in batch.schema.names:
                    correct = pc.equal(pc.struct_field(batch["verdict"], "status"), "correct")
                    shard.correct.update(batch["prompt_id"].filter(correct).to_pylist())
                reasons = pc.sum(pc.greater(pc.list_value_length(batch["drop_reasons"]), 0)).as_py() or 0
                if not shard.annotated:
                    mislabelled += reasons if file.table == "kept" else batch.num_rows - reasons
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        yield f"its rows cannot be read: {first_line(error)}"
        return
    if mislabelled:
        yield (
            f"{mislabelled:,} rows have drop reasons and are kept"
            if file.table == "kept"
            else f"{mislabelled:,} rows are rejected without a reason"
        )
    low, high = file.shard[:8], file.shard[9:]
    outside = [i for i in (ids if file.table == "prompts" else prompts) if not low <= i[:8] <= high]
    if outside and shard.ranged:
        yield f"{len(outside):,} prompt ids lie outside the shard's range, {outside[0]} for one"


def _take_outcomes(batch: pa.RecordBatch, shard: _Shard) -> None:
    counts = [n for n in ("n_sampled", "n_correct", "n_kept") if n in batch.schema.names]
    for prompt, *values in zip(batch["id"].to_pylist(), *(batch[n].to_pylist() for n in counts), strict=True):
        shard.outcomes[prompt] = dict(zip(counts, values, strict=True))


def _agreement(shard: str, manifest: Mapping[str, Any], kind: str, found: _Shard) -> Iterator[Finding]:
    """Whether the files of a shard agree with each other and with the shard's funnel; needs all of them readable, apart from the ids."""
    paths = {part: str(entry["path"]) for part, entry in manifest["files"].items() if part in found.ids}
    for part, ids in found.ids.items():
        twice = [i for i, n in ids.items() if n > 1]
        if twice:
            yield Finding(shard, paths[part], f"{len(twice):,} ids are there more than once, {twice[0]} for one")
    for one, other in (("kept", "rejects"), ("train", "validation")):
        both = [i for i in found.ids.get(one, ()) if i in found.ids.get(other, ())]
        if both:
            yield Finding(shard, paths[other], f"{len(both):,} ids are also in {one}/, {both[0]} for one")
    if not found.whole:
        return
    funnel = manifest["funnel"]
    if kind in COUNTED:
        kept = sum(found.ids["kept"].values())
        told = {"kept": kept, "rows": kept + sum(found.ids.get("rejects", Counter()).values())}
    elif kind == "mixed":
        told = {part: sum(found.ids[part].values()) for part in PARTS[kind]}
    else:
        told = {"prompts": sum(found.ids["prompts"].values())}
    if kind == "samples":
        of_kept, rejected = found.of_prompt["kept"], found.of_prompt["rejects"]
        told |= {"kept": sum(of_kept.values()), "sampled": sum(of_kept.values()) + sum(rejected.values())}
        orphans = sorted({*of_kept, *rejected} - set(found.outcomes))
        if orphans:
            yield Finding(shard, paths["prompts"], f"{len(orphans):,} prompts have samples and no outcome, {orphans[0]} for one")
        for name, rows in (("n_kept", of_kept), ("n_sampled", of_kept + rejected), ("n_correct", found.correct)):
            differ = [p for p, counts in found.outcomes.items() if counts[name] != rows[p]]
            if differ:
                text = f"{name} of {len(differ):,} prompts is not their number of rows, that of {differ[0]} for one: {found.outcomes[differ[0]][name]} told, {rows[differ[0]]} there"
                yield Finding(shard, paths["prompts"], text)
    for name, n in told.items():
        if funnel.get(name) != n:
            yield Finding(shard, f"manifest/{shard}.json", f"its funnel says {name} {funnel.get(name)} and the files hold {n:,}")
