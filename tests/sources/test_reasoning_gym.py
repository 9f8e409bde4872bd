"""reasoning-gym's tasks as prompts."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from curate.errors import SourceError, UsageError
from curate.sources import SourceOptions, collect, open_source
from curate.sources.gym_worker import lists, survives
from curate.sources.reasoning_gym import CHANCE, ReasoningGym, Worker
from curate.verifiers.logic import FAMILIES

EASY = ("chain_sum", "basic_arithmetic", "gcd", "letter_counting", "spell_backward", "count_bits", "products", "lcm", "simple_equations")


@pytest.mark.parametrize("task", EASY)
def test_easy_tasks_give_prompts_that_carry_their_entry(task: str) -> None:
    prompts = list(ReasoningGym(f"reasoning_gym:{task}?size=5&seed=3", SourceOptions()))
    assert len({p.id for p in prompts}) == 5
    for i, prompt in enumerate(prompts):
        gold = json.loads(prompt.gold or "")
        assert gold["task"] == task
        assert gold["entry"]["question"] == prompt.messages[0].content
        assert isinstance(gold["entry"]["answer"], str)
        assert not {"source_index", "source_dataset", "difficulty"} & set(gold["entry"]["metadata"])
        assert (prompt.verifier, prompt.source, prompt.source_id) == ("logic", f"reasoning_gym:{task}", f"3-{i}")
        assert (prompt.license, prompt.source_revision) == ("Apache-2.0", open_source(f"reasoning_gym:{task}").revision)


def test_parameters_are_json_where_they_are_json() -> None:
    prompts = list(
        ReasoningGym(
            'reasoning_gym:basic_arithmetic?operators=["+"]&min_digits=1&max_digits=1&min_terms=2&max_terms=2&size=30', SourceOptions()
        )
    )
    assert all(" + " in p.messages[0].content and not set("*/") & set(p.messages[0].content) for p in prompts)
    assert len(prompts) == 30


def test_the_same_question_with_the_same_gold_is_one_prompt_wherever_it_came() -> None:
    prompts = list(ReasoningGym("reasoning_gym:chain_sum?min_terms=2&max_terms=2&min_digits=1&max_digits=1&size=400", SourceOptions()))
    assert len({p.id for p in prompts}) == len({p.messages[0].content for p in prompts}) < 400


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("reasoning_gym:chain_sums", "no task 'chain_sums' .*chain_sum"),
        ("reasoning_gym:composite", "composite cannot be verified"),
        ("reasoning_gym:", "needs a task"),
        ("reasoning_gym", "needs a task"),
        ("reasoning_gym:gcd?size=0", "size must be a whole number"),
        ("reasoning_gym:gcd?size=many", "size must be a whole number"),
        ("reasoning_gym:gcd?seed=-1", "seed must be a whole number"),
        ("reasoning_gym:gcd?size", "key=value"),
        ("reasoning_gym:gcd?min_number=2", "no parameter 'min_number'; it has min_numbers"),
        ("reasoning_gym:gcd?min_value=10&max_value=5", "refuses these parameters"),
        ("reasoning_gym:gcd?min_value=word", "refuses these parameters"),
    ],
)
def test_what_cannot_be_asked_for_is_one_sentence(spec: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as caught:
        list(open_source(spec))
    assert "\n" not in str(caught.value)


def test_the_names_of_tasks_are_checked_even_where_another_verifier_is_forced() -> None:
    with pytest.raises(UsageError, match="no task 'chain_sums'; near it are chain_sum"):
        list(ReasoningGym("reasoning_gym:chain_sums", SourceOptions(verifier="math")))
    plain = next(iter(ReasoningGym("reasoning_gym:n_queens?size=1", SourceOptions(verifier="none"))))
    assert (plain.verifier, plain.gold, plain.accept) == (None, None, "finished")
    other = next(iter(ReasoningGym("reasoning_gym:gcd?size=1", SourceOptions(verifier="math"))))
    assert other.verifier == "math"
    assert (other.gold or "").isdigit()


def test_prompts_do_not_depend_on_the_hash_seed_or_on_what_ran_before() -> None:
    script = (
        "from curate.sources import open_source\n"
        "for t in ('word_ladder', 'list_functions', 'isomorphic_strings', 'ransom_note'):\n"
        "    print([p.id for p in open_source(f'reasoning_gym:{t}?size=6&seed=2')])"
    )
    root = str(Path(__file__).parents[2])
    said = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": root},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    here = [
        [p.id for p in open_source(f"reasoning_gym:{t}?size=6&seed=2")]
        for t in ("ransom_note", "isomorphic_strings", "list_functions", "word_ladder")
    ]
    assert said[0] == "".join(f"{line}\n" for line in reversed(here))


def test_interleaved_streams_give_what_each_gives_alone() -> None:
    specs = ["reasoning_gym:list_functions?seed=5", "reasoning_gym:gcd?seed=5", "reasoning_gym:list_functions?seed=6"]
    together = {p.id for p in collect(specs, limit=30)}
    assert together == {p.id for s in specs for p in open_source(s, SourceOptions(limit=10))}


def test_limit_where_and_fingerprint() -> None:
    assert len(list(open_source("reasoning_gym:gcd", SourceOptions(limit=7)))) == 7
    assert len(list(open_source("reasoning_gym:gcd?size=3", SourceOptions(limit=7)))) == 3
    short = list(open_source("reasoning_gym:gcd?size=50", SourceOptions(where="source_id in ('0-3', '0-40')")))
    assert [p.source_id for p in short] == ["0-3", "0-40"]
    prints = [
        open_source(s).fingerprint()
        for s in ("reasoning_gym:gcd", "reasoning_gym:gcd?seed=0", "reasoning_gym:gcd?seed=1", "reasoning_gym:lcm")
    ]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


def test_domain_chance_and_forced_fields() -> None:
    maths = next(iter(open_source("reasoning_gym:gcd?size=1")))
    truth = next(iter(open_source("reasoning_gym:course_schedule?size=1")))
    code = next(iter(open_source("reasoning_gym:bf?size=1")))
    assert (maths.domain, maths.chance, truth.domain, truth.chance, code.domain) == ("math", 0.0, "logic", 0.5, "code")
    forced = next(iter(open_source("reasoning_gym:gcd?size=1", SourceOptions(domain="arithmetic", mode="plain"))))
    assert (forced.domain, forced.mode) == ("arithmetic", "plain")
    assert forced.id == maths.id
    assert set(CHANCE) <= FAMILIES


def test_a_fraction_in_an_entry_is_a_text() -> None:
    found = [json.loads(prompt.gold or "")["entry"] for prompt in ReasoningGym("reasoning_gym:gsm_symbolic", SourceOptions(limit=60))]
    fractions = [e["metadata"]["variables"]["serving_fraction"] for e in found if "serving_fraction" in e["metadata"]["variables"]]
    assert "2" in fractions
    assert len(found) == 60


def test_entries_that_json_changes_are_refused() -> None:
    assert survives({"a": (1, [2])}) == {"a": [1, [2]]}
    assert lists((1, {"a": (2,)})) == [1, {"a": [2]}]
    for bad in ({1: "a"}, {"a": {1, 2}}, {"a": float("nan")}):
        with pytest.raises((TypeError, ValueError)):
            survives(bad)


def test_a_generator_that_died_is_a_sentence_and_the_next_source_gets_another() -> None:
    worker = Worker()
    stream, _ = worker.open("gcd", {"size": 500, "seed": 0})
    assert worker.alive
    os.kill(worker._process.pid, signal.SIGKILL)
    with pytest.raises(SourceError, match="has died"):
        worker.take(stream)
    worker.close(stream)
    worker.end()
    assert not worker.alive
    assert len(list(open_source("reasoning_gym:gcd?size=2"))) == 2


def test_the_generating_process_ends_with_its_caller() -> None:
    script = (
        "import os, signal\nfrom curate.sources import open_source, reasoning_gym\n"
        "next(iter(open_source('reasoning_gym:gcd')))\nprint(reasoning_gym._worker()._process.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    said = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    pid = int(said.stdout)
    for _ in range(200):
        if _gone(pid):
            break
        subprocess.run(["sleep", "0.05"], check=True)
    assert _gone(pid)


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


@pytest.mark.slow
@pytest.mark.parametrize("task", sorted(FAMILIES))
def test_every_task_gives_prompts(task: str) -> None:
    prompts = list(ReasoningGym(f"reasoning_gym:{task}?size=3", SourceOptions()))
    assert len(prompts) == 3
    assert [p.id for p in prompts] == [p.id for p in ReasoningGym(f"reasoning_gym:{task}?size=3", SourceOptions())]
