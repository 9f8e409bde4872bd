"""`curate judge` on samples, by scripted judges that compare what they see with the reference."""

from pathlib import Path
from typing import Any

import pytest

from curate import api
from curate.check import check
from curate.engines import EngineSettings
from curate.engines.scripted import ScriptedEngine
from curate.errors import CurateError, UsageError
from curate.filters.judge import Settings
from tests.filtering import toy
from tests.filters.judge import judges

ENGINE = EngineSettings(kind="scripted", model="toy", base_urls=())
SETTINGS = Settings(votes=1, planted_first=3, planted_every=0)


def judged(inputs: Any, output: Path, judge: judges.Judge, *tasks: str, **options: Any) -> Any:
    engine = ScriptedEngine(judge, model="judge", model_revision="r1")
    return api.judge(inputs, output, tasks=tasks, engine=ENGINE, given=engine, **({"settings": SETTINGS} | options))


def undecided(number: int, said: int) -> dict[str, Any]:
    """A sample that no rule could decide; it says that the answer is `said`, and is rejected for want of a verdict."""
    row = toy.sample(number, response=f"The answer is {said}", domain="stem")
    row["verdict"] |= {"status": "unverifiable", "score": None}
    return row | {"drop_reasons": ["unverifiable"]}


def by_number(directory: Path, part: str) -> dict[int, dict[str, Any]]:
    return {row["seed"]: row for row in toy.read(directory, part)}


def test_what_rules_could_not_decide_is_kept_where_the_judge_finds_it_correct(tmp_path: Path) -> None:
    rows = [undecided(i, 2 * i + (i % 2)) for i in range(1, 9)]
    made = judged(toy.parquet(tmp_path / "in.parquet", rows), tmp_path / "out", judges.knows(judges.honest), "correctness")
    kept, rejects = by_number(tmp_path / "out", "kept"), by_number(tmp_path / "out", "rejects")
    assert sorted(kept) == [2, 4, 6, 8]
    assert {n: r["drop_reasons"] for n, r in rejects.items()} == {n: ["unverifiable", "judged_incorrect"] for n in (1, 3, 5, 7)}
    [judgement] = kept[2]["judgements"]
    assert (judgement["judge"], judgement["verdict"], judgement["decided_by"], judgement["votes"]) == (
        "judge@r1",
        "correct",
        "judge",
        ["correct"],
    )
    assert judgement["template"].startswith("correctness@")
    told = made.stats["judge"]["correctness"]
    assert told["verdicts"] == {"correct": 4, "incorrect": 4}
    assert sum(told["planted"].values()) > 0
    assert sum(told["planted_passed"].values()) == 0
    assert check(tmp_path / "out").findings == []
    assert "correctness@" in (tmp_path / "out/README.md").read_text()


def test_a_judge_never_overrules_a_rule_and_is_not_asked_about_what_is_decided(tmp_path: Path) -> None:
    wrong = toy.sample(1, response="The answer is 2") | {"drop_reasons": ["wrong"]}
    rows = [wrong, toy.sample(2, response="The answer is 5")]
    judged(toy.parquet(tmp_path / "in.parquet", rows), tmp_path / "out", judges.knows(judges.honest), "correctness")
    assert [r["judgements"] for r in toy.read(tmp_path / "out", "kept") + toy.read(tmp_path / "out", "rejects")] == [[], []]
    judged(toy.parquet(tmp_path / "in.parquet", rows), tmp_path / "all", judges.knows(judges.honest), "correctness", everything=True)
    rejects = by_number(tmp_path / "all", "rejects")
    assert rejects[1]["drop_reasons"] == ["wrong"]
    assert rejects[1]["judgements"][0]["verdict"] == "correct"
    assert rejects[2]["drop_reasons"] == ["judged_incorrect"]


def test_chains_are_flagged_and_quality_has_a_limit(tmp_path: Path) -> None:
    def verdict(seen: judges.Seen) -> Any:
        if "chain of thought" in seen.pieces:
            return "clean" if "tidy" in seen.pieces["chain of thought"] else "flagged"
        return 9 if "good" in seen.pieces["answer to be evaluated"] else 2

    rows = [
        toy.sample(i, chain=f"A {word} chain about {i}.", response=f"A {word} answer, number {i}.", domain="general")
        for i, word in enumerate(("tidy good", "tidy", "good", "tidy good"))
    ]
    path = toy.parquet(tmp_path / "in.parquet", rows)
    made = judged(
        path,
        tmp_path / "out",
        judges.knows(verdict),
        "mixed_language",
        "quality",
        settings=Settings(votes=1, planted_first=0, planted_every=0),
    )
    assert sorted(by_number(tmp_path / "out", "kept")) == [0, 3]
    assert {n: r["drop_reasons"] for n, r in by_number(tmp_path / "out", "rejects").items()} == {
        1: ["judged_poor"],
        2: ["judged_mixed_language"],
    }
    assert made.stats["judge"]["mixed_language"]["agreement_with_the_rule"]["only_judge"] == 1


@pytest.mark.parametrize(("limit", "asked"), [(350, {200, 400, 600}), (100, {60, 200})])
def test_of_the_chains_flaws_those_near_the_rules_limit_are_judged(tmp_path: Path, limit: int, asked: set[int]) -> None:
    rows = [toy.sample(n, chain=" ".join(["so"] * n)) for n in (20, 60, 200, 400, 600, 900)]
    rows.append(toy.sample(300, chain=" ".join(["so"] * 300), finish_reason="length"))
    filters, settings = ("long_paragraph", "truncated"), {"long_paragraph.reasoning": limit}
    api.filter(toy.parquet(tmp_path / "in.parquet", rows), tmp_path / "filtered", filters=filters, settings=settings, dedup="none")
    quiet = Settings(votes=1, planted_first=0, planted_every=0)

    def judge(seen: judges.Seen) -> str:
        return "flagged" if seen.pieces["chain of thought"].count("so") > 250 else "clean"

    made = judged(tmp_path / "filtered", tmp_path / "out", judges.knows(judge), "long_paragraph", settings=quiet, rejects=True)
    found = by_number(tmp_path / "out", "kept") | by_number(tmp_path / "out", "rejects")
    assert {number for number, row in found.items() if row["judgements"]} == asked
    agreed = made.stats["judge"]["long_paragraph"]["agreement_with_the_rule"]
    flagged = {n for n in asked if n > limit}
    assert (agreed["both"], agreed["only_rule"]) == (len({n for n in flagged if n > 250}), len({n for n in flagged if n <= 250}))
    judged(tmp_path / "filtered", tmp_path / "all", judges.knows(judge), "long_paragraph", settings=quiet, rejects=True, everything=True)
    found = by_number(tmp_path / "all", "kept") | by_number(tmp_path / "all", "rejects")
    assert all(row["judgements"] for row in found.values())


def test_what_the_judge_says_nothing_of_stays_where_it_was(tmp_path: Path) -> None:
    rows = [toy.sample(1), undecided(2, 4)]
    judged(
        toy.parquet(tmp_path / "in.parquet", rows),
        tmp_path / "out",
        lambda messages, vote, seed: "I cannot say.",
        "correctness",
        everything=True,
    )
    assert list(by_number(tmp_path / "out", "kept")) == [1]
    [row] = toy.read(tmp_path / "out", "rejects")
    assert row["drop_reasons"] == ["unverifiable"]
    assert row["judgements"][0]["verdict"] is None
    assert row["judgements"][0]["reason"]


def test_a_judge_that_passes_planted_samples_publishes_nothing(tmp_path: Path) -> None:
    path = toy.parquet(tmp_path / "in.parquet", [undecided(i, i) for i in range(1, 30)])
    with pytest.raises(CurateError, match="planted"):
        judged(path, tmp_path / "out", judges.knows(lambda seen: "correct"), "correctness")
    assert not (tmp_path / "out/_SUCCESS").exists()
    assert not toy.read(tmp_path / "out", "kept")


def test_the_same_call_asks_nothing_twice(tmp_path: Path) -> None:
    path = toy.parquet(tmp_path / "in.parquet", [undecided(i, 2 * i) for i in range(1, 6)])
    asked = 0
    honest = judges.knows(judges.honest)

    def counting(messages: list[dict[str, str]], vote: int, seed: int | None) -> Any:
        nonlocal asked
        asked += 1
        return honest(messages, vote, seed)

    judged(path, tmp_path / "out", counting, "correctness")
    before, first = toy.content(tmp_path / "out"), asked
    judged(path, tmp_path / "out", counting, "correctness")
    (tmp_path / "out/_SUCCESS").unlink()
    judged(path, tmp_path / "out", counting, "correctness")
    assert asked == first
    after = toy.content(tmp_path / "out")
    assert {n: b for n, b in after.items() if not n.startswith("completions/")} == {
        n: b for n, b in before.items() if not n.startswith("completions/")
    }


def test_only_rows_of_where_are_judged_and_metrics_stay(tmp_path: Path) -> None:
    api.filter(
        toy.parquet(tmp_path / "in.parquet", [undecided(i, 2 * i) for i in range(1, 5)]),
        tmp_path / "clean",
        filters=("length",),
        dedup="none",
    )
    judged(tmp_path / "clean", tmp_path / "out", judges.knows(judges.honest), "correctness", where="seed < 3")
    rows = toy.read(tmp_path / "out", "kept")
    assert {row["seed"]: len(row["judgements"]) for row in rows} == {1: 1, 2: 1, 3: 0, 4: 0}
    assert all(row["response_words"] for row in rows)


def test_what_was_asked_wrongly_is_one_sentence(tmp_path: Path) -> None:
    path = toy.parquet(tmp_path / "in.parquet", [toy.sample(1)])
    with pytest.raises(UsageError, match="--task"):
        judged(path, tmp_path / "out", judges.knows(judges.honest))
    theirs = toy.lines(tmp_path / "theirs.jsonl", [{"problem": "x", "completion": "y"}])
    with pytest.raises(UsageError, match="curate filter --map"):
        judged(theirs, tmp_path / "out", judges.knows(judges.honest), "correctness")
    with pytest.raises(UsageError, match="two samples have the id"):
        judged(
            toy.parquet(tmp_path / "twice.parquet", [undecided(1, 2), undecided(1, 2)]),
            tmp_path / "twice",
            judges.knows(judges.honest),
            "correctness",
        )


def test_prompts_without_a_rule_are_sampled_and_decided_by_the_judge(tmp_path: Path) -> None:
    from curate.generate import Options, generate
    from curate.sources import SourceOptions

    prompts = toy.lines(tmp_path / "p.jsonl", [{"problem": f"What is twice {i}?", "answer": str(2 * i)} for i in range(1, 5)])

    def answers(messages: list[dict[str, str]], index: int, seed: int | None) -> str:
        number = int(messages[-1]["content"].split()[-1].rstrip("?"))
        return f"<think>I double {number}.</think>The answer is {2 * number + (index + number) % 2}"

    options = Options(ENGINE, source=SourceOptions(verifier="judge"), num_generations=2, quiet=True)
    made = generate(str(prompts), tmp_path / "out", options, ScriptedEngine(answers, model="m", model_revision="r"))
    assert any("for a judge" in warning for warning in made.warnings)
    assert not toy.read(tmp_path / "out", "kept")
    rejects = toy.read(tmp_path / "out", "rejects")
    assert len(rejects) == 8
    assert {(tuple(r["drop_reasons"]), r["accept"], r["verdict"]["reason"]) for r in rejects} == {
        (("unverifiable",), "judged", "for a judge to decide")
    }
    judged(tmp_path / "out", tmp_path / "judged", judges.knows(judges.honest), "correctness", rejects=True)
    kept = toy.read(tmp_path / "judged", "kept")
    assert len(kept) == 4
    assert all(row["response"] == f"The answer is {row['gold']}" for row in kept)
