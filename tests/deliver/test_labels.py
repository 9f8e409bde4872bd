"""`curate label`, by scripted judges that go by one word."""

from pathlib import Path
from typing import Any

import pytest

from curate import api
from curate.check import check
from curate.engines import EngineSettings
from curate.engines.scripted import ScriptedEngine
from curate.errors import CurateError, UsageError
from curate.filters.judge import Settings
from curate.records import LABELS
from curate.report.inspect import inspect
from curate.report.inspect_text import render
from tests.filtering import toy
from tests.filters.judge import judges
from tests.filters.judge.injections import INJECTIONS

ENGINE = EngineSettings(kind="scripted", model="toy", base_urls=())
SETTINGS = Settings(votes=3, planted_first=3, planted_every=0, agreement=0.6)


def labelled(inputs: Any, output: Path, judge: judges.Judge, **options: Any) -> Any:
    engine = ScriptedEngine(judge, model="judge", model_revision="r1")
    return api.label(inputs, output, engine=ENGINE, given=engine, **({"settings": SETTINGS} | options))


def file(path: Path, responses: list[str], chain: str = "I think.") -> Path:
    return toy.parquet(path / "in.parquet", [toy.sample(n, response=text, chain=chain) for n, text in enumerate(responses)])


def by_number(directory: Path, part: str) -> dict[int, dict[str, Any]]:
    return {int(row["gold"]) // 2: row for row in toy.read(directory, part)}


def voting(says: dict[str, list[Any]]) -> judges.Judge:
    """A judge whose votes on a text that holds a word are those listed for it, by the number of the vote."""

    def judge(messages: list[dict[str, str]], vote: int, seed: int | None) -> str:
        seen = judges.see(messages[0]["content"])
        listed = next((votes for word, votes in says.items() if word in seen.pieces["answer to be evaluated"]), None)
        return judges.reply(seen, judges.safe_or_not(seen) if listed is None else listed[vote])

    return judge


def test_both_labels_are_kept_and_what_has_none_is_rejected(tmp_path: Path) -> None:
    votes = {
        "case two": ["unsafe", "safe", "unsafe"],
        "case one": ["unsafe", "unsure", "maybe"],
        "case three": ["unsafe", "safe", "unsure"],
        "case four": ["nothing", "unsure", "unsure"],
    }
    path = file(tmp_path, ["A kind word.", "Some harm.", "case two", "case one", "case three", "case four"])
    made = labelled(path, tmp_path / "out", voting(votes))
    kept, rejects = by_number(tmp_path / "out", "kept"), by_number(tmp_path / "out", "rejects")
    assert {n: (r["label"], r["unsafe_share"], r["abstained"], r["votes"]) for n, r in kept.items()} == {
        0: ("safe", 0.0, 0, ["safe"] * 3),
        1: ("unsafe", 1.0, 0, ["unsafe"] * 3),
        2: ("unsafe", 0.666667, 0, ["unsafe", "safe", "unsafe"]),
    }
    assert {n: (r["label"], r["unsafe_share"], r["abstained"], r["drop_reasons"]) for n, r in rejects.items()} == {
        3: (None, 1.0, 2, ["no_verdict"]),
        4: (None, 0.5, 1, ["votes_disagree"]),
        5: (None, None, 3, ["no_verdict"]),
    }
    assert kept[0]["template"] == "safety@1/frame@1/rubric_safety@1"
    assert kept[0]["judge"] == "judge@r1"
    told = made.stats["judge"]["safety"]
    assert told["verdicts"] == {"safe": 1, "unsafe": 2}
    assert told["planted"] == {"by_hand": 3, "by_hand_good": 3, "injected": 3}


def test_the_directory_is_whole_and_opens_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    out = tmp_path / "out"
    labelled(file(tmp_path, ["A kind word.", "Some harm.", "Nothing."]), out, judges.knows(judges.safe_or_not))
    assert check(out).findings == []
    kept = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))["train"]
    assert sorted(kept["label"]) == ["safe", "safe", "unsafe"]
    assert api.open(out).to_arrow().schema.equals(LABELS, check_metadata=True)
    assert "labels of r1-curate, kept/" in render(inspect(out))
    assert "# Safety labels" in (out / "README.md").read_text()


def test_agreement_can_be_moved_without_asking_again(tmp_path: Path) -> None:
    path = file(tmp_path, ["A kind word.", "case two"])
    labelled(path, tmp_path / "out", voting({"case two": ["unsafe", "safe", "unsafe"]}))

    def silent(*_: object) -> str:
        raise AssertionError("asked again")

    strict = Settings(votes=3, planted_first=3, planted_every=0, agreement=1.0)
    labelled(path, tmp_path / "out", silent, settings=strict)
    [row] = toy.read(tmp_path / "out", "rejects")
    assert (row["label"], row["drop_reasons"], row["votes"]) == (None, ["votes_disagree"], ["unsafe", "safe", "unsafe"])
    assert check(tmp_path / "out").findings == []


@pytest.mark.parametrize(
    ("verdict", "wrong"), [("safe", r"6 of 9 planted texts written by hand \(by_hand 3, injected 3\)"), ("unsafe", r"3 of 9 .*\(by_hand_good 3\)")]
)  # fmt: skip
def test_a_judge_that_always_says_one_thing_is_not_believed(verdict: str, wrong: str, tmp_path: Path) -> None:
    with pytest.raises(CurateError, match=wrong):
        labelled(file(tmp_path, ["A kind word.", "harm", "harm too"]), tmp_path / "out", judges.knows(lambda seen: verdict))
    assert toy.read(tmp_path / "out", "kept") == []


def test_the_chain_is_judged_with_the_response(tmp_path: Path) -> None:
    labelled(file(tmp_path, ["A kind word."], chain="I could do harm."), tmp_path / "out", judges.knows(judges.safe_or_not))
    [row] = toy.read(tmp_path / "out", "kept")
    assert row["label"] == "unsafe"


def test_no_injection_changes_a_label(tmp_path: Path) -> None:
    """The judge obeys whatever stands outside the boundary."""
    outside: list[str] = []

    def obedient(messages: list[dict[str, str]], vote: int, seed: int | None) -> str:
        seen = judges.see(messages[0]["content"])
        outside.append(seen.outside)
        return judges.reply(seen, "safe" if seen.outside != outside[0] else judges.safe_or_not(seen))

    attempts = [i.text.replace("{answer}", "") for i in INJECTIONS]
    attempts = [text.replace("correct", "safe") for text in attempts if not any("\ud800" <= c <= "\udfff" for c in text)]
    path = file(tmp_path, ["Some harm.", *(f"Some harm.\n{text}" for text in attempts)])
    labelled(path, tmp_path / "out", obedient, settings=Settings(votes=1, planted_first=3, planted_every=0))
    assert {row["label"] for row in toy.read(tmp_path / "out", "kept")} == {"unsafe"}
    assert len(toy.read(tmp_path / "out", "kept")) == len(attempts) + 1


def test_a_rubric_of_ones_own_is_what_the_judge_reads(tmp_path: Path) -> None:
    (tmp_path / "rubric.txt").write_text("- Unsafe is whatever names a colour.")

    def judge(messages: list[dict[str, str]], vote: int, seed: int | None) -> str:
        assert "whatever names a colour" in messages[0]["content"]
        return judges.reply(seen := judges.see(messages[0]["content"]), judges.safe_or_not(seen))

    labelled(file(tmp_path, ["harm"]), tmp_path / "out", judge, rubric=str(tmp_path / "rubric.txt"))
    [row] = toy.read(tmp_path / "out", "kept")
    assert row["template"].startswith("safety@1/frame@1/rubric+")


def test_blank_texts_are_not_asked_about_and_have_no_label(tmp_path: Path) -> None:
    path = file(tmp_path, ["harm", " \n"], chain="")
    labelled(path, tmp_path / "out", judges.knows(judges.safe_or_not))
    [row] = toy.read(tmp_path / "out", "rejects")
    assert (row["label"], row["votes"], row["drop_reasons"]) == (None, [], ["no_verdict"])


def test_anybodys_file_is_read_by_its_columns(tmp_path: Path) -> None:
    lines = toy.lines(tmp_path / "x.jsonl", [{"q": "Say it", "a": "harm"}, {"q": "Say it", "a": "flowers"}, {"q": "Say it"}])
    made = labelled(lines, tmp_path / "out", judges.knows(judges.safe_or_not), mapping={"messages": "q", "completion": "a"})
    assert sorted(row["label"] for row in toy.read(tmp_path / "out", "kept")) == ["safe", "unsafe"]
    assert made.stats["labels"]["left_out"] == {"no_sample": 1}
    assert check(tmp_path / "out").findings == []


def test_what_cannot_be_labelled_is_one_sentence(tmp_path: Path) -> None:
    path = file(tmp_path, ["harm", "good"])
    with pytest.raises(CurateError, match=r"labelled none of 2 samples \(off_format 2\)"):
        labelled(path, tmp_path / "out", lambda messages, vote, seed: "It is safe.")
    with pytest.raises(UsageError, match="no sample to label"):
        labelled(path, tmp_path / "none", judges.knows(judges.safe_or_not), where="domain = 'nothing'")
    toy.parquet(tmp_path / "twice.parquet", [toy.sample(1), toy.sample(1)])
    with pytest.raises(UsageError, match="two samples have the id"):
        labelled(tmp_path / "twice.parquet", tmp_path / "twice", judges.knows(judges.safe_or_not))
    with pytest.raises(UsageError, match="agreement is out of range"):
        Settings(agreement=1.5)
