"""`curate filter` as a function, with real processes on small sets."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from curate import api
from curate.check import check
from curate.engines import Request
from curate.errors import CurateError, IdentityMismatch, UsageError
from tests.filtering import toy
from tests.report.toy import samples_directory

FEW = ("truncated", "missing_think", "long_paragraph", "template_leak")


def run(inputs: Any, output: Path, **options: Any) -> Any:
    return api.filter(inputs, output, filters=options.pop("filters", FEW), **options)


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """Forty clean samples and five with one defect each."""
    rows = [toy.sample(i) for i in range(40)]
    rows.append(toy.sample(100, finish_reason="length"))
    rows.append(toy.sample(101, chain="word " * 2_000))
    rows.append(toy.sample(102, response="42<|im_end|>"))
    rows.append(rows[3] | {"id": "a-copy"})
    rows.append(toy.sample(103, finish_reason="length", response="7<|im_end|>"))
    return toy.parquet(tmp_path / "in.parquet", rows, group=10)


def test_every_row_is_kept_or_rejected_with_all_its_reasons(samples: Path, tmp_path: Path) -> None:
    made = run(samples, tmp_path / "out")
    kept, rejects = toy.read(tmp_path / "out", "kept"), toy.read(tmp_path / "out", "rejects")
    assert len(kept) == 40
    assert all(not row["drop_reasons"] for row in kept)
    by_number = {row["seed"]: set(row["drop_reasons"]) for row in rejects}
    assert by_number == {
        100: {"truncated"},
        101: {"long_paragraph"},
        102: {"template_leak"},
        3: {"exact_duplicate"},
        103: {"truncated", "template_leak"},
    }
    funnel = made.stats["funnel"]
    assert (funnel["rows"], funnel["kept"], funnel["alone"]["truncated"]) == (45, 40, 1)
    assert funnel["reasons"] == {"truncated": 2, "long_paragraph": 1, "template_leak": 2, "exact_duplicate": 1}
    assert check(tmp_path / "out").findings == []


def test_texts_and_columns_come_out_as_they_went_in(samples: Path, tmp_path: Path) -> None:
    run(samples, tmp_path / "out")
    before = {row["id"]: row for row in pq.read_table(samples).to_pylist()}
    after = toy.read(tmp_path / "out", "kept") + toy.read(tmp_path / "out", "rejects")
    for row in after:
        own = before.pop(row["id"])
        assert {name: row[name] for name in own if name != "drop_reasons"} == {name: own[name] for name in own if name != "drop_reasons"}
        assert row["reasoning_longest_paragraph"] is not None
    assert not before


def test_the_result_does_not_depend_on_the_processes_and_a_second_run_does_nothing(samples: Path, tmp_path: Path) -> None:
    more = toy.parquet(tmp_path / "more.parquet", [toy.sample(i) for i in range(30, 70)])
    for workers in (1, 3):
        run([samples, more], tmp_path / f"out{workers}", workers=workers)
    one = toy.content(tmp_path / "out1")
    assert one == toy.content(tmp_path / "out3")
    again = run([samples, more], tmp_path / "out1")
    assert again.reused == 2
    assert toy.content(tmp_path / "out1") == one


def test_of_two_equal_samples_the_earlier_stays_across_files(tmp_path: Path) -> None:
    first = toy.parquet(tmp_path / "a.parquet", [toy.sample(i) for i in range(5)])
    second = toy.parquet(tmp_path / "b.parquet", [toy.sample(i) | {"id": f"b-{i}"} for i in range(3, 8)])
    run([first, second], tmp_path / "out")
    repeated = {row["id"]: row["duplicate_of"] for row in toy.read(tmp_path / "out", "rejects")}
    assert repeated == {f"b-{i}": toy.sample(i)["id"] for i in (3, 4)}
    run([first, second], tmp_path / "all", dedup="none")
    assert not toy.read(tmp_path / "all", "rejects")


def test_what_is_dropped_anyway_is_no_reason_to_drop_what_repeats_it(tmp_path: Path) -> None:
    cut = toy.sample(1, finish_reason="length")
    run(toy.parquet(tmp_path / "in.parquet", [cut, toy.sample(1) | {"id": "whole"}]), tmp_path / "out")
    assert [row["id"] for row in toy.read(tmp_path / "out", "kept")] == ["whole"]


def test_more_input_leaves_the_shards_that_are_there(samples: Path, tmp_path: Path) -> None:
    run(samples, tmp_path / "out")
    before = toy.content(tmp_path / "out")
    more = toy.parquet(tmp_path / "more.parquet", [toy.sample(i) for i in range(200, 210)])
    made = run([samples, more], tmp_path / "out")
    assert made.reused == 1
    assert made.stats["funnel"]["kept"] == 50
    shards = [name for name in before if name.startswith(("kept/", "manifest/"))]
    assert all(toy.content(tmp_path / "out")[name] == before[name] for name in shards)


def test_another_chain_in_the_same_directory_is_refused(samples: Path, tmp_path: Path) -> None:
    run(samples, tmp_path / "out")
    with pytest.raises(IdentityMismatch, match="filters"):
        run(samples, tmp_path / "out", settings={"long_paragraph.reasoning": 9_999})
    run(samples, tmp_path / "out", filters=("truncated",), overwrite=True)
    assert len(toy.read(tmp_path / "out", "rejects")) == 3


def test_annotate_keeps_every_row_with_its_reasons(samples: Path, tmp_path: Path) -> None:
    run(samples, tmp_path / "out", annotate=True)
    assert not toy.read(tmp_path / "out", "rejects")
    kept = toy.read(tmp_path / "out", "kept")
    assert len(kept) == 45
    assert sum(bool(row["drop_reasons"]) for row in kept) == 5
    assert check(tmp_path / "out").findings == []


@pytest.mark.parametrize(("keep", "left"), [("first", [0, 1]), ("shortest", [2, 3])])
def test_of_a_prompts_samples_so_many_stay(keep: Any, left: list[int], tmp_path: Path) -> None:
    rows = [toy.sample(5, sample_index=i, chain=f"{toy.CHAIN} {' '.join(f'w{i}x{k}' for k in range(90 - 20 * i))}") for i in range(4)]
    rows += [toy.sample(6)]
    run(toy.parquet(tmp_path / "in.parquet", rows), tmp_path / "out", per_prompt=2, keep=keep)
    kept = toy.read(tmp_path / "out", "kept")
    assert sorted(row["sample_index"] for row in kept if row["seed"] == 5) == left
    assert sum(row["seed"] == 6 for row in kept) == 1
    assert {r for row in toy.read(tmp_path / "out", "rejects") for r in row["drop_reasons"]} == {"prompt_cap"}


def test_where_chooses_the_rows_that_are_read(samples: Path, tmp_path: Path) -> None:
    made = run(samples, tmp_path / "out", where="seed < 10 and verdict.status = 'correct'")
    assert made.stats["funnel"]["rows"] == 11  # ten, and the copy of one


def test_a_benchmark_question_is_found_and_named(tmp_path: Path) -> None:
    question = "A baker makes forty loaves on Monday and twice as many on Tuesday, how many loaves are there by Wednesday morning?"
    benchmark = toy.lines(tmp_path / "bakery.jsonl", [{"id": "b1", "question": question, "answer": "120"}])
    rows = [toy.sample(1), toy.sample(2, question=f"Solve this. {question} Give a number.")]
    made = run(toy.parquet(tmp_path / "in.parquet", rows), tmp_path / "out", benchmarks=[str(benchmark)])
    [row] = toy.read(tmp_path / "out", "rejects")
    assert row["drop_reasons"] == ["contaminated_prompt"]
    [hit] = row["contamination"]
    assert (hit["benchmark"], hit["item"], hit["part"]) == ("bakery", "b1", "prompt")
    assert "loaves on monday" in hit["match"]
    assert made.stats["funnel"]["kept"] == 1
    assert "bakery" in (tmp_path / "out/README.md").read_text()


def test_ones_own_filter_by_import_path(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def odd(trace):\n    return ['odd'] if '7' in trace.response else []\n")
    run(
        toy.parquet(tmp_path / "in.parquet", [toy.sample(i) for i in range(34, 38)]),
        tmp_path / "out",
        filters=("truncated", f"{tmp_path}/mine.py:odd"),
    )
    assert [row["seed"] for row in toy.read(tmp_path / "out", "rejects")] == [35, 36, 37]


def test_a_filter_that_ends_its_process_costs_only_its_unit(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import os\n\ndef fatal(trace):\n    if 'question 13' in trace.reasoning:\n        os._exit(3)\n    return []\n"
    )
    first = toy.parquet(tmp_path / "a.parquet", [toy.sample(i) for i in range(10, 20)])
    second = toy.parquet(tmp_path / "b.parquet", [toy.sample(i) for i in range(20, 30)])
    with pytest.raises(CurateError, match=r"a\.parquet.*exit code 3"):
        run([first, second], tmp_path / "out", filters=(f"{tmp_path}/mine.py:fatal",))
    assert len(toy.read(tmp_path / "out", "kept")) == 10
    assert not (tmp_path / "out/_SUCCESS").exists()


def test_a_filter_that_ends_its_process_while_it_is_loaded_is_one_sentence(samples: Path, tmp_path: Path) -> None:
    (tmp_path / "late.py").write_text(
        "import os, sys\nif sys.argv[0].endswith('worker.py'):\n    os._exit(3)\ndef fine(trace):\n    return []\n"
    )
    with pytest.raises(CurateError, match=r"ended at its start \(exit code 3\)"):
        run(samples, tmp_path / "out", filters=(f"{tmp_path}/late.py:fine",))
    (tmp_path / "early.py").write_text("raise SystemExit(3)\n")
    with pytest.raises(UsageError, match="cannot be loaded: SystemExit: 3"):
        run(samples, tmp_path / "out", filters=(f"{tmp_path}/early.py:fine",))


def test_a_filter_that_asks_to_exit_fails_on_that_sample_only(samples: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import sys\n\ndef leaves(trace):\n    sys.exit() if '7' in trace.response else None\n    return []\n"
    )
    run(
        toy.parquet(tmp_path / "few.parquet", [toy.sample(i) for i in range(30, 36)]),
        tmp_path / "out",
        filters=(f"{tmp_path}/mine.py:leaves",),
    )
    assert [(r["seed"], r["drop_reasons"]) for r in toy.read(tmp_path / "out", "rejects")] == [(35, ["filter_error:mine.py:leaves"])]


class Letters:
    """An engine whose tokens are characters, "x" an unlikely one. It counts what it was asked, and whether it is open."""

    kind, capabilities, max_concurrent = "toy", frozenset({"score"}), 8
    asked = 0
    open = False

    def identity(self) -> dict[str, str | None]:
        return {"model": "letters", "model_revision": "1"}

    async def start(self) -> None:
        self.open = True

    async def score_answer(self, request: Request) -> list[float]:
        assert self.open
        self.asked += 1
        assert request.messages is not None
        assert "plus" in request.messages[-1].content
        return [-5.0 if c == "x" else -0.1 for c in request.continuation]

    async def close(self) -> None:
        self.open = False


def test_a_model_scores_ahead_of_the_filters_and_never_twice(tmp_path: Path) -> None:
    rows = [toy.sample(i, chain="x" * 400 if i == 3 else None) for i in range(6)]
    first = toy.parquet(tmp_path / "a.parquet", rows)
    engine = Letters()
    made = run(first, tmp_path / "out", filters=("truncated",), scorer=engine, where="seed <> 0")
    assert (engine.asked, engine.open) == (6, False)
    kept, [rejected] = toy.read(tmp_path / "out", "kept"), toy.read(tmp_path / "out", "rejects")
    assert (rejected["seed"], rejected["drop_reasons"]) == (3, ["perplexity"])
    assert rejected["perplexity"] > 50
    assert [row["seed"] for row in kept] == [1, 2, 4, 5]
    assert all(1 < row["perplexity"] < 2 for row in kept)
    assert made.dataset.config.identity["scorer"] == {"engine": "toy", "model": "letters", "model_revision": "1"}
    second = toy.parquet(tmp_path / "b.parquet", [toy.sample(i) for i in range(10, 13)])
    run([first, second], tmp_path / "out", filters=("truncated",), scorer=engine, where="seed <> 0")
    assert engine.asked == 9
    assert len(toy.read(tmp_path / "out", "kept")) == 7


def test_a_filtered_set_can_be_filtered_again(samples: Path, tmp_path: Path) -> None:
    run(samples, tmp_path / "once")
    made = run(tmp_path / "once", tmp_path / "twice", filters=("truncated", "length"))
    assert made.stats["funnel"]["rows"] == 40
    both = run(tmp_path / "once", tmp_path / "both", filters=("truncated",), rejects=True)
    assert both.stats["funnel"]["rows"] == 45


@pytest.mark.parametrize(
    ("inputs", "options", "sentence"),
    [
        ("nothing.parquet", {}, "no such file"),
        ("in.parquet", {"filters": ("no_such_filter",)}, "no_such_filter"),
        ("in.parquet", {"filters": ("perplexity",)}, "needs a model"),
        ("in.parquet", {"settings": {"long_paragraph.nothing": 3}}, "nothing"),
        ("in.parquet", {"where": "no_such_column = 1"}, "no_such_column"),
        ("in.parquet", {"mapping": {"nonsense": "x"}}, "nonsense"),
        ("in.parquet", {"benchmarks": ["missing.jsonl"]}, "missing"),
    ],
)
def test_what_was_asked_wrongly_is_one_sentence(samples: Path, tmp_path: Path, inputs: str, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        run(tmp_path / inputs, tmp_path / "out", **options)


def test_a_set_of_which_nothing_was_accepted_is_one_sentence(tmp_path: Path) -> None:
    samples_directory(tmp_path / "in", none_kept_in=0)
    with pytest.raises(UsageError, match=r"in holds no accepted samples: `curate inspect` says what became of its prompts"):
        api.filter(tmp_path / "in", tmp_path / "out")
