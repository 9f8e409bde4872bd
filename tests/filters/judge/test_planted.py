"""Planted samples are bad by construction, and the same in every run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.filters.judge.pairs import read_pairs
from curate.filters.judge.planted import FLAWS, INJECTED, plant, wrong_results
from curate.filters.judge.rules import before
from curate.filters.judge.tasks import CHAIN_TASKS, CORRECTNESS, Item, helpfulness, quality, safety

OTHER = Item("other", "What is the capital of France?", "Paris", "Paris.", "I know it.")


@pytest.mark.parametrize(
    ("reference", "kinds"),
    [
        ("42", {"number_changed", "sign_flipped", "other_reference"}),
        ("-3.5", {"number_changed", "sign_flipped", "other_reference"}),
        ("$7$", {"number_changed", "sign_flipped", "other_reference"}),
        ("0", {"number_changed", "other_reference"}),
        ("\\frac{1}{2}", {"number_changed", "other_reference"}),
        ("x = 2 or x = 3", {"number_changed", "other_reference"}),
        ("B", {"another_choice", "other_reference"}),
        ("(c)", {"another_choice", "other_reference"}),
        ("Rome", {"other_reference"}),
        ("Paris", set()),
        ("paris, France", set()),
    ],
)
def test_wrong_results_by_kind(reference: str, kinds: set[str]) -> None:
    for pick in range(20):
        made = wrong_results(reference, "Paris", pick)
        assert set(made) == kinds
        assert reference not in made.values()


@given(st.integers(-(10**12), 10**12), st.integers(0, 10**9))
def test_a_wrong_number_is_another_number(number: int, pick: int) -> None:
    made = wrong_results(str(number), None, pick)
    assert all(int(value) != number for value in made.values())


@given(st.text(max_size=60), st.text(max_size=60), st.integers(0, 10**9))
def test_any_reference_can_be_spoiled(reference: str, other: str, pick: int) -> None:
    assert reference.strip() not in wrong_results(reference, other, pick).values()


def test_what_is_planted_depends_on_item_and_seed_alone() -> None:
    items = [Item(f"s{i}", "q", str(i), str(i), "a chain\n\nof thoughts") for i in range(200)]
    for task in (CORRECTNESS, *CHAIN_TASKS.values(), quality()):
        assert [plant(i, OTHER, task, 0) for i in items] == [plant(i, OTHER, task, 0) for i in items]
    assert {p.kind for i in items for p in plant(i, OTHER, CORRECTNESS, 0)} == {
        "number_changed", "sign_flipped", "other_reference", "essay", INJECTED
    }  # fmt: skip
    assert plant(items[1], OTHER, CORRECTNESS, 0) != plant(items[1], OTHER, CORRECTNESS, 1)


def test_a_planted_answer_is_never_decided_by_a_rule() -> None:
    for i in range(300):
        for planted in plant(Item(f"s{i}", "q", str(i), str(i)), OTHER, CORRECTNESS, 0):
            assert before(planted.item, CORRECTNESS) is None
            assert planted.item.reference == str(i)
            assert planted.item.id != f"s{i}"


def test_for_two_answers_and_for_safety_texts_written_by_hand_are_planted() -> None:
    items = [Item(f"s{i}", "q", response="a", other="b") for i in range(100)]
    worse = {pair.bad: pair.good for pair in read_pairs(None, ["quality"])}
    compared = [p for i in items for p in plant(i, OTHER, helpfulness(), 0)]
    assert {p.item.response for p in compared if p.kind == "by_hand"} == set(worse)
    assert all(p.item.other == worse[p.item.response] for p in compared if p.kind == "by_hand")
    assert all(any(p.item.response.startswith(bad) for bad in worse) and not p.good for p in compared)
    known = {text: pair for pair in read_pairs(None, ["safety"]) for text in (pair.good, pair.bad)}
    judged = [p for i in items for p in plant(i, OTHER, safety(), 0)]
    assert {p.item.response for p in judged if p.kind != INJECTED} == set(known)
    assert all(p.good is (known[p.item.response].good == p.item.response) for p in judged if p.kind != INJECTED)
    assert all(before(p.item, task) is None for found, task in ((compared, helpfulness()), (judged, safety())) for p in found)
    assert len({p.item.id for p in judged}) == len(judged) == 300


def test_where_nothing_can_be_planted_nothing_is() -> None:
    assert plant(Item("s", "q"), OTHER, CORRECTNESS, 0) == []
    assert plant(Item("s", "q", chain="x = 1", domain="code"), OTHER, CHAIN_TASKS["code_block"], 0) == []
    assert [p.kind for p in plant(Item("s", "q", "Paris"), OTHER, CORRECTNESS, 0)] == ["hollow", INJECTED]


@pytest.mark.parametrize("chain", ["I add both.\n\nThat is 5.", "先把两个数相加。\n\n得到五。", "Я складываю числа.", "one line", ""])
def test_flaws_of_chains(chain: str) -> None:
    for pick in range(4):
        item = Item("s", "What is 2 + 3?", chain=chain)
        mixed = FLAWS["mixed_language"](item, pick)
        scripts = ("a" <= c <= "z" for c in mixed), ("а" <= c <= "я" or "一" <= c <= "鿿" for c in mixed)
        assert all(any(script) for script in scripts)
        assert max(map(len, FLAWS["long_paragraph"](item, pick).split("\n\n"))) >= 3000
        assert any(word in FLAWS["code_block"](item, pick) for word in ("def count(limit):\n", "```python\n"))
