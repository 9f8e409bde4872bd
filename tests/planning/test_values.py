"""Ranges add and multiply by their ends, and an upper bound stays one."""

from curate.planning.values import NONE, Kind, Lot, Value, added, exact, rows_of, together, tokens_of


def test_ends_go_together_and_sources_are_named_once():
    a, b = Value(2, 1, 3, ("x",)), Value(10, 5, 20, ("y", "x"))
    assert a * b == Value(20, 5, 60, ("x", "y"))
    assert a + b == Value(12, 6, 23, ("x", "y"))
    assert b.over(a) == Value(5, 5 / 3, 20, ("y", "x"))
    assert (a * 2).capped(3) == Value(3, 2, 3, ("x",))
    assert added([a, b, NONE]) == a + b


def test_an_upper_bound_makes_what_it_enters_one():
    bound = Value(2, 1, 3).bound()
    assert bound == Value(3, 0, 3, (), True)
    assert (bound + 1).at_most
    assert not exact(0).bound().at_most, "no rows are no rows"


def test_json_keeps_all_of_it():
    value = Value(2, 1, 3, ("x",), True)
    assert Value.of(value.as_dict()) == value


def test_flows_of_the_same_kind_are_one_with_their_mean_length():
    one = {Kind("math"): Lot(exact(10), exact(100), exact(40))}
    two = {Kind("math"): Lot(exact(30), exact(20)), Kind("code"): Lot(exact(5), exact(7))}
    found = together([one, two])
    assert rows_of(found).value == 45
    assert found[Kind("math")].all.value == 70
    assert found[Kind("math")].tokens.value == (40 * 100 + 30 * 20) / 70
    assert tokens_of(two).value == 635
