"""The data card, and `datasets.load_dataset` on the directories that it describes."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from curate.report.card import card
from curate.report.funnel import merge, statistics
from tests.report import toy

ROOT = Path(__file__).parents[2]


def header(text: str) -> dict[str, Any]:
    found = yaml.safe_load(text.split("---\n")[1])
    assert isinstance(found, dict)
    return found


def test_the_template_is_the_documented_one() -> None:
    assert (ROOT / "data_cards/template.md").read_text() == (ROOT / "curate/report/card_template.md").read_text()


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    return tmp_path / "cache"


@pytest.mark.parametrize(("shards", "none_kept_in"), [(1, None), (3, None), (3, 0), (3, 1), (8, None)])
@pytest.mark.parametrize("complete", [True, False])
def test_load_dataset_gives_the_kept_rows(shards: int, none_kept_in: int | None, complete: bool, tmp_path: Path, offline: Path) -> None:
    import datasets

    root = toy.samples_directory(tmp_path / "set", shards=shards, prompts=30, none_kept_in=none_kept_in, complete=complete)
    stats = statistics(merge(m["funnel"] for m in _manifests(root)))
    assert datasets.get_dataset_config_names(str(root)) == ["kept", "rejects", "prompts"]
    kept = datasets.load_dataset(str(root), cache_dir=str(offline))
    assert list(kept) == ["train"]
    assert kept["train"].num_rows == stats["funnel"]["kept"]
    assert all(v["status"] == "correct" for v in kept["train"]["verdict"])
    for name, rows in (("rejects", stats["funnel"]["sampled"] - stats["funnel"]["kept"]), ("prompts", 30)):
        assert datasets.load_dataset(str(root), name, cache_dir=str(offline))["train"].num_rows == rows


def test_where_nothing_was_kept_the_rejects_do_not_take_its_place(tmp_path: Path, offline: Path) -> None:
    import datasets

    root = toy.samples_directory(tmp_path / "set", none_kept_in=0)
    with pytest.raises(ValueError, match="corresponds to no data"):
        datasets.load_dataset(str(root), cache_dir=str(offline))
    assert datasets.load_dataset(str(root), "rejects", cache_dir=str(offline))["train"].num_rows == 48
    assert "cannot load a table without rows" in (root / "README.md").read_text()


@pytest.mark.parametrize("shards", [1, 3])
def test_load_dataset_of_prompts(shards: int, tmp_path: Path, offline: Path) -> None:
    import datasets

    root = toy.prompts_directory(tmp_path / "set", shards=shards)
    assert datasets.get_dataset_config_names(str(root)) == ["prompts"]
    assert datasets.load_dataset(str(root), cache_dir=str(offline))["train"].num_rows == 12


def _manifests(root: Path) -> list[dict[str, Any]]:
    import json

    return [json.loads(p.read_text()) for p in sorted((root / "manifest").glob("*.json"))]


def made(stats: dict[str, Any] | None = None, *, complete: bool = True, kind: str = "samples", **identity: Any) -> str:
    return card({"schema_version": 3, "kind": kind, "identity": identity, "extent": {}}, stats or statistics(merge([])), complete)


def test_header_of_samples() -> None:
    found = header(made(statistics(merge([{"kept": 5000, "licenses": {"cc-by-4.0": 5000}}]))))
    assert found["license"] == "cc-by-4.0"
    assert found["size_categories"] == ["1K<n<10K"]
    assert found["configs"][0] == {"config_name": "kept", "default": True, "data_files": "kept/*.parquet"}


@pytest.mark.parametrize("licenses", [{}, {"unknown": 3}, {"": 3}, {"mit": 1, "apache-2.0": 2}])
def test_a_licence_that_is_not_known_is_not_claimed(licenses: dict[str, int]) -> None:
    assert "license" not in header(made(statistics(merge([{"licenses": licenses}]))))


def test_licences_are_counted() -> None:
    text = made(statistics(merge([{"licenses": {"mit": 1, "unknown": 2000}}])))
    assert "| (not stated by the source) | 2,000 |" in text
    assert "| mit | 1 |" in text


def test_says_whether_it_is_complete() -> None:
    assert "This directory is complete" in made()
    assert "This directory is not complete" in made(complete=False)


def test_says_how_it_was_made() -> None:
    text = made(model="org/model", model_revision="abc123", engine="vllm", template="r1-zero@2", verifiers={"math": "3"})
    for said in ("org/model", "revision abc123", "engine vllm", "r1-zero@2", "math (version 3)"):
        assert said in text


def test_claims_nothing_that_was_not_recorded() -> None:
    text = made()
    assert "a model whose name was not recorded, of no recorded revision" in text
    assert "No verifier is recorded" in text
    assert not re.search(r"\b(None|nan|null)\b", text.split("## Columns")[0])


def test_a_strangers_text_stays_text() -> None:
    evil = "x\n---\n# Injected <script>alert(1)</script> | a | [link](http://example.invalid) \x1b[2J ${model} $header"
    stats = statistics(merge([{"sources": {evil: {"prompts": 1}}, "licenses": {evil: 1}, "prompts": 1, "sampled": 1}]))
    text = made(stats, model=evil, system_prompt=evil, verifiers={evil: evil})
    assert "\x1b" not in text
    body = text.split("---\n", 2)[2]
    assert "<script>" not in "".join(line for line in body.splitlines() if not line.startswith("    "))
    assert not [line for line in text.splitlines() if line.startswith("# Injected")]
    assert header(text)["license"] == evil
    assert header(text)["configs"][0]["config_name"] == "kept"


def test_the_same_counts_give_the_same_card() -> None:
    stats = statistics(merge([{"kept": 5, "sampled": 9, "licenses": {"b": 1, "a": 1}}]))
    assert made(stats, model="m") == made(stats, model="m")
