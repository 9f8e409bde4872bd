"""The numbers of an evaluation, from samples written by hand: what counts, what counts nowhere, and the table."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.records import DECIDED
from train.summary import Judged, group, groups, powers, render


def judged(prompt: str, index: int, status: str = "correct", *, loosely: bool = False, **other: Any) -> Judged:
    decided, right = status in DECIDED, status == "correct"
    finish = other.pop("finish_reason", "stop")
    defaults: dict[str, Any] = {"domain": "math", "source": "sums", "format": True, "language": 1.0, "completion_tokens": 10}
    return Judged(
        model="m",
        model_revision=None,
        prompt_id=prompt,
        sample_index=index,
        verifier="math",
        status=status,
        strict=right and finish == "stop" if decided else None,
        lenient=right or loosely if decided else None,
        extracted=None,
        finish_reason=finish,
        **{**defaults, **other},
    )


def test_powers() -> None:
    assert [powers(k) for k in (1, 2, 3, 4, 63, 64)] == [[1], [1, 2], [1, 2], [1, 2, 4], [1, 2, 4, 8, 16, 32], [1, 2, 4, 8, 16, 32, 64]]


def test_every_prompt_counts_as_much_and_what_was_not_judged_nowhere() -> None:
    samples = [
        *(judged("a", i, status) for i, status in enumerate(["correct", "wrong", "verifier_timeout", "unverifiable"])),  # 1 of 2
        *(judged("b", i) for i in range(4)),  # 4 of 4
        *(judged("c", i, "unparsable_gold") for i in range(4)),  # in no mean
        judged("d", 0, "unverifiable", finish_reason="error", completion_tokens=0, format=None, language=None),  # refused
    ]
    found = group(samples, None, 4)
    assert (found["prompts"], found["samples"]) == (4, 13)
    assert found["strict"]["pass@1"]["value"] == 0.75
    assert found["strict"]["pass@1"]["prompts"] == 2
    assert found["strict"]["pass@2"] == {"value": 1.0, "prompts": 2}
    assert found["strict"]["pass@4"] == {"value": 1.0, "prompts": 1}  # of `a` only two were judged
    assert (found["undecided"], found["refused"], found["cut_off"]) == (6, 1, 0)
    assert found["tokens"] == {"value": 10, "low": 10, "high": 10, "prompts": 3, "samples": 12}
    assert found["status"] == {"correct": 5, "unparsable_gold": 4, "unverifiable": 1, "verifier_timeout": 1, "wrong": 1}


def test_nothing_judged_is_no_zero() -> None:
    found = group([judged("a", i, "unverifiable", format=None, language=None) for i in range(2)], None, 2)
    assert found["strict"]["pass@1"] == {"value": None, "low": None, "high": None, "prompts": 0}
    assert found["strict"]["pass@2"]["value"] is None
    assert found["format"] == {"value": None, "low": None, "high": None, "prompts": 0, "samples": 0}


def test_form_and_knowledge_are_told_apart() -> None:
    samples = [
        judged("a", 0, format=False),
        judged("a", 1, "no_answer", loosely=True, format=False),
        judged("a", 2, finish_reason="length", language=0.5),  # right, and cut off: wrong where the form is asked for
        judged("a", 3, "wrong", finish_reason="length", language=None),
    ]
    found = group(samples, None, 4)
    assert found["strict"]["pass@1"]["value"] == 0.25
    assert found["lenient"]["pass@1"]["value"] == 0.75
    assert found["cut_off"] == 2
    assert found["format"] == {"value": 0.5, "low": None, "high": None, "prompts": 1, "samples": 4}
    assert (found["language"]["value"], found["language"]["samples"]) == (pytest.approx(2.5 / 3), 3)


def test_form_and_length_are_means_over_prompts_as_well() -> None:
    samples = [*(judged("a", i, format=True, completion_tokens=30) for i in range(4)), judged("b", 0, format=False, completion_tokens=10)]
    found = group(samples, None, 4)
    assert (found["format"]["value"], found["tokens"]["value"]) == (0.5, 20)
    assert 0 <= found["format"]["low"] < 0.5 < found["format"]["high"] <= 1
    assert found["tokens"]["low"] == 0 < 40 < found["tokens"]["high"]


def test_two_models_are_compared_on_the_prompts_that_both_were_judged_on() -> None:
    first = [judged("a", 0, "wrong"), judged("b", 0, "wrong"), judged("c", 0), judged("e", 0, "unverifiable")]
    second = [judged("a", 0), judged("b", 0, "wrong"), judged("d", 0), judged("e", 0)]
    found = group(second, first, 1)["more_than_first"]["strict"]
    assert (found["value"], found["prompts"]) == (0.5, 2)
    assert found["low"] < 0.5 < found["high"]
    assert "more_than_first" not in group(first, None, 1)


SAMPLES = st.lists(
    st.builds(
        judged,
        st.sampled_from("abcd"),
        st.integers(0, 7),
        st.sampled_from(["correct", "wrong", "no_answer", "unverifiable", "verifier_crash"]),
        loosely=st.booleans(),
        finish_reason=st.sampled_from(["stop", "length"]),
        domain=st.sampled_from(["math", "code"]),
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda s: (s.prompt_id, s.sample_index),
)


@given(SAMPLES, st.randoms(use_true_random=False))
def test_lenient_is_never_below_strict_and_order_never_matters(samples: list[Judged], rng: random.Random) -> None:
    found = groups(samples, samples, 8)
    shuffled = samples[:]
    rng.shuffle(shuffled)
    assert groups(sorted(shuffled, key=lambda s: (s.prompt_id, s.sample_index)), samples, 8) == groups(
        sorted(samples, key=lambda s: (s.prompt_id, s.sample_index)), samples, 8
    )
    for part in (found["overall"], *found["domains"].values(), *found["sources"].values()):
        assert part["strict"].keys() == part["lenient"].keys() == {"pass@1", "pass@2", "pass@4", "pass@8"}
        for name, strict in part["strict"].items():
            lenient = part["lenient"][name]
            assert lenient["prompts"] == strict["prompts"]
            assert strict["value"] is None or lenient["value"] >= strict["value"] - 1e-12
        assert part["more_than_first"]["strict"]["value"] in (0, None)
    assert sum(part["samples"] for part in found["domains"].values()) == found["overall"]["samples"]


def report(*models: list[Judged], labels: tuple[str, ...] = ("base", "tuned")) -> dict[str, Any]:
    return {
        "k": 2,
        "prompts": {"left_out": {"no rule checks their answers": 3}},
        "lenient": {"math": True, "code": False},
        "models": [
            {"label": label, "ignored": {}, **groups(samples, models[0] if i else None, 2)}
            for i, (label, samples) in enumerate(zip(labels, models, strict=False))
        ],
    }


def test_the_table_has_models_side_by_side_and_says_what_is_left_out() -> None:
    first = [judged(p, i, "wrong" if p == "a" else "correct", domain=p) for p in "ab" for i in range(2)]
    second = [replace(s, strict=True, lenient=True, status="correct") for s in first[:3]] + [judged("b", 1, "verifier_crash", domain="b")]
    said = render(report(first, second))
    lines = said.splitlines()
    assert lines[0].split() == ["all", "prompts", "base", "tuned"]
    assert lines[2].split() == ["pass@1", "50.0", "%", "100.0", "%"]
    assert lines[4].split() == ["more", "than", "the", "first", "-", "+50.0"]
    assert any(line.split()[:4] == ["a", "(1)", "0.0", "100.0"] for line in lines)  # one prompt has no interval
    assert "3 prompts are left out: no rule checks their answers." in said
    assert "no looser reading for code" in said
    assert "may be chance" in said
    assert "may be chance" not in render(report(first))
    assert "tuned: 1 samples could not be judged and count nowhere (1 verifier_crash)." in said
    assert max(map(len, lines)) <= 80


def test_names_of_models_cannot_paint_the_terminal_or_widen_the_table() -> None:
    samples = [judged("a", 0)]
    said = render(report(samples, samples, labels=("\x1b[31mred", "a-model-with-a-name-" * 5)))
    assert "\x1b" not in said
    assert max(map(len, said.splitlines())) <= 80
