"""Which prompts a rollout asks: a permutation of all of them, epoch after epoch, that follows from the seed, so that a cursor is all that is to be remembered.

In its last part a run may draw from other prompts than before: DeepSeek-R1's second RL stage adds general prompts, and with them preference rewards, only in its last 400 steps of 1,700, since a reward model is hacked when it
is followed for longer (arXiv 2501.12948v2, section 3.2.2 and B.5). Until then prompts without a verifier are left alone.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from curate.errors import UsageError
from curate.ingest import ingest, read_prompts
from curate.records import Prompt
from curate.sources import SourceOptions, collect


def read(sources: Sequence[str], options: SourceOptions, weights: Sequence[float] | None, limit: int | None) -> list[Prompt]:
    """The prompts of some sources, by id, each once. Raises UsageError, SourceError."""
    with tempfile.TemporaryDirectory() as scratch:
        return list(read_prompts(ingest(collect(list(sources), options, weights, limit), Path(scratch)).path))


class Prompts:
    """The prompts of a run, and how far it has come in them: `cursors` by pool, to be saved and put back."""

    def __init__(self, prompts: Sequence[Prompt], seed: int) -> None:
        ordered = sorted(prompts, key=lambda p: p.id)
        self._pools = {"verified": [p for p in ordered if p.accept == "verified" and p.verifier], "all": ordered}
        self._seed = seed
        self._known: tuple[str, int, npt.NDArray[np.int64]] = ("", 0, np.empty(0, dtype=np.int64))
        self.cursors = dict.fromkeys(self._pools, 0)

    def pool(self, step: int, steps: int, preference_steps: int) -> str:
        """Which prompts are asked at a step: those with a verifier alone, until the last `preference_steps`."""
        late = not preference_steps or step >= steps - preference_steps
        name = "all" if late else "verified"
        if not self._pools[name]:
            raise UsageError(
                "no prompt has a verifier: before the last part of the run, in which preference counts, there is nothing to learn from"
            )
        return name

    def size(self, pool: str) -> int:
        """How many prompts a pool has."""
        return len(self._pools[pool])

    def draw(self, pool: str, count: int) -> list[Prompt]:
        """The next `count` prompts, none of them twice: at most as many as there are."""
        prompts = self._pools[pool]
        found: dict[str, Prompt] = {}
        while len(found) < min(count, len(prompts)):
            epoch, at = divmod(self.cursors[pool], len(prompts))
            prompt = prompts[int(self._order(pool, epoch)[at])]
            found.setdefault(prompt.id, prompt)  # an epoch's beginning may repeat the end of the one before
            self.cursors[pool] += 1
        return list(found.values())

    def restore(self, cursors: Mapping[str, int]) -> None:
        """Go on from saved cursors."""
        self.cursors = dict(cursors)

    def _order(self, pool: str, epoch: int) -> npt.NDArray[np.int64]:
        if self._known[:2] != (pool, epoch):
            self._known = (pool, epoch, self._permuted(pool, epoch))
        return self._known[2]

    def _permuted(self, pool: str, epoch: int) -> npt.NDArray[np.int64]:
        return np.random.default_rng([self._seed, epoch, len(pool)]).permutation(len(self._pools[pool]))
