"""From the counts of shards to the statistics of a dataset, and to the text at the end of a run.

A funnel is additive: each shard's manifest holds one, and the dataset's is their sum, so nothing is read again. Shares come with a 95 % Wilson interval, which, unlike the textbook's normal
approximation, stays inside [0, 1] and holds at yields of a few per mille. Prompts are drawn one by one, so the interval of the coverage holds as it is; samples of one prompt resemble each
other, so that of a yield is too narrow, and the text says so.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from curate.report.text import bar, number, percent, table

Funnel = dict[str, Any]

SCHEMA_VERSION = 1
LARGEST = 2**63  # a count above this is damage
PASS_RATE_BINS = 11  # none at all, then ten bins of a tenth, each with its upper end: (0, 0.1] .. (0.9, 1]
PASS_RATE_LABELS = ("0", *(f"{(k - 1) / 10:.1f} to {k / 10:.1f}" for k in range(1, 11)))
_IN_GROUP = ("prompts", "sampled", "correct", "accepted", "kept", "tokens", "prompts_with_kept")
_COUNTS = ("prompts", "sampled", "accepted", "kept", "tokens", "tokens_kept", "prompts_with_kept")
_TABLES = ("status", "dropped", "stop_reasons", "finish_reasons")
GROUPS = ("sources", "domains")
_Z95 = 1.959963984540054


def _add(left: Any, right: Any, where: str) -> Any:
    """The sum of two funnels or parts of them; None is the empty part."""
    if isinstance(right, Mapping) and (left is None or isinstance(left, Mapping)):
        left = left or {}
        return {k: _add(left.get(k), right[k], f"{where}.{k}") if k in right else left[k] for k in sorted({*left, *right})}
    if isinstance(right, list) and (left is None or (isinstance(left, list) and len(left) == len(right))):
        return [_add(a, b, where) for a, b in zip(left or [None] * len(right), right, strict=True)]
    if isinstance(right, int) and 0 <= right < LARGEST and (left is None or isinstance(left, int)):
        return (left or 0) + right
    raise ValueError(f"a funnel's {where.lstrip('.')} cannot be {str(right)[:60]!r}")


def added(funnels: Iterable[Mapping[str, Any]]) -> Funnel:
    """The sum of nested counts; one that is missing is 0. Raises ValueError for what is no count."""
    total: Funnel = {}
    for funnel in funnels:
        total = _add(total, funnel, "")
    return total


def merge(funnels: Iterable[Mapping[str, Any]]) -> Funnel:
    """The sum of the funnels, whatever their order; a count that a funnel lacks is 0 in it. Raises ValueError for what is no funnel."""
    total: Funnel = {
        **dict.fromkeys(_COUNTS, 0),
        **{name: {} for name in (*_TABLES, *GROUPS)},
        "pass_rates": [0] * PASS_RATE_BINS,
    }
    for funnel in funnels:
        total = _add(total, funnel, "")
    for name, kind in (*((n, int) for n in _TABLES), *((n, Mapping) for n in GROUPS)):
        for key, value in total[name].items():
            if not isinstance(value, kind) or (isinstance(value, Mapping) and not all(isinstance(n, int) for n in value.values())):
                raise ValueError(f"a funnel's {name}.{key} cannot be {str(value)[:60]!r}")
    return {k: total[k] for k in sorted(total)}


def wilson(hits: float, tries: float, z: float = _Z95) -> tuple[float, float] | None:
    """The Wilson score interval of a share, 95 % unless another quantile is given; None where nothing was tried, or more hit than was tried, as only damaged counts say."""
    if tries <= 0 or not 0 <= hits <= tries:
        return None
    share, z2 = hits / tries, z**2
    middle = (share + z2 / (2 * tries)) / (1 + z2 / tries)
    half = z / (1 + z2 / tries) * math.sqrt(share * (1 - share) / tries + z2 / (4 * tries**2))
    return (0.0 if hits == 0 else max(0.0, middle - half), 1.0 if hits == tries else min(1.0, middle + half))


def share(hits: int, tries: int) -> dict[str, float | None]:
    """`value`, `low` and `high` of hits over tries: the share and its 95 % interval, all None where there is no share."""
    interval = wilson(hits, tries)
    return {
        "value": None if interval is None else round(hits / tries, 6),
        "low": None if interval is None else round(interval[0], 6),
        "high": None if interval is None else round(interval[1], 6),
    }


def _group(counts: Mapping[str, Any]) -> dict[str, Any]:
    full = {**dict.fromkeys(_IN_GROUP, 0), **counts}
    return {
        **full,
        "yield": share(full["kept"], full["sampled"]),
        "coverage": share(full["prompts_with_kept"], full["prompts"]),
        "tokens_per_useful_trace": round(full["tokens"] / full["kept"], 1) if full["kept"] else None,
    }


def statistics(merged: Mapping[str, Any]) -> dict[str, Any]:
    """stats.json: the merged funnel and what follows from it.

    `yield` is kept over sampled, `coverage` prompts with a kept trace over prompts, `tokens_per_useful_trace` all generated tokens over kept rows (None without one),
    `useful_tokens` the share of the tokens that went into kept rows. `sources` and `domains` have the same for each.
    """
    funnel = merge([merged])
    whole = _group({k: funnel[k] for k in _COUNTS if k in _IN_GROUP} | {"correct": funnel["status"].get("correct", 0)})
    return {
        "schema_version": SCHEMA_VERSION,
        "funnel": {k: v for k, v in funnel.items() if k not in GROUPS},
        **{k: whole[k] for k in ("yield", "coverage", "tokens_per_useful_trace")},
        "accepted_share": share(funnel["accepted"], funnel["sampled"]),
        "useful_tokens": round(funnel["tokens_kept"] / funnel["tokens"], 6) if funnel["tokens"] else None,
        "status_shares": {k: round(v / funnel["sampled"], 6) for k, v in funnel["status"].items() if funnel["sampled"]},
        "drop_shares": {k: round(v / funnel["sampled"], 6) for k, v in funnel["dropped"].items() if funnel["sampled"]},
        **{kind: {name: _group(counts) for name, counts in funnel[kind].items()} for kind in GROUPS},
    }


def _interval(value: Mapping[str, float | None]) -> str:
    if value["low"] is None or value["high"] is None:
        return "-"
    return f"{100 * value['low']:.1f} to {100 * value['high']:.1f} %"


def _largest_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def group_table(title: str, groups: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The lines of a table of sources or domains, those with most prompts first."""
    rows = [
        (
            name or "(not named)",
            number(g["prompts"]),
            number(g["sampled"]),
            number(g["kept"]),
            percent(g["yield"]["value"]),
            _interval(g["yield"]),
            number(g["tokens_per_useful_trace"]),
        )
        for name, g in sorted(groups.items(), key=lambda item: (-item[1]["prompts"], item[0]))
    ]
    return table((title, "prompts", "sampled", "kept", "yield", "95 % interval", "tok/kept"), rows)


def histogram(counts: Iterable[int]) -> list[str]:
    """The lines of the pass-rate histogram: prompts by the share of their samples that was accepted."""
    counts = list(counts)
    return table(
        ("pass rate", "prompts", ""),
        [(label, number(n), bar(n, max(counts)).ljust(30)) for label, n in zip(PASS_RATE_LABELS, counts, strict=True)],
    )


def render_funnel(stats: Mapping[str, Any]) -> str:
    """The statistics as text of at most 80 columns: the funnel, then the yield of each source and domain. Prompts that were never sampled have only their counts."""
    funnel = stats["funnel"]
    if not funnel["sampled"]:
        lines = table(("funnel", ""), [("prompts", number(funnel["prompts"]))])
        for kind in GROUPS:
            if stats[kind]:
                lines += ["", *table((kind[:-1], "prompts"), [(n, number(g["prompts"])) for n, g in stats[kind].items()])]
        return "\n".join(lines) + "\n"
    sampled = funnel["sampled"]
    rows = [
        ("prompts", number(funnel["prompts"]), "", ""),
        ("  with a kept trace", number(funnel["prompts_with_kept"]), percent(stats["coverage"]["value"]), _interval(stats["coverage"])),
        *(
            (f"  ended: {name}", number(n), percent(n / funnel["prompts"] if funnel["prompts"] else None), "")
            for name, n in _largest_first(funnel["stop_reasons"])
        ),
        ("samples", number(sampled), "", ""),
        *((f"  {name}", number(n), percent(n / sampled), "") for name, n in _largest_first(funnel["status"])),
        ("accepted", number(funnel["accepted"]), percent(stats["accepted_share"]["value"]), _interval(stats["accepted_share"])),
        ("kept (the yield)", number(funnel["kept"]), percent(stats["yield"]["value"]), _interval(stats["yield"])),
        ("rejected, by reason", number(sampled - funnel["kept"]), percent(1 - funnel["kept"] / sampled), ""),
        *((f"  {name}", number(n), percent(n / sampled), "") for name, n in _largest_first(funnel["dropped"])),
        ("tokens generated", number(funnel["tokens"]), "", ""),
        ("  in kept traces", number(funnel["tokens_kept"]), percent(stats["useful_tokens"]), ""),
        ("tokens per useful trace", number(stats["tokens_per_useful_trace"]), "", ""),
    ]
    lines = table(("funnel", "count", "share", "95 % interval"), rows)
    for kind in GROUPS:
        if stats[kind] and (kind == "sources" or len(stats[kind]) > 1):
            lines += ["", *group_table(kind[:-1], stats[kind])]
    lines += [
        "",
        "A share of samples is of all samples; a sample can have several reasons. The",
        "samples of one prompt are alike, so intervals of sample shares are too narrow.",
    ]
    return "\n".join(lines) + "\n"
