"""Exact and near duplicates among all samples of a set, as a stream: each sample repeats an earlier one or it does not, and what was said is never taken back.

Two passes, so that the dear one can run anywhere and be kept: `sketch` reads texts (a shard at a time, in any process) and gives some 380 bytes a sample, which can be saved; `Index` decides over
sketches in the order in which it is given them. An index is rebuilt by adding the same sketches again.

A sample repeats an earlier one exactly where the two texts are equal up to white space and upper or lower case (NFKC and case folding; punctuation counts), and nearly where they share a bucket of MinHash.
A text of fewer than SHORT n-grams is compared exactly, and only within its prompt: that two questions have the answer "Yes." makes neither a copy.

Where this differs from datatrove's union-find over all pairs: there one text stays of each cluster. Here the first of a cluster stays, and with it any other that nothing before it resembles, even if a
later text resembles both and so makes one cluster of two. Nobody can know that before the later text comes; `Index.joined` counts these, so `kept - joined` is what union-find would keep.
Not covered: copies of a part of a text; texts below the similarity that `MinHash.chance` finds.
"""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.errors import Damaged
from curate.filters.minhash import Marks, MinHash, marks, similarity
from curate.filters.shingles import Hashes, Words, blocks
from curate.filters.slots import Slots

VERSION = "1"  # changed whenever a sketch could
SHORT = 20  # n-grams
REASONS = {"exact": "exact_duplicate", "near": "near_duplicate"}
_LOWER = bytes(c + 32 if 65 <= c <= 90 else c for c in range(256))
_WHITE = bytes([*range(9, 14), *range(28, 33)])


class Repeat(NamedTuple):
    """That a sample repeats another. `of` is the id of the first sample of its cluster, which stays, and `similarity` the estimated Jaccard similarity to that one. The kind is `exact` where any sample
    before it is equal: in a cluster that one need not be the first."""

    of: str
    kind: Literal["exact", "near"]
    similarity: float


@dataclass(frozen=True, slots=True, eq=False)
class Sketches:
    """What deduplication has to know of some samples, a row each: id, hash of the whole text, buckets (0: none), and the marks of its signature."""

    ids: pa.Array
    exact: Hashes
    buckets: Hashes
    marks: Marks

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def concatenated(cls, parts: "Sequence[Sketches]", minhash: MinHash | None = None) -> "Sketches":
        """Those of several tables, one after the other."""
        if not parts:
            minhash = minhash or MinHash()
            none = np.zeros((0, minhash.num_buckets), np.uint64)
            return cls(pa.array([], pa.string()), np.zeros(0, np.uint64), none, np.zeros((0, minhash.size), np.uint16))
        exact, buckets, held = (np.concatenate([getattr(p, name) for p in parts]) for name in ("exact", "buckets", "marks"))
        return cls(pa.concat_arrays([p.ids for p in parts]), exact, buckets, held)

    def as_bytes(self) -> bytes:
        """As an .npz file without pickles. Equal sketches give equal bytes."""
        held = BytesIO()
        ids = np.array([i.encode() for i in self.ids.to_pylist()], dtype=bytes)
        np.savez(held, ids=ids, exact=self.exact, buckets=self.buckets, marks=self.marks)
        return held.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Sketches":
        """Sketches that were saved. Raises Damaged for bytes that are none."""
        try:
            with np.load(BytesIO(data), allow_pickle=False) as read:
                ids, exact, buckets, held = (read[name] for name in ("ids", "exact", "buckets", "marks"))
            if not len(ids) == len(exact) == len(buckets) == len(held) or buckets.ndim != 2 or held.ndim != 2:
                raise ValueError("its columns are of different lengths")
            return cls(pa.array([i.decode() for i in ids.tolist()], pa.string()), exact, buckets, held)
        except Exception as error:  # zipfile and numpy raise what they like for a torn file
            raise Damaged(f"the sketches of a shard cannot be read ({error}): remove the file, and they are made again") from error


def compared(reasoning: pa.Array | pa.ChunkedArray, response: pa.Array | pa.ChunkedArray) -> Any:
    """The text that a duplicate is compared on: chain and response."""
    return pc.binary_join_element_wise(pc.fill_null(reasoning, ""), response, "\n\n")


def sketch(ids: Sequence[str], prompt_ids: Sequence[str], texts: pa.Array | pa.ChunkedArray, minhash: MinHash | None = None) -> Sketches:
    """The sketches of samples: their ids, their prompts' ids and their texts (`compared`), of equal length."""
    minhash = minhash or MinHash()
    parts = [sketch_words(words, prompt_ids[words.first : words.first + len(words)], minhash) for words in blocks(texts)]
    if not parts:
        return Sketches.concatenated([], minhash)
    exact, buckets, held = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Sketches(pa.array(ids, pa.string()), exact, buckets, held)


def sketch_words(words: Words, prompt_ids: Sequence[str], minhash: MinHash) -> tuple[Hashes, Hashes, Marks]:
    """The columns `exact`, `buckets` and `marks` for a block of texts, for who needs the block's words for other things too."""
    signatures = minhash.signatures(words)
    buckets = minhash.buckets(signatures)
    short = np.diff(words.bounds) < SHORT + minhash.n_grams - 1
    buckets[short] = 0
    exact = [
        int.from_bytes(
            blake2b(text.translate(_LOWER, _WHITE), digest_size=8, key=prompt.encode()[:64] if alone else b"").digest(), "little"
        )
        for text, prompt, alone in zip(words.folded, prompt_ids, short.tolist(), strict=True)
    ]
    return np.maximum(np.array(exact, dtype=np.uint64), 1), buckets, marks(signatures)


class Index:
    """The samples seen so far. About 0.5 GB for 800,000 of them with the default parameters.

    `minimum` is the least estimated similarity that makes two texts of a bucket near duplicates; 0, as in datatrove, asks no more than the bucket.
    """

    def __init__(self, minhash: MinHash | None = None, minimum: float = 0.0) -> None:
        self._minhash = minhash or MinHash()
        self._minimum = minimum
        self._exact, self._buckets = Slots(), Slots()
        self._ids: list[pa.Array] = []
        self._begins = array("q", [0])
        self._marks = np.empty((0, self._minhash.size), dtype=np.uint16)
        self._first = array("q")  # for each row a row of its cluster, nearer to its first one; itself for that
        self.exact = self.near = self.joined = 0

    def __len__(self) -> int:
        return len(self._first)

    @property
    def kept(self) -> int:
        """Samples that repeat none before them."""
        return len(self) - self.exact - self.near

    def add(self, sketches: Sketches) -> list[Repeat | None]:
        """What each sample repeats, None where it is the first of its kind, in the order of the rows. Raises ValueError for sketches of other parameters."""
        if sketches.buckets.shape[1] != self._minhash.num_buckets or sketches.marks.shape[1] != self._minhash.size:
            raise ValueError("these sketches were made with other parameters")
        base, count = len(self), len(sketches)
        self._remember(sketches)
        rows = np.arange(base, base + count)
        same = self._exact.first(sketches.exact, rows)
        like = self._buckets.first(sketches.buckets.ravel(), np.repeat(rows, self._minhash.num_buckets)).reshape(
            count, self._minhash.num_buckets
        )
        pairs = np.argwhere((like >= 0) & (like < rows[:, None]))
        found = like[pairs[:, 0], pairs[:, 1]]
        if self._minimum > 0:
            alike = self._similarity(pairs[:, 0] + base, found) >= self._minimum
            pairs, found = pairs[alike], found[alike]
        self._first.extend(range(base, base + count))
        equal = np.flatnonzero(same < rows)
        candidates: dict[int, set[int]] = {}
        for row, other in (
            *zip(equal.tolist(), same[equal].tolist(), strict=True),
            *zip(pairs[:, 0].tolist(), found.tolist(), strict=True),
        ):
            candidates.setdefault(row, set()).add(other)
        named = [(row, self._join(base + row, candidates[row])) for row in sorted(candidates)]
        return self._said(named, same < rows, base)

    def _said(self, named: list[tuple[int, int]], equal: npt.NDArray[np.bool_], base: int) -> list[Repeat | None]:
        said: list[Repeat | None] = [None] * len(equal)
        if not named:
            return said
        rows, firsts = np.array(named).T
        for row, first, alike in zip(rows.tolist(), firsts.tolist(), self._similarity(rows + base, firsts).tolist(), strict=True):
            said[row] = Repeat(self._id(first), "exact" if equal[row] else "near", alike)
        self.exact += int(equal[rows].sum())
        self.near += int((~equal[rows]).sum())
        return said

    def _join(self, row: int, others: set[int]) -> int:
        """Put a row into the cluster of the others, which becomes one if it was several. Returns the cluster's first row."""
        firsts = sorted({self._cluster(other) for other in others})
        self.joined += len(firsts) - 1
        for one in (row, *firsts[1:]):
            self._first[one] = firsts[0]
        return firsts[0]

    def _cluster(self, row: int) -> int:
        while (above := self._first[row]) != row:
            self._first[row] = self._first[above]
            row = above
        return row

    def _remember(self, sketches: Sketches) -> None:
        held, needed = len(self), len(self) + len(sketches)
        if needed > len(self._marks):
            grown = np.empty((max(needed, len(self._marks) * 3 // 2), self._minhash.size), dtype=np.uint16)
            grown[:held] = self._marks[:held]
            self._marks = grown
        self._marks[held:needed] = sketches.marks
        self._ids.append(sketches.ids)
        self._begins.append(needed)

    def _similarity(self, rows: npt.NDArray[np.int64], others: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        step = 1 << 14  # pairs at once, a few megabytes
        parts = [similarity(self._marks[rows[i : i + step]], self._marks[others[i : i + step]]) for i in range(0, len(rows), step)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _id(self, row: int) -> str:
        part = bisect_right(self._begins, row) - 1
        return cast(str, self._ids[part][row - self._begins[part]].as_py())
