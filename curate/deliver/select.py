"""Which samples go into a mixture, in what order, and on which side of the split: arrays in, arrays out.

Everything hangs on a hash of the seed and an id, never on the order of the inputs: a sample's place in the shuffle is its hash's rank, and a prompt's side of the split is its hash's, so all samples of a prompt
are on one side. A quota that cannot be filled is a shortfall that is told; nothing is ever taken twice.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.errors import UsageError

Numbers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


def hashes(seed: int, ids: Iterable[str], purpose: str) -> Hashes:
    """For each id 64 bits that depend on the seed, the purpose and the id alone: the first of BLAKE2b."""
    key = f"{purpose}:{seed}".encode()
    made = b"".join(hashlib.blake2b(i.encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest() for i in ids)
    return np.frombuffer(made, dtype="<u8").astype(np.uint64)


def scaled(quotas: Mapping[str, int], total: int) -> dict[str, int]:
    """The quotas in the same proportions that sum to `total`, by largest remainders."""
    whole = sum(quotas.values())
    if whole <= 0 or total < 1:
        raise UsageError("a mixture needs a total and quotas above zero")
    exact = {name: total * n / whole for name, n in quotas.items()}
    made = {name: math.floor(x) for name, x in exact.items()}
    for name in sorted(exact, key=lambda n: (made[n] - exact[n], n))[: total - sum(made.values())]:
        made[name] += 1
    return made


@dataclass(frozen=True, slots=True)
class Selection:
    """`rows` are the numbers of the chosen rows in the order of the shuffle, `validation` says which of them are held out. `found` counts by domain: there, left by the cap, wanted (None: all), taken."""

    rows: Numbers
    validation: npt.NDArray[np.bool_]
    found: Mapping[str, Mapping[str, int | None]]

    @property
    def shortfall(self) -> dict[str, int]:
        """What is missing to the quotas, by domain."""
        return {
            name: f["wanted"] - (f["taken"] or 0)
            for name, f in self.found.items()
            if f["wanted"] is not None and f["wanted"] > (f["taken"] or 0)
        }


def capped(prompts: Numbers, order: Numbers, most: int | None) -> Numbers:
    """Of the rows `order`, in that order, those that are among the first `most` of their prompt."""
    if most is None or not len(order):
        return order
    own = prompts[order]
    by_prompt = np.argsort(own, kind="stable")
    sorted_prompts = own[by_prompt]
    starts = np.flatnonzero(np.r_[True, sorted_prompts[1:] != sorted_prompts[:-1]])
    rank = np.arange(len(own)) - np.repeat(starts, np.diff(np.r_[starts, len(own)]))
    keep = np.empty(len(own), dtype=bool)
    keep[by_prompt] = rank < most
    left: Numbers = order[keep]
    return left


def select(
    domains: list[str],
    prompts: Numbers,
    sample_keys: Hashes,
    prompt_keys: Hashes,
    *,
    quotas: Mapping[str, int] | None,
    per_prompt: int | None,
    validation: float,
) -> Selection:
    """Choose rows. `domains` and `prompts` (a number for each prompt) are those of the rows, the keys are `hashes` of the sample's and the prompt's id. A domain without a quota is left out where there are quotas."""
    of = np.asarray(domains, dtype=object)
    order = np.argsort(sample_keys, kind="stable").astype(np.int64)
    left = capped(prompts, order, per_prompt)
    found: dict[str, dict[str, int | None]] = {}
    chosen = []
    for name in sorted({*domains, *(quotas or {})}):
        there = int(np.count_nonzero(of == name)) if len(of) else 0
        mine = left[of[left] == name] if len(left) else left
        wanted = None if quotas is None else quotas.get(name, 0)
        taken = mine if wanted is None else mine[:wanted]
        chosen.append(taken)
        found[name] = {"there": there, "after the cap": len(mine), "wanted": wanted, "taken": len(taken)}
    rows = np.concatenate(chosen) if chosen else np.empty(0, dtype=np.int64)
    rows = rows[np.argsort(sample_keys[rows], kind="stable")]
    held = prompt_keys[rows] < np.uint64(int(validation * float(1 << 63)) << 1) if validation else np.zeros(len(rows), dtype=bool)
    return Selection(rows, held, found)
