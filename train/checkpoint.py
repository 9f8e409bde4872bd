"""What a training run needs to go on as if it had never stopped: tensors as safetensors, all else as JSON, never pickle.

    step-N/GROUP.safetensors   one file a group of tensors: model, optimizer, reference ...
    step-N/checkpoint.json     step, state, and of each file its bytes and sha256

A checkpoint is written as step-N.tmp, brought to the disk and renamed: a name without .tmp is a whole checkpoint, whatever was killed when.

Departs from torch.distributed.checkpoint in that a file holds whole tensors, not shards: it is the same file whatever number of processes wrote it, in DDP or FSDP, and any other number may go on from it.
Tensors are gathered one at a time and kept by rank 0 alone.
"""

import base64
import hashlib
import json
import os
import random
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch.distributed.tensor import DTensor, distribute_tensor

from curate.errors import Damaged, StoreError
from train.optim import trained_parameters
from train.parallel import full, keeps, unwrapped

Tensor = Any  # torch.Tensor: torch is not typed here
MOMENTS = ("exp_avg", "exp_avg_sq")  # of AdamW; of the shape of their parameter
STEP = re.compile(r"step-(\d+)")
SHOWN = 3  # names in a sentence


class Checkpoint(NamedTuple):
    """A checkpoint as read. A tensor is read from its file when it is asked for, so that a model larger than the memory left can be loaded."""

    step: int
    tensors: Mapping[str, Mapping[str, Tensor]]
    state: Mapping[str, Any]


class _Group(Mapping[str, Tensor]):
    """The tensors of one file."""

    def __init__(self, path: Path) -> None:
        file: Any = safe_open(path, framework="pt")
        self._get = file.get_tensor
        self._names = dict.fromkeys(file.keys())

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._names:
            raise KeyError(name)
        return self._get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def write(directory: Path, step: int, tensors: Mapping[str, Mapping[str, Tensor]], state: Mapping[str, Any]) -> Path:
    """Write the checkpoint of a run that has done `step` optimizer steps; its directory is returned. One rank calls it, with whole tensors.

    A checkpoint of the same step is replaced. Raises StoreError where it cannot be written: what was written of it is removed and the older ones are as they were.
    """
    final = directory / f"step-{step}"
    temporary = directory / f"step-{step}.tmp"
    needed = sum(t.numel() * t.element_size() for group in tensors.values() for t in group.values())
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        files = {}
        for name, group in tensors.items():
            path = temporary / f"{name}.safetensors"
            save_file({n: t.detach().cpu().contiguous() for n, t in group.items()}, path)
            files[path.name] = {"bytes": path.stat().st_size, "sha256": _sha256(path)}
        said = {"step": step, "files": files, "state": state}
        (temporary / "checkpoint.json").write_text(json.dumps(said | {"sha256": _said_sha256(said)}), encoding="utf-8")
        for path in (*temporary.iterdir(), temporary):
            _sync(path)
        if final.exists():
            final.rename(directory / f"step-{step}.old.tmp")
        temporary.rename(final)
        _sync(directory)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        free = shutil.disk_usage(next(p for p in (directory, *directory.parents) if p.exists())).free
        raise StoreError(
            f"cannot write the checkpoint {final}: {getattr(error, 'strerror', None) or error}. It needs {needed:,} bytes and {free:,} are free on its disk;"
            " the older checkpoints are whole: mend that and the same command goes on from the newest"
        ) from error
    shutil.rmtree(directory / f"step-{step}.old.tmp", ignore_errors=True)
    return final


def _said_sha256(said: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: Path) -> Checkpoint:
    """Read a checkpoint. Raises Damaged where a file is missing or not what was written: nothing of it is used then."""
    try:
        found = json.loads((path / "checkpoint.json").read_text("utf-8"))
        if not isinstance(found, dict) or found.pop("sha256", None) != _said_sha256(found):
            raise ValueError("checkpoint.json has changed since it was written")
        groups = {}
        for name, said in found["files"].items():
            file = path / name
            if file.stat().st_size != said["bytes"] or _sha256(file) != said["sha256"]:
                raise ValueError(f"{name} has changed since it was written")
            groups[file.stem] = _Group(file)
        return Checkpoint(found["step"], groups, found["state"])
    except (OSError, ValueError, SafetensorError) as error:
        why = f"{error.strerror} ({Path(error.filename).name})" if isinstance(error, OSError) and error.filename else error
        raise Damaged(
            f"the checkpoint {path} is damaged: {why}; remove that directory, and the same command goes on from the one before it"
        ) from error


def newest(directory: Path) -> Path | None:
    """The checkpoint of the highest step, None where there is none."""
    return max(_committed(directory), key=_step, default=None)


def prune(directory: Path, keep: int = 2, also: frozenset[int] = frozenset()) -> None:
    """Remove what was left half written, and all checkpoints but the `keep` newest and those of the steps in `also`."""
    for torn in directory.glob("step-*.tmp"):
        shutil.rmtree(torn)
    for path in sorted(_committed(directory), key=_step, reverse=True)[keep:]:
        if _step(path) not in also:
            torn = path.with_name(f"{path.name}.tmp")  # so that one that is half removed has no name of a whole one
            path.rename(torn)
            shutil.rmtree(torn)


def _committed(directory: Path) -> list[Path]:
    return [p for p in directory.glob("step-*") if STEP.fullmatch(p.name)]


def _step(path: Path) -> int:
    return int(path.name.removeprefix("step-"))


def rng_state() -> dict[str, Any]:
    """The state of this process's random numbers (Python's, numpy's, torch's, the GPU's), as JSON takes it."""
    legacy: Any = np.random.get_state()  # its type is that of both of its forms
    kind, keys, *rest = legacy
    found = {
        "python": random.getstate(),
        "numpy": [kind, keys.tolist(), *rest],
        "torch": _text(torch.get_rng_state()),
    }
    return found | ({"cuda": _text(torch.cuda.get_rng_state())} if torch.cuda.is_available() else {})


def set_rng_state(state: Mapping[str, Any]) -> None:
    """Put back what `rng_state` gave, also after a way through JSON. Where one of the two machines has no GPU, the GPU's is left out."""
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    np.random.set_state(tuple(state["numpy"]))
    torch.set_rng_state(_bytes(state["torch"]))
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(_bytes(state["cuda"]))


def _text(tensor: Tensor) -> str:
    return base64.b64encode(tensor.numpy().tobytes()).decode("ascii")


def _bytes(text: str) -> Tensor:
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8)


def model_tensors(model: Any, *, frozen: bool = True) -> dict[str, Tensor]:
    """Copies of the model's whole parameters and persistent buffers by their names without a wrapper, tied ones once; without `frozen` only of what trains.

    All ranks call it; rank 0 gets them, the others an empty dict.
    """
    return _gathered(_named(model, frozen))


def load_model_tensors(model: Any, tensors: Mapping[str, Tensor], *, frozen: bool = True) -> None:
    """Put back what `model_tensors` gave. All ranks call it, each with all tensors. Raises StoreError, with the model as it was, where they are of another one."""
    _load(dict(_named(model, frozen)), tensors, "the model")


def _named(model: Any, frozen: bool) -> Iterator[tuple[str, Tensor]]:
    if not frozen:
        yield from trained_parameters(model)
        return
    seen: set[int] = set()
    for name, tensor in unwrapped(model).state_dict(keep_vars=True).items():
        if id(tensor) not in seen:  # state_dict names a tied one twice
            seen.add(id(tensor))
            yield name, tensor


def optimizer_tensors(model: Any, optimizer: Any) -> dict[str, Tensor]:
    """AdamW's state as "exp_avg/NAME", "exp_avg_sq/NAME", "step/NAME"; a parameter that never had a gradient has none. As `model_tensors` for the ranks."""
    state, known = optimizer.state, {p for group in optimizer.param_groups for p in group["params"]}
    if strange := [name for name, p in trained_parameters(model) if p not in known]:  # its state would be left out without a word
        raise ValueError(f"the optimizer was made of other parameters than the model has now: {strange[0]}")
    return _gathered(
        (f"{kind}/{name}", state[p][kind]) for name, p in trained_parameters(model) if p in state for kind in (*MOMENTS, "step")
    )


def load_optimizer_tensors(model: Any, optimizer: Any, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `optimizer_tensors` gave, into an optimizer of the same model. As `load_model_tensors` for the ranks and errors."""
    state = {
        parameter: {kind: torch.zeros_like(parameter, requires_grad=False) for kind in MOMENTS} | {"step": torch.zeros(())}
        for name, parameter in trained_parameters(model)
        if f"step/{name}" in tensors
    }
    targets = {f"{kind}/{n}": t for n, p in trained_parameters(model) if p in state for kind, t in state[p].items()}
    _load(targets, tensors, "the optimizer")
    optimizer.state.clear()
    optimizer.state.update(state)


def _gathered(named: Iterable[tuple[str, Tensor]]) -> dict[str, Tensor]:
    found = {}
    for name, tensor in named:
        whole = full(tensor.detach())
        if keeps():
            found[name] = whole.to("cpu", copy=True)
    return found


def _load(targets: Mapping[str, Tensor], tensors: Mapping[str, Tensor], whose: str) -> None:
    differ = [f"{n} ({'not in the checkpoint' if n in targets else 'only in the checkpoint'})" for n in targets.keys() ^ tensors.keys()]
    for name in targets.keys() & tensors.keys():
        there, here = tensors[name], targets[name]
        if there.shape != here.shape or there.dtype != here.dtype:
            differ.append(f"{name} ({_described(there)} there, {_described(here)} here)")
    if differ:
        more = f" and {len(differ) - SHOWN} more" if len(differ) > SHOWN else ""
        raise StoreError(f"the checkpoint is of another model, its tensors do not fit {whose}: {', '.join(sorted(differ)[:SHOWN])}{more}")
    with torch.no_grad():
        for name, target in targets.items():
            value = tensors[name].to(target.device)
            if isinstance(target, DTensor):  # every rank has the whole and takes its share, without asking another
                value = distribute_tensor(value, target.device_mesh, target.placements, src_data_rank=None)
            target.copy_(value)


def _described(tensor: Tensor) -> str:
    return f"{list(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"
