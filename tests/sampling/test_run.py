"""The sampler from end to end with a function in place of a model: what is kept, what is asked, and what a second call does."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from curate import api
from curate.check import check
from curate.engines.replay import replay
from curate.errors import EngineError, IdentityMismatch, Stopped, StoreError, UsageError
from curate.shards import manifests
from curate.sources import SourceOptions
from tests import models

MATH = SourceOptions(verifier="math", domain="math")


def make(tmp_path: Path, model: str = "adder", *, prompts: int = 40, first: int = 0, out: str = "out", **given: Any) -> api.Generated:
    source = models.write_sums(tmp_path / "sums.jsonl", prompts, first=first)
    defaults: dict[str, Any] = {
        "engine": "scripted",
        "source": MATH,
        "quiet": True,
        "max_concurrent": 16,
        "prompts_per_shard": 8,
        "num_generations": 6,
    }
    return api.generate(str(source), tmp_path / out, model=f"tests.models:{model}", **{**defaults, **given})


def files(directory: Path) -> dict[str, bytes]:
    """Name and bytes of everything that is the dataset itself."""
    return {
        str(p.relative_to(directory)): p.read_bytes()
        for p in sorted(directory.rglob("*"))
        if p.is_file() and p.relative_to(directory).parts[0] not in ("completions", "input", ".lock")
    }


def counts(made: api.Generated) -> Mapping[str, Any]:
    funnel: Mapping[str, Any] = made.dataset.stats["funnel"]
    return funnel


def test_first_run_keeps_what_is_right(tmp_path: Path) -> None:
    made = make(tmp_path)
    kept, rejects, outcomes = (made.dataset.to_arrow(part=part).to_pylist() for part in ("kept", "rejects", "prompts"))
    assert len(outcomes) == 40
    assert len(manifests(tmp_path / "out")) > 3
    assert all(r["verdict"]["status"] == "correct" and not r["drop_reasons"] for r in kept)
    assert all(r["drop_reasons"] == ["wrong"] for r in rejects)
    assert all(o["n_kept"] <= 1 and o["n_sampled"] == o["n_correct"] + o["n_wrong"] for o in outcomes)
    assert {o["stop_reason"] for o in outcomes} == {"enough", "max_samples"}
    assert sum(o["n_kept"] for o in outcomes) == len(kept)
    assert kept[0]["reasoning"].endswith("is what is asked.")
    assert kept[0]["response"].startswith("\\boxed")
    assert made.dataset.complete
    assert counts(made)["kept"] == len(kept)


def test_rows_are_a_function_of_the_completions(tmp_path: Path) -> None:
    """Another order of the prompts, another number in flight, another width of waves: the same bytes."""
    make(tmp_path, out="one")
    source = tmp_path / "sums.jsonl"
    source.write_text("".join(reversed(source.read_text().splitlines(keepends=True))))
    api.generate(
        str(source),
        tmp_path / "two",
        model="tests.models:adder",
        engine="scripted",
        source=MATH,
        quiet=True,
        max_concurrent=3,
        prompts_per_shard=8,
        num_generations=6,
        tail_width=5,
    )
    one, two = files(tmp_path / "one"), files(tmp_path / "two")
    assert {n: b for n, b in one.items() if n.endswith(".parquet")} == {n: b for n, b in two.items() if n.endswith(".parquet")}


def test_second_call_repeats_nothing(tmp_path: Path) -> None:
    make(tmp_path)
    before = files(tmp_path / "out")
    again = make(tmp_path)
    assert again.tally.requested == again.tally.reused == 0
    assert files(tmp_path / "out") == before


def test_a_lost_shard_is_made_again_from_the_log(tmp_path: Path) -> None:
    make(tmp_path)
    before = files(tmp_path / "out")
    lost = sorted((tmp_path / "out" / "kept").glob("*.parquet"))[0]
    lost.unlink()
    again = make(tmp_path)
    assert again.tally.requested == 0
    assert again.tally.shards_published == 1
    assert files(tmp_path / "out") == before


@pytest.mark.parametrize("damage", ["cut", "empty manifest", "no manifests", "log tail", "log gone"])
def test_damage_is_mended_by_the_same_command(tmp_path: Path, damage: str) -> None:
    make(tmp_path)
    out = tmp_path / "out"
    before = files(out)
    log = max((out / "completions").glob("*.log"))
    if damage == "cut":
        file = sorted((out / "rejects").glob("*.parquet"))[1]
        file.write_bytes(file.read_bytes()[:-100])
    elif damage == "empty manifest":
        sorted((out / "manifest").glob("*.json"))[0].write_text("")
    elif damage == "no manifests":
        for file in (out / "manifest").glob("*.json"):
            file.unlink()
    else:
        (out / "_SUCCESS").unlink()
        for file in (out / "manifest").glob("*.json"):
            file.unlink()
        log.write_bytes(log.read_bytes()[:-300] if damage == "log tail" else b"")
    made = make(tmp_path)
    assert files(out) == before
    assert (made.tally.requested > 0) == damage.startswith("log")
    assert check(out).problems == []


def test_more_samples_and_more_prompts_reuse_what_is_there(tmp_path: Path) -> None:
    rows = counts(make(tmp_path, num_correct=1))["sampled"]
    more = make(tmp_path, num_correct=2, num_generations=8)
    assert more.tally.reused >= rows
    extended = make(tmp_path, prompts=50, num_correct=2, num_generations=8)
    assert extended.tally.prompts_done == 50
    assert extended.tally.shards_reused > 0
    fresh = make(tmp_path, prompts=50, num_correct=2, num_generations=8, out="fresh")
    assert {n: b for n, b in files(tmp_path / "out").items() if n.endswith(".parquet")} == {
        n: b for n, b in files(tmp_path / "fresh").items() if n.endswith(".parquet")
    }
    assert fresh.tally.requested > extended.tally.requested


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"temperature": 1.0}, "sampling"),
        ({"seed": 1}, "seed"),
        ({"model": "tests.models:guesser"}, "model"),
        ({"prefill": "x"}, "prefill"),
    ],
)
def test_another_identity_is_refused_by_name(tmp_path: Path, given: dict[str, Any], named: str) -> None:
    make(tmp_path, prompts=4)
    before = files(tmp_path / "out")
    model = given.pop("model", "tests.models:adder")
    with pytest.raises(IdentityMismatch, match=named):
        api.generate(
            str(tmp_path / "sums.jsonl"),
            tmp_path / "out",
            model=model,
            engine="scripted",
            source=MATH,
            quiet=True,
            prompts_per_shard=8,
            num_generations=6,
            **given,
        )
    assert files(tmp_path / "out") == before


def test_overwrite_starts_again_in_our_directories_only(tmp_path: Path) -> None:
    make(tmp_path, prompts=4)
    assert make(tmp_path, prompts=4, seed=1, overwrite=True).tally.requested > 0
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match="not empty"):
        make(tmp_path, prompts=4, out="mine", overwrite=True)
    assert (tmp_path / "mine" / "thesis.tex").exists()


def test_all_correct_samples(tmp_path: Path) -> None:
    made = make(tmp_path, num_correct=None)
    outcomes = made.dataset.to_arrow(part="prompts").to_pylist()
    assert all(
        o["n_sampled"] == 6 and o["n_kept"] == o["n_correct"] and o["pass_rate"] == pytest.approx(o["n_correct"] / 6) for o in outcomes
    )


def test_min_pass_rate(tmp_path: Path) -> None:
    made = make(tmp_path, num_correct=None, min_pass_rate=0.5)
    outcomes = made.dataset.to_arrow(part="prompts").to_pylist()
    assert all(o["n_kept"] == (o["n_correct"] if o["pass_rate"] >= 0.5 else 0) for o in outcomes)
    assert counts(made)["dropped"]["below_min_pass_rate"] > 0


def choice(tmp_path: Path, count: int) -> Path:
    path = tmp_path / "choice.jsonl"
    rows = [{"q": f"Question {n}: which? {{{'ABCD'[n % 4]}}}", "a": "ABCD"[n % 4], "c": 0.25} for n in range(count)]
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return path


def test_a_guesser_keeps_almost_nothing_and_knowledge_is_kept(tmp_path: Path) -> None:
    source = choice(tmp_path, 400)
    options = SourceOptions(mapping={"messages": "q", "gold": "a", "chance": "c"}, verifier="choice")
    kept = {}
    for model in ("guesser", "knows_some"):
        made = api.generate(
            str(source),
            tmp_path / model,
            model=f"tests.models:{model}",
            engine="scripted",
            source=options,
            quiet=True,
            num_generations=16,
            num_correct=1,
        )
        kept[model] = sum(o["n_kept"] > 0 for o in made.dataset.to_arrow(part="prompts").to_pylist())
        known = sum(models.draw("known", json.loads(line)["q"]) < 0.4 for line in source.read_text().splitlines())
    assert kept["guesser"] <= 0.01 * 400
    assert known <= kept["knows_some"] <= known + 0.01 * 400


def test_open_prompts_have_one_sample_or_as_many_as_are_to_be_compared(tmp_path: Path) -> None:
    open_ended = SourceOptions(verifier="none")
    one = make(tmp_path, prompts=10, source=open_ended, num_correct=3)
    assert counts(one)["kept"] == 10
    more = make(tmp_path, prompts=10, source=open_ended, num_correct=3, open_samples=4)
    rows = more.dataset.to_arrow().to_pylist()
    assert sorted(r["sample_index"] for r in rows) == sorted([*range(4)] * 10)
    assert more.tally.reused == 10, "the first of each was there"
    with pytest.raises(UsageError, match="--open-samples is out of range"):
        make(tmp_path, open_samples=0)


def test_unverified_prompts_need_to_be_finished(tmp_path: Path) -> None:
    source = tmp_path / "open.jsonl"
    source.write_text("".join(f'{{"prompt": "Write about {n}"}}\n' for n in range(10)))

    script = tmp_path / "writer.py"
    script.write_text(
        "def writer(messages, sample_index, seed):\n    return 'A text.', 'length' if '3' in messages[-1]['content'] else 'stop'\n"
    )
    made = api.generate(str(source), tmp_path / "out", model=f"{script}:writer", engine="scripted", quiet=True)
    assert counts(made)["kept"] == 9
    assert counts(made)["dropped"] == {"truncated": 1}
    assert counts(made)["sampled"] == 10


def test_continuation_of_what_was_cut_off(tmp_path: Path) -> None:
    source = models.write_sums(tmp_path / "sums.jsonl", 6)
    script = tmp_path / "slow.py"
    script.write_text(
        "from tests.models import adder\n"
        "def slow(messages, sample_index, seed):\n"
        "    if messages[-1]['role'] == 'assistant':\n"
        "        whole = adder(messages[:-1], 0, 0)\n"
        "        return whole[len(messages[-1]['content']):]\n"
        "    return adder(messages, 0, 0)[:20], 'length'\n"
    )
    made = api.generate(
        str(source),
        tmp_path / "out",
        model=f"{script}:slow",
        engine="scripted",
        source=MATH,
        quiet=True,
        num_generations=1,
        continue_truncated=True,
    )
    rows = made.dataset.to_arrow().to_pylist() + made.dataset.to_arrow(part="rejects").to_pylist()
    assert len(rows) == 6
    assert all(r["finish_reason"] == "stop" and r["response"].startswith("\\boxed") for r in rows)
    cut = api.generate(str(source), tmp_path / "cut", model=f"{script}:slow", engine="scripted", source=MATH, quiet=True, num_generations=1)
    assert counts(cut)["kept"] == 0
    assert counts(cut)["dropped"]["truncated"] == 6


def test_token_budget_stops_resumably(tmp_path: Path) -> None:
    whole = make(tmp_path, out="whole")
    with pytest.raises(Stopped, match="token budget") as stopped:
        make(tmp_path, budget_tokens=200)
    assert stopped.value.exit_code == 3
    assert not (tmp_path / "out" / "_SUCCESS").exists()
    rounds = 0
    while True:
        rounds += 1
        try:
            last = make(tmp_path, budget_tokens=400)
            break
        except Stopped:
            assert rounds < 50
    assert rounds > 1
    assert {n: b for n, b in files(tmp_path / "out").items() if n.endswith(".parquet")} == {
        n: b for n, b in files(tmp_path / "whole").items() if n.endswith(".parquet")
    }
    assert last.tally.reused > 0
    assert whole.tally.requested > 0


def test_time_budget_stops_resumably(tmp_path: Path) -> None:
    script = tmp_path / "sleepy.py"
    script.write_text(
        "from tests.models import adder\ndef sleepy(m, i, s):\n    return {'text': adder(m, i, s), 'latency': 30.0 if '39' in m[-1]['content'] else 0.0}\n"
    )
    source = models.write_sums(tmp_path / "sums.jsonl", 45)
    with pytest.raises(Stopped, match="time budget"):
        api.generate(
            str(source), tmp_path / "out", model=f"{script}:sleepy", engine="scripted", source=MATH, quiet=True, budget_minutes=0.03
        )


def test_refused_prompt_is_data_and_a_refusing_server_is_not(tmp_path: Path) -> None:
    script = tmp_path / "picky.py"
    script.write_text(
        "from curate.errors import RequestRefused\nfrom tests.models import adder\n"
        "def picky(m, i, s):\n    if 'What is 3 +' in m[-1]['content']:\n        raise RequestRefused('the request was refused: policy')\n    return adder(m, i, s)\n"
        "def never(m, i, s):\n    raise RequestRefused('the request was refused: no such parameter')\n"
    )
    source = models.write_sums(tmp_path / "sums.jsonl", 12)
    common: dict[str, Any] = {"engine": "scripted", "source": MATH, "quiet": True}
    for _ in range(2):  # also when the run was finished before
        with pytest.raises(EngineError, match="1 of 12 prompts were refused"):
            api.generate(str(source), tmp_path / "out", model=f"{script}:picky", **common)
    dataset = api.open(tmp_path / "out")
    assert dataset.complete
    outcomes = dataset.to_arrow(part="prompts").to_pylist()
    assert [o["n_sampled"] for o in outcomes if o["stop_reason"] == "refused"] == [1]
    (row,) = [r for r in dataset.to_arrow(part="rejects").to_pylist() if r["finish_reason"] == "error"]
    assert row["verdict"]["score"] is None
    assert "policy" in row["verdict"]["reason"]
    with pytest.raises(EngineError, match="no such parameter"):
        api.generate(str(source), tmp_path / "none", model=f"{script}:never", **common)
    assert not (tmp_path / "none" / "_SUCCESS").exists()


def test_a_broken_script_stops_and_loses_nothing(tmp_path: Path) -> None:
    script = tmp_path / "broken.py"
    script.write_text(
        "from tests.models import adder\nn = 0\ndef broken(m, i, s):\n    global n\n    n += 1\n    if n > 30:\n        raise KeyError('oops')\n    return adder(m, i, s)\n"
    )
    source = models.write_sums(tmp_path / "sums.jsonl", 40)
    with pytest.raises(EngineError, match="oops"):
        api.generate(str(source), tmp_path / "out", model=f"{script}:broken", engine="scripted", source=MATH, quiet=True, max_concurrent=4)
    from curate.completions import read_all

    assert len(list(read_all(tmp_path / "out" / "completions"))) >= 26


def test_two_runs_in_one_directory_are_refused(tmp_path: Path) -> None:
    from curate.shards import Directory

    make(tmp_path, prompts=4)
    with Directory(tmp_path / "out", "samples"), pytest.raises(StoreError, match="another run"):
        make(tmp_path, prompts=4)


def test_inside_a_running_loop(tmp_path: Path) -> None:
    async def cell() -> api.Generated:
        return make(tmp_path, prompts=5)

    assert asyncio.run(cell()).dataset.complete


def test_replay_gives_the_same_bytes(tmp_path: Path) -> None:
    made = make(tmp_path)
    options = api.options(model="replayed", engine="scripted", source=MATH, quiet=True, prompts_per_shard=8, num_generations=6)
    again = api.run(str(tmp_path / "sums.jsonl"), tmp_path / "again", options, replay(tmp_path / "out"))
    assert again.tally.requested >= counts(made)["sampled"]
    assert files(tmp_path / "again") == files(tmp_path / "out")


def test_dry_run_sends_nothing(tmp_path: Path) -> None:
    source = models.write_sums(tmp_path / "sums.jsonl", 6)
    options = api.options(model="tests.models:adder", engine="scripted", source=MATH, few_shot="builtin:demo", system_prompt="Be brief.")
    text, numbers = api.preview(str(source), options)
    assert "What is" in text
    assert "Be brief." in text
    assert numbers["prompts"] == 6
    assert numbers["requests, at most"] == 96
