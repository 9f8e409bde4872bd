"""Several processes that train one model, as torchrun starts them: copies of it that share their gradients (DDP), or each a share of it (FSDP2, torch's own fully_shard).

    torchrun --nproc-per-node 8 --no-python curate train ...

Departs from accelerate, which on a CPU leaves a plain model where FSDP was asked for, without a word: here the parameters are looked at. What is passed between processes beside tensors is JSON, never pickle. One process
without torchrun is the same code with nothing to do.

Where one process fails the others cannot go on. The first to fail leaves a mark for the others, which then end without a word: what the person reads is what went wrong, once.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any, Literal

import torch
import torch.distributed as dist
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
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
    """A plain tensor of the whole of a sharded one (all ranks call it), any other as it is. It carries no gradient: torch would take every rank's for the same one, and keep of each a share."""
    return tensor.detach().full_tensor() if isinstance(tensor, DTensor) else tensor


def keeps() -> bool:
    """Whether this process is the one that keeps what all have gathered."""
    return not dist.is_initialized() or bool(dist.get_rank() == 0)


class Ranks:
    """The processes of a run, this one by its number. A context manager; made by `join`."""

    def __init__(self, kind: Kind, rank: int, world: int, device: str, store: Any = None) -> None:
        self.kind, self.rank, self.world, self.device = kind, rank, world, device
        self._store = store  # torchrun's, where processes leave each other words
        self._copies: list[Any] = []  # the models that DDP wraps

    @classmethod
    def join(cls, kind: Kind) -> "Ranks":
        """Meet the other processes that torchrun started: gradients go by gloo between CPUs and by nccl between GPUs. Alone without torchrun.

        All else goes by gloo: a process that waits for rollouts by nccl would keep the GPU busy that the engine samples on. Raises CurateError for more processes than GPUs, and where the others cannot be met.
        """
        world, rank, local = (int(os.environ.get(name, default)) for name, default in (("WORLD_SIZE", 1), ("RANK", 0), ("LOCAL_RANK", 0)))
        gpus = torch.cuda.device_count()
        if gpus and local >= gpus:
            raise CurateError(f"there are more processes than the {gpus} GPUs of this machine: give torchrun --nproc-per-node {gpus}")
        device = f"cuda:{local}" if gpus else "cpu"
        if gpus:
            torch.cuda.set_device(device)
        if world == 1:
            return cls(kind, rank, world, device)
        try:
            store, _, _ = next(dist.rendezvous("env://", rank, world, timeout=PATIENCE))
            backend = "cpu:gloo,cuda:nccl" if gpus else "gloo"
            dist.init_process_group(backend, store=dist.PrefixStore("group", store), rank=rank, world_size=world, timeout=PATIENCE)
        except (RuntimeError, ValueError) as error:  # ValueError: a variable of torchrun's that is missing
            raise CurateError(f"process {rank} cannot meet the other {world - 1} of this run: {str(error).splitlines()[0]}") from error
        return cls(kind, rank, world, device, dist.PrefixStore("words", store))

    @property
    def is_main(self) -> bool:
        """Whether this process writes, samples and speaks."""
        return self.rank == 0

    def __enter__(self) -> "Ranks":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.world == 1:
            return
        if error is None:
            # torch's reducer, were it the last to let the group go, would wait for gloo's threads while it holds the GIL, which they need to end: a run that is done would hang.
            for model in self._copies:
                model.reducer = model.logger = None
            dist.destroy_process_group()
        elif self._failed_first() != self.rank:
            raise SystemExit(1) from None
        elif isinstance(error, RuntimeError) and _is_the_connections(error):
            raise Lost(
                f"process {self.rank} lost another process of this run, which has ended without a word: the same command goes on from the newest checkpoint"
            ) from None

    def _failed_first(self) -> int:
        """The process that was the first to fail: this one, unless another says so."""
        try:
            return int(self._store.compare_set("failed", "", str(self.rank)))
        except RuntimeError:  # without torchrun the first process holds the words, and it is gone
            return self.rank

    def summed(self, values: Mapping[str, float]) -> dict[str, float]:
        """The sums over processes, in fp64 and in the order of the processes. A name that one of them lacks counts as 0 there."""
        return self._merged(values, sum)

    def maximum(self, values: Mapping[str, float]) -> dict[str, float]:
        """The largest over the processes that have the name."""
        return self._merged(values, max)

    def _merged(self, values: Mapping[str, float], how: Callable[[list[float]], float]) -> dict[str, float]:
        found = self.gathered({name: float(value) for name, value in values.items()})
        return {name: how([mine[name] for mine in found if name in mine]) for name in sorted({n for mine in found for n in mine})}

    def gathered(self, value: Any) -> list[Any]:
        """Every process's value, as JSON takes it, in the order of the processes."""
        if self.world == 1:
            return [value]
        data = _bytes_of(value)
        sizes = [torch.zeros(1, dtype=torch.int64) for _ in range(self.world)]
        dist.all_gather(sizes, torch.tensor([len(data)]))
        padded = torch.zeros(max(int(n) for n in sizes), dtype=torch.uint8)
        padded[: len(data)] = data
        found = [torch.empty_like(padded) for _ in range(self.world)]
        dist.all_gather(found, padded)
        return [_value_of(t[: int(n)]) for t, n in zip(found, sizes, strict=True)]

    def told(self, value: Any) -> Any:
        """The main process's value, on all."""
        if self.world == 1:
            return value
        data = _bytes_of(value if self.is_main else None)
        size = torch.tensor([len(data)])
        dist.broadcast(size, 0)
        if not self.is_main:
            data = torch.empty(int(size), dtype=torch.uint8)
        dist.broadcast(data, 0)
        return _value_of(data)

    def barrier(self) -> None:
        """Wait for the others."""
        self.gathered(None)

    def wrap(self, model: Any) -> Any:
        """The model ready to be trained by all: as it is where there is one process. Raises CurateError where a model was to be sharded and is not."""
        model.to(self.device)
        if self.world == 1:
            return model
        if self.kind == "ddp":
            if not any(p.requires_grad for p in model.parameters()):  # a reference: nothing to share
                return model
            copy = DistributedDataParallel(model)
            copy.broadcast_buffers = False  # once is enough; set here, since torch 2.13 renames the argument and 2.8 has no other name
            self._copies.append(copy)
            return copy
        for tensor in (*model.parameters(), *model.buffers()):  # as DDP does: what was drawn at random is the same on all
            dist.broadcast(tensor.detach(), 0)
        for module in (*_blocks(model), model):
            # The root, too: left whole after a forward pass without a backward one, its parameters are others than those that the optimizer knows.
            fully_shard(module, reshard_after_forward=True)
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


def _bytes_of(value: Any) -> Tensor:
    return torch.frombuffer(bytearray(json.dumps(value).encode()), dtype=torch.uint8)


def _value_of(data: Tensor) -> Any:
    return json.loads(data.numpy().tobytes())


def _is_the_connections(error: RuntimeError) -> bool:
    """Whether an error says that the other end of a connection is gone; torch gives gloo's a type of no kind of its own."""
    signs = ("connection closed by peer", "connection reset by peer", "broken pipe", "gloo/transport", "remote process exited")
    return isinstance(error, dist.DistNetworkError) or any(sign in str(error).lower() for sign in signs)
