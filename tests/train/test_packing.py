import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.packing import best_fit, dealt

LENGTHS = st.lists(st.integers(1, 50), max_size=40)


@given(LENGTHS)
def test_every_text_is_in_one_row_and_no_row_is_too_long(lengths):
    rows = best_fit(lengths, 50)
    assert sorted(i for row in rows for i in row) == list(range(len(lengths)))
    assert all(0 < sum(lengths[i] for i in row) <= 50 for row in rows)


@given(LENGTHS)
def test_few_rows_are_half_empty(lengths):
    """Best fit, longest first: two rows that are both at most half full would have been one."""
    rows = best_fit(lengths, 50)
    assert sum(sum(lengths[i] for i in row) * 2 <= 50 for row in rows) <= 1


@pytest.mark.parametrize(
    ("lengths", "rows"), [([5, 5, 10], [[2], [0, 1]]), ([6, 5, 4, 3, 2], [[0, 2], [1, 3, 4]]), ([], []), ([10], [[0]])]
)
def test_known_packings(lengths, rows):
    assert best_fit(lengths, 10) == rows


def test_a_text_that_fits_no_row_is_an_error():
    with pytest.raises(ValueError, match="does not fit"):
        best_fit([3, 11], 10)


@given(LENGTHS, st.integers(1, 5))
def test_every_process_gets_as_many_rows_and_all_are_dealt(lengths, ranks):
    rows = best_fit(lengths, 50)
    hands = dealt(rows, lengths, ranks)
    assert len({len(hand) for hand in hands}) == 1
    assert sorted(row for hand in hands for row in hand if row) == sorted(rows)
