"""Files and rows that are not as they should be: each is named, and everything else goes on."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate import api
from curate.errors import CurateError
from curate.filtering.job import Job
from curate.filtering.units import files, units
from curate.filtering.work import Work
from curate.records import SAMPLES
from tests.filtering import toy

FEW = ("truncated",)


def loose(rows: list[dict], path: Path, **changed: pa.DataType) -> Path:
    """A file of samples whose schema promises less."""
    fields = [pa.field(f.name, changed.get(f.name, f.type), metadata=f.metadata) for f in SAMPLES]
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(fields, metadata=SAMPLES.metadata)), path)
    return path


def test_a_null_where_a_value_must_be_lands_in_rejects(tmp_path: Path) -> None:
    rows = [toy.sample(i) for i in range(5)]
    rows[2] = rows[2] | {"response": None}
    made = api.filter(loose(rows, tmp_path / "in.parquet"), tmp_path / "out", filters=FEW)
    [row] = toy.read(tmp_path / "out", "rejects")
    assert (row["seed"], row["drop_reasons"], row["response"]) == (2, ["damaged_null"], "")
    assert made.damaged == 1
    assert "in.parquet, row 3" in made.damage[0]
    assert len(toy.read(tmp_path / "out", "kept")) == 4


def repeated(path: Path, column: str, text: str, rows: int) -> Path:
    """A small file in which so many rows share one long text."""
    table = pa.Table.from_pylist([toy.sample(1)], schema=SAMPLES).take(pa.array([0] * rows))
    shared = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([text]))
    at = table.schema.get_field_index(column)
    pq.write_table(table.set_column(at, pa.field(column, shared.type, nullable=False), shared), path, compression="zstd")
    return path


def test_ids_that_take_gigabytes_are_refused_before_they_are_spelled_out(tmp_path: Path) -> None:
    good = toy.parquet(tmp_path / "good.parquet", [toy.sample(0)])
    many = repeated(tmp_path / "many.parquet", "prompt_id", "x" * (1 << 20), 30_000)
    assert many.stat().st_size < 1 << 20
    with pytest.raises(CurateError, match=r"many\.parquet.*prompt_id take more than 1024 bytes a row"):
        api.filter([many, good], tmp_path / "out", filters=FEW)
    assert len(toy.read(tmp_path / "out", "kept")) == 1
    with pytest.raises(CurateError, match="more than 1024 bytes a row"):
        api.mix(repeated(tmp_path / "few.parquet", "domain", "x" * (1 << 20), 9_000), tmp_path / "mixed")


def test_rows_that_would_not_fit_into_memory_are_left_out_and_told(tmp_path: Path) -> None:
    path = repeated(tmp_path / "in.parquet", "completion", "x" * 10_000, 3_000)
    [unit] = units(files([str(path)], rejects=False))
    found = Work(Job(FEW), most_held=12 << 20).look(unit)
    assert 0 < found.rows < 1_200
    assert found.faults.cut
    [told] = found.faults.named
    assert "in.parquet" in told
    assert f"only the first {found.rows:,} rows" in told


def test_text_that_is_not_utf8_lands_in_rejects(tmp_path: Path) -> None:
    rows = [toy.sample(i) for i in range(5)]
    values = [row["reasoning"].encode() for row in rows]
    values[3] = values[3][:10] + b"\xff\xfe" + values[3][10:]
    table = pa.Table.from_pylist(rows, schema=SAMPLES)
    offsets = pa.array([0, *[sum(map(len, values[: i + 1])) for i in range(5)]], pa.int32())
    broken = pa.StringArray.from_buffers(5, offsets.buffers()[1], pa.py_buffer(b"".join(values)))
    at = table.schema.get_field_index("reasoning")
    pq.write_table(table.set_column(at, SAMPLES.field("reasoning"), broken), tmp_path / "in.parquet")
    made = api.filter(tmp_path / "in.parquet", tmp_path / "out", filters=FEW)
    [row] = toy.read(tmp_path / "out", "rejects")
    assert (row["seed"], row["drop_reasons"]) == (3, ["damaged_utf8"])
    assert "\ufffd" in row["reasoning"]
    assert made.damaged == 1


def test_a_file_that_is_cut_short_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    good = toy.parquet(tmp_path / "a.parquet", [toy.sample(i) for i in range(5)])
    data = toy.parquet(tmp_path / "b.parquet", [toy.sample(i) for i in range(5, 400)]).read_bytes()
    (tmp_path / "b.parquet").write_bytes(data[: len(data) // 2])
    with pytest.raises(CurateError, match=r"b\.parquet"):
        api.filter([good, tmp_path / "b.parquet"], tmp_path / "out", filters=FEW)
    assert len(toy.read(tmp_path / "out", "kept")) == 5
    (tmp_path / "b.parquet").write_bytes(data)
    made = api.filter([good, tmp_path / "b.parquet"], tmp_path / "out", filters=FEW)
    assert (made.reused, made.stats["funnel"]["kept"]) == (1, 400)


def test_a_page_that_is_damaged_costs_the_rows_from_there_on(tmp_path: Path) -> None:
    path = toy.parquet(tmp_path / "in.parquet", [toy.sample(i) for i in range(1_000)], group=100)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    path.write_bytes(data)
    with pytest.raises(CurateError, match=r"in\.parquet"):
        api.filter(path, tmp_path / "out", filters=FEW)
    kept = toy.read(tmp_path / "out", "kept")
    assert 100 <= len(kept) < 1_000
    assert [row["seed"] for row in kept] == list(range(len(kept)))


def test_a_file_of_another_schema_is_named(tmp_path: Path) -> None:
    path = loose([toy.sample(1) | {"sample_index": "x"}], tmp_path / "in.parquet", sample_index=pa.string())
    with pytest.raises(CurateError, match="sample_index"):
        api.filter(path, tmp_path / "out", filters=FEW)


def test_lines_that_are_no_rows_are_kept_with_their_reason(tmp_path: Path) -> None:
    question = {"messages": [{"role": "user", "content": "Hi?"}, {"role": "assistant", "content": "<think>I greet.</think>Hello."}]}
    path = toy.lines(
        tmp_path / "in.jsonl",
        [
            question,
            b'{"messages": "torn\n',
            b"[1, 2]\n",
            b'{"messages": "\xff\xfe"}\n',
            b"\n",
            {"messages": "A question without an answer?"},
            question | {"id": 2},
        ],
    )
    made = api.filter(path, tmp_path / "out", filters=FEW, dedup="none")
    assert len(toy.read(tmp_path / "out", "kept")) == 2
    reasons = sorted(r for row in toy.read(tmp_path / "out", "rejects") for r in row["drop_reasons"])
    assert reasons == ["damaged_row", "damaged_row", "damaged_utf8", "no_sample"]
    assert made.damaged == 3


@pytest.mark.slow
def test_a_row_of_a_hundred_megabytes_is_not_held_and_not_lost(tmp_path: Path) -> None:
    huge = toy.sample(1, chain="abc " * (27 << 20))
    toy.parquet(tmp_path / "in.parquet", [toy.sample(0), huge, toy.sample(2)])
    made = api.filter(tmp_path / "in.parquet", tmp_path / "out", filters=FEW)
    [row] = toy.read(tmp_path / "out", "rejects")
    assert row["drop_reasons"] == ["damaged_size"]
    assert row["completion"].startswith("<think>abc")
    assert len(toy.read(tmp_path / "out", "kept")) == 2
    assert made.damaged == 1


def test_of_a_directory_of_ours_a_shard_without_a_sound_manifest_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    from tests.report import toy as datasets

    root = datasets.samples_directory(tmp_path / "set", shards=3, prompts=30)
    manifests = sorted((root / "manifest").glob("*.json"))
    manifests[1].write_text("{torn")
    with pytest.raises(CurateError, match="manifest"):
        api.filter(root, tmp_path / "out", filters=FEW, dedup="none")
    assert toy.read(tmp_path / "out", "kept")
    assert not (tmp_path / "out/_SUCCESS").exists()


def test_a_damaged_row_is_rejected_also_where_nothing_else_is(tmp_path: Path) -> None:
    path = toy.lines(tmp_path / "in.jsonl", [{"problem": "Say hello.", "completion": "Hello."}, b"{torn\n"])
    api.filter(path, tmp_path / "out", filters=FEW, annotate=True)
    assert [row["drop_reasons"] for row in toy.read(tmp_path / "out", "rejects")] == [["damaged_row"]]


def test_a_mixture_of_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    data = bytearray(toy.parquet(tmp_path / "in.parquet", [toy.sample(i) for i in range(1_000)], group=100).read_bytes())
    data[len(data) // 2 : len(data) // 2 + 200] = bytes(200)
    (tmp_path / "in.parquet").write_bytes(data)
    with pytest.raises(CurateError, match="cannot be read"):
        api.mix(tmp_path / "in.parquet", tmp_path / "out")
