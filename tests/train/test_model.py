import numpy as np
import pytest
import torch
import transformers

from curate.errors import CurateError, UsageError
from tests.train import toys
from train import model as m

FAMILIES = list(toys.FAMILIES)


def texts(*lengths: int, seed: int = 0) -> list[m.Text]:
    generator = np.random.default_rng(seed)
    return [m.Text(generator.integers(0, 256, n), generator.random(n) < (np.arange(n) > 0) * 0.7) for n in lengths]


@pytest.fixture(params=FAMILIES, scope="module")
def loaded(request, tmp_path_factory):
    return m.load(str(toys.directory(tmp_path_factory.mktemp(request.param), request.param)))


def test_a_packed_row_is_its_texts_one_by_one_to_1e_6(loaded):
    scorer, parts = m.Scorer(loaded.model), texts(21, 3, 34, 12)
    with torch.no_grad():
        together = scorer(m.packed(parts)).logprobs_N
        alone = torch.cat([scorer(m.packed([t])).logprobs_N for t in parts])
    assert loaded.packs
    assert float((together - alone).abs().max()) < 2e-6


def test_answers_that_share_their_prompt_are_scored_as_alone_in_value_and_gradient(loaded):
    generator = np.random.default_rng(1)
    trees = [
        m.Tree(generator.integers(0, 256, p), [generator.integers(0, 256, n) for n in answers])
        for p, answers in ((19, (5, 30, 1)), (7, (11,)), (12, (9, 9)))
    ]
    alone = [
        m.Text(np.r_[tree.prompt_T, a], np.arange(len(tree.prompt_T) + len(a)) >= len(tree.prompt_T))
        for tree in trees
        for a in tree.answers
    ]
    scorer = m.Scorer(loaded.model)
    assert loaded.shares
    found = []
    for rows in ([m.planted(trees)], [m.packed([t]) for t in alone]):
        loaded.model.zero_grad()
        scored = torch.cat([scorer(row).logprobs_N for row in rows])
        (scored * torch.linspace(-1, 1, len(scored))).sum().backward()
        found.append((scored.detach(), [p.grad.clone() for p in loaded.model.parameters()]))
    (shared, gradients), (separate, wanted) = found
    assert float((shared - separate).abs().max()) < 1e-5
    largest = max(float(g.abs().max()) for g in wanted)
    assert max(float((a - b).abs().max()) for a, b in zip(gradients, wanted, strict=True)) < 1e-5 * max(1.0, largest)


def test_the_owner_of_a_target_is_its_answer():
    row = m.planted([m.Tree(np.array([1, 2]), [np.array([3]), np.array([4, 5])]), m.Tree(np.array([6]), [np.array([7, 8])])])
    assert row.targets_N.tolist() == [3, 4, 5, 7, 8]
    assert row.owner_N.tolist() == [0, 1, 1, 2, 2]
    assert row.from_N.tolist() == [1, 1, 3, 5, 6]
    assert row.positions_T.tolist() == [0, 1, 2, 2, 3, 0, 1, 2]


@pytest.mark.parametrize("how", ["mask", "cache"])
def test_the_two_calls_that_mix_texts_without_a_word_do_mix_them(how):
    """What the row of `packed` must never be given: should transformers mend this, the test says so."""
    model, (a, b) = toys.model(), texts(9, 12)
    ids = torch.tensor(np.r_[a.ids_T, b.ids_T])[None]
    positions = torch.tensor(np.r_[np.arange(9), np.arange(12)])[None]
    given = {"attention_mask": torch.ones_like(ids), "use_cache": False} if how == "mask" else {"use_cache": True}
    with torch.inference_mode():
        mixed = model(input_ids=ids, position_ids=positions, **given).logits[0, 9:]
        alone = model(input_ids=ids[:, 9:], use_cache=False).logits[0]
    assert float((mixed - alone).abs().max()) > 1e-2


def test_entropy_and_temperature_are_those_of_the_whole_distribution(loaded):
    row = m.packed(texts(17))
    with torch.inference_mode():
        scored = m.Scorer(loaded.model)(row, temperature=0.7, entropy=True)
        logits = loaded.model(input_ids=torch.from_numpy(row.tokens_T)[None], use_cache=False).logits[0] / 0.7
    logp = logits.log_softmax(-1)[row.from_N]
    assert torch.allclose(scored.logprobs_N, logp[torch.arange(len(row.targets_N)), row.targets_N], atol=1e-5)
    assert torch.allclose(scored.entropy_N, -(logp.exp() * logp).sum(-1), atol=1e-5)


def test_no_dropout_is_left(loaded):
    loaded.model.train()
    row = m.packed(texts(30))
    scorer = m.Scorer(loaded.model)
    assert torch.equal(scorer(row).logprobs_N, scorer(row).logprobs_N)


def built(where, kind, config):
    toys.tokenizer().save_pretrained(where)
    torch.manual_seed(0)
    made = getattr(transformers, f"{kind}Config")(vocab_size=262, hidden_size=16, num_hidden_layers=1, initializer_range=0.2, **config)
    transformers.AutoModelForCausalLM.from_config(made).save_pretrained(where)
    return str(where)


def test_a_model_that_carries_one_text_into_the_next_is_given_them_one_by_one(tmp_path):
    loaded = m.load(built(tmp_path, "Mamba", {"state_size": 4}))
    assert not loaded.packs
    assert not loaded.shares


def test_what_is_no_model_for_the_trainers_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(CurateError, match=r"none that the trainers can train"):
        m.load(built(tmp_path, "Bert", {"num_attention_heads": 2, "intermediate_size": 16, "is_decoder": True}))


def test_a_directory_that_is_no_model_or_not_whole_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no config"):
        m.load(str(tmp_path))
    toys.directory(tmp_path / "m")
    (tmp_path / "m" / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(CurateError, match="cannot be loaded"):
        m.load(str(tmp_path / "m"))


def test_a_tokenizer_of_another_model_is_refused(tmp_path):
    toys.directory(tmp_path, vocabulary=100)
    with pytest.raises(CurateError, match="do not belong together"):
        m.load(str(tmp_path))


@pytest.mark.parametrize("tied", [True, False])
def test_a_saved_model_is_loaded_by_transformers_with_the_same_weights_template_and_end(tmp_path, tied):
    loaded = m.load(str(toys.directory(tmp_path / "base", tied=tied)))
    m.save(loaded, loaded.model.state_dict(), tmp_path / "out", ends=[257])
    again = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    for (name, a), (_, b) in zip(loaded.model.named_parameters(), again.named_parameters(), strict=True):
        assert torch.equal(a, b), name
    assert again.generation_config.eos_token_id == [257]
    assert transformers.AutoTokenizer.from_pretrained(tmp_path / "out").chat_template == toys.TEMPLATE
    assert not (tmp_path / "out.tmp").exists()
