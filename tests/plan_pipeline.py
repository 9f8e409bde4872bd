"""A pipeline of scripted samples for the tests of curate plan: every second question is always solved, the others never."""

import json
from pathlib import Path

from curate.stage import Given, Pipeline, Stage

MANY = 40


def answer(messages, sample_index, seed):
    """Right for even numbers, in nine words."""
    number = int(messages[-1]["content"].split()[-1])
    return f"<think> let me see what it is </think> \\boxed{{{number if number % 2 == 0 else -1}}}"


def questions(path: Path, n: int = MANY) -> Path:
    """A file of n questions, half of them hopeless."""
    rows = [
        {
            "problem": f"Say the number {i}",
            "answer": str(i),
            "verifier": "math",
            "domain": "math" if i < n // 2 else "logic",
            "language": "en",
            "license": "Apache-2.0",
        }
        for i in range(n)
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def pipeline(path: Path) -> Pipeline:
    """asked -> answers -> clean -> mixture, and an odd one that no projection is known for."""
    asked = Stage("asked", "curate.tasks:prompts", {"file": Given(str(path))}, {}, {"prompts": "prompts"})
    scripted = {"model": "tests.plan_pipeline:answer", "engine": "scripted"}
    answers = Stage(
        "answers",
        "curate.tasks:generate",
        {"prompts": asked["prompts"]},
        {**scripted, "num_generations": 4, "num_correct": 1},
        {"samples": "samples"},
        uses=("curate.verifiers.math:VERSION",),
    )
    clean = Stage(
        "clean", "curate.tasks:filter", {"samples": answers["samples"]}, {"filters": ["truncated"], "dedup": "none"}, {"samples": "samples"}
    )
    mixture = Stage(
        "mixture", "curate.tasks:mix", {"samples": clean["samples"]}, {"quotas": {"math": 5, "logic": 50}}, {"samples": "samples"}
    )
    odd = Stage("odd", "tests.toy_pipeline:write", {}, {"word": "x"}, {"text": "text.txt"})
    return Pipeline("small", (asked, answers, clean, mixture, odd), "numbers that are said")
