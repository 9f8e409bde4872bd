"""Which of many 64-bit hashes are among some that are looked for: a bitmap turns most of them away at a nanosecond or two each, a binary search does the rest."""

import numpy as np

from curate.filters.shingles import Hashes, Places

BITS = 22  # of a hash that number the places of the bitmap at least: 4 MB, which a processor's cache holds


class Lookup:
    """`hashes` may hold one several times; an entry is a position in them, as they were given."""

    def __init__(self, hashes: Hashes) -> None:
        self._order = np.argsort(hashes, kind="stable")
        self._sorted = hashes[self._order]
        self._shift = np.uint64(64 - max(BITS, len(hashes).bit_length() + 5))
        self._present = np.zeros(1 << (64 - int(self._shift)), dtype=bool)
        self._present[self._sorted >> self._shift] = True

    def found(self, hashes: Hashes) -> tuple[Places, Places]:
        """Pairs of a position in `hashes` and an entry with that hash, the positions ascending."""
        maybe = np.flatnonzero(self._present[hashes >> self._shift])
        left = np.searchsorted(self._sorted, hashes[maybe], "left")
        hit = self._sorted[np.minimum(left, len(self._sorted) - 1)] == hashes[maybe]
        maybe, left = maybe[hit], left[hit]
        counts = np.searchsorted(self._sorted, hashes[maybe], "right") - left
        return np.repeat(maybe, counts), self._order[np.repeat(left, counts) + within(counts)]


def within(counts: Places) -> Places:
    """0, 1, ... counts[0] - 1, then the same for counts[1], and so on."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
