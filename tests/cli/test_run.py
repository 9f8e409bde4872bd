"""`curate run` and `curate graph` on the command line."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from curate.cli import run

TOY = str(Path(__file__).parents[1] / "toy_pipeline.py")


def told(capsys, *arguments, code=0):
    assert run([str(a) for a in arguments]) == code
    said = capsys.readouterr()
    return said.err if code else said.out


def test_a_pipeline_runs_shows_and_runs_again_where_a_number_changed(tmp_path, capsys):
    given = (TOY, "--root", tmp_path)
    assert [line.split()[:2] for line in told(capsys, "graph", *given).splitlines()] == [
        ["toy:", "texts"],
        ["first", "due"],
        ["second", "due"],
        ["apart", "due"],
        ["last", "due"],
        ["4", "due"],
    ]
    assert told(capsys, "run", *given, "second", "--dry-run") == "first: runs (the first one)\nsecond: runs\n"
    assert told(capsys, "run", *given, "--quiet") == ""
    assert told(capsys, "graph", *given, "--set", "second.word=B").splitlines()[-1] == "2 done, 2 stale"
    said = told(capsys, "run", *given, "--set", "second.word=B")
    assert [line.partition(",")[0] for line in said.splitlines()] == [
        "first: done",
        "second: begins",
        "second: done in 0 s",
        "apart: done",
        "last: begins",
        "last: done in 0 s",
    ]
    picture = tmp_path / "graph.svg"
    lines = told(capsys, "graph", *given, "--svg", picture).splitlines()
    assert lines[4].split()[:4] == ["last", "done", "0", "s"]
    assert lines[4].endswith("two <- second.text, apart <- apart.text")
    drawn = ET.fromstring(picture.read_text())
    space = "{http://www.w3.org/2000/svg}"
    assert len(drawn.findall(f"{space}path")) == 3
    assert [t.text for t in drawn.iter(f"{space}text")][::2] == ["first", "second", "apart", "last"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "r2"), "there is no pipeline 'r2': there is r1_toy, r1_mini, r1, distill, and Python files of your own"),
        (("run", "nowhere.py"), "no such file: nowhere.py"),
        (("graph", str(Path(__file__))), "has no function 'PIPELINE'"),
        (("run", TOY, "secund"), "did you mean second"),
        (("run", TOY, "--set", "first.times=many"), "it takes a whole number"),
        (("graph", TOY, "--set", "first"), "takes stage.field=value"),
    ],
)
def test_what_was_given_wrongly_is_one_sentence(arguments, said, tmp_path, capsys):
    err = told(capsys, *arguments, "--root", tmp_path / "r", code=2)
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "r").exists()


def test_a_picture_that_cannot_be_written_is_told(tmp_path, capsys):
    assert "cannot write" in told(capsys, "graph", TOY, "--root", tmp_path, "--svg", tmp_path / "no" / "g.svg", code=1)
