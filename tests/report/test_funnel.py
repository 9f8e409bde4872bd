"""Adding funnels, what follows from them, and their text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.report.funnel import merge, render_funnel, statistics, wilson
from curate.report.text import columns_of
from tests.report import toy


def funnels(n: int = 12) -> list[dict[str, Any]]:
    found = []
    for i in range(n):
        p = toy.prompt(i)
        samples = [toy.sample(p, j, j < i % 5) for j in range(4)]
        found.append(toy.funnel_of([toy.outcome(p, samples)], samples))
    return found


@given(st.permutations(range(12)), st.integers(0, 12))
def test_merge_is_a_sum_in_any_order_and_grouping(order: list[int], cut: int) -> None:
    parts = funnels()
    shuffled = [parts[i] for i in order]
    assert merge(shuffled) == merge(parts) == merge([merge(shuffled[:cut]), merge(shuffled[cut:])])


def test_merge_gives_what_the_whole_has() -> None:
    prompts = [toy.prompt(i) for i in range(12)]
    samples = {p.id: [toy.sample(p, j, j < i % 5) for j in range(4)] for i, p in enumerate(prompts)}
    whole = toy.funnel_of([toy.outcome(p, samples[p.id]) for p in prompts], [s for p in prompts for s in samples[p.id]])
    assert {k: v for k, v in merge(funnels()).items() if v} == {k: v for k, v in whole.items() if v}


def test_merge_does_not_change_its_input() -> None:
    parts = funnels(3)
    before = json.dumps(parts)
    merge(parts)
    assert json.dumps(parts) == before


@pytest.mark.parametrize(
    "funnel",
    [
        {"prompts": "many"},
        {"pass_rates": [1, 2]},
        {"status": 3},
        {"status": {"correct": "x"}},
        {"sources": {"a": 3}},
        {"sources": {"a": {"kept": None}}},
        {"sources": {"a": {"kept": {"b": 1}}}},
        {"tokens": {"a": 1}},
        {"tokens": [1]},
        {"tokens": float("nan")},
        {"tokens": -1},
        {"tokens": 10**400},
    ],
)
def test_what_is_no_funnel_is_refused(funnel: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        merge([funnel])


@pytest.mark.parametrize(
    ("hits", "tries", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (1, 100, 0.0018, 0.0545), (50, 1000, 0.0381, 0.0653)],
)
def test_wilson_against_published_values(hits: int, tries: int, low: float, high: float) -> None:
    assert wilson(hits, tries) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_stays_inside(case: tuple[int, int]) -> None:
    hits, tries = case
    interval = wilson(hits, tries)
    assert interval is not None
    assert 0.0 <= interval[0] <= hits / tries <= interval[1] <= 1.0


def test_statistics() -> None:
    stats = statistics(merge(funnels(10)))
    assert stats["funnel"]["sampled"] == 40
    assert stats["funnel"]["kept"] == 20
    assert stats["yield"]["value"] == 0.5
    assert stats["coverage"]["value"] == 0.8
    assert stats["tokens_per_useful_trace"] == pytest.approx(stats["funnel"]["tokens"] / 20)
    assert set(stats["sources"]) == set(toy.TASKS)
    assert sum(s["kept"] for s in stats["sources"].values()) == 20
    assert json.loads(json.dumps(stats)) == stats


def test_nothing_sampled_is_null_and_not_zero() -> None:
    stats = statistics(merge([]))
    assert stats["yield"] == {"value": None, "low": None, "high": None}
    assert stats["tokens_per_useful_trace"] is None
    assert "prompts" in render_funnel(stats)


def test_nothing_kept_has_no_cost_per_trace() -> None:
    p = toy.prompt(1)
    samples = [toy.sample(p, 0, False)]
    stats = statistics(toy.funnel_of([toy.outcome(p, samples)], samples))
    assert stats["tokens_per_useful_trace"] is None
    assert any(line.split() == ["tokens", "per", "useful", "trace", "-"] for line in render_funnel(stats).splitlines())


def test_text_fits_80_columns_and_tells_the_kinds_apart() -> None:
    funnel = merge(funnels())
    long = {f"a/very/long/path/to/a/source/{'x' * 60}:{k}": v for k, v in funnel["sources"].items()} | {
        "漢字" * 30: funnel["sources"][toy.TASKS[0]]
    }
    scaled = {k: v * 10**7 for k, v in funnel.items() if isinstance(v, int)}
    text = render_funnel(statistics(funnel | scaled | {"sources": long}))
    assert max(columns_of(line) for line in text.splitlines()) <= 80
    assert "arithmetic" in text
    assert "gcd" in text


def test_names_cannot_act_on_a_terminal() -> None:
    funnel = merge(funnels())
    funnel["sources"] = {"evil\x1b[2J\nname\u202e": funnel["sources"][toy.TASKS[0]]}
    text = render_funnel(statistics(funnel))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "evil\\x1b[2J name" in text
