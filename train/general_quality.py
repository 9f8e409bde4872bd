"""How good a judge finds what a pipeline's models say to open prompts: a mark from 0 to 10 for one answer of each model to every prompt, and the mean of them with its interval.

Departs from pairwise arenas (AlpacaEval, ArenaHard) in that no other model's answers are needed and a mark stays what it is when a model is added; it tells less between two that are nearly alike. An answer that was cut off is judged
as it stands, one that says nothing has 0 by rule; a prompt that the engine refused and an answer without a verdict count nowhere.
"""

import json
from typing import Any

from curate import api
from curate.filters.judge.tasks import BEST
from curate.stage import Task
from curate.storage import LocalPlace
from curate.tasks import judging, settings, tuples
from train.intervals import mean_of_values

QUALITY = "quality.json"


def stage(task: Task) -> None:
    """A pipeline's stage: all inputs but `prompts`, `trust` and `judge` are models, by their names in the report; quality.json to the output `quality`. `judge`, `asking`, `instead` and the input `trust` as in curate/tasks.py, the rest is how curate generate samples.

    The answers lie in the directory `models`, the judged ones in `judged`, so a call that was stopped goes on. Raises a CurateError, as where the judge lets too many of its planted texts pass.
    """
    given = settings(task)
    decides, _ = judging(given, task)
    models: dict[str, dict[str, Any]] = {}
    judge = decides.engine.model
    for name, path in task.inputs.items():
        if name in ("prompts", "trust", "judge"):
            continue
        answers = task.directory / "models" / name
        api.generate(
            str(task.inputs["prompts"]), answers, model=str(path), num_generations=1, num_correct=None, quiet=True, **tuples(given)
        )
        judged = api.judge(
            answers,
            task.directory / "judged" / name,
            tasks=["quality"],
            engine=decides.engine,
            settings=decides.settings,
            everything=True,
            rejects=True,
            where="finish_reason <> 'error'",
        )
        said = [row for part in ("kept", "rejects") for row in judged.dataset.to_arrow(part=part, columns=["judgements"])[0].to_pylist()]
        marks = [judgement["score"] for row in said for judgement in row if judgement["score"] is not None]
        judge = next((judgement["judge"] for row in said for judgement in row), judge)
        found = mean_of_values(marks, 0, BEST)
        models[name] = {"mean": found.value, "low": found.low, "high": found.high, "n": found.prompts}
        task.say(f"{name}: {'no mark' if found.value is None else f'{found.value:.1f} of {BEST}'} for {found.prompts:,} answers")
    task.outputs["quality"].mkdir(exist_ok=True)
    report = {"models": models, "judge": judge}
    LocalPlace(task.outputs["quality"]).write(QUALITY, (json.dumps(report, indent=1, ensure_ascii=False) + "\n").encode())
