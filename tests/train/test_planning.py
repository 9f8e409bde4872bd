"""What training stages are projected to take: presets and configuration, tokens, operations; and that no torch is needed for it."""

import subprocess
import sys

import pytest

from curate.planning.known import Known, Made
from curate.planning.values import Flow, Kind, Lot, Size, exact
from curate.stage import Given, Stage
from pipelines.paper import ASSUMED
from train.planning import STAGES

MATH, GENERAL = Kind("math"), Kind("general", "finished")
MODEL = Size(exact(1e9), exact(2e9))
AN_HOUR = 989e12 * 3600


def made(run: str, config: dict, flows: dict[str, Flow], inputs: tuple[str, ...] = ()) -> Made:
    stage = Stage("s", run, {name: Given(name) for name in inputs}, config)
    return STAGES[run](Known(stage, flows, {"model": MODEL}, ASSUMED))


def hours(found: Made) -> float:
    assert found.work is not None
    assert found.work.hours is not None
    return found.work.hours.value


def test_fine_tuning_trains_every_token_of_every_epoch():
    data = {"samples": {MATH: Lot(exact(100), exact(50))}, "validation": {MATH: Lot(exact(7), exact(50))}}
    found = made("train.tasks:sft", {"preset": "r1", "init": "model"}, data)
    assert found.numbers["trained"].value == 100 * 50 * 2
    assert hours(found) == pytest.approx(6 * 1e9 * 10_000 / (AN_HOUR * 0.33))
    assert found.numbers["disk"].value == 2e9 * (2 + 2 * 12)
    assert found.size == MODEL


def test_the_papers_rollouts():
    prompts = {"prompts": {MATH: Lot(exact(95_000))}}
    found = made("train.tasks:grpo", {"preset": "zero", "engine": {"kind": "vllm"}}, prompts)
    assert found.numbers["samples"].value == 10_400 * 512
    tokens = 10_400 * 512 * 6_094.2
    assert found.numbers["tokens"].value == pytest.approx(tokens)
    rollout, training = 2e9 * tokens / (AN_HOUR * 0.03), (6 + 2 + 2) * 1e9 * tokens / (AN_HOUR * 0.33)
    assert hours(found) == pytest.approx(rollout + training), "old log-probabilities and the reference, two operations each"


def test_groups_that_teach_nothing_are_replaced_as_often_as_pass_rates_say():
    prompts = {"prompts_a": {MATH: Lot(exact(1000))}, "prompts_b": {GENERAL: Lot(exact(1000))}}
    found = made("train.tasks:grpo", {"preset": "small", "steps": 10, "prompts": 4, "group": 8, "rounds": 3}, prompts)
    samples = found.numbers["samples"]
    assert (samples.low, samples.high) == (320, 960)
    assert 320 < samples.value <= 960
    assert found.numbers["trained"].value == pytest.approx(320 * 256), "both kinds are cut off at max_tokens"


def test_a_pool_smaller_than_a_rollout_makes_shorter_ones():
    found = made(
        "train.tasks:grpo", {"preset": "zero", "steps": 10, "prompts": 4, "reuse": 5, "group": 2}, {"prompts": {MATH: Lot(exact(3))}}
    )
    assert found.numbers["samples"].value == 4 * 3 * 2, "three prompts are three steps of a rollout"


def test_both_answers_of_a_pair_are_trained():
    found = made("train.tasks:reward", {"preset": "r1-reward", "epochs": 1.0}, {"pairs": {GENERAL: Lot(exact(10), exact(300))}})
    assert found.numbers["trained"].value == 3000


def test_every_model_answers_what_a_rule_can_check():
    asked = {"prompts": {MATH: Lot(exact(10)), GENERAL: Lot(exact(10))}}
    inputs = ("model", "other", "prompts", "few_shot")
    assert made("train.tasks:evaluate", {"k": 4, "max_tokens": 100}, asked, inputs).numbers["samples"].value == 10 * 4 * 2
    assert made("train.general_quality:stage", {"max_tokens": 100}, asked, ("model", "prompts", "trust")).numbers["samples"].value == 20


def test_no_trainer_need_be_installed():
    code = "import sys, train.planning; print(sorted({'torch', 'transformers', 'vllm'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
