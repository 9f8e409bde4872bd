"""R1's distillation: a small student fine-tuned on the 800k samples of r1, by supervised fine-tuning alone (arXiv 2501.12948v2, B.4.3 and Table 6).

`samples` is the mixture that r1 made, or any training set of ours: `--set distilled.samples=runs/r1/mixture-HASH/samples`. Another student takes its own learning rate, as the paper has it: Qwen 1.5B 1e-4, 7B 8e-5, 14B 7e-5, 32B 6e-5,
Llama 8B 5e-5, 70B 2e-5: `--set student.name=Qwen/Qwen2.5-Math-7B --set distilled.lr=8e-5`.

Departs from the paper in nothing that it published; packing and warm-up are not, and are as in train/presets.py.
"""

from curate.stage import Given, Pipeline, Stage
from pipelines import paper, r1

student = Stage(
    "student",
    "curate.tasks:model",
    {},
    {"name": "Qwen/Qwen2.5-Math-1.5B", "revision": "main"},  # Table 6
    {"model": "model"},
    about="the model that is taught",
)
distilled = Stage(
    "distilled",
    "train.tasks:sft",
    {"model": student["model"], "samples": Given("runs/r1/mixture/samples")},
    {
        "preset": "distill",
        "lr": 1e-4,
        "floor": 0.1,
        "epochs": 2.0,
        "batch": 64,
        "max_tokens": 32_768,
    },  # B.4.3: 2 to 3 epochs, cosine to a tenth
    {"model": "run/model"},
    about="fine-tuned on them, and nothing else",
)
evaluation = Stage(
    "evaluation",
    "train.tasks:evaluate",
    {"student": student["model"], "distilled": distilled["model"], "prompts": r1.held_out["prompts"]},
    {**r1.EVALUATED, "k": 16},
    {"evaluation": "evaluation"},
    uses=r1.RULES,
    about="both on the same held-out questions",
)
report = Stage(
    "report",
    "train.by_stage:stage",
    {"evaluation": evaluation["evaluation"]},
    {
        "title": "distill: before and after",
        "paper": paper.DISTILLED,
        "paper_models": paper.STUDENTS,
        "paper_source": paper.DISTILLED_SOURCE,
    },
    {"report": "report"},
    about="what did it bring?",
)

PIPELINE = Pipeline("distill", (student, distilled, r1.held_out, evaluation, report), "the 800k to a small student, by fine-tuning alone")
