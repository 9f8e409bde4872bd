"""A rollout as a trainer learns from it: token ids as the engine returned them, what each answer was worth beside its group, and rows in which a prompt stands once for all its answers.

Three kinds of answers give no gradient and are told apart: `masked` ones are not part of the loss at all (not scored, or cut off where that masks), `level` ones (all of the group's rewards are equal) are part of its
denominator with an advantage of 0, and so need no forward pass where no divergence from a reference is charged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from curate.records import Sample
from train.losses import group_advantages, judge_truncated, loss_units, overlong_penalty
from train.model import Ints, Row, Tree, planted
from train.packing import best_fit, dealt
from train.presets import Grpo
from train.recorded import Group, total

Tensor = Any  # torch.Tensor: torch is not typed here


class Branch(NamedTuple):
    """Answers of one prompt that go through the model with it at once, by their numbers."""

    prompt: int
    answers: list[int]


@dataclass(frozen=True, slots=True)
class Batch:
    """P prompts and their B answers. `group_B` is an answer's prompt; offsets_B1 says where each answer's tokens stand in a flat array of all."""

    prompts: list[Ints]
    answers: list[Ints]
    group_B: Ints
    rollout_logprobs: list[npt.NDArray[np.float32]]  # the engine's
    advantages_B: Tensor  # fp32; 0 for level and masked answers
    masked_B: npt.NDArray[np.bool_]
    offsets_B1: Ints

    def active(self, answers: Sequence[int], *, anchored: bool) -> list[int]:
        """Those of the answers that give a gradient: with an advantage or, where a reference anchors, all that are not masked."""
        return [i for i in answers if not self.masked_B[i] and (anchored or float(self.advantages_B[i]) != 0)]

    def units(self, answers: Sequence[int], settings: Grpo) -> float:
        """The loss's denominator for an optimizer step on the answers."""
        longest = max((len(self.answers[i]) for i in answers), default=0)
        mask_BT = torch.tensor([[not self.masked_B[i] and t < len(self.answers[i]) for t in range(longest)] for i in answers])
        return float(loss_units(mask_BT.reshape(len(answers), longest), settings.normalise, settings.max_tokens))

    def of(self, prompts: Sequence[int]) -> list[int]:
        """The answers to some prompts."""
        wanted = set(prompts)
        return [i for i, p in enumerate(self.group_B) if int(p) in wanted]


def batch_of(groups: Sequence[Group], prompt_ids: Sequence[Sequence[int]], settings: Grpo) -> Batch:
    """The batch of scored groups; `prompt_ids` are those that the engine read for each."""
    samples = [s for group in groups for s in group.samples]
    group_B = np.repeat(np.arange(len(groups)), [len(g.samples) for g in groups])
    answers = [np.asarray(s.token_ids, dtype=np.int64) for s in samples]
    lengths = torch.tensor([len(a) for a in answers])
    worth_B, kept_B = worth(samples, settings)
    found = group_advantages(worth_B, torch.from_numpy(group_B), settings.scale)
    masked_B = (found.unscored_B | ~kept_B).numpy()
    return Batch(
        prompts=[np.asarray(ids, dtype=np.int64) for ids in prompt_ids],
        answers=answers,
        group_B=group_B,
        rollout_logprobs=[np.asarray(s.logprobs, dtype=np.float32) for s in samples],
        advantages_B=torch.where(torch.from_numpy(masked_B), 0.0, found.values_B),
        masked_B=masked_B,
        offsets_B1=np.concatenate([[0], np.cumsum(lengths.numpy())]),
    )


def worth(samples: Sequence[Sample], settings: Grpo) -> tuple[Tensor, Tensor]:
    """(B,) rewards with what length costs, NaN where an answer was not scored, and (B,) whether an answer is part of the loss."""
    rewards_B = torch.tensor([np.nan if (value := total(s)) is None else value for s in samples], dtype=torch.float64)
    if settings.overlong:
        lengths_B = torch.tensor([len(s.token_ids or ()) for s in samples])
        rewards_B = rewards_B + overlong_penalty(lengths_B, settings.max_tokens, settings.overlong)
    truncated_B = torch.tensor([s.finish_reason == "length" for s in samples])
    worth_B, mask_B1 = judge_truncated(rewards_B, torch.ones(len(samples), 1, dtype=torch.bool), truncated_B, settings.truncated)
    return worth_B, mask_B1[:, 0]


def spread(group: Group, settings: Grpo) -> bool:
    """Whether there is something to learn from a group: an answer that is part of the loss and worth more or less than its group."""
    worth_B, kept_B = worth(group.samples, settings)
    scored_B = ~worth_B.isnan()
    values = worth_B[scored_B]
    return len(values.unique()) > 1 and bool((worth_B != values.mean())[scored_B & kept_B].any())


def branches(batch: Batch, answers: Sequence[int], capacity: int, *, shares: bool) -> list[Branch]:
    """The answers by prompt, as many to a branch as rows of `capacity` tokens hold beside the prompt; one to a branch where the model cannot share."""
    found: list[Branch] = []
    room = 0
    for i in answers:
        prompt, size = int(batch.group_B[i]), len(batch.answers[i])
        if shares and found and found[-1].prompt == prompt and size <= room:
            found[-1].answers.append(i)
            room -= size
        else:
            found.append(Branch(prompt, [i]))
            room = capacity - len(batch.prompts[prompt]) - size
    return found


def size_of(batch: Batch, branch: Branch) -> int:
    """Tokens of a branch in a row."""
    return len(batch.prompts[branch.prompt]) + sum(len(batch.answers[i]) for i in branch.answers)


def rows(batch: Batch, answers: Sequence[int], capacity: int, *, packs: bool, shares: bool, ranks: int) -> list[list[list[Branch]]]:
    """The rows of each process: as many for each, an empty one where there is no work."""
    made = branches(batch, answers, capacity, shares=shares)
    sizes = [size_of(batch, b) for b in made]
    filled = best_fit(sizes, max([capacity, *sizes])) if packs else [[i] for i in range(len(made))]
    return [[[made[i] for i in row] for row in hand] for hand in dealt(filled, sizes, ranks)]


def row_of(batch: Batch, row: Sequence[Branch]) -> tuple[Row, list[int]]:
    """The row for the model, and the answers in the order in which it numbers them."""
    trees = [Tree(batch.prompts[b.prompt], [batch.answers[i] for i in b.answers]) for b in row]
    return planted(trees), [i for b in row for i in b.answers]
