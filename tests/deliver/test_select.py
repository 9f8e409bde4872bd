"""Which rows a mixture takes: properties of the selection."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.deliver.select import Selection, capped, hashes, scaled, select
from curate.errors import UsageError

DOMAINS = ("math", "code", "general")
ROWS = st.lists(st.tuples(st.sampled_from(DOMAINS), st.integers(0, 12)), max_size=60)


def chosen(rows: list[tuple[str, int]], seed: int = 0, **options: object) -> Selection:
    domains, prompts = [d for d, _ in rows], [f"{d}{p}" for d, p in rows]
    codes = {name: i for i, name in enumerate(sorted(set(prompts)))}
    wanted = {"quotas": None, "per_prompt": None, "validation": 0.0} | options
    ids = [f"{p}-{i}" for i, p in enumerate(prompts)]
    return select(
        domains, np.array([codes[p] for p in prompts], np.int64), hashes(seed, ids, "shuffle"), hashes(seed, prompts, "split"), **wanted
    )  # type: ignore[arg-type]


@given(ROWS, st.integers(0, 3))
def test_without_quotas_every_row_is_there_once(rows: list[tuple[str, int]], seed: int) -> None:
    assert sorted(chosen(rows, seed).rows.tolist()) == list(range(len(rows)))


@given(ROWS, st.dictionaries(st.sampled_from(DOMAINS), st.integers(0, 20), min_size=1), st.integers(1, 3))
def test_quotas_and_caps_are_kept_and_a_shortfall_is_told(rows: list[tuple[str, int]], quotas: dict[str, int], cap: int) -> None:
    found = chosen(rows, quotas=quotas, per_prompt=cap)
    taken = [rows[i] for i in found.rows]
    assert all(n <= cap for n in Counter(taken).values())
    there = {d: sum(min(cap, n) for (domain, _), n in Counter(rows).items() if domain == d) for d in DOMAINS}
    for domain in DOMAINS:
        count = sum(d == domain for d, _ in taken)
        assert count == min(quotas.get(domain, 0), there[domain])
        assert found.shortfall.get(domain, 0) == max(0, quotas.get(domain, 0) - there[domain])
    assert len(set(found.rows.tolist())) == len(taken)


@given(ROWS, st.floats(0, 0.9))
def test_all_samples_of_a_prompt_are_on_one_side(rows: list[tuple[str, int]], share: float) -> None:
    found = chosen(rows, validation=share)
    sides: dict[tuple[str, int], set[bool]] = {}
    for row, held in zip(found.rows.tolist(), found.validation.tolist(), strict=True):
        sides.setdefault(rows[row], set()).add(held)
    assert all(len(s) == 1 for s in sides.values())


def test_the_share_that_is_held_out_is_about_the_one_asked_for() -> None:
    rows = [("math", i) for i in range(20_000)]
    assert abs(chosen(rows, validation=0.1).validation.mean() - 0.1) < 0.01


def test_the_order_of_the_inputs_does_not_matter_and_the_seed_does() -> None:
    ids = [f"s{i}" for i in range(50)]

    def order(names: list[str], seed: int) -> list[str]:
        found = select(
            ["math"] * 50,
            np.arange(50),
            hashes(seed, names, "shuffle"),
            hashes(seed, names, "split"),
            quotas={"math": 20},
            per_prompt=None,
            validation=0,
        )
        return [names[i] for i in found.rows]

    assert order(ids, 1) == order(ids[::-1], 1)
    assert order(ids, 1) != order(ids, 2)


def test_a_cap_leaves_the_first_of_each_prompt_in_the_order_given() -> None:
    prompts = np.array([0, 1, 0, 0, 1])
    assert capped(prompts, np.array([4, 3, 2, 1, 0]), 1).tolist() == [4, 3]
    assert capped(prompts, np.array([0, 1, 2, 3, 4]), 2).tolist() == [0, 1, 2, 4]


def test_scaled_quotas_sum_to_the_total() -> None:
    from pipelines.mixtures import R1

    for total in (1, 7, 1_000, 804_745):
        assert sum(scaled(R1, total).values()) == total
    assert scaled(R1, 804_745) == dict(R1)
    with pytest.raises(UsageError):
        scaled({"math": 0}, 10)
