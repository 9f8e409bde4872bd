"""What test_parallel.py runs: some steps on a tiny model in each of two processes, or one, whole runs of GRPO, and processes that fail."""

import json
import os
import shutil
import signal
import sys
import tempfile
import traceback
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from safetensors.torch import load_file
from torch.distributed.tensor import DTensor

from curate.engines import EngineSettings
from curate.errors import CurateError
from curate.records import make_prompt
from tests.train import toys
from tests.train.inprocess import InProcess
from train import checkpoint
from train.grpo import Running, grpo
from train.lora import add_lora, merged_state
from train.model import Scorer, Text, packed
from train.optim import clip_grad_norm, make_optimizer, set_lr, trained_parameters
from train.packing import best_fit, dealt
from train.parallel import Ranks, full
from train.presets import GRPO

STEPS = 4


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


def learned(ranks: Ranks) -> dict[str, object]:
    scorer = ranks.wrap(Scorer(toys.model("llama")))
    sgd = torch.optim.SGD([p for _, p in trained_parameters(scorer)], lr=0.1)
    losses = []
    for step in range(STEPS):
        sgd.zero_grad()
        losses.append(backward(ranks, scorer, step))
        if step == 0:
            gradient = {n: full(p.grad).flatten().tolist() for n, p in trained_parameters(scorer)}
        sgd.step()
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
        "refreshed": refreshed(ranks, adamw),
        "resumed": resumed(ranks, adamw, optimizer),
        "merged": merged(ranks),
        "words": words(ranks),
        "patience": [] if ranks.world == 1 else patience(),
    }


def looked(scorer) -> torch.Tensor:
    """The log-probabilities of some texts, as validation and the reference work them out."""
    with torch.no_grad():
        return scorer(packed(texts(0))).logprobs_N


def refreshed(ranks: Ranks, scorer) -> bool:
    """Whether a frozen reference, after it was used, takes over the policy's weights."""
    reference = ranks.wrap(Scorer(toys.model("llama", seed=2)).requires_grad_(False))
    before = looked(reference)
    with torch.no_grad():
        for there, here in zip(reference.parameters(), scorer.parameters(), strict=True):
            there.copy_(here)
    return torch.equal(looked(reference), looked(scorer)) and not torch.equal(before, looked(scorer))


def merged(ranks: Ranks) -> list[float]:
    """Sums of the weights of a model whose adapters have learned a few steps, of which a checkpoint was put back."""
    model = toys.model("llama", seed=ranks.rank)  # the first one's counts
    add_lora(model, 2)
    scorer = ranks.wrap(Scorer(model))
    optimizer = make_optimizer(scorer, weight_decay=0.0)
    set_lr(optimizer, 1e-2)
    for step in range(3):
        optimizer.zero_grad()
        backward(ranks, scorer, step)
        optimizer.step()
    assert resumed(ranks, scorer, optimizer, adapters=True)
    state = dict(merged_state(model))
    assert bool(state) is ranks.is_main
    return [float(t.double().sum()) for t in state.values()]


def words(ranks: Ranks) -> list[object]:
    """What processes tell each other; a name that one lacks, a long text."""
    mine = {"a": 1.0 + ranks.rank} | ({} if ranks.rank else {"b": 2.5})
    if ranks.world == 1:
        return []
    return [
        ranks.summed(mine),
        ranks.maximum(mine),
        ranks.gathered(["é", ranks.rank]),
        ranks.told("x" * 100_000 if ranks.is_main else None),
    ]


def patience() -> list[float]:
    """For how many seconds a process waits for another, in each group of them."""
    groups = dist.distributed_c10d._world.pg_map
    return [group._get_backend(torch.device("cpu")).options._timeout.total_seconds() for group in groups]


def resumed(ranks: Ranks, scorer, optimizer, *, adapters: bool = False) -> bool:
    """Whether a checkpoint puts back the very bits, whatever the model is wrapped in, also one that was validated a moment ago."""
    looked(scorer)
    tensors = {"model": checkpoint.model_tensors(scorer, frozen=False), "optimizer": checkpoint.optimizer_tensors(scorer, optimizer)}
    assert len(tensors["optimizer"]) == 3 * len(list(trained_parameters(scorer))) * ranks.is_main
    directory = Path(ranks.told(tempfile.mkdtemp() if ranks.is_main else None))
    if ranks.is_main:
        checkpoint.write(directory, 1, tensors, {})
    ranks.barrier()
    found = checkpoint.read(directory / "step-1")
    model = toys.model("llama", seed=0 if adapters else 1)
    if adapters:
        add_lora(model, 2, seed=1)
    fresh = ranks.wrap(Scorer(model))
    other = make_optimizer(fresh, weight_decay=0.1)
    checkpoint.load_model_tensors(fresh, found.tensors["model"], frozen=False)
    checkpoint.load_optimizer_tensors(fresh, other, found.tensors["optimizer"])
    again = {"model": checkpoint.model_tensors(fresh, frozen=False), "optimizer": checkpoint.optimizer_tensors(fresh, other)}
    here = torch.equal(looked(fresh), looked(scorer))
    return here and all(torch.equal(tensors[g][n], t) for g, named in again.items() for n, t in named.items())


def whole(how: str, directory: Path) -> dict[str, object]:
    """A run of GRPO from its start to its model; `grpo-resumed` goes on from the checkpoint that an FSDP run has left halfway."""
    out = directory / how
    if how == "grpo-resumed":
        shutil.copytree(directory / "grpo-fsdp", out, ignore=shutil.ignore_patterns("model", "step-4"))
    settings = replace(
        GRPO["small"],
        rewards="tests.toy_rewards:small_letters",
        steps=4,
        prompts=3,
        group=4,
        max_tokens=12,
        lr=1e-2,
        kl_coef=0.1,
        ref_every=3,
    )
    base, prompts = directory / "base", [make_prompt(f"Say {i}", domain="math") for i in range(7)]
    lines: list[str] = []
    grpo(
        EngineSettings(kind="transformers", model=str(base)),
        prompts,
        str(out),
        settings,
        Running(dtype="float32", save_every=2, sharded=how == "grpo-fsdp"),
        sampling=InProcess(base),
        say=lines.append,
    )
    steps = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    kept = {name: tensor.flatten().tolist() for name, tensor in load_file(out / "model" / "model.safetensors").items()}
    return {"curve": [[m[name] for name in ("reward", "loss", "kl", "grad_norm")] for m in steps], "weights": kept, "said": len(lines)}


def failing(ranks: Ranks, how: str) -> None:
    """A run of which one process, or each, fails while the others wait for it."""
    ranks.barrier()
    if how == "both":
        raise CurateError("there is no such model")
    if how == ("first" if ranks.is_main else "second"):
        raise CurateError("the disk is full")
    if how == "killed" and not ranks.is_main:
        os.kill(os.getpid(), signal.SIGKILL)
    while True:
        ranks.summed({"loss": 1.0})


def run(how: str, directory: Path) -> int:
    """One process, as the command line runs it; its exit code."""
    try:
        if how.startswith("grpo"):
            print(json.dumps(whole(how, directory)))
            return 0
        with Ranks.join("fsdp" if how == "fsdp" else "ddp") as ranks:
            if how not in ("alone", "ddp", "fsdp"):
                failing(ranks, how)
            found = learned(ranks)
            if ranks.is_main:
                print(json.dumps(found))
            outlives = ranks.wrap(torch.nn.Linear(2, 2))
            outlives(torch.ones(1, 2)).sum().backward()
            ranks.barrier()
        del outlives  # the last to know the group, whose threads may be at work still
    except CurateError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def forked(how: str, port: str, directory: Path) -> list[tuple[int, str, str]]:
    """Exit code, stdout and stderr of each process of a run. They are forks of this one, which has loaded torch for all."""
    world = 1 if how in ("alone", "grpo-alone", "grpo-resumed") else 2
    children = []
    for rank in range(world):
        if (child := os.fork()) == 0:
            os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(world), "MASTER_PORT": port}
            for number, name in ((1, "out"), (2, "err")):
                os.dup2(os.open(directory / f"{how}-{rank}.{name}", os.O_WRONLY | os.O_CREAT), number)
            code = run(how, directory)
            sys.stdout.flush()
            os._exit(code)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    return [(code, *((directory / f"{how}-{rank}.{name}").read_text() for name in ("out", "err"))) for rank, code in enumerate(codes)]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        toys.ending(Path(scratch) / "base")
        print(json.dumps({how: forked(how, port, Path(scratch)) for how, port in (case.split(":") for case in sys.argv[1:])}))
