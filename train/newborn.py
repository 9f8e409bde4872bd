"""A small model of any family that knows nothing, with a tokenizer of words that are named: where a pipeline begins that needs no downloaded model.

Departs from a trained tokenizer in that a token is one of the words, and what is in none of them is the unknown token. The words' own spaces belong to them (" then"), so a number is the same token wherever it stands.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.errors import UsageError
from curate.stage import Task
from curate.tasks import settings

SPECIAL = ("<pad>", "<s>", "</s>", "<unk>")
TEMPLATE = (
    "{% for m in messages %}{{ m.content }}{% if m.role == 'assistant' %}</s>{% else %}:{% endif %}{% endfor %}"
    "{% if enable_thinking is defined and not enable_thinking and add_generation_prompt %}<think></think>{% endif %}"
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What it is, and how large: as it stands, a Llama of some 0.9 million parameters. `family` is a causal model's name in transformers: llama, qwen3, gemma3_text, gpt2."""

    family: str = "llama"
    hidden: int = 128
    layers: int = 4
    heads: int = 4
    context: int = 128
    seed: int = 0


def newborn(directory: Path, words: Sequence[str], shape: Shape = Shape(), template: str = TEMPLATE) -> int:  # frozen
    """Write a model directory; the number of parameters is returned. Raises UsageError for words that are twice there or are special tokens, and for a family that transformers does not have."""
    import torch
    import transformers
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

    vocabulary = [*SPECIAL, *words]
    if len(set(vocabulary)) < len(vocabulary) or "" in vocabulary:
        raise UsageError("the words of a new model must be different, and none of them empty or a special token")
    made = Tokenizer(models.WordLevel({w: i for i, w in enumerate(vocabulary)}, unk_token="<unk>"))
    longest_first = sorted(words, key=len, reverse=True)
    pieces = "|".join([*map(re.escape, longest_first), "."])
    made.pre_tokenizer = pre_tokenizers.Split(Regex(pieces), "isolated")
    made.decoder = decoders.Fuse()
    made.add_special_tokens([AddedToken(t, special=True) for t in SPECIAL])
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>", clean_up_tokenization_spaces=False
    )
    tokenizer.chat_template = template
    tokenizer.save_pretrained(directory)
    torch.manual_seed(shape.seed)
    model = transformers.AutoModelForCausalLM.from_config(_config(shape, len(vocabulary)))
    model.save_pretrained(directory)
    return int(model.num_parameters())


def _config(shape: Shape, vocabulary: int) -> Any:
    """The family's configuration: names that all families understand, and its own defaults for the rest."""
    import transformers
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    if shape.family not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        raise UsageError(
            f"transformers has no causal language model of the family {shape.family!r}; it has llama, qwen3, gemma3_text, gpt2 and others"
        )
    return transformers.AutoConfig.for_model(
        shape.family,
        vocab_size=vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=3 * shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        head_dim=shape.hidden // shape.heads,
        max_position_embeddings=shape.context,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )


def stage(task: Task) -> None:
    """A pipeline's stage: a model of `words` and `shape`, to the output `model`."""
    given = settings(task)
    newborn(task.outputs["model"], given["words"], Shape(**given.get("shape", {})), given.get("template", TEMPLATE))
