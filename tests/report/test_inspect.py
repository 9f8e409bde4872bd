"""`curate inspect` as a library: on our directories, on other people's files, on damaged and hostile ones."""

import json
import os
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.errors import CurateError, StoreError, UsageError
from curate.report.inspect import inspect
from curate.report.inspect_text import render
from tests.report import toy


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.samples_directory(tmp_path_factory.mktemp("inspect") / "set", shards=3, prompts=40)


def write(path: Path, rows: list[dict[str, Any]], schema: pa.Schema | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path


def openr1(n: int = 100) -> list[dict[str, Any]]:
    return [
        {
            "problem": f"Compute {i} squared.",
            "answer": str(i * i),
            "source": "olympiads" if i % 4 else "cn_contest",
            "problem_type": ("Algebra", "Geometry")[i % 2],
            "generations": ["x" * (i + 1), "y" * 200],
            "correctness_math_verify": [True, i % 2 == 0],
            "messages": [{"role": "user", "content": "ab"}, {"role": "assistant", "content": "c" * i}],
            "extra": {"deep": {"numbers": [1.5, float("nan")]}},
        }
        for i in range(n)
    ]


def test_our_directory(samples: Path) -> None:
    report = inspect(samples)
    funnel = json.loads((samples / "stats.json").read_text())["funnel"]
    assert report["kind"] == "samples"
    assert report["table"] == "kept"
    assert report["complete"]
    assert report["rows"] == funnel["kept"]
    assert report["stats"] == json.loads((samples / "stats.json").read_text())
    assert report["verdicts"] == funnel["status"]
    assert report["notes"] == report["problems"] == []
    meanings = {c["name"]: c["description"] for c in report["schema"]}
    assert meanings["completion"] == "the text as the model wrote it, tags included"
    assert [x["column"] for x in report["lengths"]] == ["prompt_tokens", "completion_tokens"]


def test_rejects_and_outcomes(samples: Path) -> None:
    rejects = inspect(samples, rejects=True)
    assert rejects["rows"] == rejects["stats"]["funnel"]["sampled"] - rejects["stats"]["funnel"]["kept"]
    outcomes = inspect(samples / "prompts")
    assert outcomes["rows"] == 40
    whole = inspect(samples)
    assert outcomes["sources"] == whole["sources"]
    assert outcomes["domains"] == whole["domains"]
    assert outcomes["pass_rates"] == whole["pass_rates"]


def test_counts_from_rows_are_those_of_the_funnel(samples: Path) -> None:
    kept, rejects = inspect(samples / "kept"), inspect(samples / "rejects")
    funnel = inspect(samples)["stats"]["funnel"]
    assert Counter(kept["verdicts"]) + Counter(rejects["verdicts"]) == Counter(funnel["status"])
    assert rejects["drop_reasons"] == funnel["dropped"]


def test_where_restricts_what_is_counted(samples: Path) -> None:
    report = inspect(samples / "prompts", where="pass_rate between 0.2 and 0.7")
    rows = [r for r in pq.read_table(samples / "prompts").to_pylist() if 0.2 <= r["pass_rate"] <= 0.7]
    assert report["rows"] == len(rows) > 0
    assert sum(report["pass_rates"]) == len(rows)
    assert inspect(samples, where="verdict.status = 'wrong'")["rows"] == 0
    assert inspect(samples, where="sample_index >= 1")["stats"] is None


@pytest.mark.parametrize("where", ["nope = 1", "", "1 = 1; select 1", "true)) or ((true", "read_text('/etc/passwd') = 'x'", "domain +"])
def test_a_bad_where_is_one_sentence(samples: Path, where: str) -> None:
    with pytest.raises(UsageError) as caught:
        inspect(samples, where=where)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("where", ["(select count(*) from read_text('/etc/passwd')) > 0", "(select count(*) from '/etc/passwd') > 0"])
def test_no_other_file_can_be_read(samples: Path, where: str) -> None:
    with pytest.raises(CurateError):
        inspect(samples, where=where)


def test_sample_is_the_same_each_time(samples: Path, tmp_path: Path) -> None:
    one = inspect(samples, sample=5, columns=["id", "domain"])["sample"]
    assert len(one) == 5
    assert set(one[0]) == {"id", "domain"}
    assert one == inspect(samples, sample=5, columns=["id", "domain"])["sample"]
    assert one != inspect(samples, sample=5, seed=1, columns=["id", "domain"])["sample"]
    chosen = inspect(samples, sample=5, where="domain = 'math'", columns=["domain"])["sample"]
    assert [r["domain"] for r in chosen] == ["math"] * 5
    assert len(inspect(samples, sample=1000, columns=["id"])["sample"]) == inspect(samples)["rows"]


def test_columns(samples: Path) -> None:
    report = inspect(samples, columns=["response", "completion"])
    assert [x["column"] for x in report["lengths"]] == ["completion"] or [x["unit"] for x in report["lengths"]] == ["characters"] * 2
    with pytest.raises(UsageError, match="no column 'nope': the columns are id, prompt_id"):
        inspect(samples, columns=["nope"])


def test_percentiles_are_those_of_the_sorted_values(tmp_path: Path) -> None:
    values = [(7 * i * i) % 1013 for i in range(997)]
    file = write(tmp_path / "a.parquet", [{"n_tokens": v, "text": "x" * v} for v in values])
    expected = {p: sorted(values)[-(-len(values) * q // 100) - 1] for p, q in (("p50", 50), ("p90", 90), ("p99", 99), ("max", 100))}
    by_tokens, by_text = inspect(file)["lengths"], inspect(file, columns=["text"])["lengths"]
    assert by_tokens == [{"column": "n_tokens", "unit": "tokens", "count": 997, **expected}]
    assert by_text == [{"column": "text", "unit": "characters", "count": 997, **expected}]


def test_other_peoples_files(tmp_path: Path) -> None:
    for k in range(3):
        write(tmp_path / f"data/train-{k}.parquet", openr1())
    report = inspect(tmp_path, sample=2)
    assert report["kind"] == "parquet"
    assert report["rows"] == 300
    assert report["files"] == 3
    assert report["sources"] == {"olympiads": {"rows": 225}, "cn_contest": {"rows": 75}}
    assert report["values"]["correctness_math_verify"] == {"true": 450, "false": 150}
    assert report["verdicts"] == report["drop_reasons"] == {}
    assert report["pass_rates"] is None
    lengths = {x["column"]: x for x in report["lengths"]}
    assert (lengths["generations"]["unit"], lengths["generations"]["count"], lengths["generations"]["max"]) == (
        "characters of each",
        600,
        200,
    )
    assert (lengths["messages"]["unit"], lengths["messages"]["max"]) == ("characters of all turns", 101)
    assert report["sample"][0]["extra"]["deep"]["numbers"] == [1.5, None]
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert "generations" in render(report)


AWKWARD = pa.schema(
    [
        ("verdict", pa.string()),
        ("source", pa.int64()),
        ("pass_rate", pa.string()),
        ('we"ird name', pa.string()),
        ("SELECT", pa.large_string()),
        ("raw", pa.binary()),
        ("when", pa.timestamp("us", tz="UTC")),
        ("price", pa.decimal128(10, 2)),
        ("table", pa.map_(pa.string(), pa.int32())),
        ("colour", pa.dictionary(pa.int32(), pa.string())),
        ("nothing", pa.null()),
        ("drop_reasons", pa.string()),
        ("messages", pa.list_(pa.struct([("from", pa.string()), ("value", pa.string())]))),
        ("empty", pa.list_(pa.string())),
    ]
)


@pytest.mark.parametrize("rows", [0, 1, 50])
def test_awkward_columns(rows: int, tmp_path: Path) -> None:
    row = {
        "verdict": "ok",
        "source": 3,
        "pass_rate": "high",
        'we"ird name': "x",
        "SELECT": "y",
        "raw": b"\x00\xff",
        "when": 0,
        "price": None,
        "table": [("a", 1)],
        "colour": "red",
        "drop_reasons": "none",
        "messages": [{"from": "human", "value": "hello"}, {"from": "gpt", "value": None}],
        "empty": [],
    }
    file = write(tmp_path / "a.parquet", [row] * rows, AWKWARD)
    report = inspect(file, sample=3)
    assert report["rows"] == rows
    assert len(report["sample"]) == min(3, rows)
    json.dumps(report, allow_nan=False)
    assert str(rows) in render(report)


def test_hostile_text_does_not_reach_the_terminal(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\r\u202eevil\x9b1m"
    write(
        tmp_path / "a.parquet",
        [{"text": evil * 30, evil: evil, "source": evil, "turns": [evil], "messages": [{"role": evil, "content": evil}]}] * 3,
    )
    report = inspect(tmp_path, sample=2)
    shown = render(report) + json.dumps(report)
    assert not {"\x1b", "\x07", "\r", "\u202e", "\x9b"} & set(shown)
    assert "\\x1b[2J" in shown


def test_long_cells_are_shortened_in_text_only(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", [{"text": "word " * 10000, "many": ["long " * 10000] * 100}])
    report = inspect(tmp_path, sample=1)
    assert len(render(report)) < 10000
    assert "50,000 characters" in render(report)
    assert report["sample"][0]["text"] == "word " * 10000


def cut(path: Path, keep: float = 0.5) -> None:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])


def test_a_file_cut_short_is_named_and_the_others_are_shown(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write(tmp_path / f"{name}.parquet", openr1())
    cut(tmp_path / "b.parquet")
    report = inspect(tmp_path)
    assert report["rows"] == 200
    assert report["problems"] == ["b.parquet is cut short or still being written: it does not end as a Parquet file does"]


def test_a_file_damaged_inside_is_named_and_the_others_are_shown(tmp_path: Path) -> None:
    for name in ("a", "b"):
        pq.write_table(pa.table({"text": [f"{i} " * 50 for i in range(2000)]}), tmp_path / f"{name}.parquet", compression="zstd")
    data = bytearray((tmp_path / "b.parquet").read_bytes())
    data[5000:5300] = b"\xff" * 300
    (tmp_path / "b.parquet").write_bytes(data)
    report = inspect(tmp_path)
    assert report["rows"] == 2000
    assert len(report["problems"]) == 1
    assert report["problems"][0].startswith("b.parquet is damaged: ")


def test_invalid_utf8_is_named(tmp_path: Path) -> None:
    write(tmp_path / "good.parquet", [{"text": "fine"}])
    bad = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\x00\x00\x00\x00\x02\x00\x00\x00"), pa.py_buffer(b"\xff\xfe")])
    pq.write_table(pa.table({"text": bad}), tmp_path / "bad.parquet", write_statistics=False)
    report = inspect(tmp_path)
    assert report["rows"] == 1
    assert "bad.parquet is damaged" in report["problems"][0]


def test_nothing_readable_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no Parquet file"):
        inspect(tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        inspect(tmp_path / "nope")
    (tmp_path / "a.parquet").write_text("hello")
    with pytest.raises(UsageError, match=r"nothing in .* can be read: a.parquet is not a Parquet file"):
        inspect(tmp_path)
    with pytest.raises(StoreError, match=r"a.parquet is not a Parquet file"):
        inspect(tmp_path / "a.parquet")
    with pytest.raises(UsageError, match="--rejects"):
        inspect(tmp_path, rejects=True)
    with pytest.raises(UsageError, match="--sample"):
        inspect(tmp_path, sample=-1)


class Evil(pa.ExtensionType):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(pa.string(), "test.evil")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> "Evil":
        return cls()


def test_extension_types_are_refused(tmp_path: Path) -> None:
    inner = pa.ExtensionArray.from_storage(Evil(), pa.array(["x"]))
    pq.write_table(pa.table({"a": pa.StructArray.from_arrays([inner], ["deep"])}), tmp_path / "evil.parquet")
    write(tmp_path / "good.parquet", [{"text": "fine"}])
    report = inspect(tmp_path)
    assert report["files"] == 1
    assert "extension type 'test.evil'" in report["problems"][0]


def test_files_of_several_schemas_are_not_mixed(tmp_path: Path) -> None:
    write(tmp_path / "a/x.parquet", openr1(10))
    write(tmp_path / "b/x.parquet", [{"other": 1}] * 3)
    report = inspect(tmp_path)
    assert report["rows"] == 10
    assert "1 files with 3 rows have other columns" in report["notes"][0]


def test_a_cache_of_links_is_read(tmp_path: Path) -> None:
    blob = write(tmp_path / "blobs/abc", openr1(10))
    (tmp_path / "snapshots/main").mkdir(parents=True)
    os.symlink(blob, tmp_path / "snapshots/main/train.parquet")
    assert inspect(tmp_path / "snapshots/main")["rows"] == 10


def test_a_directory_still_being_written(tmp_path: Path) -> None:
    root = toy.samples_directory(tmp_path / "set", shards=3, prompts=30, complete=False)
    whole = inspect(root)
    shard = sorted((root / "manifest").glob("*.json"))[1]
    left_out = json.loads(shard.read_text())["funnel"]
    shard.unlink()
    (root / "kept/.tmp-foreign.parquet").write_bytes(b"PAR1torn")
    (root / "kept/torn.parquet").write_bytes(b"PAR1torn")
    report = inspect(root)
    assert report["rows"] == whole["rows"] - left_out["kept"]
    assert report["stats"]["funnel"]["sampled"] == 120 - left_out["sampled"]
    assert report["problems"] == []
    assert not report["complete"]
    assert "only finished shards" in report["notes"][0]
    assert "5 files that no manifest lists" in report["notes"][1]


def test_before_the_first_shard(tmp_path: Path) -> None:
    toy.write_config(tmp_path / "set", "samples")
    with pytest.raises(UsageError, match="no finished shard yet"):
        inspect(tmp_path / "set")


def test_while_shards_come_and_go(tmp_path: Path) -> None:
    """A reader beside a writer: each look shows whole shards, never a half."""
    root = toy.samples_directory(tmp_path / "set", shards=4, prompts=16, complete=False)
    manifests = {p: p.read_text() for p in (root / "manifest").glob("*.json")}
    done = threading.Event()

    def republish() -> None:
        while not done.is_set():
            for path, text in manifests.items():
                temporary = path.with_name("." + path.name)
                temporary.write_text(text)
                temporary.rename(path)

    writer = threading.Thread(target=republish)
    writer.start()
    try:
        rows = {inspect(root)["rows"] for _ in range(10)}
    finally:
        done.set()
        writer.join()
    assert rows == {inspect(root)["rows"]}


@pytest.mark.parametrize(
    "path", ["../outside.parquet", "/etc/passwd", "kept/../../x.parquet", "kept/00000000-ffffffff-000000000000.parquet"]
)
def test_a_manifest_cannot_point_outside(path: str, tmp_path: Path) -> None:
    root = toy.samples_directory(tmp_path / "set")
    write(tmp_path / "outside.parquet", [{"secret": 1}])
    manifest = next((root / "manifest").glob("*.json"))
    text = json.loads(manifest.read_text())
    text["files"]["kept"]["path"] = path
    manifest.write_text(json.dumps(text))
    with pytest.raises(UsageError, match="it is not opened"):
        inspect(root)


def test_a_funnel_that_is_none(tmp_path: Path) -> None:
    root = toy.samples_directory(tmp_path / "set")
    manifest = next((root / "manifest").glob("*.json"))
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"funnel": {"status": {"correct": "many"}}}))
    report = inspect(root)
    assert report["rows"] > 0
    assert "no sound funnel" in report["problems"][0]
    render(report)
