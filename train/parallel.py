"""Several processes that train one model, as torchrun starts them: copies of it that share their gradients (DDP), or each a share of it (FSDP2, torch's own fully_shard).

    torchrun --nproc-per-node 8 --no-python curate train ...

Departs from accelerate, which on a CPU leaves a plain model where FSDP was asked for, without a word: here the parameters are looked at. What is passed between processes beside tensors is JSON, never pickle. One process
without torchrun is the same code with nothing to do.

Where one process fails the others cannot go on: they end without a traceback of their own, and the sentence is that of the one that failed.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any, Literal

import torch
import torch.distributed as dist
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Partial
from torch.nn.parallel import DistributedDataParallel

from curate.errors import CurateError

Tensor = Any  # torch.Tensor: torch is not typed here
Kind = Literal["ddp", "fsdp"]

PATIENCE = timedelta(hours=6)  # that processes wait for each other: one of them samples, and verifies, while the others stand still


class Lost(CurateError):
    """Another process of this run has failed; what happened is told by that one."""


def unwrapped(model: Any) -> Any:
    """The model inside DDP's wrapper, whose parameters have their own names; any other model as it is."""
    return model.module if isinstance(model, DistributedDataParallel) else model


def full(tensor: Tensor) -> Tensor:
    """A plain tensor of the whole of a sharded one (all ranks call it), any other as it is. Differentiable: the ranks' gradients are summed.

    `full_tensor()` alone would take every rank's gradient for the same one, and each rank would keep its own share of its own.
    """
    return tensor.full_tensor(grad_placements=[Partial()] * tensor.device_mesh.ndim) if isinstance(tensor, DTensor) else tensor


class Ranks:
    """The processes of a run, this one by its number. A context manager; made by `join`."""

    def __init__(self, kind: Kind, rank: int, world: int, device: str) -> None:
        self.kind, self.rank, self.world, self.device = kind, rank, world, device

    @classmethod
    def join(cls, kind: Kind) -> "Ranks":
        """Meet the other processes that torchrun started: gloo on CPUs, nccl on GPUs. Alone without torchrun."""
        world, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
        gpu = torch.cuda.is_available()
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if gpu else "cpu"
        if gpu:
            torch.cuda.set_device(device)
        if world > 1:
            dist.init_process_group("nccl" if gpu else "gloo", timeout=PATIENCE)
        return cls(kind, rank, world, device)

    @property
    def is_main(self) -> bool:
        """Whether this process writes, samples and speaks."""
        return self.rank == 0

    def __enter__(self) -> "Ranks":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.world > 1 and error is None:
            dist.destroy_process_group()
        if isinstance(error, RuntimeError) and self.world > 1 and _is_the_connections(error):
            raise Lost(f"process {self.rank} ends, since another process of this run has failed") from None

    def summed(self, values: Mapping[str, float]) -> dict[str, float]:
        """The sums over processes, in fp64. All have some of the names; a name that one lacks counts as 0 there."""
        return self._reduced(values, dist.ReduceOp.SUM)

    def maximum(self, values: Mapping[str, float]) -> dict[str, float]:
        """The largest over processes."""
        return self._reduced(values, dist.ReduceOp.MAX)

    def _reduced(self, values: Mapping[str, float], how: Any) -> dict[str, float]:
        if self.world == 1:
            return dict(values)
        names = sorted({name for mine in self.gathered(sorted(values)) for name in mine})
        numbers = torch.tensor([float(values.get(name, 0.0)) for name in names], dtype=torch.float64, device=self.device)
        dist.all_reduce(numbers, op=how)
        return dict(zip(names, numbers.tolist(), strict=True))

    def gathered(self, value: Any) -> list[Any]:
        """Every process's value, as JSON takes it, in the order of the processes."""
        if self.world == 1:
            return [value]
        data = torch.frombuffer(bytearray(json.dumps(value).encode()), dtype=torch.uint8).to(self.device)
        sizes = [torch.zeros(1, dtype=torch.int64, device=self.device) for _ in range(self.world)]
        dist.all_gather(sizes, torch.tensor([len(data)], dtype=torch.int64, device=self.device))
        longest = max(int(n) for n in sizes)
        padded = torch.zeros(longest, dtype=torch.uint8, device=self.device)
        padded[: len(data)] = data
        found = [torch.empty_like(padded) for _ in range(self.world)]
        dist.all_gather(found, padded)
        return [json.loads(bytes(t[: int(n)].tolist())) for t, n in zip(found, sizes, strict=True)]

    def told(self, value: Any) -> Any:
        """The main process's value, on all."""
        return value if self.world == 1 else self.gathered(value if self.is_main else None)[0]

    def barrier(self) -> None:
        """Wait for the others."""
        self.told(None)

    def wrap(self, model: Any) -> Any:
        """The model ready to be trained by all: as it is where there is one process. Raises CurateError where a model was to be sharded and is not."""
        model.to(self.device)
        if self.world == 1:
            return model
        if self.kind == "ddp":
            if not any(p.requires_grad for p in model.parameters()):  # a reference: nothing to share
                return model
            return DistributedDataParallel(model, broadcast_buffers=False, find_unused_parameters=False)
        for block in _blocks(model):
            fully_shard(block)
        fully_shard(model, reshard_after_forward=False)  # the vocabulary is used once more after the blocks
        plain = [name for name, p in model.named_parameters() if not isinstance(p, DTensor)]
        if plain:
            raise CurateError(f"the model could not be sharded: {plain[0]} is whole on every process")
        return model

    @contextmanager
    def accumulate(self, model: Any, *, last: bool) -> Iterator[None]:
        """Around a forward and backward pass: gradients are shared after the `last` one of a step alone."""
        if self.world == 1:
            yield
        elif isinstance(model, DistributedDataParallel):
            model.require_backward_grad_sync = last
            yield
        else:
            model.set_requires_gradient_sync(last)
            yield


def _blocks(model: Any) -> list[Any]:
    """The transformer's layers: the modules of the classes that the model says are not to be split."""
    names = {name for m in model.modules() for name in getattr(m, "_no_split_modules", None) or ()}
    return [m for m in model.modules() if type(m).__name__ in names]


def _is_the_connections(error: RuntimeError) -> bool:
    text = str(error).lower()
    return any(word in text for word in ("connection closed", "connection reset", "gloo", "nccl", "broken pipe"))
