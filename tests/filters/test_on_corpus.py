"""Precision and recall of the rule filters on the labelled chains. The chains were written without a look at the filters; what the first run missed was read when the filters were mended, so later figures are not blind."""

from functools import cache

import pytest

from curate.filters.chain import Chain
from tests.filters.corpus import DEFECTS, corpus

PRECISION, RECALL = 0.95, 0.90
OTHER_NAMES = {"length": ("reasoning_too_short", "reasoning_too_long", "response_too_short", "response_too_long")}


@cache
def found() -> dict[str, frozenset[str]]:
    chain = Chain.of()
    return {sample.id: frozenset(chain.look(sample.trace).reasons) for sample in corpus()}


@pytest.mark.parametrize("defect", sorted(DEFECTS))
def test_a_defect_is_found_where_it_is_and_nowhere_else(defect: str) -> None:
    told = {sample.id: not found()[sample.id].isdisjoint(OTHER_NAMES.get(defect, (defect,))) for sample in corpus()}
    right = [s.id for s in corpus() if told[s.id] and defect in s.defects]
    wrong = [s.id for s in corpus() if told[s.id] and defect not in s.defects]
    missed = [s.id for s in corpus() if not told[s.id] and defect in s.defects]
    assert len(right) / (len(right) + len(wrong)) >= PRECISION, f"said of {wrong}"
    assert len(right) / (len(right) + len(missed)) >= RECALL, f"not said of {missed}"
