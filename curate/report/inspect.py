"""`curate inspect`: what a Parquet file or directory holds, whoever wrote it and however far it is.

Of a directory of ours only what the manifests list is read, so one that is still being written shows exactly its finished shards; the funnel is their sum and costs nothing. Of any other directory all
Parquet files are read. A file that cannot be read is named and the others are shown. What lies in an object store is copied here while it is looked at.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from curate.errors import CurateError, StoreError, UsageError
from curate.report.filtered import filtered_statistics
from curate.report.funnel import merge, statistics
from curate.report.layout import Layout, is_dataset, read_layout
from curate.report.mixed import mixed_statistics
from curate.report.parquet import ParquetInfo, alike, look_all
from curate.report.rows import damage, opened, summary
from curate.shards import COUNTED, PARTS
from curate.storage import Place, at
from curate.where import is_visible_parquet

MOST_SAMPLED = 1000
SUMMED: Mapping[str, Callable[[list[dict[str, Any]]], dict[str, Any]]] = {
    **dict.fromkeys(COUNTED, filtered_statistics),
    "mixed": lambda funnels: mixed_statistics(funnels, {}, {}, {}),
}


def _files(place: Place, rejects: bool) -> tuple[dict[Path, str], Layout | None, str | None, list[str]]:
    """The Parquet files to read and their names in `place`, the directory's layout if it is one of ours, which of its tables they are, and notes."""
    kind = place.kind()
    if kind is None:
        raise UsageError(f"{place} does not exist")
    if kind == "file":
        if rejects:
            raise UsageError(f"--rejects is for a dataset directory, and {place} is a file")
        return {place.parent.paths([place.base])[0]: str(place)}, None, None, []
    inside = place.base in PARTS["samples"] and is_dataset(place.parent)
    if inside or is_dataset(place):
        layout = read_layout(place.parent if inside else place)
        parts = list(PARTS[layout.config.kind])
        table = place.base if inside else "rejects" if rejects else parts[0]
        if table not in parts:
            raise UsageError(f"{layout.place} has no {table}: it has {', '.join(parts)}")
        notes = (
            [] if layout.complete else ["not complete: the run that writes it is going on or was stopped; only finished shards are counted"]
        )
        if layout.strays:
            notes.append(f"{len(layout.strays)} files that no manifest lists are left out, {layout.strays[0]} for one")
        names = [f.name for f in layout.table(table)]
        return _named(layout.place, names), layout, table, notes
    if rejects:
        raise UsageError(f"--rejects is for a dataset directory of r1-curate, and {place} is none")
    return _named(place, [name for name in place.everything() if is_visible_parquet(name)]), None, None, []


def _named(place: Place, names: Sequence[str]) -> dict[Path, str]:
    return dict(zip(place.paths(names), names, strict=True))


def _readable(place: Place, files: Mapping[Path, str], layout: Layout | None, problems: list[str]) -> list[ParquetInfo]:
    found, broken = look_all(list(files))
    problems += [f"{files[p]} {why}" for p, why in broken]
    if layout is not None:
        problems += [str(f) for f in layout.findings]
        sizes = {f.name: f.bytes for f in layout.files}
        problems += [
            f"{files[i.path]} has {i.bytes} bytes and its manifest says {sizes[files[i.path]]}: it was changed"
            for i in found
            if i.bytes != sizes[files[i.path]]
        ]
    if found:
        return found
    if broken and files[broken[0][0]] == str(place):
        raise StoreError(f"{place} {broken[0][1]}")
    if problems:
        raise UsageError(f"nothing in {place} can be read: {problems[0]}")
    raise UsageError(f"{place} holds no finished shard yet" if layout is not None else f"{place} holds no Parquet file")


def _counted(files: list[ParquetInfo], where: str | None, columns: Sequence[str] | None, sample: int, seed: int) -> dict[str, Any]:
    with opened([f.path for f in files], where) as rows:
        known = list(rows.types)
        for column in columns or ():
            if column not in known:
                raise UsageError(f"there is no column {column!r}: the columns are {', '.join(known)}")
        chosen = list(columns or known)
        return {
            "rows": rows.count() if where is not None else sum(f.rows for f in files),
            **summary(rows, chosen),
            "sample": [{k: plain(v) for k, v in row.items()} for row in rows.sample(sample, seed, chosen)] if sample else [],
        }


def _undamaged(files: list[ParquetInfo], problems: list[str]) -> list[ParquetInfo]:
    whole = []
    for info in files:
        said = damage(info.path)
        if said is None:
            whole.append(info)
        else:
            problems.append(f"{info.path.name} is damaged: {said}")
    return whole


def inspect(
    path: str | PathLike[str],
    *,
    where: str | None = None,
    columns: Sequence[str] | None = None,
    sample: int = 0,
    seed: int = 0,
    rejects: bool = False,
) -> dict[str, Any]:
    """What `path`, or an address such as `s3://bucket/run`, holds, as one JSON object; `problems` names the files that could not be read.

    `where` is a condition in DuckDB's SQL that restricts the rows, `columns` restricts what is measured and sampled, `sample` rows are drawn with `seed`. Raises UsageError where nothing can be read
    or an argument does not fit, StoreError where a file given by itself is damaged.
    """
    if not 0 <= sample <= MOST_SAMPLED:
        raise UsageError(f"--sample takes 0 to {MOST_SAMPLED} rows")
    place = at(path)
    paths, layout, table, notes = _files(place, rejects)
    problems: list[str] = []
    files, others = alike(_readable(place, paths, layout, problems))
    for other in others:
        notes.append(
            f"{len(other)} files with {sum(i.rows for i in other):,} rows have other columns and are left out, {other[0].path.name} for one: inspect them by themselves"
        )
    try:
        counted = _counted(files, where, columns, sample, seed)
    except CurateError:
        whole = _undamaged(files, problems)
        if len(whole) in (0, len(files)):
            raise
        files = whole
        counted = _counted(files, where, columns, sample, seed)
    stats = _statistics(layout, problems) if layout is not None and layout.place is place and where is None and columns is None else None
    if stats is not None and layout is not None and layout.config.kind in SUMMED:
        counted |= {"drop_reasons": stats["funnel"].get("reasons", {})}
    elif stats is not None:
        funnel = stats["funnel"]
        counted |= {
            "verdicts": funnel["status"],
            "drop_reasons": funnel["dropped"],
            "pass_rates": funnel["pass_rates"],
            "sources": stats["sources"],
            "domains": stats["domains"],
        }
    return {
        "path": str(place),
        "kind": "parquet" if layout is None else layout.config.kind,
        "complete": None if layout is None else layout.complete,
        "table": table,
        "files": len(files),
        "bytes": sum(f.bytes for f in files),
        "where": where,
        "schema": [_column(field) for field in files[0].schema if columns is None or field.name in columns],
        "stats": stats,
        **counted,
        "notes": notes,
        "problems": problems,
    }


def _statistics(layout: Layout, problems: list[str]) -> dict[str, Any] | None:
    try:
        funnels = [m["funnel"] for m in layout.shards.values()]
        return SUMMED[layout.config.kind](funnels) if layout.config.kind in SUMMED else statistics(merge(funnels))
    except ValueError as error:
        problems.append(f"a manifest holds no sound funnel: {error}")
        return None


def _column(field: Any) -> dict[str, Any]:
    description = (field.metadata or {}).get(b"description", b"").decode("utf-8", "replace")
    return {"name": field.name, "type": str(field.type), "nullable": field.nullable, "description": description}


def plain(value: Any) -> Any:
    """A value of a row as JSON can hold it: bytes become their number, dates and decimals text, what is not a number null."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return f"({len(value):,} bytes)"
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)
