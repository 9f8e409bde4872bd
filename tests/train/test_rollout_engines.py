"""Rollouts on real engines against a trainer's own model: the transformers engine with a random model of a few thousand weights, and vLLM."""

import asyncio
import importlib.util
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from curate.engines import EngineSettings, Sampling
from curate.engines.local import LocalEngine
from curate.errors import CurateError
from curate.records import make_prompt
from curate.rewards import parse_rewards
from curate.templates import Template
from curate.verifiers.pool import VerifierPool
from train.rollout import Canary, Rollouts

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tests.engines.test_transformers import make_model  # noqa: E402  # they need both
from tests.train.inprocess import InProcess  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
TEMPERATURE = 0.7
PROMPTS = [make_prompt(f"What is {n} + {n}?", verifier="math", gold=str(2 * n)) for n in range(1, 6)]


class Trainer:
    """What a trainer knows: a model, a tokenizer, and how to write them."""

    def __init__(self, directory: Path, **options: Any) -> None:
        self.model = transformers.AutoModelForCausalLM.from_pretrained(directory, **options).eval()
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(directory)

    def prompt_ids(self, content: str) -> tuple[int, ...]:
        text = self.tokenizer.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False)
        return tuple(self.tokenizer.encode(text, add_special_tokens=False))

    def logprobs(self, prompt_ids: Sequence[int], ids: Sequence[int]) -> list[float]:
        with torch.inference_mode():
            logits = self.model(torch.tensor([[*prompt_ids, *ids]]), use_cache=False).logits[0, len(prompt_ids) - 1 : -1].float()
        scores = (logits / TEMPERATURE).log_softmax(-1)
        return [float(scores[i, token]) for i, token in enumerate(ids)]

    def save(self, directory: Path) -> None:
        self.model.save_pretrained(directory)
        self.tokenizer.save_pretrained(directory)

    def disturb(self, share: float, seed: int) -> None:
        """Add noise to every weight, its spread this share of that of the tensor's."""
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for weight in self.model.parameters():
                spread = weight.float().std() if weight.numel() > 1 else 1.0
                weight += (share * spread * torch.randn(weight.shape, generator=generator)).to(weight.dtype)


def run(path: Path, engine: Any, trainer: Trainer, act: Callable[[Rollouts], Any], **other: Any) -> Any:
    canary = Canary(PROMPTS[0], trainer.prompt_ids(PROMPTS[0].messages[0].content))

    async def go() -> Any:
        sampling = Sampling(TEMPERATURE, top_p=1.0, max_tokens=24)
        try:
            await engine.start()
            async with VerifierPool(1) as pool, asyncio.timeout(400):
                options: dict[str, Any] = {"template": Template(), "rewards": parse_rewards("accuracy"), "scorers": {}, "seed": 3, "n": 3}
                with Rollouts(engine, path, pool=pool, sampling=sampling, canary=canary, **options | other) as made:
                    return await act(made)
        finally:
            await engine.close()

    return asyncio.run(go())


def test_the_transformers_engine_is_of_one_mind_with_the_trainer(tmp_path: Path) -> None:
    model = make_model(tmp_path / "model", hidden_size=32)
    trainer = Trainer(model)

    async def act(made: Rollouts) -> Any:
        assert (await made.check(trainer.logprobs)).largest < 1e-5
        first = await made.generate(PROMPTS, 0, 0)
        assert await made.generate(PROMPTS, 1, 0) != first
        assert await made.generate(PROMPTS, 0, 0) == first, "to the last bit"
        trainer.disturb(0.5, 1)
        stale = max(abs(a - b) for s in first[0].samples for a, b in _both(trainer, first[0].prompt, s))
        assert stale > 0.01, "the trainer has moved away from what the engine has"
        with pytest.raises(CurateError, match="did not load the weights of step 1: it answers to the last bit as it did before"):
            await made.check(trainer.logprobs, 1)
        assert (await made.sync(trainer.save, 1, trainer.logprobs)).largest < 1e-5
        return first, await made.generate(PROMPTS, 1, 1)

    first, second = run(tmp_path / "run", InProcess(model, max_concurrent=4), trainer, act, tolerance=1e-3)
    pairs = [pair for group in second for s in group.samples for pair in _both(trainer, group.prompt, s)]
    assert max(abs(a - b) for a, b in pairs) < 1e-5, "at the run's temperature, the end of text included"
    ends = [s.token_ids[-1] == trainer.tokenizer.eos_token_id for group in [*first, *second] for s in group.samples]
    assert ends == [s.finish_reason == "stop" for group in [*first, *second] for s in group.samples]


def _both(trainer: Trainer, prompt: Any, sample: Any) -> list[tuple[float, float]]:
    ours = trainer.logprobs(trainer.prompt_ids(prompt.messages[0].content), sample.token_ids)
    return list(zip(sample.logprobs, ours, strict=True))


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="vllm is not installed")
def test_vllm_in_bf16_is_close_to_a_trainer_in_fp32_and_what_it_did_not_load_is_found(tmp_path: Path) -> None:
    model = Path(os.environ.get("R1_CURATE_TEST_MODEL", ROOT / "models" / "SmolLM2-135M-Instruct"))
    assert (model / "config.json").is_file(), f"no model in {model}: run python tools/demo_model.py {model}"
    trainer = Trainer(model, dtype=torch.float32)
    engine = LocalEngine(EngineSettings(kind="vllm", model=str(model), engine_args={"max_model_len": 512}, max_concurrent=32))

    def save(directory: Path) -> None:
        trainer.save(directory)
        rounded = transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=torch.bfloat16)
        rounded.save_pretrained(directory)

    async def act(made: Rollouts) -> Any:
        other = Trainer(model, dtype=torch.float32)
        other.disturb(0.02, 1)
        # Nothing was asked before, so there is only how far apart they are to go by.
        with pytest.raises(CurateError, match=r"with the weights of step 1 .* did not load them"):
            await made.check(other.logprobs, 1)
        start = await made.check(trainer.logprobs)
        first = await made.generate(PROMPTS, 0, 0)
        trainer.disturb(0.002, 1)
        with pytest.raises(CurateError, match="did not load the weights of step 1: it answers to the last bit as it did before"):
            await made.check(trainer.logprobs, 1)
        synced = await made.sync(save, 1, trainer.logprobs)
        return start, synced, [*first, *await made.generate(PROMPTS, 1, 1)]

    start, synced, groups = run(tmp_path / "run", engine, trainer, act)
    assert 0 < start.mean < 0.06
    assert 0 < synced.mean < 0.06
    samples = [s for group in groups for s in group.samples]
    ends = {trainer.tokenizer.eos_token_id, *trainer.tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])}
    assert {s.finish_reason for s in samples} == {"stop", "length"}
    for s in samples:  # a trainer learns to stop from the token that says so
        assert len(s.token_ids or ()) == len(s.logprobs or ()) == s.completion_tokens
        assert ((s.token_ids or ())[-1] in ends) == (s.finish_reason == "stop")
