"""A run in an object store, on a real S3 server: the same bytes as a local one, resumed from anywhere, read by everything that reads a directory."""

import json
import shutil
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pyarrow import fs

import curate
from curate import api, objects, shipping
from curate.check import check
from curate.completions import read_all
from curate.errors import Damaged, IdentityMismatch, Stopped, StoreError, UsageError
from curate.report.inspect import inspect
from curate.shards import Directory, files_of
from curate.sources import SourceOptions
from curate.storage import at
from tests import models
from tests.s3 import KEY, SECRET, Server, start
from tests.sampling.test_run import MATH, files


def make(file: Path, out: str | Path, model: str = "adder", **given: Any) -> api.Generated:
    defaults: dict[str, Any] = {
        "engine": "scripted",
        "source": MATH,
        "quiet": True,
        "max_concurrent": 16,
        "prompts_per_shard": 8,
        "num_generations": 4,
    }
    return api.generate(str(file), out, model=f"tests.models:{model}", **{**defaults, **given})


def stored(address: str) -> dict[str, bytes]:
    """Name and bytes of everything that is the dataset itself, as `files` gives it of a local one."""
    place = at(address)
    names = [n for n in place.everything() if n.split("/")[0] not in ("completions", "input", ".lock")]
    return {n: b for n, b in zip(names, place.reads(names), strict=True) if b is not None}


def another_machine(tmp_path: Path) -> None:
    """Forget all that this machine has of runs elsewhere."""
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)


PLAIN = SourceOptions(verifier="none", domain="math")  # nothing to verify: no worker is started


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return models.write_sums(tmp_path_factory.mktemp("source") / "sums.jsonl", 24)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Path:
    """A finished run on this machine."""
    out = tmp_path_factory.mktemp("local") / "run"
    make(source, out, source=PLAIN)
    return out


@pytest.fixture
def out(s3: Server, local: Path) -> str:
    """The same run, copied to a bucket as any tool would do it."""
    address = f"{s3.bucket()}/run"
    target, path = client(address)
    fs.copy_files(str(local), path, destination_filesystem=target)
    target.delete_file(f"{path}/.lock")
    return address


def client(address: str) -> tuple[Any, str]:
    """The file system itself, to look and to do damage."""
    found: tuple[Any, str] = fs.FileSystem.from_uri(address)
    return found


def put(address: str, data: bytes) -> None:
    files, path = client(address)
    with files.open_output_stream(path) as stream:
        stream.write(data)


def test_a_run_has_the_bytes_of_a_local_one(s3: Server, source: Path, local: Path) -> None:
    out = f"{s3.bucket()}/deep/run"
    made = make(source, out, source=PLAIN)
    assert made.dataset.complete
    assert stored(out) == files(local)
    assert {n.split(".")[-1] for n in at(out).sizes("completions")} == {"log", "index"}
    assert sorted(at(out).sizes()) == sorted({*at(local).sizes()} - {".lock"})


def test_it_is_read_like_a_local_one(out: str, local: Path) -> None:
    assert check(out) == check(local)
    for part, where in (("kept", "completion_tokens < 9"), ("rejects", None), ("prompts", "n_sampled = 1")):
        assert curate.open(out).to_arrow(where, part=part).equals(curate.open(local).to_arrow(where, part=part))
    for path, twin in ((out, local), (f"{out}/rejects", local / "rejects")):
        one, two = inspect(path, where="prompt_tokens > 0", sample=3), inspect(twin, where="prompt_tokens > 0", sample=3)
        assert {k: v for k, v in one.items() if k != "path"} == {k: v for k, v in two.items() if k != "path"}
    single = next(n for n in at(out).everything() if n.startswith("kept/"))
    assert inspect(f"{out}/{single}")["rows"] == inspect(local / single)["rows"]
    assert inspect(out.rpartition("/")[0], columns=["id"])["rows"] > 0  # a directory of any Parquet files


def test_copies_go_with_what_made_them(s3: Server, source: Path, out: str, tmp_path: Path) -> None:
    copies = tmp_path / "cache/r1-curate/copies"
    dataset = curate.open(out)
    dataset.to_arrow()
    (copies / "left-by-a-kill").mkdir()
    assert sum(p.suffix == ".parquet" for p in copies.rglob("*")) == 4
    other = curate.open(out)
    other.to_arrow(part="rejects")
    assert not (copies / "left-by-a-kill").exists()
    del dataset, other
    assert list(copies.iterdir()) == []
    assert not any(p.is_file() and p.name not in (".lock", ".owner") for p in (tmp_path / "cache").rglob("*"))


def test_a_finished_run_is_not_asked_again_and_grows(s3: Server, source: Path, tmp_path: Path) -> None:
    out = f"{s3.bucket()}/run"
    first = make(source, out)
    another_machine(tmp_path)
    again = make(source, out)
    assert again.tally.requested == again.tally.reused == 0
    grown = make(source, out, num_generations=8)
    assert grown.tally.reused > 0
    make(source, tmp_path / "local", num_generations=8)
    assert stored(out) == files(tmp_path / "local")
    assert first.tally.requested + grown.tally.requested == len(list(read_all(tmp_path / "local/completions")))


@pytest.mark.slow
def test_a_stopped_run_goes_on_here_and_on_another_machine(s3: Server, source: Path, tmp_path: Path) -> None:
    out = f"{s3.bucket()}/run"
    for budget in (100, 50):
        with pytest.raises(Stopped):
            make(source, out, budget_tokens=budget, max_concurrent=4)
        assert not curate.open(out).complete
    (log,) = (tmp_path / "cache/r1-curate/runs").glob("*/completions")
    asked = len(list(read_all(log)))
    another_machine(tmp_path)
    made = make(source, out)
    make(source, tmp_path / "local")
    assert stored(out) == files(tmp_path / "local")
    assert asked > 10
    assert asked + made.tally.requested == len(list(read_all(tmp_path / "local/completions")))


def test_overwrite_starts_again(source: Path, out: str, tmp_path: Path) -> None:
    with pytest.raises(IdentityMismatch, match=f"^{out} was made with another configuration"):
        make(source, out, source=PLAIN, seed=1)
    made = make(source, out, source=PLAIN, seed=1, overwrite=True)
    assert made.tally.reused == 0
    make(source, tmp_path / "local", source=PLAIN, seed=1)
    assert stored(out) == files(tmp_path / "local")
    assert check(out).findings == []


@pytest.mark.parametrize("damage", ["cut", "lost", "manifest", "log", "stranger"])
def test_damage_is_found_and_mended_by_the_same_command(s3: Server, source: Path, out: str, tmp_path: Path, damage: str) -> None:
    before = stored(out)
    shard = next(n for n in before if n.startswith("kept/"))
    store, path = client(out)
    if damage == "cut":
        put(f"{out}/{shard}", before[shard][:-50])
    elif damage == "lost":
        store.delete_file(f"{path}/{shard}")
    elif damage == "manifest":
        put(f"{out}/manifest/{shard[5:22]}.json", b"{")
    elif damage == "stranger":
        put(f"{out}/kept/stranger.parquet", b"x")
    else:
        log = next(n for n in at(out).everything() if n.endswith(".log"))
        put(f"{out}/{log}", (at(out).read(log) or b"")[:-30])
        store.delete_file(f"{path}/_SUCCESS")
    report = check(out)
    assert report.findings
    assert (report.problems == []) == (damage == "stranger")
    if damage == "lost":
        with pytest.raises(Damaged, match="is missing, which a manifest names"):
            curate.open(out).to_arrow()
    another_machine(tmp_path)
    made = make(source, out, source=PLAIN, **({"num_generations": 5} if damage == "stranger" else {}))
    assert made.tally.requested <= (1 if damage == "log" else 24)
    assert check(out).findings == []
    if damage != "stranger":
        assert stored(out) == before


def test_a_manifest_leads_nowhere_else(s3: Server, source: Path, out: str, tmp_path: Path) -> None:
    name = next(f"manifest/{n}" for n in at(out).sizes("manifest"))
    manifest = json.loads(at(out).read(name) or b"")
    manifest["files"]["kept"]["path"] = "../../secret.parquet"
    put(f"{out}/{name}", json.dumps(manifest).encode())
    with pytest.raises(Damaged, match="outside the directory"):
        files_of(out, "kept")
    assert any("only kept/" in str(f) for f in check(out).findings)


def test_one_writer_at_a_time(s3: Server, source: Path, out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Directory(out, "samples"):
        with pytest.raises(StoreError, match="another run is working in s3://"):  # by the lock file of this machine
            make(source, out, source=PLAIN)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
        with pytest.raises(StoreError, match=r"another run, on .*, is working in s3://.* its claim ends in"):
            make(source, out, source=PLAIN)
    make(source, out, source=PLAIN)


def test_another_kind_of_directory_is_refused(s3: Server, source: Path, tmp_path: Path) -> None:
    bucket = s3.bucket()
    put(f"{bucket}/photos/holiday.jpg", b"x")
    with pytest.raises(UsageError, match="is not empty and not a dataset of r1-curate"):
        make(source, f"{bucket}/photos")
    with pytest.raises(UsageError, match="is a file, not a directory"):
        make(source, f"{bucket}/photos/holiday.jpg")
    for read in (curate.open, check, inspect):
        with pytest.raises(UsageError, match=r"no such directory|does not exist"):
            read(f"{bucket}/nothing")  # type: ignore[operator]
    assert list(at(bucket).everything()) == ["photos/holiday.jpg"]


@pytest.mark.slow
def test_prompts_can_be_written_and_used(s3: Server, source: Path, tmp_path: Path) -> None:
    bucket = s3.bucket()
    summary = api.prompts(str(source), f"{bucket}/prompts", options=PLAIN)
    api.prompts(str(source), tmp_path / "prompts", options=PLAIN)
    assert summary.count == 24
    assert stored(f"{bucket}/prompts") == files(tmp_path / "prompts")
    assert check(f"{bucket}/prompts").findings == []
    one = api.generate(f"{bucket}/prompts", f"{bucket}/run", model="tests.models:adder", engine="scripted", quiet=True)
    two = api.generate(str(tmp_path / "prompts"), tmp_path / "run", model="tests.models:adder", engine="scripted", quiet=True)
    assert one.dataset.to_arrow().equals(two.dataset.to_arrow())


# What goes wrong


def said(error: "pytest.ExceptionInfo[BaseException]") -> str:
    text = str(error.value)
    assert "\n" not in text
    assert SECRET not in text
    assert KEY not in text
    return text


def test_a_missing_bucket_is_told(s3: Server, source: Path) -> None:
    with pytest.raises(StoreError) as error:
        make(source, "s3://no-such-bucket-here/run")
    assert said(error).startswith("s3://no-such-bucket-here/run: there is no such bucket")


def test_refused_credentials_are_told(s3: Server, source: Path, out: str, tmp_path: Path) -> None:
    s3.believe_keys(False)
    keyed = out.replace("s3://", f"s3://{quote(KEY, safe='')}:{quote(SECRET, safe='')}@")
    for act in (
        lambda: make(source, out, source=PLAIN),
        lambda: make(source, keyed),
        lambda: check(out),
        lambda: curate.open(out),
        lambda: inspect(keyed),
    ):
        with pytest.raises(StoreError) as error:
            act()
        assert said(error).startswith(f"{out}: access is denied: check the credentials")
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and (SECRET.encode() in p.read_bytes() or KEY.encode() in p.read_bytes())]


def test_a_server_that_is_not_there_is_told(s3: Server, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "ATTEMPTS", 1)  # what takes long here is only the waiting
    with pytest.raises(StoreError) as error:
        make(source, "s3://bucket/run?endpoint_override=127.0.0.1:1&scheme=http")
    assert said(error).startswith("s3://bucket/run: its store cannot be reached")


@pytest.mark.slow
def test_a_server_that_goes_away_ends_the_run_and_nothing_is_lost(
    s3: Server, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new server knows nothing of the run: what goes on is what this machine has."""
    monkeypatch.setattr(objects, "ATTEMPTS", 1)
    monkeypatch.setattr(shipping, "SECONDS", 0.2)
    server = start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.address)
    out = f"{server.bucket('here')}/run"
    engine = (tmp_path / "slow.py", "def slow(m, i, s):\n    return {'text': 'so', 'latency': 0.02 * int(m[-1]['content'].split()[2])}\n")
    engine[0].write_text(engine[1])

    def run() -> api.Generated:
        return api.generate(str(source), out, model=f"{engine[0]}:slow", engine="scripted", source=PLAIN, quiet=True, max_concurrent=1)

    folder = tmp_path / "cache/r1-curate/runs"

    def end_it() -> None:
        while not any(len(list(read_all(p))) >= 4 for p in folder.glob("*/completions")):
            time.sleep(0.02)
        server.end()

    ending = threading.Thread(target=end_it)
    ending.start()
    with pytest.raises(StoreError) as error:
        run()
    ending.join()
    assert said(error).startswith(f"{out}: its store cannot be reached")
    assert "nothing finished is lost" in said(error)
    (log,) = folder.glob("*/completions")
    committed = len(list(read_all(log)))
    assert 4 <= committed < 24
    again = start(server.port)
    again.bucket("here")
    made = run()
    again.end()
    assert (made.tally.reused, made.tally.requested) == (committed, 24 - committed)
