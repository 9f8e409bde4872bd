"""What all trainers do with a module once its gradient is there: clip, step, write it down, go on from there."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from train import checkpoint
from train.optim import Schedule, clip_grad_norm, make_optimizer, set_lr
from train.parallel import Ranks
from train.presets import Optimizing

Tensor = Any  # torch.Tensor: torch is not typed here


class Learner:
    """A module with its optimizer and learning rate. `module` is the wrapped one, through which forward passes go."""

    def __init__(self, module: Any, settings: Optimizing, steps: int, ranks: Ranks) -> None:
        self.module, self.ranks = ranks.wrap(module), ranks
        self.optimizer = make_optimizer(self.module, weight_decay=settings.weight_decay)
        self.schedule = Schedule(settings.lr, steps, round(settings.warmup * steps), "cosine", settings.floor)
        self.max_norm = settings.max_norm

    def begin(self, step: int) -> float:
        """Before the passes of an optimizer step; its learning rate."""
        lr = self.schedule.at(step)
        set_lr(self.optimizer, lr)
        self.optimizer.zero_grad(set_to_none=True)
        return lr

    def apply(self) -> dict[str, float]:
        """The step itself. Metrics: the gradient's norm before clipping, and `skipped` where it was not finite and nothing was learned."""
        norm = clip_grad_norm(self.module, self.max_norm)
        if not math.isfinite(norm):
            return {"grad_norm": norm, "skipped": 1.0}
        self.optimizer.step()
        return {"grad_norm": norm}

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """What a checkpoint holds of it: what trains, and the optimizer's moments. All processes call it."""
        return {
            "model": checkpoint.model_tensors(self.module, frozen=False),
            "optimizer": checkpoint.optimizer_tensors(self.module, self.optimizer),
        }

    def restore(self, found: checkpoint.Checkpoint) -> None:
        """Go on from what a checkpoint holds."""
        checkpoint.load_model_tensors(self.module, found.tensors["model"], frozen=False)
        checkpoint.load_optimizer_tensors(self.module, self.optimizer, found.tensors["optimizer"])

    def saved(self, directory: Path, step: int, state: Mapping[str, Any]) -> None:
        """Write the checkpoint after `step` steps. All processes call it."""
        tensors = self.tensors()
        if self.ranks.is_main:
            checkpoint.write(directory, step, tensors, state)
            checkpoint.prune(directory)
        self.ranks.barrier()

    def resumed(self, directory: Path) -> int:
        """Go on from the newest checkpoint, if there is one: the steps that are done."""
        path = checkpoint.newest(directory)
        if path is None:
            return 0
        found = checkpoint.read(path)
        self.restore(found)
        return found.step
