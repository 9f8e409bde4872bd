import pytest
import torch
import transformers

from tests.train import toys
from train import model as m
from train.lora import add_lora, merged_state
from train.optim import trained_parameters


@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma2"])
def test_a_model_that_is_written_has_its_adapters_merged(family, tmp_path):
    loaded = m.load(str(toys.directory(tmp_path / "base", family)))
    before = {n: t.clone() for n, t in loaded.model.state_dict().items()}
    add_lora(loaded.model, 4)
    trained = dict(trained_parameters(loaded.model))
    assert trained
    assert all("lora_" in name for name in trained)
    torch.manual_seed(0)
    with torch.no_grad():
        for p in trained.values():
            p.normal_(std=0.05)
        ids = torch.randint(0, 256, (1, 20))
        wanted = loaded.model(input_ids=ids, use_cache=False).logits
    state = dict(merged_state(loaded.model))
    assert set(state) <= set(before)
    assert any(not torch.equal(state[n], before[n]) for n in state)
    m.save(loaded, state, tmp_path / "out", ends=[257])
    again = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path / "out", attn_implementation=loaded.model.config._attn_implementation
    )
    with torch.no_grad():
        assert torch.allclose(again(input_ids=ids, use_cache=False).logits, wanted, atol=1e-4)


def test_without_adapters_the_state_is_the_models_own_and_tied_tensors_come_once(tmp_path):
    loaded = m.load(str(toys.directory(tmp_path, tied=True)))
    state = dict(merged_state(loaded.model))
    assert "lm_head.weight" not in state
    assert all(torch.equal(state[n], p) for n, p in loaded.model.named_parameters())
