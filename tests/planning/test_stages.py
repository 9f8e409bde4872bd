"""Each kind of stage: what comes in, what is said of it, what it hands on."""

import json
import struct

import pytest

from curate.errors import Damaged
from curate.planning.known import Known, Made, size_of
from curate.planning.stages import STAGES, given_flow
from curate.planning.values import Flow, Kind, Lot, Size, Value, exact, rows_of
from curate.stage import Stage
from pipelines.paper import ASSUMED

MATH, GENERAL, JUDGED, SAFETY = Kind("math"), Kind("general", "finished"), Kind("stem", "judged"), Kind("safety", "finished")
ONE = Size(exact(1e9), exact(2e9))


def made(task: str, config: dict, flows: dict[str, Flow] | None = None, sizes: dict[str, Size] | None = None) -> Made:
    return STAGES[f"curate.tasks:{task}"](Known(Stage("s", f"curate.tasks:{task}", config=config), flows or {}, sizes or {}, ASSUMED))


def lot(rows: float, tokens: float = 100, every: float | None = None, prompts: float = 0) -> Lot:
    return Lot(exact(rows), exact(tokens), None if every is None else exact(every), exact(prompts))


@pytest.mark.parametrize(
    ("source", "rows"),
    [
        ("reasoning_gym:dice?size=7&seed=1", 7),
        ("reasoning_gym:dice", 500),
        ({"name": "reasoning_gym:dice", "limit": 9}, 9),
        ({"name": "a/b?split=train", "rows": 100, "limit": 30}, 30),
        ({"name": "a/b?split=train", "rows": 100, "limit": 300}, 100),
        ({"name": "a/b", "rows": 100, "known": "part"}, 100),
        ({"name": "human_eval"}, 164),
        ({"name": "a/b"}, 0),
    ],
)
def test_prompts_are_as_many_as_a_source_says(source, rows):
    found = made("prompts", {"sources": [source]})
    assert found.numbers["prompts"].value == rows
    assert bool(found.notes) == (rows == 0)


def test_a_limit_takes_of_all_domains_the_same_share_and_files_are_counted(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text(
        "\n".join(json.dumps({"domain": d, **more}) for d, more in [("math", {}), ("math", {}), ("x", {"verifier": "none"})]) + "\n"
    )
    flow = given_flow(file)
    assert {kind: lot.rows.value for kind, lot in flow.items()} == {MATH: 2, Kind("x", "finished"): 1}
    found = made("prompts", {"sources": [{"name": "a/b", "rows": 97, "domain": "math"}], "limit": 10}, {"file": flow})
    assert rows_of(found.flow).value == pytest.approx(10)
    assert found.flow[MATH].rows.value == pytest.approx(9.9)
    assert made("prompts", {"sources": [str(file)]}).numbers["prompts"].value == 3


def test_samples_by_the_kind_of_their_prompts():
    flows = {"prompts": {MATH: lot(100, 0), GENERAL: lot(10, 0), JUDGED: lot(5, 0)}}
    found = made("generate", {"num_generations": 8, "num_correct": 2, "open_samples": 3, "max_tokens": 1000}, flows, {"model": ONE})
    assert found.flow[JUDGED] == Lot(exact(0.0), found.flow[JUDGED].tokens, found.flow[JUDGED].every, exact(5))
    assert found.flow[JUDGED].all.value == 40, "no rule says when there are enough"
    assert found.flow[GENERAL].rows == Value(30, 0, 30, found.flow[GENERAL].rows.sources, True)
    right = found.flow[MATH]
    assert 100 * 0.55 < right.rows.low < right.rows.value < right.rows.high < 200
    assert right.tokens.value == 1000, "no more than a sample may be long"
    assert found.numbers["tokens"].value == pytest.approx(1000 * found.numbers["samples"].value)
    assert found.work is not None
    assert found.work.hours is not None
    decoded = 2e9 * found.numbers["tokens"].value / (989e12 * 0.14 * 3600)
    assert found.work.hours.value == pytest.approx(decoded, rel=0.02), "and the prompts are read"


def test_an_unknown_model_has_no_hours_and_a_function_needs_none():
    flows = {"prompts": {MATH: lot(10, 0)}}
    unknown, scripted = made("generate", {"model": "some/model"}, flows).work, made("generate", {"engine": "scripted"}, flows).work
    assert unknown is not None
    assert scripted is not None
    assert unknown.hours is None
    assert scripted.hours == exact(0.0)


def test_what_a_filter_leaves_is_an_upper_bound():
    found = made("filter", {"dedup": "near"}, {"samples": {MATH: Lot(Value(50, 40, 60), exact(9))}, "benchmark": {MATH: lot(7)}})
    assert found.numbers["rows"] == Value(60, 0, 60, (), True)


def test_a_mixture_has_its_quotas_as_far_as_there_are_rows():
    flows = {"a": {MATH: lot(50, every=80)}, "b": {GENERAL: lot(20)}}
    found = made("mix", {"quotas": {"math": 30, "general": 40}}, flows)
    assert {kind: lot.rows.value for kind, lot in found.flow.items()} == {MATH: 30, GENERAL: 20}
    assert found.notes == ("general: 20 rows for a quota of 40",)
    assert made("mix", {"rejects": True}, flows).numbers["rows"].value == 100


def test_a_judge_of_correctness_is_asked_what_rules_left():
    config = {"judge": {"kind": "openai", "model": "deepseek-ai/DeepSeek-V3"}, "tasks": ["correctness"], "rejects": True}
    found = made("judge", config, {"samples": {MATH: lot(50, every=80), JUDGED: lot(0, every=16)}})
    assert found.numbers["asked"].value == 16
    assert found.numbers["tokens"].value == 16 * 3 * 300
    assert found.numbers["read"].value == 16 * 3 * (100 + 600)
    assert found.flow[MATH].rows == exact(50)
    assert found.flow[JUDGED].rows == Value(16, 0, 16, (), True)
    assert found.served
    flaws = made("judge", {**config, "tasks": ["code_block", "long_paragraph"], "asking": {"votes": 1}}, {"samples": {MATH: lot(50)}})
    assert flaws.numbers["tokens"].value == 50 * 2 * 300


def test_pairs_are_one_a_prompt_and_labels_are_of_safety():
    flows = {"samples": {GENERAL: lot(40, prompts=10), SAFETY: lot(8, prompts=2)}}
    judge = {"judge": {"kind": "scripted"}}
    found = made("pairs", {**judge, "where": "domain <> 'safety'"}, flows)
    assert {kind: (lot.rows.value, lot.tokens.value) for kind, lot in found.flow.items()} == {GENERAL: (10, 200)}
    assert found.numbers["tokens"].value == 0, "a function writes no tokens that cost anything"
    assert made("label", {**judge, "where": "domain = 'safety'"}, flows).numbers["rows"].value == 8


def test_rewriting_writes_the_text_again_and_topics_are_tried():
    came = {"samples": {MATH: lot(10)}}
    found = made("rewrite", {"rewriter": {"kind": "vllm"}, "tries": 2}, came, {"rewriter": ONE})
    assert found.numbers["tokens"] == Value(1000, 1000, 2000)
    topics = made("synthesise", {"writer": {"kind": "scripted"}, "topics": ["a", "b"], "per_topic": 5})
    assert topics.numbers["rows"].at_most
    assert topics.flow[GENERAL].rows.value == 10


def test_the_size_of_a_model_is_read_from_its_weights(tmp_path):
    header = json.dumps({"__metadata__": {}, "a": {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48]}, "b": {"shape": []}}).encode()
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    found = size_of(tmp_path)
    assert found is not None
    assert found.whole.value == 13
    assert size_of(tmp_path / "none") is None


@pytest.mark.parametrize(
    "content", [b"", b"1234", b"\xff" * 8 + b"{}", (2).to_bytes(8, "little") + b"[]", (8).to_bytes(8, "little") + b'{"a": 1}']
)
def test_weights_that_are_cut_short_are_one_sentence(tmp_path, content):
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(Damaged, match="is not a whole file of weights"):
        size_of(tmp_path)
