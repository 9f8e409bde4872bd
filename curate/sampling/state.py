"""What the sampler knows of a prompt while it is being sampled: verdicts by index, and where the prompt ended.

Samples finish in any order; the rule is applied in the order of their indices, so that the end depends on verdicts alone and not on who was faster.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from curate.completions import Location
from curate.records import Prompt, Verdict
from curate.sampling.policy import MAX_SAMPLES, Policy
from curate.templates import Asked

if TYPE_CHECKING:
    import asyncio
    import hashlib

REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Held:
    """A judged sample without its text, which stays in the log."""

    parts: tuple[Location, ...]
    verdict: Verdict
    reasons: tuple[str, ...]  # of the cheap filters
    counts: bool  # judged: it says something about the model
    accepted: bool
    refused: bool
    completion_tokens: int


@dataclass(slots=True)
class PromptState:
    """One prompt at work. `position` is its place in the order of work."""

    prompt: Prompt
    position: int
    asked: Asked
    key: "hashlib._Hash"
    policy: Policy
    held: dict[int, Held] = field(default_factory=dict)
    n_asked: int = 0
    outstanding: int = 0
    tasks: "dict[int, asyncio.Task[None]]" = field(default_factory=dict)
    n: int = 0  # judged, over indices 0 to cursor - 1
    k: int = 0  # accepted among them
    undecided: int = 0
    cursor: int = 0
    stop_reason: str | None = None

    def advance(self) -> bool:
        """Apply the rule to the samples that are there without a gap; True once the prompt has ended (`cursor` is then the number of samples that count)."""
        while self.stop_reason is None and (held := self.held.get(self.cursor)) is not None:
            self.cursor += 1
            self.n += held.counts
            self.k += held.accepted
            self.undecided += not held.counts
            if held.refused:
                self.stop_reason = REFUSED
            elif held.counts:
                self.stop_reason = self.policy.end(self.n, self.k, self.prompt.chance)
            if self.stop_reason is None and self.cursor >= self.policy.max_samples:
                self.stop_reason = MAX_SAMPLES
        return self.stop_reason is not None
