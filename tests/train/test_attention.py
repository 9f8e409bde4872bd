"""Attention text by text: who sees whom is in test_model.py, value by value; here is which texts need a mask, and that nothing else changes."""

import numpy as np
import pytest
import torch

from tests.train import toys
from train import attention
from train import model as m


def row(*lengths: int) -> m.Row:
    return m.packed([m.Text(np.arange(n), np.arange(n) > 0) for n in lengths])


@pytest.mark.parametrize(
    ("family", "lengths", "causal"),
    [
        ("llama", (9, 3), [True, True]),
        ("mistral", (8, 9, 3), [True, False, True]),  # all layers look back 8 tokens
        ("qwen2", (8, 9), [True, False]),  # one of two does
        ("qwen3", (1, 1), [True, True]),
    ],
)
def test_a_text_needs_a_mask_only_where_a_layer_looks_less_far_back_than_it_is_long(family, lengths, causal):
    config = toys.model(family).config
    assert [span.tokens for span in m._spans(row(*lengths), config)] == list(lengths)
    assert [span.causal for span in m._spans(row(*lengths), config)] == causal


def test_a_layer_of_an_unknown_kind_gets_a_mask_always():
    config = toys.model("qwen2").config
    config.layer_types = ["chunked_attention", "full_attention"]
    assert not any(span.causal for span in m._spans(row(2, 3), config))


def test_of_trees_only_those_whose_answers_share_a_prompt_need_one():
    def tree(*answers: int) -> m.Tree:
        return m.Tree(np.arange(4), [np.arange(n) for n in answers])

    spans = m._spans(m.planted([tree(2, 3), tree(5)]), toys.model().config)
    assert spans == [attention.Span(9, False), attention.Span(9, True)]


def test_a_model_with_an_attention_of_its_own_keeps_it():
    capped = toys.model("gemma2")
    capped.set_attn_implementation("eager")
    attention.install(capped)
    assert not attention.installed(capped.config)


def test_whoever_gives_no_spans_gets_what_transformers_computes():
    plain, ours = toys.model(), toys.model()
    attention.install(ours)
    assert attention.installed(ours.config)
    ids = torch.tensor([[1, 2, 3, 4, 5], [0, 0, 6, 7, 8]])
    padded = torch.tensor([[1] * 5, [0, 0, 1, 1, 1]])
    with torch.inference_mode():
        for given in ({}, {"attention_mask": padded}, {"position_ids": torch.tensor([[0, 1, 2, 0, 1]] * 2), "use_cache": False}):
            assert torch.equal(ours(ids, **given).logits, plain(ids, **given).logits)


@pytest.mark.parametrize("family", ["llama", "mistral", "gpt2"])
def test_spans_reach_the_layers_that_are_computed_again(family):
    """With gradient checkpointing the backward pass calls the layers anew."""
    found = []
    for checkpointed in (False, True):
        model = toys.model(family)
        m.still(model)
        attention.install(model)
        assert attention.installed(model.config)
        if checkpointed:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        model.train()
        texts = row(9, 12, 5)
        m.Scorer(model)(texts, torch.ones(len(texts.targets_N))).backward()
        found.append([p.grad.clone() for p in model.parameters()])
    assert max(float((a - b).abs().max()) for a, b in zip(*found, strict=True)) < 1e-5
