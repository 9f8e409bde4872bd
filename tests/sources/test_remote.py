"""Sources in an object store: the prompts of the same files on this machine."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from curate import api
from curate.errors import CurateError, SourceError, UsageError
from curate.sources import SourceOptions, open_source
from tests.s3 import Server

OPTIONS = SourceOptions(mapping={"messages": "q", "gold": "a"}, verifier="math")


def write(path: Path, first: int, count: int = 5) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"q": f"What is {n} + 1?", "a": str(n + 1), "n": n} for n in range(first, first + count)]
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        text = "".join(json.dumps(r) + "\n" for r in rows).encode()
        path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)


def upload(s3: Server, path: Path) -> str:
    address = f"{s3.bucket()}/{path.name}"
    target, there = fs.FileSystem.from_uri(address)
    fs.copy_files(str(path), there, destination_filesystem=target)
    return address


@pytest.mark.parametrize("name", ["data.jsonl", "data.jsonl.gz", "data.parquet"])
@pytest.mark.parametrize("where", [None, "n >= 3"])
def test_a_file_gives_what_it_gives_here(s3: Server, tmp_path: Path, name: str, where: str | None) -> None:
    write(tmp_path / name, 0)
    options = SourceOptions(mapping=OPTIONS.mapping, verifier="math", where=where)
    there, here = open_source(upload(s3, tmp_path / name), options), open_source(str(tmp_path / name), options)
    assert list(there) == list(here)
    assert (there.name, there.revision, there.fingerprint(), there.skipped) == (here.name, here.revision, here.fingerprint(), here.skipped)


def test_a_directory_gives_what_it_gives_here(s3: Server, tmp_path: Path) -> None:
    write(tmp_path / "set/train-0.jsonl", 0)
    write(tmp_path / "set/sub/train-1.parquet", 5)
    write(tmp_path / "set/test.jsonl", 10)
    write(tmp_path / "set/.hidden/x.jsonl", 20)
    (tmp_path / "set/README.md").write_text("no data")
    address = upload(s3, tmp_path / "set")
    for split, count in (("train", 10), ("test", 5)):
        options = SourceOptions(mapping=OPTIONS.mapping, verifier="math", split=split)
        there, here = list(open_source(address, options)), list(open_source(str(tmp_path / "set"), options))
        assert there == here
        assert len(there) == count
    copied = {p.name for p in (tmp_path / "cache").rglob("*") if p.is_file()}
    assert copied == set()  # the copies ended with the sources
    with pytest.raises(UsageError, match=rf"^{address} has files of several splits \(test, train\): name one with --split"):
        open_source(address, OPTIONS)
    with pytest.raises(UsageError, match=f"^{address} has no files of the split 'dev'"):
        open_source(address, SourceOptions(split="dev"))


def test_a_dataset_of_ours_gives_its_prompts(s3: Server, tmp_path: Path) -> None:
    write(tmp_path / "data.jsonl", 0)
    api.prompts(str(tmp_path / "data.jsonl"), tmp_path / "set", options=OPTIONS)
    address = upload(s3, tmp_path / "set")
    for there, here in ((address, tmp_path / "set"), (f"{address}/prompts", tmp_path / "set/prompts")):
        assert list(open_source(there)) == list(open_source(str(here)))
    with pytest.raises(UsageError, match=f"^{address} holds prompts of ours, which need no --map"):
        open_source(address, OPTIONS)


def test_faults_name_the_address(s3: Server, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"q": "x"\n')
    address = upload(s3, tmp_path / "bad.jsonl")
    with pytest.raises(SourceError, match=rf"^{address}, line 1: not valid JSON"):
        list(open_source(address, OPTIONS))
    (tmp_path / "bad.parquet").write_text("x")
    with pytest.raises(CurateError, match=r"s3://.*/bad.parquet"):
        list(open_source(upload(s3, tmp_path / "bad.parquet"), OPTIONS))
    with pytest.raises(UsageError, match=rf"^{address}x does not exist"):
        open_source(f"{address}x")
    (tmp_path / "data.csv").write_text("q,a\n")
    with pytest.raises(UsageError, match="is no file that can be read: it must end in"):
        open_source(upload(s3, tmp_path / "data.csv"))
    with pytest.raises(UsageError, match="lacks a slash"):
        open_source("s3:/bucket/x.jsonl")
    with pytest.raises(UsageError, match="OWNER/NAME"):
        open_source("hf://datasets/a/b")


def test_a_file_address_is_a_path(tmp_path: Path) -> None:
    write(tmp_path / "data.jsonl", 0)
    assert list(open_source(f"file://{tmp_path}/data.jsonl", OPTIONS)) == list(open_source(f"{tmp_path}/data.jsonl", OPTIONS))
