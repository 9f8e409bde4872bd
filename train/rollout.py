"""From prompts to groups of samples of the model in training, and from the trainer's weights to the engine's.

Everything here is async, for one `asyncio.Runner` of the trainer, which runs it in the trainer's own thread: autocast and grad mode belong to
a thread, and `sync` calls back into the trainer.

What a trainer learns from is the engine's token ids, never a text that is tokenised again, up to and including the end-of-text token: both
engines return it with its log-probability where the model wrote it. A completion that was cut off (finish_reason `length`) and one that
ended with a stop string have none.

After each change of weights the two are compared (train/canary.py).
"""

import asyncio
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from curate.engines import Engine, Request, Sampling, require
from curate.errors import EngineError, RequestRefused, UsageError
from curate.records import Answer, Completion, Prompt, Sample, Verdict, canonical_json
from curate.rewards import Candidate, Reward, Scorer, score_all
from curate.sampling.judge import Reading
from curate.sampling.keys import seed_of
from curate.templates import Template
from curate.verifiers.pool import VerifierPool
from train import canary as canaries
from train import weights
from train.canary import TOLERANCE, Canary, Mismatch, Seen, TrainerLogprobs
from train.recorded import TOTAL, Group, Rollout, finish, read_recorded, recording, write


class TrainedEngine(Engine, Protocol):
    """An engine whose weights can be changed."""

    async def load_weights(self, directory: str, version: str) -> None:
        """Change the weights to those in `directory`, which stays as long as they are used."""
        ...


class Rollouts:
    """The samples of a training run in `run`: recorded in run/rollouts, by weights in run/weights. A context manager, and while it is entered
    the only writer of these two. Engine and pool are the caller's, who closes them.

    `refused` has the prompts that the engine would not take, such as those that are too long, with its reasons: they are in no group.
    """

    def __init__(
        self,
        engine: TrainedEngine,
        run: Path,
        *,
        template: Template,
        rewards: Sequence[Reward],
        scorers: Mapping[str, Scorer],
        pool: VerifierPool,
        seed: int,
        n: int,
        sampling: Sampling,
        canary: Canary,
        think_tags: tuple[str, str] = ("<think>", "</think>"),
        prefill: str = "",
        tolerance: float = TOLERANCE,
        importance_sampling: bool = True,
    ) -> None:
        """`n` samples a group; `tolerance`: of the canary's mean, in nats. Raises UsageError for an engine that cannot do it and for settings that
        cannot be learned from.
        """
        require(engine, "seed", "token_ids", "logprobs", "load_weights")
        if template.name == "r1-zero":
            require(engine, "text")
        if prefill:
            require(engine, "prefill")
        if n < 2:
            raise UsageError(f"a group of {n} has nothing to be held against: it takes at least 2 samples")
        if not sampling.temperature > 0:
            raise UsageError("the temperature must be above 0: greedy samples of one prompt are all the same")
        if importance_sampling and (sampling.top_p < 1 or sampling.top_k > 0 or sampling.min_p > 0):
            raise UsageError(
                "top-p, top-k and min-p must be off (1, 0, 0) with importance sampling: the engine's log-probabilities would be those of a cut "
                "distribution, which the trainer's cannot be compared with"
            )
        self._engine, self._template, self._pool, self._run = engine, template, pool, run
        self._rewards, self._scorers = rewards, scorers
        self._seed, self._n, self._sampling = seed, n, replace(sampling, logprobs=True)
        self._canary, self._tolerance, self._reading = canary, tolerance, Reading(think_tags, prefill)
        self._asked: tuple[int, Counter[str]] = (-1, Counter())  # the number of a rollout, and samples asked for in it, by prompt
        self._seen: Seen | None = None  # the canary when it was last asked
        self._held = ExitStack()
        self.refused: dict[str, str] = {}

    def __enter__(self) -> "Rollouts":
        """Begin or go on with the directory. Raises what `recording` does."""
        identity = {
            "engine": self._engine.kind,
            **self._engine.identity(),
            "template": self._template.label,
            "system_prompt": self._template.system_prompt,
            "sampling": self._sampling.as_dict(),
            "seed": self._seed,
            "prefill": self._reading.prefill,
            "think_tags": list(self._reading.think_tags),
            "rewards": {reward.name: reward.weight for reward in self._rewards},
            "group_size": self._n,
        }
        self._directory = self._held.enter_context(recording(self._run / "rollouts", identity))
        return self

    def __exit__(self, *error: object) -> None:
        self._held.__exit__(*error)  # type: ignore[arg-type]  # as it came

    async def generate(self, prompts: Sequence[Prompt], number: int, version: int) -> list[Group]:
        """A group for each prompt, not scored, for rollout `number` by the weights of `version`. A prompt that the engine refuses has none. It may
        be called again for the same rollout: a prompt that comes again gets other samples.

        Raises EngineError where the engine cannot go on, refuses all, or answers with other weights.
        """
        asked = [(prompt, self._requests(prompt, number)) for prompt in prompts]
        answers = iter(await self._complete([request for _, requests in asked for request in requests]))
        groups = []
        for prompt, requests in asked:
            told = [next(answers) for _ in requests]
            completions = [answer for answer in told if isinstance(answer, Completion)]
            if len(completions) < len(told):
                self.refused[prompt.id] = next(str(answer) for answer in told if isinstance(answer, RequestRefused))
                continue
            name = f"{prompt.id}-{number:06d}-{requests[0].sample_index:04d}"
            pairs = zip(requests, completions, strict=True)
            groups.append(Group(name, prompt, tuple(self._sample(prompt, number, name, version, *pair) for pair in pairs)))
        if prompts and not groups:
            raise EngineError(
                f"the engine refused all {len(prompts)} prompts of rollout {number}, the first one so: {self.refused[prompts[0].id]}"
            )
        return groups

    async def score(self, groups: Sequence[Group]) -> list[Group]:
        """The groups with rewards and verdicts. Raises what curate.rewards.score_all does."""
        samples = [sample for group in groups for sample in group.samples]
        candidates = [Candidate(s.id, s.prompt, Answer(s.completion, s.reasoning, s.response, s.finish_reason)) for s in samples]
        found = iter(await score_all(candidates, self._pool, self._rewards, self._scorers))
        scored = []
        for group in groups:
            told = [(sample, next(found)) for sample in group.samples]
            rewarded = (replace(s, rewards=(*f.parts.items(), (TOTAL, f.total)), verdict=f.verdict) for s, f in told)
            scored.append(replace(group, samples=tuple(rewarded)))
        return scored

    def record(self, number: int, groups: Sequence[Group]) -> None:
        """Commit a rollout; to be trained on only after this. Raises StoreError."""
        version = next((int(s.weights_version or 0) for group in groups for s in group.samples), 0)
        write(self._directory, Rollout(number, tuple(groups), version))

    def recorded(self, number: int) -> Rollout | None:
        """A rollout of this run, or of one before it that was killed. Raises Damaged."""
        return read_recorded(self._run / "rollouts", number)

    def finish(self) -> None:
        """No more rollouts come."""
        finish(self._directory)

    async def sync(self, save: Callable[[Path], None], version: int, trainer_logprobs: TrainerLogprobs) -> Mismatch:
        """Give the engine the trainer's weights, which `save` writes as a model directory into an empty one, and see whether it has them.

        Raises StoreError where they cannot be written, EngineError where the engine does not take them, CurateError as `check` does.
        """
        directory = weights.publish(self._run / "weights", version, save)
        await self._engine.load_weights(str(directory), str(version))
        found = await self.check(trainer_logprobs, version)
        weights.prune(self._run / "weights", version)
        return found

    async def check(self, trainer_logprobs: TrainerLogprobs, version: int | None = None) -> Mismatch:
        """Hold the engine's log-probabilities of the canary against the trainer's; without a version, before anything was trained.
        `trainer_logprobs` is called canary.SAMPLES times, with the prompt's ids and a completion's. Raises CurateError where they do not agree.
        """
        asked = canaries.requests(self._canary, self._template, self._reading.prefill, self._sampling.temperature, self._seed)
        alone = canaries.ALONE
        answers = [*await self._complete(asked[:alone]), *await self._complete(asked[alone:])]
        refusal = next((a for a in answers if isinstance(a, RequestRefused)), None)
        if refusal is not None:
            raise refusal
        seen = canaries.look(self._canary, [a for a in answers if isinstance(a, Completion)], trainer_logprobs)
        if self._seen is not None and version is not None:
            canaries.require_change(self._seen, seen, version)
        self._seen = seen
        return canaries.require_agreement(seen, self._tolerance, version)

    def _requests(self, prompt: Prompt, number: int) -> list[Request]:
        """The next n samples of a prompt in a rollout. A seed depends on the run's, the rollout's number, prompt and index alone."""
        if self._asked[0] != number:
            self._asked = (number, Counter())
        first = self._asked[1][prompt.id]
        self._asked[1][prompt.id] += self._n
        asked = self._template.ask(prompt)
        seeds = {i: seed_of(self._seed, f"{number}:{prompt.id}", i) for i in range(first, first + self._n)}
        prefill = self._reading.prefill
        return [Request(prompt.id, i, self._sampling, seed, asked.messages, asked.text, prefill) for i, seed in seeds.items()]

    async def _complete(self, requests: Sequence[Request]) -> list[Completion | RequestRefused]:
        """The answers to all requests, in their order. The transformers engine gets them batch by batch, so that the batches, and with them the bits,
        are the same in every run; others fill their batches themselves.
        """
        size = self._engine.max_concurrent if self._engine.kind == "transformers" else len(requests)
        answers: list[Completion | RequestRefused] = []
        for start in range(0, len(requests), max(1, size)):
            batch = requests[start : start + size]
            tasks = [asyncio.create_task(self._ask(replace(request, together=len(batch)))) for request in batch]
            try:
                answers += await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        return answers

    async def _ask(self, request: Request) -> Completion | RequestRefused:
        try:
            return await self._engine.complete(request)
        except RequestRefused as refusal:
            return refusal

    def _sample(self, prompt: Prompt, number: int, group: str, version: int, request: Request, answer: Completion) -> Sample:
        if answer.weights_version not in (None, str(version)):
            raise EngineError(
                f"the engine answered with the weights of step {answer.weights_version}, and rollout {number} is of step {version}"
            )
        ids, logprobs = canaries.tokens(answer)
        parts = self._reading.parts(answer)
        made_by = self._engine.identity()
        return Sample(
            prompt=prompt,
            id=f"{prompt.id}-{number:06d}-{request.sample_index:04d}",
            prompt_id=prompt.id,
            sample_index=request.sample_index,
            completion=self._reading.text(answer),
            reasoning=parts.reasoning,
            response=parts.response,
            chain=parts.chain,
            finish_reason=answer.finish_reason,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            seed=request.seed,
            engine=self._engine.kind,
            model=made_by["model"] or "",
            model_revision=made_by["model_revision"],
            template=self._template.label,
            sampling=canonical_json(self._sampling.as_dict()),
            verdict=Verdict("unverifiable", reason="not scored"),
            token_ids=ids,
            logprobs=tuple(array("f", logprobs)),  # as recorded: what is trained on is the same before and after it was read again
            group_id=group,
            weights_version=str(version),
        )
