"""Chains of filters: how they are named and set, and what they find in a sample."""

import importlib.util
import json
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import MissingExtra, UsageError
from curate.filters.base import Filter, Trace
from curate.filters.chain import BUILT_IN, DEFAULT, Chain
from tests.filters import own

HERE = [name for name, path in BUILT_IN.items() if importlib.util.find_spec(path.partition(":")[0]) is not None]
OWN = "tests.filters.own:"
ODD = Trace("Hi", "", None)


@pytest.mark.parametrize("name", HERE)
def test_a_built_in_has_the_name_of_its_row(name: str) -> None:
    (built,) = Chain.of([name]).filters
    assert built.name == name
    assert all(limit.metric in built.metrics and limit.source for limit in built.limits)


def test_all_built_ins_fit_into_one_chain() -> None:
    assert set(Chain.of(HERE).metrics) == {column for name in HERE for column in Chain.of([name]).metrics}
    assert set(BUILT_IN) - set(DEFAULT) == {"perplexity"}


@given(st.text(), st.text(), st.none() | st.text(), st.sampled_from(["math", "code", "general"]), st.sampled_from(["think", "plain"]))
def test_every_built_in_can_look_at_anything(question: str, response: str, chain: str | None, domain: str, mode: str) -> None:
    here = Chain.of(HERE)
    found = here.look(Trace(question, response, chain, response, domain=domain, mode=mode, system=question, license=question))  # type: ignore[arg-type]
    assert set(found.metrics) == set(here.metrics)
    assert not [reason for reason in found.reasons if reason.startswith("filter_error")]
    assert list(found.reasons) == sorted({reason for reasons in found.by_filter.values() for reason in reasons})


TEXTS = ["", "Yes.", "So 5.\n" * 40, "```python\nprint(1)\n```", "a@b.org, +1 646 293 8814 <|im_end|>", "我 " * 30, r"\boxed{1} \boxed{2}"]


@given(st.sampled_from(TEXTS), st.sampled_from(TEXTS), st.floats(0, 500), st.floats(0, 500))
def test_a_limit_that_is_moved_out_never_drops_more(response: str, chain: str, one: float, other: float) -> None:
    trace = Trace("Explain it.", response, chain, domain="math", system=response, measured={"perplexity": float(len(chain))})
    for f in Chain.of(HERE).filters:
        for limit in f.limits:
            strict, lax = (max(one, other), min(one, other)) if not limit.over else (min(one, other), max(one, other))
            key = f"{f.name}.{limit.name}"
            assert set(Chain.of([f], {key: lax}).look(trace).reasons) <= set(Chain.of([f], {key: strict}).look(trace).reasons)


def test_the_order_of_filters_decides_nothing() -> None:
    forth, back = Chain.of(HERE), Chain.of(HERE[::-1])
    assert forth.identity() == back.identity()
    assert forth.look(ODD) == back.look(ODD)


def test_a_setting_moves_a_limit() -> None:
    chain = Chain.of([own.MARKS], {"marks.most": 0})
    assert chain.look(Trace("Hi", "Hello!")).reasons == ("shouts",)
    assert Chain.of([own.MARKS]).look(Trace("Hi", "Hello!")).reasons == ()
    assert chain.identity()["marks"]["limits"] == {"least": 0, "most": 0}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"marks.more": 1}, "marks has least, most"),
        ({"mark.most": 1}, "the filters here are marks"),
        ({"most": 1}, "FILTER.PARAMETER"),
        ({"marks.most": "3"}, "a limit is a number, not '3'"),
        ({"marks.most": True}, "a limit is a number"),
        ({"marks.most": float("nan")}, "a limit is a number"),
        ({"marks.most": None}, "a limit is a number"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Chain.of([own.MARKS], settings)


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (["repetitions"], "there are answer_only_in_think, .*repetition.*your own as file.py:object"),
        (["length", "length"], "twice"),
        ([own.MARKS, own.CLASH], "marks and clash both fill the column marks"),
        ([OWN + "nothing"], "has no"),
        ([OWN + "NUMBER"], "is int: a filter is"),
        ([OWN + "builds_nothing"], "has to build a Filter"),
        ([OWN + "of_two"], "needs other, trace"),
        (["nowhere.at.all:FILTER"], "cannot be loaded"),
        (["nowhere.py:FILTER"], "no such file"),
    ],
)
def test_a_filter_that_is_not_there_is_refused_in_one_sentence(filters: list[str | Filter], message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        Chain.of(filters)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("given", "allow"), [(["CC-BY-SA-4.0", "MIT"], ["cc-by-sa-4", "mit"]), ("CC-BY-SA-4.0", ["cc-by-sa-4"])])
def test_a_setting_builds_a_filter_anew(given: object, allow: list[str]) -> None:
    chain = Chain.of(["licence"], {"licence.allow": given, "licence.unknown": "drop"})
    assert chain.identity()["licence"]["settings"] == {"allow": allow, "unknown": "drop"}
    assert chain.look(Trace("q", "r", license="cc-by-sa-4.0")).reasons == ()
    assert chain.look(Trace("q", "r", license="apache-2.0")).reasons == ("licence_not_allowed",)
    assert chain.look(Trace("q", "r")).reasons == ("licence_unknown",)


@pytest.mark.parametrize("name", ["MARKS", "build"])
def test_ones_own_filter_or_its_builder_is_named_by_path(name: str) -> None:
    chain = Chain.of([OWN + name], {"marks.most": 1})
    assert chain.look(Trace("Hi", "No!!")).by_filter == {"marks": ("shouts",)}


def test_ones_own_function_gives_slugs() -> None:
    chain = Chain.of([OWN + "polite"])
    assert chain.look(Trace("Go", "Yes")).by_filter == {OWN + "polite": ("rude",)}
    assert chain.look(Trace("Please go", "Yes")).reasons == ()
    assert len(chain.identity()[OWN + "polite"]["version"]) == 12


def test_ones_own_function_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def short(trace):\n    return ['short'] if len(trace.response) < 3 else []\n")
    chain = Chain.of([f"{file}:short"])
    assert chain.look(Trace("Go", "No")).by_filter == {"mine.py:short": ("short",)}
    before = chain.identity()
    file.write_text(file.read_text() + "# changed\n")
    assert Chain.of([f"{file}:short"]).identity() != before


def test_a_filter_that_fails_on_a_sample_says_so_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    chain = Chain.of([OWN + "fails", own.MARKS])
    with caplog.at_level(logging.WARNING):
        found = chain.look(Trace("Hi", "No!!!"))
    assert found.reasons == (f"filter_error:{OWN}fails", "shouts")
    assert found.metrics == {"marks": 3}
    assert "ValueError: not today" in caplog.text


@pytest.mark.parametrize(("name", "error"), [("lacks", MissingExtra), ("text", UsageError), ("number", UsageError)])
def test_what_a_person_can_mend_is_no_fault_of_the_sample(name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        Chain.of([OWN + name]).look(ODD)


def test_the_identity_is_json_and_sorted() -> None:
    identity = Chain.of([*HERE, OWN + "build"]).identity()
    assert json.dumps(identity, allow_nan=False) == json.dumps(identity, sort_keys=True)
    assert identity["marks"] == {"version": "3", "limits": {"least": 0, "most": 2}, "settings": {"a": "x", "b": [1]}}


def test_a_filter_says_nothing_of_what_it_does_not_apply_to() -> None:
    think = Chain.of(["missing_think", "empty_think", "answer_only_in_think"])
    assert think.look(Trace("Hi", "", mode="plain")).reasons == ()
    assert Chain.of(["code_block"]).look(Trace("Hi", "Hello", domain="code")).metrics == {
        "reasoning_code_lines": None,
        "response_code_lines": None,
    }
