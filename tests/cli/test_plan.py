"""`curate plan` on the command line, and that the recipes are planned, shown and previewed where nothing of them is there."""

import json
from pathlib import Path

import pytest

from curate.cli import run
from pipelines import r1, r1_mini

TOY = str(Path(__file__).parents[1] / "toy_pipeline.py")


def told(capsys, *arguments, code=0):
    assert run([str(a) for a in arguments]) == code
    said = capsys.readouterr()
    return said.err if code else said.out


def test_r1_is_planned_without_a_model_a_gpu_or_a_network(tmp_path, capsys):
    said = told(capsys, "plan", "r1", "--root", tmp_path)
    lines = said.splitlines()
    assert lines[1].startswith("no pilot: no model for chains is on this machine (base is deepseek-ai/DeepSeek-V3-Base)")
    assert {line.split()[0] for line in lines if " due " in line} == {stage.name for stage in r1.PIPELINE.stages}
    assert "not projected" not in said
    look_at = lines[lines.index("look at these before they are read:") + 1 :][:4]
    assert "facebook/flores (unchecked)" in "".join(look_at)
    assert "google/IFEval (unchecked)" in "".join(look_at)
    assert "open-r1/DAPO-Math-17k-Processed (part)" in "".join(look_at)
    assert "zwhe99/DeepMath-103K" not in "".join(look_at)
    assert [line.split()[-2] for line in lines if line.startswith(("DeepSeek-R1-Zero", "SFT data", "DeepSeek-R1 ", "in all "))] == [
        "101,000",
        "5,000",
        "41,000",
        "147,000",
    ]
    assert any(line.startswith("in all: ") for line in lines)
    assert "v2 Table 5" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["plan.json"]


def test_the_plan_as_json(tmp_path, capsys):
    found = json.loads(told(capsys, "plan", "r1", "--root", tmp_path, "--json", "--price", 1, 2, "--hour-price", 2))
    assert found["stages"]["zero"]["planned"]["samples"]["value"] == 10_400 * 512
    assert found["stages"]["finetuned"]["planned"]["trained"]["at_most"]
    assert found["totals"]["usd"]["value"] > 0
    assert sum(group["hours"] for group in found["paper"]) == 147_000
    stored = json.loads((tmp_path / "plan.json").read_text())
    assert stored.pop("made") > 0
    assert stored == found


def test_r1_mini_is_planned_without_a_pilot(tmp_path, capsys):
    found = json.loads(told(capsys, "plan", "r1_mini", "--root", tmp_path, "--pilot", 0, "--json"))
    assert found["stages"].keys() == {stage.name for stage in r1_mini.PIPELINE.stages}
    assert all(stage["kind"] for stage in found["stages"].values())
    assert found["paper"] == []


def test_r1_toy_is_planned_by_a_pilot_of_its_worked_examples(tmp_path, capsys):
    found = json.loads(told(capsys, "plan", "r1_toy", "--root", tmp_path, "--json"))
    assert found["pilot"] == "a pilot of 76 prompts of examples"
    assert found["stages"]["examples"]["planned"]["samples"]["value"] == 76 * 48
    assert found["stages"]["questions"]["actual"]["prompts"]["value"] == 76
    assert found["stages"]["text"]["planned"]["rows"]["value"] == 76 * 48, "right and wrong"
    assert "a pilot of 76 prompts of examples" in found["stages"]["traces"]["planned"]["rows"]["from"]
    assert all(stage["kind"] for stage in found["stages"].values())


def test_a_pipeline_of_ones_own_with_functions_that_nobody_knows(tmp_path, capsys):
    said = told(capsys, "plan", TOY, "--root", tmp_path)
    assert [line for line in said.splitlines() if "not projected" in line] == [
        f"  {name}: not projected, nothing here knows what it runs" for name in ("first", "second", "apart", "last")
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("r2",), "there is no pipeline 'r2'"),
        (("r1", "--set", "zero.step=1"), "did you mean steps"),
        (("r1", "--pilot", "-1"), "-1 is not in the range x>=0"),
        (("r1", "--price", "1"), "'--root' is not a valid float range"),
        (("r1", "--hour-price", "much"), "'much' is not a valid float range"),
    ],
)
def test_what_was_given_wrongly_is_one_sentence(arguments, said, tmp_path, capsys):
    err = told(capsys, "plan", *arguments, "--root", tmp_path / "r", code=2)
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "r").exists()


def test_r1_is_shown_and_previewed_where_nothing_of_it_is_there(tmp_path, capsys):
    root = ("--root", tmp_path / "r")
    assert told(capsys, "graph", "r1", *root).splitlines()[-1] == f"{len(r1.PIPELINE.stages)} due"
    lines = told(capsys, "run", "r1", *root, "--dry-run").splitlines()
    assert [line.partition(":")[0] for line in lines] == [stage.name for stage in r1.PIPELINE.stages]
    assert all(": runs" in line for line in lines)
    assert not (tmp_path / "r").exists()
