"""Running pipelines in a directory: what is done stays, what changed runs again, what was stopped goes on."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from curate.errors import CurateError, Damaged, Stopped, StoreError, UsageError
from curate.pipeline import FILE, content_of, look, run
from curate.storage import LocalPlace
from tests import toy_pipeline
from tests.toy_pipeline import pipeline

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _no_calls():
    toy_pipeline.CALLS.clear()


def ran(made, root, only=None):
    lines = []
    toy_pipeline.CALLS.clear()
    statuses = run(made, root, only, say=lines.append)
    return list(toy_pipeline.CALLS), statuses, lines


def states(made, root):
    return {s.stage.name: s.state for s in look(made, root)}


def test_stages_run_in_their_order_and_a_rerun_touches_nothing(tmp_path):
    calls, statuses, lines = ran(pipeline(), tmp_path)
    assert calls == ["first", "second", "apart", "last"]
    assert statuses[-1].outputs["text"].read_text() == "a b x c "
    assert lines[0] == f"first: begins (the first one), in {statuses[0].directory}"
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.rglob("*") if p.is_file()}
    calls, _, lines = ran(pipeline(), tmp_path)
    assert calls == []
    assert [line.split(",")[0] for line in lines] == ["first: done", "second: done", "apart: done", "last: done"]
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.rglob("*") if p.is_file()} == before


def test_another_number_runs_what_is_downstream_of_it_and_nothing_else(tmp_path):
    ran(pipeline(), tmp_path)
    other = pipeline().changed(["second.word=B"])
    assert states(other, tmp_path) == {"first": "done", "second": "stale", "apart": "done", "last": "stale"}
    calls, statuses, _ = ran(other, tmp_path)
    assert calls == ["second", "last"]
    assert statuses[-1].outputs["text"].read_text() == "a B x c "
    assert states(pipeline(), tmp_path) == dict.fromkeys(("first", "second", "apart", "last"), "done"), "the old results are there, too"


def test_a_number_that_does_not_change_what_comes_out_stops_there(tmp_path):
    ran(pipeline(), tmp_path)
    calls, _, _ = ran(pipeline().changed(["first.rate=0.25"]), tmp_path)
    assert calls == ["first"]


def test_the_extent_runs_nothing_again(tmp_path):
    ran(pipeline(), tmp_path)
    assert ran(pipeline().changed(["second.workers=8"]), tmp_path)[0] == []


def test_a_new_version_of_what_a_stage_uses_runs_it_again(tmp_path, monkeypatch):
    ran(pipeline(), tmp_path)
    monkeypatch.setattr(toy_pipeline, "VERSION", "2")
    assert ran(pipeline(), tmp_path)[0] == ["second"], "and not the last one, whose input is what it was"


def test_a_given_file_is_known_by_its_content(tmp_path):
    source = tmp_path / "given.txt"
    source.write_text("s ")
    root = tmp_path / "runs"
    ran(pipeline(source), root)
    moved = tmp_path / "moved.txt"
    source.rename(moved)
    assert ran(pipeline(moved), root)[0] == []
    moved.write_text("t ")
    assert ran(pipeline(moved), root)[0] == ["first", "second", "last"]
    assert states(pipeline(source), root) == {"first": "stale", "second": "stale", "apart": "done", "last": "stale"}
    with pytest.raises(UsageError, match=r"the stage first needs .*given.txt, which does not exist"):
        run(pipeline(source), root, say=lambda line: None)


def test_one_stage_and_what_it_needs(tmp_path):
    assert ran(pipeline(), tmp_path, "second")[0] == ["first", "second"]
    assert states(pipeline(), tmp_path) == {"first": "done", "second": "done", "apart": "due", "last": "due"}


def test_what_a_stage_says_stands_below_its_name(tmp_path):
    _, _, lines = ran(pipeline(second="talks"), tmp_path)
    assert lines[2].startswith("second: begins")
    assert lines[3] == "  half of it"


def test_a_stage_that_was_stopped_goes_on_where_it_was(tmp_path):
    made = pipeline(second="stops_once")
    with pytest.raises(Stopped):
        run(made, tmp_path, say=lambda line: None)
    assert states(made, tmp_path)["second"] == "stopped"
    _, statuses, lines = ran(made, tmp_path)
    assert statuses[1].outputs["text"].read_text() == "half and whole"
    assert lines[1].startswith("second: goes on")
    assert len(statuses[1].record["attempts"]) == 2


@pytest.mark.parametrize(("second", "said"), [("makes_nothing", "has ended without making text"), ("fails", "the model cannot be loaded")])
def test_a_stage_that_fails_is_not_done(second, said, tmp_path):
    made = pipeline(second=second)
    with pytest.raises(CurateError, match=said):
        run(made, tmp_path, say=lambda line: None)
    assert states(made, tmp_path) == {"first": "done", "second": "stopped", "apart": "due", "last": "due"}


def test_a_run_whose_process_was_killed_goes_on(tmp_path):
    program = "from tests.toy_pipeline import pipeline; from curate.pipeline import run; from pathlib import Path; run(pipeline(second='killed'), Path('{}'))"
    command = [sys.executable, "-c", program.format(tmp_path)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 9
    assert states(pipeline(second="killed"), tmp_path)["second"] == "stopped"
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "GO_ON": "1"})
    assert done.returncode == 0, done.stderr
    assert states(pipeline(second="killed"), tmp_path)["last"] == "done"


def test_two_runs_at_once_are_refused_and_a_look_says_that_one_is_there(tmp_path):
    with pytest.raises(Stopped):
        run(pipeline(second="stops_once"), tmp_path, say=lambda line: None)
    with LocalPlace(tmp_path).held():
        with pytest.raises(StoreError, match="another run is working in"):
            run(pipeline(), tmp_path, say=lambda line: None)
        assert states(pipeline(second="stops_once"), tmp_path)["second"] == "running"


def test_results_can_be_moved_to_another_machine(tmp_path):
    ran(pipeline(), tmp_path / "here")
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert ran(pipeline(), tmp_path / "there")[0] == []
    assert str(tmp_path) not in "".join(p.read_text() for p in (tmp_path / "there").rglob(FILE))


def test_a_record_that_cannot_be_read_is_named(tmp_path):
    _, statuses, _ = ran(pipeline(), tmp_path)
    (statuses[0].directory / FILE).write_text("{")
    with pytest.raises(Damaged, match=rf"{FILE} cannot be read: remove "):
        look(pipeline(), tmp_path)


def test_other_packages_are_told_and_run_nothing_again(tmp_path):
    _, statuses, _ = ran(pipeline(), tmp_path)
    record = statuses[0].directory / FILE
    text = record.read_text()
    assert '"pyarrow"' in text
    record.write_text(text.replace('"pyarrow": "', '"pyarrow": "0.'))
    calls, _, lines = ran(pipeline(), tmp_path)
    assert calls == []
    assert lines[1].startswith("warning: first was made with pyarrow 0.")


def test_contents_of_files_and_directories(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a").write_text("1")
    one = content_of(tmp_path / "d")
    assert content_of(tmp_path / "d" / "a") != one
    (tmp_path / "d" / "a").rename(tmp_path / "d" / "b")
    assert content_of(tmp_path / "d") != one


def test_an_output_that_is_declared_later_is_made_known(tmp_path):
    ran(pipeline(), tmp_path)
    before = pipeline()
    last = replace(before["last"], outputs={"text": "text.txt", "again": "text.txt"})
    calls, statuses, _ = ran(replace(before, stages=(*before.stages[:-1], last)), tmp_path)
    assert calls == ["last"]
    assert statuses[-1].record["outputs"].keys() == {"text", "again"}
