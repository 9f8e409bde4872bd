"""When a run of reinforcement learning stops itself: a policy that has lost its entropy, left its reference, come apart from its engine or writes without an end does not come back, and each step more makes it worse.

The bounds are wide on purpose, and a step beyond one is no reason: PATIENCE steps in a row are.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

PATIENCE = 5  # steps in a row


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a step's means must stay within, in nats a token but for the share of truncated answers."""

    entropy_low: float = 1e-3  # below, all answers to a prompt are the same and nothing is explored
    entropy_high: float = 6.0  # above, the text is noise: a uniform choice among 400 tokens
    kl: float = 5.0
    mismatch: float = 0.5
    truncated: float = 0.98


@dataclass(slots=True)
class Guard:
    """Counts the steps in a row beyond each bound; `counts` are saved with a checkpoint."""

    bounds: Bounds
    counts: dict[str, int] = field(default_factory=dict)

    def look(self, values: Mapping[str, float]) -> str | None:
        """Take in a step's metrics; why the run is to stop, if it is."""
        b = self.bounds
        limits = {
            "entropy": (b.entropy_low, b.entropy_high),
            "kl": (-math.inf, b.kl),
            "mismatch": (-math.inf, b.mismatch),
            "truncated": (-math.inf, b.truncated),
        }
        for name, (low, high) in limits.items():
            if name not in values:
                continue
            beyond = not low <= values[name] <= high  # what is no number is beyond
            self.counts[name] = self.counts.get(name, 0) + 1 if beyond else 0
            if self.counts[name] >= PATIENCE:
                edge = f"below {low:g}" if values[name] < low else f"above {high:g}"
                return f"{name} was {edge} for {PATIENCE} steps in a row ({values[name]:.3g})"
        return None
