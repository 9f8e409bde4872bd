"""`curate pairs` and `curate label` on the command line: what is printed, and the exit code."""

import json
from pathlib import Path

import pytest

from curate.cli import pairs as command
from curate.cli import run
from curate.filters.judge.settings import PAIR_VOTES
from tests.filtering import toy

JUDGES = """
from tests.filters.judge import judges

fair = judges.knows(judges.fair)
first_place = judges.knows(judges.first_place)
watchful = judges.knows(judges.safe_or_not)
careless = judges.knows(lambda seen: "safe")
"""


@pytest.fixture
def given(tmp_path: Path) -> list[str]:
    """A command line without its command and its judge."""
    rows = [
        toy.sample(n, response=f"{word} merit {(9, 5 - n % 2)[i]}{' harm' * (n % 3 == 0)}", sample_index=i, domain="general")
        for n in range(8)
        for i, word in enumerate(("This", "That"))
    ]
    toy.parquet(tmp_path / "in.parquet", rows)
    (tmp_path / "models.py").write_text(JUDGES)
    return [str(tmp_path / "in.parquet"), "-o", str(tmp_path / "out"), "--engine", "scripted", "--quiet", "--model"]


def test_pairs(given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pairs", *given, f"{tmp_path}/models.py:fair"]) == 0
    said = capsys.readouterr().out
    assert f"8 of 8 pairs kept in {tmp_path / 'out'}" in said
    assert "planted, wrong" in said
    assert "place: 16 of 32 votes are for the answer shown first" in said
    assert max(map(len, said.splitlines())) <= 80
    assert run(["check", str(tmp_path / "out")]) == 0
    assert run(["inspect", str(tmp_path / "out"), "--sample", "1"]) == 0
    assert "chosen_response: This merit 9" in capsys.readouterr().out
    assert run(["pairs", *given, f"{tmp_path}/models.py:fair", "--margin", "4.5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["funnel"]["reasons"] == {"margin": 4}
    assert run(["pairs", *given, f"{tmp_path}/models.py:first_place", "--overwrite"]) == 1
    assert "none of its verdicts is to be believed" in capsys.readouterr().err


def test_labels(given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["label", *given, f"{tmp_path}/models.py:watchful"]) == 0
    said = capsys.readouterr().out
    assert f"16 of 16 samples labelled in {tmp_path / 'out'}" in said
    assert "safe 10, unsafe 6" in said
    assert max(map(len, said.splitlines())) <= 80
    assert run(["check", str(tmp_path / "out")]) == 0
    capsys.readouterr()
    assert run(["label", *given, f"{tmp_path}/models.py:careless", "--overwrite"]) == 1
    assert "none of its verdicts is to be believed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["pairs", "missing", "-o", "d", "--model", "m"], "no such file"),
        (["pairs", "-o", "d", "--model", "m"], "Missing argument"),
        (["pairs", "x", "-o", "d", "--model", "m", "--votes", "3"], "is odd"),
        (["pairs", "x", "-o", "d", "--model", "m", "--map", "nope"], "no ready map"),
        (["label", "missing", "-o", "d", "--model", "m"], "no such file"),
        (["label", "x", "-o", "d", "--model", "m", "--agreement", "2"], "agreement is out of range"),
        (["label", "x", "-o", "d", "--model", "m", "--rubric", "none.txt"], "cannot read the rubric"),
    ],
)
def test_what_is_given_wrongly_is_one_sentence(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_the_command_has_the_votes_of_the_library() -> None:
    assert command.VOTES == PAIR_VOTES
