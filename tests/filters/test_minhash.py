"""Signatures: that they agree as often as Jaccard's similarity says, and that buckets find what theory says."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.filters.minhash import MinHash, marks, similarity
from curate.filters.shingles import Grams, Hashes, blocks

MINHASH = MinHash()


def sets(*several: Hashes) -> Grams:
    bounds = np.cumsum([0, *map(len, several)])
    return Grams(np.concatenate(several), np.arange(bounds[-1]), bounds)


def pairs(size: int, common: float, count: int, seed: int) -> tuple[Grams, float]:
    """Pairs of random sets of `size` hashes, of which a share is common, one after the other; and their Jaccard similarity."""
    random = np.random.default_rng(seed)
    both = round(size * common)
    several = []
    for _ in range(count):
        drawn = random.integers(0, 1 << 63, 2 * size - both, dtype=np.uint64)
        several += [drawn[:size], np.concatenate([drawn[:both], drawn[size:]])]
    return sets(*several), both / (2 * size - both)


@pytest.mark.parametrize("size", [1, 3, 20, 100, 400, 3000])
@pytest.mark.parametrize("common", [0.5, 0.8, 0.95])
def test_signatures_agree_as_often_as_jaccard_says(size: int, common: float) -> None:
    count = 200
    grams, jaccard = pairs(size, common, count, size)
    signatures = MINHASH.of_sets(grams)
    estimates = similarity(marks(signatures[::2]), marks(signatures[1::2]))
    error = np.sqrt(jaccard * (1 - jaccard) / (MINHASH.size * count))
    assert abs(estimates.mean() - jaccard) < 4.5 * error + 3e-4  # marks of 16 bits agree by chance, too
    assert estimates.std() < 1.3 * np.sqrt(jaccard * (1 - jaccard) / MINHASH.size) + 1e-3


@pytest.mark.parametrize("size", [40, 300, 2000])
@pytest.mark.parametrize("common", [0.6, 0.75, 0.8, 0.85, 0.9, 0.97])
def test_pairs_share_a_bucket_as_often_as_theory_says(size: int, common: float) -> None:
    count = 300
    grams, jaccard = pairs(size, common, count, 1000 + size)
    buckets = MINHASH.buckets(MINHASH.of_sets(grams))
    found = (buckets[::2] == buckets[1::2]).any(axis=1).sum()
    chance = MINHASH.chance(jaccard)
    assert abs(found - count * chance) < 4.5 * np.sqrt(count * chance * (1 - chance)) + 1


def test_the_chances_are_those_that_datatrove_documents() -> None:
    assert MINHASH.chance(0.8) == pytest.approx(0.924, abs=0.001)
    assert (MINHASH.chance(0.0), MINHASH.chance(1.0)) == (0, 1)


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=50), st.randoms())
def test_order_repetition_and_neighbours_do_not_count(values: list[int], random: object) -> None:
    shuffled = values + values[:3]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = np.array(values, dtype=np.uint64), np.array(shuffled, dtype=np.uint64)
    signatures = MINHASH.of_sets(sets(one, np.arange(700, dtype=np.uint64), other))
    assert (signatures[0] == signatures[2]).all()
    assert (MINHASH.of_sets(sets(other))[0] == signatures[0]).all()


def test_every_slot_is_filled_by_one_n_gram_and_none_by_none() -> None:
    (words,) = blocks(pa.array(["one two three four five", "one two", "", "one two three four five"]))
    signatures = MINHASH.signatures(words)
    assert (signatures[0] != 2**32 - 1).all()
    assert (signatures[1:3] == 2**32 - 1).all()
    buckets = MINHASH.buckets(signatures)
    assert (buckets[1:3] == 0).all()
    assert (buckets[0] != 0).all()
    assert (buckets[0] == buckets[3]).all()
    assert len(set(buckets[0].tolist())) == MINHASH.num_buckets


def test_another_seed_draws_other_signatures() -> None:
    (words,) = blocks(pa.array(["one two three four five six"]))
    assert (MINHASH.signatures(words) != MinHash(seed=2).signatures(words)).mean() > 0.9


def test_a_copy_with_words_changed_is_found_as_often_as_its_similarity_says() -> None:
    random = np.random.default_rng(5)
    vocabulary = np.array([f"word{i}" for i in range(3000)])
    for changed in (0.005, 0.02, 0.04):
        texts, chances = [], []
        for _ in range(150):
            words = vocabulary[random.integers(0, 3000, 400)]
            other = words.copy()
            at = random.random(400) < changed
            other[at] = [f"other{i}" for i in random.integers(0, 3000, at.sum())]
            one, two = ({tuple(w[i : i + 5]) for i in range(396)} for w in (words, other))
            chances.append(MINHASH.chance(len(one & two) / len(one | two)))
            texts += [" ".join(words), " ".join(other)]
        buckets = np.concatenate([MINHASH.buckets(MINHASH.signatures(w)) for w in blocks(pa.array(texts))])
        found = (buckets[::2] == buckets[1::2]).any(axis=1).sum()
        spread = np.sqrt(sum(c * (1 - c) for c in chances))
        assert abs(found - sum(chances)) < 4.5 * spread + 1
