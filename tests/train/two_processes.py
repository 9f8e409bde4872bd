"""What test_parallel.py runs in each process: ten steps on a tiny model, printed as JSON by the first."""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch.distributed.tensor import DTensor

from curate.errors import CurateError
from tests.train import toys
from train import checkpoint
from train.model import Scorer, Text, packed
from train.optim import clip_grad_norm, make_optimizer, set_lr, trained_parameters
from train.packing import best_fit, dealt
from train.parallel import Ranks, full

STEPS = 10


def texts(step: int) -> list[Text]:
    generator = np.random.default_rng(step)
    lengths = generator.integers(5, 40, 7)
    return [Text(generator.integers(0, 256, n), np.arange(n) >= n // 3) for n in lengths]


def backward(ranks: Ranks, scorer, step: int) -> float:
    made = texts(step)
    lengths = [len(t.ids_T) for t in made]
    tokens = sum(int(t.asked_T.sum()) for t in made)
    rows = dealt(best_fit(lengths, 64), lengths, ranks.world)[ranks.rank]
    total = 0.0
    for i, row in enumerate(rows):
        with ranks.accumulate(scorer, last=i == len(rows) - 1):
            line = packed([made[j] for j in row or [0]])
            weights = torch.full((len(line.targets_N),), ranks.world / tokens if row else 0.0)
            loss = scorer(line, weights)
            loss.backward()
        total += float(loss.detach()) / ranks.world
    return ranks.summed({"loss": total})["loss"]


def learned(ranks: Ranks, kind: str) -> dict[str, object]:
    scorer = ranks.wrap(Scorer(toys.model("llama")))
    sgd = torch.optim.SGD([p for _, p in trained_parameters(scorer)], lr=0.1)
    losses = []
    for step in range(STEPS):
        sgd.zero_grad()
        losses.append(backward(ranks, scorer, step))
        if step < STEPS - 1:
            sgd.step()
    gradient = {n: full(p.grad).double().sum().item() for n, p in trained_parameters(scorer)}
    adamw = ranks.wrap(Scorer(toys.model("llama")))
    optimizer = make_optimizer(adamw, weight_decay=0.1)
    curve = []
    for step in range(STEPS):
        set_lr(optimizer, 1e-3)
        optimizer.zero_grad()
        curve.append(backward(ranks, adamw, step))
        clip_grad_norm(adamw, 1.0)
        optimizer.step()
    return {
        "sgd_losses": losses,
        "gradient": gradient,
        "adamw_losses": curve,
        "sharded": all(isinstance(p, DTensor) for p in scorer.parameters()),
        "resumed": resumed(ranks, adamw, optimizer),
    }


def resumed(ranks: Ranks, scorer, optimizer) -> bool:
    """Whether a checkpoint puts back the very bits, whatever the model is wrapped in."""
    tensors = {"model": checkpoint.model_tensors(scorer), "optimizer": checkpoint.optimizer_tensors(scorer, optimizer)}
    directory = Path(ranks.told(tempfile.mkdtemp() if ranks.is_main else None))
    if ranks.is_main:
        checkpoint.write(directory, 1, tensors, {})
    ranks.barrier()
    found = checkpoint.read(directory / "step-1")
    fresh = ranks.wrap(Scorer(toys.model("llama", seed=1)))
    other = make_optimizer(fresh, weight_decay=0.1)
    checkpoint.load_model_tensors(fresh, found.tensors["model"])
    checkpoint.load_optimizer_tensors(fresh, other, found.tensors["optimizer"])
    again = {"model": checkpoint.model_tensors(fresh), "optimizer": checkpoint.optimizer_tensors(fresh, other)}
    return all(torch.equal(tensors[g][n], t) for g, named in again.items() for n, t in named.items())


def main(kind: str) -> None:
    torch.manual_seed(0)
    with Ranks.join("fsdp" if kind == "fsdp" else "ddp") as ranks:
        if kind == "error":
            if ranks.is_main:
                raise CurateError("this is what went wrong")
            ranks.barrier()
        found = learned(ranks, kind)
        if ranks.is_main:
            print(json.dumps(found))


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except CurateError as error:  # as the command line does
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
