"""What is a duplicate of what: cases, order, saved sketches, and union-find as datatrove has it."""

import random
from collections import defaultdict
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import Damaged
from curate.filters.dedup import SHORT, Index, Repeat, Sketches, compared, sketch
from curate.filters.minhash import MinHash

WORDS = [f"w{i}" for i in range(2000)]


def chain(seed: int, words: int = 120) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def changed(text: str, seed: int, share: float) -> str:
    r = random.Random(seed)
    return " ".join(f"x{r.random()}" if r.random() < share else w for w in text.split())


def sketched(texts: list[str], prompts: list[str] | None = None) -> Sketches:
    ids = [f"s{i}" for i in range(len(texts))]
    return sketch(ids, prompts or ["p"] * len(texts), pa.array(texts, pa.string()))


def said(texts: list[str], prompts: list[str] | None = None, minimum: float = 0.0) -> list[Repeat | None]:
    return Index(minimum=minimum).add(sketched(texts, prompts))


LONG = chain(1)


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        (LONG, LONG, "exact"),
        (LONG, f"  {LONG.upper()}\n\n", "exact"),
        (LONG, LONG.replace(" ", "\n  "), "exact"),
        (LONG + " é", LONG + " e\u0301", "exact"),
        (LONG, LONG.replace(" ", ", ", 3), "near"),
        (LONG, LONG + " one more thing", "near"),
        (LONG, LONG.replace(LONG.split()[60], "zebra"), "near"),
        (LONG, chain(2), None),
        (LONG, changed(LONG, 3, 0.5), None),
        ("Yes.", "yes.", "exact"),
        ("x + 1", "x - 1", None),
        ("", "", "exact"),
    ],
)
def test_of_one_prompt(one: str, other: str, kind: str | None) -> None:
    first, second = said([one, other])
    assert first is None
    assert (second.kind if second else None) == kind
    if second is not None:
        assert second.of == "s0"
        assert 0.6 < second.similarity <= 1
        assert second.similarity == 1 or kind == "near"


def test_short_answers_are_compared_within_their_prompt_and_long_ones_everywhere() -> None:
    short = chain(3, SHORT - 1)
    found = said([short, LONG, short, LONG, short], ["p", "p", "q", "q", "q"])
    assert [r and r.of for r in found] == [None, None, None, "s1", "s2"]


def test_chain_and_response_are_compared_together() -> None:
    texts = compared(pa.array(["think", None, "think"]), pa.array(["a", "a", "b"]))
    assert texts.to_pylist() == ["think\n\na", "\n\na", "think\n\nb"]


def test_the_first_of_a_cluster_is_named_and_what_a_later_text_joins_is_counted() -> None:
    one, other = chain(10, 300), chain(11, 300)
    both = f"{one} {other}"
    texts = [one, other, both, both + " and the end", one]
    index = Index(MinHash(num_buckets=40, hashes_per_bucket=2))  # a pair of similarity 0.5 is found
    found = index.add(sketch(list("abcde"), ["p"] * 5, pa.array(texts), index._minhash))
    assert [r and (r.of, r.kind) for r in found] == [None, None, ("a", "near"), ("a", "near"), ("a", "exact")]
    assert (index.kept, index.exact, index.near, index.joined) == (2, 1, 2, 1)


def test_a_least_similarity_can_be_asked_for() -> None:
    texts = [LONG, changed(LONG, 4, 0.04), LONG]
    (near,) = (r for r in said(texts) if r and r.kind == "near")
    assert [r and r.kind for r in said(texts, minimum=near.similarity + 0.01)] == [None, None, "exact"]
    assert [r and r.kind for r in said(texts, minimum=near.similarity - 0.01)] == [None, "near", "exact"]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=25), st.lists(st.integers(0, 25), max_size=3))
def test_it_does_not_matter_how_the_stream_is_cut_or_whether_it_was_saved(rows: list[tuple[int, int]], cuts: list[int]) -> None:
    texts = [changed(chain(a), b, 0.03) if b else chain(a) for a, b in rows]
    whole = sketched(texts)
    expected = Index().add(whole)
    again, found = Index(), list[Repeat | None]()
    bounds = sorted({0, len(texts), *(c for c in cuts if c < len(texts))})
    for start, stop in pairwise(bounds):
        part = Sketches(whole.ids[start:stop], whole.exact[start:stop], whole.buckets[start:stop], whole.marks[start:stop])
        found += again.add(Sketches.from_bytes(part.as_bytes()))
    assert found == expected


@settings(max_examples=30)
@given(st.lists(st.integers(0, 6), max_size=20), st.randoms(use_true_random=False))
def test_the_groups_of_equal_texts_do_not_depend_on_the_order(rows: list[int], shuffler: random.Random) -> None:
    texts = [f"{chain(a)} {a}" for a in rows]

    def groups(order: list[int]) -> set[frozenset[int]]:
        found = defaultdict[str, set[int]](set)
        index = Index()
        for i, repeat in zip(
            order,
            index.add(sketch([str(i) for i in order], ["p"] * len(order), pa.array([texts[i] for i in order], pa.string()))),
            strict=True,
        ):
            assert repeat is None or repeat.kind == "exact"
            found[repeat.of if repeat else str(i)].add(i)
        return {frozenset(g) for g in found.values()}

    order = list(range(len(texts)))
    shuffled = order.copy()
    shuffler.shuffle(shuffled)
    assert groups(order) == groups(shuffled)


def test_kept_less_joined_is_what_union_find_keeps() -> None:
    r = random.Random(7)
    texts = [chain(i, 200) for i in range(60)]
    for _ in range(200):  # copies of copies drift, and meet
        texts.append(changed(r.choice(texts), r.randrange(1 << 30), r.choice([0.01, 0.03, 0.06])))
    r.shuffle(texts)
    sketches = sketched(texts)
    above = list(range(len(texts)))

    def root(i: int) -> int:
        while above[i] != i:
            i = above[i]
        return i

    members = defaultdict[int, list[int]](list)
    for i, row in enumerate(sketches.buckets.tolist()):
        for bucket in row:
            members[bucket].append(i)
    for group in members.values():
        for i in group[1:]:
            above[root(i)] = root(group[0])
    index = Index()
    found = index.add(sketches)
    assert index.kept == sum(r is None for r in found)
    assert index.kept - index.joined == len({root(i) for i in range(len(texts))})


def test_equal_sketches_are_saved_as_equal_bytes_and_damage_is_told() -> None:
    saved = sketched([LONG, "Yes."]).as_bytes()
    assert saved == sketched([LONG, "Yes."]).as_bytes()
    for damaged in (b"", saved[:-30], saved[:200], b"PK" + saved[2:100]):
        with pytest.raises(Damaged, match="made again"):
            Sketches.from_bytes(damaged)


def test_a_pickle_in_a_saved_file_is_refused() -> None:
    from io import BytesIO

    held = BytesIO()
    np.savez(
        held, ids=np.array([{}], dtype=object), exact=np.zeros(1, np.uint64), buckets=np.zeros((1, 14), np.uint64), marks=np.zeros((1, 112))
    )
    with pytest.raises(Damaged, match="allow_pickle"):
        Sketches.from_bytes(held.getvalue())


def test_sketches_of_other_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="other parameters"):
        Index(MinHash(num_buckets=20)).add(sketched([LONG]))


def test_nothing_is_no_duplicate() -> None:
    assert said([]) == []
    assert len(Sketches.from_bytes(sketched([]).as_bytes())) == 0
