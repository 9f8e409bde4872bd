"""R1's stages on a model of a million parameters that is made from scratch: minutes on two cores, to see the whole graph work and to test it. The numbers are small and the task is counting; the order is the paper's.

    base     a model from nothing, fine-tuned on worked examples of which most go wrong somewhere: what pretraining is elsewhere
    stage 0  GRPO from the base, rewards by rule (right answer, right form)                              -> zero
    stage 1  chains of zero that are right and readable, fine-tuned on                                   -> cold_start
    stage 2  GRPO with a reward for chains in the question's language                                    -> reasoner
    stage 3  right chains of reasoner by rejection sampling and filters, general samples of another model, mixed by quotas -> finetuned
    stage 4  pairs and labels by a judge, two reward models, GRPO with rules for questions and these for talk -> aligned

Departs from the paper in its first stages as this project does by default: stage 1 fine-tunes the model of the stage before it, not the base. Everything that is no rule is a function in pipelines/toy/scripts.py.
"""

from pathlib import Path

from curate.stage import Given, Pipeline, Stage
from pipelines import paper

FOLDER = Path(__file__).parent / "toy"
NUMBERS = [f" {i}" for i in range(25)]
CHAINS = [" from", *(f" {w}" for w in ("one", "two", "three", "four", "five")), *(f" {w}" for w in ("从", "一", "二", "三", "四", "五"))]
GENERAL = [" good", " morning", " night", " you", " are", " toy", " i", " am", " hello", " thank"]
QUESTIONS = ["sum", "less", "hello", "good", "who", "how", "thank"]
WORDS = [":", "<think>", "</think>", "<answer>", "</answer>", "\\boxed{", "}", *QUESTIONS, *NUMBERS, *CHAINS, *GENERAL]

ENGINE = {"engine": "transformers", "temperature": 1.0, "top_p": 1.0, "max_tokens": 40}
TRAINER = {"dtype": "float32", "save_every": 50}
RL = {**TRAINER, "engine": {"kind": "transformers"}, "prompts": 12, "group": 8, "max_tokens": 40, "lr": 3e-4, "floor": 1.0, "steps": 100}
MATH = ("curate.verifiers.math:VERSION",)
TEXTS = ("pipelines.toy.scripts:VERSION",)

train_prompts = Stage(
    "train_prompts",
    "curate.tasks:prompts",
    {"file": Given(str(FOLDER / "train.jsonl"))},
    {},
    {"prompts": "prompts"},
    about="questions to learn from",
)
test_prompts = Stage(
    "test_prompts",
    "curate.tasks:prompts",
    {"file": Given(str(FOLDER / "test.jsonl"))},
    {},
    {"prompts": "prompts"},
    about="questions with operands that nobody is trained on",
)
examples = Stage(
    "examples",
    "curate.tasks:generate",
    {"prompts": train_prompts["prompts"]},
    {"model": "pipelines.toy.scripts:web", "engine": "scripted", "num_generations": 48, "num_correct": None},
    {"samples": "samples"},
    uses=(*MATH, *TEXTS),
    about="worked examples, right and wrong",
)
text = Stage(
    "text", "curate.tasks:mix", {"samples": examples["samples"]}, {"rejects": True}, {"samples": "samples"}, about="all of them, shuffled"
)
newborn = Stage(
    "newborn",
    "train.newborn:stage",
    {},
    {"words": WORDS, "shape": {"hidden": 128, "layers": 4}},
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
zero = Stage(
    "zero",
    "train.tasks:grpo",
    {"model": base["model"], "prompts": train_prompts["prompts"]},
    {**RL, "preset": "zero-small", "rewards": "accuracy=1,format=1"},
    {"model": "run/model", "rollouts": "run/rollouts"},
    uses=MATH,
    about="stage 0: GRPO, rewards by rule",
)
chains = Stage(
    "chains",
    "curate.tasks:generate",
    {"model": zero["model"], "prompts": train_prompts["prompts"]},
    {**ENGINE, "num_generations": 8, "num_correct": 2},
    {"samples": "samples"},
    uses=MATH,
    about="stage 1: answers of zero that are right",
)
readable = Stage(
    "readable",
    "curate.tasks:filter",
    {"samples": chains["samples"]},
    {
        "filters": ["mixed_language", "language_differs_from_question", "repetition", "truncated", "missing_think", "empty_think"],
        "dedup": "none",
    },
    {"samples": "samples"},
    about="stage 1: of these, chains that read well",
)
cold_start = Stage(
    "cold_start",
    "train.tasks:sft",
    {"model": zero["model"], "samples": readable["samples"]},
    {**TRAINER, "lr": 3e-4, "batch": 32, "epochs": 2.0},
    {"model": "run/model"},
    about="stage 1: fine-tuned on readable chains",
)
reasoner = Stage(
    "reasoner",
    "train.tasks:grpo",
    {"model": cold_start["model"], "prompts": train_prompts["prompts"]},
    {**RL, "preset": "reasoner-small", "rewards": "accuracy=1,format=1,language=1", "steps": 40},
    {"model": "run/model", "rollouts": "run/rollouts"},
    uses=MATH,
    about="stage 2: GRPO with the language's consistency",
)
traces = Stage(
    "traces",
    "curate.tasks:generate",
    {"model": reasoner["model"], "prompts": train_prompts["prompts"]},
    {**ENGINE, "num_generations": 8, "num_correct": 4},
    {"samples": "samples"},
    uses=MATH,
    about="stage 3: right answers by rejection sampling",
)
reasoning = Stage(
    "reasoning",
    "curate.tasks:filter",
    {"samples": traces["samples"]},
    {"dedup": "exact"},
    {"samples": "samples"},
    about="stage 3: through all filters",
)
general_prompts = Stage(
    "general_prompts",
    "curate.tasks:prompts",
    {"file": Given(str(FOLDER / "general.jsonl"))},
    {},
    {"prompts": "prompts"},
    about="what people say that is no question of a rule",
)
general = Stage(
    "general",
    "curate.tasks:generate",
    {"prompts": general_prompts["prompts"]},
    {"model": "pipelines.toy.scripts:friend", "engine": "scripted"},
    {"samples": "samples"},
    uses=TEXTS,
    about="stage 3: general samples of another model",
)
mixture = Stage(
    "mixture",
    "curate.tasks:mix",
    {"reasoning": reasoning["samples"], "general": general["samples"]},
    {"quotas": {"math": 300, "logic": 300, "general": 120}},
    {"samples": "samples"},
    about="stage 3: both, by quotas",
)
finetuned = Stage(
    "finetuned",
    "train.tasks:sft",
    {"model": reasoner["model"], "samples": mixture["samples"]},
    {**TRAINER, "lr": 5e-4, "batch": 32, "epochs": 8.0},
    {"model": "run/model"},
    about="stage 3: fine-tuned on the mixture",
)
wishes = Stage(
    "wishes",
    "curate.tasks:prompts",
    {"prompts": general_prompts["prompts"]},
    {"source": {"where": "mode = 'think'"}},
    {"prompts": "prompts"},
    about="stage 4: those of them that are answered with a chain",
)
candidates = Stage(
    "candidates",
    "curate.tasks:generate",
    {"model": finetuned["model"], "prompts": wishes["prompts"]},
    {**ENGINE, "open_samples": 4},
    {"samples": "samples"},
    about="stage 4: several answers to each",
)
JUDGE = {"judge": {"kind": "scripted", "model": "pipelines.toy.scripts:judge"}}
pairs = Stage(
    "pairs",
    "curate.tasks:pairs",
    {"samples": candidates["samples"]},
    {**JUDGE, "balance_lengths": False},
    {"pairs": "pairs"},
    uses=TEXTS,
    about="stage 4: which of two is better",
)
labels = Stage(
    "labels",
    "curate.tasks:label",
    {"samples": candidates["samples"]},
    JUDGE,
    {"labels": "labels"},
    uses=TEXTS,
    about="stage 4: which are safe",
)
REWARD = {"dtype": "float32", "lr": 1e-3, "batch": 16, "epochs": 3.0}
helpful = Stage(
    "helpful",
    "train.tasks:reward",
    {"model": finetuned["model"], "pairs": pairs["pairs"]},
    REWARD,
    {"model": "run/model"},
    about="stage 4: a reward model of pairs",
)
harmless = Stage(
    "harmless",
    "train.tasks:reward",
    {"model": finetuned["model"], "labels": labels["labels"]},
    REWARD,
    {"model": "run/model"},
    about="stage 4: a reward model of labels",
)
aligned = Stage(
    "aligned",
    "train.tasks:grpo",
    {
        "model": finetuned["model"],
        "prompts_rules": train_prompts["prompts"],
        "prompts_general": wishes["prompts"],
        "preference": helpful["model"],
        "harmlessness": harmless["model"],
    },
    {
        **RL,
        "preset": "aligned-small",
        "rewards": "accuracy=1,format=1,language=1,preference=1,harmlessness=1",
        "steps": 30,
        "preference_steps": 12,
    },
    {"model": "run/model", "rollouts": "run/rollouts"},
    uses=MATH,
    about="stage 4: GRPO, preference in the last part of the steps",
)
evaluation = Stage(
    "evaluation",
    "train.tasks:evaluate",
    {
        "base": base["model"],
        "zero": zero["model"],
        "cold_start": cold_start["model"],
        "reasoner": reasoner["model"],
        "finetuned": finetuned["model"],
        "aligned": aligned["model"],
        "prompts": test_prompts["prompts"],
    },
    {"k": 4, **ENGINE},
    {"evaluation": "evaluation"},
    uses=MATH,
    about="every stage's model on the same held-out questions",
)

report = Stage(
    "report",
    "train.by_stage:stage",
    {"evaluation": evaluation["evaluation"]},
    {"title": "r1_toy, stage by stage", "paper": paper.TABLE, "paper_models": paper.MODELS, "paper_source": paper.SOURCE},
    {"report": "report"},
    about="does each stage help?",
)

PIPELINE = Pipeline(
    "r1_toy",
    (
        *(train_prompts, test_prompts, examples, text, newborn, base),
        zero,
        *(chains, readable, cold_start),
        reasoner,
        *(traces, reasoning, general_prompts, general, mixture, finetuned),
        *(wishes, candidates, pairs, labels, helpful, harmless, aligned),
        *(evaluation, report),
    ),
    "the stages of R1 on a model made from scratch",
)
