"""How good a judge finds what models say: one answer to each prompt, marks by scripted judges, and whose marks count."""

import json
from pathlib import Path
from typing import Any

import pytest

from curate import api
from curate.errors import CurateError
from curate.stage import Task
from tests.filters.judge import judges
from train.general_quality import stage

HERE = "tests.train.test_general_quality"
ASKING = {"votes": 1, "planted_first": 2, "planted_every": 0}
ASKED: list[str] = []

Messages = list[dict[str, str]]


def friendly(messages: Messages, index: int, seed: int | None) -> str:
    ASKED.append(messages[-1]["content"])
    return f"<think>I am asked for a greeting.</think>Good morning, {messages[-1]['content'].split()[-1]}."


def curt(messages: Messages, index: int, seed: int | None) -> Any:
    """Breaks off, or says nothing."""
    ASKED.append(messages[-1]["content"])
    return ("Good", "length") if messages[-1]["content"].endswith("Ada") else "<think>What could I say?</think>"


def mark(messages: Messages, vote: int, seed: int | None) -> str:
    """Eight where somebody is greeted by name, three else, and nothing of Edsger."""
    seen = judges.see(messages[0]["content"])
    answer = seen.pieces["answer to be evaluated"]
    return "I cannot say." if "Edsger" in answer else judges.reply(seen, 8 if answer.startswith("Good morning, ") else 3)


def generous(messages: Messages, vote: int, seed: int | None) -> str:
    return judges.reply(judges.see(messages[0]["content"]), 10)


def strict(messages: Messages, vote: int, seed: int | None) -> str:
    return judges.reply(judges.see(messages[0]["content"]), 3)


def run(
    tmp_path: Path, models: tuple[str, ...] = ("curt", "friendly"), judge: str | dict[str, str] = "mark", **more: Any
) -> dict[str, Any]:
    """quality.json; `trusted` makes an input `trust`, `given` are inputs beside these."""
    inputs = {model: Path(f"{HERE}:{model}") for model in models} | more.pop("given", {})
    if not (tmp_path / "prompts").exists():
        lines = [{"messages": f"Greet my friend {name}", "accept": "finished", "domain": "general"} for name in ("Ada", "Grace", "Edsger")]
        (tmp_path / "prompts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        api.prompts(str(tmp_path / "prompts.jsonl"), str(tmp_path / "prompts"))
    if (trusted := more.pop("trusted", None)) is not None:
        inputs["trust"] = tmp_path / "trust"
        inputs["trust"].mkdir()
        (inputs["trust"] / "trust.json").write_text(json.dumps({"trusted": trusted}))
    config = {"engine": "scripted", "judge": _scripted(judge) if isinstance(judge, str) else judge, "asking": ASKING, **more}
    stage(Task({**inputs, "prompts": tmp_path / "prompts"}, config, {}, tmp_path, {"quality": tmp_path / "quality"}))
    found: dict[str, Any] = json.loads((tmp_path / "quality" / "quality.json").read_text())
    return found


def _scripted(name: str) -> dict[str, str]:
    return {"kind": "scripted", "model": f"{HERE}:{name}"}


def test_the_mean_mark_of_one_answer_to_each_prompt(tmp_path):
    found = run(tmp_path)
    assert found["judge"].startswith(f"{HERE}:mark@")
    assert found["models"]["friendly"] == {"mean": 8.0, "low": 8.0, "high": 8.0, "n": 2}  # of Edsger the judge said nothing
    curt = found["models"]["curt"]
    assert (curt["mean"], curt["n"]) == (1.0, 3)  # cut off: 3; nothing said: 0 by rule
    assert (curt["low"], round(curt["high"], 1)) == (0.0, 5.3)
    assert len(api.open(tmp_path / "judged" / "curt").to_arrow(part="rejects")) == 3


def test_a_second_call_asks_nobody_twice(tmp_path):
    first = run(tmp_path)
    ASKED.clear()
    assert run(tmp_path) == first
    assert not ASKED


@pytest.mark.parametrize(("trusted", "mean"), [(True, 8.0), (False, 3.0)])
def test_the_marks_of_a_judge_that_is_not_trusted_do_not_count(tmp_path, trusted, mean):
    """The rubric in its place is `strict`."""
    found = run(tmp_path, ("friendly",), trusted=trusted, instead=_scripted("strict"))
    assert found["models"]["friendly"]["mean"] == mean
    assert found["judge"].partition("@")[0] == f"{HERE}:{'mark' if trusted else 'strict'}"


def test_the_judge_may_be_an_input_and_is_no_model_then(tmp_path):
    found = run(tmp_path, ("friendly",), judge={"kind": "scripted"}, given={"judge": Path(f"{HERE}:mark")})
    assert (list(found["models"]), found["models"]["friendly"]["mean"]) == (["friendly"], 8.0)


def test_a_judge_that_finds_everything_good_gives_no_marks(tmp_path):
    with pytest.raises(CurateError, match="planted bad samples pass"):
        run(tmp_path, ("friendly",), judge="generous")
    assert not (tmp_path / "quality").exists()
