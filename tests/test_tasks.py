"""What a pipeline's data stages run, with functions in place of models."""

import json

import pytest

from curate import api, tasks
from curate.errors import UsageError
from curate.filters.judge import read_pairs
from curate.stage import Task
from pipelines import rubrics

NAME = "tests.test_tasks"
GOOD, BAD = "The kettle is on, and I have a warm cup for you.", "No."


def fair(messages, vote, seed):
    """A judge of rules."""
    return rubrics.reply(messages, lambda request, answer: 9 if answer == GOOD else 2)


def unfair(messages, vote, seed):
    """A judge that likes everything."""
    return rubrics.reply(messages, lambda request, answer: 8)


def host(messages, index, seed):
    """Answers of two kinds."""
    return BAD if index % 2 or "1" in messages[-1]["content"] else GOOD


def scripted(function):
    return {"kind": "scripted", "model": f"{NAME}:{function}"}


def task(tmp_path, config, outputs, extent=None, **inputs):
    directory = tmp_path / "stage"
    directory.mkdir(exist_ok=True)
    said = []
    made = Task(inputs, config, extent or {}, directory, {name: directory / name for name in outputs}, said.append)
    return made, said


def rows(path, *lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_sources_have_options_of_their_own(tmp_path):
    sums = rows(tmp_path / "sums.jsonl", *({"q": f"{i} + 1", "a": str(i + 1)} for i in range(5)))
    talk = rows(tmp_path / "talk.jsonl", {"problem": "Hi"}, {"problem": "Tell me about the sea, please."})
    config = {
        "sources": [{"name": str(sums), "mapping": {"messages": "q", "gold": "a"}, "verifier": "math", "domain": "math", "limit": 3}],
        "source": {"verifier": "none", "domain": "general"},
        "routes": [["length(question) < 5 AND domain = 'general'", "plain"]],
    }
    made, _ = task(tmp_path, config, ["prompts"], talk=talk)
    tasks.prompts(made)
    found = api.open(made.outputs["prompts"]).to_arrow(part="prompts").to_pylist()
    told = sorted((r["domain"], r["verifier"], r["mode"], r["messages"][0]["content"]) for r in found)
    assert told == [
        ("general", None, "plain", "Hi"),
        ("general", None, "think", "Tell me about the sea, please."),
        *(("math", "math", "think", f"{i} + 1") for i in range(3)),
    ]


def test_what_a_recipe_says_of_a_source_for_a_plan_is_no_option_of_it(tmp_path):
    sums = rows(tmp_path / "sums.jsonl", *({"problem": f"{i} + 1", "answer": str(i + 1)} for i in range(5)))
    source = {"name": str(sums), "verifier": "math", "domain": "math", "limit": 3, "known": "part", "rows": 5}
    made, _ = task(tmp_path, {"sources": [source]}, ["prompts"])
    tasks.prompts(made)
    found = api.open(made.outputs["prompts"]).to_arrow(part="prompts", columns=["domain"])
    assert found["domain"].to_pylist() == ["math"] * 3


def test_an_unknown_setting_of_prompts_is_refused(tmp_path):
    made, _ = task(tmp_path, {"sorces": []}, ["prompts"], talk=rows(tmp_path / "t.jsonl", {"problem": "Hi"}))
    with pytest.raises(UsageError, match="sorces is no setting"):
        tasks.prompts(made)


def test_an_unknown_setting_of_a_stage_that_generates_is_refused(tmp_path):
    made, _ = task(tmp_path, {}, ["samples"], prompts=rows(tmp_path / "t.jsonl", {"problem": "Hi", "accept": "finished"}))
    with pytest.raises(UsageError, match="k is no option of a run that generates"):
        tasks.generate(made._replace(config={"model": f"{NAME}:host", "engine": "scripted", "k": 3}))


def test_a_model_is_copied_into_the_run(tmp_path):
    given = tmp_path / "given"
    given.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (given / name).write_text(name)
    made, _ = task(tmp_path, {}, ["model"], model=given)
    tasks.model(made)
    assert {p.name: p.read_text() for p in made.outputs["model"].iterdir()} == {p.name: p.name for p in given.iterdir()}


def test_a_model_that_is_not_there(tmp_path):
    made, _ = task(tmp_path, {"name": str(tmp_path / "nowhere"), "revision": None}, ["model"])
    with pytest.raises(UsageError, match="there is no model directory"):
        tasks.model(made)


def pairs(tmp_path):
    return rows(tmp_path / "pairs.jsonl", *({"task": "quality", "question": f"Tea, {i}?", "good": GOOD, "bad": BAD} for i in range(10)))


def trusted(tmp_path, judge):
    """The output of a stage that measures a judge."""
    made, said = task(tmp_path, {"judge": scripted(judge), "least": 0.65, "asking": {"votes": 1}}, ["trust"], pairs=pairs(tmp_path))
    tasks.trust(made)
    return made.outputs["trust"], said


@pytest.mark.parametrize(("judge", "right", "believed"), [("fair", 10, True), ("unfair", 0, False)])
def test_a_judge_is_measured(tmp_path, judge, right, believed):
    place, said = trusted(tmp_path, judge)
    found = json.loads((place / "trust.json").read_text())
    assert (found["pairs"], found["right"], found["trusted"], found["agreement"]) == (10, right, believed, right / 10)
    assert found["low"] <= found["agreement"] <= found["high"]
    assert said[0].startswith(f"the judge agrees on {right} of 10 pairs")


def answers(tmp_path):
    asked = rows(tmp_path / "asked.jsonl", *({"problem": f"Is there tea, guest {i}?", "accept": "finished"} for i in (1, 2, 3)))
    api.generate(str(asked), tmp_path / "answers", model=f"{NAME}:host", engine="scripted", open_samples=2, quiet=True)
    return tmp_path / "answers"


def quality(tmp_path, judge, **config):
    place, _ = trusted(tmp_path, judge)
    settings = {
        "judge": scripted(judge),
        "tasks": ["quality"],
        "everything": True,
        "asking": {"votes": 1, "planted_first": 0, "planted_every": 0},
    }
    made, said = task(tmp_path, settings | config, ["samples"], samples=answers(tmp_path), trust=place)
    tasks.judge(made)
    return made, said


def test_a_judge_that_is_trusted_decides(tmp_path):
    made, _ = quality(tmp_path, "fair", instead=scripted("unfair"))
    assert {r["response"] for r in api.open(made.outputs["samples"]).to_arrow().to_pylist()} == {GOOD}
    assert not (made.directory / "untrusted").exists()


def test_what_a_judge_says_that_is_not_trusted_is_recorded_and_not_used(tmp_path):
    made, _ = quality(tmp_path, "unfair", instead=scripted("fair"))
    assert {r["response"] for r in api.open(made.outputs["samples"]).to_arrow().to_pylist()} == {GOOD}
    recorded = api.open(made.directory / "untrusted").to_arrow().to_pylist()
    assert {r["response"] for r in recorded} == {GOOD, BAD}
    assert {j["score"] for r in recorded for j in r["judgements"]} == {8.0}


def test_nothing_is_planted_for_a_judge_that_is_not_trusted_and_who_decides_is_asked_freely(tmp_path):
    made, _ = quality(tmp_path, "unfair", instead=scripted("fair"), asking={"votes": 1})
    assert api.open(made.outputs["samples"]).to_arrow().num_rows == 2
    asked = {"asking": {"reply": "schema", "planted_first": 3}, "judge": scripted("unfair"), "instead": scripted("fair")}
    decides, doubted = tasks.judging(asked, made)
    assert (decides.engine.model, decides.settings.reply, decides.settings.planted_first) == (f"{NAME}:fair", "free", 3)
    assert doubted is not None
    assert (doubted.engine.model, doubted.settings.reply, doubted.settings.planted_first) == (f"{NAME}:unfair", "schema", 0)


def test_nobody_decides_instead(tmp_path):
    with pytest.raises(UsageError, match="nothing is named that decides `instead`"):
        quality(tmp_path, "unfair")


def test_an_engine_s_model_may_be_an_input_and_it_may_be_behind_servers(tmp_path):
    made, _ = task(tmp_path, {}, [], judge=tmp_path / "model")
    given = {"judge": {"kind": "openai", "max_concurrent": 2}, "servers": ["http://127.0.0.1:1/v1"]}
    engine = tasks.described(given, made, "judge")
    assert (engine.kind, engine.model, engine.base_urls, engine.max_concurrent) == (
        "openai",
        str(tmp_path / "model"),
        ("http://127.0.0.1:1/v1",),
        2,
    )
    assert given == {}


def test_the_rubric_knows_what_is_planted():
    for pair in read_pairs(None, ["quality"]):
        request = f"The code {'a' * 16} was made for this request\nBEGIN {'a' * 16} request\nq\nEND {'a' * 16} request\nBEGIN {'a' * 16} answer to be evaluated\n{{}}\nEND {'a' * 16} answer to be evaluated"
        marks = [
            json.loads(rubrics.reply([{"content": request.replace("{}", text)}], lambda q, a: 5))[f"verdict_{'a' * 16}"]
            for text in (pair.good, pair.bad, "neither")
        ]
        assert marks == [rubrics.HIGH, rubrics.LOW, 5]
