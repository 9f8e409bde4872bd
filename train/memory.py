"""How much memory training a model takes at its peak, before anything is loaded.

Departs from the usual formulas of activations (Korthikanti et al. 2022, arXiv 2205.05198, section 4: 34 bytes times tokens times width a layer, for one architecture, with dropout and half-precision residuals):
the model's own forward pass runs on fake tensors, which have shapes and no storage, and what autograd would keep for the backward pass is added up, each storage once. So it holds for any architecture and follows
what transformers does: keys repeated for their groups, weights that autocast copies. Counted is a row of one text; of a row of several the
attention keeps less.

Counted is one process at the end of a forward pass with the gradients of earlier rows there. Not counted: Python and its libraries (0.4 GiB), a CUDA context, gradients that DDP holds twice.

Measured on a CPU, as what a process grew by over two or three optimizer steps with SmolLM2-135M's layers (4 to 30 of them, 256 to 2,048 tokens, fp32 and bf16, with and without checkpointing; 12 runs): the tensors alone are
17 % less than that in the median, 34 % at worst, most of it memory that malloc holds unused (with MALLOC_MMAP_THRESHOLD_=100000 in the environment four of the runs were within 11 %). With UNUSED added the estimate is off by
5 % in the median and by 21 % at worst, there too low. On a GPU nothing has been measured.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from curate.errors import CurateError, UsageError
from train import attention
from train.logprobs import LOGIT_BYTES
from train.model import computing, still

FP32 = 4  # bytes of a weight, a gradient, a moment of AdamW: all are held in fp32
MOMENTS = 2
UNUSED = 0.2  # of all tensors, on a CPU: what glibc's malloc holds beside them
EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")  # names that configurations have for it
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes by what they are for: weights, gradients, optimizer; then activations and logits, or, when those are gone, the copies that the optimizer's step makes; and what the allocator holds unused."""

    parts: Mapping[str, int]

    @property
    def total(self) -> int:
        """At the peak."""
        return _tensors(self.parts) + self.parts["allocator"]


def _tensors(parts: Mapping[str, int]) -> int:
    resting = sum(parts[name] for name in ("weights", "gradients", "optimizer"))
    return resting + max(parts["activations"] + parts["logits"], parts["step"])


def estimate(
    model: Any,
    *,
    tokens_per_row: int,
    dtype: str = "bfloat16",
    gradient_checkpointing: bool = False,
    lora_rank: int | None = None,
    reference: bool = False,
    device: str | None = None,
) -> Estimate:
    """The peak of training `model` (a directory, or a configuration of transformers) with AdamW on packed rows of that many tokens, all of them trained.

    dtype: of the matrix products. reference: a second model of frozen weights is held for the divergence. device: cpu or cuda; None for what is here. Raises UsageError for a directory that is no model, CurateError
    for an architecture that does not run on fake tensors; a mixture of experts is one, since where its tokens go depends on values.
    """
    config = model if hasattr(model, "get_text_config") else _config(Path(model))
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    cannot = f"the memory that training this model ({config.model_type}) takes cannot be estimated"
    if any(getattr(config.get_text_config(), name, None) for name in EXPERTS):
        raise CurateError(f"{cannot}: it is a mixture of experts")
    try:
        fake = _Fake(config, lora_rank)
        with fake.mode:
            kept = fake.kept(tokens_per_row, dtype)
            if gradient_checkpointing:
                fake.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
                # One layer is computed again at a time; autocast's copies of all weights are there until the forward pass ends.
                kept = fake.kept(tokens_per_row, dtype) + max(kept // config.get_text_config().num_hidden_layers, fake.copied(dtype))
    except (RuntimeError, NotImplementedError, TypeError, ValueError, AttributeError) as error:
        said = str(error).strip().splitlines()
        raise CurateError(f"{cannot}: {said[0] if said else error!r}") from error
    parts = {
        "weights": FP32 * fake.weights * (2 if reference else 1),
        "gradients": FP32 * fake.trained,
        "optimizer": FP32 * fake.trained * MOMENTS,
        "activations": kept,
        "logits": _logits(fake, tokens_per_row, dtype, device),
        # On a GPU torch updates all weights at once and holds the roots of all second moments; on a CPU one weight after the other.
        "step": FP32 * (fake.trained if device == "cuda" else fake.largest),
    }
    return Estimate(parts | {"allocator": round(UNUSED * _tensors(parts)) if device == "cpu" else 0})


def render(found: Estimate) -> str:
    """The estimate as a short table."""
    lines = [f"  {name:<13}{size / GIB:8.2f} GiB" for name, size in found.parts.items()]
    return "\n".join([f"memory at the peak: about {found.total / GIB:.1f} GiB, and what Python, its libraries and the driver take", *lines])


class _Fake:
    """The model as the trainers hold it, of fake tensors. `kept` is called inside its mode."""

    def __init__(self, config: Any, lora_rank: int | None) -> None:
        from transformers import AutoModelForCausalLM

        from train.lora import add_lora

        capped = getattr(config.get_text_config(), "attn_logit_softcapping", None) is not None
        with torch.device("meta"):  # peft moves what it adds, which fake tensors do not let it
            self.model = AutoModelForCausalLM.from_config(
                deepcopy(config), attn_implementation="eager" if capped else "sdpa", dtype=torch.float32
            )
            attention.install(self.model)
            if lora_rank:
                add_lora(self.model, lora_rank)
        still(self.model)
        self.mode = FakeTensorMode()
        with self.mode:
            _on_cpu(self.model)
        self.model.train()
        self.body = getattr(self.model, self.model.base_model_prefix)
        self.head = self.model.get_output_embeddings().weight
        parameters = list(self.model.parameters())  # tied ones once
        self.weights = sum(p.numel() for p in parameters)
        self.trained = sum(p.numel() for p in parameters if p.requires_grad)
        self.largest = max(p.numel() for p in parameters if p.requires_grad)

    def kept(self, tokens: int, dtype: str) -> int:
        """Bytes that the forward pass of a row keeps for the backward pass."""
        storages = {p.untyped_storage()._cdata: p.untyped_storage() for p in self.model.parameters()}
        known = set(storages)

        def note(tensor: Any) -> Any:
            storage = tensor.untyped_storage()
            storages[storage._cdata] = storage  # kept alive, so that no other gets its address
            return tensor

        row_1T = torch.zeros(1, tokens, dtype=torch.long)
        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor), computing(dtype, "cpu"):
            spans = {"spans": [attention.Span(tokens, True)]} if attention.installed(self.body.config) else {}
            out = self.body(input_ids=row_1T, position_ids=torch.arange(tokens)[None], attention_mask=None, use_cache=False, **spans)
        storages[-1] = out.last_hidden_state.untyped_storage()
        return sum(int(s.nbytes()) for key, s in storages.items() if key not in known)

    def copied(self, dtype: str) -> int:
        """Bytes of the copies in `dtype` that autocast keeps of trained matrices during a forward pass."""
        layers = (m for m in self.body.modules() if not isinstance(m, torch.nn.Embedding))
        matrices = [p for layer in layers for p in layer.parameters(recurse=False) if p.ndim == 2 and p.requires_grad]
        return 0 if dtype == "float32" else sum(2 * p.numel() for p in matrices)


def _on_cpu(model: Any) -> None:
    """Fake tensors of the CPU in place of a model's meta tensors, one for those that are tied."""
    made: dict[int, Any] = {}
    for module in model.modules():
        for held in (module._parameters, module._buffers):
            for name, tensor in held.items():
                if tensor is None:
                    continue
                if id(tensor) not in made:
                    empty = torch.empty(tensor.shape, dtype=tensor.dtype)
                    made[id(tensor)] = torch.nn.Parameter(empty, tensor.requires_grad) if held is module._parameters else empty
                held[name] = made[id(tensor)]


def _logits(fake: _Fake, tokens: int, dtype: str, device: str) -> int:
    """What train/logprobs.py holds at the peak: a chunk of logits, the states and their gradient, and copies and gradient of the vocabulary's matrix."""
    words, width = fake.head.shape
    half = dtype != "float32"
    chunk = min(LOGIT_BYTES[device], tokens * words * (2 if half else FP32))
    chunks = chunk * (3 if half and device == "cuda" else 1)  # a GPU has the whole chunk in fp32 beside it
    copies = (FP32 if fake.head.requires_grad else 0) + (
        0 if not half else 4 if fake.head.requires_grad else 2
    )  # gradient; weight and, as a product of its dtype, a chunk's gradient
    matrix = words * width * copies
    return int(chunks + matrix + 2 * FP32 * tokens * width)


def _config(directory: Path) -> Any:
    from transformers import AutoConfig

    if not (directory / "config.json").is_file():
        raise UsageError(f"{directory} is not a model directory: it has no config.json")
    try:
        return AutoConfig.from_pretrained(directory, trust_remote_code=False)
    except Exception as error:  # whatever a library raises for a directory that is no model
        raise CurateError(f"the model in {directory} cannot be loaded: {str(error).strip().splitlines()[0]}") from error
