import json
from pathlib import Path

import pytest

from curate.cli import run
from tests.train import toys


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(toys.directory(tmp_path_factory.mktemp("base"), spread=0.1))


@pytest.fixture
def rows(tmp_path):
    made = [{"messages": f"{i}+1", "completion": f"<think>{i} and 1</think>{i + 1}" if i % 2 else f"{i + 1}"} for i in range(12)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in made))
    return str(tmp_path / "rows.jsonl")


def test_a_run_of_sft_from_rows_to_a_model_with_curves(base, rows, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(["train", "sft", rows, "-o", str(out), "--model", base, "--batch", "6", "--epochs", "1", "--dtype", "float32"]) == 0
    said = capsys.readouterr().out
    assert "6 with a chain and 6 without, of 12 rows" in said
    assert "step 2/2  loss" in said
    assert {p.name for p in out.iterdir()} >= {"model", "metrics.jsonl", "report.html", "curves.png", "run.json", "checkpoints"}
    assert run(["train", "report", str(out)]) == 0
    assert "report.html" in capsys.readouterr().out
    assert run(["train", "sft", rows, "-o", str(out), "--model", base, "--batch", "4"]) == 1
    assert "another configuration: batch (6 there, 4 now); dtype" in capsys.readouterr().err


def test_show_prints_a_row_with_its_trained_tokens_in_colour_and_trains_nothing(base, rows, tmp_path, capsys):
    assert run(["train", "sft", rows, "-o", str(tmp_path / "out"), "--model", base, "--where", "reasoning is not null", "--show", "1"]) == 0
    said = capsys.readouterr().out
    assert "trained (in green)" in said
    assert "<think>1 and 1</think>2</s>" in said
    assert not (tmp_path / "out").exists()


def test_dry_run_says_rows_steps_settings_with_their_sources_and_memory(base, rows, tmp_path, capsys):
    assert (
        run(["train", "sft", rows, "-o", str(tmp_path / "out"), "--model", base, "--preset", "r1", "--max-tokens", "100", "--dry-run"]) == 0
    )
    said = capsys.readouterr().out
    assert "of 12 rows" in said
    assert "1 step of 128 texts" in said
    assert "B.4.2" in said
    assert "weights" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("preset", ["zero", "reasoner", "aligned", "small", "zero-small", "reasoner-small", "aligned-small"])
def test_the_settings_of_every_preset_of_grpo_are_printed(preset, base, rows, tmp_path, capsys):
    assert run(["train", "grpo", rows, "-o", str(tmp_path / "out"), "--model", base, "--preset", preset, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert f"preset {preset}" in said
    assert ("section 2.1" in said) == (preset in ("zero", "reasoner", "aligned"))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["sft", "ROWS", "-o", "OUT", "--model", "BASE", "--preset", "no"], 2, "there is no preset 'no'"),
        (["sft", "ROWS", "-o", "OUT", "--model", "BASE", "--lr", "-1"], 2, "--lr must be"),
        (["sft", "ROWS", "-o", "OUT", "--model", "BASE", "--batch", "0"], 2, "--batch must be above 0"),
        (["sft", "ROWS", "-o", "OUT", "--model", "nowhere/at/all"], 2, "is not a model directory"),
        (["sft", "nothing.jsonl", "-o", "OUT", "--model", "BASE"], 2, "no such file or directory"),
        (["sft", "ROWS", "-o", "OUT", "--model", "BASE", "--where", "1 ="], 2, "no SQL condition"),
        (
            ["grpo", "ROWS", "-o", "OUT", "--model", "BASE", "--engine", "transformers", "--rewards", "kindness"],
            2,
            "unknown reward 'kindness'",
        ),
        (
            ["grpo", "ROWS", "-o", "OUT", "--model", "BASE", "--engine", "transformers", "--verifier", "none"],
            2,
            "has no reward|have no reward",
        ),
        (["reward", "ROWS", "-o", "OUT", "--model", "BASE"], 2, "no such directory"),
        (["report", "OUT"], 1, "metrics"),
    ],
)
def test_bad_input_is_one_sentence(arguments, code, said, base, rows, tmp_path, capsys):
    import re

    names = {"ROWS": rows, "OUT": str(tmp_path / "out"), "BASE": base}
    assert run(["train", *(names.get(a, a) for a in arguments)]) == code
    err = capsys.readouterr().err
    assert re.search(said, err), err
    assert err.count("\n") == 1
    assert not Path(tmp_path / "out" / "model").exists()
