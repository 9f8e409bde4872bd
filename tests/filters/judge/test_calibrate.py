"""A judge is measured: what is counted, and what is beyond a limit."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from curate.engines.scripted import ScriptedEngine
from curate.errors import EngineError, UsageError
from curate.filters.judge import NAMES, Limits, Measured, Pair, Settings, calibrate, read_pairs
from curate.filters.judge.boundary import quoted
from tests.filters.judge import judges
from tests.filters.judge.judges import Judge, Seen

ONE = Settings(votes=1)
SUMS = [
    Pair(f"p{i}", "correctness", f"What is {i} + 7?", f"The answer is {i + 7}", f"The answer is {i + 8}", str(i + 7), "slip")
    for i in range(20)
]
SHIPPED = {pair.task: [p for p in read_pairs() if p.task == pair.task] for pair in read_pairs()}


def measured(judge: Judge, pairs: Sequence[Pair]) -> list[Measured]:
    return asyncio.run(calibrate(ScriptedEngine(judge, model="m"), pairs, ONE))


def test_a_good_judge_is_within_all_limits() -> None:
    (found,) = measured(judges.knows(judges.honest), SUMS)
    assert {name: rate.value for name, rate in found.rates.items()} == {
        "accuracy": 1.0,
        "false_positive": 0.0,
        "false_negative": 0.0,
        "no_verdict": 0.0,
        "order_changed": 0.0,
        "pairs_wrong": 0.0,
    }
    assert found.rates["accuracy"].tries == 80  # a good and a bad text, one by rule and one injected
    assert found.passed.keys() >= {"slip", "planted number_changed", "planted injected"}
    assert found.failures(Limits()) == []
    assert (found.judge, found.task, found.pairs) == ("m", "correctness", 20)


def test_a_judge_that_passes_all_has_only_false_positives() -> None:
    (found,) = measured(judges.knows(lambda seen: "correct"), SUMS)
    assert found.rates["false_positive"].as_dict() == {"hits": 60, "tries": 60, "value": 1.0, "low": 0.939828, "high": 1.0}
    assert found.rates["false_negative"].value == 0.0
    assert found.rates["accuracy"].value == 0.25
    assert found.rates["pairs_wrong"].value == 1.0
    assert found.failures(Limits()) == [
        "correctness: false positive is 100.0% (60 of 60), and 5.0% is the limit",
        "correctness: pairs wrong is 100.0% (20 of 20), and 20.0% is the limit",
    ]


def test_a_judge_that_goes_by_position_changes_with_the_order() -> None:
    def first_named(seen: Seen) -> str:
        return "correct" if seen.outside.index('"correct"') < seen.outside.index('"incorrect"') else "incorrect"

    (found,) = measured(judges.knows(first_named), SUMS)
    assert found.rates["order_changed"].value == 1.0
    assert any("order changed is 100.0%" in sentence for sentence in found.failures(Limits()))


def test_what_has_no_verdict_counts_in_no_other_share() -> None:
    def on_half(messages: list[dict[str, str]], vote: int, seed: int | None) -> str:
        seen = judges.see(messages[0]["content"])
        return judges.plain(seen) if int(seen.pieces["reference answer"]) % 2 else "I cannot say."

    (found,) = measured(on_half, SUMS)
    assert found.rates["no_verdict"].value == 0.5
    assert found.rates["accuracy"].value == 1.0
    assert found.rates["accuracy"].tries == 40
    assert found.reasons == {"off_format": 40}
    assert found.failures(Limits()) == ["correctness: no verdict is 50.0% (40 of 80), and 10.0% is the limit"]


def test_a_judge_without_a_verdict_fails() -> None:
    (found,) = measured(lambda *_: "hello", SUMS)
    assert found.rates["accuracy"].value is None
    assert found.failures(Limits()) == ["correctness: not one pair got its two verdicts, so nothing can be said of the judge"]


def test_quality_is_measured_by_pairs() -> None:
    scores = {pair.good: 8 for pair in SHIPPED["quality"]} | {pair.bad: 4 for pair in SHIPPED["quality"]}

    def score(seen: Seen) -> int:
        return scores.get(seen.pieces["answer to be evaluated"], 1)

    (found,) = measured(judges.knows(score), SHIPPED["quality"])
    assert (found.rates["pairs_wrong"].value, found.rates["false_positive"].value) == (0.0, 0.0)
    assert found.rates["accuracy"].value is None
    assert found.failures(Limits()) == []
    (found,) = measured(judges.knows(lambda seen: 7), SHIPPED["quality"])
    assert found.rates["pairs_wrong"].value == 1.0  # a tie is no right order
    assert found.rates["false_positive"].value == 1.0


@pytest.mark.parametrize("task", NAMES)
def test_a_judge_that_knows_the_shipped_pairs_passes_them(task: str) -> None:
    """The pairs hold together: no text is good and bad at once, and everything planted differs from the good one."""
    good = {(pair.question, quoted(pair.good)) for pair in SHIPPED[task]}

    def verdict(seen: Seen) -> str | int:
        question = seen.pieces.get("question") or seen.pieces["request"]
        judged = seen.pieces.get("chain of thought") or seen.pieces["answer to be evaluated"]
        right = (question, judged) in good
        words = {"correctness": ("correct", "incorrect"), "quality": (9, 2)}.get(task, ("clean", "flagged"))
        return words[not right]

    (found,) = measured(judges.knows(verdict), SHIPPED[task])
    assert found.failures(Limits()) == []
    assert found.rates["no_verdict"].hits == 0
    assert found.pairs >= 4


def test_the_engine_is_closed_also_when_it_fails() -> None:
    class Engine(ScriptedEngine):
        closed = 0

        async def close(self) -> None:
            self.closed += 1

    def down(*_: object) -> str:
        raise EngineError("down")

    engine = Engine(down, model="m")
    with pytest.raises(EngineError, match="the judge m cannot go on after 0 judgements: down"):
        asyncio.run(calibrate(engine, SUMS, ONE))
    assert engine.closed == 1


def test_pairs_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(
        '{"task": "correctness", "question": "q", "reference": "r", "good": "g", "bad": "b"}\n\n{"task": "quality", "question": "q", "good": "g", "bad": "b", "kind": "rude"}\n'
    )
    assert read_pairs(str(path)) == [
        Pair("pair-1", "correctness", "q", "g", "b", "r"),
        Pair("pair-3", "quality", "q", "g", "b", None, "rude"),
    ]
    assert [p.task for p in read_pairs(str(path), ["quality"])] == ["quality"]
    with pytest.raises(UsageError, match="holds no pair for code_block"):
        read_pairs(str(path), ["code_block"])


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "line 1 is not JSON"),
        ("[1]", "line 1 needs the texts"),
        (json.dumps({"task": "quality", "question": "q", "good": "g"}), "line 1 needs the texts"),
        (json.dumps({"task": "nope", "question": "q", "good": "g", "bad": "b"}), "unknown task 'nope'"),
        (json.dumps({"task": "correctness", "question": "q", "good": "g", "bad": "b"}), "is needed for correctness"),
        ("", "holds no pair"),
    ],
)
def test_pairs_that_cannot_be_used(line: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(line)
    with pytest.raises(UsageError, match=sentence):
        read_pairs(str(path))
    with pytest.raises(UsageError, match="cannot read"):
        read_pairs(str(tmp_path / "none.jsonl"))
