"""An evaluation from end to end with functions in place of models: what is asked, what is left out, and what a second call pays for."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import curate
from curate.errors import CurateError, SourceError, StoreError, UsageError
from curate.sources import SourceOptions
from curate.storage import at
from tests import models
from train.evaluate import Evaluated, evaluate, labelled

ROOT = Path(__file__).parents[2]
MATH = SourceOptions(verifier="math", domain="math")
SCRIPT = """
from curate.errors import RequestRefused
from tests.models import adder, guesser

def tidy(messages, index, seed):
    return "<think>I add the two numbers.</think><answer>" + adder(messages, index, seed).partition("{")[2][:-1] + "</answer>"

def plain(messages, index, seed):  # the same answers, said in no form
    return "I count " + adder(messages, index, seed).partition("{")[2][:-1] + " of them"

def cut(messages, index, seed):  # right in half of the samples, and cut off in half of those
    if index % 2:
        return "\\\\boxed{-1}"
    return adder(messages, 0, None).partition("</think>")[2], "length" if index % 4 else "stop"

def picky(messages, index, seed):
    if "What is 3 +" in messages[-1]["content"]:
        raise RequestRefused("the request was refused: policy")
    return tidy(messages, index, seed)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "models.py"
    path.write_text(SCRIPT)
    return path


def run(tmp_path: Path, *names: str, k: int = 4, prompts: int = 12, **other: Any) -> Evaluated:
    sources = other.pop("sources", None) or str(models.write_sums(tmp_path / "sums.jsonl", prompts))
    defaults: dict[str, Any] = {"source": MATH, "engine": "scripted", "quiet": True}
    named = [f"{tmp_path}/models.py:{name}" for name in names]
    return evaluate(named, sources, tmp_path / "out", k=k, **{**defaults, **other})


def rows(tmp_path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(tmp_path / "out" / "samples.parquet").to_pylist()
    return found


def test_two_models_side_by_side_and_what_a_second_call_pays_for(tmp_path: Path, script: Path) -> None:
    first = run(tmp_path, "plain")
    assert [m.tally.requested for m in first.generated] == [48]
    both = run(tmp_path, "plain", "tidy")
    assert [m.tally.requested for m in both.generated] == [0, 48]
    plain, tidy = both.report["models"]
    assert plain["label"] == "models.py:plain"
    assert {k: plain[k] for k in ("overall", "config")} == {k: first.report["models"][0][k] for k in ("overall", "config")}
    assert plain["overall"]["strict"]["pass@1"]["value"] == 0
    assert plain["overall"]["lenient"]["pass@1"]["value"] == tidy["overall"]["lenient"]["pass@1"]["value"] > 0.2
    assert tidy["overall"]["strict"] == tidy["overall"]["lenient"]
    assert (tidy["overall"]["format"]["value"], tidy["overall"]["format"]["samples"]) == (1.0, 48)
    assert tidy["overall"]["language"]["value"] == 1
    assert tidy["overall"]["more_than_first"]["strict"]["low"] > 0
    assert tidy["overall"]["more_than_first"]["lenient"]["value"] == 0
    saved = json.loads((tmp_path / "out" / "eval.json").read_text())
    assert saved == both.report
    found = rows(tmp_path)
    assert Counter(r["model"] for r in found) == {"models.py:plain": 48, "models.py:tidy": 48}
    assert all(r["lenient"] >= r["strict"] for r in found)
    for model in both.report["models"]:  # the texts are in the model's own directory
        dataset = curate.open(tmp_path / "out" / model["directory"])
        texts = {(s["prompt_id"], s["sample_index"]) for part in ("kept", "rejects") for s in dataset.to_arrow(part=part).to_pylist()}
        assert texts == {(r["prompt_id"], r["sample_index"]) for r in found if r["model"] == model["label"]}

    files = {name: (tmp_path / "out" / name).read_bytes() for name in ("eval.json", "samples.parquet")}
    again = run(tmp_path, "plain", "tidy")
    assert [m.tally.requested for m in again.generated] == [0, 0]
    assert files == {name: (tmp_path / "out" / name).read_bytes() for name in files}

    more = run(tmp_path, "tidy", k=6, prompts=14)
    assert [m.tally.requested for m in more.generated] == [14 * 6 - 48]
    assert more.report["models"][0]["overall"]["strict"].keys() == {"pass@1", "pass@2", "pass@4"}


def test_what_is_cut_off_is_wrong_where_the_form_is_asked_for(tmp_path: Path, script: Path) -> None:
    found = run(tmp_path, "cut").report["models"][0]["overall"]
    assert found["cut_off"] == 12
    strict, lenient = found["strict"]["pass@1"]["value"], found["lenient"]["pass@1"]["value"]
    assert 0 < strict < lenient
    assert strict == pytest.approx(lenient / 2)


def test_a_refused_prompt_and_a_bad_gold_count_nowhere(tmp_path: Path, script: Path) -> None:
    source = models.write_sums(tmp_path / "sums.jsonl", 6)
    source.write_text(source.read_text() + '{"problem": "What is 7 + 1?", "answer": "{"}\n')
    found = run(tmp_path, "picky", sources=str(source)).report
    overall = found["models"][0]["overall"]
    assert found["prompts"]["count"] == 7
    assert (overall["refused"], overall["undecided"]) == (1, 4)
    assert overall["strict"]["pass@1"]["prompts"] == 5
    assert overall["tokens"]["samples"] == 24
    refused = [r for r in rows(tmp_path) if r["finish_reason"] == "error"]
    assert [(r["strict"], r["lenient"], r["format"], r["language"]) for r in refused] == [(None,) * 4]


def test_a_guesser_is_asked_as_often_as_anybody(tmp_path: Path, script: Path) -> None:
    """Curation ends a prompt that looks guessed; a share of the samples before that would be no estimate."""
    source = tmp_path / "choice.jsonl"
    source.write_text("".join(json.dumps({"q": f"Question {n}: A, B, C or D?", "a": "ABCD"[n % 4], "c": 0.25}) + "\n" for n in range(8)))
    options = SourceOptions(mapping={"messages": "q", "gold": "a", "chance": "c"}, verifier="choice")
    found = run(tmp_path, "guesser", sources=str(source), source=options).report
    assert found["models"][0]["overall"]["samples"] == 32
    assert 0 < found["models"][0]["overall"]["strict"]["pass@1"]["value"] < 1


def test_domains_and_prompts_that_no_rule_checks(tmp_path: Path, script: Path) -> None:
    lines = [
        {"messages": f"What is {n} + 1?", "answer": str(n + 1), "domain": "even" if n % 2 == 0 else "odd", "verifier": "math"}
        for n in range(5)
    ]
    lines.append({"messages": "Write a poem.", "answer": None, "domain": "poetry", "verifier": None})
    (tmp_path / "mixed.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    options = SourceOptions(mapping={"messages": "messages", "gold": "answer", "domain": "domain", "verifier": "verifier"})
    found = run(tmp_path, "tidy", sources=str(tmp_path / "mixed.jsonl"), source=options, k=2)
    assert found.report["prompts"] == {"count": 5, "duplicates": 0, "left_out": {"no rule checks their answers": 1}}
    domains = found.report["models"][0]["domains"]
    assert {name: d["prompts"] for name, d in domains.items()} == {"even": 3, "odd": 2}
    with pytest.raises(SourceError, match=r"gave no prompts \(6 rows skipped: no rule checks their answers\)"):
        run(
            tmp_path, "tidy", sources=str(tmp_path / "mixed.jsonl"), source=SourceOptions(mapping={"messages": "messages"}, verifier="none")
        )
    judge = SourceOptions(mapping={"messages": "messages", "gold": "answer"}, verifier="judge", where="answer is not null")
    with pytest.raises(SourceError, match="5 rows skipped: their answers are for a judge"):
        run(tmp_path, "tidy", sources=str(tmp_path / "mixed.jsonl"), source=judge)


def test_other_weights_at_the_same_path_are_another_model(tmp_path: Path, script: Path) -> None:
    before = run(tmp_path, "tidy", k=1)
    script.write_text(SCRIPT + "# trained on\n")
    after = run(tmp_path, "tidy", k=1)
    assert [m.tally.requested for m in after.generated] == [12]
    directories = {e.report["models"][0]["directory"] for e in (before, after)}
    assert {p.name for p in (tmp_path / "out" / "models").iterdir()} == {d.removeprefix("models/") for d in directories}
    assert len(directories) == 2


def test_what_is_given_wrongly(tmp_path: Path, script: Path) -> None:
    cases: list[tuple[str, type[CurateError], tuple[str, ...], dict[str, Any]]] = [
        ("at least 1 sample", UsageError, ("tidy",), {"k": 0}),
        ("given twice", UsageError, ("tidy", "tidy"), {}),
        ("no such file", UsageError, ("tidy",), {"sources": str(tmp_path / "none.jsonl")}),
        ("has no function", UsageError, ("tidy", "absent"), {}),
        ("one revision", UsageError, ("tidy", "plain"), {"revision": "main"}),
    ]
    for sentence, kind, names, other in cases:
        with pytest.raises(kind, match=sentence):
            run(tmp_path, *names, **other)
    assert not (tmp_path / "out").exists()  # nothing was begun
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    for output in ("mine", "models.py"):
        with pytest.raises(UsageError, match="no directory of an evaluation"):
            evaluate([f"{script}:tidy"], "human_eval", tmp_path / output, engine="scripted")
    with pytest.raises(UsageError, match="written to this machine"):
        evaluate([f"{script}:tidy"], "human_eval", "s3://bucket/eval", engine="scripted")
    with at(tmp_path / "out").held(), pytest.raises(StoreError, match="another run is working in"):
        run(tmp_path, "tidy")


@pytest.mark.parametrize(
    ("models", "labels"),
    [
        (["runs/sft/model"], ["model"]),
        (["runs/sft/model", "runs/grpo/model/"], ["sft/model", "grpo/model"]),
        (["base", "runs/base"], ["base", "runs/base"]),
        (["a/x", "b/y"], ["x", "y"]),
    ],
)
def test_names_of_columns(models: list[str], labels: list[str]) -> None:
    assert labelled(models) == labels


KILLED = """
import asyncio, os, signal
from tests.models import adder

async def dying(messages, index, seed):
    log, alive = os.environ["CALLS"], os.path.exists(os.environ["KILLED"])
    if not alive and os.path.exists(log) and sum(1 for _ in open(log)) >= 12:
        await asyncio.sleep(0.5)  # what has ended is in the log after a tenth of a second
        open(os.environ["KILLED"], "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    with open(log, "a") as file:
        file.write(f"{messages[-1]['content']} {index}\\n")
    return adder(messages, index, seed)
"""


def test_after_a_kill_no_request_is_paid_for_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models.py").write_text(KILLED)
    source = models.write_sums(tmp_path / "sums.jsonl", 10)
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("KILLED", str(tmp_path / "killed"))
    arguments = ["eval", f"{tmp_path}/models.py:dying", str(source), "-k", "4", "-o", str(tmp_path / "out"), "--engine", "scripted"]
    arguments += ["--verifier", "math", "--max-concurrent", "4", "--quiet"]
    code = f"from curate.cli import run; run({arguments!r})"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == -9
    assert len((tmp_path / "calls").read_text().splitlines()) < 40
    assert not (tmp_path / "out" / "eval.json").exists()
    found = evaluate(
        [f"{tmp_path}/models.py:dying"], str(source), tmp_path / "out", k=4, source=SourceOptions(verifier="math"), engine="scripted"
    )
    assert found.report["models"][0]["overall"]["samples"] == 40
    calls = Counter((tmp_path / "calls").read_text().splitlines())
    assert len(calls) == 40
    assert set(calls.values()) == {1}
