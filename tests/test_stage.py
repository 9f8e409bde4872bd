"""Pipelines as values: edges, other numbers, and what a directory's name depends on."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import UsageError
from curate.stage import Given, Output, Pipeline, Stage
from tests.toy_pipeline import pipeline

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(), x, max_size=3),
    max_leaves=6,
)


def test_an_edge_is_a_value_and_one_that_leads_nowhere_is_refused():
    first = pipeline()["first"]
    assert first["text"] == Output("first", "text")
    with pytest.raises(UsageError, match="the stage first makes no 'model': it makes text"):
        first["model"]


def test_a_stage_and_what_it_needs():
    assert [s.name for s in pipeline().upstream("last")] == ["first", "second", "apart", "last"]
    assert [s.name for s in pipeline().upstream("second")] == ["first", "second"]
    with pytest.raises(UsageError, match="has no stage 'secund'; did you mean second"):
        pipeline().upstream("secund")


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ((Stage("a", "m:f"), Stage("a", "m:f")), "two stages named a"),
        ((Stage("a", "m:f", {"x": Output("b", "o")}), Stage("b", "m:f", outputs={"o": "o"})), "is from b, which is no stage before it"),
        ((Stage("b", "m:f", outputs={"o": "o"}), Stage("a", "m:f", {"x": Output("b", "p")})), "b makes no 'p'"),
        ((Stage("a", "m:f", config={"f": print}),), "the config of a is not made of JSON values"),
        ((Stage("a", "m:f", extent={"f": float("nan")}),), "the extent of a is not made of JSON values"),
    ],
)
def test_a_pipeline_that_cannot_run_is_refused_when_it_is_made(stages, said):
    with pytest.raises(UsageError, match=said):
        Pipeline("p", stages)


CHANGES = [
    ("first.times=3", "first", ("times", 3)),
    ("first.rate=1", "first", ("rate", 1.0)),
    ("first.word=7", "first", ("word", "7")),
    ("first.word=a=b", "first", ("word", "a=b")),
    ("last.options.deep.on=false", "last", ("options", {"deep": {"on": False}})),
    ('last.names=["m", "n"]', "last", ("names", ["m", "n"])),
]


@pytest.mark.parametrize(("setting", "stage", "value"), CHANGES)
def test_another_number_has_the_type_of_the_one_it_replaces(setting, stage, value):
    changed, before = pipeline().changed([setting])[stage], pipeline()[stage]
    name, wanted = value
    assert changed.config[name] == wanted
    assert type(changed.config[name]) is type(before.config[name])
    assert {k: v for k, v in changed.config.items() if k != name} == {k: v for k, v in before.config.items() if k != name}


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("first.times=2.5", "first.times is 1 and cannot become '2.5': it takes a whole number"),
        ("first.times=true", "cannot become 'true'"),
        ("first.rate=fast", "first.rate is 0.5 and cannot become 'fast': it takes a number"),
        ("last.options.deep.on=1", "it takes true or false"),
        ("last.options=5", "it takes a JSON object"),
        ("last.names=n", "it takes a JSON list"),
        ("first.time=2", "the stage first has no 'time'; did you mean times"),
        ("last.options.deep.off=true", "there is no last.options.deep.off"),
        ("first.times.x=1", "times is 1 and holds nothing"),
        ("frist.times=1", "no stage 'frist'; did you mean first"),
        ("times=1", "takes stage.field=value"),
        ("first.times", "takes stage.field=value"),
    ],
)
def test_a_setting_that_fits_nothing_says_so(setting, said):
    with pytest.raises(UsageError, match=said):
        pipeline().changed([setting])


def test_the_extent_can_be_set_and_is_no_part_of_the_name():
    before, after = pipeline()["second"], pipeline().changed(["second.workers=8"])["second"]
    assert after.extent == {"workers": 8}
    assert after.directory({"text": "t"}) == before.directory({"text": "t"})


@given(a=JSON, b=JSON)
def test_a_directory_has_the_same_name_only_for_the_same_numbers(a, b):
    one, other = (Stage("s", "m:f", config={"x": value}).directory({}) for value in (a, b))
    assert (one == other) == (repr(a) == repr(b) or _as_json(a) == _as_json(b))


def _as_json(value):
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize(
    "other",
    [
        Stage("t", "m:f", config={"x": 1}),
        Stage("s", "m:g", config={"x": 1}),
        Stage("s", "m:f", config={"x": 2}),
        Stage("s", "m:f", config={"x": 1}, uses=("tests.toy_pipeline:VERSION",)),
        Stage("s", "m:f", {"i": Given("p")}, {"x": 1}),
    ],
)
def test_all_that_results_depend_on_is_in_the_name(other):
    stage = Stage("s", "m:f", config={"x": 1})
    assert stage.directory({}) != other.directory(dict.fromkeys(other.inputs, "content"))
    if other.inputs:
        assert other.directory({"i": "content"}) != other.directory({"i": "another"})
