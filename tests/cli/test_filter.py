"""`curate filter`, `curate mix` and `curate review` on the command line: what is printed, and the exit code."""

from pathlib import Path

import pytest

from curate.cli import run
from tests.filtering import toy


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    return toy.parquet(tmp_path / "in.parquet", [*(toy.sample(i) for i in range(8)), toy.sample(50, finish_reason="length")])


def test_filter_mix_and_review_one_after_the_other(samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clean, data = tmp_path / "clean", tmp_path / "data"
    assert run(["filter", str(samples), "-o", str(clean), "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "truncated" in said
    assert f"8 of 9 samples kept in {clean}" in said
    assert run(["mix", str(clean), "-o", str(data), "--quota", "math=5,code=2", "--validation", "0.2"]) == 0
    said_mix = capsys.readouterr()
    assert "warning: 2 samples of code are missing to the quota" in said_mix.err
    assert f"5 samples in {data}" in said_mix.out
    assert run(["review", str(data), "--sample", "5"]) == 0
    page = capsys.readouterr().out
    assert "PASS" in page
    assert "NOT CHECKED" in page
    for directory in (clean, data):
        assert run(["check", str(directory)]) == 0
        assert run(["inspect", str(directory)]) == 0
    capsys.readouterr()


def test_only_skip_and_set_choose_the_filters(samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["filter", str(samples), "-o", str(tmp_path / "a"), "--only", "length", "--dedup", "none", "--quiet"]) == 0
    assert "9 of 9 samples kept" in capsys.readouterr().out
    assert (
        run(
            [
                "filter",
                str(samples),
                "-o",
                str(tmp_path / "b"),
                "--skip",
                "truncated",
                "--set",
                "length.min_response_characters=10000",
                "--quiet",
            ]
        )
        == 0
    )
    assert "0 of 9 samples kept" in capsys.readouterr().out


def test_a_chain_of_ones_own_is_a_value_in_a_file(samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.py").write_text(
        "from pipelines.filters import FilterChain\nMINE = FilterChain(('truncated', 'length'), {'length.min_response_characters': 10_000})\n"
    )
    assert run(["filter", str(samples), "-o", str(tmp_path / "a"), "--chain", f"{tmp_path}/mine.py:MINE", "--quiet"]) == 0
    assert "0 of 9 samples kept" in capsys.readouterr().out


def test_damaged_rows_are_told_and_the_exit_code_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = toy.lines(tmp_path / "in.jsonl", [{"problem": "Say hello.", "completion": "<think>I greet.</think>Hello."}, b"{torn\n"])
    assert run(["filter", str(path), "-o", str(tmp_path / "a"), "--only", "truncated", "--quiet"]) == 1
    said = capsys.readouterr()
    assert "1 of 2 samples kept" in said.out
    assert "in.jsonl, byte" in said.err
    assert "1 damaged rows are in rejects/" in said.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--chain", "nothing"], "there are r1, paper"),
        (["--only", "nothing"], "there is no filter 'nothing'"),
        (["--skip", "nothing"], "it is not in the chain"),
        (["--set", "nothing"], "not of the form"),
        (["--map", "nothing"], "no ready map"),
        (["--where", "1 +"], "no SQL condition"),
    ],
)
def test_what_was_given_wrongly_is_one_sentence(
    arguments: list[str], sentence: str, samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["filter", str(samples), "-o", str(tmp_path / "a"), "--quiet", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert sentence in said
    assert said.count("\n") == 1
