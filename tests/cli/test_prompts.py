"""`curate prompts` on the command line."""

import json
from pathlib import Path

import click
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from curate.cli import run
from curate.cli.source_options import source_arguments, source_options
from curate.errors import UsageError
from curate.records import PROMPTS


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.jsonl"
    rows = [
        {"problem": "1+1?", "answer": 2},
        {"problem": "2+2?", "answer": "4"},
        {"problem": "2+2?", "answer": 4},
        {"problem": "?", "answer": None},
    ]
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return path


def test_a_file_becomes_a_directory_of_prompts(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = data.with_name("out")
    assert run(["prompts", str(data), "-o", str(out), "--verifier", "math", "--map", "messages=problem,gold=answer"]) == 0
    assert capsys.readouterr().out == f"2 prompts in {out}\n1 duplicates dropped\n1 rows skipped: no gold\n"
    (file,) = (out / "prompts").glob("*.parquet")
    table = pq.read_table(file)
    assert table.schema.equals(PROMPTS)
    assert table.schema.metadata == PROMPTS.metadata
    assert sorted(table["gold"].to_pylist()) == ["2", "4"]


def test_the_directory_is_a_source_again(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = data.with_name("first"), data.with_name("second")
    assert run(["prompts", str(data), "-o", str(first), "--verifier", "math"]) == 0
    assert run(["prompts", str(first), "-o", str(second), "--where", "gold = '4'"]) == 0
    assert capsys.readouterr().out.endswith(f"1 prompts in {second}\n")


@pytest.mark.parametrize(
    ("args", "code", "sentence"),
    [
        (["{data}"], 2, "--verifier"),
        (["{data}", "--verifier", "math", "--map", "gold=solution"], 2, "no column 'solution'"),
        (["{data}", "--verifier", "math", "--map", "gold"], 2, "not of the form field=column"),
        (["{data}", "--verifier", "math", "--map", "gold=a", "--map", "gold=b"], 2, "--map gives gold twice"),
        (["{data}", "--verifier", "math", "--where", "answer >"], 2, "--where"),
        (["{data}", "--verifier", "math", "--where", "false"], 1, "gave no prompts"),
        (["{data}", "--verifier", "math", "--weight", "1"], 2, "--limit"),
        (["none.jsonl"], 2, "no such file or directory: none.jsonl"),
        (["reasoning_gym:gdc"], 2, "near it are gcd"),
        ([], 2, "SOURCE"),
    ],
)
def test_what_is_wrong_is_one_sentence(data: Path, args: list[str], code: int, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["prompts", *[a.format(data=data) for a in args], "-o", str(data.with_name("out"))]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    assert sentence in said.err


def test_several_sources_share_a_limit_by_weight(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sources = ["reasoning_gym:gcd", "reasoning_gym:lcm"]
    assert run(["prompts", *sources, "-o", str(tmp_path / "o"), "--limit", "40", "--weight", "3", "--weight", "1"]) == 0
    (file,) = (tmp_path / "o/prompts").glob("*.parquet")
    assert sorted(pq.read_table(file)["source"].to_pylist()) == ["reasoning_gym:gcd"] * 30 + ["reasoning_gym:lcm"] * 10


def test_options_are_read_and_taken_out() -> None:
    seen: list[object] = []

    @click.command()
    @click.option("--other")
    @source_options
    def command(**given: object) -> None:
        seen.append(source_arguments(given))
        seen.append(given)

    args = [
        "--map",
        "gold=a,messages=b",
        "--map",
        "domain=c",
        "--weight",
        "2",
        "--weight",
        "1",
        "--limit",
        "9",
        "--where",
        "x",
        "--mode",
        "plain",
        "--other",
        "o",
    ]
    result = CliRunner().invoke(command, args, standalone_mode=False)
    assert result.exception is None
    options, weights, limit = seen[0]  # type: ignore[misc]  # the tuple of source_arguments
    assert (options.mapping, options.where, options.mode) == ({"gold": "a", "messages": "b", "domain": "c"}, "x", "plain")
    assert (weights, limit) == ([2.0, 1.0], 9)
    assert seen[1] == {"other": "o"}
    assert CliRunner().invoke(command, [], standalone_mode=False).exception is None
    assert seen[2][1:] == (None, None)  # type: ignore[index]
    with pytest.raises(UsageError, match="twice"):
        source_arguments({"mapping": ([("gold", "a")], [("gold", "b")])})


def test_a_directory_of_samples_is_not_written_over(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = data.with_name("samples")
    (script := data.with_name("script.py")).write_text("def answer(messages, index, seed):\n    return '\\\\boxed{2}'\n")
    asked = ["--verifier", "math", "--map", "messages=problem,gold=answer"]
    assert run(["generate", str(data), "-o", str(out), "--engine", "scripted", "--model", f"{script}:answer", "--quiet", *asked]) == 0
    before = (out / "config.json").read_bytes()
    capsys.readouterr()
    assert run(["prompts", str(data), "-o", str(out), *asked]) == 1
    assert "holds samples, not prompts: give another directory" in capsys.readouterr().err
    assert (out / "config.json").read_bytes() == before
