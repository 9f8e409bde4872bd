"""JSONL and Parquet files, whole and damaged, and directories of them."""

import contextlib
import gzip
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import CurateError, SourceError, UsageError
from curate.records import Prompt
from curate.sources import SourceOptions, jsonl, open_source, parquet
from curate.sources.files import Files

ROWS = [{"problem": f"{i}+{i}?", "answer": 2 * i, "level": i % 5} for i in range(1500)]


def read(path: Path, **options: Any) -> list[Prompt]:
    return list(Files(str(path), SourceOptions(**{"verifier": "math", **options})))


def write(path: Path, rows: list[dict[str, Any]] = ROWS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(r) + "\n" for r in rows)
    if path.name.endswith(".jsonl.gz"):
        path.write_bytes(gzip.compress(text.encode()))
    elif path.name.endswith(".jsonl"):
        path.write_text(text)
    elif path.name.endswith(".json"):
        path.write_text(json.dumps(rows, indent=1))
    else:
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=400)
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.json", "a.parquet"])
def test_every_kind_of_file_gives_the_same_prompts(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name)
    prompts = read(path)
    assert [p.messages[0].content for p in prompts] == [r["problem"] for r in ROWS]
    assert [p.gold for p in prompts] == [str(r["answer"]) for r in ROWS]
    assert {p.source for p in prompts} == {name}
    assert [p.id for p in read(path, limit=3)] == [p.id for p in prompts[:3]]
    assert [json.loads(p.meta)["level"] for p in read(path, where="level >= 3 and answer < 40")] == [3, 4, 3, 4, 3, 4, 3, 4]
    with pytest.raises(UsageError, match="--where 'levl > 3' does not work"):
        read(path, where="levl > 3")


def test_a_row_says_nothing_that_changes_when_the_file_is_reordered_or_extended(tmp_path: Path) -> None:
    one = read(write(tmp_path / "one/a.jsonl"))
    two = read(write(tmp_path / "two/a.jsonl", [*reversed(ROWS), {"problem": "new", "answer": 1}]))
    assert set(one) <= set(two)
    assert (
        Files(str(tmp_path / "one/a.jsonl"), SourceOptions()).fingerprint()
        != Files(str(tmp_path / "two/a.jsonl"), SourceOptions()).fingerprint()
    )


def test_the_fingerprint_is_of_content_and_options_not_of_place_and_time(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one/a.jsonl"), write(tmp_path / "two/a.jsonl")
    os.utime(two, (1, 1))
    options = SourceOptions(verifier="math")
    assert Files(str(one), options).fingerprint() == Files(str(two), options).fingerprint()
    assert Files(str(one), options).fingerprint() != Files(str(one), SourceOptions(verifier="math", limit=5)).fingerprint()


def test_a_directory_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    write(tmp_path / "d/b.parquet", ROWS[5:10])
    write(tmp_path / "d/a.jsonl", ROWS[:5])
    write(tmp_path / "d/sub/c.jsonl.gz", ROWS[10:12])
    (tmp_path / "d/empty.jsonl").touch()
    (tmp_path / "d/README.md").write_text("no data")
    (tmp_path / "d/.hidden.jsonl").write_text("no json")
    prompts = read(tmp_path / "d")
    assert [p.gold for p in prompts] == [str(2 * i) for i in range(12)]
    assert prompts[-1].source == "d/sub/c.jsonl.gz"
    assert [p.gold for p in read(tmp_path / "d", where="level = 1")] == ["2", "12", "22"]


def test_splits_are_not_mixed_unasked(tmp_path: Path) -> None:
    write(tmp_path / "data/train-00000-of-00002.parquet", ROWS[:3])
    write(tmp_path / "data/train-00001-of-00002.parquet", ROWS[3:5])
    write(tmp_path / "data/test/0.parquet", ROWS[5:9])
    with pytest.raises(UsageError, match=r"several splits \(test, train\): name one with --split"):
        read(tmp_path)
    assert len(read(tmp_path, split="train")) == 5
    assert len(read(tmp_path, split="test")) == 4
    with pytest.raises(UsageError, match="no files of the split 'dev': there are test, train"):
        read(tmp_path, split="dev")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"problem": "a", "answer": 1}\n{"problem": "b", "ans', r"a\.jsonl, line 2: not valid JSON .*cut off"),
        (b'{"problem": "a", "answer": 1}\n\xff\xfe\n{}', r"a\.jsonl, line 2: not valid UTF-8"),
        (b'{"problem": "a", "answer": 1}\n[1]\n', r"a\.jsonl, line 2: a row must be a JSON object"),
        (b'{"problem": "a"}\n\n\nnull\n', r"a\.jsonl, line 4: a row must be a JSON object"),
        (b'{"problem": "a", "n": ' + b"9" * 5000 + b"}\n", r"a\.jsonl, line 1: not readable JSON"),
        (b'{"a":' * 100_000, r"a\.jsonl, line 1: not"),
    ],
)
def test_a_fault_is_named_by_file_and_line(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=sentence) as caught:
        list(jsonl.rows(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'[{"a": 1}, {"a": 2', "row 2: not valid JSON"),
        (b'[{"a": 1} {"a": 2}]', "row 2: .*comma"),
        (b'[{"a": 1}', "row 2: .*bracket"),
        (b'[{"a": 1}] x', "after the list"),
        (b"[1, 2]", "row 1: a row must be a JSON object"),
        (b'[{"a": "\xff"}]', "not valid UTF-8"),
        (b'{"data": [1]}x', "line 1: not valid JSON"),
    ],
)
def test_a_fault_in_a_list_is_named_by_row(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=sentence):
        list(jsonl.rows(path))


def test_byte_order_mark_blank_lines_and_nan_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": NaN}\r\n\r\n{"a": "\xc3\xa9"}')
    assert [line.row for line in jsonl.rows(path)] == [{"a": None}, {"a": "é"}]


@given(st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=30) | st.integers() | st.none(), max_size=3)), st.integers(1, 40))
@settings(max_examples=40)
def test_a_list_is_decoded_whatever_the_size_of_the_pieces(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], size: int
) -> None:
    path = tmp_path_factory.mktemp("list") / "a.json"
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=size % 3), "utf-8")
    before = jsonl._CHUNK
    jsonl._CHUNK = size
    try:
        with path.open("rb") as file:
            assert [line.row for line in jsonl._elements(path, file)] == rows
    finally:
        jsonl._CHUNK = before


@pytest.mark.parametrize("cut", [1, 40, 300])
def test_torn_gzip_and_parquet_are_one_sentence(tmp_path: Path, cut: int) -> None:
    for name in ("a.jsonl.gz", "a.parquet"):
        path = write(tmp_path / name)
        path.write_bytes(path.read_bytes()[:-cut])
        with pytest.raises(SourceError, match=name) as caught:
            read(path)
        assert "\n" not in str(caught.value)


@given(st.integers(0, 10_000), st.integers(1, 255))
@settings(max_examples=60)
def test_a_flipped_byte_in_parquet_gives_rows_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, at: int, change: int) -> None:
    path = write(tmp_path_factory.mktemp("flip") / "a.parquet", ROWS[:200])
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= change
    path.write_bytes(data)
    with contextlib.suppress(CurateError):  # any other exception is a bug
        read(path)


def bomb(path: Path, text_bytes: int, rows: int) -> Path:
    """A few kilobytes that claim rows * text_bytes."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * text_bytes]))
    pq.write_table(pa.table({"question": texts, "n": list(range(rows))}), path, compression="zstd", store_schema=False)
    return path


def test_a_small_file_that_claims_terabytes_is_read_row_by_row(tmp_path: Path) -> None:
    import resource

    path = bomb(tmp_path / "a.parquet", 20_000_000, 1_000_000)
    assert path.stat().st_size < 5_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = parquet.rows(path, ["question", "n"])
    assert [(next(lines).row["n"]) for _ in range(3)] == [0, 1, 2]
    lines.close()  # type: ignore[attr-defined]  # a generator
    assert [line.row["n"] for line in parquet.rows(path, ["question", "n"], only=[700_000])] == [700_000]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000  # kB


def test_one_row_beyond_the_bound_is_refused(tmp_path: Path) -> None:
    path = bomb(tmp_path / "a.parquet", 110_000_000, 5)
    with pytest.raises(SourceError, match="row 1: one row takes 104 MB"):
        next(parquet.rows(path, ["question"]))


def test_a_list_column_of_billions_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    values = pa.array([0], pa.int8()).take(pa.array([0] * (parquet.NESTED_VALUES + 1), pa.int32()))
    ids = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)
    pq.write_table(pa.table({"question": ["q"], "ids": ids}), path)
    assert parquet.columns(path) == ["question"]
    assert [p.meta for p in Files(str(path), SourceOptions())] == ["{}"]
    with pytest.raises(UsageError, match="no column 'ids'"):
        list(Files(str(path), SourceOptions(mapping={"gold": "ids"})))


def test_an_unknown_extension_type_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    field = pa.field("x", pa.binary(), metadata={"ARROW:extension:name": "somebody.pickled", "ARROW:extension:metadata": "cos\nsystem"})
    pq.write_table(pa.table({"question": ["q"], "x": [b"1"]}, schema=pa.schema([pa.field("question", pa.string()), field])), path)
    with pytest.raises(SourceError, match="column 'x' has an extension type"):
        read(path)


def test_text_that_is_not_utf8_in_parquet_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    bad = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe"))
    pq.write_table(pa.table({"question": bad}), path)
    with pytest.raises(SourceError, match=r"a\.parquet"):
        list(Files(str(path), SourceOptions()))


def test_nested_columns_of_parquet_are_conversations(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = [
        {"conversations": [{"from": "human", "value": f"q{i}"}, {"from": "gpt", "value": "a"}], "reward_model": {"ground_truth": str(i)}}
        for i in range(3)
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    prompts = read(path, mapping={"gold": "reward_model.ground_truth"})
    assert [(p.messages[0].content, p.gold) for p in prompts] == [("q0", "0"), ("q1", "1"), ("q2", "2")]


@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_another_kind_of_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("problem,answer\n")
    with pytest.raises(UsageError, match="must end in"):
        open_source(str(tmp_path / name))


def test_an_empty_directory_and_options_of_the_hub_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no files to read"):
        open_source(str(tmp_path))
    with pytest.raises(UsageError, match="--config"):
        Files(str(write(tmp_path / "a.jsonl")), SourceOptions(config="main"))


def test_where_means_the_same_in_every_batch(tmp_path: Path) -> None:
    rows = [
        {"question": str(i), "v": (None if i < 600 else i if i < 1200 else str(i)), **({"late": i} if i > 1300 else {})}
        for i in range(1400)
    ]
    path = write(tmp_path / "a.jsonl", rows)
    assert len(read(path, verifier=None, where="v::INTEGER >= 1150")) == 250
    assert len(read(path, verifier=None, where="late > 1301")) == 98


def test_nested_text_over_many_small_row_groups_is_read(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"messages": [{"role": "user", "content": f"What is {i}?"}]} for i in range(40)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet", row_group_size=7)
    found = list(Files(str(tmp_path / "rows.parquet"), SourceOptions()))
    assert sorted(p.messages[0].content for p in found) == sorted(r["messages"][0]["content"] for r in rows)
