"""Whether engine and trainer are of one mind: a few samples of one prompt, whose log-probabilities both work out.

Weights that were not loaded, another precision, another reading of the prompt or another temperature all show there, before anything is
learned from them. Departs from greedy decoding in that the samples are drawn: a greedy token is likely under stale weights, too, and says
less. And the samples before a change of weights are held against those after it: an engine that repeats itself to the last bit while the
trainer's numbers moved has not loaded anything, however little they moved. For that one sample is asked alone: an engine that batches as
requests come in adds its sums up in another order each time, and repeats to the last bit only what it computes in a batch of one.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from curate.engines import Request, Sampling
from curate.errors import CurateError, EngineError
from curate.records import Completion, Prompt
from curate.sampling.keys import seed_of
from curate.templates import Template

SAMPLES = 4  # so that one which ends at once is not all that is compared
ALONE = 1  # of them, the first, in a batch of its own
TOKENS = 32  # of each at most
# Nats in the mean. Measured with SmolLM2-135M, its trainer in fp32 and vLLM in bf16 on a CPU, five prompts: 0.025 to 0.043 at temperatures from
# 0.5 to 1.3; 0.038 to 0.086 with weights that are not bf16 (noise of 0.2 % to 2 % of each tensor's spread). Stale by 2 %: 0.12 to 0.21.
TOLERANCE = 0.1
MOVED = 1e-3  # nats in the mean by which the trainer's numbers have to move before the engine's must

TrainerLogprobs = Callable[[Sequence[int], Sequence[int]], Sequence[float]]  # of the second ids, given the first, at the run's temperature


class Canary(NamedTuple):
    """The prompt that engine and trainer are compared on, and its ids as the trainer reads it, prefill included."""

    prompt: Prompt
    prompt_ids: tuple[int, ...]


class Mismatch(NamedTuple):
    """|log-probability of the engine - of the trainer| over the canary's tokens, in nats."""

    mean: float
    largest: float
    tokens: int


def requests(canary: Canary, template: Template, prefill: str, temperature: float, seed: int) -> list[Request]:
    """What the engine is asked: the same each time."""
    asked = template.ask(canary.prompt)
    sampling = Sampling(temperature, top_p=1.0, max_tokens=TOKENS, logprobs=True)
    seeds = [seed_of(seed, "canary", i) for i in range(SAMPLES)]
    return [Request(canary.prompt.id, i, sampling, seed, asked.messages, asked.text, prefill) for i, seed in enumerate(seeds)]


class Seen(NamedTuple):
    """What both said of the canary: the engine's tokens and log-probabilities, and the trainer's log-probabilities, sample by sample."""

    engines: list[tuple[tuple[int, ...], tuple[float, ...]]]
    trainers: list[list[float]]

    @property
    def mismatch(self) -> Mismatch:
        """How far the two are apart."""
        return _apart([logprobs for _, logprobs in self.engines], self.trainers)


def look(canary: Canary, answers: Sequence[Completion], trainer_logprobs: TrainerLogprobs) -> Seen:
    """Let the trainer say what it thinks of the engine's answers, one after another. Raises CurateError where they do not read the prompt alike."""
    for answer in answers:
        if answer.prompt_tokens != len(canary.prompt_ids):
            raise CurateError(
                f"the engine reads the prompt {canary.prompt.id} as {answer.prompt_tokens} tokens and the trainer as {len(canary.prompt_ids)}: "
                "they differ in tokenizer, chat template or its settings"
            )
    engines = [tokens(answer) for answer in answers]
    return Seen(engines, [list(trainer_logprobs(canary.prompt_ids, ids)) for ids, _ in engines])


def require_agreement(seen: Seen, tolerance: float, version: int | None) -> Mismatch:
    """How far they are apart. Raises CurateError where the mean is above the tolerance. `version`: of the weights that were loaded, None before
    anything was trained.
    """
    found = seen.mismatch
    if found.mean <= tolerance:  # what is no number is not
        return found
    when, why = (
        ("before training", "they compute in another precision or at another temperature, or are not of one model")
        if version is None
        else (f"with the weights of step {version}", "it did not load them, or computes in another precision")
    )
    raise CurateError(
        f"{when} the engine's log-probabilities are {found.mean:.3g} away from the trainer's in the mean of {found.tokens} tokens, and at most "
        f"{found.largest:.3g}, where {tolerance:.3g} is tolerated in the mean: {why}"
    )


def require_change(before: Seen, after: Seen, version: int) -> None:
    """Raise CurateError where the engine repeats what it was asked alone, though the trainer has moved. One that never repeats itself passes."""
    if before.engines[:ALONE] != after.engines[:ALONE]:
        return
    moved = _apart(before.trainers[:ALONE], after.trainers[:ALONE]).mean
    if moved > MOVED:
        raise CurateError(
            f"the engine did not load the weights of step {version}: it answers to the last bit as it did before, and the trainer's "
            f"log-probabilities of its answers have moved by {moved:.3g} in the mean"
        )


def _apart(some: Sequence[Sequence[float]], others: Sequence[Sequence[float]]) -> Mismatch:
    pairs = zip(some, others, strict=True)
    differences = [abs(a - b) for one, other in pairs for a, b in zip(one, other, strict=True)]
    return Mismatch(math.fsum(differences) / len(differences), max(differences), len(differences))


def tokens(answer: Completion) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Token ids and their log-probabilities. Raises EngineError where there is not one number for each token."""
    ids, logprobs = answer.token_ids or (), answer.logprobs or ()
    if not ids or len(ids) != len(logprobs) or not all(map(math.isfinite, logprobs)):
        raise EngineError(f"the engine returned {len(ids)} tokens and {len(logprobs)} log-probabilities, or one that is no number")
    return ids, logprobs
