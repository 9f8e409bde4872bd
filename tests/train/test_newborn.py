"""A model from nothing: its tokens are the words, its weights follow from the seed."""

from dataclasses import replace

import pytest
import torch
import transformers
from safetensors.torch import load_file

from curate.errors import UsageError
from train.model import load
from train.newborn import Shape, newborn

WORDS = [":", "<think>", "</think>", "sum", " 1", " 11", " then", "从"]
SMALL = Shape(hidden=16, layers=2, heads=2, context=32)


def test_words_are_tokens_the_longest_first_and_what_is_no_word_is_unknown(tmp_path):
    newborn(tmp_path, WORDS, SMALL)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert tokenizer.tokenize("sum 11 1:<think> then从</think>") == ["sum", " 11", " 1", ":", "<think>", " then", "从", "</think>"]
    assert tokenizer.tokenize("sum 7") == ["sum", "<unk>", "<unk>"]
    ids = tokenizer.encode("sum 11:<think> then</think>", add_special_tokens=False)
    assert tokenizer.decode([*ids, tokenizer.eos_token_id], skip_special_tokens=True) == "sum 11:<think> then</think>"


def test_its_template_has_a_switch_for_answers_without_a_chain(tmp_path):
    newborn(tmp_path, WORDS, SMALL)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    asked = [{"role": "user", "content": "sum 1"}]
    assert tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True) == "sum 1:"
    plain = tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True, enable_thinking=False)
    thinking = tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True, enable_thinking=True)
    assert (plain, thinking) == ("sum 1:<think></think>", "sum 1:")


def test_the_trainers_load_it_and_its_weights_follow_from_the_seed(tmp_path):
    count = newborn(tmp_path / "a", WORDS, SMALL)
    newborn(tmp_path / "b", WORDS, SMALL)
    newborn(tmp_path / "c", WORDS, replace(SMALL, seed=1))
    a, b, c = (load_file(tmp_path / name / "model.safetensors") for name in "abc")
    assert all(torch.equal(a[n], b[n]) for n in a)
    assert any(not torch.equal(a[n], c[n]) for n in a)
    loaded = load(str(tmp_path / "a"))
    assert loaded.packs
    assert loaded.shares
    assert sum(p.numel() for p in loaded.model.parameters()) == count


@pytest.mark.parametrize("words", [["a", "a"], ["</s>"], [""]])
def test_words_that_are_no_different_tokens_are_refused(words, tmp_path):
    with pytest.raises(UsageError, match="the words of a new model must be different"):
        newborn(tmp_path, words, SMALL)


@pytest.mark.parametrize("family", ["qwen3", "gemma3_text", "gpt2"])
def test_other_families_are_born_of_about_the_same_size(family, tmp_path):
    count = newborn(tmp_path / "other", WORDS, replace(SMALL, family=family))
    loaded = load(str(tmp_path / "other"))
    assert loaded.model.config.model_type == family
    assert loaded.model.config.eos_token_id == loaded.tokenizer.eos_token_id
    assert count < 2 * newborn(tmp_path / "llama", WORDS, SMALL)


def test_a_family_that_there_is_not_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no causal language model of the family 'lama'"):
        newborn(tmp_path, WORDS, replace(SMALL, family="lama"))
