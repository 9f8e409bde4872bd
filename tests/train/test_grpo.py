import json
from collections import Counter
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from curate.engines import EngineSettings
from curate.errors import CurateError, UsageError
from curate.records import make_prompt
from tests.train import toys
from tests.train.inprocess import InProcess
from train.grpo import Running, grpo
from train.guard import Bounds
from train.presets import GRPO

SETTINGS = replace(
    GRPO["small"],
    rewards="tests.toy_rewards:small_letters",
    steps=6,
    prompts=3,
    group=4,
    max_tokens=12,
    truncated="mask",
    lr=1e-2,
    warmup=0.0,
    rounds=1,
)
PROMPTS = [make_prompt(f"Say {i}", domain="math") for i in range(7)]
RUNNING = Running(dtype="float32", save_every=1)


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return toys.ending(tmp_path_factory.mktemp("base"))


def run(base, out, settings=SETTINGS, running=RUNNING, *, kill_at: int | str | None = None, prompts=PROMPTS, engine=None):
    lines = []

    def say(line):
        lines.append(line)
        if kill_at is not None and line.startswith(f"step {kill_at}/" if isinstance(kill_at, int) else kill_at):
            raise Killed

    settings_of_engine = EngineSettings(kind="transformers", model=str(base))
    made = grpo(settings_of_engine, prompts, str(out), settings, running, sampling=engine or InProcess(base), say=say)
    return made, lines


def weights(out):
    return load_file(out / "model" / "model.safetensors")


def metrics(out):
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


CASES = {
    "a rollout a step": {},
    "two steps a rollout": {"reuse": 2},
    "two steps a rollout, a reference that is replaced": {"reuse": 2, "kl_coef": 0.1, "ref_every": 2},
    "groups replaced": {"rounds": 3, "group": 2},
    "sequence mean, zero for truncated": {"normalise": "sequence", "truncated": "zero"},
}


@pytest.mark.parametrize("case", [pytest.param(c, marks=[] if "replaced" in c else pytest.mark.slow) for c in CASES])
def test_a_run_that_was_killed_anywhere_ends_with_the_same_bits(case, base, tmp_path):
    settings = replace(SETTINGS, **CASES[case])
    run(base, tmp_path / "whole", settings)
    for kill_at in (1, 4, 5):  # 5: in the middle of a rollout, where it is for two steps; two kills in one run
        with pytest.raises(Killed):
            run(base, tmp_path / "killed", settings, kill_at=kill_at)
    run(base, tmp_path / "killed", settings)
    a, b = weights(tmp_path / "whole"), weights(tmp_path / "killed")
    assert any(not torch.equal(a[n], t) for n, t in load_file(base / "model.safetensors").items())
    assert all(torch.equal(a[n], b[n]) for n in a)
    assert [m["step"] for m in metrics(tmp_path / "killed")] == list(range(6))
    same = ("reward", "entropy", "length", "kl", "clip", "grad_norm")
    assert [[m.get(n) for n in same] for m in metrics(tmp_path / "whole")] == [
        [m.get(n) for n in same] for m in metrics(tmp_path / "killed")
    ]


def test_a_recorded_rollout_is_never_sampled_again(base, tmp_path):
    first, second = InProcess(base), InProcess(base)
    with pytest.raises(Killed):
        run(base, tmp_path, replace(SETTINGS, reuse=2), Running(dtype="float32", save_every=100), kill_at=2, engine=first)
    run(base, tmp_path, replace(SETTINGS, reuse=2), Running(dtype="float32", save_every=100), engine=second)
    answers, canary = 2 * 3 * 4, 4
    assert first.completed == answers + canary
    assert second.completed == 2 * answers + 3 * canary  # two more rollouts; the canary at the start and with each change of weights


class DiesInASecondRound(InProcess):
    """Ends the run when, after a change of weights, it gets a fourth batch: the canary's are the first two, then come the rounds of a rollout."""

    def __init__(self, directory):
        super().__init__(directory)
        self.batches = self.left = 0

    async def load_weights(self, directory, version):
        await super().load_weights(directory, version)
        self.batches = self.left = 0

    async def complete(self, request):
        if not self.left:
            self.batches, self.left = self.batches + 1, request.together
        self.left -= 1
        if self.version is not None and self.batches == 4:
            raise Killed
        return await super().complete(request)


def test_a_run_that_was_killed_between_two_rounds_of_a_rollout_samples_the_second_by_the_same_weights(base, tmp_path):
    settings = replace(SETTINGS, rounds=3, group=2)
    run(base, tmp_path / "whole", settings)
    with pytest.raises(Killed):
        run(base, tmp_path / "killed", settings, engine=DiesInASecondRound(base))
    run(base, tmp_path / "killed", settings)
    a, b = weights(tmp_path / "whole"), weights(tmp_path / "killed")
    assert all(torch.equal(a[n], b[n]) for n in a)


def test_what_the_policy_learns_is_worth_more(base, tmp_path):
    settings = replace(SETTINGS, steps=40, prompts=4, group=8, lr=2e-2)
    run(base, tmp_path, settings, replace(RUNNING, save_every=100))
    found = [m["reward"] for m in metrics(tmp_path)]
    assert sum(found[-5:]) / 5 > sum(found[:5]) / 5 + 0.3


def test_the_first_step_of_a_rollout_has_ratio_one_and_no_mismatch(base, tmp_path):
    run(base, tmp_path, replace(SETTINGS, steps=2, reuse=2, kl_coef=0.1))
    first, second = metrics(tmp_path)
    assert first["clip"] == 0
    assert first["kl"] == 0
    assert second["kl"] > 0
    assert first["mismatch_max"] < 1e-4  # the engine computes as the trainer does


def test_another_run_in_the_directory_is_refused_and_a_finished_one_is_left_alone(base, tmp_path):
    run(base, tmp_path, replace(SETTINGS, steps=1))
    before = weights(tmp_path)
    _, lines = run(base, tmp_path, replace(SETTINGS, steps=1))
    assert "nothing to do" in lines[0]
    assert all(torch.equal(before[n], t) for n, t in weights(tmp_path).items())
    with pytest.raises(CurateError, match="another configuration"):
        run(base, tmp_path, replace(SETTINGS, steps=1, lr=1e-5))


@pytest.mark.parametrize(
    ("rewards", "said"),
    [
        ("tests.toy_rewards:told", "raised ValueError: could not convert"),
        ("tests.toy_rewards:nothing", "has no function"),
        ("accuracy", "no reward"),
    ],
)
def test_rewards_that_lie_are_told_before_anything_is_learned(rewards, said, base, tmp_path):
    with pytest.raises(CurateError, match=said):
        run(base, tmp_path / "out", replace(SETTINGS, rewards=rewards))
    assert not (tmp_path / "out" / "model").exists()


def test_a_constant_reward_ends_the_run_in_a_sentence(base, tmp_path):
    settings = replace(SETTINGS, rewards="tests.toy_rewards:names_verifier", steps=30)
    with pytest.raises(CurateError, match="rewards within every group were equal in 10 rollouts in a row"):
        run(base, tmp_path, settings, replace(RUNNING, save_every=100))


def test_a_run_beyond_its_bounds_stops_and_keeps_the_best_checkpoint(base, tmp_path):
    made, _ = run(base, tmp_path, replace(SETTINGS, steps=30), replace(RUNNING, bounds=Bounds(entropy_low=100.0)))
    assert "entropy was below 100 for 5 steps in a row" in made["stopped"]
    rewards = [m["reward"] for m in metrics(tmp_path)]
    assert made["steps"] == len(rewards) == 5
    assert rewards[made["best"] - 1] == max(rewards)
    best = load_file(tmp_path / "checkpoints" / f"step-{made['best']}" / "model.safetensors")
    assert torch.equal(best["model.lm_head.weight"], weights(tmp_path)["lm_head.weight"])


def test_a_run_that_has_stopped_itself_and_was_killed_before_its_model_was_there_stays_stopped(base, tmp_path):
    given = (replace(SETTINGS, steps=30), replace(RUNNING, bounds=Bounds(entropy_low=100.0)))
    run(base, tmp_path / "whole", *given)
    with pytest.raises(Killed):
        run(base, tmp_path / "killed", *given, kill_at="stopped after step")
    made, lines = run(base, tmp_path / "killed", *given)
    assert "entropy was below 100 for 5 steps in a row" in made["stopped"]
    assert not any(line.startswith("step ") for line in lines)
    a, b = weights(tmp_path / "whole"), weights(tmp_path / "killed")
    assert all(torch.equal(a[n], b[n]) for n in a)


def test_a_prompt_that_leaves_no_room_is_told_before_anything_is_made(base, tmp_path):
    with pytest.raises(UsageError, match="leave it out with --where"):
        run(base, tmp_path, prompts=[*PROMPTS, make_prompt("x" * 600, domain="math")])


def test_a_checkpoint_of_another_model_is_refused(base, tmp_path):
    with pytest.raises(Killed):
        run(base, tmp_path / "out", kill_at=2)
    other = toys.directory(tmp_path / "other", spread=0.1, seed=1)
    with pytest.raises(CurateError, match="another configuration: model"):
        run(other, tmp_path / "out")


def test_what_was_sampled_is_a_dataset_with_rewards_groups_and_versions(base, tmp_path):
    from curate.dataset import open as opened

    run(base, tmp_path, replace(SETTINGS, steps=4, reuse=2))
    rows = opened(tmp_path / "rollouts").to_arrow().to_pylist()
    assert len(rows) == 2 * 2 * 3 * 4
    assert Counter(r["weights_version"] for r in rows) == {"0": 24, "2": 24}
    assert set(Counter(r["group_id"] for r in rows).values()) == {4}
    for row in rows:
        parts = {r["name"]: r["value"] for r in row["rewards"]}
        assert parts["total"] == pytest.approx(parts["tests.toy_rewards:small_letters"])
        assert len(row["token_ids"]) == len(row["logprobs"]) == row["completion_tokens"]
