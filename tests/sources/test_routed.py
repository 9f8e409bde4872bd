"""Which prompts are answered with a chain: a rule that is a value."""

import pytest

from curate.errors import UsageError
from curate.records import Message, make_prompt
from curate.sources.routed import Routed
from pipelines.r1 import ROUTES


class Given:
    name, revision = "given", None

    def __init__(self, *prompts):
        self.prompts, self.skipped = prompts, {}

    def fingerprint(self):
        return "f"

    def __iter__(self):
        return iter(self.prompts)


@pytest.mark.parametrize(
    ("question", "mode"),
    [
        ("Hello!", "plain"),
        ("good evening, my friend, how have you been all this time?", "plain"),
        ("Who are you, and who made you what you are today?", "plain"),
        ("Translate into French: the cat sleeps on the warm roof.", "plain"),
        ("Write a story about a lighthouse keeper who cannot swim.", "think"),
        ("Highlight the three main points of this contract for me.", "think"),
        ("Explain to a child why the sky is blue.", "think"),
    ],
)
def test_the_routes_of_r1(question, mode):
    assert [p.mode for p in Routed(Given(make_prompt(question)), ROUTES)] == [mode]


def test_the_first_condition_that_holds_decides_and_others_keep_their_mode():
    prompts = [make_prompt(text, domain=domain, mode="plain") for text, domain in (("ab", "math"), ("abcdef", "math"), ("ab", "code"))]
    routes = [["domain = 'math'", "think"], ["length(question) < 3", "plain"], ["domain IS NULL", "think"]]
    assert [p.mode for p in Routed(Given(*prompts), routes)] == ["think", "think", "plain"]
    assert [p.id for p in Routed(Given(*prompts), routes)] == [p.id for p in prompts], "a mode is no part of what a prompt is"


def test_a_condition_sees_the_last_turn():
    turns = (Message("user", "a long first question"), Message("assistant", "yes"), Message("user", "so?"))
    assert [p.mode for p in Routed(Given(make_prompt(turns)), [["question = 'so?'", "plain"]])] == ["plain"]


@pytest.mark.parametrize("routes", [[["true", "fast"]], [["true"]], [["true", "think", "plain"]]])
def test_a_route_that_is_none(routes):
    with pytest.raises(UsageError, match="a route is an SQL condition and one of think, plain"):
        Routed(Given(), routes)


def test_a_condition_that_does_not_work():
    with pytest.raises(UsageError, match="nowhere"):
        list(Routed(Given(make_prompt("q")), [["nowhere = 1", "think"]]))


def test_other_routes_are_another_source():
    assert Routed(Given(), [["true", "think"]]).fingerprint() != Routed(Given(), [["true", "plain"]]).fingerprint()
