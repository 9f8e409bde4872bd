"""`curate eval` on the command line: what is printed, and the exit code."""

import json
from pathlib import Path

import pytest

from curate.cli import eval as command
from curate.cli import run
from curate.engines import Sampling
from tests import models
from train.evaluate import MAX_TOKENS


@pytest.fixture
def given(tmp_path: Path) -> list[str]:
    """A command line without its models."""
    return [str(models.write_sums(tmp_path / "sums.jsonl", 8)), "-k", "2", "-o", str(tmp_path / "out"), "--engine", "scripted", "--quiet"]


def test_models_side_by_side(given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["tests.models:adder", "tests.models:guesser"]
    assert run(["eval", *names, *given, "--verifier", "math"]) == 0
    said = capsys.readouterr().out
    lines = said.splitlines()
    assert lines[0].split() == ["all", "prompts", *names]
    assert "lenient pass@2" in said
    assert lines[-1] == f"32 requests to the engines, 0 answered from the log; every number: {tmp_path}/out/eval.json"
    assert max(map(len, lines[:-1])) <= 80
    adder, guesser = json.loads((tmp_path / "out" / "eval.json").read_text())["models"]
    assert adder["config"]["identity"]["sampling"] == Sampling(max_tokens=32768).as_dict()  # those of R1's evaluation
    assert "chat" in adder["config"]["identity"]["template"]
    assert guesser["overall"]["strict"]["pass@1"]["value"] == 0
    assert run(["inspect", str(tmp_path / "out" / "samples.parquet")]) == 0
    assert run(["eval", names[0], *given, "--verifier", "math", "--temperature", "1"]) == 1
    assert "made with another configuration" in capsys.readouterr().err
    assert run(["eval", names[0], *given, "--verifier", "math", "--temperature", "1", "--overwrite"]) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["adder", "-k", "2"], 2, "Missing argument 'MODEL...'"),
        (["adder", "GIVEN", "-k", "0"], 2, "at least 1 sample a prompt"),
        (["adder", "GIVEN", "--verifier", "none"], 1, "8 rows skipped: no rule checks their answers"),
        (["adder", "GIVEN", "--verifier", "nobody"], 2, "unknown verifier 'nobody'"),
        (["adder", "none.jsonl"], 2, "no such file"),
        (["adder", "guesser", "GIVEN", "--model-revision", "x"], 2, "one revision"),
        (["adder", "GIVEN", "--temperature", "-1"], 2, "out of range"),
        (["adder", "GIVEN", "--template", "other"], 2, "'other'"),
        (["./gone", "GIVEN", "--engine", "transformers"], 2, "there is no model directory ./gone"),
    ],
)
def test_what_is_given_wrongly_is_one_sentence(
    arguments: list[str], code: int, sentence: str, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"GIVEN": given[0], "adder": "tests.models:adder", "guesser": "tests.models:guesser"}
    assert run(["eval", *given[1:], *(names.get(a, a) for a in arguments)]) == code
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_the_command_has_the_limit_of_the_library() -> None:
    assert command.MAX_TOKENS == MAX_TOKENS
