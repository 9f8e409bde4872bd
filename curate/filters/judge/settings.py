"""How a judge is asked: the numbers with their reasons, and what may be set."""

from dataclasses import dataclass
from typing import Literal

from curate.engines import Sampling
from curate.errors import UsageError

VOTES = 3  # odd, so that two sides cannot be even
PAIR_VOTES = 4  # of two answers, half in either order (arXiv 2501.12948, section 3.1: four)
TEMPERATURE, TOP_P = 0.6, 0.95  # as R1 is to be used (0.5 to 0.7; arXiv 2501.12948, section D.1): at 0 all votes would be one
MAX_TOKENS = 4096  # chain of thought included
PLANTED_FIRST, PLANTED_EVERY = 20, 50  # each brings two: 40 are enough to see a share of 10 %, then 4 % of what a run costs
MAX_PASSED = 0.1  # of the planted items: twice what calibration allows, since some are right by accident and 40 are few

Reply = Literal["free", "prefill", "schema"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a judge is asked. `planted_first` and `planted_every` say how many items bring planted ones, 0 none.

    `agreement` is the share of all votes that must say the same; a verdict always needs more than half.

    `reply`: `free` as the judge likes, which may think first; `prefill` begins the JSON for one that does not; `schema` has the engine hold the whole reply to its JSON schema, so that also a small model keeps the form.
    """

    votes: int = VOTES
    seed: int = 0
    sampling: Sampling = Sampling(temperature=TEMPERATURE, top_p=TOP_P, max_tokens=MAX_TOKENS)
    max_concurrent: int | None = None
    think_tags: tuple[str, str] = ("<think>", "</think>")
    reply: Reply = "free"
    planted_first: int = PLANTED_FIRST
    planted_every: int = PLANTED_EVERY
    max_passed: float = MAX_PASSED
    agreement: float = 0.0

    def __post_init__(self) -> None:
        for name, wrong in (
            ("votes", self.votes < 1),
            ("max_tokens", self.sampling.max_tokens < 1),
            ("temperature", self.sampling.temperature < 0),
            ("max_concurrent", self.max_concurrent is not None and self.max_concurrent < 1),
            ("planted_first", self.planted_first < 0),
            ("planted_every", self.planted_every < 0),
            ("max_passed", not 0 <= self.max_passed <= 1),
            ("agreement", not 0 <= self.agreement <= 1),
        ):
            if wrong:
                raise UsageError(f"the judge's {name} is out of range")


DEFAULTS = Settings()
