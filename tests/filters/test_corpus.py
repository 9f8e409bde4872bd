"""The labelled corpus is well formed and as large as README.md of it says. What the filters find in it is measured elsewhere."""

import re
from collections import Counter
from typing import get_args

import pytest

from curate.records import Mode
from tests.filters import corpus as corpora
from tests.filters.corpus import CHAINS, DEFECTS, NEAR, PII, completion, corpus, pairs, rows

FIELDS = {"id", "origin", "question", "domain", "mode", "language", "reasoning", "response", "finish_reason", "license", "defects"}
DOMAINS = {"math", "code", "stem", "logic", "general"}
LANGUAGES = {"en", "zh", "es", "fr", "de", "pt", "ru", "ja", "ko", "ar", "hi", "it", "vi", "tr", "nl", "pl", "uk", "id", "el", "fa"}
ORIGINS = {"hand", "SmolLM2-135M-Instruct"}
LEAST = 18
MANY = {"mixed_language", "code_block", "repetition", "long_paragraph", "refusal", "template_leak"}  # at least 24 of each


def test_every_line_has_the_fields_and_only_these() -> None:
    for row in rows():
        assert set(row) == FIELDS, row.get("id")
        assert row["domain"] in DOMAINS, row["id"]
        assert row["mode"] in get_args(Mode), row["id"]
        assert row["language"] in LANGUAGES | {None}, row["id"]
        assert row["finish_reason"] in {"stop", "length"}, row["id"]
        assert row["origin"] in ORIGINS, row["id"]
        assert set(row["defects"]) <= DEFECTS, row["id"]
        assert len(row["defects"]) == len(set(row["defects"])), row["id"]
        assert row["question"].strip(), row["id"]


def test_ids_and_texts_are_unique() -> None:
    ids = Counter(row["id"] for row in rows())
    assert not [i for i, n in ids.items() if n > 1]
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", i) for i in ids)
    texts = Counter((row["question"], row["reasoning"], row["response"]) for row in rows())
    assert not [t for t, n in texts.items() if n > 1]


def test_there_are_enough_chains_and_near_misses_and_defects() -> None:
    samples = corpus()
    assert len(samples) >= 420
    assert sum(s.id.startswith(NEAR) for s in samples) >= max(150, len(samples) / 3)
    assert sum(s.origin != "hand" for s in samples) >= 40


@pytest.mark.parametrize("defect", sorted(DEFECTS))
def test_each_defect_has_enough_examples(defect: str) -> None:
    assert sum(defect in s.defects for s in corpus()) >= (24 if defect in MANY else LEAST)


def test_a_near_miss_is_clean() -> None:
    assert not [s.id for s in corpus() if s.id.startswith(NEAR) and s.defects]


def test_domains_and_languages_are_covered() -> None:
    assert {s.trace.domain for s in corpus()} == DOMAINS
    assert {s.trace.language for s in corpus()} == LANGUAGES | {None}
    near = [s.trace for s in corpus() if s.id.startswith(NEAR)]
    assert {t.domain for t in near} == DOMAINS
    assert len({t.language for t in near} - {None}) >= 10


def test_labels_that_follow_from_the_fields_are_set() -> None:
    for row in rows():
        defects = set(row["defects"])
        thinks = row["mode"] == "think"
        assert ("missing_think" in defects) == (thinks and row["reasoning"] is None), row["id"]
        assert row["finish_reason"] == "stop" or "truncated" in defects, row["id"]
        assert row["response"] or "length" in defects, row["id"]
        assert "empty_think" not in defects or (thinks and row["reasoning"] is not None), row["id"]


def test_what_a_model_wrote_carries_its_licence() -> None:
    assert all((s.trace.license == "Apache-2.0") == (s.origin != "hand") for s in corpus())


def test_traces_are_what_the_lines_say() -> None:
    for row, (trace, defects) in zip(rows(), pairs(), strict=True):
        assert (trace.question, trace.reasoning, trace.response) == (row["question"], row["reasoning"], row["response"])
        assert trace.chain == ("none" if row["reasoning"] is None else "full")
        assert defects == set(row["defects"])


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ((None, "yes", "stop"), "yes"),
        (("why", "yes", "stop"), "<think>\nwhy\n</think>\n\nyes"),
        (("why", "", "length"), "<think>\nwhy"),
        (("why", "", "stop"), "<think>\nwhy\n</think>\n\n"),
    ],
)
def test_a_completion_is_put_together_from_its_parts(parts: tuple[str | None, str, str], text: str) -> None:
    assert completion(*parts) == text


def test_the_readme_gives_the_counts() -> None:
    text = (CHAINS / "README.md").read_text(encoding="utf-8")
    counts = Counter(d for s in corpus() for d in s.defects)
    for defect in DEFECTS:
        assert f"| {defect} | {counts[defect]} |" in text, defect
    near = sum(s.id.startswith(NEAR) for s in corpus())
    models = sum(s.origin != "hand" for s in corpus())
    assert f"{len(corpus())} chains, {near} of them clean near-misses, {models} written by a model" in text


def test_keys_are_not_found_by_a_search_for_keys() -> None:
    """The files write one letter of each made-up key as an escape, so that scanners of repositories keep quiet."""
    found = re.compile(r"AKIA[0-9A-Z]{16}|ghp_\w{20}|xox[bp]-\d|sk_live_\w|AIza[\w-]{20}|BEGIN (?:RSA|OPENSSH) PRIVATE")
    assert not [p.name for p in CHAINS.glob("*.jsonl") if found.search(p.read_text(encoding="utf-8"))]
    assert any(found.search(s.trace.response) for s in corpora.corpus() if s.defects & PII)
