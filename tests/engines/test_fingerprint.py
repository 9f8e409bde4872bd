"""A model is known by what its files hold."""

import json
import os
from pathlib import Path

import pytest

from curate.engines import fingerprint
from curate.errors import EngineError, UsageError


def model(directory: Path, weights: bytes = b"weights") -> Path:
    directory.mkdir(parents=True)
    (directory / "config.json").write_text("{}")
    (directory / "tokenizer.json").write_text("{}")
    (directory / "model.safetensors").write_bytes(weights)
    return directory


def of(directory: Path, cache: Path) -> str:
    return fingerprint.of_directory(directory, cache)


def test_a_copy_is_the_same_model(tmp_path: Path) -> None:
    assert of(model(tmp_path / "a"), tmp_path / "cache") == of(model(tmp_path / "b"), tmp_path / "cache")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors", "chat_template.jinja", "tokenizer_config.json"])
def test_every_file_that_decides_what_a_model_says_counts(tmp_path: Path, name: str) -> None:
    directory = model(tmp_path / "a")
    before = of(directory, tmp_path / "cache")
    (directory / name).write_text("changed")
    assert of(directory, tmp_path / "cache") != before


@pytest.mark.parametrize("name", ["README.md", "optimizer.pt", "trainer_state.json"])
def test_other_files_do_not(tmp_path: Path, name: str) -> None:
    directory = model(tmp_path / "a")
    before = of(directory, tmp_path / "cache")
    (directory / name).write_text("something")
    assert of(directory, tmp_path / "cache") == before


def test_names_are_part_of_it(tmp_path: Path) -> None:
    one, other = model(tmp_path / "a"), model(tmp_path / "b")
    (other / "model.safetensors").rename(other / "model-00001.safetensors")
    assert of(one, tmp_path / "cache") != of(other, tmp_path / "cache")


def test_hashes_are_remembered_and_a_rewritten_file_is_hashed_again(tmp_path: Path) -> None:
    directory, cache = model(tmp_path / "a"), tmp_path / "cache" / "f.json"
    first = of(directory, cache)
    assert len(json.loads(cache.read_text())) == 3
    weights = directory / "model.safetensors"
    state = weights.stat()
    weights.write_bytes(b"WEIGHTS")
    os.utime(weights, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert of(directory, cache) == first, "same size and time: answered from the cache"
    os.utime(weights, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    assert of(directory, cache) != first


@pytest.mark.parametrize("content", ["", "{", "[1]"])
def test_a_torn_cache_costs_nothing_but_time(tmp_path: Path, content: str) -> None:
    directory, cache = model(tmp_path / "a"), tmp_path / "f.json"
    cache.write_text(content)
    assert of(directory, cache) == of(directory, tmp_path / "other")


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert of(model(tmp_path / "a"), tmp_path / "file" / "cache.json")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        ((), "no config.json"),
        (("config.json",), "no weights"),
        (("model.safetensors",), "no config.json"),
    ],
)
def test_what_is_no_model_directory(tmp_path: Path, make: tuple[str, ...], said: str) -> None:
    (tmp_path / "m").mkdir()
    for name in make:
        (tmp_path / "m" / name).write_text("{}")
    with pytest.raises(UsageError, match=said):
        fingerprint.fingerprint(str(tmp_path / "m"))


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "a/b/c", "~/no-such-model", "models/nowhere/"])
def test_a_directory_that_is_not_there(name: str) -> None:
    with pytest.raises(UsageError, match="there is no model directory"):
        fingerprint.fingerprint(name)


def test_a_directory_has_no_revision(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--revision"):
        fingerprint.fingerprint(str(model(tmp_path / "a")), "main")


@pytest.mark.parametrize(("name", "local"), [("org/model", False), ("gpt2", False), ("./gpt2", True), ("a/b/c", True), ("/a", True)])
def test_names_and_paths_are_told_apart(name: str, local: bool) -> None:
    assert fingerprint.is_local(name) is local


def test_a_name_that_cannot_be_resolved_is_one_sentence() -> None:
    class Unreachable:
        class HfApi:
            def model_info(self, *_: object, **__: object) -> None:
                raise ConnectionError("no route")

        @staticmethod
        def snapshot_download(*_: object, **__: object) -> str:
            raise FileNotFoundError("not cached")

    with pytest.raises(EngineError, match="cannot be reached") as caught:
        fingerprint.of_name("org/model", None, hub=Unreachable)
    assert "\n" not in str(caught.value)


def test_a_cached_name_needs_no_network(tmp_path: Path) -> None:
    class Cached:
        class HfApi:
            def model_info(self, *_: object, **__: object) -> None:
                raise ConnectionError("no route")

        @staticmethod
        def snapshot_download(*_: object, **__: object) -> str:
            return str(tmp_path / "snapshots" / "0123abc")

    assert fingerprint.of_name("org/model", None, hub=Cached) == "0123abc"
