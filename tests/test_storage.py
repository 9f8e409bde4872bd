"""What a path or an address names, and the operations of a local directory."""

from pathlib import Path

import pytest

from curate.errors import Damaged, UsageError
from curate.storage import LocalPlace, at, is_address, shown


@pytest.mark.parametrize("text", ["out", "/tmp/out", "a:b", "reasoning_gym:gcd?size=3", "hub:squad", "C:/x", "file:///tmp/out"])
def test_a_path_is_a_local_place(text: str) -> None:
    place = at(text)
    assert isinstance(place, LocalPlace)
    assert str(place) == text.removeprefix("file://")
    assert at(place) is place


def test_a_file_address_is_percent_decoded() -> None:
    assert at("file:///tmp/a%20b").local == Path("/tmp/a b")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("s3:/bucket/run", "s3:/bucket/run lacks a slash: give s3://bucket/run"),
        ("s3:bucket/run", "give s3://bucket/run"),
        ("gs:/bucket/run", "give gs://bucket/run"),
        ("s3:/KEY:hidden@bucket/run?x=hidden", "give s3://bucket/run"),
        ("ftp://host/x", "addresses that begin with ftp:// are not supported: there are s3://"),
        ("hf://datasets/a/b", "a source as OWNER/NAME"),
        ("s3a://bucket/x", "not supported"),
        ("file://host/x", "three slashes"),
        ("s3://", "s3:"),
        ("s3://[bucket/run", "no address that can be used"),
        ("s3:///run", "s3:///run"),
        ("s3://bucket/a b", "%20"),
        ("s3://KEY:hidden@bucket/a b", "%20"),
        ("s3://KEY:hidden@bucket/x?endpoint_override=localhost:1&scheme=http&colour=hidden2", "colour"),
        ("s3://KEY:hidden@bucket/a/../b?endpoint_override=localhost:1&scheme=http", "without empty parts"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_without_its_keys(text: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        at(text)
    assert said in str(error.value)
    assert "hidden" not in str(error.value)


def test_a_path_object_with_an_address_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a Path joins slashes"):
        at(Path("s3://bucket/run"))


def test_an_existing_path_goes_before_a_typo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s3:/bucket").mkdir(parents=True)
    assert isinstance(at("s3:/bucket"), LocalPlace)
    assert not is_address("s3:/bucket")
    assert is_address("s3:/other")
    assert is_address("s3://bucket")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("s3://KEY:sec/ret@bucket/run?endpoint_override=h:1", "s3://bucket/run"),
        ("s3://bucket/run", "s3://bucket/run"),
        ("a@b/c?d", "a@b/c?d"),
    ],
)
def test_what_is_printed_has_no_key(text: str, said: str) -> None:
    assert shown(text) == said


def test_the_operations_of_a_directory(tmp_path: Path) -> None:
    place = at(tmp_path / "run")
    assert place.kind() is None
    assert place.sizes() == {}
    with place.held():
        (tmp_path / "run/kept").mkdir()
        place.write("kept/a.json", b"one")
        place.write("kept/a.json", b"three")
        (tmp_path / "whole").write_bytes(b"12")
        place.put(tmp_path / "whole", "b")
        assert not (tmp_path / "whole").exists()
        assert place.sizes() == {".lock": 0, "b": 2, "kept": None}
        assert place.sizes("kept") == {"a.json": 5}
        assert place.everything() == {".lock": 0, "b": 2, "kept/a.json": 5}
        assert place.reads(["b", "kept/a.json", "c"]) == [b"12", b"three", None]
        assert (place.size("b"), place.size("c"), place.size("kept")) == (2, None, None)
        assert place.holds("kept/a.json")
        assert not place.holds("../whole")
        assert place.paths(["b"]) == [tmp_path / "run/b"]
        with pytest.raises(Damaged, match="no regular file"):
            place.read("kept")
        place.delete("kept")
        place.delete("kept")
        assert place.sizes() == {".lock": 0, "b": 2}
