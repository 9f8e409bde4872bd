"""HumanEval's problems."""

import json

import pytest

from curate.errors import UsageError
from curate.sources import SourceOptions, open_source


def test_all_problems_come_with_what_a_checker_needs() -> None:
    prompts = list(open_source("human_eval"))
    assert len({p.id for p in prompts}) == 164
    first = prompts[0]
    gold = json.loads(first.gold or "")
    assert (first.source_id, first.verifier, first.domain, first.license, gold["language"]) == (
        "HumanEval/0",
        "code",
        "code",
        "MIT",
        "python",
    )
    assert gold["entry_point"] == "has_close_elements"
    assert "def check(candidate)" in gold["test"]
    assert gold["prompt"].rstrip() in first.messages[0].content


def test_options_pick_and_force() -> None:
    found = list(
        open_source("human_eval", SourceOptions(limit=2, where="meta->>'entry_point' like 's%'", verifier="none", domain="python"))
    )
    assert [(p.verifier, p.gold, p.accept, p.domain) for p in found] == [(None, None, "finished", "python")] * 2
    assert open_source("human_eval").fingerprint() != open_source("human_eval", SourceOptions(limit=2)).fingerprint()


def test_parameters_and_maps_are_refused() -> None:
    with pytest.raises(UsageError, match="no parameters"):
        open_source("human_eval?size=3")
    with pytest.raises(UsageError, match="--map"):
        open_source("human_eval", SourceOptions(mapping={"gold": "test"}))
