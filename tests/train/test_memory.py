"""The estimate of a run's memory: parameters counted exactly, what a real forward pass keeps to the byte, and a whole process within a quarter."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, Gemma2Config, GPT2Config, LlamaConfig, MixtralConfig, Qwen3Config

from curate.errors import CurateError, UsageError
from train import attention
from train.lora import add_lora
from train.memory import UNUSED, estimate, render
from train.model import computing, still

SMALL = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 80,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
LLAMA = LlamaConfig(**SMALL, tie_word_embeddings=True)
CONFIGS = {
    "tied": LLAMA,
    "untied": LlamaConfig(**SMALL, tie_word_embeddings=False),
    "qwen3": Qwen3Config(**SMALL, head_dim=8),
    "gemma2": Gemma2Config(**SMALL, head_dim=8, sliding_window=16),
    "gpt2": GPT2Config(vocab_size=300, n_embd=32, n_layer=3, n_head=4, n_positions=128, bos_token_id=0, eos_token_id=0),
}


def made(config: Any) -> Any:
    capped = getattr(config, "attn_logit_softcapping", None) is not None
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager" if capped else "sdpa", dtype=torch.float32)
    attention.install(model)
    still(model)
    return model.train()


def kept(model: Any, tokens: int, dtype: str) -> int:
    """Bytes that a real forward pass of a row of one text leaves behind, parameters apart."""
    storages = {}

    def note(tensor: Any) -> Any:
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    body = getattr(model, model.base_model_prefix)
    spans = {"spans": [attention.Span(tokens, True)]} if attention.installed(model.config) else {}
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor), computing(dtype, "cpu"):
        out = body(
            input_ids=torch.arange(tokens)[None], position_ids=torch.arange(tokens)[None], attention_mask=None, use_cache=False, **spans
        )
    storages[out.last_hidden_state.data_ptr()] = out.last_hidden_state.untyped_storage()
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    return sum(s.nbytes() for at, s in storages.items() if at not in own)


@pytest.mark.parametrize("name", CONFIGS)
def test_parameters_are_counted_exactly(name: str) -> None:
    count = sum(p.numel() for p in made(CONFIGS[name]).parameters())
    found = estimate(CONFIGS[name], tokens_per_row=8).parts
    assert (found["weights"], found["gradients"], found["optimizer"]) == (4 * count, 4 * count, 8 * count)


def test_adapters_train_little_and_a_reference_is_a_second_model() -> None:
    model = made(LLAMA)
    add_lora(model, 4)
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    whole, adapted = estimate(LLAMA, tokens_per_row=64), estimate(LLAMA, tokens_per_row=64, lora_rank=4)
    assert adapted.parts["gradients"] == 4 * trained
    assert adapted.parts["weights"] == whole.parts["weights"] + 4 * trained
    assert adapted.total < whole.total
    assert estimate(LLAMA, tokens_per_row=64, reference=True).parts["weights"] == 2 * whole.parts["weights"]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", CONFIGS)
def test_activations_are_what_a_real_forward_pass_keeps(name: str, dtype: str) -> None:
    assert estimate(CONFIGS[name], tokens_per_row=64, dtype=dtype).parts["activations"] == kept(made(CONFIGS[name]), 64, dtype)


def test_activations_of_adapters_are_what_a_real_forward_pass_keeps() -> None:
    model = made(LLAMA)
    add_lora(model, 4)
    assert estimate(LLAMA, tokens_per_row=64, lora_rank=4).parts["activations"] == kept(model, 64, "bfloat16")


def test_checkpointing_keeps_the_inputs_of_the_layers_and_one_layer() -> None:
    tokens = 128
    plain, saving = (
        estimate(LLAMA, tokens_per_row=tokens, gradient_checkpointing=on, dtype="float32").parts["activations"] for on in (False, True)
    )
    inputs = 4 * tokens * LLAMA.hidden_size * LLAMA.num_hidden_layers
    assert inputs + plain // LLAMA.num_hidden_layers < saving < inputs + plain // 2


def test_the_total_is_the_larger_of_learning_and_stepping_and_what_malloc_holds() -> None:
    found = estimate(LLAMA, tokens_per_row=64, device="cpu")
    p = found.parts
    resting = p["weights"] + p["gradients"] + p["optimizer"]
    assert p["activations"] + p["logits"] > p["step"]
    assert found.total == round((1 + UNUSED) * (resting + p["activations"] + p["logits"]))
    short = estimate(LlamaConfig(**SMALL | {"hidden_size": 512}), tokens_per_row=1, dtype="float32", device="cuda")
    assert short.parts["step"] > short.parts["activations"] + short.parts["logits"]
    assert short.total == sum(short.parts[n] for n in ("weights", "gradients", "optimizer", "step"))


def test_the_table_names_every_part() -> None:
    found = estimate(LLAMA, tokens_per_row=64)
    lines = render(found).splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(found.parts)
    assert f"{found.total / 2**30:.1f} GiB" in lines[0]


def test_a_directory_is_read_by_its_configuration_alone(tmp_path: Path) -> None:
    LLAMA.save_pretrained(tmp_path)
    assert estimate(tmp_path, tokens_per_row=64) == estimate(LLAMA, tokens_per_row=64) == estimate(str(tmp_path), tokens_per_row=64)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        (None, UsageError, "not a model directory"),
        ("{", CurateError, "cannot be loaded"),
        ('{"model_type": "no-such"}', CurateError, "cannot be loaded"),
    ],
)
def test_a_directory_that_is_no_model_is_one_sentence(tmp_path: Path, text: str | None, kind: type[CurateError], words: str) -> None:
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    with pytest.raises(kind, match=words) as caught:
        estimate(tmp_path, tokens_per_row=8)
    assert "\n" not in str(caught.value)


def test_a_mixture_of_experts_is_refused_with_its_reason() -> None:
    with pytest.raises(CurateError, match=r"\(mixtral\).*mixture of experts"):
        estimate(MixtralConfig(), tokens_per_row=8)


RUN = """
import gc, json, resource, sys
import numpy as np, torch
from transformers import AutoModelForCausalLM, LlamaConfig
from train import attention
from train.model import Scorer, Text, packed
from train.optim import clip_grad_norm, make_optimizer, set_lr

def train(config, tokens):
    model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa").train()
    attention.install(model)
    scorer = Scorer(model)
    optimizer = make_optimizer(scorer, weight_decay=0.0)
    set_lr(optimizer, 1e-5)
    text = Text(np.arange(tokens // 2), np.arange(tokens // 2) > 0)
    for rows in (1, 2):
        optimizer.zero_grad(set_to_none=True)
        for _ in range(rows):
            row = packed([text] * 2)
            scorer(row, torch.full((len(row.targets_N),), 1 / tokens)).backward()
        clip_grad_norm(scorer, 1.0)
        optimizer.step()

torch.set_num_threads(1)
asked, tokens = json.loads(sys.argv[1]), int(sys.argv[2])
train(LlamaConfig(**asked | {"num_hidden_layers": 1, "vocab_size": 100}), 16)  # what is loaded at first use
gc.collect()
before = int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
train(LlamaConfig(**asked), tokens)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before)
"""


@pytest.mark.slow
def test_a_whole_process_grows_by_about_the_estimate() -> None:
    asked = {
        "vocab_size": 49_152,
        "hidden_size": 576,
        "intermediate_size": 1536,
        "num_hidden_layers": 4,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
        "tie_word_embeddings": True,
    }  # SmolLM2-135M, 4 of its 30 layers
    done = subprocess.run([sys.executable, "-c", RUN, json.dumps(asked), "256"], capture_output=True, text=True, check=True)
    found = estimate(LlamaConfig(**asked), tokens_per_row=256, dtype="float32", device="cpu").total
    assert 0.6 < found / int(done.stdout) < 1.5  # what malloc holds beside the tensors differs from machine to machine
