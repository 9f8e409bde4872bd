"""How inputs are cut: every row is in exactly one unit, and no cut parts the samples of a prompt."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curate.errors import UsageError
from curate.filtering import units as cutting
from curate.filtering.foreign import Reading
from curate.filtering.reading import Faults, parts
from curate.filtering.units import Unit, files, units
from tests.filtering import toy


def planned(*paths: Path) -> list[Unit]:
    return units(files([str(p) for p in paths], rejects=False))


def read(found: list[Unit]) -> list[str]:
    faults = Faults()
    ids = [i for unit in found for part in parts(unit, Reading({}), faults) for i in part.table["id"].to_pylist()]
    assert not faults.named
    return ids


def test_a_large_file_is_cut_between_prompts_and_read_whole(tmp_path: Path) -> None:
    rows = [toy.sample(i, sample_index=k) for i in range(2_000) for k in range(3)]
    many = [row for row in rows for _ in range(4)]
    path = toy.parquet(tmp_path / "in.parquet", ({**row, "id": f"{row['id']}-{k}"} for k, row in enumerate(many)), group=700)
    found = planned(path)
    assert len(found) > 1
    prompts = pq.read_table(path, columns=["prompt_id"])["prompt_id"].to_pylist()
    for unit in found[1:]:
        assert prompts[unit.start] != prompts[unit.start - 1]
    assert [(u.start, u.stop) for u in found] == [
        (a, b) for a, b in zip([0, *(u.stop for u in found[:-1])], [u.stop for u in found], strict=True)
    ]
    assert read(found) == pq.read_table(path, columns=["id"])["id"].to_pylist()


def test_a_large_file_of_lines_is_cut_at_lines(tmp_path: Path) -> None:
    row = {"problem": "What is it?", "completion": "<think>" + "I think. " * 6_000 + "</think>It is."}
    count = 2 * cutting.LINES_BYTES // len(str(row))
    path = toy.lines(tmp_path / "in.jsonl", ({**row, "id": i} for i in range(count)))
    found = planned(path)
    assert len(found) > 1
    assert len(read(found)) == count


def test_a_file_that_is_none_is_a_unit_with_its_fault(tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nothing PAR1")
    [unit] = planned(tmp_path / "bad.parquet")
    assert unit.fault


def test_what_is_given_twice_or_not_there_is_refused(tmp_path: Path) -> None:
    path = toy.parquet(tmp_path / "in.parquet", [toy.sample(1)])
    with pytest.raises(UsageError, match="twice"):
        planned(path, path)
    with pytest.raises(UsageError, match="no such file"):
        planned(tmp_path / "missing.parquet")
    (tmp_path / "x.csv").write_text("a,b\n")
    with pytest.raises(UsageError, match="no file that can be read"):
        planned(tmp_path / "x.csv")
