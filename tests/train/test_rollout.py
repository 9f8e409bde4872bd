"""Groups of samples and their seeds, what is scored, how weights get to the engine, and when the two are not of one mind."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curate.engines import Request, Sampling
from curate.engines.scripted import ScriptedEngine
from curate.errors import CurateError, EngineError, IdentityMismatch, PromptTooLong, StoreError, UsageError
from curate.records import Completion, make_prompt
from curate.rewards import parse_rewards
from curate.templates import Template
from curate.verifiers.pool import VerifierPool
from tests.train import toy
from train import canary, weights
from train.recorded import Group, total
from train.rollout import Canary, Rollouts

PROMPTS = [toy.prompt(i) for i in range(3)]
CANARY = Canary(PROMPTS[0], tuple(range(len(PROMPTS[0].messages[0].content))))
SAMPLING = Sampling(1.0, top_p=1.0, max_tokens=8)


def rollouts(run: Path, engine: Any, pool: VerifierPool | None = None, **other: Any) -> Rollouts:
    options = {"template": Template(), "rewards": parse_rewards("accuracy=1,format=0.5"), "scorers": {}, "seed": 7, "n": 4}
    options |= {"sampling": SAMPLING, "canary": CANARY}
    return Rollouts(engine, run, **{**options, "pool": pool or VerifierPool(1), **other})


def generated(run: Path, engine: toy.Engine, *calls: tuple[Sequence[Any], int], **other: Any) -> list[Group]:
    with rollouts(run, engine, **other) as made:
        return [group for prompts, number in calls for group in asyncio.run(made.generate(prompts, number, 0))]


def test_a_group_for_each_prompt_with_the_engines_own_tokens(tmp_path: Path) -> None:
    engine = toy.Engine(lambda r: "<think>hm</think> \\boxed{0}" if r.sample_index else "<think>hm...")
    groups = generated(tmp_path, engine, (PROMPTS, 3))
    assert [g.prompt for g in groups] == PROMPTS
    assert [len(g.samples) for g in groups] == [4, 4, 4]
    cut, done = groups[1].samples[:2]
    assert (cut.reasoning, cut.response, cut.finish_reason) == ("hm...", "", "length")
    assert (done.reasoning, done.response, done.finish_reason) == ("hm", "\\boxed{0}", "stop")
    assert done.token_ids == (*map(ord, done.completion), 0)
    assert done.logprobs == pytest.approx(engine.logprobs(done.token_ids), abs=1e-6)
    assert all(s.weights_version == "0" and s.verdict.score is None and s.rewards is None for g in groups for s in g.samples)
    assert [s.group_id for g in groups for s in g.samples] == [g.id for g in groups for _ in range(4)]
    assert len({s.id for g in groups for s in g.samples}) == 12
    assert {r.sampling for r in engine.asked} == {replace(SAMPLING, logprobs=True)}


def seeds(engine: toy.Engine) -> dict[tuple[str, int], int | None]:
    return {(r.prompt_id, r.sample_index): r.seed for r in engine.asked}


def test_a_seed_depends_on_run_rollout_prompt_and_index_alone(tmp_path: Path) -> None:
    def asked(name: str, *calls: tuple[Sequence[Any], int], **other: Any) -> dict[tuple[str, int], int | None]:
        engine = toy.Engine()
        generated(tmp_path / name, engine, *calls, **other)
        return seeds(engine)

    whole = asked("a", (PROMPTS, 5))
    assert len(set(whole.values())) == 12
    assert asked("b", (PROMPTS[::-1], 5)) == whole
    assert asked("c", (PROMPTS[1:], 5), (PROMPTS[:1], 5)) == whole
    assert not set(asked("d", (PROMPTS, 6)).values()) & set(whole.values())
    assert not set(asked("e", (PROMPTS, 5), seed=8).values()) & set(whole.values())


def test_a_prompt_that_comes_again_in_a_rollout_gets_other_samples(tmp_path: Path) -> None:
    engine = toy.Engine()
    twice = generated(tmp_path, engine, ([PROMPTS[0], PROMPTS[0]], 5), ([PROMPTS[0]], 5))
    assert [s.sample_index for g in twice for s in g.samples] == list(range(12))
    assert len({g.id for g in twice}) == 3
    assert len({s.id for g in twice for s in g.samples}) == len(set(seeds(engine).values())) == 12
    again = generated(tmp_path, toy.Engine(), ([PROMPTS[0], PROMPTS[0]], 5), ([PROMPTS[0]], 5))
    assert again == twice


@pytest.mark.parametrize(("kind", "sizes"), [("toy", [12]), ("transformers", [4, 4, 4])])
def test_requests_are_sent_together_in_batches_that_the_engine_decodes(tmp_path: Path, kind: str, sizes: list[int]) -> None:
    engine = toy.Engine()
    engine.kind = kind
    generated(tmp_path, engine, (PROMPTS, 0))
    assert [r.together for r in engine.asked] == [size for size in sizes for _ in range(size)]


def test_the_last_batch_waits_for_nobody(tmp_path: Path) -> None:
    engine = toy.Engine()
    engine.kind = "transformers"
    generated(tmp_path, engine, (PROMPTS, 0), n=3)
    assert [r.together for r in engine.asked] == [4, 4, 4, 4, 4, 4, 4, 4, 1]


class Refusing(toy.Engine):
    async def complete(self, request: Request) -> Completion:
        if request.prompt_id in self.refuses:
            raise PromptTooLong("the prompt has 99 tokens")
        return await super().complete(request)

    refuses: frozenset[str] = frozenset()


def test_a_prompt_that_is_refused_has_no_group_and_a_reason(tmp_path: Path) -> None:
    engine = Refusing()
    engine.refuses = frozenset({PROMPTS[1].id})
    with rollouts(tmp_path, engine) as made:
        groups = asyncio.run(made.generate(PROMPTS, 0, 0))
        assert [g.prompt for g in groups] == [PROMPTS[0], PROMPTS[2]]
        assert made.refused == {PROMPTS[1].id: "the prompt has 99 tokens"}
        with pytest.raises(EngineError, match="refused all 1 prompts of rollout 1, the first one so: the prompt has 99 tokens"):
            asyncio.run(made.generate(PROMPTS[1:2], 1, 0))


def failing(change: dict[str, Any]) -> toy.Engine:
    class Failing(toy.Engine):
        async def complete(self, request: Request) -> Completion:
            if request.sample_index == 2:
                if "raises" in change:
                    raise change["raises"]
                return replace(await super().complete(request), **change)
            return await super().complete(request)

    return Failing()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"raises": EngineError("the engine died")}, "^the engine died$"),
        ({"token_ids": None}, "0 tokens and 2 log-probabilities"),
        ({"logprobs": (-1.0,)}, "2 tokens and 1 log-probabilities"),
        ({"logprobs": (-1.0, float("nan"))}, "no number"),
        ({"weights_version": "16"}, "with the weights of step 16, and rollout 0 is of step 0"),
    ],
)
def test_an_engine_that_fails_ends_the_run_with_one_sentence(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(EngineError, match=said) as caught:
        generated(tmp_path, failing(change), (PROMPTS, 0))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"sampling": replace(SAMPLING, temperature=0.0)}, "temperature must be above 0"),
        ({"sampling": replace(SAMPLING, top_p=0.95)}, "top-p, top-k and min-p must be off"),
        ({"sampling": replace(SAMPLING, top_k=20)}, "top-p, top-k and min-p must be off"),
        ({"sampling": replace(SAMPLING, min_p=0.1)}, "top-p, top-k and min-p must be off"),
        ({"n": 1}, "at least 2 samples"),
    ],
)
def test_settings_that_cannot_be_learned_from(tmp_path: Path, other: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        rollouts(tmp_path, toy.Engine(), **other)


def test_without_importance_sampling_the_distribution_may_be_cut(tmp_path: Path) -> None:
    rollouts(tmp_path, toy.Engine(), sampling=replace(SAMPLING, top_p=0.95), importance_sampling=False)


def test_an_engine_without_log_probabilities_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the scripted engine cannot do this: .*log-probabilities"):
        rollouts(tmp_path, ScriptedEngine(lambda messages, index, seed: "x"))


def test_rewards_and_verdicts_are_recorded_and_read_again(tmp_path: Path) -> None:
    unreadable = make_prompt("What is it?", verifier="math", gold="")
    engine = toy.Engine(lambda r: f"<think>hm</think> <answer>{r.sample_index}</answer>" if r.sample_index < 3 else "\\boxed{0}")

    async def go() -> list[Group]:
        async with VerifierPool(1) as pool:
            with rollouts(tmp_path, engine, pool) as made:
                groups = await made.score(await made.generate([PROMPTS[0], PROMPTS[1], unreadable], 2, 0))
                assert made.recorded(2) is None
                made.record(2, groups)
                found = made.recorded(2)
                assert found is not None
                assert (found.number, list(found.groups), found.version) == (2, groups, 0)
                return groups

    zero, two, none = asyncio.run(go())
    assert [total(s) for s in zero.samples] == [1.5, 0.5, 0.5, 1.0]
    assert [total(s) for s in two.samples] == [0.5, 0.5, 1.5, 0.0]
    assert [total(s) for s in none.samples] == [None] * 4
    assert none.samples[0].rewards == (("accuracy", None), ("format", 1.0), ("total", None))
    assert [s.verdict.status for s in zero.samples] == ["correct", "wrong", "wrong", "correct"]
    with pytest.raises(IdentityMismatch, match="rewards"), rollouts(tmp_path, engine, rewards=parse_rewards("accuracy")):
        pass


def saving(scale: float) -> Callable[[Path], None]:
    return lambda path: void((path / "weights.json").write_text(json.dumps(scale)))


def void(_: object) -> None:
    pass


def trainer(scale: float, engine: toy.Engine) -> canary.TrainerLogprobs:
    """A trainer whose weights are `scale`."""

    def logprobs(prompt_ids: Sequence[int], ids: Sequence[int]) -> Sequence[float]:
        assert prompt_ids == CANARY.prompt_ids
        return [x / engine.scale * scale for x in engine.logprobs(tuple(ids))]

    return logprobs


def test_weights_are_loaded_and_compared_and_old_ones_removed(tmp_path: Path) -> None:
    engine = toy.Engine()
    with rollouts(tmp_path, engine) as made:
        assert asyncio.run(made.check(trainer(1.0, engine))).largest == 0
        for version, scale in ((4, 1.5), (8, 2.0), (12, 0.5)):
            found = asyncio.run(made.sync(saving(scale), version, trainer(scale, engine)))
            assert (found.mean, found.largest, engine.scale, engine.version) == (0, 0, scale, str(version))
            assert found.tokens == canary.SAMPLES * 2
        assert sorted(p.name for p in (tmp_path / "weights").iterdir()) == ["v12", "v8"]
        (group,) = asyncio.run(made.generate(PROMPTS[:1], 3, 12))
        assert group.samples[0].weights_version == "12"
        made.record(3, [group])
        assert (found_again := made.recorded(3)) is not None
        assert found_again.version == 12
        asyncio.run(made.sync(saving(3.0), 10, trainer(3.0, engine)))  # a run that was killed goes on from an older checkpoint
        assert sorted(p.name for p in (tmp_path / "weights").iterdir()) == ["v10", "v8"]


def test_a_change_within_the_tolerance_passes_and_one_above_it_is_refused(tmp_path: Path) -> None:
    engine = toy.Engine()
    each = -engine.logprobs((0,))[0]
    with rollouts(tmp_path, engine, tolerance=0.1) as made:
        found = asyncio.run(made.check(trainer(1 + 0.09 / each, engine)))
        assert 0.08 < found.mean <= 0.1
        with pytest.raises(CurateError, match=r"before training .* 0\.2\d* away .* where 0\.1 is tolerated .* precision"):
            asyncio.run(made.check(trainer(1 + 0.2 / each, engine)))
        with pytest.raises(CurateError, match="nan away"):
            asyncio.run(made.check(trainer(float("nan"), engine)))


class Stale(toy.Engine):
    """Says that it has loaded weights."""

    async def load_weights(self, directory: str, version: str) -> None:
        self.version = version


class Wavering(Stale):
    """One that also never says the same twice, as a GPU's may."""

    def logprobs(self, ids: tuple[int, ...]) -> tuple[float, ...]:
        self.scale += 1e-9
        return super().logprobs(ids)


class Batched(Stale):
    """One that says the same twice only of what it is asked alone, as an engine that fills its batches as requests come."""

    async def complete(self, request: Request) -> Completion:
        answer = await super().complete(request)
        if request.together == 1:
            return answer
        self.answered = getattr(self, "answered", 0) + 1
        return replace(answer, logprobs=tuple(x - 1e-9 * self.answered for x in answer.logprobs or ()))


def test_weights_that_were_not_loaded_are_found_and_stay_to_be_looked_at(tmp_path: Path) -> None:
    engine = Stale()
    with rollouts(tmp_path, engine) as made, pytest.raises(CurateError, match=r"with the weights of step 4 .* did not load them") as caught:
        asyncio.run(made.sync(saving(1.5), 4, trainer(1.5, engine)))
    assert "\n" not in str(caught.value)
    assert (tmp_path / "weights" / "v4" / "weights.json").is_file()


@pytest.mark.parametrize(
    ("kind", "to", "found"),
    [(Stale, 1.001, True), (Batched, 1.001, True), (Stale, 1.0001, False), (Wavering, 1.001, False), (toy.Engine, 1.001, False)],
)
def test_an_engine_that_repeats_itself_to_the_bit_has_loaded_nothing(
    tmp_path: Path, kind: type[toy.Engine], to: float, found: bool
) -> None:
    """Though it is within the tolerance: the trainer moved by 0.005 nats, or by 0.0005, which may be less than the engine can show."""
    engine = kind()
    with rollouts(tmp_path, engine) as made:
        asyncio.run(made.check(trainer(1.0, engine)))
        if found:
            with pytest.raises(CurateError, match=r"did not load the weights of step 4: .* moved by 0\.005"):
                asyncio.run(made.sync(saving(to), 4, trainer(to, engine)))
        else:
            asyncio.run(made.sync(saving(to), 4, trainer(to, engine)))


def test_a_prompt_that_is_read_in_two_ways_is_found(tmp_path: Path) -> None:
    engine = toy.Engine()
    with (
        rollouts(tmp_path, engine, canary=Canary(PROMPTS[0], (1, 2))) as made,
        pytest.raises(CurateError, match=r"as 14 tokens and the trainer as 2: .* chat template"),
    ):
        asyncio.run(made.check(trainer(1.0, engine)))


def test_weights_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    def full(path: Path) -> None:
        (path / "part").write_text("half")
        raise OSError(28, "No space left on device")

    weights.publish(tmp_path, 1, saving(1.0))
    with pytest.raises(StoreError, match="No space left on device"):
        weights.publish(tmp_path, 2, full)
    assert [p.name for p in tmp_path.iterdir()] == ["v1"]
    (tmp_path / "v2.tmp").mkdir()  # of a run that was killed
    (tmp_path / "v2.tmp" / "old").write_text("")
    (tmp_path / "v2").mkdir()
    (tmp_path / "v2" / "old").write_text("")
    weights.publish(tmp_path, 2, saving(2.0))
    assert {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.json")} == {"v1/weights.json", "v2/weights.json"}
    assert not list(tmp_path.rglob("old"))
    (tmp_path / "v9.tmp").mkdir()
    weights.prune(tmp_path, 2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["v1", "v2"]
