"""The statistics of rollouts, samples that a model gave while it was trained on them, as text. What was learned from them stands in the training run's own report."""

from collections.abc import Mapping
from typing import Any

from curate.report.funnel import PASS_RATE_LABELS
from curate.report.text import number, percent, table


def render_rollouts(stats: Mapping[str, Any]) -> str:
    """How many rollouts, groups and samples there are, what the verifiers said of them, and how many can teach something. An answer's reward is compared with those of its group, so one whose samples all got the same teaches nothing."""
    funnel = stats["funnel"]
    rows, groups = funnel["rows"], funnel.get("groups", 0)

    def share(n: int, of: int) -> str:
        return percent(n / of if of else None)

    lines = table(
        ("rollouts", "count", "share"),
        [
            ("rollouts", number(funnel.get("rollouts", 0)), ""),
            ("groups", number(groups), ""),
            *((f"  {name}", number(n), share(n, groups)) for name, n in funnel.get("group_kinds", {}).items()),
            ("samples", number(rows), ""),
            *((f"  {name}", number(n), share(n, rows)) for name, n in funnel.get("status", {}).items()),
            ("ended", "", ""),
            *((f"  {name}", number(n), share(n, rows)) for name, n in funnel.get("finish_reasons", {}).items()),
            ("tokens generated", number(funnel["tokens"]), ""),
        ],
    )
    known = [(name, funnel["bands"][name]["rows"]) for name in PASS_RATE_LABELS if name in funnel["bands"]]
    if known:
        lines += ["", *table(("pass rate of a group", "samples", "share"), [(name, number(n), share(n, rows)) for name, n in known])]
    return "\n".join(lines) + "\n"
