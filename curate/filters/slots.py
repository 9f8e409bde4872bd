"""A table from 64-bit hashes to the row that had each first: open addressing in two numpy arrays, 12 bytes a slot, looked up and filled for many keys at once.

A dict would take some 100 bytes a key, and the buckets of 800,000 samples are eleven million keys. The keys are taken for hashes: they are not hashed again, so their low bits must be well mixed.
"""

import numpy as np
import numpy.typing as npt

from curate.filters.shingles import Hashes

Rows = npt.NDArray[np.int64]
LOAD = 0.7  # share of slots in use above which the table is doubled


class Slots:
    """Key 0 is no key."""

    def __init__(self) -> None:
        self._keys: Hashes = np.zeros(1 << 12, dtype=np.uint64)
        self._rows = np.zeros(1 << 12, dtype=np.int32)
        self._used = 0

    def first(self, keys: Hashes, rows: Rows) -> Rows:
        """For each key the row that had it first: an earlier one, or the first of `rows` (ascending) that has it now, which is remembered. -1 for key 0."""
        found = np.full(len(keys), -1, dtype=np.int64)
        given = np.flatnonzero(keys)
        known = self._find(keys[given])
        found[given] = known
        new = given[known < 0]
        distinct, where, which = np.unique(keys[new], return_index=True, return_inverse=True)
        firsts = rows[new[where]]
        found[new] = firsts[which]
        self._reserve(len(distinct))
        self._insert(distinct, firsts.astype(np.int32))
        return found

    def _find(self, keys: Hashes) -> Rows:
        found = np.full(len(keys), -1, dtype=np.int64)
        mask = np.uint64(len(self._keys) - 1)
        left = np.arange(len(keys))
        slots = keys & mask
        while len(left):
            there = self._keys[slots]
            hit = there == keys[left]
            found[left[hit]] = self._rows[slots[hit]]
            going = ~hit & (there != 0)
            left, slots = left[going], (slots[going] + np.uint64(1)) & mask
        return found

    def _insert(self, keys: Hashes, rows: npt.NDArray[np.int32]) -> None:
        """Distinct keys that are not there yet. Of several that want one empty slot the last one written has it, and the others go on."""
        mask = np.uint64(len(self._keys) - 1)
        slots = keys & mask
        self._used += len(keys)
        while len(keys):
            empty = self._keys[slots] == 0
            self._keys[slots[empty]] = keys[empty]
            won = self._keys[slots] == keys
            self._rows[slots[won]] = rows[won]
            keys, rows, slots = keys[~won], rows[~won], (slots[~won] + np.uint64(1)) & mask

    def _reserve(self, more: int) -> None:
        if self._used + more <= LOAD * len(self._keys):
            return
        size = len(self._keys)
        while self._used + more > LOAD * size:
            size *= 2
        keys, rows = self._keys, self._rows
        self._keys, self._rows = np.zeros(size, dtype=np.uint64), np.zeros(size, dtype=np.int32)
        self._used = 0
        held = np.flatnonzero(keys)
        for at in range(0, len(held), 1 << 20):
            some = held[at : at + (1 << 20)]
            self._insert(keys[some], rows[some])
