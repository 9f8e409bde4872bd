"""Learning rate by step, AdamW, clipping by the norm of all gradients.

AdamW is torch's own, with its own choice of implementation: on a CPU it goes through the parameters one by one, so that a resumed run repeats the killed one bit for bit. Three departures from the textbook:
vectors (norms, biases) do not decay; the rate is set for each step from the step's number, so that there is no scheduler state to save; a gradient that is not finite is reported and not applied.
"""

import math
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import torch

from train.parallel import full, unwrapped

Tensor = Any  # torch.Tensor: torch is not typed here


class Schedule(NamedTuple):
    """A linear warm-up of `warmup` steps, then a cosine from `peak` to `floor` * `peak` at the last of `steps` steps, or `peak` to the end.

    DeepSeek-R1's SFT falls to a tenth (5e-5 to 5e-6); its GRPO is constant.
    """

    peak: float
    steps: int
    warmup: int = 0
    kind: Literal["cosine", "constant"] = "cosine"
    floor: float = 0.1

    def at(self, step: int) -> float:
        """The learning rate of optimizer step `step`, counted from 0. The warm-up's steps are below the peak and above 0; step `warmup` has the peak."""
        if step < self.warmup:
            return self.peak * (step + 1) / (self.warmup + 1)
        if self.kind == "constant":
            return self.peak
        done = min(1.0, (step - self.warmup) / max(1, self.steps - 1 - self.warmup))
        return self.peak * (self.floor + (1 - self.floor) * (1 + math.cos(math.pi * done)) / 2)


def make_optimizer(model: Any, *, weight_decay: float, betas: tuple[float, float] = (0.9, 0.95), eps: float = 1e-8) -> Any:
    """torch.optim.AdamW over what trains in the model: matrices decay, vectors do not, frozen parameters are left out. Its rate is 0 until `set_lr`.

    `betas` are those of DeepSeek-V3's report. Make it after the model was wrapped: FSDP puts other parameters in place. ValueError where nothing trains.
    """
    trained = [p for _, p in trained_parameters(model)]
    if not trained:
        raise ValueError("every parameter of the model is frozen: there is nothing to train")
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=0.0, betas=betas, eps=eps)


def trained_parameters(model: Any) -> Iterator[tuple[str, Tensor]]:
    """(name, parameter) of those that are not frozen, in the model's order, tied ones once, by the names they have without a wrapper."""
    return ((name, p) for name, p in unwrapped(model).named_parameters() if p.requires_grad)


def set_lr(optimizer: Any, lr: float) -> None:
    """Set the learning rate of the next step."""
    for group in optimizer.param_groups:
        group["lr"] = lr


def clip_grad_norm(model: Any, max_norm: float) -> float:
    """Scale all gradients so that their common L2 norm is at most `max_norm`, and return the norm before that: the same number on every rank.

    A norm that is not finite is returned with the gradients as they are: the caller leaves this step out. Under FSDP every rank calls it.
    """
    parameters = [p for _, p in trained_parameters(model) if p.grad is not None]
    norm = full(torch.nn.utils.get_total_norm([p.grad for p in parameters]))
    if torch.isfinite(norm):
        torch.nn.utils.clip_grads_with_norm_(parameters, max_norm, norm)
    return float(norm)
