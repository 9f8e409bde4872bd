"""DeepSeek-R1 as a graph, at the paper's scale: five stages from a base model to an aligned one, every number with its source.

    stage 0  GRPO from the base, rewards by rule: right answer, right form                                     -> zero
    stage 1  thousands of zero's chains that are right and readable, rewritten, verified again, fine-tuned on  -> cold_start
    stage 2  GRPO with a reward for chains in the question's language                                          -> reasoner
    stage 3  600k right chains of reasoner by rejection sampling, filters and a judge; 200k general samples    -> finetuned
    stage 4  two reward models from judged answers; GRPO with rules for reasoning and these for the rest       -> aligned

Sources: v2 is arXiv 2501.12948v2 (January 2026; the same text in Nature 645, 2025), v1 its first version (January 2025). "ours" marks what the paper does not publish and this project chose.

Departs from the paper: stages 1 and 3 fine-tune the model of the stage before them, where the paper begins again from the base: `--set cold_start.init=base --set finetuned.init=base` does as the paper does. Data sets are open ones (r1_sources.py).
Its first four benchmarks that can be read here stand for the paper's. A base of 671 billion parameters is beyond what the trainers of train/ were tried on: `--set base.name=OWNER/NAME` runs the same graph on another.
`pipelines/r1_mini.py` and `r1_toy.py` are this graph with other numbers: a small real model, and one made from nothing.
"""

from pathlib import Path

import curate
from curate.stage import Given, Pipeline, Stage
from pipelines import mixtures, paper
from pipelines import r1_sources as sets

# ---- who answers

INSTRUCT = {
    "kind": "openai",
    "model": "deepseek-ai/DeepSeek-V3",
}  # v2 B.3: rewrites chains, writes general answers, judges; behind any compatible server: --set STAGE.servers='["http://..."]'
SERVERS = {"servers": ["http://127.0.0.1:8000/v1"]}
OWN = {"engine": "vllm", "temperature": 1.0, "top_p": 1.0, "max_tokens": 32_768}  # v2 B.3.2: temperature 1.0; 2.1: 32,768 tokens
EVALUATED = {"engine": "vllm", "temperature": 0.6, "top_p": 0.95, "max_tokens": 32_768}  # v2 D.1
MATH, CODE = "curate.verifiers.math:VERSION", "curate.verifiers.code:VERSION"
CHOICE, LOGIC, IFEVAL = "curate.verifiers.choice:VERSION", "curate.verifiers.logic:VERSION", "curate.verifiers.ifeval:VERSION"
RULES = (MATH, CODE, CHOICE, LOGIC, IFEVAL)

LONG_CHAINS = Given(str(Path(__file__).parent / "long_chains.jsonl"))

# ---- the prompts

base = Stage(
    "base",
    "curate.tasks:model",
    {},
    {"name": "deepseek-ai/DeepSeek-V3-Base", "revision": "main"},
    {"model": "model"},
    about="the model that everything begins with",
)
questions = Stage(
    "questions",
    "curate.tasks:prompts",
    {},
    {
        "sources": [
            {**sets.DEEPMATH, "limit": 14_000},  # v2 Table 4: 26k of mathematics, Chinese and English
            {**sets.OPENR1_MATH, "limit": 8_000},
            {**sets.DAPO_CHINESE, "limit": 4_000},
            {**sets.DEEPCODER_TACO, "limit": 9_000},  # 17k of code
            {**sets.DEEPCODER_PRIME, "limit": 8_000},
            {**sets.MULTIPLE_CHOICE, "limit": 22_000},  # 22k of STEM, multiple choice
            *sets.puzzles(each=1_000, seed=0),  # 15k of logic
            sets.CONSTRAINTS,  # ours: instructions whose following a rule can check
        ]
    },
    {"prompts": "prompts"},
    about="questions whose answers rules can check, to learn from",
)
held_out = Stage(
    "held_out",
    "curate.tasks:prompts",
    {},
    {"sources": [sets.AIME_2024, sets.MATH_500, sets.HUMAN_EVAL, sets.IFEVAL]},
    {"prompts": "prompts"},
    about="questions that nothing is trained on",
)

# ---- stage 0: R1-Zero (v2 section 2)

ROLLOUTS = {
    "lr": 3e-6,  # v2 2.1
    "kl_coef": 0.001,
    "group": 16,  # outputs to a question
    "prompts": 32,  # questions of a step: 512 outputs
    "reuse": 16,  # 8,192 outputs of a rollout in 16 minibatches, once through
    "ref_every": 400,  # steps after which the reference becomes the policy
    "max_tokens": 32_768,  # to step 8,200; 65,536 after it, which one run here does not change
    "temperature": 1.0,
    "clip_low": 10.0,  # v2 3.2.1; that of 2.1 is not published
    "clip_high": 10.0,
}
zero = Stage(
    "zero",
    "train.tasks:grpo",
    {"model": base["model"], "prompts": questions["prompts"]},
    {
        **ROLLOUTS,
        "preset": "zero",
        "steps": 10_400,  # v2 2.1
        "rewards": "accuracy=1,format=1",  # v2 2.2: of equal weight
        "template": {"name": "r1-zero"},  # v2 Table 1, in our words
        "engine": {"kind": "vllm"},
    },
    {"model": "run/model", "rollouts": "run/rollouts"},
    uses=RULES,
    about="stage 0: GRPO from the base, rewards by rule",
)

# ---- stage 1: the cold start (v2 B.3.2)

chains = Stage(
    "chains",
    "curate.tasks:generate",
    {"model": zero["model"], "prompts": questions["prompts"], "few_shot": LONG_CHAINS},  # v1 2.3.1: a long chain as an example
    {
        **OWN,
        "limit": 10_000,  # ours; "thousands" (v2 B.3.2)
        "num_generations": 16,  # ours; "multiple trajectories"
        "num_correct": 1,
        "system_prompt": "Think at length before you answer: say what is asked, try a way, look back at each result and check it, and take another way where it fails.",  # v1 2.3.1: asked for reflection and verification
    },
    {"samples": "samples"},
    uses=RULES,
    about="stage 1: zero's right answers",
)
readable = Stage(
    "readable",
    "curate.tasks:filter",
    {"samples": chains["samples"]},
    {
        "filters": [
            "repetition",
            "mixed_language",
            "language_differs_from_question",
            "truncated",
            "missing_think",
            "empty_think",
        ],  # v2 B.3.2: repetition and language mixing
        "dedup": "near",
    },
    {"samples": "samples"},
    about="stage 1: of these, chains that read well",
)
rewritten = Stage(
    "rewritten",
    "curate.tasks:rewrite",
    {"samples": readable["samples"]},
    {"rewriter": INSTRUCT, "tries": 2},  # v2 B.3.2, Listing 1: first person, the question's language, a summary that stands alone
    {"samples": "samples"},
    extent=SERVERS,
    uses=RULES,
    about="stage 1: in one voice, with a summary, verified again",
)
TUNING = {"preset": "r1", "lr": 5e-5, "floor": 0.1, "epochs": 2.0, "batch": 128, "max_tokens": 32_768}  # v2 B.4.2; v1 2.3.3: two epochs
cold_start = Stage(
    "cold_start",
    "train.tasks:sft",
    {"model": zero["model"], "base": base["model"], "samples": rewritten["samples"]},
    {**TUNING, "init": "model"},
    {"model": "run/model"},
    about="stage 1: fine-tuned on them",
)

# ---- stage 2: reinforcement learning for reasoning (v2 section 3.2.1)

reasoner = Stage(
    "reasoner",
    "train.tasks:grpo",
    {"model": cold_start["model"], "prompts": questions["prompts"]},
    {
        **ROLLOUTS,
        "preset": "reasoner",
        "steps": 1_000,  # ours; not published
        "rewards": "accuracy=1,summary=1,language=1",  # v2 Eq. 7: added to the final reward
        "engine": {"kind": "vllm"},
    },
    {"model": "run/model", "rollouts": "run/rollouts"},
    uses=RULES,
    about="stage 2: GRPO with the language's consistency",
)

# ---- stage 3: 800k samples (v2 B.3.3)

trace_prompts = Stage(
    "trace_prompts",
    "curate.tasks:prompts",
    {"questions": questions["prompts"]},
    {
        "sources": [  # more than rules alone were asked in stage 2: "additional data, some by a generative reward model" (v1 2.3.3)
            sets.NUMINA,
            {**sets.OPENR1_MATH, "limit": 60_000},
            sets.TACO,
            sets.CODING_PROBLEMS,
            {**sets.SCIENCE, "limit": 10_000},
            *sets.puzzles(each=1_000, seed=1),
        ]
    },
    {"prompts": "prompts"},
    about="stage 3: the questions, and more",
)
traces = Stage(
    "traces",
    "curate.tasks:generate",
    {"model": reasoner["model"], "prompts": trace_prompts["prompts"]},
    {**OWN, "num_generations": 16, "num_correct": 4},  # ours; neither is published
    {"samples": "samples"},
    uses=RULES,
    about="stage 3: right answers by rejection sampling",
)
trust = Stage(
    "trust",
    "curate.tasks:trust",
    {"pairs": Given(str(Path(curate.__file__).parent / "filters" / "judge" / "pairs.jsonl"))},
    {"judge": INSTRUCT, "least": 0.65},  # ours
    {"trust": "trust"},
    extent=SERVERS,
    about="stages 3 and 4: is the judge to be believed?",
)
JUDGE = {"judge": INSTRUCT}
decided = Stage(
    "decided",
    "curate.tasks:judge",
    {"samples": traces["samples"], "trust": trust["trust"]},
    {**JUDGE, "tasks": ["correctness"], "rejects": True},  # v2 Listing 4: given question, reference and answer
    {"samples": "samples"},
    extent=SERVERS,
    about="stage 3: what rules cannot decide",
)
reasoning = Stage(
    "reasoning",
    "curate.tasks:filter",
    {"samples": decided["samples"], "benchmark": held_out["prompts"]},
    {"dedup": "near", "ngram": 10},  # v2 B.3.3: mixed languages, long paragraphs, code blocks; D.1: 10-grams of benchmarks
    {"samples": "samples"},
    about="stage 3: through all filters, nothing of a benchmark",
)
reviewed = Stage(
    "reviewed",
    "curate.tasks:judge",
    {"samples": reasoning["samples"], "trust": trust["trust"]},
    {**JUDGE, "tasks": ["mixed_language", "long_paragraph", "code_block"]},
    {"samples": "samples"},
    extent=SERVERS,
    about="stage 3: a second opinion on chains near a limit",
)
topics = Stage(
    "topics",
    "curate.tasks:synthesise",
    {},
    {
        "writer": {"kind": "vllm", "model": "deepseek-ai/DeepSeek-V3"},
        "topics": [
            "cooking",
            "travel",
            "history",
            "letters and emails",
            "short stories",
            "poetry",
            "role-play",
            "health",
            "law",
            "money",
            "science for children",
            "software",
        ],
        "per_topic": 1_000,  # ours
    },
    {"prompts": "prompts"},
    about="stage 3: what a model thinks that people ask (arXiv 2406.08464)",
)
ROUTES = [  # ours; the paper: a chain for some tasks, none for simple ones such as a greeting. The first condition that holds decides.
    ["length(question) < 24", "plain"],
    [
        "regexp_matches(question, '(?i)^(hi|hello|hey|good (morning|evening|night)|thanks?|thank you|who are you|what is your name)\\b')",
        "plain",
    ],
    ["regexp_matches(question, '(?i)\\b(translate|rephrase|rewrite|proofread|summari[sz]e)\\b')", "plain"],
    ["true", "think"],
]
general_prompts = Stage(
    "general_prompts",
    "curate.tasks:prompts",
    {"topics": topics["prompts"]},
    {
        "sources": [  # v2 B.3.3: writing, factual QA, self-cognition, translation, program repair, front-end work
            {**sets.TULU, "limit": 90_000},
            {**sets.WILDCHAT, "limit": 80_000},
            {**sets.REPAIR, "limit": 20_000},
            {**sets.FRONT_END, "limit": 20_000},
            sets.SELF,
            sets.TRANSLATION,
        ],
        "routes": ROUTES,
    },
    {"prompts": "prompts"},
    about="stage 3: what people ask that no rule decides",
)
general = Stage(
    "general",
    "curate.tasks:generate",
    {"prompts": general_prompts["prompts"]},
    {"engine": "openai", "model": INSTRUCT["model"], "temperature": 0.6, "top_p": 0.95, "max_tokens": 8_192},
    {"samples": "samples"},
    extent={"base_url": SERVERS["servers"]},
    about="stage 3: general answers of an instruct model",
)
general_clean = Stage(
    "general_clean",
    "curate.tasks:filter",
    {"samples": general["samples"], "benchmark": held_out["prompts"]},
    {"filters": ["truncated", "refusal", "repetition", "template_leak", "pii", "length"], "dedup": "near"},
    {"samples": "samples"},
    about="stage 3: through the filters for general answers",
)
general_good = Stage(
    "general_good",
    "curate.tasks:judge",
    {"samples": general_clean["samples"], "trust": trust["trust"]},
    {**JUDGE, "tasks": ["quality"], "min_quality": 5.0},
    {"samples": "samples"},
    extent=SERVERS,
    about="stage 3: of these, what the judge finds good",
)
mixture = Stage(
    "mixture",
    "curate.tasks:mix",
    {"reasoning": reviewed["samples"], "general": general_good["samples"]},
    {"quotas": dict(mixtures.R1)},  # v2 Table 5: 804,745 samples
    {"samples": "samples"},
    about="stage 3: both, by quotas",
)
finetuned = Stage(
    "finetuned",
    "train.tasks:sft",
    {"model": reasoner["model"], "base": base["model"], "samples": mixture["samples"]},
    {**TUNING, "init": "model"},
    {"model": "run/model"},
    about="stage 3: fine-tuned on the mixture",
)

# ---- stage 4: reinforcement learning for all scenarios (v2 sections 3.1 and 3.2.2)

wishes = Stage(
    "wishes",
    "curate.tasks:prompts",
    {},
    {
        "sources": [
            sets.PREFERENCE,  # v2 Table 4: 66k for helpfulness
            {**sets.SAFETY, "limit": 12_000},  # 12k for harmlessness
        ],
        "routes": ROUTES,
    },
    {"prompts": "prompts"},
    about="stage 4: what people ask, and what should be refused",
)
candidates = Stage(
    "candidates",
    "curate.tasks:generate",
    {"model": finetuned["model"], "prompts": wishes["prompts"]},
    {**OWN, "max_tokens": 8_192, "open_samples": 4},
    {"samples": "samples"},
    about="stage 4: several answers to each",
)
pairs = Stage(
    "pairs",
    "curate.tasks:pairs",
    {"samples": candidates["samples"], "trust": trust["trust"]},
    {
        **JUDGE,
        "asking": {"votes": 4},
        "margin": 1.0,
        "balance_lengths": True,
        "where": "domain <> 'safety'",
    },  # v2 3.1: four queries, either order, a difference above 1, lengths comparable
    {"pairs": "pairs"},
    extent=SERVERS,
    about="stage 4: which of two is better",
)
labels = Stage(
    "labels",
    "curate.tasks:label",
    {"samples": candidates["samples"], "trust": trust["trust"]},
    {**JUDGE, "where": "domain = 'safety'"},
    {"labels": "labels"},
    extent=SERVERS,
    about="stage 4: which are safe",
)
REWARD = {"preset": "r1-reward", "lr": 6e-6, "batch": 256, "epochs": 1.0, "max_tokens": 8_192}  # v2 3.1
helpful = Stage(
    "helpful",
    "train.tasks:reward",
    {"model": finetuned["model"], "pairs": pairs["pairs"]},
    REWARD,
    {"model": "run/model"},
    about="stage 4: a reward model of pairs, for the response alone",
)
harmless = Stage(
    "harmless",
    "train.tasks:reward",
    {"model": finetuned["model"], "labels": labels["labels"]},
    REWARD,
    {"model": "run/model"},
    about="stage 4: a reward model of labels, for the whole output",
)
aligned = Stage(
    "aligned",
    "train.tasks:grpo",
    {
        "model": finetuned["model"],
        "prompts_rules": questions["prompts"],
        "prompts_general": wishes["prompts"],
        "preference": helpful["model"],
        "harmlessness": harmless["model"],
    },
    {
        **ROLLOUTS,
        "preset": "aligned",
        "temperature": 0.7,  # v2 3.2.2: higher ones led to incoherent answers
        "steps": 1_700,
        "preference_steps": 400,  # the last ones: more leads to reward hacking (v2 B.5)
        "rewards": "accuracy=1,summary=1,language=1,preference=1,harmlessness=1",  # v2 Eqs 8 to 10
        "engine": {"kind": "vllm"},
    },
    {"model": "run/model", "rollouts": "run/rollouts"},
    uses=RULES,
    about="stage 4: GRPO, preference in the last part of the steps",
)

# ---- does each stage help?

MODELS = {
    "base": base["model"],
    "zero": zero["model"],
    "cold_start": cold_start["model"],
    "reasoner": reasoner["model"],
    "finetuned": finetuned["model"],
    "aligned": aligned["model"],
}
evaluation = Stage(
    "evaluation",
    "train.tasks:evaluate",
    {**MODELS, "prompts": held_out["prompts"]},
    {**EVALUATED, "k": 16},  # v2 D.1: 64 for AIME, 16 for MATH-500
    {"evaluation": "evaluation"},
    uses=RULES,
    about="every model on the same held-out questions",
)
shown = Stage(
    "shown",
    "train.tasks:evaluate",
    {**MODELS, "prompts": held_out["prompts"], "few_shot": LONG_CHAINS},
    {**EVALUATED, "k": 4},
    {"evaluation": "evaluation"},
    uses=RULES,
    about="the same with worked examples in the prompt",
)
talk = Stage(
    "talk",
    "curate.tasks:prompts",
    {},
    {"sources": [sets.TALK]},
    {"prompts": "prompts"},
    about="general questions that nothing is trained on",
)
quality = Stage(
    "quality",
    "train.general_quality:stage",
    {**MODELS, "prompts": talk["prompts"], "trust": trust["trust"]},
    {**EVALUATED, **JUDGE},
    {"quality": "quality"},
    extent=SERVERS,
    about="how good the judge finds every model's answers to them",
)
report = Stage(
    "report",
    "train.by_stage:stage",
    {
        "evaluation": evaluation["evaluation"],
        "shown": shown["evaluation"],
        "quality": quality["quality"],
        "trust": trust["trust"],
        "sampled_zero": chains["samples"],
        "sampled_reasoner": traces["samples"],
    },
    {
        "title": "r1, stage by stage",
        "samplers": {"sampled_zero": "zero", "sampled_reasoner": "reasoner"},
        "paper": paper.TABLE,
        "paper_models": paper.MODELS,
        "paper_source": paper.SOURCE,
    },
    {"report": "report"},
    about="does each stage help?",
)

PIPELINE = Pipeline(
    "r1",
    (
        *(base, questions, held_out, zero),
        *(chains, readable, rewritten, cold_start),
        reasoner,
        *(trace_prompts, traces, trust, decided, reasoning, reviewed),
        *(topics, general_prompts, general, general_clean, general_good, mixture, finetuned),
        *(wishes, candidates, pairs, labels, helpful, harmless, aligned),
        *(evaluation, shown, talk, quality, report),
    ),
    "DeepSeek-R1's stages at the paper's scale",
)
