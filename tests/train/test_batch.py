from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.train.toy import prompt, sample
from train.batch import batch_of, branches, row_of, rows, size_of, spread
from train.presets import GRPO
from train.recorded import TOTAL, Group

SETTINGS = replace(GRPO["small"], max_tokens=8, truncated="zero")


def group(i, totals, lengths=None, cut=()):
    """A group whose samples have these rewards (None: not scored), lengths, and of which some were cut off."""
    made = []
    for k, value in enumerate(totals):
        n = (lengths or [3] * len(totals))[k]
        own = replace(
            sample(prompt(i), 0, k, value),
            token_ids=tuple(range(n)),
            logprobs=(-0.5,) * n,
            finish_reason="length" if k in cut else "stop",
            rewards=((TOTAL, value),),
        )
        made.append(own)
    return Group(str(i), prompt(i), tuple(made))


def batch(*groups, settings=SETTINGS):
    return batch_of(groups, [[1, 2, 3]] * len(groups), settings)


@pytest.mark.parametrize(
    ("totals", "cut", "truncated", "teaches"),
    [
        ((1.0, 0.0), (), "zero", True),
        ((1.0, 1.0), (), "zero", False),
        ((1.0, None), (), "zero", False),  # one that was not judged is no part of it
        ((1.0, 1.0), (1,), "zero", True),  # one that was cut off is worth nothing
        ((1.0, 1.0), (0, 1), "zero", False),
        ((1.0, 0.0), (1,), "mask", True),
        ((1.0, 0.0), (0, 1), "mask", False),  # all of it is outside the loss
        ((1.0, 0.5, 0.0), (0, 2), "mask", False),  # what is left is worth what its group is
        ((None, None), (), "zero", False),
    ],
)
def test_which_groups_teach_something(totals, cut, truncated, teaches):
    settings = replace(SETTINGS, truncated=truncated)
    made = group(0, totals, cut=cut)
    assert spread(made, settings) is teaches
    assert bool(batch(made, settings=settings).active(range(len(totals)), anchored=False)) is teaches


def test_what_was_not_judged_is_out_of_baseline_loss_and_denominator():
    made = batch(group(0, (1.0, 0.0, None)), group(1, (1.0, 0.0)))
    assert made.masked_B.tolist() == [False, False, True, False, False]
    assert made.advantages_B[:2].tolist() == made.advantages_B[3:].tolist()
    assert made.units(range(5), replace(SETTINGS, normalise="token")) == 12
    assert made.units(range(5), replace(SETTINGS, normalise="sequence")) == 4
    assert made.units(range(5), replace(SETTINGS, normalise="constant")) == 4 * 8
    assert made.active(range(5), anchored=True) == [0, 1, 3, 4]


def test_level_groups_count_in_the_denominator_and_need_no_forward_pass_without_a_reference():
    made = batch(group(0, (1.0, 0.0)), group(1, (1.0, 1.0)))
    assert made.active(range(4), anchored=False) == [0, 1]
    assert made.active(range(4), anchored=True) == [0, 1, 2, 3]
    assert made.units(range(4), replace(SETTINGS, normalise="sequence")) == 4


def test_length_costs_reward_where_that_is_asked_for():
    made = batch(group(0, (1.0, 1.0), lengths=[2, 8]), settings=replace(SETTINGS, overlong=4))
    assert made.advantages_B[0] > 0 > made.advantages_B[1]


@pytest.mark.parametrize("ranks", [1, 2, 3])
@pytest.mark.parametrize(("packs", "shares"), [(True, True), (True, False), (False, False)])
def test_every_answer_is_in_one_row_of_one_process(packs, shares, ranks):
    made = batch(*(group(i, (1.0, 0.0, 1.0), lengths=[5, 2, 7]) for i in range(4)))
    hands = rows(made, range(12), 20, packs=packs, shares=shares, ranks=ranks)
    assert len({len(hand) for hand in hands}) == 1
    filled = [row for hand in hands for row in hand if row]
    assert sorted(i for row in filled for b in row for i in b.answers) == list(range(12))
    assert all(sum(size_of(made, b) for b in row) <= 20 for row in filled)
    if not packs:
        assert all(len(row) == 1 for row in filled)


def test_a_prompt_stands_once_for_as_many_answers_as_fit_beside_it():
    made = batch(group(0, (1.0, 0.0, 1.0, 0.0), lengths=[5, 5, 5, 5]))
    assert [b.answers for b in branches(made, range(4), 14, shares=True)] == [[0, 1], [2, 3]]
    assert [b.answers for b in branches(made, range(4), 5, shares=True)] == [[0], [1], [2], [3]]  # longer than a row: alone
    planted, order = row_of(made, branches(made, range(4), 100, shares=True))
    assert order == [0, 1, 2, 3]
    assert len(planted.tokens_T) == 3 + 20


def test_answers_keep_the_engines_tokens_and_log_probabilities():
    made = batch(group(0, (1.0, 0.0), lengths=[2, 4]))
    assert [a.tolist() for a in made.answers] == [[0, 1], [0, 1, 2, 3]]
    assert made.offsets_B1.tolist() == [0, 2, 6]
    assert np.concatenate(made.rollout_logprobs).dtype == np.float32
    assert torch.isfinite(made.advantages_B).all()
