"""The losses of the trainers and what goes into them, as pure functions on tensors.

Shapes: B completions, T token positions, N tokens without padding. mask_BT (bool) is true on a completion's tokens, up to and including its EOS;
what lies outside it never touches a loss or a gradient, be it inf or NaN.

Two things differ from the textbook. Every loss divides by a number handed in, which belongs to the whole optimizer step on all ranks, so
micro-batches and ranks just add up (DDP averages gradients: multiply by its number of processes). And a reward that could not be
found out is NaN, not 0: it is no part of its group's mean.

On purpose not here: sequence-level importance weights (summed log ratios drift from 1 with length: a mean of 0.57 was seen where the mean
over tokens was 0.99) and the entropy bonus.
"""

from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F

ADVANTAGE_EPS = 1e-4  # beside the standard deviation, as in TRL
LOG_RATIO_MAX = 20.0  # log ratios are clamped to +-this before exp, so that one broken token is huge and not inf (verl does the same)
IMPORTANCE_CAP = 2.0  # of the weight that corrects for the engine's own probabilities (truncated importance sampling: Yao et al. 2025)

Tensor = Any  # torch.Tensor: torch is not typed here
Normalise = Literal["sequence", "token", "constant"]
Scale = Literal["group", "none", "batch"]
Truncated = Literal["zero", "mask"]


class Advantages(NamedTuple):
    """Each completion's advantage, and which had none: `unscored_B` for want of a reward, `level_B` because its group's rewards are all
    equal.
    """

    values_B: Tensor
    unscored_B: Tensor
    level_B: Tensor


def group_advantages(rewards_B: Tensor, groups_B: Tensor, scale: Scale = "group") -> Advantages:
    """(reward - mean of its group) / (standard deviation + 1e-4), fp32 (DeepSeekMath, arXiv 2402.03300, section 4.1; the paper prints no
    epsilon).

    `groups_B` says which completions answer the same prompt, in any order and any number; the caller has all members of a group here.
    The deviation is the unbiased one (n - 1), as in TRL and verl: of the group, or of all of the rewards for "batch" (LitePPO, arXiv
    2508.08221); "none" only centres (Dr. GRPO, arXiv 2503.20783). A reward that is NaN or infinite is unscored: outside mean and
    deviation, advantage 0. A group of fewer than two scored completions, or of equal rewards, is level: advantage exactly 0.
    """
    _, member_B = torch.unique(groups_B, return_inverse=True)
    scored_B = torch.isfinite(rewards_B)
    r_B = torch.where(scored_B, rewards_B, 0).double()

    def over_group(values_B: Tensor) -> Tensor:
        sums = values_B.new_zeros(int(member_B.max()) + 1 if len(member_B) else 0).index_add_(0, member_B, values_B)
        return sums[member_B]

    def deviation(squares_B: Tensor, n_B: Tensor) -> Tensor:
        return (squares_B / (n_B - 1).clamp(min=1)).sqrt()

    n_B = over_group(scored_B.double())
    centred_B = torch.where(scored_B, r_B - over_group(r_B) / n_B.clamp(min=1), 0)
    high_B, low_B = (_group_extreme(torch.where(scored_B, r_B, -sign * torch.inf), member_B, sign) for sign in (1, -1))
    level_B = (n_B < 2) | (high_B == low_B)
    std_B: Tensor
    if scale == "group":
        std_B = deviation(over_group(centred_B.square()), n_B)
    elif scale == "batch":
        n = scored_B.sum()
        std_B = deviation(torch.where(scored_B, r_B - r_B.sum() / n.clamp(min=1), 0).square().sum(), n)
    else:
        std_B = torch.ones_like(r_B) - ADVANTAGE_EPS
    values_B = torch.where(level_B | ~scored_B, 0, centred_B / (std_B + ADVANTAGE_EPS))
    return Advantages(values_B.float(), ~scored_B, level_B)


def _group_extreme(values_B: Tensor, member_B: Tensor, sign: int) -> Tensor:
    """Each one's group's largest (sign 1) or smallest (-1) value."""
    best = torch.full((len(values_B),), -sign * torch.inf, dtype=values_B.dtype, device=values_B.device)
    return best.scatter_reduce_(0, member_B, values_B, "amax" if sign > 0 else "amin")[member_B]


def judge_truncated(rewards_B: Tensor, mask_BT: Tensor, truncated_B: Tensor, how: Truncated) -> tuple[Tensor, Tensor]:
    """(rewards, mask) with completions that ran into the length limit treated: "zero" gives them reward 0 (R1: no answer, no reward),
    "mask"
    keeps the reward and takes all their tokens out of loss and denominators (DAPO, arXiv 2503.14476, section 3.4). Either way they stay in
    their group."""
    if how == "zero":
        return torch.where(truncated_B, 0.0, rewards_B), mask_BT
    return rewards_B, mask_BT & ~truncated_B[:, None]


def overlong_penalty(lengths_B: Tensor, limit: int, buffer: int) -> Tensor:
    """DAPO's soft overlong punishment (eq. 13), to be added to the reward: 0 up to limit - buffer tokens, then linearly down to -1 at the
    limit and beyond.
    """
    if not 0 < buffer <= limit:
        raise ValueError(f"buffer {buffer} is not between 1 and the limit of {limit} tokens")
    return ((limit - buffer - lengths_B) / buffer).clamp(-1, 0).float()


def loss_units(mask_BT: Tensor, normalise: Normalise, max_tokens: int = 1) -> Tensor:
    """These completions' share of policy_loss's denominator: to be summed over the optimizer step's micro-batches and ranks.

    A completion without a token in the mask is not counted, so that masking one and leaving it out are the same. `max_tokens` is the
    constant of "constant".
    """
    if normalise == "token":
        return mask_BT.sum()
    return mask_BT.any(1).sum() * (max_tokens if normalise == "constant" else 1)


class LossParts(NamedTuple):
    """`loss` is to be summed over micro-batches. `sums`, detached, over trained tokens, to be summed over micro-batches and ranks and
    divided by sums["tokens"]:

    tokens; ratio (policy / old); clipped_low, clipped_high (tokens whose gradient the clip or the dual clip has cut: pushed down too far,
    up too far); kl, with a reference; mismatch (mean |old - rollout| of log-probabilities) and cut (importance weights at the cap), with
    rollout log-probabilities. `mismatch_max` is the largest |old - rollout|, 0 without; over micro-batches and ranks, its maximum counts.
    """

    loss: Tensor
    sums: dict[str, Tensor]
    mismatch_max: Tensor


def policy_loss(
    logprobs_BT: Tensor,
    old_logprobs_BT: Tensor,
    advantages_B: Tensor,
    mask_BT: Tensor,
    *,
    denominator: float | Tensor,
    normalise: Normalise = "sequence",
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    dual_clip: float | None = None,
    kl_coef: float = 0.0,
    ref_logprobs_BT: Tensor | None = None,
    rollout_logprobs_BT: Tensor | None = None,
) -> LossParts:
    """GRPO's loss per token, w * -min(ratio * A, clip(ratio, 1 - clip_low, 1 + clip_high) * A) + kl_coef * k3, summed as `normalise` says
    and divided by `denominator`.

    ratio = policy / old, where old is this trainer's own log-probability at rollout time. Gradients reach logprobs_BT alone.
    normalise "sequence": mean over a completion's tokens, then over completions (DeepSeekMath, arXiv 2402.03300, eq. 3; that R1, which
    prints no sum over tokens, means the same is an interpretation). "token": mean over all tokens (DAPO, arXiv 2503.14476, eq. 8).
    "constant": sum over tokens / (completions * longest possible) (Dr. GRPO, arXiv 2503.20783). `denominator` is loss_units, summed over
    the whole optimizer step. `clip_low`, `clip_high`: R1 has 10 for both; DAPO 0.2 and 0.28. `dual_clip` c: where A < 0 a token's loss is
    at most c * |A| (Ye et al., arXiv 1912.09729; c = 3), since nothing else bounds it there. k3 = exp(ref - lp) - (ref - lp) - 1 (Schulman)
    is added outside w, as in TRL 1.16: the anchor holds wherever the engine sampled. w = min(exp(old - rollout), 2), without gradient, with
    the engine's log-probabilities in rollout_logprobs_BT; NaN there (the engine gave none) means w = 1.
    """
    if kl_coef and ref_logprobs_BT is None:
        raise ValueError(f"kl_coef {kl_coef} wants the reference's log-probabilities")
    lp_BT = torch.where(mask_BT, logprobs_BT, 0.0)
    old_BT = torch.where(mask_BT, old_logprobs_BT.detach(), 0.0)
    a_B1 = advantages_B[:, None]
    ratio_BT = _exp(lp_BT - old_BT)
    loss_BT = -torch.minimum(ratio_BT * a_B1, ratio_BT.clamp(1 - clip_low, 1 + clip_high) * a_B1)
    over_BT, under_BT = (ratio_BT > 1 + clip_high) & (a_B1 > 0), (ratio_BT < 1 - clip_low) & (a_B1 < 0)
    if dual_clip is not None:
        most_B1 = torch.where(a_B1 < 0, -a_B1 * dual_clip, torch.inf)
        over_BT = over_BT | (loss_BT > most_B1)
        loss_BT = torch.minimum(loss_BT, most_B1)
    sums = {"ratio": ratio_BT, "clipped_low": under_BT, "clipped_high": over_BT}
    mismatch_max = old_BT.new_zeros(())
    if rollout_logprobs_BT is not None:
        engine_BT = rollout_logprobs_BT.detach()
        off_BT = old_BT - torch.where(mask_BT & ~engine_BT.isnan(), engine_BT, old_BT)
        w_BT = _exp(off_BT)
        loss_BT = loss_BT * w_BT.clamp(max=IMPORTANCE_CAP)
        sums |= {"mismatch": off_BT.abs(), "cut": w_BT > IMPORTANCE_CAP}
        mismatch_max = off_BT.abs().max() if off_BT.numel() else mismatch_max
    if ref_logprobs_BT is not None:
        kl_BT = kl_k3(lp_BT, torch.where(mask_BT, ref_logprobs_BT.detach(), 0.0))
        sums["kl"] = kl_BT
        if kl_coef:
            loss_BT = loss_BT + kl_coef * kl_BT
    loss_BT = torch.where(mask_BT, loss_BT, 0.0)
    if normalise == "sequence":
        loss_BT = loss_BT / mask_BT.sum(1, keepdim=True).clamp(min=1)
    sums = {"tokens": mask_BT, **sums}
    totals = {name: torch.where(mask_BT, x_BT.detach(), 0).sum(dtype=torch.float64) for name, x_BT in sums.items()}
    return LossParts(loss_BT.sum() / _positive(denominator), totals, mismatch_max)


def kl_k3(logprobs: Tensor, ref_logprobs: Tensor) -> Tensor:
    """exp(ref - lp) - (ref - lp) - 1 per token: never negative, and its mean over the policy's samples is KL(policy || ref) (Schulman,
    "Approximating KL divergence").
    """
    log_ratio = (ref_logprobs - logprobs).clamp(-LOG_RATIO_MAX, LOG_RATIO_MAX)
    return torch.expm1(log_ratio) - log_ratio


def sft_loss(logprobs_N: Tensor, weights_N: Tensor, denominator: float | Tensor) -> Tensor:
    """Weighted cross-entropy, summed and divided by `denominator`: the trained tokens (the sum of weights) of the whole optimizer step on
    all ranks. Weight 0 is not trained, whatever its log-probability is.
    """
    return -torch.where(weights_N != 0, logprobs_N * weights_N, 0.0).sum() / _positive(denominator)


def pairwise_loss(chosen_B: Tensor, rejected_B: Tensor, denominator: float | Tensor, margin_B: Tensor | None = None) -> Tensor:
    """-log sigmoid(chosen - rejected - margin) of a reward model's scores, summed over pairs / denominator (Bradley-Terry; margin as in
    Llama 2, arXiv 2307.09288, eq. 2).
    """
    apart_B = chosen_B.float() - rejected_B.float()
    return -F.logsigmoid(apart_B if margin_B is None else apart_B - margin_B).sum() / _positive(denominator)


def pointwise_loss(scores_B: Tensor, labels_B: Tensor, denominator: float | Tensor) -> Tensor:
    """Binary cross-entropy of scores (logits) against labels in 0..1 (1: safe), summed over responses / denominator."""
    return F.binary_cross_entropy_with_logits(scores_B.float(), labels_B.float(), reduction="sum") / _positive(denominator)


def _exp(log_ratio: Tensor) -> Tensor:
    return log_ratio.clamp(-LOG_RATIO_MAX, LOG_RATIO_MAX).exp()


def _positive(denominator: float | Tensor) -> float | Tensor:
    """0 means that there is nothing to train on, which a trainer has to find out before it gets here."""
    if not denominator > 0:
        raise ValueError(f"the loss's denominator is {float(denominator)}: the optimizer step has nothing to train on")
    return denominator
