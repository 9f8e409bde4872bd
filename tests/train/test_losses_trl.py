"""Losses, gradients and advantages against TRL 1.16: its own trainers, given our tensors.

Real trainers on a Llama of 7,000 parameters. Of GRPOTrainer only that is replaced which would sample: what was generated, its rewards, and
(but in the last test) the log-probabilities; padding, importance weights, advantages, loss and normalisation are TRL's code.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from train.logprobs import Head, summed_nll, token_logprobs
from train.losses import (
    group_advantages,
    judge_truncated,
    loss_units,
    overlong_penalty,
    pairwise_loss,
    policy_loss,
    sft_loss,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*:Warning:(trl|transformers|accelerate|datasets|peft|huggingface_hub|torch)"),
    pytest.mark.filterwarnings("ignore:.*lr_scheduler.step.*:UserWarning"),
]
Tensor = Any
trl = pytest.importorskip("trl")

PAD, EOS, WORDS = 0, 1, 40
COMPLETIONS = [[5, 6, 7, EOS], [8, 9], [4, 3, 2, 9, 8, EOS], [7], [11, 12, EOS], [13, 14, 15, 16, 17, EOS], [18, EOS], [19, 20, 21, 22]]
PROMPTS = [[30, 31, 32]] * 4 + [[33]] * 4
B, T, GROUPS = len(COMPLETIONS), max(map(len, COMPLETIONS)), torch.tensor([0] * 4 + [1] * 4)
MASK_BT = torch.arange(T) < torch.tensor([len(c) for c in COMPLETIONS])[:, None]
REWARDS_B = torch.tensor([1.0, 0.0, 0.0, 0.3, 1.0, 1.0, float("nan"), 0.2])
LONGEST = 10  # max_completion_length


@pytest.fixture(scope="module", autouse=True)
def without_vllm() -> None:
    """TRL would import vLLM (several seconds) and warn of its version: it is looked up on TRL's own first import, and is none of our
    business here.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "vllm", None)
        assert all(hasattr(trl, name) for name in ("GRPOTrainer", "SFTTrainer", "RewardTrainer"))


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama and a tokenizer of words, on disk: TRL loads its reference model by name."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    path = tmp_path_factory.mktemp("tiny")
    words = Tokenizer(models.WordLevel({"<pad>": PAD, "<eos>": EOS} | {f"w{i}": i for i in range(2, WORDS)}, unk_token="<pad>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="<eos>").save_pretrained(path)
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2}
    config = LlamaConfig(vocab_size=WORDS, initializer_range=0.5, bos_token_id=None, eos_token_id=EOS, pad_token_id=PAD, **sizes)
    LlamaForCausalLM(config).save_pretrained(path)
    return path


class Given(NamedTuple):
    """Log-probabilities of the same tokens: by the policy (a leaf), when they were sampled, by the reference, by the engine."""

    policy_BT: Tensor
    old_BT: Tensor
    ref_BT: Tensor
    rollout_BT: Tensor


def given(seed: int = 0) -> Given:
    g = torch.Generator().manual_seed(seed)
    policy_BT = -3 * torch.rand(B, T, generator=g)

    def near(spread: float) -> Tensor:
        return policy_BT + spread * torch.randn(B, T, generator=g)

    return Given(policy_BT.clone().requires_grad_(), near(0.4), near(0.7), near(0.6))


def grpo(
    model_dir: Path, tmp_path: Path, tensors: Given | None, rewards_B: Tensor, *, vllm: bool = False, **options: Any
) -> tuple[Any, dict[str, Any]]:
    """(a real trainer, the batch that it made of our rollout)."""
    from datasets import Dataset

    class Trainer(trl.GRPOTrainer):  # type: ignore[misc]
        def _generate(self, prompts: Any) -> Any:
            engine = None if tensors is None else [r[: len(c)].tolist() for r, c in zip(tensors.rollout_BT, COMPLETIONS, strict=True)]
            return PROMPTS, COMPLETIONS, None, ["" for _ in COMPLETIONS], engine, {}, None, None

        def _calculate_rewards(self, *_: Any) -> Any:
            return rewards_B[:, None]

        def _get_per_token_logps_and_entropies(self, model: Any, *args: Any, **kwargs: Any) -> Any:
            if tensors is None:
                return super()._get_per_token_logps_and_entropies(model, *args, **kwargs)
            scored = tensors.policy_BT if torch.is_grad_enabled() else tensors.ref_BT if model is self.ref_model else tensors.old_BT
            return scored, torch.zeros(B, T), None

    # Two passes over each rollout, so that TRL scores it once more before the first and the ratio differs from 1.
    args = trl.GRPOConfig(
        output_dir=str(tmp_path), use_cpu=True, bf16=False, report_to=[], gradient_checkpointing=False, num_iterations=2,
        per_device_train_batch_size=B, num_generations=4, max_completion_length=LONGEST, use_bias_correction_kl=False, **options,
    )  # fmt: skip
    rows = Dataset.from_list([{"prompt": "w3"}])
    trainer = Trainer(model=str(model_dir), reward_funcs=lambda **_: [0.0], args=args, train_dataset=rows)
    trainer.use_vllm, trainer.current_gradient_accumulation_steps = vllm, 1
    trainer.model.train()
    return trainer, trainer._generate_and_score_completions([{"prompt": "w3"}] * B)


def same(ours: Tensor, theirs: Tensor, leaves: Sequence[Tensor], their_leaves: Sequence[Tensor] | None = None) -> None:
    """Loss and gradients to 1e-5, and gradients that are not all zero."""
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    for a, b in zip(torch.autograd.grad(ours, leaves), torch.autograd.grad(theirs, their_leaves or leaves), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
        assert b.abs().max() > 1e-4


NORMALISE = {"grpo": "sequence", "dapo": "token", "dr_grpo": "constant"}


@pytest.mark.parametrize("loss_type", NORMALISE)
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({}, {}),
        ({"beta": 0.1}, {"kl_coef": 0.1}),
        ({"epsilon": 0.1, "epsilon_high": 0.28}, {"clip_low": 0.1, "clip_high": 0.28}),
        ({"epsilon": 10.0, "beta": 0.001}, {"clip_low": 10.0, "clip_high": 10.0, "kl_coef": 0.001}),
        ({"delta": 1.5}, {"dual_clip": 1.5}),
        ({"vllm": True}, {"rollout": True}),
        (
            {"vllm": True, "beta": 0.1, "epsilon_high": 0.28, "delta": 1.4},
            {"rollout": True, "kl_coef": 0.1, "clip_high": 0.28, "dual_clip": 1.4},
        ),
    ],
    ids=["plain", "kl", "clip-higher", "r1", "two-sided", "importance", "all"],
)  # fmt: skip
def test_grpo(model_dir: Path, tmp_path: Path, loss_type: str, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    t = given()
    theirs = {
        "beta": 0.0,
        "epsilon": 0.2,
        "vllm_importance_sampling_mode": "token_truncate",
        "vllm_importance_sampling_clip_max": 2.0,
    } | theirs
    trainer, batch = grpo(model_dir, tmp_path, t, REWARDS_B, loss_type=loss_type, **theirs)
    advantages = group_advantages(REWARDS_B, GROUPS)
    torch.testing.assert_close(advantages.values_B, batch["advantages"], rtol=1e-5, atol=1e-5)
    options = {"clip_low": 0.2, "clip_high": 0.2} | ours
    parts = policy_loss(
        t.policy_BT, t.old_BT, advantages.values_B, MASK_BT,
        normalise=NORMALISE[loss_type],  # type: ignore[arg-type]
        denominator=loss_units(MASK_BT, NORMALISE[loss_type], LONGEST),  # type: ignore[arg-type]
        ref_logprobs_BT=t.ref_BT if "kl_coef" in options else None,
        rollout_logprobs_BT=t.rollout_BT if options.pop("rollout", False) else None,
        **options,
    )  # fmt: skip
    same(parts.loss, trainer._compute_loss(trainer.model, batch), [t.policy_BT])
    metrics, mean = trainer._metrics["train"], {k: v.item() / parts.sums["tokens"].item() for k, v in parts.sums.items()}
    if "delta" not in theirs:  # our count of cut tokens has the dual clip's in it
        assert mean["clipped_low"] == pytest.approx(metrics["clip_ratio/low_mean"][-1])
        assert mean["clipped_high"] == pytest.approx(metrics["clip_ratio/high_mean"][-1])
    if "kl_coef" in options:
        assert mean["kl"] == pytest.approx(metrics["kl"][-1], rel=1e-5)
    if "vllm" in theirs:
        assert mean["mismatch"] == pytest.approx(metrics["sampling/sampling_logp_difference/mean"][-1], rel=1e-5)
        assert parts.mismatch_max.item() == pytest.approx(metrics["sampling/sampling_logp_difference/max"][-1], rel=1e-5)
        assert 0 < mean["cut"] < 0.5


def test_a_token_that_the_engine_did_not_score_counts_as_it_is(model_dir: Path, tmp_path: Path) -> None:
    t = given()
    t.rollout_BT[0, 1] = t.rollout_BT[2, 0] = torch.nan
    how = {"vllm_importance_sampling_mode": "token_truncate", "vllm_importance_sampling_clip_max": 2.0}
    trainer, batch = grpo(model_dir, tmp_path, t, REWARDS_B, vllm=True, beta=0.0, epsilon=0.2, **how)
    parts = policy_loss(
        t.policy_BT, t.old_BT, batch["advantages"], MASK_BT, normalise="token", denominator=MASK_BT.sum(), rollout_logprobs_BT=t.rollout_BT
    )
    same(parts.loss, trainer._compute_loss(trainer.model, batch), [t.policy_BT])


@pytest.mark.parametrize("loss_type", ["dapo", "grpo"])
def test_masking_truncated_completions(model_dir: Path, tmp_path: Path, loss_type: str) -> None:
    """On purpose different for "grpo": TRL divides by all completions, we by those that still have a token, so that masking one and
    leaving it out of the batch are the same. With the token mean both agree: the denominator is what is left."""
    t = given()
    truncated_B = torch.tensor([c[-1] != EOS for c in COMPLETIONS])
    trainer, batch = grpo(model_dir, tmp_path, t, REWARDS_B, loss_type=loss_type, beta=0.0, epsilon=0.2, mask_truncated_completions=True)
    rewards_B, mask_BT = judge_truncated(REWARDS_B, MASK_BT, truncated_B, "mask")
    advantages_B = group_advantages(rewards_B, GROUPS).values_B
    torch.testing.assert_close(advantages_B, batch["advantages"], rtol=1e-5, atol=1e-5)  # masked, not dropped from the baseline
    normalise = NORMALISE[loss_type]
    units = loss_units(mask_BT, normalise)  # type: ignore[arg-type]
    parts = policy_loss(t.policy_BT, t.old_BT, advantages_B, mask_BT, normalise=normalise, denominator=units)  # type: ignore[arg-type]
    theirs = trainer._compute_loss(trainer.model, batch)
    if loss_type == "grpo":
        assert units == (~truncated_B).sum() < B
        theirs = theirs * B / units
    same(parts.loss, theirs, [t.policy_BT])


def test_dual_clip_under_a_wide_clip_is_not_trls_delta(model_dir: Path, tmp_path: Path) -> None:
    """TRL's delta bounds the ratio before the minimum with the clipped one, so below 1 + epsilon it does nothing: with R1's epsilon of 10,
    a token of negative advantage still counts up to 11-fold. Ours (Ye et al., arXiv 1912.09729) bounds the loss itself."""
    t = given()
    t.old_BT[1, 0] = t.policy_BT[1, 0].detach() - 2.0  # ratio 7.4
    advantages_B = group_advantages(REWARDS_B, GROUPS).values_B
    assert advantages_B[1] < 0
    trainer, batch = grpo(model_dir, tmp_path, t, REWARDS_B, beta=0.0, epsilon=10.0, delta=3.0)
    wide: dict[str, Any] = {"normalise": "token", "denominator": MASK_BT.sum(), "clip_low": 10.0, "clip_high": 10.0}
    without, ours = (policy_loss(t.policy_BT, t.old_BT, advantages_B, MASK_BT, **wide, dual_clip=c) for c in (None, 3.0))
    same(without.loss, trainer._compute_loss(trainer.model, batch), [t.policy_BT])
    assert without.sums["clipped_high"] == 0
    assert ours.sums["clipped_high"] == 1
    grad_BT = torch.autograd.grad(ours.loss, t.policy_BT)[0]
    assert grad_BT[1, 0] == 0


def test_kl_without_trls_bias_correction() -> None:
    """TRL 1.16 multiplies k3 by the ratio unless told otherwise (DeepSeek-V3.2). R1 predates that, and its formula has no such factor."""
    assert trl.GRPOConfig.__dataclass_fields__["use_bias_correction_kl"].default is True


@pytest.mark.parametrize("scale", ["group", "none", "batch"])
@pytest.mark.parametrize(
    "rewards",
    [
        [1.0, 0.0, 0.0, 0.3, 1.0, 1.0, 0.0, 0.2],
        [1.0, float("nan"), 0.0, 0.3, float("nan"), 0.5, float("nan"), 0.2],
        [0.1, 0.1, 0.1, 0.1, 1.0, 0.0, 1.0, 0.0],
        [float("nan")] * 3 + [0.3, 1.0, 0.0, 1.0, 0.0],
    ],
)
def test_advantages(model_dir: Path, tmp_path: Path, scale: Any, rewards: list[float]) -> None:
    rewards_B = torch.tensor(rewards)
    _, batch = grpo(model_dir, tmp_path, given(), rewards_B, scale_rewards=scale, beta=0.0)
    ours = group_advantages(rewards_B, GROUPS, scale)
    torch.testing.assert_close(ours.values_B, batch["advantages"], rtol=1e-5, atol=1e-5)
    assert ours.unscored_B.tolist() == rewards_B.isnan().tolist()


def test_overlong_penalty() -> None:
    from trl.rewards import get_soft_overlong_punishment

    lengths = [1, 79, 80, 81, 90, 99, 100, 101, 500]
    theirs = get_soft_overlong_punishment(max_completion_len=100, soft_punish_cache=20)(completion_ids=[[1] * n for n in lengths])
    torch.testing.assert_close(overlong_penalty(torch.tensor(lengths), 100, 20), torch.tensor(theirs))


@pytest.mark.parametrize("margin", [False, True])
def test_reward_model(model_dir: Path, tmp_path: Path, margin: bool) -> None:
    from datasets import Dataset
    from transformers import AutoTokenizer, LlamaConfig, LlamaForSequenceClassification
    from transformers.modeling_outputs import SequenceClassifierOutput

    args = trl.RewardConfig(output_dir=str(tmp_path), use_cpu=True, bf16=False, report_to=[], gradient_checkpointing=False)
    sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    scorer = LlamaForSequenceClassification(LlamaConfig(vocab_size=WORDS, num_labels=1, pad_token_id=PAD, eos_token_id=EOS, **sizes))
    rows = Dataset.from_list([{"chosen": "w3 w4", "rejected": "w5"}])
    trainer = trl.RewardTrainer(model=scorer, args=args, train_dataset=rows, processing_class=AutoTokenizer.from_pretrained(model_dir))
    g = torch.Generator().manual_seed(0)
    scores_P = (3 * torch.randn(10, generator=g)).requires_grad_()
    margin_B = torch.rand(5, generator=g) if margin else None
    inputs = {"input_ids": None, "attention_mask": torch.ones(10, 2)} | ({"margin": margin_B} if margin else {})
    theirs = trainer.compute_loss(lambda **_: SequenceClassifierOutput(logits=scores_P[:, None]), inputs)
    chosen_B, rejected_B = scores_P.chunk(2)
    same(pairwise_loss(chosen_B, rejected_B, 5, margin_B), theirs, [scores_P])


def hidden_of(model: Any, ids: list[int]) -> Tensor:
    return model.model(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state[0]


@pytest.mark.parametrize("fused", [False, True])
def test_sft(model_dir: Path, tmp_path: Path, fused: bool) -> None:
    """TRL's batch, padded and in two micro-batches of one step; ours row by row. Prompts are not trained, EOS is."""
    from datasets import Dataset

    args = trl.SFTConfig(
        output_dir=str(tmp_path), use_cpu=True, bf16=False, report_to=[], gradient_checkpointing=False, max_length=None,
        per_device_train_batch_size=2, packing=False, completion_only_loss=True,
    )  # fmt: skip
    text = [("w3 w4", " w5 w6 w7"), ("w9", " w8"), ("w3", " w2 w9 w8 w7 w6"), ("w10 w11 w12", " w13")]
    trainer = trl.SFTTrainer(
        model=str(model_dir), args=args, train_dataset=Dataset.from_list([{"prompt": p, "completion": c} for p, c in text])
    )
    model = trainer.model.train()
    batches = [trainer.data_collator([dict(r) for r in list(trainer.train_dataset)[i : i + 2]]) for i in (0, 2)]
    trained = sum((b["labels"][:, 1:] != -100).sum() for b in batches)
    assert trained == 14
    theirs = sum(trainer.compute_loss(model, dict(b), num_items_in_batch=trained) for b in batches)

    hidden, targets = [], []
    for prompt, completion in text:
        start, ids = len(prompt.split()), [int(w[1:]) for w in f"{prompt}{completion}".split()] + [EOS]
        hidden.append(hidden_of(model, ids)[start - 1 : -1])
        targets += ids[start:]
    hidden_ND, targets_N, head = torch.cat(hidden), torch.tensor(targets), Head(model.lm_head.weight)
    if fused:
        ours = summed_nll(hidden_ND, head, targets_N, torch.ones(len(targets)) / trained)
    else:
        ours = sft_loss(token_logprobs(hidden_ND, head, targets_N).logprobs_N, torch.ones(len(targets)), trained)
    same(ours, theirs, list(model.parameters()))


def test_grpo_end_to_end(model_dir: Path, tmp_path: Path) -> None:
    """Log-probabilities by TRL's forward pass too, at a temperature, on left-padded prompts: gradients of all of the weights."""
    trainer, _ = grpo(model_dir, tmp_path, None, REWARDS_B, loss_type="grpo", beta=0.1, epsilon=0.2, temperature=0.7)
    model = trainer.model
    with torch.no_grad():
        for p in trainer.ref_model.parameters():  # another reference and a policy that has moved
            p.add_(0.02 * torch.randn(p.shape, generator=torch.Generator().manual_seed(1)))
    batch = trainer._generate_and_score_completions([{"prompt": "w3"}] * B)
    old, ref = (score(m, 0.7).detach() for m in (model, trainer.ref_model))
    torch.testing.assert_close(batch["old_per_token_logps"][MASK_BT], old[MASK_BT], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(batch["ref_per_token_logps"][MASK_BT], ref[MASK_BT], rtol=1e-5, atol=1e-5)
    with torch.no_grad():
        model.lm_head.weight.add_(0.1 * torch.randn(WORDS, 16, generator=torch.Generator().manual_seed(2)))
    parts = policy_loss(
        score(model, 0.7), old, group_advantages(REWARDS_B, GROUPS).values_B, MASK_BT, denominator=B, kl_coef=0.1, ref_logprobs_BT=ref
    )
    same(parts.loss, trainer._compute_loss(model, batch), list(model.parameters()))


def score(model: Any, temperature: float) -> Tensor:
    """Our log-probabilities of the completions, each forwarded alone; NaN in the padding, which must not matter."""
    out = torch.full((B, T), torch.nan)
    for i, (prompt, completion) in enumerate(zip(PROMPTS, COMPLETIONS, strict=True)):
        hidden = hidden_of(model, prompt + completion)[len(prompt) - 1 : -1]
        out[i, : len(completion)] = token_logprobs(hidden, Head(model.lm_head.weight), torch.tensor(completion), temperature).logprobs_N
    return out


def gemma2(config: Any) -> Any:
    from transformers import Gemma2Config, Gemma2ForCausalLM

    return Gemma2ForCausalLM(Gemma2Config(final_logit_softcapping=3.0, head_dim=8, **config)), {"softcap": 3.0}


def granite(config: Any) -> Any:
    from transformers import GraniteConfig, GraniteForCausalLM

    return GraniteForCausalLM(GraniteConfig(logits_scaling=4.0, **config)), {"scale": 0.25}


@pytest.mark.parametrize("family", [gemma2, granite])
def test_heads_of_other_families(family: Callable[[Any], Any]) -> None:
    from trl.trainer.utils import add_fused_lm_head

    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2}
    model, head = family(
        {"vocab_size": WORDS, "initializer_range": 0.5, "pad_token_id": PAD, "eos_token_id": EOS, "bos_token_id": None, **sizes}
    )
    add_fused_lm_head(model, temperature=0.7, outputs=("log_probs", "entropy"))
    ids = torch.tensor([[5, 6, 7, 8, 9, 10]])
    theirs = model(input_ids=ids, labels=ids, fused_lm_head=True)
    ours = token_logprobs(hidden_of(model, ids[0].tolist())[:-1], Head(model.lm_head.weight, **head), ids[0, 1:], 0.7, entropy=True)
    torch.testing.assert_close(ours.entropy_N, theirs.entropy[0].detach(), rtol=1e-5, atol=1e-5)
    same(ours.logprobs_N.sum(), theirs.log_probs.sum(), list(model.parameters()))
