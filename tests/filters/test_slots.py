"""The table of first rows against a dict."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curate.filters.slots import Slots


@given(st.lists(st.lists(st.integers(0, 40).map(lambda k: k << 12 if k % 3 else k), max_size=30), max_size=6))
def test_it_says_what_a_dict_says(batches: list[list[int]]) -> None:
    slots, known, row = Slots(), dict[int, int](), 0
    for batch in batches:
        rows = np.arange(row, row + len(batch))
        expected = [-1 if key == 0 else known.setdefault(key, r) for key, r in zip(batch, rows.tolist(), strict=True)]
        assert slots.first(np.array(batch, dtype=np.uint64), rows).tolist() == expected
        row += len(batch)


def test_it_grows() -> None:
    slots = Slots()
    keys = np.random.default_rng(0).integers(1, 1 << 63, 60_000, dtype=np.uint64)
    rows = np.arange(len(keys))
    for at in range(0, len(keys), 9_000):
        assert slots.first(keys[at : at + 9_000], rows[at : at + 9_000]).tolist() == rows[at : at + 9_000].tolist()
    assert slots.first(keys, rows + 100_000).tolist() == rows.tolist()
