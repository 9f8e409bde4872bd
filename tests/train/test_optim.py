"""The rate of every step, what decays, and clipping."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from train.optim import Schedule, clip_grad_norm, make_optimizer, set_lr, trained_parameters


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (Schedule(1.0, 5, kind="constant"), [1, 1, 1, 1, 1]),
        (Schedule(1.0, 5, warmup=3, kind="constant"), [0.25, 0.5, 0.75, 1, 1]),
        (Schedule(1.0, 5), [1, 0.1 + 0.45 * (1 + math.sqrt(0.5)), 0.55, 0.1 + 0.45 * (1 - math.sqrt(0.5)), 0.1]),
        (Schedule(2.0, 5, warmup=2, floor=0.5), [2 / 3, 4 / 3, 2, 1.5, 1]),
        (Schedule(1.0, 1), [1]),
        (Schedule(1.0, 2, warmup=3), [0.25, 0.5]),  # too short to reach the peak
    ],
)
def test_the_rate_of_each_step(schedule: Schedule, rates: list[float]) -> None:
    assert [schedule.at(i) for i in range(schedule.steps)] == pytest.approx(rates)


@given(st.integers(1, 60), st.integers(0, 70), st.floats(0, 1))
def test_the_rate_rises_then_falls_and_stays_within_its_bounds(steps: int, warmup: int, floor: float) -> None:
    rates = [Schedule(3e-4, steps, warmup, floor=floor).at(i) for i in range(steps + 3)]
    assert all(0 < r <= 3e-4 * (1 + 1e-12) for r in rates[:warmup])
    assert rates[:warmup] == sorted(rates[:warmup])
    assert rates[warmup:] == sorted(rates[warmup:], reverse=True)
    if steps - 1 > warmup:
        assert rates[steps - 1 :] == pytest.approx([3e-4 * floor] * 4, abs=1e-12)


def tied() -> Any:
    """Two matrices of which one is tied, a norm, a frozen matrix."""
    model = torch.nn.ModuleDict(
        {"embed": torch.nn.Embedding(5, 3), "norm": torch.nn.LayerNorm(3), "head": torch.nn.Linear(3, 5), "frozen": torch.nn.Linear(2, 2)}
    )
    model["head"].weight = model["embed"].weight
    model["frozen"].requires_grad_(False)
    return model


def test_matrices_decay_vectors_do_not_and_what_is_frozen_or_tied_counts_once() -> None:
    model = tied()
    assert [n for n, _ in trained_parameters(model)] == ["embed.weight", "norm.weight", "norm.bias", "head.bias"]
    optimizer = make_optimizer(model, weight_decay=0.1)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    set_lr(optimizer, 0.5)
    optimizer.step()
    after = dict(model.named_parameters())
    torch.testing.assert_close(after.pop("embed.weight").detach(), before["embed.weight"] * (1 - 0.5 * 0.1))
    assert all(torch.equal(p, before[n]) for n, p in after.items())


def test_an_optimizer_whose_rate_nobody_set_changes_nothing() -> None:
    model = torch.nn.Linear(2, 2)
    before = model.weight.detach().clone()
    model(torch.ones(1, 2)).sum().backward()
    make_optimizer(model, weight_decay=0.1).step()
    assert torch.equal(model.weight, before)


def test_a_model_that_is_all_frozen_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to train"):
        make_optimizer(torch.nn.Linear(2, 2).requires_grad_(False), weight_decay=0.1)


def gradients(*values: list[float]) -> Any:
    model = torch.nn.ParameterList([torch.zeros(len(v)) for v in values])
    for p, v in zip(model, values, strict=True):
        p.grad = torch.tensor(v)
    model.append(torch.zeros(2))  # one without a gradient
    return model


@pytest.mark.parametrize(("most", "scale"), [(1.0, 1 / 13), (13.5, 1.0), (math.inf, 1.0)])
def test_clipping_scales_by_the_norm_of_all_and_tells_the_norm_before(most: float, scale: float) -> None:
    model = gradients([3.0, 4.0], [12.0])
    assert clip_grad_norm(model, most) == pytest.approx(13)
    assert [v for p in model if p.grad is not None for v in p.grad.tolist()] == pytest.approx([3 * scale, 4 * scale, 12 * scale])


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_is_told_and_left_alone(bad: float) -> None:
    model = gradients([3.0, 4.0], [bad])
    assert not math.isfinite(clip_grad_norm(model, 1.0))
    assert model[0].grad.tolist() == [3.0, 4.0]
