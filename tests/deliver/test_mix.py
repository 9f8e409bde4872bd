"""`curate mix` as a function, on small sets."""

from pathlib import Path
from typing import Any

import pytest

from curate import api
from curate.check import check
from curate.errors import IdentityMismatch, UsageError
from curate.records import SAMPLES
from tests.filtering import toy
from tests.report.toy import samples_directory

FEW = ("truncated", "long_paragraph")


@pytest.fixture
def filtered(tmp_path: Path) -> Path:
    """Sixty samples of two domains, two of each prompt, of which ten are dropped for a long paragraph."""
    rows = [
        toy.sample(
            i,
            domain="math" if i % 3 else "code",
            sample_index=k,
            chain=("word " * 900 if i < 5 else toy.CHAIN) + f" try {k} of {i}, as often before with number {i * 7 + k}",
        )
        for i in range(30)
        for k in range(2)
    ]
    api.filter(toy.parquet(tmp_path / "in.parquet", rows), tmp_path / "filtered", filters=FEW, dedup="none")
    return tmp_path / "filtered"


def ids(directory: Path, part: str = "train") -> list[str]:
    return [row["id"] for row in toy.read(directory, part)]


def test_a_mixture_is_a_seeded_shuffle_with_a_split_by_prompt(filtered: Path, tmp_path: Path) -> None:
    made = api.mix(filtered, tmp_path / "a", validation=0.3)
    train, held = toy.read(tmp_path / "a", "train"), toy.read(tmp_path / "a", "validation")
    assert len(train) + len(held) == 50
    assert held
    assert not {r["prompt_id"] for r in train} & {r["prompt_id"] for r in held}
    assert ids(tmp_path / "a") != sorted(ids(tmp_path / "a"))
    assert (made.stats["funnel"]["train"], made.stats["funnel"]["validation"]) == (len(train), len(held))
    api.mix(filtered, tmp_path / "b", validation=0.3)
    assert toy.content(tmp_path / "a") == toy.content(tmp_path / "b")
    api.mix(filtered, tmp_path / "c", validation=0.3, seed=1)
    assert ids(tmp_path / "c") != ids(tmp_path / "a")
    assert check(tmp_path / "a").findings == []


def test_a_quota_that_cannot_be_filled_is_told(filtered: Path, tmp_path: Path) -> None:
    made = api.mix(filtered, tmp_path / "out", quotas={"math": 10, "code": 1_000, "stem": 5})
    domains = [row["domain"] for row in toy.read(tmp_path / "out", "train")]
    assert domains.count("math") == 10
    assert made.shortfall == {"code": 1_000 - domains.count("code"), "stem": 5}
    assert "missing" in (tmp_path / "out/README.md").read_text()


def test_a_limit_can_be_moved_without_filtering_again(filtered: Path, tmp_path: Path) -> None:
    api.mix(filtered, tmp_path / "strict", where="reasoning_longest_paragraph < 35 and seed <> 9")
    api.mix(filtered, tmp_path / "loose", rejects=True, where="reasoning_longest_paragraph < 5000")
    assert len(ids(tmp_path / "strict")) < 50
    assert len(ids(tmp_path / "loose")) == 60
    assert {tuple(r["drop_reasons"]) for r in toy.read(tmp_path / "loose", "train")} == {(), ("long_paragraph",)}


def test_a_cap_holds_over_all_inputs(filtered: Path, tmp_path: Path) -> None:
    other = toy.parquet(tmp_path / "other.parquet", [toy.sample(i, domain="math" if i % 3 else "code", sample_index=9) for i in range(30)])
    api.mix([filtered, other], tmp_path / "out", per_prompt=1)
    prompts = [row["prompt_id"] for row in toy.read(tmp_path / "out", "train")]
    assert len(prompts) == len(set(prompts)) == 30


def test_a_sample_that_two_inputs_have_is_taken_once(filtered: Path, tmp_path: Path) -> None:
    own = toy.read(filtered, "kept")[:20]
    again = toy.parquet(tmp_path / "again.parquet", [{k: v for k, v in row.items() if k in SAMPLES.names} for row in own])
    api.mix([filtered, again], tmp_path / "out")
    assert sorted(ids(tmp_path / "out")) == sorted(row["id"] for row in toy.read(filtered, "kept"))


def test_sets_of_strangers_are_mixed_by_their_columns(filtered: Path, tmp_path: Path) -> None:
    theirs = toy.lines(
        tmp_path / "theirs.jsonl", [{"problem": f"q{i}", "generations": ["<think>a</think>b", "<think>c</think>d"]} for i in range(3)]
    )
    api.mix([filtered, theirs], tmp_path / "out", mapping={})
    rows = toy.read(tmp_path / "out", "train")
    assert sum(row["source"] == "theirs.jsonl" for row in rows) == 6
    assert all(row["reasoning_longest_paragraph"] is None for row in rows if row["source"] == "theirs.jsonl")


def test_the_same_call_does_nothing_and_another_one_is_refused(filtered: Path, tmp_path: Path) -> None:
    api.mix(filtered, tmp_path / "out")
    before = toy.content(tmp_path / "out")
    api.mix(filtered, tmp_path / "out")
    assert toy.content(tmp_path / "out") == before
    with pytest.raises(IdentityMismatch, match="seed"):
        api.mix(filtered, tmp_path / "out", seed=4)


def test_datasets_and_the_reader_of_ours_open_both_parts(filtered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    api.mix(filtered, tmp_path / "out", validation=0.3)
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {name: loaded[name].num_rows for name in loaded} == {part: len(ids(tmp_path / "out", part)) for part in ("train", "validation")}
    assert api.open(tmp_path / "out").to_arrow(part="validation").num_rows == len(ids(tmp_path / "out", "validation"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"total": 5}, "quota"),
        ({"validation": 1.5}, "share"),
        ({"where": "nothing = 1"}, "nothing"),
        ({"quotas": {"stem": 3}}, "nothing is left"),
    ],
)
def test_what_was_asked_wrongly_is_one_sentence(filtered: Path, tmp_path: Path, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        api.mix(filtered, tmp_path / "out", **options)


def test_the_card_of_a_mixture_still_names_the_model_that_wrote_the_samples(filtered: Path, tmp_path: Path) -> None:
    generated = samples_directory(tmp_path / "generated")
    api.filter(generated, tmp_path / "chosen", filters=FEW, dedup="none")
    api.mix([tmp_path / "chosen", filtered], tmp_path / "out")
    table = [line for line in (tmp_path / "out/README.md").read_text().splitlines() if line.startswith(("| chosen", "| filtered"))]
    assert [line.split(" | ")[:2] for line in table] == [["| chosen", "filtered"], ["| filtered", "filtered"]]
    assert "model toy, model\\_revision r0" in table[0]
    assert "not recorded" in table[1]
