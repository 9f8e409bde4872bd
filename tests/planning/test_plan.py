"""A plan of a small pipeline with a pilot, before it is run and after: exact numbers, since its model is a function."""

import json

import pytest

from curate.errors import Damaged, EngineError
from curate.pipeline import look, run
from curate.planning import plan as planning
from curate.planning import report
from curate.planning.pilot import model_for
from curate.planning.plan import FILE, Plan, Spending, make
from curate.planning.stages import STAGES
from curate.stage import Given, Output, Pipeline, Stage
from pipelines.paper import ASSUMED
from tests.plan_pipeline import MANY, pipeline, questions


@pytest.fixture
def small(tmp_path):
    return pipeline(questions(tmp_path / "questions.jsonl"))


def planned(of: Pipeline, root, n=200, **other) -> Plan:
    return make(of, root, STAGES, ASSUMED, n=n, clock=lambda: 0.0, **other)


def numbers(plan: Plan, stage: str) -> dict[str, float]:
    return {name: value.value for row in plan.rows if row.stage == stage for name, value in row.numbers.items()}


def test_without_a_pilot_all_is_assumed_and_nothing_is_made(small, tmp_path):
    plan = planned(small, tmp_path / "root", 0)
    assert sorted(p.name for p in (tmp_path / "root").iterdir()) == [FILE]
    answers = next(row for row in plan.rows if row.stage == "answers")
    assert answers.planned is not None
    assert any("55 to 66 %" in source for source in answers.planned["rows"].sources)
    assert [row.stage for row in plan.rows if not row.kind] == ["odd"]
    assert "odd: not projected" in report.text(plan)


def test_a_pilot_of_all_prompts_says_exactly_what_comes(small, tmp_path):
    root = tmp_path / "root"
    plan = planned(small, root)
    found = numbers(plan, "answers")
    assert (found["prompts"], found["samples"], found["rows"], found["tokens"]) == (MANY, 2.5 * MANY, MANY / 2, 9 * 2.5 * MANY)
    rows = next(row for row in plan.rows if row.stage == "answers").numbers["rows"]
    assert rows.low == pytest.approx(0.352 * MANY, abs=0.1)
    assert rows.high == pytest.approx(0.648 * MANY, abs=0.1)
    assert numbers(plan, "clean")["rows"] == MANY / 2, "the pilot went through the filter, too"
    assert numbers(plan, "mixture")["rows"] == pytest.approx(5 + MANY / 4)
    assert "hours" in found, "the pilot's speed here"
    assert plan.pilot == f"a pilot of {MANY} prompts of answers"

    run(small, root, "mixture", say=lambda line: None)
    after = planned(small, root)
    row = next(row for row in after.rows if row.stage == "answers")
    assert row.planned is not None
    assert row.actual is not None
    for name in ("samples", "rows", "tokens"):
        assert row.planned[name].value == row.actual[name].value, "planned before, and so it came"
    assert numbers(after, "mixture")["rows"] == 5 + MANY / 4
    assert after.pilot == "no pilot: no stage of samples is still to be run"
    said = report.text(after)
    assert "planned against actual" in said
    assert [line.split() for line in said.splitlines() if line.startswith("answers") and " rows " in line] == [
        ["answers", "rows", "20", "14.1", "to", "25.9", "20", "1.00"]
    ]
    again = planned(small, root)
    assert again.as_dict() == after.as_dict(), "what was planned stays"


def test_a_small_pilot_goes_on_where_it_was(small, tmp_path):
    root, said = tmp_path / "root", []
    few = planned(small, root, 10, say=said.append)
    assert few.pilot == "a pilot of 10 prompts of answers"
    assert numbers(few, "answers")["prompts"] == MANY
    (place,) = (root / "pilot").glob("answers-*")
    before = {p.name for p in place.iterdir()}
    more = planned(small, root, 20)
    assert more.pilot == "a pilot of 20 prompts of answers"
    assert {p.name for p in place.iterdir()} == before, "in the same directory"
    interval = [next(row for row in plan.rows if row.stage == "answers").numbers["rows"] for plan in (few, more)]
    assert interval[1].high - interval[1].low < interval[0].high - interval[0].low


def test_another_configuration_forgets_what_was_planned(small, tmp_path):
    planned(small, tmp_path, 0)
    other = small.changed(["answers.num_generations=2"])
    run(other, tmp_path, "answers", say=lambda line: None)
    row = next(row for row in planned(other, tmp_path, 0).rows if row.stage == "answers")
    assert row.planned is None
    assert row.actual is not None


def test_evidence_of_a_stage_that_is_done_is_for_those_behind_it(small, tmp_path):
    run(small, tmp_path, "answers", say=lambda line: None)
    answers = small["answers"]
    more = Stage("more", answers.run, answers.inputs, {**answers.config, "num_generations": 8}, answers.outputs)
    plan = planned(Pipeline("two", (*small.stages, more)), tmp_path, 0)
    assert numbers(plan, "more")["samples"] == pytest.approx((1 + 8) / 2 * MANY, rel=0.02)
    assert "the stage answers" in next(row for row in plan.rows if row.stage == "more").numbers["samples"].sources


def test_money_is_for_servers_and_hours_are_for_the_rest(small, tmp_path):
    served = small.at("served", "", {"answers": {"config": {"engine": "openai", "model": "deepseek-ai/DeepSeek-V3"}}})
    found = numbers(planned(served, tmp_path, 0, spending=Spending(1.0, 10.0, 2.0)), "answers")
    assert found["usd"] == pytest.approx((found["read"] + 10 * found["tokens"]) / 1e6)
    assert "accelerator_hours" not in found
    found = numbers(planned(served, tmp_path, 0, spending=Spending(hour=2.0)), "answers")
    assert found["usd"] == pytest.approx(2 * found["accelerator_hours"])


def test_without_a_model_there_is_no_pilot_and_a_sentence_says_why(small, tmp_path):
    base = Stage("base", "curate.tasks:model", {}, {"name": "owner/name"}, {"model": "model"})
    answers = small["answers"]
    own = Stage("answers", answers.run, {**answers.inputs, "model": base["model"]}, {"engine": "vllm"}, answers.outputs)
    plan = planned(Pipeline("own", (base, small["asked"], own)), tmp_path)
    assert plan.pilot.startswith("no pilot: no model for answers is on this machine (base is owner/name): run the stage base first")
    assert any("the size of owner/name is not known here" in note for row in plan.rows for note in row.notes)
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == []


def test_prompts_that_are_not_there_and_an_engine_that_fails_are_no_pilot(small, tmp_path, monkeypatch):
    asked = small["asked"]
    written = Stage("written", "curate.tasks:synthesise", {}, {"topics": ["a"], "writer": {"kind": "scripted"}}, {"prompts": "prompts"})
    behind = Stage("asked", asked.run, {"written": Output("written", "prompts")}, {}, asked.outputs)
    plan = planned(Pipeline("behind", (written, behind, small["answers"])), tmp_path)
    assert plan.pilot == "no pilot: the prompts of answers come from the stage written, which is not done"

    def fails(task):
        raise EngineError("nothing answers at http://127.0.0.1:1")

    monkeypatch.setattr("curate.planning.pilot.tasks.generate", fails)
    assert planned(small, tmp_path / "root").pilot == "no pilot: nothing answers at http://127.0.0.1:1"


def test_a_model_that_stands_in_is_named(tmp_path):
    (tmp_path / "given").mkdir()
    base = Stage("base", "curate.tasks:model", {"model": Given(str(tmp_path / "given"))}, {}, {"model": "model"})
    zero = Stage("zero", "train.tasks:grpo", {"model": base["model"]}, {}, {"model": "run/model"})
    answers = Stage("answers", "curate.tasks:generate", {"model": zero["model"]}, {}, {"samples": "samples"})
    of = Pipeline("p", (base, zero, answers))
    statuses = {status.stage.name: status for status in look(of, tmp_path)}
    assert model_for(of, statuses, answers) == (tmp_path / "given", ", given in the place of zero")


def test_sets_that_were_not_looked_at_are_shown_until_they_are_read():
    known = [{"name": f"a/{k}?split=train", "known": k} for k in ("card", "part", "unchecked")]
    assert planning.unseen(Stage("s", "curate.tasks:prompts", config={"sources": [*known, "reasoning_gym:dice"]})) == [
        "a/part (part)",
        "a/unchecked (unchecked)",
    ]


def test_a_plan_that_cannot_be_read_is_named(small, tmp_path):
    (tmp_path / FILE).write_text('{"version": 1, "stages": {"a": {}}}')
    with pytest.raises(Damaged, match=r"plan.json cannot be read: remove it"):
        planned(small, tmp_path, 0)
    (tmp_path / FILE).write_text(json.dumps({"version": 0, "stages": {}}))
    assert planned(small, tmp_path, 0).rows
