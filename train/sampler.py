"""The half of GRPO that makes what is learned from: prompts in, scored groups out, replaced where a group teaches nothing, and recorded before anybody learns from them.

A rollout is made of rounds, each a record of its own (dynamic sampling, DAPO, arXiv 2503.14476, section 3.2). A round asks as many prompts as are missing, given the share of groups that taught something lately: the first one goes
by the rollout before, so that one batch mostly does, since an engine is slowest with few requests. All together are at most `rounds` times the wanted number. Which prompts are asked follows from the seed and from the rounds before, so a run that was killed reads the rounds that it had and goes on with the next.
"""

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from curate.engines import Engine
from curate.errors import CurateError, UsageError
from curate.records import Prompt
from curate.verifiers.pool import VerifierPool
from train.batch import spread
from train.canary import TrainerLogprobs
from train.presets import Grpo
from train.prompts import Prompts
from train.recorded import Group, total
from train.rollout import Rollouts


@dataclass(slots=True)
class Drawn:
    """What a rollout drew: its groups, the numbers of its first record and of the one after its last, and seconds by what they went into."""

    groups: list[Group]
    first: int
    next: int
    seconds: dict[str, float] = field(default_factory=dict)

    def used(self, settings: Grpo) -> list[Group]:
        """The groups that are learned from: those with a spread where groups are replaced, unless there is none."""
        chosen = [g for g in self.groups if spread(g, settings)] if settings.rounds > 1 else []
        return chosen or self.groups


class Sampler:
    """Engine, verifiers and rollouts of a run, in a loop of their own. Made and used by one process; a context manager."""

    def __init__(self, engine: Engine, make: Callable[[VerifierPool], Rollouts], prompts: Prompts, *, version: int) -> None:
        """`make` gives the rollouts, with the pool that scores them; `version`: the step whose weights the engine begins with."""
        self._engine, self._make, self.prompts, self.version = engine, make, prompts, version
        self._held = ExitStack()

    def __enter__(self) -> "Sampler":
        with self._held:
            self._runner = self._held.enter_context(asyncio.Runner())
            self._pool = VerifierPool()
            self._held.callback(lambda: self._runner.run(self._engine.close()))
            self._runner.run(self._pool.__aenter__())
            self._held.callback(lambda: self._runner.run(self._pool.__aexit__(None, None, None)))
            self._rollouts = self._held.enter_context(self._make(self._pool))
            self._runner.run(self._engine.start())
            self._held = self._held.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._held.__exit__(kind, error, trace)

    def check(self, logprobs: TrainerLogprobs) -> None:
        """Hold the engine against the trainer before anything is trained. Raises CurateError where they do not agree."""
        self._runner.run(self._rollouts.check(logprobs))

    def sync(self, save: Callable[[Path], None], version: int, logprobs: TrainerLogprobs) -> float:
        """Give the engine the weights of a step; the mean mismatch of the canary is returned. Raises what Rollouts.sync does."""
        found = self._runner.run(self._rollouts.sync(save, version, logprobs))
        self.version = version
        return found.mean

    def draw(self, pool: str, settings: Grpo, first: int, version: int, share: float) -> Drawn:
        """A rollout of as many groups that teach something as its steps take, from record `first` on; `share`: of groups, those that do. The engine is asked only for what is not recorded."""
        drawn = Drawn([], first, first)
        wanted = min(settings.prompts * settings.reuse, self.prompts.size(pool))
        teaching, most = 0, wanted * settings.rounds
        while teaching < wanted and len(drawn.groups) < most:
            if drawn.groups:
                share = teaching / len(drawn.groups)
            need = math.ceil((wanted - teaching) / max(share, 1 / settings.rounds))
            asked = self.prompts.draw(pool, min(need, most - len(drawn.groups)))
            found = self._rollouts.recorded(drawn.next)
            if found is None:
                groups = self._sampled(asked, drawn, version)
            elif [g.prompt.id for g in found.groups] == [p.id for p in asked]:
                groups = list(found.groups)
            else:
                raise CurateError(
                    f"record {drawn.next} of this run's rollouts asked other prompts than this run does: give another directory"
                )
            drawn.groups += groups
            drawn.next += 1
            teaching = sum(spread(g, settings) for g in drawn.groups)
        if all(total(s) is None for g in drawn.groups for s in g.samples):
            why = next(s.verdict.reason or s.verdict.status for g in drawn.groups for s in g.samples)
            raise CurateError(f"no answer could be scored, so there is nothing to learn from; the first one: {why}")
        return drawn

    def _sampled(self, asked: Sequence[Prompt], drawn: Drawn, version: int) -> list[Group]:
        began = time.perf_counter()
        groups = self._runner.run(self._rollouts.generate(asked, drawn.next, version))
        if refused := self._rollouts.refused:
            prompt, why = next(iter(refused.items()))
            raise UsageError(f"the engine refuses the prompt {prompt}: {why}; leave it out with --where")
        generated = time.perf_counter()
        groups = self._runner.run(self._rollouts.score(groups))
        self._rollouts.record(drawn.next, groups)
        scored = time.perf_counter()
        for name, seconds in (("time/rollout", generated - began), ("time/reward", scored - generated)):
            drawn.seconds[name] = drawn.seconds.get(name, 0.0) + seconds
        return groups

    def finish(self) -> None:
        """No more rollouts come."""
        self._rollouts.finish()


def told(groups: Sequence[Group], settings: Grpo) -> Mapping[str, float]:
    """What a rollout's answers are like: mean reward and its parts, pass rate of what was judged, shares without spread, unscored and truncated, mean length in tokens."""
    samples = [s for g in groups for s in g.samples]
    parts: dict[str, list[float]] = {}
    for sample in samples:
        for name, value in sample.rewards or ():
            if value is not None:
                parts.setdefault("reward" if name == "total" else f"reward/{name}", []).append(value)
    decided = [s.verdict.status == "correct" for s in samples if s.verdict.decided]
    found = {name: math.fsum(values) / len(values) for name, values in parts.items()}
    if decided:
        found["pass_rate"] = sum(decided) / len(decided)
    return found | {
        "no_spread": sum(not spread(g, settings) for g in groups) / len(groups),
        "unscored": sum(total(s) is None for s in samples) / len(samples),
        "truncated": sum(s.finish_reason == "length" for s in samples) / len(samples),
        "length": sum(s.completion_tokens for s in samples) / len(samples),
    }
