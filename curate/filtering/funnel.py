"""The counts of a shard: how many rows came in, what each filter found, what stayed, by domain, source and pass-rate band. Additive: the data set's is the sum of its shards'."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

UNKNOWN_BAND = "unknown"
MOST_GROUPS = 1000  # names of a kind that are counted apart; what comes after is counted as OTHER
OTHER = "(others)"


def band(rate: float | None) -> str:
    """The tenth that a prompt's pass rate lies in, its upper end included; 0 is one of its own."""
    if rate is None:
        return UNKNOWN_BAND
    tenth = -int(-rate * 10 // 1)
    return "0" if tenth <= 0 else f"{(tenth - 1) / 10:.1f} to {tenth / 10:.1f}"


class Funnel:
    """Counts one row after another."""

    def __init__(self, filters: Iterable[str]) -> None:
        self.totals: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.alone: Counter[str] = Counter()
        self.filters: dict[str, Counter[str]] = {name: Counter() for name in filters}
        self.licenses: Counter[str] = Counter()
        self.groups: dict[str, dict[str, dict[str, Any]]] = {"domains": {}, "sources": {}, "bands": {}}

    def count(
        self,
        row: Mapping[str, Any],
        reasons: Sequence[str],
        by_filter: Mapping[str, Sequence[str]],
        *,
        kept: bool,
        rate: float | None,
    ) -> None:
        """One row: `row` has domain, source, license, completion_tokens and characters; `by_filter` the reasons of each filter."""
        tokens, characters = row["completion_tokens"], row["characters"]
        self.totals.update(rows=1, kept=int(kept), tokens=tokens, characters=characters)
        if kept:
            self.totals.update(tokens_kept=tokens, characters_kept=characters)
            self.licenses[row["license"] or "unknown"] += 1
        self.reasons.update(reasons)
        if len(reasons) == 1:
            self.alone[reasons[0]] += 1
        for name, own in by_filter.items():
            if own:
                self.filters.setdefault(name, Counter()).update(dropped=1, alone=int(len(own) == len(reasons)))
        for kind, name in (("domains", row["domain"]), ("sources", row["source"]), ("bands", band(rate))):
            groups = self.groups[kind]
            group = groups.setdefault(
                name if name in groups or len(groups) < MOST_GROUPS else OTHER, {"rows": 0, "kept": 0, "reasons": Counter()}
            )
            group["rows"] += 1
            group["kept"] += int(kept)
            group["reasons"].update(reasons)

    def as_dict(self) -> dict[str, Any]:
        """As it stands in a manifest."""
        return {
            **{name: self.totals[name] for name in ("rows", "kept", "tokens", "tokens_kept", "characters", "characters_kept")},
            "reasons": dict(self.reasons),
            "alone": dict(self.alone),
            "licenses": dict(self.licenses),
            "filters": {name: {key: counts[key] for key in ("dropped", "alone")} for name, counts in self.filters.items()},
            **{kind: {name: {**g, "reasons": dict(g["reasons"])} for name, g in groups.items()} for kind, groups in self.groups.items()},
        }
