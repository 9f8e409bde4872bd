"""R1's graph (r1.py) on a model of a million parameters that is made from scratch: minutes on two cores, to see all of it work and to test it. The numbers are small and the task is counting.

Stages and edges are those of r1.py; what stands here is what differs. Before them come `newborn`, a model from nothing, and worked examples of which most go wrong somewhere; `base`, fine-tuned on these, is what pretraining is elsewhere.
`--set newborn.shape.family=qwen3` makes it of another family.
What is another model there (it writes general answers, rewrites chains and judges) is a function in pipelines/toy/scripts.py, and everything runs in one process where it can.
"""

from pathlib import Path

from curate.stage import Given, Stage
from pipelines import r1

FOLDER = Path(__file__).parent / "toy"
NUMBERS = [f" {i}" for i in range(25)]
CHAINS = ["from", "从", *(f" {w}" for w in ("one", "two", "three", "four", "five")), *(f" {w}" for w in ("一", "二", "三", "四", "五"))]
GENERAL = [" good", " morning", " night", " you", " are", " toy", " i", " am", " hello", " thank"]
QUESTIONS = ["sum", "less", "hello", "good", "who", "how", "thank"]
WORDS = [":", "\n", "<think>", "</think>", "<answer>", "</answer>", "\\boxed{", "}", *QUESTIONS, *NUMBERS, *CHAINS, *GENERAL]

SHOWN = Given(str(FOLDER / "examples.jsonl"))
ENGINE = {"engine": "transformers", "temperature": 1.0, "top_p": 1.0, "max_tokens": 40}
TRAINER = {"dtype": "float32", "save_every": 50}
RL = {**TRAINER, "engine": {"kind": "transformers"}, "prompts": 12, "group": 8, "max_tokens": 40, "lr": 3e-4, "floor": 1.0}
REWARD = {"dtype": "float32", "lr": 1e-3, "batch": 16, "epochs": 3.0}
TEXTS = ("pipelines.toy.scripts:VERSION",)
JUDGE = {"judge": {"kind": "scripted", "model": "pipelines.toy.scripts:judge"}}


def given(name: str) -> dict[str, Given]:
    """A file of toy/ as an input."""
    return {"file": Given(str(FOLDER / f"{name}.jsonl"))}


questions = Stage("questions", "curate.tasks:prompts", given("train"), {}, {"prompts": "prompts"}, about="questions to learn from")
examples = Stage(
    "examples",
    "curate.tasks:generate",
    {"prompts": questions["prompts"]},
    {"model": "pipelines.toy.scripts:web", "engine": "scripted", "num_generations": 48, "num_correct": None},
    {"samples": "samples"},
    uses=(r1.MATH, *TEXTS),
    about="worked examples, right and wrong",
)
text = Stage(
    "text", "curate.tasks:mix", {"samples": examples["samples"]}, {"rejects": True}, {"samples": "samples"}, about="all of them, shuffled"
)
newborn = Stage(
    "newborn",
    "train.newborn:stage",
    {},
    {"words": WORDS, "shape": {"family": "llama", "hidden": 128, "layers": 4}},
    {"model": "model"},
    about="a model from nothing",
)
base = Stage(
    "base",
    "train.tasks:sft",
    {"model": newborn["model"], "text": text["samples"]},
    {**TRAINER, "lr": 2e-3, "batch": 64, "epochs": 3.0},
    {"model": "run/model"},
    about="fine-tuned on the worked examples",
)

PIPELINE = r1.PIPELINE.at(
    "r1_toy",
    "R1's stages on a model made from scratch",
    {
        "held_out": {"inputs": given("test"), "config": {}},
        "zero": {"config": {**RL, "preset": "zero-small", "rewards": "accuracy=1,format=1", "steps": 120}},
        "chains": {
            "inputs": {"model": r1.zero["model"], "prompts": questions["prompts"]},
            "config": {**ENGINE, "num_generations": 8, "num_correct": 2},
        },
        "readable": {"config": {**r1.readable.config, "dedup": "none"}},
        "rewritten": {
            "config": {"rewriter": {"kind": "scripted", "model": "pipelines.toy.scripts:editor"}, "tries": 1},
            "extent": {},
            "uses": (r1.MATH, *TEXTS),
        },
        "cold_start": {"config": {**TRAINER, "lr": 3e-4, "batch": 32, "epochs": 2.0, "init": "model"}},
        "reasoner": {"config": {**RL, "preset": "reasoner-small", "rewards": "accuracy=1,format=1,language=1", "steps": 30}},
        "trace_prompts": {"config": {}},
        "traces": {"config": {**ENGINE, "num_generations": 8, "num_correct": 4}},
        "trust": {"config": {**JUDGE, "least": 0.65}, "extent": {}, "uses": TEXTS},
        "decided": {"config": {**JUDGE, "tasks": ["correctness"], "rejects": True}, "extent": {}, "uses": TEXTS},
        "reasoning": {"config": {"dedup": "none"}},
        "reviewed": {"config": {**JUDGE, "tasks": ["mixed_language", "long_paragraph", "code_block"]}, "extent": {}, "uses": TEXTS},
        "topics": {
            "config": {"writer": {"kind": "scripted", "model": "pipelines.toy.scripts:visitor"}, "topics": ["thanks"], "per_topic": 4},
            "uses": TEXTS,
        },
        "general_prompts": {"inputs": {**r1.general_prompts.inputs, **given("general")}, "config": {}},
        "general": {"config": {"model": "pipelines.toy.scripts:friend", "engine": "scripted"}, "extent": {}, "uses": TEXTS},
        "general_clean": {"config": {"filters": ["truncated", "refusal", "template_leak"], "dedup": "exact"}},
        "general_good": {"config": {**JUDGE, "tasks": ["quality"], "min_quality": 4.0}, "extent": {}, "uses": TEXTS},
        "mixture": {"config": {"quotas": {"math": 300, "logic": 300, "general": 120}}},
        "finetuned": {"config": {**TRAINER, "lr": 5e-4, "batch": 32, "epochs": 8.0, "init": "model"}},
        "wishes": {"inputs": given("wishes"), "config": {}},
        "candidates": {"config": {**ENGINE, "open_samples": 4}},
        "pairs": {"config": {**JUDGE, "balance_lengths": False, "where": "domain <> 'safety'"}, "extent": {}, "uses": TEXTS},
        "labels": {"config": {**JUDGE, "where": "domain = 'safety'"}, "extent": {}, "uses": TEXTS},
        "helpful": {"config": REWARD},
        "harmless": {"config": REWARD},
        "aligned": {
            "config": {
                **RL,
                "preset": "aligned-small",
                "rewards": "accuracy=1,format=1,language=1,preference=1,harmlessness=1",
                "steps": 20,
                "preference_steps": 8,
            }
        },
        "evaluation": {"config": {**ENGINE, "k": 4}},
        "shown": {"inputs": {**r1.MODELS, "prompts": r1.held_out["prompts"], "few_shot": SHOWN}, "config": {**ENGINE, "k": 2}},
        "talk": {"inputs": given("talk"), "config": {}},
        "quality": {"config": {**ENGINE, **JUDGE}, "extent": {}, "uses": TEXTS},
        "report": {"config": {**r1.report.config, "title": "r1_toy, stage by stage"}},
    },
    before=(questions, examples, text, newborn, base),
)
