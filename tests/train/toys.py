"""Small models with random weights, of several families, and the tokenizer of characters that goes with them."""

from pathlib import Path
from typing import Any

import torch
import transformers

TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% if m.role == 'assistant' %}</s>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SHAPE = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 512,
}
SLIDING = {"sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"]}
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("Llama", {}),
    "qwen2": ("Qwen2", {"use_sliding_window": True, "max_window_layers": 1, **SLIDING}),
    "qwen3": ("Qwen3", {}),
    "mistral": ("Mistral", {"sliding_window": 8}),
    "gemma2": ("Gemma2", {"final_logit_softcapping": 3.0, "attn_logit_softcapping": 5.0, "query_pre_attn_scalar": 8, **SLIDING}),
    "gemma3": ("Gemma3", {"query_pre_attn_scalar": 8, **SLIDING}),
    "gpt2": (
        "GPT2",
        {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512, "embd_pdrop": 0.1, "attn_pdrop": 0.1, "resid_pdrop": 0.1},
    ),
    "granite": ("Granite", {"logits_scaling": 4.0, "embedding_multiplier": 3.0}),
    "cohere": ("Cohere", {"logit_scale": 0.25}),
    "phi": ("Phi", {}),
    "phi3": ("Phi3", {"sliding_window": 8, "pad_token_id": 0}),
}


def tokenizer(template: str | None = TEMPLATE, eos: str | None = "</s>", extra: tuple[str, ...] = ()) -> Any:
    """Bytes as tokens, after `<s>`, `</s>` and what `extra` names as special tokens."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = Tokenizer(models.BPE({c: i for i, c in enumerate(alphabet)}, []))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    words.add_special_tokens([AddedToken(t, special=True) for t in ("<s>", "</s>", *extra)])
    made = transformers.PreTrainedTokenizerFast(tokenizer_object=words, bos_token="<s>", **({} if eos is None else {"eos_token": eos}))
    made.chat_template = template
    return made


def model(family: str = "llama", *, seed: int = 0, spread: float = 0.2, vocabulary: int = 262, tied: bool = True, **config: Any) -> Any:
    """A causal model of a family in fp32, with weights of a spread that lets every part of it be seen in the logits."""
    name, own = FAMILIES[family]
    kind = getattr(transformers, f"{name}TextConfig" if family == "gemma3" else f"{name}Config")
    torch.manual_seed(seed)
    shape = {**({} if family == "gpt2" else SHAPE), **own, **config}
    made = kind(vocab_size=vocabulary, initializer_range=spread, tie_word_embeddings=tied, bos_token_id=256, eos_token_id=257, **shape)
    return transformers.AutoModelForCausalLM.from_config(made)


def directory(where: Path, family: str = "llama", *, template: str | None = TEMPLATE, eos: str | None = "</s>", **other: Any) -> Path:
    """A model directory."""
    tokenizer(template, eos).save_pretrained(where)
    model(family, **other).save_pretrained(where)
    return where


def ending(where: Path) -> Path:
    """A model directory whose model knows nothing, and whose answers end by themselves after some tokens: the head's bias sees to it."""
    from safetensors.torch import load_file, save_file

    made = directory(where, "phi", spread=0.1, tied=False)
    tensors = load_file(made / "model.safetensors")
    tensors["lm_head.bias"][257] = 4.0
    save_file(tensors, made / "model.safetensors", {"format": "pt"})
    return made
