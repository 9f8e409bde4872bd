"""Which rows a judge is asked about: those that need it, unless everything is asked for.

Of the three flaws of a chain these are the ones near the rule's limit, on either side of it, where a rule is least sure: a metric between a half and twice its limit. Both come from the set itself, the metrics as columns and the limits as
they were when it was filtered. A set without these columns was never measured, and all its chains are asked about.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from curate.filtering.work import traces
from curate.filters.base import Trace
from curate.filters.chain import Chain
from curate.filters.judge import CHAIN_TASKS, CORRECTNESS
from curate.report.layout import is_dataset, read_layout
from curate.storage import at

UNDECIDED = frozenset(
    {"unverifiable", "unparsable_gold", "verifier_timeout", "verifier_crash"}
)  # statuses, and the drop reasons of the same names
NEAR = 2.0  # so many times above or below its limit a metric is near; chosen: one that is a tenth of the limit needs no second opinion

Limits = Mapping[str, Sequence[tuple[str, float]]]  # by task: metrics of the chain, with their limits


class Row(NamedTuple):
    """What decides whether a row is judged, and what the judge is shown. `near`: the chain's flaws whose limit it is near."""

    id: str
    gold: str | None
    status: str
    reasons: frozenset[str]
    near: frozenset[str]
    trace: Trace


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked: `tasks` by name; `everything` asks of all rows and not only of those that need it; `min_quality` is the least score of a good answer."""

    tasks: tuple[str, ...]
    rubric: str | None = None
    everything: bool = False
    min_quality: float = 5.0
    rejects: bool = False
    where: str | None = None

    def asks(self, task: str, row: Row) -> bool:
        """Whether a row is judged: what a rule has dropped is not, unless rules could not decide and correctness is asked, it was dropped for that very flaw alone, or `everything`."""
        if task == CORRECTNESS.name:
            needed = row.status in UNDECIDED and row.reasons <= UNDECIDED
            return row.gold is not None and (self.everything or needed)
        if task in CHAIN_TASKS:
            there = bool(row.trace.reasoning) and not (task == "code_block" and row.trace.domain == "code")
            return there and (self.everything or (task in row.near and row.reasons <= {task}))
        return self.everything or (row.trace.domain == "general" and not row.reasons)


def limits(names: Sequence[str]) -> Limits:
    """The limits of the chain's three flaws: those that the datasets of ours among `names` were filtered with, and where none was, the defaults."""
    configs = [read_layout(place).config for place in map(at, names) if place.kind() == "directory" and is_dataset(place)]
    filtered = [config.identity.get("filters", {}) for config in configs]
    found: dict[str, list[tuple[str, float]]] = {}
    for task in CHAIN_TASKS:
        [rule] = Chain.of([task]).filters
        for limit in (x for x in rule.limits if x.metric.startswith("reasoning_")):
            values = {float(f[task]["limits"][limit.name]) for f in filtered if limit.name in f.get(task, {}).get("limits", {})}
            found.setdefault(task, []).extend((limit.metric, value) for value in sorted(values or {limit.value}))
    return found


def rows(table: pa.Table, near: Limits) -> Iterator[Row]:
    """The rows of a table."""
    measured = {task: [(m, v) for m, v in pairs if m in table.column_names] for task, pairs in near.items()}
    metrics = {metric: table[metric].to_pylist() for pairs in measured.values() for metric, _ in pairs}
    columns = (table[name].to_pylist() for name in ("id", "gold", "verdict", "drop_reasons"))
    for i, (identifier, gold, verdict, reasons, trace) in enumerate(zip(*columns, traces(table), strict=True)):
        close = {task for task, pairs in measured.items() if not pairs or any(_near(metrics[metric][i], value) for metric, value in pairs)}
        yield Row(identifier, gold, verdict["status"], frozenset(reasons), frozenset(close), trace)


def _near(measured: float | None, limit: float) -> bool:
    return measured is not None and limit / NEAR <= measured <= limit * NEAR
