"""R1's stages on a model made from scratch: the graph, and once all of it, for real."""

import itertools
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curate.pipeline import look
from curate.stage import Given, Output
from pipelines.r1_toy import PIPELINE, WORDS
from pipelines.toy.scripts import CHINESE, web
from tests.bench.measure import children
from tests.test_vllm_run import ROOT, START, wait_until_gone

KILLS = 3


def test_the_graph_is_the_papers():
    order = ["base", "zero", "cold_start", "reasoner", "finetuned", "aligned"]
    assert [s.name for s in PIPELINE.stages if s.name in order] == order
    for before, after in itertools.pairwise(order):
        assert PIPELINE[after].inputs["model"] == Output(before, "model")
    assert PIPELINE["zero"].config["preset"] == "zero-small"
    assert PIPELINE["reasoner"].config["preset"] == "reasoner-small"
    assert PIPELINE["aligned"].config["preset"] == "aligned-small"


def test_no_operands_that_are_tested_are_trained_on():
    def pairs(stage: str) -> set[frozenset[str]]:
        source = PIPELINE[stage].inputs["file"]
        assert isinstance(source, Given)
        return {frozenset(json.loads(line)["problem"].split()[1:]) for line in Path(source.path).read_text().splitlines()}

    assert pairs("held_out")
    assert not pairs("questions") & pairs("held_out")


def test_worked_examples_go_wrong_change_languages_and_are_of_known_words():
    texts = [web([{"role": "user", "content": "sum 9 4"}], i, 0) for i in range(400)]
    share = {
        "right": sum("{ 13}" in t for t in texts),
        "chinese": sum(CHINESE[0] in t for t in texts),
        "form": sum("<answer>" in t for t in texts),
    }
    assert 60 < share["right"] < 240
    assert 80 < share["chinese"] < 160
    assert 280 < share["form"] < 360
    rest = "".join(texts)
    for word in sorted(WORDS, key=len, reverse=True):
        rest = rest.replace(word, "")
    assert rest == ""


@pytest.mark.slow
@pytest.mark.one_core
@pytest.mark.usefixtures("one_thread")
def test_all_stages_run_and_do_what_the_paper_says_they_do(tmp_path):
    """Reinforcement learning teaches the base, the reward for its language straightens the chains, and the stages after it keep both. The run is killed at random on its way, and its engine with it."""
    command = [sys.executable, "-c", START, "run", "r1_toy", "--root", str(tmp_path)]
    drawn = random.Random(5)
    for _ in range(KILLS):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT) as killed:
            time.sleep(drawn.uniform(5, 45))
            below = children(killed.pid)
            killed.kill()
        wait_until_gone(below)
    last = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert last.returncode == 0, last.stderr[-2000:]
    statuses = {status.stage.name: status for status in look(PIPELINE, tmp_path)}
    assert {status.state for status in statuses.values()} == {"done"}
    assert sum(len(status.record["attempts"]) for status in statuses.values()) > len(statuses)
    found = json.loads((statuses["evaluation"].outputs["evaluation"] / "eval.json").read_text())
    names = ("base", "zero", "cold_start", "reasoner", "finetuned", "aligned")
    models = {name: model["overall"] for name, model in zip(names, found["models"], strict=True)}
    right = {name: model["strict"]["pass@1"]["value"] for name, model in models.items()}
    rollouts = {name: _pass_rates(statuses[name].outputs["model"].parent / "metrics.jsonl") for name in ("zero", "aligned")}
    assert rollouts["aligned"] > rollouts["zero"] + 0.2  # by 0.37 and 0.42 where it was seen
    # 24 questions are few, and which way learning goes hangs on the order in which a machine adds: test_learning.py asks that it generalises
    assert 0.3 < right["base"] < 0.6
    assert max(right[name] for name in ("reasoner", "finetuned", "aligned")) > right["base"] + 0.05  # by 0.12 to 0.39
    assert models["base"]["language"]["value"] < 0.9
    assert min(models[name]["language"]["value"] for name in ("reasoner", "finetuned", "aligned")) > 0.95
    assert models["aligned"]["format"]["value"] > 0.95
    pairs = json.loads((statuses["pairs"].outputs["pairs"] / "stats.json").read_text())
    assert pairs["funnel"]["kept"] > 5
    rewritten = json.loads((statuses["rewritten"].outputs["samples"] / "stats.json").read_text())
    assert rewritten["rewriting"]["rewritten"] > 5 * rewritten["rewriting"]["not_rewritten"]
    report = (statuses["report"].outputs["report"] / "report.md").read_text()
    assert all(f"| {name} |" in report for name in names)


def _pass_rates(metrics: Path) -> float:
    """The share of right answers in the first ten steps' rollouts."""
    rates = [json.loads(line)["pass_rate"] for line in metrics.read_text().splitlines()[:10]]
    assert len(rates) == 10
    return sum(rates) / len(rates)
