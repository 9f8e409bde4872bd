"""`curate inspect` as a command: what it prints and its exit codes."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.cli import run
from tests.report import toy


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return toy.samples_directory(tmp_path / "set", shards=2, prompts=20)


def test_text(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", str(root), "--sample", "2"]) == 0
    out = capsys.readouterr().out
    for said in (
        "40 rows, 2 files",
        "the text as the model wrote it, tags included",
        "tokens per useful trace",
        "reasoning_gym:gcd",
        "0.2 to 0.3",
        "completion_tokens",
        "row 2 of 2",
    ):
        assert said in out


def test_json_is_one_object(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", str(root), "--json", "--sample", "3", "--columns", "id, response"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [set(row) for row in report["sample"]] == [{"id", "response"}] * 3
    assert [c["name"] for c in report["schema"]] == ["id", "response"]
    assert run(["inspect", str(root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["stats"]["funnel"]["sampled"] == 80


def test_where_and_rejects(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", str(root), "--rejects", "--where", "domain = 'math'", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["domains"] == {"math": {"rows": 20}}


def test_a_damaged_file_gives_1_and_shows_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "good.parquet")
    (tmp_path / "bad.parquet").write_bytes((tmp_path / "good.parquet").read_bytes()[:-20])
    assert run(["inspect", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "problem: bad.parquet is cut short" in out
    assert "1 rows, 1 file" in out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nope"], 2),
        (["."], 2),
        ([".", "--rejects"], 2),
        (["x.txt"], 1),
        (["good.parquet", "--where", "nope = 1"], 2),
        (["good.parquet", "--columns", "nope"], 2),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Path("x.txt").write_text("hello")
    if arguments[0].startswith("good"):
        pq.write_table(pa.table({"text": ["a"]}), "good.parquet")
    assert run(["inspect", *arguments]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
