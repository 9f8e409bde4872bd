"""The statistics of a mixture: what is in its two parts, and how far the quotas were filled."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curate.report.funnel import added
from curate.report.text import number, percent, table

SCHEMA_VERSION = 1
GROUPS = ("domains", "sources", "licenses", "models", "languages")
_COLUMNS = {"domains": "domain", "sources": "source", "licenses": "license", "models": "model", "languages": "language"}
MOST_SHOWN = 12


def counted(parts: Mapping[str, pa.Table]) -> dict[str, Any]:
    """The funnel of a shard: rows and tokens of each part, and rows by domain, source, licence, model and language of both."""
    funnel: dict[str, Any] = {"tokens": 0, **{name: {} for name in GROUPS}}
    for part, rows in parts.items():
        funnel[part] = rows.num_rows
        funnel["tokens"] += pc.sum(rows["completion_tokens"]).as_py() or 0
        for group, column in _COLUMNS.items():
            counts = Counter(funnel[group])
            for value in pc.value_counts(rows[column]).to_pylist():
                counts[value["values"] or "unknown"] += value["counts"]
            funnel[group] = dict(counts)
    return funnel


def mixed_statistics(
    funnels: Iterable[Mapping[str, Any]],
    quotas: Mapping[str, Mapping[str, int | None]],
    shortfall: Mapping[str, int],
    left_out: Mapping[str, int],
) -> dict[str, Any]:
    """stats.json of a mixture. `left_out` are rows of strangers that are damaged, by reason."""
    return {
        "schema_version": SCHEMA_VERSION,
        "funnel": added([{"tokens": 0, "train": 0, "validation": 0, **{name: {} for name in GROUPS}}, *funnels]),
        "quotas": {name: dict(found) for name, found in quotas.items()},
        "shortfall": dict(shortfall),
        "left_out": dict(left_out),
    }


def render_mixed(stats: Mapping[str, Any], most: int = MOST_SHOWN) -> str:
    """The statistics as text."""
    funnel = stats["funnel"]
    rows = funnel["train"] + funnel["validation"]
    lines = table(
        ("domain", "there", "after the cap", "wanted", "taken", "missing"),
        [
            (
                name,
                number(q["there"]),
                number(q["after the cap"]),
                "all" if q["wanted"] is None else number(q["wanted"]),
                number(q["taken"]),
                number(stats["shortfall"].get(name, 0)),
            )
            for name, q in sorted(stats["quotas"].items(), key=lambda item: (-(item[1]["taken"] or 0), item[0]))
        ],
    )
    for group in ("sources", "licenses", "models", "languages"):
        first = sorted(funnel[group].items(), key=lambda item: (-item[1], item[0]))
        if first:
            lines += ["", *table((group[:-1], "rows", "share"), [(name, number(n), percent(n / rows)) for name, n in first[:most]])]
            if len(first) > most:
                lines.append(f"and {len(first) - most:,} more")
    lines += ["", f"{funnel['train']:,} samples to train on, {funnel['validation']:,} held out, {funnel['tokens']:,} tokens"]
    if stats["left_out"]:
        lines.append("left out: " + ", ".join(f"{n:,} {reason}" for reason, n in sorted(stats["left_out"].items())))
    return "\n".join(lines) + "\n"
