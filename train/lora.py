"""Low-rank adapters (Hu et al., arXiv 2106.09685) by peft, as an option of the trainers: only the adapters train, and every model that is written has them merged."""

from collections.abc import Iterator
from typing import Any

import torch
from torch.distributed.tensor import DTensor

from curate.errors import MissingExtra
from train.parallel import full, keeps

Tensor = Any  # torch.Tensor: torch is not typed here

ALPHA = 2.0  # of the rank: the scale that most recipes use


def add_lora(model: Any, rank: int, seed: int = 0) -> None:
    """Put adapters of a rank beside every linear layer but the vocabulary's, and freeze all else. `model` is changed in place; what it begins with follows from the seed. Raises MissingExtra without peft."""
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise MissingExtra("peft", "lora", "training adapters (--lora-rank)") from error
    model.requires_grad_(False)
    turned = any(type(m).__name__ == "Conv1D" for m in model.modules())  # GPT-2's layers hold their weights the other way round
    config = LoraConfig(
        r=rank, lora_alpha=round(ALPHA * rank), target_modules="all-linear", lora_dropout=0.0, task_type="CAUSAL_LM", fan_in_fan_out=turned
    )
    used = {p.device for p in model.parameters() if p.is_cuda}  # without this torch goes to every GPU of the machine
    with torch.random.fork_rng(used):
        torch.manual_seed(seed)
        inject_adapter_in_model(config, model)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("lora_" in name)


def merged_state(model: Any) -> Iterator[tuple[str, Tensor]]:
    """(name, whole tensor) of the plain model, adapters merged, tied tensors once; the model is not changed. All ranks go through it; rank 0 gets them, the others nothing.

    What was sharded comes in the memory of the CPU, so that no GPU ever holds the whole of a model that was sharded because it is too large for one.
    """
    seen: set[int] = set()
    modules = dict(model.named_modules())
    for name, tensor in model.state_dict(keep_vars=True).items():
        if "lora_" in name or id(tensor) in seen:
            continue
        seen.add(id(tensor))
        owner, _, leaf = name.rpartition(".")
        layer = owner.removesuffix(".base_layer")
        whole = full(tensor.detach())
        if layer != owner and leaf == "weight":
            whole = whole + _difference(modules[layer]).to(whole.dtype)
        if keeps():
            yield f"{layer}.{leaf}" if layer else leaf, whole.cpu() if isinstance(tensor, DTensor) else whole


def _difference(layer: Any) -> Tensor:
    """What the adapters add to a layer's weight, in its shape."""
    (name,) = layer.active_adapters
    down, up = (full(part[name].weight.detach()) for part in (layer.lora_A, layer.lora_B))
    added = up.float() @ down.float() * layer.scaling[name]
    return added.T if layer.fan_in_fan_out else added
