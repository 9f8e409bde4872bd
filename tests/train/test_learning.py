"""That it learns: the model that r1_toy makes from nothing, after its first reinforcement learning, asked about operands that neither fine-tuning nor GRPO has seen; and that rewards by lot teach it nothing."""

from pathlib import Path

import pytest

from curate.pipeline import run
from curate.stage import Pipeline
from pipelines.r1_toy import PIPELINE
from train.evaluate import evaluate


def right(pipeline: Pipeline, root: Path, stage: str) -> float:
    """The share of right answers to the held-out questions, sampled at temperature 1."""
    model = run(pipeline, root, stage)[-1].outputs["model"]
    prompts = run(pipeline, root, "held_out")[-1].outputs["prompts"]
    out = root / f"evaluation-{model.parents[1].name}"
    found = evaluate([str(model)], str(prompts), out, k=8, engine="transformers", temperature=1.0, top_p=1.0, max_tokens=40, quiet=True)
    return float(found.report["models"][0]["overall"]["strict"]["pass@1"]["value"])


@pytest.mark.slow
@pytest.mark.one_core
@pytest.mark.usefixtures("one_thread")
def test_sft_leaves_it_half_taught_grpo_teaches_it_and_rewards_by_lot_do_not(tmp_path):
    taught = PIPELINE.changed(["zero.group=16", "zero.steps=160"])
    by_lot = PIPELINE.changed(["zero.rewards=tests.toy_rewards:by_lot", "zero.steps=20"])
    before, after, shuffled = right(PIPELINE, tmp_path, "base"), right(taught, tmp_path, "zero"), right(by_lot, tmp_path, "zero")
    print(f"before {before:.3f}, after {after:.3f}, with rewards by lot {shuffled:.3f}")
    assert 0.15 < before < 0.5
    assert after > 0.8
    assert shuffled < before + 0.1
