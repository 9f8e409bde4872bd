"""The synthetic set of tests/bench/big_set.py at a small part of its size: what was planted is found, and nothing else."""

from pathlib import Path

import pytest

from tests.bench.curate_set import run

RECALL, PRECISION = 0.95, 0.98


@pytest.mark.parametrize("scale", [0.005, pytest.param(0.05, marks=pytest.mark.slow)])
def test_planted_defects_are_found_and_nothing_else(scale: float, tmp_path: Path) -> None:
    scores = run(tmp_path, scale)["scores"]
    assert scores.pop("reasons of clean samples") == {}
    for defect, score in scores.items():
        assert score["planted"] > 20, defect
        assert score["recall"] >= RECALL, (defect, score)
        assert score["precision"] >= PRECISION, (defect, score)
