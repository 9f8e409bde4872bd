"""Several sources as one, by weight.

Quotas are exact: `limit * weight / sum(weights)`, rounded by largest remainder, ties to the earlier source. What a source falls short of its quota is counted and not made up by another,
since the mix is what was asked for. The sources take turns, always the one that has come least far in its quota, so that a stopped run has seen about the mix it was to see.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from curate.errors import UsageError
from curate.records import Prompt, digest
from curate.sources.base import Source, SourceOptions


def quotas(weights: Sequence[float], limit: int) -> list[int]:
    """`limit` shared out by `weights`: largest remainder, computed exactly. They sum to `limit`."""
    exact = [Fraction(w) for w in weights]
    shares = [limit * w / sum(exact) for w in exact]
    whole = [int(s) for s in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: (whole[i] - shares[i], i))
    for i in by_remainder[: limit - sum(whole)]:
        whole[i] += 1
    return whole


class Mixture:
    """The prompts of several sources. With `wanted`, so many of each and taking turns; without, one source after another."""

    def __init__(self, sources: Sequence[Source], wanted: Sequence[int] | None) -> None:
        self.sources = list(sources)
        self.wanted = None if wanted is None else list(wanted)
        self.name = " + ".join(s.name for s in sources)
        self.revision: str | None = None
        self.shortfall: dict[str, int] = {}  # prompts that a source fell short of its quota, by source, as counted by the latest iteration

    @property
    def skipped(self) -> Mapping[str, int]:
        """Rows that gave no prompt, over all sources, and by how many prompts a source fell short of its share."""
        rows = sum((Counter(s.skipped) for s in self.sources), Counter[str]())
        return rows + Counter({f"wanted of {name}, which has no more": n for name, n in self.shortfall.items()})

    def fingerprint(self) -> str:
        """A hash over the sources' own and their quotas."""
        return digest([[s.fingerprint() for s in self.sources], self.wanted])

    def __iter__(self) -> Iterator[Prompt]:
        """The prompts; `shortfall` is complete afterwards."""
        self.shortfall = {}
        wanted = self.wanted
        if wanted is None:
            for source in self.sources:
                yield from source
            return
        streams = [iter(s) for s in self.sources]
        taken = [0] * len(streams)
        running = [i for i, n in enumerate(wanted) if n > 0]
        while running:
            i = min(running, key=lambda j: (Fraction(taken[j], wanted[j]), j))
            prompt = next(streams[i], None)
            if prompt is None:
                label = self.sources[i].name
                self.shortfall[label] = self.shortfall.get(label, 0) + wanted[i] - taken[i]
                running.remove(i)
                continue
            taken[i] += 1
            if taken[i] == wanted[i]:
                running.remove(i)
            yield prompt


def collect(
    specs: Sequence[str],
    options: SourceOptions | None = None,
    weights: Sequence[float] | None = None,
    limit: int | None = None,
    *,
    opener: Callable[[str, SourceOptions], Source] | None = None,
) -> Mixture:
    """The sources that `specs` name, as one. `limit` is the number of prompts over all of them, shared by `weights` (equal where none are given).

    `options` hold for every source. Raises UsageError for no source, weights that do not fit, or weights without a limit to share.
    """
    if opener is None:
        from curate.sources import open_source

        opener = open_source
    options = options or SourceOptions()
    if not specs:
        raise UsageError("no source of prompts is given")
    if limit is not None and limit < 1:
        raise UsageError(f"--limit {limit}: at least 1 prompt is needed")
    if weights:
        if len(weights) != len(specs):
            raise UsageError(
                f"{len(weights)} weights are given for {len(specs)} sources: give one --weight for each source, in their order"
            )
        if not all(0 < w < float("inf") for w in weights):
            raise UsageError("a --weight must be a number above 0")
        if limit is None:
            raise UsageError("--weight shares out a number of prompts: say how many there are to be, with --limit")
    if limit is None:
        return Mixture([opener(s, options) for s in specs], None)
    wanted = quotas(weights or [1.0] * len(specs), limit)
    return Mixture([opener(s, replace(options, limit=n)) for s, n in zip(specs, wanted, strict=True)], wanted)
