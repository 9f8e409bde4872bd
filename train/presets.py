"""The settings of the trainers by name: the paper's values, and values for one small machine.

Paper: DeepSeek-R1, arXiv 2501.12948v2, by section, and its version in Nature (Methods). What the paper does not print is marked so and has a value of ours. `small` presets are for models of some hundred million
parameters on a laptop or one GPU: they learn in an hour, where the paper's values would need days, and depart from the paper by name. Nothing here imports torch: a plan reads the presets where no trainer is installed.
"""

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from train.data import TooLong
    from train.losses import Normalise, Scale, Truncated


def _value(description: str, source: str = "", **default: Any) -> Any:
    """A setting; `source` is where the paper has its value from, empty where the paper does not print one."""
    return field(metadata={"description": description, "source": source}, **default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimizing:
    """What all trainers have."""

    lr: float = _value("peak learning rate")
    floor: float = _value("learning rate at the end, as a share of the peak", default=1.0)
    warmup: float = _value("share of the steps over which the learning rate rises", default=0.03)
    weight_decay: float = _value("of matrices, by AdamW", default=0.0)
    max_norm: float = _value("gradients are scaled down to this norm", default=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sft(Optimizing):
    """Supervised fine-tuning."""

    epochs: float = _value("times that each text is trained", "B.4.2: 2 to 3", default=2.0)
    batch: int = _value("texts of an optimizer step", "B.4.2", default=16)
    max_tokens: int = _value("longest text", "B.4.2", default=2048)
    too_long: "TooLong" = _value("drop longer ones, or cut them there", default="drop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward(Optimizing):
    """A reward model, pairwise or point-wise."""

    epochs: float = _value("times that each pair or label is learned from", "section 3.1: 1", default=1.0)
    batch: int = _value("pairs or labels of an optimizer step", "section 3.1: 256", default=32)
    max_tokens: int = _value("longest prompt with its answer", "section 3.1: 8,192", default=2048)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grpo(Optimizing):
    """Reinforcement learning by group-relative policy optimization."""

    rewards: str = _value("rewards and their weights", "section 2.2", default="accuracy")
    steps: int = _value("optimizer steps", "section 2.1")
    prompts: int = _value("prompts of an optimizer step", "section 2.1: 32 questions a step")
    group: int = _value("answers to each prompt", "section 2.1: 16 outputs")
    reuse: int = _value("optimizer steps that one rollout is for", "Methods: 8,192 outputs in 16 minibatches", default=1)
    temperature: float = _value("of the rollouts", "section 2.1; 3.2.2 for aligned", default=1.0)
    max_tokens: int = _value("longest answer", "section 2.1", default=512)
    kl_coef: float = _value("weight of the divergence from the reference", "section 2.1", default=0.0)
    ref_every: int = _value("steps after which the reference becomes the policy; 0: never", "section 2.1", default=0)
    clip_low: float = _value("lower clip of the ratio", "section 3.2.1: 10", default=0.2)
    clip_high: float = _value("upper clip of the ratio", "section 3.2.1: 10", default=0.28)
    dual_clip: float = _value("most that a token of a bad answer weighs, in advantages; 0: no bound", default=0.0)
    normalise: "Normalise" = _value("how tokens are averaged; the paper prints no sum over tokens", default="token")
    scale: "Scale" = _value("what advantages are divided by", "Eq. 3: the group's deviation", default="group")
    truncated: "Truncated" = _value("an answer that was cut off: reward zero, or masked", default="zero")
    overlong: int = _value("tokens before the limit from which length costs reward (DAPO, eq. 13); 0: none", default=0)
    rounds: int = _value(
        "most prompts asked for each that is wanted, to replace groups whose rewards are all equal; 1: none replaced", default=1
    )
    preference_steps: int = _value("last steps in which preference rewards count; 0: all", "section 3.2.2: 400 of 1,700", default=0)


_PAPER_SFT = Sft(lr=5e-5, floor=0.1, warmup=0.0, epochs=2.0, batch=128, max_tokens=32_768)
_ZERO = Grpo(
    lr=3e-6,
    warmup=0.0,
    rewards="accuracy=1,format=1",
    steps=10_400,
    prompts=32,
    group=16,
    reuse=16,
    max_tokens=32_768,
    kl_coef=0.001,
    ref_every=400,
    clip_low=10.0,
    clip_high=10.0,
    dual_clip=3.0,
    normalise="sequence",
)
_SMALL = Grpo(lr=1e-5, floor=0.1, rewards="accuracy", steps=100, prompts=16, group=8, max_tokens=256, rounds=3)

SFT = {
    "small": Sft(lr=2e-5, floor=0.1),
    "r1": _PAPER_SFT,
    "distill": replace(_PAPER_SFT, lr=1e-4, batch=64),
}
REWARD = {
    "small": Reward(lr=1e-5, floor=0.1),
    "r1-reward": Reward(lr=6e-6, warmup=0.0, batch=256, max_tokens=8192),
}
GRPO = {
    "small": _SMALL,
    "zero": _ZERO,
    "reasoner": replace(_ZERO, rewards="accuracy=1,summary=1,language=1", steps=1_000),
    "aligned": replace(
        _ZERO,
        rewards="accuracy=1,summary=1,language=1,preference=1,harmlessness=1",
        steps=1_700,
        temperature=0.7,
        preference_steps=400,
    ),
    "zero-small": replace(_SMALL, rewards="accuracy=1,format=1"),
    "reasoner-small": replace(_SMALL, rewards="accuracy=1,summary=1,language=1"),
    "aligned-small": replace(
        _SMALL, rewards="accuracy=1,summary=1,language=1,preference=1,harmlessness=1", temperature=0.7, steps=170, preference_steps=40
    ),
}
NOTES = {
    "r1": "cold start and the 800k, for DeepSeek-V3-Base: B.4.2; packing and warm-up are not published",
    "distill": "students on the 800k: B.4.3, Table 6; the learning rate is that of the 1.5B student (7B 8e-5, 14B 7e-5, 32B 6e-5, Llama 8B 5e-5, 70B 2e-5)",
    "r1-reward": "helpful and safety models: section 3.1; how the learning rate falls is not published",
    "zero": "R1-Zero: section 2.1; its clip is not published and is that of 3.2.1; a bound on bad answers (dual_clip) is ours, since with a clip of 10 nothing else bounds them",
    "reasoner": "first RL stage: section 3.2.1; the number of steps is not published",
    "aligned": "second RL stage: section 3.2.2",
}


def described(preset: Optimizing, name: str) -> list[tuple[str, Any, str, str]]:
    """(setting, value, what it is, where the paper has it) of a preset, for a person."""
    paper = name in NOTES
    return [
        (f.name, getattr(preset, f.name), f.metadata["description"], f.metadata["source"] if paper else "") for f in fields(type(preset))
    ]
