"""`curate verify` on the command line: what is printed, and the exit code."""

import json
from pathlib import Path

import pytest

from curate.cli import run

ROWS = [
    {"id": "a", "verifier": "math", "gold": "2", "completion": "\\boxed{2}", "status": "wrong"},
    {"id": "b", "verifier": "math", "gold": "2", "completion": "\\boxed{3}", "status": "wrong"},
    {"id": "c", "verifier": "math", "gold": "", "completion": "\\boxed{3}"},
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in ROWS))
    return path


def test_the_summary_says_what_was_found(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = data.with_name("out.jsonl")
    assert run(["verify", str(data), "-o", str(out), "--quiet"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "samples",
        "correct          1  33.3 %",
        "wrong            1  33.3 %",
        "unparsable_gold  1  33.3 %",
        "1 of 2 statuses flipped",
        "  wrong -> correct: 1",
        "  a: wrong -> correct",
        f"3 rows in {out}",
    ]
    assert said.err.splitlines() == ["warning: 1 of 3 samples could not be judged", "  1 unparsable_gold: the gold is empty"]


def test_an_audit_fails_where_a_gold_does(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(data), "--audit", "--quiet"]) == 0
    assert "2 of 2 golds are accepted" in capsys.readouterr().out
    assert run(["verify", str(data), "--audit", "--quiet", "--verifier", "choice"]) == 1
    assert "a: choice says unparsable_gold of its gold '2'" in capsys.readouterr().out


def test_terminal_escapes_in_data_are_shown_and_not_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps({"id": "\x1b[2J", "gold": "\x1b]0;x\x07", "verifier": "choice"}) + "\n")
    assert run(["verify", str(path), "--audit", "--quiet"]) == 1
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["--verifier", "math", "--gold", "2", "--completion", "\\boxed{2}"], 0, "status: correct"),
        (["--verifier", "math", "--gold", "2", "--completion", "\\boxed{3}"], 1, "status: wrong"),
        (["--verifier", "math", "--gold", "2", "--completion", ""], 1, "status: no_answer"),
        (["--verifier", "math", "--gold", "2", "--completion", "\\boxed{2}", "--json"], 0, '"status": "correct"'),
        (["--verifier", "format", "--completion", "<think>a</think><answer>b</answer>"], 0, "extracted: b"),
    ],
)
def test_one_case(args: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", *args]) == code
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--gold", "2", "--completion", "2"], "one case needs --verifier"),
        (["--verifier", "math", "--gold", "2"], "one case needs --verifier and --completion"),
        (["--verifier", "nope", "--gold", "2", "--completion", "2"], "unknown verifier"),
        (["x.jsonl", "--verifier", "math", "--gold", "2", "--completion", "2"], "one case, which takes neither"),
        (["x.jsonl", "--json"], "are for one case"),
        (["x.jsonl"], "say where the rows are to go"),
        ([], "no input is given"),
        (["x.jsonl", "-o", "out.jsonl"], "no such file"),
        (["x.jsonl", "--audit", "--consensus"], "leave out either"),
        (["x.jsonl", "-o", "o.jsonl", "--map", "gold"], "not of the form"),
        (["x.jsonl", "-o", "o.jsonl", "--map", "gold=a,gold=b"], "gives gold twice"),
    ],
)
def test_what_is_given_wrongly_is_one_sentence(
    args: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["verify", *args]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
