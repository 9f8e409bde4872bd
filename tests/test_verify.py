"""`curate.verify`: rows of anyone's files come out with their verdicts, all of them, in order, or nothing is written."""

import asyncio
import gzip
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import curate
from curate import api
from curate.errors import CurateError, SourceError, UsageError
from curate.records import DECIDED
from curate.rows import Writer
from curate.verify import verify, verify_one
from tests import models

SUMS = [
    {"id": "a", "prompt": "1+1?", "verifier": "math", "gold": "2", "completion": "<think>2 or 3</think>\\boxed{2}"},
    {"id": "b", "prompt": "1+1?", "verifier": "math", "gold": "2", "completion": "\\boxed{3}", "extra": [1, {"x": None}]},
    {"id": "c", "prompt": "?", "verifier": "choice", "gold": "B", "completion": "The answer is (B)", "finish_reason": "length"},
    {"id": "d", "prompt": "?", "verifier": "math", "gold": "1", "completion": "no idea"},
    {"id": "e", "prompt": "?", "verifier": "math", "gold": "", "completion": "\\boxed{1}"},
    {"id": "f", "prompt": "?", "verifier": None, "gold": "1", "completion": "\\boxed{1}"},
    {"id": "g", "prompt": "?", "verifier": "math", "gold": "1", "completion": None},
    {"id": "h", "prompt": "?", "verifier": "math", "gold": "1", "completion": "<think>\\boxed{1}"},
]
STATUSES = ["correct", "wrong", "correct", "no_answer", "unparsable_gold", "unverifiable", "unverifiable", "no_answer"]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    raw = path.read_bytes()
    return [json.loads(line) for line in (gzip.decompress(raw) if path.suffix == ".gz" else raw).splitlines()]


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz"])
def test_json_lines_come_out_as_they_went_in_with_verdicts(tmp_path: Path, name: str) -> None:
    found = verify(write(tmp_path / "in.jsonl", SUMS), tmp_path / name)
    rows = lines(tmp_path / name)
    assert [{k: v for k, v in r.items() if k in SUMS[i]} for i, r in enumerate(rows)] == SUMS
    assert [r["status"] for r in rows] == STATUSES
    assert all((r["score"] is not None) == (r["status"] in DECIDED) for r in rows)
    assert (found.rows, found.statuses["correct"], found.judged) == (8, 2, 5)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.jsonl", name]


def test_json_lines_become_parquet_with_a_schema_of_their_own(tmp_path: Path) -> None:
    verify(write(tmp_path / "in.jsonl", SUMS), tmp_path / "out")
    table = pq.read_table(tmp_path / "out")
    assert table["status"].to_pylist() == STATUSES
    assert table["extra"].to_pylist()[1] == '[1,{"x":null}]'
    assert not any(pa.types.is_null(f.type) for f in table.schema)
    assert table.schema.field("score").type == pa.float64()


def exotic() -> pa.Table:
    return pa.table(
        {
            "completion": ["\\boxed{1}", "\\boxed{2}", None],
            "gold": [1, 2, 3],
            "nothing": pa.nulls(3),
            "f32": pa.array([1.5, None, 2], pa.float32()),
            "when": pa.array([1, 2, None], pa.timestamp("ns", "UTC")),
            "money": pa.array([Decimal("1.10")] * 3),
            "map": pa.array([[("a", 1)], [], None], pa.map_(pa.string(), pa.int8())),
            "raw": pa.array([b"\xff", None, b""]),
            "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
            "u64": pa.array([2**64 - 1, 2, 3], pa.uint64()),
            "nested": pa.array([{"a": [{"b": 1}]}, None, {"a": None}]),
            "large": pa.array(["a", "b", "c"], pa.large_string()),
            "pair": pa.array([[1.0, 2.0]] * 3, pa.list_(pa.float64(), 2)),
        }
    )


def test_parquet_keeps_types_and_values(tmp_path: Path) -> None:
    pq.write_table(exotic(), tmp_path / "in.parquet")
    verify(tmp_path / "in.parquet", tmp_path / "out.parquet", verifier="math")
    before, after = pq.read_table(tmp_path / "in.parquet"), pq.read_table(tmp_path / "out.parquet")
    assert after["status"].to_pylist() == ["correct", "correct", "unverifiable"]
    for name in before.column_names:
        assert after[name].to_pylist() == before[name].to_pylist(), name
        if name not in ("nothing", "kind"):
            assert after.schema.field(name).type == before.schema.field(name).type
    assert after.schema.field("nothing").type == pa.string()


def test_bytes_are_not_squeezed_into_json(tmp_path: Path) -> None:
    pq.write_table(exotic(), tmp_path / "in.parquet")
    with pytest.raises(UsageError, match=r"'raw' .* holds bytes"):
        verify(tmp_path / "in.parquet", tmp_path / "out.jsonl", verifier="math")


def test_lists_of_samples_give_lists_of_verdicts(tmp_path: Path) -> None:
    rows = [
        {"problem": "q", "answer": "2", "generations": ["\\boxed{2}", "\\boxed{3}", None]},
        {"problem": "r", "answer": "2", "generations": []},
        {"problem": "s", "answer": "2", "generations": ["no"]},
    ]
    mapping = {"gold": "answer", "completion": "generations"}
    found = verify(write(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl", verifier="math", mapping=mapping)
    assert [r["status"] for r in lines(tmp_path / "out.jsonl")] == [["correct", "wrong", "unverifiable"], [], ["no_answer"]]
    assert (found.rows, found.statuses.total()) == (3, 4)
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, tmp_path / "in.parquet")
    verify(tmp_path / "in.parquet", tmp_path / "out.parquet", verifier="math", mapping=mapping)
    out = pq.read_table(tmp_path / "out.parquet")
    assert out["status"].to_pylist() == [["correct", "wrong", "unverifiable"], [], ["no_answer"]]
    assert out.schema.field("score").type == pa.list_(pa.float64())


def test_columns_of_the_same_names_are_kept_and_compared(tmp_path: Path) -> None:
    rows = [r | {"status": "wrong", "score": "mine", "reason_before": 1} for r in SUMS[:3]]
    found = verify(write(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl")
    out = lines(tmp_path / "out.jsonl")
    assert [r["status_before"] for r in out] == ["wrong"] * 3
    assert [r["score_before"] for r in out] == ["mine"] * 3
    assert [r["reason_before"] for r in out] == [1] * 3
    assert (found.compared, dict(found.flips)) == (3, {("wrong", "correct"): 2})
    assert [f.row for f in found.flipped] == ["a", "c"]
    again = verify(tmp_path / "out.jsonl", tmp_path / "again.parquet")
    assert (again.compared, again.flips.total()) == (3, 0)
    assert pq.read_table(tmp_path / "again.parquet")["score_before"].to_pylist() == [1.0, 0.0, 1.0]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made")
    source = models.write_sums(path / "sums.jsonl", 12)
    api.generate(
        str(source),
        path / "data",
        model="tests.models:adder",
        engine="scripted",
        source=api.SourceOptions(verifier="math"),
        quiet=True,
        num_generations=4,
    )
    return path / "data"


def test_a_dataset_directory_of_ours_is_kept_and_rejects(dataset: Path, tmp_path: Path) -> None:
    found = verify(dataset, tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    stored = [v["status"] for v in table["verdict"].to_pylist()]
    assert table["status"].to_pylist() == stored == table["status_before"].to_pylist()
    assert {"correct", "wrong"} <= set(stored)
    assert (found.compared, found.flips.total()) == (found.rows, 0)


def test_stored_samples_are_judged_anew_and_what_flipped_is_listed(dataset: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("from curate.records import Verdict\ndef check(answer, prompt):\n    return Verdict('wrong', 0.0, 'no')\n")
    found = verify(dataset, tmp_path / "out.jsonl", verifier=f"{mine}:check")
    assert set(found.flips) == {("correct", "wrong")}
    assert found.flips.total() == len(found.flipped) > 0
    assert {r["status"] for r in lines(tmp_path / "out.jsonl")} == {"wrong"}


def test_audit_of_a_dataset_asks_its_prompts(dataset: Path) -> None:
    found = verify(dataset, audit=True)
    assert (found.rows, found.statuses["correct"], found.n_failed) == (12, 12, 0)


def test_audit_lists_golds_that_their_verifier_does_not_accept(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "verifier": "math", "gold": "\\frac{1}{2}"},
        {"id": 2, "verifier": "math", "gold": "so \\boxed{5}"},
        {"id": 3, "verifier": "math", "gold": "#### 5"},
        {"id": 4, "verifier": "choice", "gold": "Z"},
        {"id": 5, "verifier": "choice", "gold": "(c)"},
        {"id": 6, "verifier": "format", "gold": None},
        {"id": 7, "verifier": None, "gold": "1"},
        {"id": 8, "verifier": "logic", "gold": {"task": "gcd", "entry": {"answer": "5", "metadata": {}}}},
        {"id": 9, "verifier": "logic", "gold": "nonsense"},
        {
            "id": 10,
            "verifier": "code",
            "gold": {
                "language": "python",
                "entry_point": "f",
                "tests": ["assert f(1) == 2"],
                "canonical_solution": "def f(x):\n    return x + 1",
            },
        },
        {"id": 11, "verifier": "code", "gold": '{"language": "python", "entry_point": "f", "tests": ["assert f(1) == 2"]}'},
    ]
    found = verify(write(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl", audit=True)
    assert [(f.row, f.verifier) for f in found.failed] == [("4", "choice"), ("9", "logic")]
    assert (found.unaudited, found.statuses["correct"]) == (3, 6)
    assert [r["status"] for r in lines(tmp_path / "out.jsonl")][3] == "unparsable_gold"


def test_an_audit_of_ones_own_verifier_tries_the_gold_as_it_is(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from curate.records import Verdict\n"
        "def check(answer, prompt):\n"
        "    right = answer.response == prompt.gold != 'odd'\n"
        "    return Verdict('correct' if right else 'wrong', float(right))\n"
    )
    source = write(tmp_path / "in.jsonl", [{"gold": "Paris"}, {"gold": "odd"}])
    found = verify(source, audit=True, verifier=f"{mine}:check")
    assert [(f.row.rpartition(", ")[2], f.status) for f in found.failed] == [("line 2", "wrong")]


def test_consensus_labels_what_has_no_gold_and_doubts_what_has(tmp_path: Path) -> None:
    said = (
        [("new", None, a) for a in ("5", "5.0", "7", "")]
        + [("old", "3", a) for a in ("4", "4", "4.0", "4", "3")]
        + [("fine", "1", "1")] * 4
    )
    rows = [{"prompt": p, "gold": g, "completion": f"\\boxed{{{a}}}" if a else "?"} for p, g, a in said]
    source = write(tmp_path / "in.jsonl", rows[::2] + rows[1::2])  # a prompt's samples need not lie together
    for name in ("out.jsonl", "out.parquet"):
        found = verify(source, tmp_path / name, verifier="math", consensus=True)
        out = lines(tmp_path / name) if name.endswith("jsonl") else pq.read_table(tmp_path / name).to_pylist()
        new = [r for r in out if r["prompt"] == "new"]
        assert {(r["status"], r["consensus"], r["consensus_share"], r["gold_source"]) for r in new} == {
            ("unverifiable", "5", 0.5, "consensus")
        }
        assert {(r["consensus"], r["consensus_share"], r["gold_source"]) for r in out if r["prompt"] == "old"} == {("4", 0.8, "given")}
        assert found.labelled == 1
        assert [(s.gold, s.answer, s.share, s.n) for s in found.suspicious] == [("3", "4", 0.8, 5)]
        assert [r["completion"] for r in out] == [r["completion"] for r in rows[::2] + rows[1::2]]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl", "out.parquet"]


def test_consensus_needs_no_gold_at_all(tmp_path: Path) -> None:
    rows = [{"prompt": "q", "completion": f"\\boxed{{{a}}}"} for a in (1, 1, 2)]
    with pytest.raises(UsageError, match="no column 'gold'"):
        verify(write(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl", verifier="math")
    found = verify(tmp_path / "in.jsonl", tmp_path / "out.jsonl", verifier="math", consensus=True)
    assert (found.labelled, lines(tmp_path / "out.jsonl")[0]["consensus"]) == (1, "1")


def test_options_of_a_column_and_golds_by_index(tmp_path: Path) -> None:
    rows = [
        {"question": "Capital?", "choices": ["London", "Paris"], "answer": 1, "completion": "The answer is Paris"},
        {"question": "Capital?", "choices": ["London", "Paris"], "answer": "Paris", "completion": "\\boxed{B}"},
        {"question": "Capital?", "choices": ["London", "Paris"], "answer": 1, "completion": "\\boxed{A}"},
    ]
    found = verify(write(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl", verifier="choice", mapping={"options": "choices"})
    assert [r["status"] for r in lines(tmp_path / "out.jsonl")] == ["correct", "correct", "wrong"]
    assert found.rows == 3


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("raise ValueError('mine')", "verifier_crash"),
        ("import os; os._exit(0)", "verifier_crash"),
        ("import sys; sys.exit(0)", "verifier_crash"),
        ("return bytearray(1 << 45)", "verifier_crash"),
        ("return 'correct'", "verifier_crash"),
        ("return Verdict('correct', 1.0)", "correct"),
    ],
)
def test_ones_own_verifier_may_do_anything_and_costs_no_other_row(tmp_path: Path, body: str, status: str) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from curate.records import Verdict\n"
        f"def check(answer, prompt):\n    if answer.response == 'odd':\n        {body}\n    return Verdict('wrong', 0.0)\n"
    )
    source = write(tmp_path / "in.jsonl", [{"completion": c} for c in ("a", "odd", "b")])
    found = verify(source, tmp_path / "out.jsonl", verifier=f"{mine}:check")
    assert [r["status"] for r in lines(tmp_path / "out.jsonl")] == ["wrong", status, "wrong"]
    assert found.rows == 3


@pytest.mark.slow
def test_an_endless_verifier_ends(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from curate.records import Verdict\ndef check(answer, prompt):\n    while answer.response == 'odd': pass\n    return Verdict('wrong', 0.0)\n"
    )
    source = write(tmp_path / "in.jsonl", [{"completion": c} for c in ("a", "odd", "b")])
    verify(source, tmp_path / "out.jsonl", verifier=f"{mine}:check")
    assert [r["status"] for r in lines(tmp_path / "out.jsonl")] == ["wrong", "verifier_timeout", "wrong"]


def test_halves_of_surrogate_pairs(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"gold": "5", "completion": "\\\\boxed{\\ud800}"}\n')
    verify(tmp_path / "in.jsonl", tmp_path / "out.jsonl", verifier="math")
    assert lines(tmp_path / "out.jsonl")[0]["completion"] == "\\boxed{\ud800}"
    verify(tmp_path / "in.jsonl", tmp_path / "out.parquet", verifier="math")
    assert pq.read_table(tmp_path / "out.parquet")["completion"].to_pylist() == ["\\boxed{?}"]


class Code(pa.ExtensionType):
    def __init__(self) -> None:
        super().__init__(pa.string(), "somebody.code")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: pa.DataType, serialized: bytes) -> "Code":
        return cls()


def _bad(root: Path) -> dict[str, Path]:
    made = {
        name: root / name
        for name in (
            "junk.parquet",
            "torn.jsonl",
            "list.jsonl",
            "empty.jsonl",
            "ext.parquet",
            "row.jsonl",
            "deep.jsonl",
            "data.csv",
            "other.jsonl",
            "path.jsonl",
            "mixed.jsonl",
        )
    }
    made["junk.parquet"].write_bytes(os.urandom(5000))
    made["torn.jsonl"].write_text('{"gold": "1", "completion": "a", "verifier": "math"}\n{"gold": "1", "comple')
    made["list.jsonl"].write_text("[1]\n")
    made["empty.jsonl"].write_text("\n")
    pq.write_table(pa.table({"completion": ["a"], "x": pa.ExtensionArray.from_storage(Code(), pa.array(["y"]))}), made["ext.parquet"])
    made["row.jsonl"].write_text('{"gold": "1"}\n')
    made["deep.jsonl"].write_text("[" * 100_000 + "\n")
    made["data.csv"].write_text("a,b\n")
    made["other.jsonl"].write_text('{"gold": "1", "completion": "a", "verifier": "maths"}\n')
    made["path.jsonl"].write_text('{"gold": "1", "completion": "a", "verifier": "os:system"}\n')
    made["mixed.jsonl"].write_text('{"gold": "1", "completion": "a"}\n{"gold": "1", "completion": 7}\n')
    return made


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("junk.parquet", {}, "cannot read .*junk.parquet"),
        ("torn.jsonl", {}, "line 2: not valid JSON.*cut off"),
        ("list.jsonl", {}, "line 1: a row must be a JSON object"),
        ("empty.jsonl", {}, "has no rows"),
        ("ext.parquet", {"verifier": "math"}, "extension type"),
        ("row.jsonl", {"verifier": "math"}, "no column 'completion'.*its columns are gold"),
        ("row.jsonl", {"verifier": "math", "mapping": {"completion": "text"}}, "has no column 'text'"),
        ("row.jsonl", {"verifier": "math", "mapping": {"answer": "gold"}}, "no such field"),
        ("mixed.jsonl", {}, "no column 'verifier'"),
        ("mixed.jsonl", {"verifier": "nope"}, "unknown verifier 'nope'"),
        ("mixed.jsonl", {"verifier": "math"}, "line 2: a completion must be text"),
        ("mixed.jsonl", {"verifier": "no_such_file.py:check"}, "no such file"),
        ("mixed.jsonl", {"verifier": "math", "consensus": True}, "does not say which prompt"),
        ("deep.jsonl", {}, "not readable JSON|not valid JSON"),
        ("data.csv", {}, "must end in"),
        ("other.jsonl", {}, "line 1 names the verifier 'maths'"),
        ("path.jsonl", {}, "never taken from data"),
        ("missing.jsonl", {}, "no such file"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_what_was_there(tmp_path: Path, name: str, options: dict[str, Any], sentence: str) -> None:
    source = _bad(tmp_path).get(name, tmp_path / name)
    for out in (tmp_path / "out.parquet", tmp_path / "out.jsonl"):
        out.write_text("before")
        with pytest.raises(CurateError, match=sentence) as caught:
            verify(source, out, **options)
        assert "\n" not in str(caught.value)
        assert out.read_text() == "before"
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("folder", "is a directory"),
        ("in.jsonl", "lies in the input"),
        ("out.csv", "Parquet, or JSON lines"),
        ("nowhere/out.jsonl", "is no directory"),
    ],
)
def test_places_where_nothing_is_written(tmp_path: Path, output: str, sentence: str) -> None:
    (tmp_path / "folder").mkdir()
    source = write(tmp_path / "in.jsonl", SUMS)
    with pytest.raises(UsageError, match=sentence):
        verify(source, tmp_path / output)
    assert lines(source) == SUMS


def test_an_output_inside_a_directory_of_inputs_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", SUMS)
    with pytest.raises(UsageError, match="lies in the input"):
        verify(tmp_path, tmp_path / "out.jsonl")


def test_several_files_and_directories_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for i, name in enumerate(("test.jsonl", "train.jsonl")):
        write(tmp_path / "many" / name, [SUMS[i] | {"n": i}])
    write(tmp_path / "one.jsonl", [SUMS[2] | {"n": "two"}])
    found = verify([tmp_path / "many", tmp_path / "one.jsonl"], tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet")["n"].to_pylist() == ["0", "1", "two"]
    assert found.rows == 3
    with pytest.raises(UsageError, match="given twice"):
        verify([tmp_path / "one.jsonl", tmp_path / "one.jsonl"], tmp_path / "out.parquet")


def test_files_of_other_types_are_not_mixed_in_parquet(tmp_path: Path) -> None:
    pq.write_table(pa.table({"completion": ["\\boxed{1}"], "gold": ["1"]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"completion": ["\\boxed{1}"], "gold": [1]}), tmp_path / "b.parquet")
    with pytest.raises(UsageError, match="'gold' is string in one file and int64"):
        verify([tmp_path / "a.parquet", tmp_path / "b.parquet"], tmp_path / "out.parquet", verifier="math")
    found = verify([tmp_path / "a.parquet", tmp_path / "b.parquet"], tmp_path / "out.jsonl", verifier="math")
    assert found.statuses["correct"] == 2


def test_a_fault_far_into_the_input_leaves_nothing_half_written(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", SUMS[:2] * 2000)
    with source.open("a") as file:
        file.write("{torn")
    with pytest.raises(SourceError, match="line 4001"):
        verify(source, tmp_path / "out.jsonl")
    assert [p.name for p in tmp_path.iterdir()] == ["in.jsonl"]


def test_inside_a_running_loop_and_by_the_packages_own_name(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", SUMS[:1])

    async def notebook() -> int:
        return curate.verify(source, tmp_path / "out.jsonl").statuses["correct"]

    assert asyncio.run(notebook()) == 1
    assert callable(curate.verify)
    assert callable(curate.generate)
    assert callable(curate.prompts)


def test_a_writer_that_is_left_without_a_commit_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("before")
    with Writer(tmp_path / "out.jsonl", None) as writer:
        writer.add({"a": 1}, 1)
    assert (tmp_path / "out.jsonl").read_text() == "before"
    assert not list(tmp_path.glob(".*"))


def test_one_case() -> None:
    assert verify_one("math", "2", "<think>3</think>\\boxed{2}").status == "correct"
    assert verify_one("math", "2", "[t]\\boxed{2}[/t]\\boxed{3}", think_tags=("[t]", "[/t]")).status == "wrong"
    assert verify_one("choice", "B", "The answer is Paris", prompt="Which?\nA. London\nB. Paris").status == "correct"
    with pytest.raises(UsageError, match="unknown verifier"):
        verify_one("nope", "2", "2")
