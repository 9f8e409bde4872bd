"""GRPO, from top to bottom (DeepSeekMath, arXiv 2402.03300; DeepSeek-R1, arXiv 2501.12948): answers in groups, each worth what it is beside its group, and a few optimizer steps on them.

    until all steps are done:
        give the engine the policy's weights, and see by a canary that it has them
        sample groups, score them, record them; replace those whose rewards are all equal
        work out the old log-probabilities, and the reference's
        for each part of the rollout: one optimizer step

Departs from the papers in that a rollout's parts are made of whole groups, so that a prompt is forwarded once for all its answers, where the paper splits 8,192 outputs at random; and in that the engine's own
log-probabilities correct for what it computes otherwise (losses.py).

Exact resume: a checkpoint holds policy, optimizer, reference, cursors, and of an unfinished rollout the old log-probabilities and which part comes next; its answers are read from their record. So a run that was killed at any
step ends with the weights of one that was not.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from curate.config import COMPUTING_ENGINE_ARGS
from curate.engines import Engine, EngineSettings, Sampling, open_engine
from curate.engines.fingerprint import fetch, fingerprint
from curate.engines.hosting.rendering import Renderer, load_tokenizer
from curate.errors import CurateError, UsageError
from curate.imports import named
from curate.records import Prompt, digest
from curate.rewards import Scorer as RewardFunction
from curate.rewards import check_rewards, parse_rewards
from curate.templates import Template
from curate.verifiers.pool import VerifierPool
from train import checkpoint
from train.batch import Batch, batch_of
from train.canary import Canary
from train.chat import Chat
from train.guard import Bounds, Guard
from train.logs import Logs, headline
from train.lora import add_lora, merged_state
from train.model import Loaded, load, save, write
from train.parallel import Ranks
from train.policy import Policy
from train.presets import Grpo
from train.prompts import Prompts
from train.recorded import Group, read_recorded
from train.rollout import Rollouts
from train.rundir import RunDirectory
from train.sampler import Drawn, Sampler, told
from train.scoring import scorer_of

STALE = 10  # rollouts in a row without a group that has a spread: there is nothing left to learn


@dataclass(frozen=True, slots=True)
class Running:
    """What a run needs beside its settings."""

    template: Template = field(default_factory=Template)
    prefill: str = ""
    seed: int = 0
    dtype: str = "bfloat16"
    lora_rank: int = 0
    save_every: int = 20
    gradient_checkpointing: bool | None = None  # None: on a GPU
    sharded: bool = False  # FSDP2 in place of DDP
    bounds: Bounds = field(default_factory=Bounds)
    wandb: bool = False
    overwrite: bool = False


@dataclass(slots=True)
class State:
    """Where a run is: all of it but tensors. `first` and `next` bound the records of the rollout that is being learned from, `part` of `parts` is the next of its steps (0 of 0: a new rollout is due)."""

    step: int = 0
    next: int = 0
    first: int = 0
    part: int = 0
    parts: int = 0
    cursors: dict[str, int] = field(default_factory=dict)
    guard: dict[str, int] = field(default_factory=dict)
    teaching: float = 1.0  # share of the last rollout's groups that had a spread
    stale: int = 0
    learned: bool = False
    best: int = 0  # step of the checkpoint with the highest mean reward of the steps before it
    best_reward: float | None = None
    rewards: list[float] = field(default_factory=list)  # of the rollouts since the last checkpoint
    reference_step: int = 0
    stopped: str | None = None  # why the run has stopped itself


def grpo(
    engine: EngineSettings,
    prompts: Sequence[Prompt],
    output: str,
    settings: Grpo,
    running: Running = Running(),  # frozen
    *,
    reward_models: Mapping[str, str] | None = None,
    sampling: Engine | None = None,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Train the engine's model on prompts into `output`/model; what came of it is returned. The same call goes on with a run that was stopped.

    `reward_models`: directories of reward models for the rewards preference and harmlessness; `sampling`: an engine in place of the one that `engine` describes. Raises a CurateError: UsageError for what was given wrongly, IdentityMismatch for a directory of another run, EngineError, StoreError.
    """
    rewards, models = parse_rewards(settings.rewards), reward_models or {}
    scorers: dict[str, RewardFunction] = {name: scorer_of(path, engine.think_tags) for name, path in models.items()}
    check_rewards(rewards, prompts, scorers)
    for reward in rewards:
        if reward.own:
            named(reward.name, "a reward")  # one that cannot be loaded is told before anything is made
    with Ranks.join("fsdp" if running.sharded else "ddp") as ranks:
        revision = fingerprint(engine.model, engine.revision)
        directory = fetch(engine.model, engine.revision)
        identity = {
            "model": revision,
            "prompt_set": digest(sorted(p.id for p in prompts)),
            **asdict(settings),
            "reward_models": {name: fingerprint(path) for name, path in models.items()},
            "template": running.template.label,
            "engine": engine.kind,
            "engine_args": {k: v for k, v in engine.engine_args.items() if k in COMPUTING_ENGINE_ARGS},
            **{name: getattr(running, name) for name in ("prefill", "seed", "dtype", "lora_rank")},
            "think_tags": list(engine.think_tags),
            "chat_template_kwargs": dict(engine.chat_template_kwargs),
        }
        run = RunDirectory(output, identity, {"base": engine.model, "processes": ranks.world}, kind="grpo", overwrite=running.overwrite)
        with run if ranks.is_main else nullcontext():
            ranks.barrier()
            if run.finished:
                say(f"{run.model} is there: nothing to do")
                return {"model": str(run.model)}
            loaded = load(directory, ranks.device)
            reference = load(directory, ranks.device) if settings.kl_coef else None
            if running.lora_rank:
                for one in filter(None, (loaded, reference)):
                    add_lora(one.model, running.lora_rank, running.seed)
            asked = Asked(loaded, engine, running)
            for prompt in prompts:
                asked.checked(prompt)
            on_gpu = ranks.device.startswith("cuda")
            checkpointing = on_gpu if running.gradient_checkpointing is None else running.gradient_checkpointing
            policy = Policy(loaded, reference, settings, running.dtype, ranks, gradient_checkpointing=checkpointing)
            state = _restored(run, policy)
            asking = Prompts(prompts, running.seed)
            asking.restore(state.cursors or asking.cursors)

            def make(pool: VerifierPool) -> Rollouts:
                return Rollouts(
                    opened,
                    run.path,
                    template=running.template,
                    rewards=rewards,
                    scorers=scorers,
                    pool=pool,
                    seed=running.seed,
                    n=settings.group,
                    sampling=Sampling(temperature=settings.temperature, top_p=1.0, max_tokens=settings.max_tokens),
                    canary=Canary(prompts[0], asked.ids(prompts[0])),
                    think_tags=engine.think_tags,
                    prefill=running.prefill,
                )

            opened: Any = (sampling or open_engine(engine)) if ranks.is_main else None
            with Sampler(opened, make, asking, version=0) if ranks.is_main else nullcontext() as sampler:
                trainer = Trainer(policy, settings, running, ranks, run, state, sampler, asked)
                with Logs(run.path, wandb=running.wandb) if ranks.is_main else nullcontext() as logs:
                    stopped = trainer.train(logs, say)
                if sampler is not None:
                    sampler.finish()
            if stopped and state.best and state.best != state.step:
                policy.restore(checkpoint.read(run.checkpoints / f"step-{state.best}"))
            whole = dict(merged_state(loaded.model))  # all processes gather it
            if ranks.is_main:
                save(loaded, whole, run.model, ends=asked.ends)
            ranks.barrier()
    return {"model": str(run.model), "steps": state.step, "stopped": stopped, "best": state.best}


class Asked:
    """Prompts as token ids, rendered as the engine renders them."""

    def __init__(self, loaded: Loaded, engine: EngineSettings, running: Running) -> None:
        self._render = Renderer(loaded.tokenizer, dict(engine.chat_template_kwargs), engine.think_tags[0])
        self._template, self._prefill, self._context = running.template, running.prefill, loaded.context
        eos = loaded.tokenizer.eos_token_id
        chat = running.template.name == "chat" and loaded.tokenizer.chat_template
        self.ends = (
            Chat(load_tokenizer(loaded.source, {}), engine.think_tags, switch=False).ends if chat else [eos] if eos is not None else []
        )
        if not self.ends:
            raise CurateError("the model's tokenizer names no token that ends a text (eos_token): without one a model cannot learn to stop")

    def ids(self, prompt: Prompt) -> tuple[int, ...]:
        """What the engine reads before it answers. Raises EngineError, RequestRefused."""
        asked = self._template.ask(prompt)
        turns = None if asked.messages is None else [(m.role, m.content) for m in asked.messages]
        return self._render({"messages": turns, "text": asked.text, "prefill": self._prefill, "continuation": ""}).ids

    def checked(self, prompt: Prompt) -> None:
        """Raise UsageError for a prompt that leaves no room for its answer."""
        length = len(self.ids(prompt))
        if length >= self._context:
            raise UsageError(
                f"the prompt {prompt.id} has {length} tokens and the model's context is {self._context}: leave it out with --where, no answer of it could be sampled"
            )


def _restored(run: RunDirectory, policy: Policy) -> State:
    path = checkpoint.newest(run.checkpoints)
    if path is None:
        return State()
    found = checkpoint.read(path)
    policy.restore(found)
    return State(**{name: found.state[name] for name in State.__dataclass_fields__})


class Trainer:
    """The loop. On the process that samples `sampler` is there; the others read what it recorded."""

    def __init__(
        self,
        policy: Policy,
        settings: Grpo,
        running: Running,
        ranks: Ranks,
        run: RunDirectory,
        state: State,
        sampler: Sampler | None,
        asked: Asked,
    ) -> None:
        self.policy, self.settings, self.running, self.ranks = policy, settings, running, ranks
        self.run, self.state, self.sampler, self.asked = run, state, sampler, asked
        self.guard = Guard(running.bounds, state.guard)

    def train(self, logs: Logs | None, say: Callable[[str], None]) -> str | None:
        """All steps that are not done; why the run stopped itself, None where it did not."""
        s, state = self.settings, self.state
        if logs is not None:
            logs.truncate(state.step)
        if state.stopped is not None:  # and was killed before its model was written
            return state.stopped
        self._held_against_the_engine()
        while state.step < s.steps:
            seconds: dict[str, float] = {}
            groups, parts = self._rollout(seconds)
            batch = batch_of(groups, [self.asked.ids(g.prompt) for g in groups], s)
            answers = [batch.of(part) for part in parts]
            if not state.part:
                began = time.perf_counter()
                self.policy.begin(batch, answers)
                seconds["time/logprobs"] = time.perf_counter() - began
            rollout = dict(self._about)
            for part in range(state.part, len(parts)):
                values = self._step(batch, answers[part], rollout, seconds)
                seconds = {}
                if logs is not None:
                    logs.add(state.step - 1, values)
                    say(f"step {state.step}/{s.steps}  {headline(values)}")
                state.stopped = self.ranks.told(self._stops(values))
                last = state.step == s.steps or state.stopped is not None
                if last or state.step % self.running.save_every == 0:
                    self._save()
                if state.stopped is not None:
                    say(f"stopped after step {state.step}: {state.stopped}; the model is that of step {state.best}")
                    return state.stopped
                if last:
                    return None
            state.part = state.parts = 0
        return None

    def _rollout(self, seconds: dict[str, float]) -> tuple[list[Group], list[list[int]]]:
        """The groups to learn from, and the numbers of those of each optimizer step: a new rollout, or the one that a checkpoint was in the middle of."""
        s, state = self.settings, self.state
        fresh = not state.parts
        if fresh:
            state.first = state.next
        version = state.step - state.part
        drawn = Drawn([], state.first, state.next)
        if fresh:  # also where a round of it is recorded: the next one may not be
            began = time.perf_counter()
            self._sync(version)
            seconds["time/sync"] = time.perf_counter() - began
        if self.sampler is not None and fresh:
            pool = self.sampler.prompts.pool(state.step, s.steps, s.preference_steps)
            drawn = self.sampler.draw(pool, s, state.first, version, state.teaching)
            seconds |= drawn.seconds
            state.cursors = dict(self.sampler.prompts.cursors)
        state.next = int(self.ranks.told(drawn.next))
        if not drawn.groups:
            drawn.groups = [g for number in range(state.first, state.next) for g in self._recorded(number)]
        self._about = dict(told(drawn.groups, s))
        groups = drawn.used(s)
        if fresh:
            state.part, state.parts = 0, min(s.reuse, len(groups))
            state.teaching = 1 - self._about["no_spread"]
            state.stale = state.stale + 1 if self._about["no_spread"] == 1 else 0
            state.rewards.append(self._about.get("reward", 0.0))
        order = np.random.default_rng([self.running.seed, state.first]).permutation(len(groups))
        return groups, [[int(i) for i in part] for part in np.array_split(order, state.parts)]

    def _recorded(self, number: int) -> tuple[Group, ...]:
        found = read_recorded(self.run.path / "rollouts", number)
        if found is None:
            raise CurateError(f"record {number} of this run's rollouts is missing: the checkpoint cannot be gone on from without it")
        return found.groups

    def _step(self, batch: Batch, answers: Sequence[int], rollout: Mapping[str, float], seconds: Mapping[str, float]) -> dict[str, float]:
        state, s = self.state, self.settings
        began = time.perf_counter()
        learned = self.policy.learn(batch, answers, state.step)
        update = time.perf_counter() - began
        state.step += 1
        state.part += 1
        state.learned = state.learned or "skipped" not in learned
        if s.ref_every and state.step % s.ref_every == 0:
            self.policy.replace_reference(state.step)
            state.reference_step = state.step
        times = {**seconds, "time/update": update}
        return {**rollout, **learned, **times, "time/step": sum(times.values())}

    def _stops(self, values: Mapping[str, float]) -> str | None:
        """Why the run is to stop. Raises CurateError where it never learned anything."""
        state = self.state
        why = self.guard.look(values)
        state.guard = dict(self.guard.counts)
        if state.stale < STALE:
            return why
        same = f"the rewards within every group were equal in {STALE} rollouts in a row"
        if not state.learned:
            raise CurateError(
                f"{same}: there is nothing to learn from (mean reward {values.get('reward', float('nan')):.3g}); other rewards or prompts are needed"
            )
        return same

    def _save(self) -> None:
        """A checkpoint after the step that is done; the best one by the mean reward of the rollouts before it stays, too."""
        state = self.state
        if state.rewards:
            mean = sum(state.rewards) / len(state.rewards)
            if state.best_reward is None or mean >= state.best_reward:
                state.best, state.best_reward = state.step, mean
            state.rewards = []
        tensors = self.policy.tensors()
        if self.ranks.is_main:
            checkpoint.write(self.run.checkpoints, state.step, tensors, asdict(state))
            checkpoint.prune(self.run.checkpoints, also=frozenset([state.best]))
        self.ranks.barrier()

    def _held_against_the_engine(self) -> None:
        """The canary before the first step; later ones are looked at with each change of weights."""
        if self.state.step == 0:
            self._together(lambda logprobs: self.sampler.check(logprobs) if self.sampler else None)

    def _sync(self, version: int) -> None:
        """Give the engine the policy's weights, unless it has them."""
        if self.ranks.told(self.sampler is not None and self.sampler.version == version):
            return
        loaded = self.policy.loaded
        whole = dict(merged_state(loaded.model))  # all processes gather it

        def given(logprobs: Callable[[Sequence[int], Sequence[int]], list[float]]) -> None:
            assert self.sampler is not None
            self.sampler.sync(lambda directory: write(loaded, whole, Path(directory), ends=self.asked.ends), version, logprobs)

        self._together(given)

    def _together(self, work: Callable[[Callable[[Sequence[int], Sequence[int]], list[float]]], None]) -> None:
        """Do work on the sampling process that asks for the policy's log-probabilities, which all processes compute together."""
        if self.sampler is not None:

            def logprobs(prompt_ids: Sequence[int], token_ids: Sequence[int]) -> list[float]:
                self.ranks.told([list(prompt_ids), list(token_ids)])
                return self.policy.logprobs(prompt_ids, token_ids)

            work(logprobs)
            self.ranks.told(None)
            return
        while (asked := self.ranks.told(None)) is not None:
            self.policy.logprobs(*asked)
