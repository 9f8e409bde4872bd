"""From a run to a mixture in an object store, on a real S3 server: the same bytes as on a disk, and nothing done twice by a machine that never saw it."""

from pathlib import Path

import pytest

from curate import api
from curate.check import check
from curate.engines.scripted import ScriptedEngine
from curate.errors import CurateError, UsageError
from curate.filters.judge import Settings
from tests.deliver.test_judged import ENGINE, judged
from tests.filtering import toy
from tests.filters.judge import judges
from tests.report.toy import samples_directory
from tests.s3 import Server
from tests.sampling.test_run import files
from tests.test_objects import another_machine, client, put, stored

FEW = ("truncated", "long_paragraph")
QUIET = Settings(votes=1, planted_first=0, planted_every=0)


def clean(seen: judges.Seen) -> str:
    return "clean"


def preferences(root: str, source: str | Path) -> None:
    """Pairs and labels below `root`."""
    settings = Settings(votes=2, planted_first=2, planted_every=0)
    for made, verdict, name in ((api.pairs, judges.fair, "pairs"), (api.label, judges.safe_or_not, "labels")):
        engine = ScriptedEngine(judges.knows(verdict), model="judge", model_revision="r1")
        made(source, f"{root}/{name}", engine=ENGINE, given=engine, settings=settings, rejects=True)


def copied(local: Path, address: str) -> str:
    """A dataset directory, put into the store as any tool would do it."""
    from pyarrow import fs

    target, path = client(address)
    fs.copy_files(str(local), path, destination_filesystem=target)
    return address


def chain(root: str, source: str | Path, *, workers: int = 2) -> None:
    """Filter, judge and mix below `root`."""
    api.filter(source, f"{root}/filtered", filters=FEW, dedup="near", workers=workers)
    judged(f"{root}/filtered", f"{root}/judged", judges.knows(clean), "long_paragraph", settings=QUIET, everything=True)
    api.mix(f"{root}/judged", f"{root}/mixed", validation=0.2)


def test_every_step_has_the_bytes_of_a_local_one(s3: Server, tmp_path: Path) -> None:
    source = samples_directory(tmp_path / "set", shards=3, prompts=30)
    chain(str(tmp_path / "local"), source)
    root = s3.bucket()
    chain(root, copied(source, f"{root}/set"))
    for step in ("filtered", "judged", "mixed"):
        here = {name: data for name, data in files(tmp_path / "local" / step).items() if not name.startswith("index/")}
        assert stored(f"{root}/{step}") == here, step
        assert check(f"{root}/{step}").findings == []
    assert {line.name: line.status for line in api.review(f"{root}/mixed").lines} == {
        line.name: line.status for line in api.review(tmp_path / "local/mixed").lines
    }


def test_pairs_and_labels_have_the_bytes_of_local_ones(s3: Server, tmp_path: Path) -> None:
    source = samples_directory(tmp_path / "set", shards=2, prompts=12)
    preferences(str(tmp_path / "local"), source)
    root = s3.bucket()
    preferences(root, copied(source, f"{root}/set"))
    for step in ("pairs", "labels"):
        assert stored(f"{root}/{step}") == files(tmp_path / "local" / step), step
        assert check(f"{root}/{step}").findings == []


def test_a_machine_that_never_saw_them_does_nothing_again(s3: Server, tmp_path: Path) -> None:
    root = s3.bucket()
    copied(samples_directory(tmp_path / "set", shards=3, prompts=30), f"{root}/set")
    chain(root, f"{root}/set")
    before = {step: stored(f"{root}/{step}") for step in ("filtered", "judged", "mixed")}
    another_machine(tmp_path)

    def silent(seen: judges.Seen) -> str:
        raise AssertionError("asked again")

    made = api.filter(f"{root}/set", f"{root}/filtered", filters=FEW, dedup="near")
    assert made.reused == 3
    judged(f"{root}/filtered", f"{root}/judged", judges.knows(silent), "long_paragraph", settings=QUIET, everything=True)
    api.mix(f"{root}/judged", f"{root}/mixed", validation=0.2)
    assert {step: stored(f"{root}/{step}") for step in before} == before


def test_a_shard_that_is_damaged_in_the_store_is_named_and_the_others_go_on(s3: Server, tmp_path: Path) -> None:
    root = s3.bucket()
    source = samples_directory(tmp_path / "set", shards=3, prompts=30)
    copied(source, f"{root}/set")
    name = sorted((source / "kept").glob("*.parquet"))[1]
    data = name.read_bytes()
    put(f"{root}/set/kept/{name.name}", data[: len(data) // 2])
    with pytest.raises(CurateError, match=name.name[:8]):
        api.filter(f"{root}/set", f"{root}/out", filters=FEW, dedup="none")
    assert {n.rpartition("/")[2] for n in stored(f"{root}/out") if n.startswith("kept/")}
    assert "_SUCCESS" not in stored(f"{root}/out")


def test_what_is_no_dataset_in_the_store_is_refused(s3: Server, tmp_path: Path) -> None:
    root = s3.bucket()
    put(f"{root}/file.parquet", toy.parquet(tmp_path / "in.parquet", [toy.sample(1)]).read_bytes())
    with pytest.raises(UsageError, match="copy other files here first"):
        api.filter(f"{root}/file.parquet", tmp_path / "out", filters=FEW)
    with pytest.raises(UsageError, match="no such file or directory"):
        api.mix(f"{root}/nothing", tmp_path / "out2")


def test_a_shard_that_is_gone_is_made_again_by_a_machine_that_never_saw_it(s3: Server, tmp_path: Path) -> None:
    root = s3.bucket()
    copied(samples_directory(tmp_path / "set", shards=3, prompts=30), f"{root}/set")
    api.filter(f"{root}/set", f"{root}/filtered", filters=FEW, dedup="exact")
    before = stored(f"{root}/filtered")
    gone = next(n for n in before if n.startswith("manifest/") and n != "manifest.json")
    files_of, path = client(f"{root}/filtered")
    files_of.delete_file(f"{path}/{gone}")
    another_machine(tmp_path)
    api.filter(f"{root}/set", f"{root}/filtered", filters=FEW, dedup="exact")
    assert stored(f"{root}/filtered") == before
