"""That it learns: a model made from scratch, fine-tuned on worked examples of which most are wrong somewhere, then trained by GRPO alone, and asked about pairs of operands that neither of the two has seen.

An example counts from the first operand up by the second, "3+2: 1>4 2>5 \\boxed{5}", so that a pair that was never seen can be right; at each count three in ten examples go wrong.
"""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import transformers

from curate.engines import EngineSettings
from curate.records import make_prompt
from tests.train.inprocess import InProcess
from train.grpo import Running, grpo
from train.presets import GRPO, SFT
from train.sft import Running as SftRunning
from train.sft import sft

WORDS = ["<pad>", "<s>", "</s>", "+", ":", ">", " ", "\\boxed{", "}", *map(str, range(27))]
TEMPLATE = "{% for m in messages %}{{ m.content }}{% if m.role == 'assistant' %}</s>{% endif %}{% endfor %}{% if add_generation_prompt %}:{% endif %}"
WRONG = 0.3  # of the counts
PAIRS = [(a, b) for a in range(1, 16) for b in range(1, 6)]


def held_out() -> list[tuple[int, int]]:
    """Away from the edges, where few examples count; in either order, since no pair has its larger operand behind."""
    return random.Random(3).sample([p for p in PAIRS if 5 < p[0] < 13], 12)


def example(a: int, b: int, drawn: random.Random) -> str:
    value, counts = a, []
    for i in range(1, b + 1):
        value += drawn.choice((0, 2)) if drawn.random() < WRONG else 1
        counts.append(f" {i}>{value}")
    return f"{''.join(counts)} \\boxed{{{value}}}"


def newborn(where: Path) -> Path:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    words = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="<pad>"))
    words.pre_tokenizer = pre_tokenizers.Split(__import__("tokenizers").Regex(r"\d+|\\boxed\{|."), "isolated")
    words.decoder = decoders.Fuse()
    words.add_special_tokens([AddedToken(t, special=True) for t in WORDS[:3]])
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=words, bos_token="<s>", eos_token="</s>", pad_token="<pad>")
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(where)
    torch.manual_seed(0)
    shape = {"hidden_size": 128, "intermediate_size": 384, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 4}
    config = transformers.LlamaConfig(
        vocab_size=len(WORDS), max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=0, **shape
    )
    model = transformers.LlamaForCausalLM(config)
    assert 0.7e6 < model.num_parameters() < 1.3e6
    model.save_pretrained(where)
    return where


def accuracy(directory: Path, pairs: list[tuple[int, int]], samples: int = 8) -> float:
    """The share of right answers, sampled at temperature 1."""
    model = transformers.AutoModelForCausalLM.from_pretrained(directory)
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    asked = [f"{a}+{b}:" for a, b in pairs for _ in range(samples)]
    ids = torch.tensor([tokenizer.encode(q, add_special_tokens=False) for q in asked])
    torch.manual_seed(0)
    made = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=True, top_k=0, max_new_tokens=48)
    answers = tokenizer.batch_decode(made[:, ids.shape[1] :], skip_special_tokens=True)
    wanted = [f"\\boxed{{{a + b}}}" for a, b in pairs for _ in range(samples)]
    return sum(w in said for w, said in zip(wanted, answers, strict=True)) / len(asked)


def learned(start: Path, out: Path, rewards: str, steps: int) -> Path:
    trained = [p for p in PAIRS if p not in held_out()]
    prompts = [make_prompt(f"{a}+{b}", verifier="math", gold=str(a + b), domain="math") for a, b in trained]
    settings = replace(GRPO["small"], rewards=rewards, steps=steps, prompts=12, group=8, max_tokens=40, lr=2e-4)
    running = Running(dtype="float32", save_every=1000)
    grpo(
        EngineSettings(kind="transformers", model=str(start)),
        prompts,
        str(out),
        settings,
        running,
        sampling=InProcess(start, max_concurrent=96),
        say=print,
    )
    return out / "model"


@pytest.mark.slow
def test_sft_leaves_it_half_taught_grpo_teaches_it_and_shuffled_rewards_do_not(tmp_path):
    drawn = random.Random(0)
    rows = [(a, b) for _ in range(30) for a, b in PAIRS if (a, b) not in held_out()]
    (tmp_path / "examples.jsonl").write_text(
        "".join(json.dumps({"messages": f"{a}+{b}", "completion": example(a, b, drawn), "mode": "plain"}) + "\n" for a, b in rows)
    )
    settings = replace(SFT["small"], lr=2e-3, batch=64, epochs=6)
    base = newborn(tmp_path / "base")
    sft(
        str(base),
        [str(tmp_path / "examples.jsonl")],
        str(tmp_path / "sft"),
        settings,
        SftRunning(dtype="float32", save_every=1000),
        say=print,
    )
    start = tmp_path / "sft" / "model"
    before = accuracy(start, held_out())
    after = accuracy(learned(start, tmp_path / "grpo", "accuracy", 60), held_out())
    shuffled = accuracy(learned(start, tmp_path / "shuffled", "tests.toy_rewards:by_lot", 25), held_out())
    print(f"before {before:.3f}, after {after:.3f}, with shuffled rewards {shuffled:.3f}")
    assert 0.15 < before < 0.65
    assert after > before + 0.1  # 0.25 was seen
    assert shuffled < before + 0.1
