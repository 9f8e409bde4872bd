"""Rollouts made by hand, and an engine whose answers are made up: what a trainer's half of a run needs, without a model."""

import asyncio
import json
import math
from collections.abc import Callable
from pathlib import Path

from curate.engines import Request
from curate.records import Completion, Prompt, Sample, Verdict, make_prompt
from train.recorded import TOTAL, Group, Rollout

IDENTITY = {"engine": "toy", "model": "toy", "model_revision": "r0", "rewards": {"accuracy": 1.0, "format": 0.5}, "group_size": 3}


def prompt(i: int) -> Prompt:
    return make_prompt(f"What is {i} + {i}?", verifier="math", gold=str(2 * i), source="toy", domain="math", license="mit", language="en")


def sample(of: Prompt, number: int, index: int, reward: float | None = 1.0) -> Sample:
    status = {None: "unverifiable", 1.0: "correct"}.get(reward, "wrong")
    return Sample(
        prompt=of,
        id=f"{of.id}-{number:06d}-{index:04d}",
        prompt_id=of.id,
        sample_index=index,
        completion=f"<think>Try {index} of rollout {number}, with words of its own.</think> \\boxed{{{of.gold}}}",
        reasoning=f"Try {index} of rollout {number}, with words of its own.",
        response=f"\\boxed{{{of.gold}}}",
        chain="full",
        finish_reason="length" if reward == 0 else "stop",
        prompt_tokens=9,
        completion_tokens=3,
        seed=index,
        engine="toy",
        model="toy",
        model_revision="r0",
        template="chat@1",
        sampling="{}",
        verdict=Verdict(status, reward, verifier="math", verifier_version="2"),  # type: ignore[arg-type]
        token_ids=(5, 6, index),
        logprobs=(-0.5, -0.25, -0.125 * index),
        rewards=(("accuracy", reward), ("format", 0.0), (TOTAL, reward)),
        group_id=f"{of.id}-{number:06d}-0000",
        weights_version=str(16 * number),
    )


def rollout(number: int, rewards: tuple[tuple[float | None, ...], ...] = ((1.0, 0.0, None), (1.0, 1.0, 1.0))) -> Rollout:
    groups = []
    for i, totals in enumerate(rewards):
        samples = tuple(sample(prompt(i), number, k, reward) for k, reward in enumerate(totals))
        groups.append(Group(samples[0].group_id or "", prompt(i), samples))
    return Rollout(number, tuple(groups), 16 * number)


class Engine:
    """Answers with `script(request)`; a token is a character, whose log-probability is that of its code among `words`, by weights that are one number."""

    kind = "toy"
    max_concurrent = 4

    def __init__(self, script: Callable[[Request], str] = lambda request: f"{request.sample_index}", *, words: int = 200) -> None:
        self.script, self.words = script, words
        self.capabilities = frozenset({"seed", "token_ids", "logprobs", "load_weights", "text", "prefill"})
        self.asked: list[Request] = []
        self.scale = 1.0
        self.version: str | None = None

    def identity(self) -> dict[str, str | None]:
        return {"model": "toy", "model_revision": "r0"}

    async def preview(self, request: Request) -> str:
        return ""

    async def start(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to free."""

    async def complete(self, request: Request) -> Completion:
        self.asked.append(request)
        text = self.script(request)
        await asyncio.sleep(0)
        ids = (*map(ord, text), 0)
        prompt_tokens = len(request.text or request.messages[-1].content if request.messages else "") + len(request.prefill)
        reason = "length" if text.endswith("...") else "stop"
        return Completion(text, reason, prompt_tokens, len(ids), token_ids=ids, logprobs=self.logprobs(ids), weights_version=self.version)

    def logprobs(self, ids: tuple[int, ...]) -> tuple[float, ...]:
        return tuple(-self.scale * math.log(self.words + i) for i in ids)

    async def load_weights(self, directory: str, version: str) -> None:
        self.scale, self.version = json.loads((Path(directory) / "weights.json").read_text()), version
