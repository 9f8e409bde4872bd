"""What samples agree on: counted by equality, of all samples, whatever their order."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.records import Answer, make_prompt
from curate.verifiers.consensus import MOST_CLUSTERS, consensus, read, vote
from curate.verifiers.math import same_answer


def same(one: str, other: str) -> bool:
    return one == other


@pytest.mark.parametrize(
    ("votes", "silent", "answer", "share", "n"),
    [
        ({"5": 3, "7": 1}, 0, "5", 0.75, 4),
        ({"5": 2}, 6, "5", 0.25, 8),
        ({"5": 1}, 0, None, 1.0, 1),
        ({"5": 2, "7": 2}, 0, None, 0.5, 4),
        ({"5": 1, "6": 1, "7": 1}, 0, None, 1 / 3, 3),
        ({}, 4, None, 0.0, 4),
        ({}, 0, None, 0.0, 0),
    ],
)
def test_table(votes, silent, answer, share, n):
    found = consensus(votes, silent, same)
    assert (found.answer, found.share, found.n) == (answer, pytest.approx(share), n)


def test_equal_answers_count_together():
    found = consensus({"\\frac{1}{2}": 2, "0.5": 1, "1/2": 1, "3": 3}, 1, same_answer)
    assert same_answer(found.answer, "1/2")
    assert (found.share, found.n, len(found.texts)) == (0.5, 8, 3)


def test_work_is_bounded_by_the_number_of_clusters():
    asked = []

    def count(one: str, other: str) -> bool:
        asked.append(1)
        return False

    consensus({str(i): 1 for i in range(1000)}, 0, count)
    assert len(asked) <= 1000 * MOST_CLUSTERS


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 5)), st.integers(0, 5), st.randoms())
def test_order_does_not_matter(votes, silent, rng: random.Random):
    shuffled = list(votes.items())
    rng.shuffle(shuffled)
    found = consensus(votes, silent, same)
    assert consensus(dict(shuffled), silent, same) == found
    assert found.n == silent + sum(votes.values())
    if found.answer is not None:
        assert votes[found.answer] == max(votes.values()) >= 2


@pytest.mark.parametrize(
    ("verifier", "response", "extracted"),
    [
        ("math", "so \\boxed{5}", "5"),
        ("math", "no idea", None),
        ("choice", "The answer is (B).", "B"),
        ("choice", "The answer is B or C", None),
        ("logic", "<answer>x</answer>", "x"),
    ],
)
def test_a_sample_is_read_as_its_verifier_would(verifier, response, extracted):
    found = read(Answer(response, None, response, "stop"), make_prompt("q", verifier=verifier))
    assert (found.status, found.extracted) == ("unverifiable", extracted)


def test_a_vote_never_judges():
    found = vote(Answer('[{"5": 2, "5.0": 1}, 1]', None, "", "stop"), make_prompt("q", verifier="math"))
    assert (found.status, found.score, found.extracted) == ("unverifiable", None, "5")
    assert '"share":0.75' in (found.detail or "")
