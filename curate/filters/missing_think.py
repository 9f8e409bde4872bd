"""A sample that was meant to have a chain of thought and has none: the model wrote none, or a server kept it to itself (`chain_hidden`) or gave a summary of it (`chain_summary`).

A summary is no chain to learn from, whatever it says. A sample in mode plain is never missing one, and a request that was refused has no completion that could.
"""

from collections.abc import Iterable

from curate.filters.base import Filter, Trace

_SERVERS = {"hidden": "chain_hidden", "summary": "chain_summary"}


def missing(trace: Trace) -> Iterable[str]:
    """`chain_hidden`, `chain_summary` or `missing_think`."""
    if trace.chain in _SERVERS:
        return (_SERVERS[trace.chain],)
    return ("missing_think",) if trace.reasoning is None and trace.finish_reason != "error" else ()


FILTER = Filter("missing_think", "1", lambda _: {}, reasons=missing, modes=frozenset({"think"}))
