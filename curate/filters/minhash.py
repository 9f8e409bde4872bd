"""MinHash signatures of texts and the buckets of locality-sensitive hashing, with datatrove's parameters and names (5-grams, 14 buckets of 8 hashes), so that the same pairs are found.

Where this departs from the textbook: not 112 hash functions over every n-gram but the fast similarity sketch (Dahlgaard, Knudsen and Thorup, FOCS 2017, arXiv:1704.04370). One hash says into which of the
112 slots an n-gram goes and what it counts there, and the least value stays; slots that are still empty are filled in further rounds with fresh hashes, and after ROUNDS of them by one hash function a slot
over all n-grams, as in the textbook. A value begins with its round, so that an earlier round always wins. Each slot then holds the least of the set under one random order, two sets agree in it with
probability equal to their Jaccard similarity, and a text of 500 n-grams or more is hashed once instead of 112 times.

Why not a library: rensa 0.5 takes flat arrays of hashes, and its sketch is as good and as fast (0.8 milliseconds a megabyte of text, these 1.0, in one process of the same machine), but of the same hashes
and seed its releases 0.3, 0.4 and 0.5 make three different signatures. Sketches are kept in files and compared with those of later runs, so they must not change with an upgrade.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.filters.shingles import Grams, Hashes, Words, mix

Signatures = npt.NDArray[np.uint32]
Marks = npt.NDArray[np.uint16]

ROUNDS = 8
_BITS = 28  # of a value; the round is above them
_EMPTY = np.uint32(0xFFFFFFFF)
_LOW, _HIGH = np.uint64((1 << _BITS) - 1), np.uint64(32)
_FOLD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class MinHash:
    """The parameters: words of an n-gram, buckets, hashes of a bucket, and what the hash functions are drawn by. Signatures of different parameters cannot be compared."""

    n_grams: int = 5
    num_buckets: int = 14
    hashes_per_bucket: int = 8
    seed: int = 1

    @property
    def size(self) -> int:
        """Values in a signature."""
        return self.num_buckets * self.hashes_per_bucket

    def chance(self, similarity: float) -> float:
        """The probability that two texts whose sets of n-grams have this Jaccard similarity share a bucket; 0.5 is reached at 0.69."""
        return float(1 - (1 - similarity**self.hashes_per_bucket) ** self.num_buckets)

    def signatures(self, words: Words) -> Signatures:
        """A row of `size` values for each text. A text without an n-gram has nothing but 2**32 - 1, which is no value."""
        return self.of_sets(words.grams(self.n_grams))

    def of_sets(self, grams: Grams) -> Signatures:
        """The same for sets of hashes, whatever they are of; repetitions and order within a set do not count."""
        counts = np.diff(grams.bounds)
        found = np.full((len(counts), self.size), _EMPTY)
        texts = np.repeat(np.arange(len(counts)), counts)
        hashes = grams.hashes
        for number in range(ROUNDS):
            drawn = mix(hashes ^ self._key(number))
            slot = ((drawn >> _HIGH) * np.uint64(self.size)) >> _HIGH
            np.minimum.at(found.ravel(), texts * self.size + slot.astype(np.int64), _value(drawn, number))
            open_texts = (found == _EMPTY).any(axis=1) & (counts > 0)
            left = open_texts[texts]
            if not left.any():
                return found
            hashes, texts = hashes[left], texts[left]
        self._fill(found, grams, np.flatnonzero(open_texts))
        return found

    def _fill(self, found: Signatures, grams: Grams, rows: npt.NDArray[np.int64]) -> None:
        """Fill the empty slots of short texts, slot by slot."""
        counts = np.diff(grams.bounds)[rows]
        starts = np.cumsum(counts) - counts
        hashes = np.concatenate([grams.hashes[grams.bounds[r] : grams.bounds[r + 1]] for r in rows])
        for slot in range(self.size):
            least = np.minimum.reduceat(_value(mix(hashes ^ self._key(ROUNDS + slot)), ROUNDS), starts)
            found[rows, slot] = np.minimum(found[rows, slot], least)

    def _key(self, number: int) -> np.uint64:
        """What tells one hash function from another."""
        return np.uint64((self.seed * 0xD1B54A32D192ED03 + (number + 1) * 0x9E3779B97F4A7C15) % (1 << 64))

    def buckets(self, signatures: Signatures) -> Hashes:
        """The texts' buckets, a number each, `num_buckets` columns: texts with an equal number are candidates. 0 for a text without n-grams."""
        parts = signatures.reshape(len(signatures), self.num_buckets, self.hashes_per_bucket).astype(np.uint64)
        value = np.broadcast_to(np.arange(1, self.num_buckets + 1, dtype=np.uint64), parts.shape[:2]).copy()
        for i in range(self.hashes_per_bucket):
            value = mix(value * _FOLD + parts[:, :, i])
        value[value == 0] = 1
        value[signatures[:, 0] == _EMPTY] = 0
        return value


def _value(drawn: Hashes, number: int) -> Signatures:
    return ((drawn & _LOW) | np.uint64(number << _BITS)).astype(np.uint32)


def marks(signatures: Signatures) -> Marks:
    """The low half of each value: enough to estimate a similarity (unequal values agree in it once in 65,536), in half the memory."""
    return signatures.astype(np.uint16)


def similarity(one: Marks, other: Marks) -> npt.NDArray[np.float32]:
    """The estimated Jaccard similarity of signatures row by row, between 0 and 1; its standard error is at most 0.5 / sqrt(size), 0.047 for 112 values."""
    alike: npt.NDArray[np.float32] = np.mean(one == other, axis=-1, dtype=np.float32)
    return alike
