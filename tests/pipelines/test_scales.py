"""One graph at three scales: the paper's, a laptop's, a toy's."""

import dataclasses
import inspect
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from curate import api, tasks
from curate.errors import UsageError
from curate.generate import Options
from curate.pipeline import look
from curate.records import Answer, make_prompt
from curate.rewriting import verdict, wording
from curate.stage import Given, Output
from pipelines import mixtures, r1, r1_mini, r1_toy
from pipelines.mini import scripts
from train import presets

ROOT = Path(__file__).parents[2]
SCALES = (r1_mini.PIPELINE, r1_toy.PIPELINE)
BESIDE = {"examples", "text", "newborn"}  # what r1_toy has in place of pretraining
ON_ITS_OWN = {"base"}  # where the base comes from


def edges(stage, names):
    """The inputs of a stage from stages of the graph."""
    return {(name, source) for name, source in stage.inputs.items() if isinstance(source, Output) and source.stage in names}


@pytest.mark.parametrize("pipeline", SCALES, ids=lambda p: p.name)
def test_stages_and_edges_are_the_paper_s(pipeline):
    stages = {s.name for s in r1.PIPELINE.stages}
    assert {s.name for s in pipeline.stages} - BESIDE == stages
    for stage in pipeline.stages:
        if stage.name in BESIDE | ON_ITS_OWN:
            continue
        own = {edge for edge in edges(stage, stages) if edge[1] != Output("base", "model")}
        theirs = {edge for edge in edges(r1.PIPELINE[stage.name], stages) if edge[1] != Output("base", "model")}
        assert own == theirs, stage.name
        assert (stage.run, stage.outputs.keys()) == (r1.PIPELINE[stage.name].run, r1.PIPELINE[stage.name].outputs.keys())


@pytest.mark.parametrize("name", ["zero", "reasoner", "aligned", "cold_start", "finetuned", "helpful", "harmless"])
def test_what_r1_says_of_a_stage_is_what_its_preset_says(name):
    config = r1.PIPELINE[name].config
    table = {**presets.GRPO, **presets.SFT, **presets.REWARD}
    preset = table[config["preset"]]
    own = {field: value for field, value in config.items() if hasattr(preset, field)}
    assert len(own) >= 4
    assert own == {field: getattr(preset, field) for field in own}


def test_the_paper_s_mixture():
    assert sum(mixtures.R1.values()) == 804_745
    assert r1.PIPELINE["mixture"].config["quotas"] == dict(mixtures.R1)


def test_every_source_can_be_opened_without_being_read():
    for stage in r1.PIPELINE.stages:
        for entry in stage.config.get("sources", []) if stage.run == "curate.tasks:prompts" else []:
            name, options = tasks._specified(entry, tasks.SourceOptions())
            assert tasks._open(name, options, options).name


def test_nothing_is_there_of_r1_and_that_is_no_error(tmp_path):
    assert {s.state for s in look(r1.PIPELINE, tmp_path)} == {"due"}


@pytest.mark.parametrize("module", ["r1", "r1_mini", "r1_toy"])
def test_nothing_heavy_is_imported_to_read_it(module):
    code = f"import sys; import pipelines.{module}; print(sorted({{'torch', 'transformers', 'vllm'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("name", ["mini", "toy"])
def test_the_prompts_are_those_that_their_program_writes(tmp_path, name):
    (tmp_path / "tools").mkdir()
    (tmp_path / "pipelines" / name).mkdir(parents=True)
    shutil.copy(ROOT / "tools" / f"{name}.py", tmp_path / "tools")
    subprocess.run([sys.executable, tmp_path / "tools" / f"{name}.py"], check=True)
    made = [path for path in (tmp_path / "pipelines" / name).rglob("*") if path.is_file()]
    assert made
    for path in made:
        assert path.read_bytes() == (ROOT / "pipelines" / name / path.relative_to(tmp_path / "pipelines" / name)).read_bytes(), path.name


def problems(stage):
    """The questions of a stage's given files, with their answers."""
    files = [Path(source.path) for source in r1_mini.PIPELINE[stage].inputs.values() if isinstance(source, Given)]
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_no_question_of_mini_that_is_tested_is_trained_on():
    trained, tested = ({row["problem"] for row in problems(stage)} for stage in ("questions", "held_out"))
    assert len(tested) == 220
    assert not trained & tested
    swapped = {" + ".join(reversed(text[8:-1].split(" + "))) for text in tested if " + " in text and "*" not in text}
    assert not {text[8:-1] for text in trained} & swapped, "nor with its operands the other way round"


def test_every_question_of_mini_has_a_right_answer():
    from curate.verifiers import load

    for row in [*problems("questions"), *problems("held_out")]:
        if row["verifier"] == "math":
            prompt = make_prompt(row["problem"], verifier="math", gold=row["answer"])
            assert (
                load("math")(Answer(f"\\boxed{{{row['answer']}}}", None, f"\\boxed{{{row['answer']}}}", "stop"), prompt).status == "correct"
            )


def test_mini_s_judge_is_measured_on_200_pairs():
    pairs = [json.loads(line) for line in (r1_mini.FOLDER / "pairs.jsonl").read_text().splitlines()]
    assert len(pairs) == 200
    for pair in pairs:
        if pair["task"] == "quality":
            assert scripts.merit(pair["question"], pair["good"]) > scripts.merit(pair["question"], pair["bad"])


@pytest.mark.parametrize(
    ("domain", "question", "chain", "response", "gold"),
    [
        ("math", "What is 3 * 4 + 6?", "We begin with 3 * 4 = 12. Then 12 + 6 = 18. Then 12 + 6 = 18.", "<answer> 18 </answer>", "18"),
        (
            "code",
            "Write a Python function f(n) that returns n plus 50.",
            "I add 50 to n.",
            "<answer> \n```python\ndef f(n):\n    return n + 50\n```\n </answer>",
            '{"language": "python", "entry_point": "f", "tests": ["assert f(1) == 51"]}',
        ),
    ],
)
def test_mini_s_editor_keeps_what_is_right(domain, question, chain, response, gold):
    parent = make_prompt(question, verifier=domain, gold=gold)
    prompt = verdict.request(parent, "s", question, chain, response)
    text = scripts.editor([{"role": "user", "content": prompt.messages[0].content}], 0, None)
    found = wording.read(text, json.loads(prompt.meta)["nonce"])
    assert found is not None
    assert found.reasoning.startswith(f"I am asked: {question} ")
    assert "We " not in found.reasoning
    assert found.reasoning.count("Then 12 + 6 = 18.") == chain.count("Then") // 2
    assert verdict.verify(Answer(text, None, text, "stop"), prompt).status == "correct"
    assert "answer>" not in found.response


@pytest.mark.parametrize(
    ("request_", "better", "worse"),
    [
        ("Tell me about tea.", "Tea is made of leaves, and people drink it hot.", "Rain falls from the clouds."),
        ("Tell me about tea.", "Tea is hot.", "Tea tea tea tea tea tea tea tea"),
        ("Hello!", "Hello! How are you today?", "word " * 60),
        ("Tell me about tea.", "Tea is a drink.", "I cannot help with that."),
    ],
)
def test_mini_s_rubric(request_, better, worse):
    assert scripts.merit(request_, better) > scripts.merit(request_, worse)


def test_a_stage_that_there_is_not_is_refused():
    with pytest.raises(UsageError, match="has no stage 'zerro'; did you mean zero"):
        r1.PIPELINE.at("mine", "", {"zerro": {}})
    with pytest.raises(UsageError, match="a stage has no 'confg'; did you mean config"):
        r1.PIPELINE.at("mine", "", {"zero": {"confg": {}}})


@pytest.mark.parametrize("pipeline", [r1.PIPELINE, *SCALES], ids=lambda p: p.name)
def test_every_stage_s_settings_are_some(pipeline):
    """Those that a library call takes: a wrong one would be found hours later."""
    sampling = {f.name for f in dataclasses.fields(Options)} | set(inspect.signature(api.options).parameters) - {"other"}
    more = {
        "curate.tasks:generate": set(),
        "train.tasks:evaluate": {"k", "limit"},
        "train.general_quality:stage": {"judge", "instead", "asking", "servers"},
    }
    for stage in pipeline.stages:
        if stage.run in more:
            assert {*stage.config, *stage.extent} <= sampling | more[stage.run], stage.name
