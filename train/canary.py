"""Whether engine and trainer are of one mind: a few samples of one prompt, whose log-probabilities both work out.

Weights that were not loaded, another precision, another reading of the prompt or another temperature all show there, before anything is
learned from them. Departs from greedy decoding in that the samples are drawn: a greedy token is likely under stale weights, too, and says
less.
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
TOKENS = 32  # of each at most
TOLERANCE = 0.1

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


def compare(canary: Canary, answers: Sequence[Completion], trainer_logprobs: TrainerLogprobs) -> Mismatch:
    """How far the two are apart. `trainer_logprobs` is called once for each answer. Raises CurateError where they do not read the prompt alike."""
    differences: list[float] = []
    for answer in answers:
        if answer.prompt_tokens != len(canary.prompt_ids):
            raise CurateError(
                f"the engine reads the prompt {canary.prompt.id} as {answer.prompt_tokens} tokens and the trainer as {len(canary.prompt_ids)}: "
                "they differ in tokenizer, chat template or its settings"
            )
        ids, ours = tokens(answer)
        differences += [abs(a - b) for a, b in zip(ours, trainer_logprobs(canary.prompt_ids, ids), strict=True)]
    return Mismatch(math.fsum(differences) / len(differences), max(differences), len(differences))


def require_agreement(found: Mismatch, tolerance: float, version: int | None) -> None:
    """Raise CurateError where the mean is above the tolerance. `version`: of the weights that were loaded, None before anything was trained."""
    if found.mean <= tolerance:  # what is no number is not
        return
    when, why = (
        ("before training", "they compute in another precision or at another temperature, or are not of one model")
        if version is None
        else (f"with the weights of step {version}", "it did not load them, or computes in another precision")
    )
    raise CurateError(
        f"{when} the engine's log-probabilities are {found.mean:.3g} away from the trainer's in the mean of {found.tokens} tokens, and at most "
        f"{found.largest:.3g}, where {tolerance:g} is tolerated in the mean: {why}"
    )


def tokens(answer: Completion) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Token ids and their log-probabilities. Raises EngineError where there is not one number for each token."""
    ids, logprobs = answer.token_ids or (), answer.logprobs or ()
    if not ids or len(ids) != len(logprobs) or not all(map(math.isfinite, logprobs)):
        raise EngineError(f"the engine returned {len(ids)} tokens and {len(logprobs)} log-probabilities, or one that is no number")
    return ids, logprobs
