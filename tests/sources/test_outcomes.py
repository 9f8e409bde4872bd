"""Prompts that we wrote ourselves, as a source."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.errors import SourceError, UsageError
from curate.prompts import prompts as write_prompts
from curate.records import OUTCOMES, PROMPTS, Outcome, Prompt, make_prompt, outcome_row, prompt_row
from curate.sources import SourceOptions, open_source
from curate.sources.outcomes import Outcomes, is_dataset

PROMPTS_ = [
    make_prompt(f"{i}?", verifier="math", gold=str(i), source="toy", source_id=str(i), license="MIT", meta='{"k":1}') for i in range(20)
]


def outcomes(path: Path, prompts: list[Prompt] = PROMPTS_) -> Path:
    rows = [
        outcome_row(Outcome(p, 10, i % 10, 10 - i % 10, 0, i % 10, 0, 100, (i % 10) / 10, 0.0, 1.0, "max_samples"))
        for i, p in enumerate(prompts)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=OUTCOMES), path)
    return path


def test_outcomes_come_back_as_the_prompts_they_were(tmp_path: Path) -> None:
    path = outcomes(tmp_path / "o.parquet")
    source = open_source(str(path))
    assert isinstance(source, Outcomes)
    assert list(source) == PROMPTS_
    assert isinstance(open_source(str(tmp_path)), Outcomes)


def test_where_picks_by_pass_rate(tmp_path: Path) -> None:
    path = outcomes(tmp_path / "o.parquet")
    found = list(open_source(str(path), SourceOptions(where="pass_rate between 0.2 and 0.4")))
    assert [p.gold for p in found] == ["2", "3", "4", "12", "13", "14"]
    assert len(list(open_source(str(path), SourceOptions(where="pass_rate > 0.2", limit=3)))) == 3


def test_a_dataset_directory_is_read_by_its_manifests(tmp_path: Path) -> None:
    write_prompts("reasoning_gym:gcd?size=20", tmp_path / "d")
    pq.write_table(pa.Table.from_pylist([prompt_row(PROMPTS_[0])], schema=PROMPTS), tmp_path / "d/prompts/stray.parquet")
    source = open_source(str(tmp_path / "d"))
    assert is_dataset(tmp_path / "d")
    assert len(list(source)) == len(list(open_source("reasoning_gym:gcd?size=20")))
    assert set(source) == set(open_source("reasoning_gym:gcd?size=20"))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"verifier": "none"}, (None, None, "finished", "general")),
        ({"verifier": "format"}, ("format", "0", "verified", "general")),
        ({"domain": "easy"}, ("math", "0", "verified", "easy")),
    ],
)
def test_options_force_fields_and_the_id_follows(tmp_path: Path, options: dict[str, Any], expected: tuple[Any, ...]) -> None:
    made = next(iter(open_source(str(outcomes(tmp_path / "o.parquet")), SourceOptions(**options))))
    assert (made.verifier, made.gold, made.accept, made.domain) == expected
    assert made.id == make_prompt(made.messages, verifier=made.verifier, gold=made.gold).id
    assert made.license == "MIT"


def test_an_id_in_a_file_is_not_believed(tmp_path: Path) -> None:
    row = prompt_row(PROMPTS_[0]) | {"id": "f" * 32}
    pq.write_table(pa.Table.from_pylist([row], schema=PROMPTS), tmp_path / "p.parquet")
    assert [p.id for p in open_source(str(tmp_path / "p.parquet"))] == [PROMPTS_[0].id]


@pytest.mark.parametrize("change", [{"verifier": "evil.py:run"}, {"mode": "shout"}, {"accept": "always"}])
def test_rows_that_we_would_not_write_are_refused(tmp_path: Path, change: dict[str, str]) -> None:
    pq.write_table(pa.Table.from_pylist([prompt_row(PROMPTS_[0]) | change], schema=PROMPTS), tmp_path / "p.parquet")
    with pytest.raises(SourceError, match="row 1"):
        list(open_source(str(tmp_path / "p.parquet")))


def test_another_version_s_columns_are_told(tmp_path: Path) -> None:
    schema = pa.schema([f for f in PROMPTS if f.name != "chance"], metadata=PROMPTS.metadata)
    pq.write_table(pa.Table.from_pylist([prompt_row(PROMPTS_[0])], schema=schema), tmp_path / "p.parquet")
    with pytest.raises(SourceError, match="another version: it has no column chance"):
        list(open_source(str(tmp_path / "p.parquet")))


def test_a_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--map"):
        open_source(str(outcomes(tmp_path / "o.parquet")), SourceOptions(mapping={"gold": "gold"}))
