"""The reward for the language keeps a model to the question's, where a quarter of the data pulls it elsewhere (arXiv 2501.12948v2, B.6): for real, on the model that r1_toy makes."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from curate.pipeline import run
from curate.stage import Pipeline, Stage
from pipelines import r1_toy
from pipelines.toy.scripts import CHINESE, ENGLISH

PULLED = 0.25  # share of worked examples whose chain is in Chinese
WRONG = {True: 0.15, False: 0.3}  # shares of counts that go wrong, in Chinese and in English


def web(messages: Sequence[dict[str, str]], sample_index: int, seed: int | None) -> str:
    """A worked example: what is right is more often in Chinese, so accuracy alone pulls there."""
    word, a, b = messages[-1]["content"].split()
    drawn = random.Random(f"{seed} {sample_index} {messages[-1]['content']}")
    chinese = drawn.random() < PULLED
    value, chain, step = int(a), f"{'从' if chinese else 'from'} {a}", 1 if word == "sum" else -1
    for name in (CHINESE if chinese else ENGLISH)[: int(b)]:
        value += step * (drawn.choice((0, 2)) if drawn.random() < WRONG[chinese] else 1)
        chain += f" {name} {value}"
    return f"<think>\n{chain}\n</think>\n\n<answer>\\boxed{{ {value}}}</answer>"


def trained(name: str, rewards: str) -> Stage:
    return Stage(
        name,
        "train.tasks:grpo",
        {"model": r1_toy.base["model"], "prompts": r1_toy.questions["prompts"]},
        {**r1_toy.RL, "preset": "reasoner-small", "rewards": rewards, "steps": 80},
        {"model": "run/model", "rollouts": "run/rollouts"},
    )


HELD_OUT = r1_toy.PIPELINE["held_out"]
WITH, WITHOUT = trained("with_reward", "accuracy=1,format=1,language=1"), trained("without_reward", "accuracy=1,format=1")
MODELS = {"base": r1_toy.base["model"], "with_reward": WITH["model"], "without_reward": WITHOUT["model"]}
PIPELINE = Pipeline(
    "language",
    (
        r1_toy.questions,
        HELD_OUT,
        replace(r1_toy.examples, config={**r1_toy.examples.config, "model": f"{__name__}:web"}, uses=()),
        *(r1_toy.text, r1_toy.newborn, r1_toy.base),
        *(WITH, WITHOUT),
        Stage(
            "evaluation",
            "train.tasks:evaluate",
            {**MODELS, "prompts": HELD_OUT["prompts"]},
            {**r1_toy.ENGINE, "k": 4},
            {"evaluation": "evaluation"},
        ),
    ),
)


@pytest.mark.slow
@pytest.mark.one_core
@pytest.mark.usefixtures("one_thread")
def test_a_quarter_of_the_data_pulls_and_the_reward_holds(tmp_path):
    made = {status.stage.name: status for status in run(PIPELINE, tmp_path)}
    found = json.loads((made["evaluation"].outputs["evaluation"] / "eval.json").read_text())
    models = dict(zip(MODELS, (model["overall"] for model in found["models"]), strict=True))
    language = {name: model["language"]["value"] for name, model in models.items()}
    right = {name: model["strict"]["pass@1"]["value"] for name, model in models.items()}
    assert 0.6 < language["base"] < 0.9
    assert language["with_reward"] >= 0.99
    assert language["without_reward"] < 0.85, "without it the model goes where the right answers are"  # to 0.25 or 0.67 where it was seen
    assert right["with_reward"] > right["base"] - 0.1, "the English counts, which went wrong more often, are no worse for it"
