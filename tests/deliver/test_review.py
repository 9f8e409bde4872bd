"""`curate review`: what each line says of sets that were made to have one fault."""

from pathlib import Path
from typing import Any

import pytest

from curate import api
from curate.deliver.review import Review, render
from tests.filtering import toy


def page(path: Path, **options: Any) -> tuple[dict[str, str], Review]:
    made = api.review(path, sample=200, **options)
    return {line.name: line.status for line in made.lines}, made


def rows(count: int = 120, **other: Any) -> list[dict[str, Any]]:
    return [toy.sample(i, source=f"s{i % 3}", **other) for i in range(count)]


def test_a_sound_set_passes_and_what_cannot_be_known_is_said(tmp_path: Path) -> None:
    found, made = page(toy.parquet(tmp_path / "in.parquet", rows()))
    assert found.pop("contamination") == found.pop("licence of the output") == found.pop("split leaks") == "NOT CHECKED"
    assert set(found.values()) == {"PASS"}, render(made)
    assert not made.failed


@pytest.mark.parametrize(
    ("line", "status", "fault"),
    [
        ("licences of prompts", "FAIL", {"license": "cc-by-nc-4.0"}),
        ("licences of prompts", "FAIL", {"license": None}),
        ("truncation", "FAIL", {"finish_reason": "length"}),
        ("re-verified sample", "FAIL", {"response": "The sum is \\boxed{1000003}."}),
        ("private data", "FAIL", {"response": "Write to anna.keller@gmail.com. \\boxed{0}"}),
        ("language", "FAIL", {"chain": "我们先把两个数字加起来，然后再检查一遍结果是不是正确的。所以答案就是这两个数字的和。"}),
    ],
)
def test_a_fault_of_every_row_fails_its_line(line: str, status: str, fault: dict[str, Any], tmp_path: Path) -> None:
    found, made = page(toy.parquet(tmp_path / "in.parquet", rows(**fault)))
    assert found[line] == status, render(made)
    assert made.failed


def test_answers_that_can_be_guessed_are_warned_of(tmp_path: Path) -> None:
    found, _ = page(toy.parquet(tmp_path / "in.parquet", rows(chance=0.25)))
    assert found["answers that can be guessed"] == "WARN"


def test_duplicates_contamination_and_one_source_are_found(tmp_path: Path) -> None:
    question = "A baker makes forty loaves on Monday and twice as many on Tuesday, how many loaves are there by Wednesday morning?"
    benchmark = toy.lines(tmp_path / "bakery.jsonl", [{"id": 1, "question": question}])
    samples = [*rows(60), *({**row, "id": f"{i}"} for i, row in enumerate(rows(60))), toy.sample(7, question=question)]
    for row in samples:
        row["source"] = "one"
    found, made = page(toy.parquet(tmp_path / "in.parquet", samples), benchmarks=[str(benchmark)])
    assert (found["duplicates"], found["contamination"], found["concentration"]) == ("FAIL", "FAIL", "WARN"), render(made)
    assert "bakery 1" in render(made)


def test_a_prompt_on_both_sides_of_a_split_fails(tmp_path: Path) -> None:
    for side, numbers in (("train", range(50)), ("validation", range(49, 60))):
        (tmp_path / "set" / side).mkdir(parents=True)
        toy.parquet(tmp_path / "set" / side / "0.parquet", [toy.sample(i) for i in numbers])
    found, made = page(tmp_path / "set")
    assert found["split leaks"] == "FAIL"
    assert "1 prompts" in render(made)


def test_a_set_of_a_stranger_is_reviewed_by_its_columns(tmp_path: Path) -> None:
    theirs = toy.lines(
        tmp_path / "theirs.jsonl",
        [
            {"problem": f"What is {i} times 3?", "generations": [f"<think>I multiply {i} by three.</think>It is {3 * i}."]}
            for i in range(50)
        ],
    )
    found, _ = page(theirs)
    assert found["provenance"] == "WARN"
    assert (found["re-verified sample"], found["truncation"]) == ("NOT CHECKED", "NOT CHECKED")


def test_a_damaged_file_fails_and_is_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        toy.parquet(tmp_path / f"{name}.parquet", rows(20))
    (tmp_path / "b.parquet").write_bytes((tmp_path / "b.parquet").read_bytes()[:-100])
    found, made = page(tmp_path)
    assert found["integrity"] == "FAIL"
    assert "b.parquet" in render(made)
