"""`curate judge` on the command line: what is printed, and the exit code."""

import json
from pathlib import Path

import pytest

from curate.cli import judge as command
from curate.cli import run
from curate.filters.judge import NAMES, Limits
from tests.filtering import toy

PAIRS = [
    {"task": "correctness", "question": f"What is {i} + 7?", "reference": str(i + 7), "good": f"The answer is {i + 7}", "bad": f"The answer is {i}", "kind": "slip"}
    for i in range(10)
]  # fmt: skip
JUDGES = """
from tests.filters.judge import judges

honest = judges.knows(judges.honest)
credulous = judges.knows(lambda seen: "correct")
"""


@pytest.fixture
def given(tmp_path: Path) -> list[str]:
    """A command line without its judge."""
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(p) + "\n" for p in PAIRS))
    (tmp_path / "models.py").write_text(JUDGES)
    return ["judge", "--calibrate", str(tmp_path / "pairs.jsonl"), "--engine", "scripted", "--votes", "1", "--model"]


def test_a_judge_within_its_limits(given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*given, f"{tmp_path}/models.py:honest"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("judge: models.py:honest@")
    assert lines[2] == "correctness@1/frame@1: 10 pairs"
    assert lines[4].split() == ["accuracy", "40", "of", "40", "100.0", "%", "91.2", "to", "100.0", "%"]
    assert lines[5].split() == ["false", "positive", "0", "of", "30", "0.0", "%", "0.0", "to", "11.4", "%", "5.0", "%"]
    assert lines[-1] == "within all limits"
    assert max(map(len, lines)) <= 80


def test_a_judge_beyond_a_limit_exits_with_1(given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*given, f"{tmp_path}/models.py:credulous"]) == 1
    said = capsys.readouterr().out
    assert "beyond its limit: correctness: false positive is 100.0% (30 of 30), and 5.0% is the limit" in said
    assert "bad texts that passed: " in said
    generous = ["--max-false-positive", "1", "--max-pairs-wrong", "1"]
    assert run([*given, f"{tmp_path}/models.py:credulous", *generous]) == 0


def test_json_holds_everything(given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*given, f"{tmp_path}/models.py:credulous", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert [task["task"] for task in report["tasks"]] == ["correctness"]
    assert report["tasks"][0]["false_positive"]["value"] == 1.0
    assert report["limits"]["false_positive"] == 0.05
    assert len(report["failures"]) == 2


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["judge", "--model", "x"], "INPUT -o DIR"),
        (["judge", "--calibrate"], "Missing option '--model'"),
        (["judge", "--calibrate", "none.jsonl", "--model", "x", "--engine", "scripted"], "cannot read the pairs"),
        (["judge", "--calibrate", "--model", "x", "--votes", "0"], "votes is out of range"),
        (["judge", "--calibrate", "--model", "nope", "--engine", "scripted"], "is named file.py:function"),
    ],
)
def test_what_is_given_wrongly_is_one_sentence(args: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(args) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_the_command_names_the_tasks_and_limits_of_the_library() -> None:
    assert command.TASKS == NAMES
    assert Limits._fields == command.LIMITS
    helps = {p.name: p.help for p in command.command.params if hasattr(p, "help")}
    assert all(f"[default: {value}]" in (helps[f"max_{name}"] or "") for name, value in Limits()._asdict().items())


def test_samples_are_judged_into_a_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [toy.sample(i, response=f"The answer is {2 * i + i % 2}", domain="stem") for i in range(1, 9)]
    toy.parquet(tmp_path / "in.parquet", rows)
    (tmp_path / "models.py").write_text(JUDGES)
    given = [
        "judge",
        str(tmp_path / "in.parquet"),
        "-o",
        str(tmp_path / "out"),
        "--task",
        "correctness",
        "--all",
        "--votes",
        "1",
        "--engine",
        "scripted",
        "--quiet",
    ]
    assert run([*given, "--model", f"{tmp_path}/models.py:honest"]) == 0
    said = capsys.readouterr().out
    assert f"4 of 8 samples kept in {tmp_path / 'out'}" in said
    assert "correct 4, incorrect 4" in said
    assert run(["check", str(tmp_path / "out")]) == 0
    capsys.readouterr()
    assert run([*given, "--model", f"{tmp_path}/models.py:credulous", "--overwrite"]) == 1
    assert "none of its verdicts is to be believed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["judge", "--model", "m"], "INPUT -o DIR"),
        (["judge", "x", "--model", "m"], "INPUT -o DIR"),
        (["judge", "--calibrate", "-o", "d", "--model", "m"], "--calibrate takes one file"),
        (["judge", "missing", "-o", "d", "--model", "m", "--task", "quality"], "no such file"),
    ],
)
def test_what_judge_was_given_wrongly_is_one_sentence(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
