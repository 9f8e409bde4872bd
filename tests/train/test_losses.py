"""What must not change a loss (how a step is split, padded, ordered), and what must not reach it (padding, unscorable rewards)."""

import math
from typing import Any, get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from train.losses import (
    Normalise,
    group_advantages,
    judge_truncated,
    kl_k3,
    loss_units,
    overlong_penalty,
    pairwise_loss,
    pointwise_loss,
    policy_loss,
    sft_loss,
)

Tensor = Any
LONGEST = 9
KINDS = get_args(Normalise)
HOSTILE = [math.inf, -math.inf, math.nan, 1e30]


def step(seed: int, b: int, t: int = 6) -> dict[str, Tensor]:
    """A step's tensors, everything switched on: lengths 0 to t, ratios beyond the clip, an engine that is off."""
    g = torch.Generator().manual_seed(seed)
    policy_BT = -3 * torch.rand(b, t, generator=g, dtype=torch.float64)
    lengths_B = torch.randint(0, t + 1, (b,), generator=g)
    near = [policy_BT + s * torch.randn(b, t, generator=g, dtype=torch.float64) for s in (0.4, 0.7, 0.6)]
    return {
        "logprobs_BT": policy_BT,
        "old_logprobs_BT": near[0],
        "advantages_B": torch.randn(b, generator=g, dtype=torch.float64),
        "mask_BT": torch.arange(t) < lengths_B[:, None],
        "ref_logprobs_BT": near[1],
        "rollout_logprobs_BT": near[2],
    }


ON: dict[str, Any] = {"clip_low": 0.2, "clip_high": 0.28, "dual_clip": 1.5, "kl_coef": 0.1}


def run(tensors: dict[str, Tensor], normalise: Normalise, denominator: Any = None) -> tuple[Tensor, Tensor, dict[str, float], float]:
    """(loss, its gradient, sums, largest mismatch) over the step's own denominator unless told another."""
    leaf = tensors["logprobs_BT"].clone().requires_grad_()
    units = loss_units(tensors["mask_BT"], normalise, LONGEST).clamp(min=1) if denominator is None else denominator
    parts = policy_loss(**tensors | {"logprobs_BT": leaf}, normalise=normalise, denominator=units, **ON)
    parts.loss.backward()
    return parts.loss.detach(), leaf.grad, {k: v.item() for k, v in parts.sums.items()}, parts.mismatch_max.item()


def rows(tensors: dict[str, Tensor], index: Any) -> dict[str, Tensor]:
    return {k: v[index] for k, v in tensors.items()}


def close(a: Any, b: Any) -> None:
    torch.testing.assert_close(torch.as_tensor(a), torch.as_tensor(b), rtol=1e-9, atol=1e-12)


STEPS = {"seed": st.integers(0, 2**31), "b": st.integers(1, 8), "normalise": st.sampled_from(KINDS)}


@given(**STEPS, data=st.data())
def test_micro_batches_and_ranks_add_up(seed: int, b: int, normalise: Normalise, data: st.DataObject) -> None:
    """Any split of the completions over micro-batches or processes, in any order (trap 1: the denominator is the whole step's)."""
    whole = step(seed, b)
    loss, grad, sums, largest = run(whole, normalise)
    order = torch.tensor(data.draw(st.permutations(range(b))))
    cuts = sorted(data.draw(st.lists(st.integers(0, b), max_size=3)))
    shares = [order[i:j] for i, j in zip([0, *cuts], [*cuts, b], strict=True)]
    units = sum(loss_units(whole["mask_BT"][s], normalise, LONGEST) for s in shares)
    assert units == loss_units(whole["mask_BT"], normalise, LONGEST)
    parts = [run(rows(whole, s), normalise, max(1, int(units))) for s in shares]
    close(sum(p[0] for p in parts), loss)
    for share, part in zip(shares, parts, strict=True):
        close(part[1], grad[share])
    for name in sums:
        close(sum(p[2][name] for p in parts), sums[name])
    close(max(p[3] for p in parts), largest)


@given(**STEPS, more=st.integers(0, 4), masked=st.integers(0, 3), hostile=st.sampled_from(HOSTILE))
def test_padding_and_masked_rows_change_nothing(seed: int, b: int, normalise: Normalise, more: int, masked: int, hostile: float) -> None:
    """Trap 1 again, and whatever lies in the padding: longer padding, completions without a token, inf and NaN outside the mask."""
    lean = step(seed, b)
    padded = {}
    for name, x in lean.items():
        if name == "advantages_B":
            padded[name] = torch.cat([x, torch.ones(masked, dtype=x.dtype)])
            continue
        grown = torch.full((b + masked, x.shape[1] + more), False if name == "mask_BT" else hostile, dtype=x.dtype)
        grown[:b, : x.shape[1]] = x
        if name != "mask_BT":
            grown[:b, : x.shape[1]][~lean["mask_BT"]] = hostile
        padded[name] = grown
    loss, grad, sums, largest = run(padded, normalise)
    expected = run(lean, normalise)
    close(loss, expected[0])
    close(grad[:b, :6], expected[1])
    assert not grad[~padded["mask_BT"]].any()
    assert sums == pytest.approx(expected[2])
    assert largest == pytest.approx(expected[3])


@pytest.mark.parametrize("normalise", KINDS)
def test_finite_differences(normalise: Normalise) -> None:
    tensors = step(3, 5)
    weights = [tensors[k] for k in ("old_logprobs_BT", "advantages_B", "mask_BT")]

    def loss(lp_BT: Tensor) -> Tensor:
        more = {k: tensors[k] for k in ("ref_logprobs_BT", "rollout_logprobs_BT")}
        return policy_loss(lp_BT, *weights, **more, normalise=normalise, denominator=7, **ON).loss

    assert torch.autograd.gradcheck(loss, tensors["logprobs_BT"].clone().requires_grad_())


@pytest.mark.parametrize("clip", [0.2, 10.0])
def test_on_policy_the_gradient_is_the_plain_policy_gradient(clip: float) -> None:
    """ratio 1: the loss itself is minus the mean advantage, near 0, and says nothing (trap 10); its gradient is -A per token."""
    t = step(1, 6)
    leaf = t["logprobs_BT"].clone().requires_grad_()
    parts = policy_loss(leaf, leaf, t["advantages_B"], t["mask_BT"], denominator=10, normalise="token", clip_low=clip, clip_high=clip)
    parts.loss.backward()
    close(leaf.grad, torch.where(t["mask_BT"], -t["advantages_B"][:, None] / 10, 0))
    close(parts.sums["ratio"], parts.sums["tokens"])


@pytest.mark.parametrize(
    ("ratio", "advantage", "dual_clip", "loss", "slope", "counted"),
    [
        (1.1, 1.0, None, -1.1, -1.1, None),
        (1.5, 1.0, None, -1.28, 0.0, "clipped_high"),
        (0.5, 1.0, None, -0.5, -0.5, None),
        (0.5, -1.0, None, 0.8, 0.0, "clipped_low"),
        (1.5, -1.0, None, 1.5, 1.5, None),
        (9.0, -1.0, None, 9.0, 9.0, None),
        (9.0, -1.0, 3.0, 3.0, 0.0, "clipped_high"),
        (9.0, -2.0, 3.0, 6.0, 0.0, "clipped_high"),
        (2.0, -1.0, 3.0, 2.0, 2.0, None),
        (9.0, 1.0, 3.0, -1.28, 0.0, "clipped_high"),
        (9.0, 0.0, 3.0, 0.0, 0.0, None),
    ],
)
def test_clipping(ratio: float, advantage: float, dual_clip: float | None, loss: float, slope: float, counted: str | None) -> None:
    lp = torch.tensor([[math.log(ratio)]], dtype=torch.float64, requires_grad=True)
    one = torch.ones(1, 1, dtype=torch.bool)
    how: dict[str, Any] = {"clip_low": 0.2, "clip_high": 0.28, "dual_clip": dual_clip, "denominator": 1}
    parts = policy_loss(lp, torch.zeros_like(lp), torch.tensor([advantage], dtype=torch.float64), one, **how)
    parts.loss.backward()
    close(parts.loss.detach(), torch.tensor(loss, dtype=torch.float64))
    close(lp.grad, torch.tensor([[slope]], dtype=torch.float64))
    assert {k for k in ("clipped_low", "clipped_high") if parts.sums[k]} == ({counted} if counted else set())


def test_kl_is_not_weighted_by_the_engines_mismatch() -> None:
    """Trap 11: either order is defensible; ours is k3 outside the importance weight, so without advantages it changes nothing."""
    t = step(2, 4) | {"advantages_B": torch.zeros(4, dtype=torch.float64)}
    without = run({k: v for k, v in t.items() if k != "rollout_logprobs_BT"}, "token")
    close(run(t, "token")[0], without[0])
    assert without[0] > 0


def test_the_importance_weight_is_capped_and_carries_no_gradient() -> None:
    lp = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    old = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    rollout = torch.tensor([[-5.0, math.log(2), math.nan]], dtype=torch.float64, requires_grad=True)
    parts = policy_loss(lp, old, torch.ones(1), torch.ones(1, 3).bool(), denominator=1, normalise="token", rollout_logprobs_BT=rollout)
    parts.loss.backward()
    close(lp.grad, torch.tensor([[-2.0, -0.5, -1.0]], dtype=torch.float64))
    assert old.grad is None
    assert rollout.grad is None
    assert parts.sums["cut"] == 1
    assert parts.sums["mismatch"] == pytest.approx(5 + math.log(2))
    assert parts.mismatch_max == 5


@pytest.mark.parametrize("far", [1e3, 1e30, math.inf])
def test_a_ratio_out_of_all_bounds_stays_finite(far: float) -> None:
    lp = torch.tensor([[0.0, 0.0]], requires_grad=True)
    old = torch.tensor([[-far, far]])
    for advantage in (-1.0, 1.0):
        how: dict[str, Any] = {"kl_coef": 1.0, "ref_logprobs_BT": old, "rollout_logprobs_BT": -old, "denominator": 1}
        parts = policy_loss(lp, old, torch.tensor([advantage]), torch.ones(1, 2).bool(), **how)
        assert torch.isfinite(parts.loss)
        assert torch.isfinite(torch.autograd.grad(parts.loss, lp)[0]).all()


def test_a_broken_log_probability_of_a_trained_token_is_not_hidden() -> None:
    t = step(4, 3) | {"mask_BT": torch.ones(3, 6, dtype=torch.bool)}
    t["logprobs_BT"][1, 2] = math.nan
    assert run(t, "token")[0].isnan()


@given(ref=st.floats(-30, 0), lp=st.floats(-30, 0))
def test_k3_is_never_negative(ref: float, lp: float) -> None:
    value = kl_k3(torch.tensor(lp, dtype=torch.float64), torch.tensor(ref, dtype=torch.float64))
    assert value >= 0
    assert (value == 0) == (ref == lp) or value < 1e-15


def test_k3s_mean_over_samples_is_the_kl() -> None:
    g = torch.Generator().manual_seed(0)
    p, q = (torch.log_softmax(torch.randn(20, generator=g, dtype=torch.float64), -1) for _ in range(2))
    close((p.exp() * kl_k3(p, q)).sum(), (p.exp() * (p - q)).sum())


REWARD = st.one_of(st.floats(-2, 2, width=32), st.sampled_from([0.0, 1.0, math.nan]))


@given(
    rewards=st.lists(st.tuples(st.integers(0, 3), REWARD), max_size=20), scale=st.sampled_from(["group", "none", "batch"]), data=st.data()
)
def test_advantages_follow_the_group_ids(rewards: list[tuple[int, float]], scale: Any, data: st.DataObject) -> None:
    """Trap 2: groups of any size in any order; and trap 9: leaving an unscored completion out gives the others the same advantage."""
    groups_B, rewards_B = torch.tensor([g for g, _ in rewards], dtype=torch.long), torch.tensor([r for _, r in rewards])
    ours = group_advantages(rewards_B, groups_B, scale)
    assert torch.isfinite(ours.values_B).all()
    assert not ours.values_B[ours.unscored_B | ours.level_B].any()
    order = torch.tensor(data.draw(st.permutations(range(len(rewards)))), dtype=torch.long)
    assert torch.allclose(group_advantages(rewards_B[order], groups_B[order] * 7 - 3, scale).values_B, ours.values_B[order], atol=1e-6)
    kept = ~ours.unscored_B
    assert torch.allclose(group_advantages(rewards_B[kept], groups_B[kept], scale).values_B, ours.values_B[kept], atol=1e-6)
    for g in set(groups_B.tolist()):
        r = rewards_B[(groups_B == g) & kept].double()
        mine = ours.values_B[(groups_B == g) & kept].double()
        assert abs(mine.sum()) < 1e-3
        assert bool(ours.level_B[groups_B == g].all()) == (len(r) < 2 or bool((r == r[0]).all()))
        if scale == "group" and len(r) > 1:
            assert torch.allclose(mine, (r - r.mean()) / (r.std() + 1e-4), atol=1e-5)


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_what_could_not_be_scored_is_not_wrong(broken: float) -> None:
    """Trap 9: as 0 it would lower the mean that the others are measured against."""
    ours = group_advantages(torch.tensor([1.0, 1.0, broken, 0.5, broken, broken, 1.0]), torch.tensor([0, 0, 0, 1, 1, 2, 3]))
    assert ours.values_B.tolist() == [0.0] * 7
    assert ours.unscored_B.tolist() == [False, False, True, False, True, True, False]
    assert ours.level_B.all()


def test_truncated_completions_stay_in_their_group() -> None:
    """Traps 2 and 8: "zero" is a reward of 0 even where none could be found out; "mask" keeps the baseline and takes the tokens out."""
    rewards_B, groups_B = torch.tensor([1.0, 1.0, math.nan, 0.0]), torch.tensor([5, 5, 5, 5])
    mask_BT, truncated_B = torch.tensor([[1, 1, 0], [1, 1, 1], [1, 1, 1], [1, 0, 0]]).bool(), torch.tensor([False, True, True, False])
    zero_B, same_BT = judge_truncated(rewards_B, mask_BT, truncated_B, "zero")
    assert zero_B.tolist() == [1, 0, 0, 0]
    assert same_BT.equal(mask_BT)
    kept_B, less_BT = judge_truncated(rewards_B, mask_BT, truncated_B, "mask")
    assert less_BT.tolist() == [[True, True, False], [False] * 3, [False] * 3, [True, False, False]]
    assert {k: int(loss_units(less_BT, k, LONGEST)) for k in KINDS} == {"sequence": 2, "token": 3, "constant": 2 * LONGEST}
    close(group_advantages(kept_B, groups_B).values_B, group_advantages(rewards_B, groups_B).values_B)


def test_overlong_penalty() -> None:
    assert overlong_penalty(torch.tensor([0, 16384, 18432, 20480, 30000]), 20480, 4096).tolist() == [0, 0, -0.5, -1, -1]
    for buffer in (0, -1, 101):
        with pytest.raises(ValueError, match="buffer"):
            overlong_penalty(torch.tensor([1]), 100, buffer)


@given(seed=st.integers(0, 2**31), n=st.integers(1, 12), cut=st.integers(0, 12), hostile=st.sampled_from(HOSTILE))
def test_sft_adds_up_over_the_step(seed: int, n: int, cut: int, hostile: float) -> None:
    g = torch.Generator().manual_seed(seed)
    lp_N, weights_N = -torch.rand(n, generator=g, dtype=torch.float64), torch.randint(0, 2, (n,), generator=g).double()
    trained = max(1, int(weights_N.sum()))
    whole = sft_loss(lp_N, weights_N, trained)
    close(whole, -(lp_N * weights_N).sum() / trained)
    close(sft_loss(lp_N[:cut], weights_N[:cut], trained) + sft_loss(lp_N[cut:], weights_N[cut:], trained), whole)
    leaf = torch.where(weights_N == 0, hostile, lp_N).requires_grad_()
    sft_loss(leaf, weights_N, trained).backward()
    close(leaf.grad, -weights_N / trained)


def test_reward_losses() -> None:
    g = torch.Generator().manual_seed(0)
    a_B, b_B, margin_B = (torch.randn(6, generator=g) for _ in range(3))
    labels_B = torch.tensor([0.0, 1.0, 1.0, 0.25, 0.0, 1.0])
    p_B = torch.sigmoid(a_B)
    assert torch.allclose(pairwise_loss(a_B, b_B, 6, margin_B), -torch.sigmoid(a_B - b_B - margin_B).log().mean())
    assert torch.allclose(pointwise_loss(a_B, labels_B, 6), -(labels_B * p_B.log() + (1 - labels_B) * (1 - p_B).log()).mean())
    for far in (1e4, -1e4):
        assert torch.isfinite(pairwise_loss(torch.tensor([far]), torch.tensor([0.0]), 1))
        assert torch.isfinite(pointwise_loss(torch.tensor([far]), torch.tensor([1.0]), 1))
    split = sum(pairwise_loss(a_B[i:j], b_B[i:j], 6) for i, j in ((0, 2), (2, 6)))
    assert torch.allclose(split, pairwise_loss(a_B, b_B, 6))


def test_a_step_with_nothing_to_train_on_is_said() -> None:
    t = step(0, 2)
    none: dict[str, Any] = {"old_logprobs_BT": t["old_logprobs_BT"], "advantages_B": t["advantages_B"], "mask_BT": torch.zeros(2, 6).bool()}
    for denominator in (0, torch.tensor(0), math.nan):
        with pytest.raises(ValueError, match="nothing to train on"):
            policy_loss(t["logprobs_BT"], **none, denominator=denominator)
        with pytest.raises(ValueError, match="nothing to train on"):
            sft_loss(torch.zeros(1), torch.zeros(1), denominator)
    with pytest.raises(ValueError, match="reference"):
        policy_loss(t["logprobs_BT"], **none, denominator=1, kl_coef=0.1)
