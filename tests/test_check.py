"""`curate check` as a library: every kind of damage is found, named by shard and file, and a whole directory has no finding."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.check import check
from curate.errors import StoreError, UsageError
from curate.records import SAMPLES
from tests.report import toy


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.samples_directory(tmp_path_factory.mktemp("check") / "set", shards=3, prompts=30)


@pytest.fixture
def root(sound: Path, tmp_path: Path) -> Path:
    shutil.copytree(sound, tmp_path / "set")
    return tmp_path / "set"


def file(root: Path, table: str = "kept", k: int = 1) -> Path:
    return sorted((root / table).glob("*.parquet"))[k]


def manifest(root: Path, k: int = 1) -> Path:
    return sorted((root / "manifest").glob("*.json"))[k]


def edit(path: Path, change: Callable[[Any], None]) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def rewrite(root: Path, table: str, change: Callable[[pa.Table], pa.Table], k: int = 1) -> str:
    """Write a table anew with all hashes above it, as a faulty writer would: only what the rows say is wrong. Returns the file's name."""
    path, listed = file(root, table, k), manifest(root, k)
    entry = toy.write_table(root, table, listed.stem, change(pq.read_table(path)))
    if entry["path"] != f"{table}/{path.name}":
        path.unlink()
    edit(listed, lambda m: m["files"].update({table: entry}))
    toy.finish(root)
    return str(entry["path"])


def said(root: Path) -> str:
    report = check(root)
    assert report.problems
    return "\n".join(str(f) for f in report.findings)


@pytest.mark.parametrize("shards", [1, 3, 8])
@pytest.mark.parametrize("make", [toy.samples_directory, toy.prompts_directory])
def test_a_whole_directory_has_no_finding(make: Callable[..., Path], shards: int, tmp_path: Path) -> None:
    report = check(make(tmp_path / "set", shards=shards, prompts=20))
    assert report.findings == []
    assert report.shards == shards
    assert report.rows >= 20


def test_an_empty_kept_shard_is_whole(tmp_path: Path) -> None:
    assert check(toy.samples_directory(tmp_path / "set", shards=2, none_kept_in=0)).findings == []


@pytest.mark.parametrize("table", ["kept", "rejects", "prompts"])
@pytest.mark.parametrize("where", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_a_flipped_byte(root: Path, table: str, where: float) -> None:
    path = file(root, table)
    data = bytearray(path.read_bytes())
    data[min(int(len(data) * where), len(data) - 1)] ^= 0x40
    path.write_bytes(data)
    (problem,) = check(root).problems
    assert problem.file == f"{table}/{path.name}"
    assert problem.shard == manifest(root).stem


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_flipped_bit_of_any_file_is_found(sound: Path, data: st.DataObject) -> None:
    files = sorted(p for p in sound.rglob("*") if p.suffix in (".parquet", ".json") or p.name == "_SUCCESS")
    path = data.draw(st.sampled_from([p for p in files if p.name != "config.json"]))
    before = path.read_bytes()
    at, bit = data.draw(st.integers(0, len(before) - 1)), data.draw(st.integers(0, 7))
    damaged = bytearray(before)
    damaged[at] ^= 1 << bit
    if path.name == "stats.json" or (path.name == "_SUCCESS" and damaged.decode("latin-1").strip() == before.decode().strip()):
        return  # of stats.json only the funnel is compared
    path.write_bytes(damaged)
    try:
        assert check(sound).problems
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize("keep", [0, 4, 0.5, 0.99])
def test_a_truncated_file(root: Path, keep: float) -> None:
    path = file(root)
    data = path.read_bytes()
    path.write_bytes(data[: int(keep if keep > 1 else len(data) * keep)])
    (problem,) = check(root).problems
    assert problem.file == f"kept/{path.name}"


def test_a_deleted_file(root: Path) -> None:
    file(root).unlink()
    assert f"{file_name(root)}: is missing" in said(root)


def file_name(root: Path, table: str = "kept", k: int = 1) -> str:
    return str(json.loads(manifest(root, k).read_text())["files"][table]["path"])


def test_two_files_swapped(root: Path) -> None:
    one, two = file(root, k=0), file(root, k=1)
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    assert {f.file for f in check(root).problems} == {f"kept/{one.name}", f"kept/{two.name}"}


@pytest.mark.parametrize("key", ["rows", "bytes", "sha256", "path"])
def test_an_edited_manifest(root: Path, key: str) -> None:
    def change(m: Any) -> None:
        entry = m["files"]["kept"]
        entry[key] = (
            entry[key] + 1 if isinstance(entry[key], int) else entry[key].translate(str.maketrans("0123456789abcdef", "123456789abcdef0"))
        )

    edit(manifest(root), change)
    text = said(root)
    assert manifest(root).stem in text
    assert "differs from what manifest.json says" in text


def test_a_manifest_edited_in_all_places_still_disagrees_with_the_rows(root: Path) -> None:
    edit(manifest(root), lambda m: m["funnel"].update(kept=m["funnel"]["kept"] + 1))
    toy.finish(root)
    (problem,) = check(root).problems
    assert "its funnel says kept" in problem.text
    assert problem.shard == manifest(root).stem


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"schema_version": 3}',
        "\x00",
        "[" * 100000,
        '{"schema_version": 3, "shard": [], "files": 3, "funnel": null}',
    ],
)
def test_a_broken_manifest(root: Path, text: str) -> None:
    manifest(root).write_text(text)
    assert f"manifest/{manifest(root).name}" in said(root)


def test_a_manifest_that_is_missing_or_too_many(root: Path) -> None:
    shutil.copy(manifest(root), root / "manifest" / "not-a-shard.json")
    assert "is not the name of a shard's manifest" in said(root)
    (root / "manifest" / "not-a-shard.json").unlink()
    gone = manifest(root)
    gone.unlink()
    text = said(root)
    assert f"shard {gone.stem}, manifest.json: lists this shard" in text
    assert "is listed by no manifest" in text


def test_ranges_that_overlap(root: Path) -> None:
    edit(manifest(root), lambda m: m.update(shard="10000000-90000000"))
    manifest(root).rename(root / "manifest" / "10000000-90000000.json")
    assert "overlaps that of shard" in said(root)


def duplicate(t: pa.Table) -> pa.Table:
    return pa.concat_tables([t, t.slice(0, 1)])


def test_a_duplicate_id(root: Path) -> None:
    name = rewrite(root, "kept", duplicate)
    assert f"{name}: 1 ids are there more than once" in said(root)


def test_an_id_that_is_kept_and_rejected(root: Path) -> None:
    row = pq.read_table(file(root, "kept")).slice(0, 1).to_pylist()[0] | {"drop_reasons": ["wrong"]}
    rewrite(root, "rejects", lambda t: pa.concat_tables([t, pa.Table.from_pylist([row], schema=SAMPLES)]))
    assert "1 ids are also in kept/" in said(root)


def test_rows_of_another_shard(root: Path) -> None:
    stranger = pq.read_table(file(root, "prompts", 0)).slice(0, 1)
    rewrite(root, "prompts", lambda t: pa.concat_tables([t, stranger]))
    assert "1 prompt ids lie outside the shard's range" in said(root)


@pytest.mark.parametrize("column", ["n_kept", "n_sampled", "n_correct"])
def test_outcomes_that_do_not_count_their_rows(root: Path, column: str) -> None:
    def change(t: pa.Table) -> pa.Table:
        values = t[column].to_pylist()
        return t.set_column(t.schema.get_field_index(column), t.schema.field(column), pa.array([values[0] + 1, *values[1:]], pa.int32()))

    rewrite(root, "prompts", change)
    assert f"{column} of 1 prompts is not their number of rows" in said(root)


def test_samples_without_an_outcome(root: Path) -> None:
    rewrite(root, "prompts", lambda t: t.slice(1))
    assert "1 prompts have samples and no outcome" in said(root)


def test_kept_rows_with_reasons_and_rejects_without(root: Path) -> None:
    kept, rejects = pq.read_table(file(root, "kept")), pq.read_table(file(root, "rejects"))
    rewrite(root, "kept", lambda _: rejects)
    rewrite(root, "rejects", lambda _: kept)
    text = said(root)
    assert "rows have drop reasons and are kept" in text
    assert "rows are rejected without a reason" in text


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda t: t.drop_columns(["completion"]), "has other columns: completion missing, none too many"),
        (lambda t: t.append_column("extra", pa.array([1] * t.num_rows)), "has other columns: none missing, extra too many"),
        (
            lambda t: t.set_column(
                t.schema.get_field_index("chance"), pa.field("chance", pa.float32(), nullable=False), t["chance"].cast(pa.float32())
            ),
            "has column chance as float not null, not double not null",
        ),
        (lambda t: t.replace_schema_metadata({}), "is of schema version none, not 3"),
        (lambda t: t.replace_schema_metadata({**t.schema.metadata, b"r1_curate.schema_version": b"9"}), "is of schema version 9, not 3"),
        (
            lambda t: t.replace_schema_metadata({**t.schema.metadata, b"r1_curate.record": b"pair"}),
            "holds records of the kind 'pair', not 'sample'",
        ),
    ],
)
def test_another_schema(root: Path, change: Callable[[pa.Table], pa.Table], text: str) -> None:
    name = rewrite(root, "kept", change)
    assert f"{name}: {text}" in said(root)


def test_invalid_utf8(root: Path) -> None:
    def change(t: pa.Table) -> pa.Table:
        offsets = b"".join((2 * i).to_bytes(4, "little") for i in range(t.num_rows + 1))
        bad = pa.Array.from_buffers(pa.string(), t.num_rows, [None, pa.py_buffer(offsets), pa.py_buffer(b"\xff\xfe" * t.num_rows)])
        return t.set_column(t.schema.get_field_index("completion"), t.schema.field("completion"), bad)

    name = rewrite(root, "kept", change)
    assert f"{name}: its rows cannot be read: In column 16: Invalid: Invalid UTF8" in said(root)


@pytest.mark.parametrize("path", ["../x.parquet", "/etc/passwd", "kept/../../x.parquet", "prompts/x.parquet", "", None, 3, ["kept"]])
def test_a_path_that_leads_elsewhere_is_not_opened(root: Path, path: Any) -> None:
    edit(manifest(root), lambda m: m["files"]["kept"].update(path=path))
    toy.finish(root)
    assert "it is not opened" in said(root)


@pytest.mark.parametrize("name", ["file", "table", "manifest", "manifests", "manifest.json", "_SUCCESS"])
def test_links_are_not_followed(root: Path, name: str, tmp_path: Path) -> None:
    path = {"file": file(root), "table": root / "kept", "manifest": manifest(root), "manifests": root / "manifest"}.get(name, root / name)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert "link" in said(root)


def test_a_directory_in_place_of_a_file(root: Path) -> None:
    path = file(root)
    path.unlink()
    path.mkdir()
    assert f"{file_name(root)}: is missing" in said(root)


def test_strays_and_temporary_files_are_warnings(root: Path) -> None:
    (root / "kept" / ".00000000-55555554.tmp").write_bytes(b"PAR1")
    (root / "kept" / "foreign.parquet").write_bytes(b"PAR1")
    (root / ".config.json.tmp").write_text("")
    (root / ".lock").write_text("")
    report = check(root)
    assert report.problems == []
    assert {f.file for f in report.findings} == {"kept/.00000000-55555554.tmp", "kept/foreign.parquet", ".config.json.tmp"}


def test_a_run_that_is_not_finished(tmp_path: Path) -> None:
    (problem,) = check(toy.samples_directory(tmp_path / "set", complete=False)).problems
    assert problem.file == "_SUCCESS"
    assert "the same command goes on" in problem.text


@pytest.mark.parametrize("name", ["README.md", "stats.json", "manifest.json"])
def test_a_missing_part(root: Path, name: str) -> None:
    (root / name).unlink()
    assert name in said(root)


def test_a_success_of_something_else(root: Path) -> None:
    (root / "_SUCCESS").write_text(hashlib.sha256(b"other").hexdigest())
    assert "does not hold the sha256 of manifest.json" in said(root)


@pytest.mark.parametrize("shards", [None, {}, [1], [{"shard": []}], "x"])
def test_a_merged_manifest_of_another_form(root: Path, shards: Any) -> None:
    edit(root / "manifest.json", lambda m: m.update(shards=shards))
    (root / "_SUCCESS").write_text(hashlib.sha256((root / "manifest.json").read_bytes()).hexdigest())
    assert "does not list this shard" in said(root)


def test_statistics_that_do_not_follow(root: Path) -> None:
    edit(root / "stats.json", lambda s: s["funnel"].update(kept=10**6))
    assert "stats.json: its funnel is not the sum" in said(root)


def test_what_is_no_dataset_directory(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text('{"architectures": ["Llama"]}')
    for path in (tmp_path, tmp_path / "nope", tmp_path / "model", tmp_path / "model" / "config.json"):
        with pytest.raises(UsageError):
            check(path)


@pytest.mark.parametrize("version", [0, 1, "2", None])
def test_another_schema_version_is_one_sentence(root: Path, version: Any) -> None:
    edit(root / "config.json", lambda c: c.update(schema_version=version))
    with pytest.raises(StoreError, match="schema version") as caught:
        check(root)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["{", "", "[]"])
def test_a_broken_configuration_is_one_sentence(root: Path, text: str) -> None:
    (root / "config.json").write_text(text)
    with pytest.raises(StoreError, match=r"config\.json"):
        check(root)
