"""Attention within each text of a row, and nowhere else.

Departs from a mask over the whole row: with T tokens in a row, of which each sees its own text alone, most of T x T products are thrown away, and on a CPU that is a quarter of a step. Here each text (or each tree of answers) goes
through torch's attention by itself. Without a mask where its tokens see all before them, since torch then leaves out the upper triangle too; with its part of the row's mask where they do not (a sliding window shorter than the text,
answers that share a prompt). Whatever else calls the model, without `spans`, gets transformers' own attention.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

Tensor = Any  # torch.Tensor: torch is not typed here

NAME = "r1_curate_spans"  # under which transformers knows it


class Span(NamedTuple):
    """Tokens next to each other that see nothing of the others. `causal`: each sees all that stand before it."""

    tokens: int
    causal: bool


def attend(
    module: Any,
    query_1HTC: Tensor,
    key_1GTC: Tensor,
    value_1GTC: Tensor,
    mask_11TT: Tensor | None,
    spans: Sequence[Span] | None = None,
    **other: Any,
) -> tuple[Tensor, None]:
    """transformers' attention function: (1, T, H, C) for T tokens, H heads, G of keys, C numbers each."""
    if spans is None:
        return sdpa_attention_forward(module, query_1HTC, key_1GTC, value_1GTC, mask_11TT, **other)  # type: ignore[no-any-return]
    lengths = [span.tokens for span in spans]
    split = zip(spans, *(x.split(lengths, dim=2) for x in (query_1HTC, key_1GTC, value_1GTC)), strict=True)
    found, at = [], 0
    for span, query, key, value in split:
        part = slice(at, at + span.tokens)
        mask = None if span.causal or mask_11TT is None else mask_11TT[:, :, part, part]
        found.append(sdpa_attention_forward(module, query, key, value, mask, **other)[0])
        at += span.tokens
    return torch.cat(found, dim=1), None


def install(model: Any) -> None:
    """Let the model use it where it would use torch's attention; a model with an attention of its own keeps that."""
    if model.config.get_text_config()._attn_implementation == "sdpa" and model._can_set_attn_implementation():
        AttentionInterface.register(NAME, attend)
        AttentionMaskInterface.register(NAME, sdpa_mask)
        model.set_attn_implementation(NAME)


def installed(config: Any) -> bool:
    """Whether a model with this text config takes spans."""
    return bool(config._attn_implementation == NAME)
