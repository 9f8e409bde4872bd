"""R1's graph (r1.py) on SmolLM2-135M-Instruct: five stages on a laptop without a GPU, in some hundred minutes on two cores.

Stages and edges are those of r1.py; what stands here is what differs. The questions are small ones (tools/mini.py): sums, differences, a product with a sum, the largest of three numbers, what comes next, one-line programs, one constraint on a sentence. Until the cold start has taught the form, worked examples
show it, since a model of this size holds none without, and they are turns of the model's own chat template: of R1-Zero's plain text it made 8 % right answers in place of 39 %. The cold start is sampled with the examples that zero learned with: of other, longer ones it made 13 % right answers.
Zero's rollouts are sampled at 0.7, not at the paper's 1.0, at which 3 % of the base's answers to an earlier form of the questions in logic were right: nothing to learn from. `shown` asks every model with short examples, which suit an untrained one best. All models answer with vLLM on the CPU.

The only instruct model here is the base itself: it is an input of the stages that write or judge. It writes the general answers and judges, and is measured on 200 pairs before it is believed: where it agrees on less than `trust.least`, rules take its place (pipelines/mini/scripts.py) and the report says so.
Chains are rewritten by rules in any case, as no model of this size can.
"""

from pathlib import Path

from curate.stage import Given
from pipelines import r1

FOLDER = Path(__file__).parent / "mini"
DOMAINS = ("math", "logic", "code", "constraints")
EXAMPLES, SHORT_EXAMPLES = Given(str(FOLDER / "examples.jsonl")), Given(str(FOLDER / "short_examples.jsonl"))
SCRIPTS = ("pipelines.mini.scripts:VERSION",)


def given(*names: str) -> dict[str, Given]:
    """Files of mini/ as inputs."""
    return {name: Given(str(FOLDER / f"{name}.jsonl")) for name in names}


OWN = {"engine": "vllm", "temperature": 0.7, "top_p": 1.0, "max_tokens": 120}
EVALUATED = {"engine": "vllm", "temperature": 0.6, "top_p": 0.95, "max_tokens": 120}
ROLLOUTS = {
    "prompts": 12,
    "group": 8,
    "lr": 2e-5,
    "max_tokens": 96,
    "temperature": 0.7,
    "rounds": 2,
    "save_every": 5,
    "engine": {"kind": "vllm"},
}
TUNING = {"preset": "small", "lr": 1e-4, "batch": 16, "epochs": 1.0, "max_tokens": 512, "init": "model"}
REWARD = {"preset": "small", "lr": 2e-5, "batch": 8, "epochs": 2.0, "max_tokens": 512}
INSTRUCT = {"kind": "vllm"}  # and the base is its model
RULES = {"kind": "scripted", "model": "pipelines.mini.scripts:rubric"}
JUDGE = {"judge": r1.base["model"]}
JUDGED = {"judge": INSTRUCT, "instead": RULES}
ASKED = {"votes": 1, "reply": "schema", "sampling": {"max_tokens": 96}, "planted_first": 4, "planted_every": 0}

PIPELINE = r1.PIPELINE.at(
    "r1_mini",
    "R1's stages on SmolLM2-135M, on a laptop",
    {
        "base": {"inputs": {"model": Given("models/SmolLM2-135M-Instruct")}, "config": {}},
        "questions": {"inputs": given(*DOMAINS), "config": {}},
        "held_out": {"inputs": given(*(f"held_out/{domain}" for domain in DOMAINS)), "config": {}},
        "zero": {
            "inputs": {**r1.zero.inputs, "few_shot": EXAMPLES},
            "config": {**ROLLOUTS, "preset": "zero-small", "rewards": "accuracy=1,format=1", "steps": 24},
        },
        "chains": {
            "inputs": {**r1.chains.inputs, "few_shot": EXAMPLES},
            "config": {**OWN, "limit": 1200, "num_generations": 6, "num_correct": 1},
        },
        "readable": {"config": {**r1.readable.config, "dedup": "exact"}},
        "rewritten": {
            "config": {"rewriter": {"kind": "scripted", "model": "pipelines.mini.scripts:editor"}, "tries": 1},
            "extent": {},
            "uses": (*r1.RULES, *SCRIPTS),
        },
        "cold_start": {"config": {**TUNING, "epochs": 2.0}},
        "reasoner": {
            "config": {
                **ROLLOUTS,
                "preset": "reasoner-small",
                "rewards": "accuracy=1,summary=1,language=1",
                "temperature": 1.0,
                "steps": 30,
            },
        },
        "trace_prompts": {"inputs": {"questions": r1.questions["prompts"]}, "config": {}},
        "traces": {"config": {**OWN, "limit": 1000, "num_generations": 4, "num_correct": 1}},
        "trust": {
            "inputs": {**given("pairs"), **JUDGE},
            "config": {"judge": INSTRUCT, "least": 0.65, "asking": ASKED},
            "extent": {},
        },
        "decided": {
            "inputs": {**r1.decided.inputs, **JUDGE},
            "config": {**JUDGED, "asking": ASKED, "tasks": ["correctness"], "rejects": True},
            "extent": {},
            "uses": SCRIPTS,
        },
        "reasoning": {"config": {"dedup": "exact", "ngram": 10}},
        "reviewed": {
            "inputs": {**r1.reviewed.inputs, **JUDGE},
            "config": {**JUDGED, "asking": ASKED, "tasks": ["mixed_language", "long_paragraph", "code_block"]},
            "extent": {},
            "uses": SCRIPTS,
        },
        "topics": {
            "inputs": {"writer": r1.base["model"]},
            "config": {
                "writer": INSTRUCT,
                "topics": ["cooking", "travel", "animals", "short stories"],
                "per_topic": 5,
                "sampling": {"max_tokens": 96},
                "longest": 400,
            },
        },
        "general_prompts": {"inputs": {**r1.general_prompts.inputs, **given("general")}, "config": {"routes": r1.ROUTES}},
        "general": {
            "inputs": {**r1.general.inputs, "model": r1.base["model"]},
            "config": {"engine": "vllm", "temperature": 0.6, "top_p": 0.95, "max_tokens": 128},
            "extent": {},
        },
        "general_clean": {"config": {"filters": ["truncated", "refusal", "repetition", "template_leak", "pii"], "dedup": "exact"}},
        "general_good": {
            "inputs": {**r1.general_good.inputs, **JUDGE},
            "config": {**JUDGED, "asking": ASKED, "tasks": ["quality"], "min_quality": 6.0},
            "extent": {},
            "uses": SCRIPTS,
        },
        "mixture": {"config": {"quotas": {"math": 440, "logic": 280, "code": 60, "constraints": 60, "general": 80}}},
        "finetuned": {"config": TUNING},
        "wishes": {"inputs": given("wishes"), "config": {"routes": r1.ROUTES}},
        "candidates": {"config": {**OWN, "open_samples": 4}},
        "pairs": {
            "inputs": {**r1.pairs.inputs, **JUDGE},
            "config": {**JUDGED, "asking": {**ASKED, "votes": 2}, "margin": 0.5, "balance_lengths": False, "where": "domain <> 'safety'"},
            "extent": {},
            "uses": SCRIPTS,
        },
        "labels": {
            "inputs": {**r1.labels.inputs, **JUDGE},
            "config": {**JUDGED, "asking": ASKED, "where": "domain = 'safety'"},
            "extent": {},
            "uses": SCRIPTS,
        },
        "helpful": {"config": REWARD},
        "harmless": {"config": REWARD},
        "aligned": {
            "config": {
                **ROLLOUTS,
                "preset": "aligned-small",
                "rewards": "accuracy=1,summary=1,language=1,preference=1,harmlessness=1",
                "steps": 12,
                "preference_steps": 4,
            }
        },
        "evaluation": {"config": {**EVALUATED, "k": 2}},
        "shown": {"inputs": {**r1.MODELS, "prompts": r1.held_out["prompts"], "few_shot": SHORT_EXAMPLES}, "config": {**EVALUATED, "k": 1}},
        "talk": {"inputs": given("talk"), "config": {}},
        "quality": {
            "inputs": {**r1.quality.inputs, **JUDGE},
            "config": {**EVALUATED, **JUDGED, "asking": ASKED},
            "extent": {},
            "uses": SCRIPTS,
        },
        "report": {"config": {**r1.report.config, "title": "r1_mini, stage by stage"}},
    },
)
