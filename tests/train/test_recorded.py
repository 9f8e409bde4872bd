"""Rollouts on disk: read as they were written, byte for byte, whatever was killed when; and a dataset directory like any other."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import curate
from curate import api
from curate.check import check
from curate.errors import CurateError, Damaged, IdentityMismatch, StoreError
from curate.records import SAMPLES, Sample, Verdict, sample_from_row, sample_row
from curate.report.inspect import inspect
from curate.report.inspect_text import render
from tests.filtering.toy import content
from tests.train import toy
from train.recorded import Rollout, finish, last_recorded, read_recorded, recording, total, write


def made(path: Path, *rollouts: Rollout, done: bool = True) -> Path:
    with recording(path, toy.IDENTITY) as directory:
        for rollout in rollouts:
            write(directory, rollout)
        if done:
            finish(directory)
    return path


FULL = toy.sample(toy.prompt(1), 2, 0)


@pytest.mark.parametrize(
    "sample",
    [
        FULL,
        replace(FULL, rewards=None, token_ids=None, logprobs=None, group_id=None, weights_version=None, reasoning=None, seed=None),
        replace(FULL, rewards=(), token_ids=(), logprobs=(), drop_reasons=("wrong", "truncated"), parent_id="x"),
        replace(FULL, rewards=(("accuracy", None), ("total", None)), verdict=Verdict("verifier_timeout", reason="slow", detail="{}")),
        replace(
            FULL,
            judgements=(
                {"judge": "j", "template": "t", "verdict": None, "score": 3.5, "reason": "", "decided_by": "judge", "votes": ["yes"]},
            ),
        ),
    ],
)
def test_a_row_is_the_sample_again(sample: Sample) -> None:
    import pyarrow as pa

    table = pa.Table.from_pylist([sample_row(sample)], schema=SAMPLES)
    assert sample_from_row(table.to_pylist()[0]) == sample


@pytest.mark.parametrize(
    ("rewards", "value"),
    [
        (None, None),
        ((), None),
        ((("accuracy", 1.0),), None),
        ((("accuracy", None), ("total", None)), None),
        ((("total", 0.0),), 0.0),
        ((("accuracy", 1.0), ("total", -0.5)), -0.5),
    ],
)
def test_what_has_no_total_is_not_scored_and_never_0(rewards: tuple[tuple[str, float | None], ...] | None, value: float | None) -> None:
    assert total(replace(FULL, rewards=rewards)) == value


def test_a_rollout_is_read_as_it_was_written_and_written_again_it_is_the_same_bytes(tmp_path: Path) -> None:
    first, second = toy.rollout(0), toy.rollout(1)
    run = made(tmp_path / "run", first, second)
    assert (read_recorded(run, 0), read_recorded(run, 1), read_recorded(run, 2)) == (first, second, None)
    assert last_recorded(run) == 1
    before = content(run)
    made(run, first)
    other = made(tmp_path / "other", second, first, second)
    assert content(run) == content(other) == before


def test_groups_of_one_prompt_stay_apart_and_keep_their_order(tmp_path: Path) -> None:
    (group, other), again = toy.rollout(3).groups, "again"
    twin = replace(group, id=again, samples=tuple(replace(s, id=f"{s.id}-{again}", group_id=again) for s in group.samples))
    rollout = Rollout(3, (other, group, twin), 48)
    assert read_recorded(made(tmp_path / "run", rollout), 3) == rollout


def test_there_is_nothing_to_read_where_there_is_no_directory(tmp_path: Path) -> None:
    assert read_recorded(tmp_path / "none", 0) is None
    assert last_recorded(tmp_path / "none") is None


def test_readers_need_no_lock_and_a_second_writer_is_refused(tmp_path: Path) -> None:
    with recording(tmp_path, toy.IDENTITY) as directory:
        write(directory, toy.rollout(0))
        assert read_recorded(tmp_path, 0) == toy.rollout(0)
        with pytest.raises(StoreError, match="another run is working"), recording(tmp_path, toy.IDENTITY):
            pass


def test_a_rollout_without_its_manifest_was_never_there(tmp_path: Path) -> None:
    run = made(tmp_path, toy.rollout(0), toy.rollout(1), done=False)
    (run / "manifest" / "00000001-00000001.json").unlink()
    (run / "kept" / ".00000002-00000002.tmp").write_bytes(b"half")
    assert (read_recorded(run, 1), last_recorded(run)) == (None, 0)
    made(run, done=True)
    assert check(run).findings == []
    assert [p.name[:8] for p in (run / "kept").iterdir()] == ["00000000"]


@pytest.mark.parametrize("where", ["kept", "manifest"])
def test_what_is_damaged_is_told(tmp_path: Path, where: str) -> None:
    run = made(tmp_path, toy.rollout(0))
    (file,) = (run / where).iterdir()
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(Damaged):
        read_recorded(run, 0)
    assert check(run).problems


def test_another_configuration_is_refused_by_the_field(tmp_path: Path) -> None:
    made(tmp_path, toy.rollout(0))
    other = {**toy.IDENTITY, "group_size": 4}
    with pytest.raises(IdentityMismatch, match="group_size"), recording(tmp_path, other):
        pass


def test_an_empty_rollout_is_none(tmp_path: Path) -> None:
    with recording(tmp_path, toy.IDENTITY) as directory, pytest.raises(CurateError, match="rollout 4 holds no sample"):
        write(directory, Rollout(4, (), 0))


def test_a_finished_directory_goes_on(tmp_path: Path) -> None:
    run = made(tmp_path, toy.rollout(0))
    made(run, done=False)
    assert curate.open(run).complete, "nothing was added"
    made(run, toy.rollout(1), done=False)
    assert not curate.open(run).complete
    assert [str(f) for f in check(run).problems if "_SUCCESS" not in str(f)] == []
    assert "**This directory is not complete.**" in (run / "README.md").read_text()
    made(run, toy.rollout(2))
    assert check(run).findings == []


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("rollouts") / "run", *(toy.rollout(n) for n in range(3)))


def test_check_open_and_inspect(run: Path) -> None:
    report = check(run)
    assert (report.findings, report.shards, report.rows) == ([], 3, 18)
    found = curate.open(run)
    assert found.complete
    assert found.to_arrow().schema.equals(SAMPLES, check_metadata=True)
    assert found.to_arrow("verdict.status = 'correct' and weights_version = '16'").num_rows == 4
    counts = found.stats["funnel"]
    assert {name: counts[name] for name in ("rollouts", "groups", "rows", "kept")} == {"rollouts": 3, "groups": 6, "rows": 18, "kept": 18}
    assert counts["group_kinds"] == {"rewards alike": 3, "rewards differ": 3}
    assert counts["status"] == {"correct": 12, "unverifiable": 3, "wrong": 3}
    assert counts["finish_reasons"] == {"length": 3, "stop": 15}
    assert {name: band["rows"] for name, band in counts["bands"].items()} == {"0.4 to 0.5": 9, "0.9 to 1.0": 9}, "of what was judged"
    told = inspect(run, sample=1)
    assert (told["kind"], told["rows"], told["problems"]) == ("rollouts", 18, [])
    text = render(told)
    assert "rollouts of r1-curate, kept/" in text
    assert [line.split() for line in text.splitlines() if line.startswith("  rewards differ")] == [["rewards", "differ", "3", "50.0", "%"]]


def test_a_directory_without_a_rollout_is_sound(tmp_path: Path) -> None:
    run = made(tmp_path)
    assert check(run).findings == []
    assert "0 rollouts of 0 groups" in (run / "README.md").read_text()


def test_the_card_is_read_by_datasets(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    card = (run / "README.md").read_text()
    assert yaml.safe_load(card.split("---\n")[1])["configs"] == [{"config_name": "kept", "default": True, "data_files": "kept/*.parquet"}]
    assert "Rollouts by toy in training" in card
    assert "accuracy" in card.partition("## How it was made")[2]
    loaded = datasets.load_dataset(str(run), cache_dir=str(tmp_path))["train"]
    assert loaded.num_rows == 18
    assert loaded[2]["rewards"][-1] == {"name": "total", "value": None}


def test_what_was_learned_from_is_filtered_into_the_next_stage(run: Path, tmp_path: Path) -> None:
    done = api.filter(run, tmp_path / "out", filters=["truncated"], where="verdict.status = 'correct'", dedup="none", workers=1)
    assert check(tmp_path / "out").findings == []
    kept = done.dataset.to_arrow().to_pylist()
    assert len(kept) == 12
    assert {json.dumps(row["rewards"][-1]) for row in kept} == {'{"name": "total", "value": 1.0}'}
    assert all(row["token_ids"] and row["logprobs"] and row["group_id"] for row in kept)
