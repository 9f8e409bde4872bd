"""Several sources as one."""

from collections import Counter
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import UsageError
from curate.records import Prompt, make_prompt
from curate.sources import Source, SourceOptions, collect
from curate.sources.mixture import quotas


class Toy:
    """A source with a number of prompts, half as many skipped rows."""

    def __init__(self, spec: str, options: SourceOptions) -> None:
        self.name, _, size = spec.partition(":")
        self.size = int(size)
        self.revision: str | None = None
        self.skipped: Mapping[str, int] = {"no gold": self.size // 2}
        self.limit = options.limit

    def fingerprint(self) -> str:
        return f"{self.name}{self.size}{self.limit}"

    def __iter__(self) -> Iterator[Prompt]:
        return (make_prompt(f"{self.name} {i}", source=self.name) for i in range(self.size))


def toy(spec: str, options: SourceOptions) -> Source:
    return Toy(spec, options)


@pytest.mark.parametrize(
    ("weights", "limit", "expected"),
    [([1, 1], 10, [5, 5]), ([1, 1], 11, [6, 5]), ([3, 1], 8, [6, 2]), ([1, 1, 1], 2, [1, 1, 0]), ([0.1, 0.2], 3, [1, 2]), ([5], 7, [7])],
)
def test_quotas_are_shared_by_largest_remainder(weights: list[float], limit: int, expected: list[int]) -> None:
    assert quotas(weights, limit) == expected


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=12), st.integers(1, 10_000))
def test_quotas_sum_to_the_limit_and_are_within_one_of_exact(weights: list[float], limit: int) -> None:
    found = quotas(weights, limit)
    assert sum(found) == limit
    assert all(abs(n - limit * w / sum(weights)) < 1 + 1e-6 for n, w in zip(found, weights, strict=True))


def test_sources_take_turns_by_weight_and_shortfall_is_told() -> None:
    mixture = collect(["a:100", "b:5", "c:100"], weights=[2, 1, 1], limit=40, opener=toy)
    found = [p.source for p in mixture]
    assert Counter(found) == {"a": 20, "b": 5, "c": 10}
    assert found == [p.source for p in mixture]
    assert Counter(found[:12]) == {"a": 6, "b": 3, "c": 3}
    assert mixture.shortfall == {"b": 5}
    assert mixture.skipped == {"no gold": 102, "wanted of b, which has no more": 5}


def test_without_a_limit_all_prompts_come_and_with_one_the_shares_are_equal() -> None:
    assert len(list(collect(["a:3", "b:5"], opener=toy))) == 8
    assert Counter(p.source for p in collect(["a:30", "b:50"], limit=9, opener=toy)) == {"a": 5, "b": 4}
    assert len(list(collect(["a:30", "b:50"], limit=1, opener=toy))) == 1


def test_the_fingerprint_holds_sources_and_shares() -> None:
    prints = {
        collect(s, None, w, n, opener=toy).fingerprint()
        for s, w, n in [(["a:3"], None, None), (["a:3"], None, 2), (["a:3", "b:3"], None, None), (["a:3", "b:3"], [1, 2], 3)]
    }
    assert len(prints) == 4


@pytest.mark.parametrize(
    ("specs", "weights", "limit", "sentence"),
    [
        ([], None, None, "no source"),
        (["a:1", "b:1"], [1], 10, "1 weights are given for 2 sources"),
        (["a:1"], [0], 10, "above 0"),
        (["a:1"], [float("nan")], 10, "above 0"),
        (["a:1"], [1], None, "--limit"),
        (["a:1"], None, 0, "at least 1"),
    ],
)
def test_weights_that_do_not_fit_are_one_sentence(specs: list[str], weights: list[float] | None, limit: int | None, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        collect(specs, None, weights, limit, opener=toy)
