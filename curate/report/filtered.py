"""The statistics of a filtered dataset, from the counts of its shards to the text at the end of a run.

A row may have several reasons, so the shares of reasons do not add up to that of the rejected; `alone` counts the rows that a reason, or a filter, is the only one to drop. Shares come with the 95 % Wilson
interval of curate/report/funnel.py, which says how far they may be off for other samples of the same model, and nothing of the filter's own errors.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from curate.report.funnel import added, share
from curate.report.text import number, percent, table

SCHEMA_VERSION = 1
KINDS = ("domains", "sources", "bands")
TITLES = {"domains": "domain", "sources": "source", "bands": "pass rate"}
MOST_SHOWN = 12  # rows of a table on a terminal
_TOTALS = ("rows", "kept", "tokens", "tokens_kept", "characters", "characters_kept")


def filtered_statistics(funnels: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """stats.json of a filtered dataset: the sum of the shards' funnels under `funnel`, and the shares that follow from it. Raises ValueError for what is no funnel."""
    empty = {**dict.fromkeys(_TOTALS, 0), **{name: {} for name in ("reasons", "alone", "licenses", "filters", *KINDS)}}
    funnel = added([empty, *funnels])
    rows = funnel["rows"]
    return {
        "schema_version": SCHEMA_VERSION,
        "funnel": funnel,
        "kept_share": share(funnel["kept"], rows),
        "tokens_kept_share": round(funnel["tokens_kept"] / funnel["tokens"], 6) if funnel["tokens"] else None,
        "reasons": {name: {**share(n, rows), "alone": funnel["alone"].get(name, 0)} for name, n in funnel["reasons"].items()},
        **{
            kind: {
                name: {"rows": g["rows"], "kept": g["kept"], "kept_share": share(g["kept"], g["rows"])} for name, g in funnel[kind].items()
            }
            for kind in KINDS
        },
    }


def _largest_first(counts: Mapping[str, Any], key: str | None = None) -> list[tuple[str, Any]]:
    return sorted(counts.items(), key=lambda item: (-(item[1] if key is None else item[1][key]), item[0]))


def render_filtered(stats: Mapping[str, Any], most: int = MOST_SHOWN, *, rows_are: str = "samples") -> str:
    """The statistics as text: what came in, what each filter dropped, by which reason, and what stayed by domain, source and pass rate."""
    funnel = stats["funnel"]
    rows = funnel["rows"]
    lines = table(
        ("funnel", "rows", "share", "no other reason"),
        [
            (rows_are, number(rows), "", ""),
            *(
                (f"  {name}", number(counts["dropped"]), percent(counts["dropped"] / rows if rows else None), number(counts["alone"]))
                for name, counts in funnel["filters"].items()
                if counts["dropped"]
            ),
            ("rejected", number(rows - funnel["kept"]), percent(1 - funnel["kept"] / rows if rows else None), ""),
            ("kept", number(funnel["kept"]), percent(stats["kept_share"]["value"]), ""),
            ("  of the tokens", number(funnel["tokens_kept"]), percent(stats["tokens_kept_share"]), ""),
        ],
    )
    clean = [name for name, counts in funnel["filters"].items() if not counts["dropped"]]
    if clean:
        lines.append("dropped nothing: " + ", ".join(clean))
    if funnel["reasons"]:
        lines += [
            "",
            *table(
                ("reason", "rows", "share", "no other reason"),
                [(n, number(c), percent(c / rows), number(funnel["alone"].get(n, 0))) for n, c in _largest_first(funnel["reasons"])],
            ),
        ]
    for kind in KINDS:
        groups = stats[kind]
        if len(groups) > 1 or (kind == "sources" and groups):
            first = _largest_first(groups, "rows") if kind != "bands" else sorted(groups.items())
            shown = [
                (name or "(not named)", number(g["rows"]), number(g["kept"]), percent(g["kept_share"]["value"])) for name, g in first[:most]
            ]
            lines += ["", *table((TITLES[kind], "rows", "kept", "share"), shown)]
            if len(first) > most:
                lines.append(f"and {len(first) - most:,} more")
    return "\n".join(lines) + "\n"
