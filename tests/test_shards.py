"""Shards: ranges of ids, files that exist only with their manifest, and directories that are ours."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.config import checked
from curate.errors import StoreError, UsageError
from curate.records import PROMPTS, digest, make_prompt, prompt_row
from curate.shards import Directory, ShardWriter, files_of, manifests, ranges

CONFIG = checked("prompts", {}, {"n_prompts": 3})


@given(st.sets(st.integers(0, 5000), max_size=300), st.integers(1, 40))
def test_ranges_cover_every_id_once(numbers: set[int], per_shard: int) -> None:
    ids = sorted(digest(n) for n in numbers)
    found = ranges(pa.array(ids, pa.string()), per_shard)
    assert sum(r.stop - r.start for r in found) == len(ids)
    for r in found:
        assert r.stop - r.start <= per_shard
        assert all(r.low <= i[:8] <= r.high for i in ids[r.start : r.stop])
    assert [r.name for r in found] == sorted(r.name for r in found)


def test_growing_splits_only_what_overflows() -> None:
    ids = sorted(digest(n) for n in range(200))
    more = sorted([*ids, *(digest(n) for n in range(1000, 1004))])
    before, after = ({r.name for r in ranges(pa.array(i), 16)} for i in (ids, more))
    assert len(before - after) <= 4


def write(directory: Directory, shard: str, count: int) -> None:
    with ShardWriter(directory, shard) as writer:
        for n in range(count):
            writer.add("prompts", prompt_row(make_prompt(f"question {n}", verifier="math", gold=str(n))))
        writer.commit(funnel={"prompts": count}, input_digest="x")


@pytest.fixture
def opened() -> Iterator[Callable[[Path], Directory]]:
    """Opens directories and gives their locks back at the end."""
    with ExitStack() as stack:

        def open_(path: Path) -> Directory:
            directory = stack.enter_context(Directory(path, "prompts"))
            directory.configure(CONFIG)
            return directory

        yield open_


def half_written(directory: Directory) -> None:
    with ShardWriter(directory, "00000000-ffffffff") as writer:
        writer.add("prompts", prompt_row(make_prompt("q")))
        raise ZeroDivisionError


def test_a_committed_shard_is_what_its_manifest_says(tmp_path: Path, opened: Callable[[Path], Directory]) -> None:
    directory = opened(tmp_path / "out")
    write(directory, "00000000-ffffffff", 2500)
    (manifest,) = manifests(tmp_path / "out")
    entry = manifest["files"]["prompts"]
    data = (tmp_path / "out" / entry["path"]).read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (entry["bytes"], entry["sha256"])
    assert entry["sha256"][:12] in entry["path"]
    file = pq.ParquetFile(tmp_path / "out" / entry["path"])
    assert file.schema_arrow.equals(PROMPTS)
    assert file.schema_arrow.metadata == PROMPTS.metadata
    assert file.metadata.num_rows == entry["rows"] == 2500
    assert file.metadata.num_row_groups == 3
    assert [p.name for p in files_of(tmp_path / "out", "prompts")] == [Path(entry["path"]).name]


def test_same_rows_same_bytes(tmp_path: Path, opened: Callable[[Path], Directory]) -> None:
    for name in ("a", "b"):
        write(opened(tmp_path / name), "00000000-ffffffff", 100)
    assert (tmp_path / "a" / "manifest" / "00000000-ffffffff.json").read_bytes() == (
        tmp_path / "b" / "manifest" / "00000000-ffffffff.json"
    ).read_bytes()


def test_a_shard_that_was_not_committed_leaves_no_trace(tmp_path: Path, opened: Callable[[Path], Directory]) -> None:
    directory = opened(tmp_path)
    with pytest.raises(ZeroDivisionError):
        half_written(directory)
    assert list((tmp_path / "prompts").iterdir()) == []
    assert manifests(tmp_path) == []


def test_republishing_removes_what_it_replaces(tmp_path: Path, opened: Callable[[Path], Directory]) -> None:
    directory = opened(tmp_path)
    write(directory, "00000000-ffffffff", 3)
    write(directory, "00000000-ffffffff", 4)
    assert len(list((tmp_path / "prompts").iterdir())) == 1


def test_garbage_is_collected(tmp_path: Path, opened: Callable[[Path], Directory]) -> None:
    directory = opened(tmp_path)
    write(directory, "00000000-7fffffff", 3)
    write(directory, "80000000-ffffffff", 4)
    (tmp_path / "prompts" / ".80000000-ffffffff.tmp").write_text("half")
    (tmp_path / "prompts" / "00000000-7fffffff-0123456789ab.parquet").write_text("an orphan")
    directory.collect_garbage(["80000000-ffffffff"])
    assert len(list((tmp_path / "prompts").iterdir())) == 1
    assert [m["shard"] for m in manifests(tmp_path)] == ["80000000-ffffffff"]


def test_a_shard_with_a_missing_or_cut_file_does_not_exist(tmp_path: Path, opened: Callable[[Path], Directory]) -> None:
    directory = opened(tmp_path)
    write(directory, "00000000-ffffffff", 3)
    assert directory.manifest("00000000-ffffffff") is not None
    (file,) = (tmp_path / "prompts").iterdir()
    file.write_bytes(file.read_bytes()[:-10])
    assert directory.manifest("00000000-ffffffff") is None


def test_finish_marks_and_another_configuration_unmarks(tmp_path: Path, opened: Callable[[Path], Directory]) -> None:
    directory = opened(tmp_path)
    write(directory, "00000000-ffffffff", 3)
    directory.finish()
    merged = (tmp_path / "manifest.json").read_bytes()
    assert (tmp_path / "_SUCCESS").read_text().strip() == hashlib.sha256(merged).hexdigest()
    assert [m["shard"] for m in json.loads(merged)["shards"]] == ["00000000-ffffffff"]
    directory.configure(CONFIG)
    assert (tmp_path / "_SUCCESS").exists()
    directory.configure(checked("prompts", {}, {"n_prompts": 4}))
    assert not (tmp_path / "_SUCCESS").exists()


def test_directories_that_are_not_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        Directory(tmp_path / "file", "samples").__enter__()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "photo.jpg").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        Directory(tmp_path / "other", "samples").__enter__()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "config.json").write_text('{"schema_version": 99, "kind": "samples", "identity": {}, "extent": {}}')
    with pytest.raises(StoreError, match="schema version 99"):
        files_of(tmp_path / "new", "kept")


def test_manifest_that_points_outside(tmp_path: Path, opened: Callable[[Path], Directory]) -> None:
    directory = opened(tmp_path / "out")
    write(directory, "00000000-ffffffff", 3)
    (tmp_path / "secret.parquet").write_text("x")
    path = tmp_path / "out" / "manifest" / "00000000-ffffffff.json"
    manifest = json.loads(path.read_text())
    manifest["files"]["prompts"]["path"] = "../secret.parquet"
    path.write_text(json.dumps(manifest))
    with pytest.raises(StoreError, match="outside the directory"):
        files_of(tmp_path / "out", "prompts")
