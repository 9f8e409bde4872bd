"""Texts into rows of bounded length: best fit, longest first, as R1's authors pack theirs (arXiv 2501.12948v2, appendix B.1), and the rows dealt to processes.

Departs from a streaming packer in that one optimizer step is packed at a time: the step holds the samples that it would hold without packing, so packing changes its speed and nothing of what is learned.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence


def best_fit(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """The numbers of the texts in each row: each text, longest first, goes into the row that it fills best. Rows hold at most `capacity` tokens. ValueError for a text that is longer."""
    if lengths and max(lengths) > capacity:
        raise ValueError(f"a text of {max(lengths)} tokens does not fit into rows of {capacity}")
    rows: list[list[int]] = []
    free: list[tuple[int, int]] = []  # (room left, row), sorted
    for i in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        at = bisect_left(free, (lengths[i], -1))
        if at < len(free):
            room, row = free.pop(at)
        else:
            room, row = capacity, len(rows)
            rows.append([])
        rows[row].append(i)
        insort(free, (room - lengths[i], row))
    return rows


def dealt(rows: Sequence[list[int]], lengths: Sequence[int], ranks: int) -> list[list[list[int]]]:
    """The rows of each process, as many for each: processes wait for each other at every row. Long rows meet long ones. An empty row is one without work."""
    ordered = sorted(rows, key=lambda row: (-sum(lengths[i] for i in row), row))
    short = -len(ordered) % ranks
    whole = [*ordered, *([] for _ in range(short))]
    return [whole[rank::ranks] for rank in range(ranks)]
