"""Any source with its prompts sorted into those that are answered with a chain of thought and those that are not.

R1's general samples have a chain for some tasks and none for simple ones such as a greeting (arXiv 2501.12948v2, B.3.3); which tasks, and how that was decided, is not published. Here the rule is a value of the recipe: pairs of an
SQL condition and a mode, of which the first whose condition holds for a prompt decides, and a prompt for which none holds keeps its own mode. Conditions see a prompt's columns and `question`, its last turn.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from curate.errors import UsageError
from curate.records import PROMPTS, Mode, Prompt, digest, prompt_row
from curate.sources.base import Source
from curate.sources.mapping import MODES
from curate.sources.table import batches
from curate.where import connect, matching

SCHEMA = PROMPTS.append(pa.field("question", pa.string(), nullable=False))


class Routed:
    """The prompts of a source, with the mode that `routes` gives them. Raises UsageError for a route that is none, and while reading for a condition that does not work."""

    def __init__(self, source: Source, routes: Sequence[Sequence[str]]) -> None:
        for route in routes:
            if len(route) != 2 or route[1] not in MODES:
                raise UsageError(f"a route is an SQL condition and one of {', '.join(MODES)}, not {list(route)!r}")
        self.source = source
        self.routes: list[tuple[str, Mode]] = [(condition, "plain" if mode == "plain" else "think") for condition, mode in routes]
        self.name, self.revision = source.name, source.revision

    @property
    def skipped(self) -> Mapping[str, int]:
        """Rows that gave no prompt, by reason."""
        return self.source.skipped

    def fingerprint(self) -> str:
        """A hash over the source's own and the routes."""
        return digest(["routed", self.source.fingerprint(), self.routes])

    def __iter__(self) -> Iterator[Prompt]:
        """The prompts, in the source's order."""
        connection = connect()
        try:
            for batch in batches(self.source):
                rows = [{**prompt_row(p), "question": p.messages[-1].content if p.messages else ""} for p in batch]
                table = pa.Table.from_pylist(rows, schema=SCHEMA)
                modes: list[Mode | None] = [None] * len(batch)
                for condition, mode in self.routes:
                    for i, holds in enumerate(matching(connection, table, condition)):
                        modes[i] = mode if holds and modes[i] is None else modes[i]
                yield from (p if mode is None else replace(p, mode=mode) for p, mode in zip(batch, modes, strict=True))
        finally:
            connection.close()
