"""Templates are text files with a version, and a text that changes gets another one."""

from pathlib import Path

import pytest

from curate.errors import UsageError
from curate.filters.judge import NAMES, helpfulness, safety, task_named
from curate.filters.judge.wording import fill, read_rubric, shipped
from curate.records import digest

VERSIONS = {  # a text that changes under its old version makes verdicts that cannot be told apart
    "frame": ("1", "ae0cba5dc5e7"),
    "correctness": ("1", "fade2fe90670"),
    "mixed_language": ("1", "16828e5d794e"),
    "long_paragraph": ("1", "e2412aa1a90d"),
    "code_block": ("1", "55424a2dab32"),
    "quality": ("1", "1f6fb3101311"),
    "helpfulness": ("1", "4d6505f2f842"),
    "safety": ("1", "23eb50e46ab8"),
    "rubric_safety": ("1", "1ace3fdcd2c5"),
    "rubric_general": ("1", "be0e26a17c1b"),
}


@pytest.mark.parametrize("name", VERSIONS)
def test_a_version_stands_for_one_text(name: str) -> None:
    version, text = VERSIONS[name]
    assert (shipped(name).label, digest(shipped(name).text, 12)) == (f"{name}@{version}", text)


def test_every_file_is_in_the_table() -> None:
    assert {f.stem for f in (Path(__file__).parents[3] / "curate/templates/judge").glob("*.txt")} == set(VERSIONS)


@pytest.mark.parametrize("name", NAMES)
def test_a_label_names_all_that_was_said(name: str) -> None:
    assert task_named(name).label.startswith(f"{name}@1/frame@1")
    assert task_named(name).says().keys() == {"role", "rules", "values"}


def test_a_rubric_of_ones_own_is_labelled_by_its_text(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("- 10: rhymes\n- 0: does not\n")
    task = task_named("quality", str(tmp_path / "r.txt"))
    assert task.label == f"quality@1/frame@1/rubric+{digest('- 10: rhymes' + chr(10) + '- 0: does not', 12)}"
    assert "- 10: rhymes" in task.says()["rules"]
    assert task_named("quality").label == "quality@1/frame@1/rubric_general@1"


def test_two_answers_and_safety_have_their_own_wording() -> None:
    assert helpfulness().label == "helpfulness@1/frame@1/rubric_general@1"
    assert safety().label == "safety@1/frame@1/rubric_safety@1"
    assert "suicide" in safety().says()["rules"]
    assert '"A" and "B"' in helpfulness().says()["values"]


@pytest.mark.parametrize("content", [b"", b" \n", b"x" * 20_001, b"\xff"])
def test_a_rubric_that_cannot_be_used(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_bytes(content)
    with pytest.raises(UsageError, match="rubric"):
        read_rubric(str(tmp_path / "r.txt"))
    with pytest.raises(UsageError, match="cannot read the rubric"):
        read_rubric(str(tmp_path / "none.txt"))


def test_slots_are_filled_once() -> None:
    assert fill("{{a}} {{b}}", {"a": "{{b}}", "b": "x"}) == "{{b}} x"
    with pytest.raises(UsageError, match="unknown task"):
        task_named("nope")
