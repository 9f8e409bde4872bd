"""What one call may spend: tokens, minutes, money.

A budget is for one call of the command, so that the same command goes on after it. Tokens and money stop the asking early enough for what is in flight to finish, so nothing paid for is thrown
away; time stops at once.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from curate.records import Completion


@dataclass(frozen=True, slots=True)
class Prices:
    """Money per million tokens; `cached` for prompt tokens that the server had cached (as input where not given)."""

    input: float
    output: float
    cached: float | None = None

    def of(self, completion: Completion) -> float:
        """What a completion cost."""
        cached = self.input if self.cached is None else self.cached
        fresh = completion.prompt_tokens - completion.cached_tokens
        return (fresh * self.input + completion.cached_tokens * cached + completion.completion_tokens * self.output) / 1e6


@dataclass(slots=True)
class Budget:
    """Limits and what was spent so far. `clock` gives seconds."""

    tokens: int | None = None
    minutes: float | None = None
    usd: float | None = None
    prices: Prices | None = None
    clock: Callable[[], float] = time.monotonic
    spent_tokens: int = 0
    spent_usd: float = 0.0
    finished: int = 0
    started: float = field(default=0.0)

    def start(self) -> None:
        """Begin to count."""
        self.started = self.clock()

    def pay(self, completion: Completion) -> None:
        """Count a completion that came from the engine."""
        self.finished += 1
        self.spent_tokens += completion.completion_tokens
        if self.prices is not None:
            self.spent_usd += self.prices.of(completion)

    def reached(self, in_flight: int) -> str | None:
        """Which budget forbids one more request, counting what is in flight at the mean so far; None where none does."""
        waiting = (in_flight + 1) / self.finished if self.finished else 0.0
        if self.tokens is not None and self.spent_tokens * (1.0 + waiting) > self.tokens:
            return "token"
        if self.usd is not None and self.spent_usd * (1.0 + waiting) > self.usd:
            return "money"
        return None

    def seconds_left(self) -> float | None:
        """Until the time budget ends; None without one."""
        return None if self.minutes is None else max(0.0, self.minutes * 60.0 - (self.clock() - self.started))
