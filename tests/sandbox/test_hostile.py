"""No hostile program passes, gets out or stays; every control passes: in every tier, as whoever runs the tests and as an ordinary user."""

import json
from typing import Any

import pytest

from curate.records import make_prompt
from tests import needs
from tests.sandbox import matrix, users
from tests.sandbox.matrix import CONTROLS, GOLDS, HOSTILE

SAMPLE = 12  # every twelfth program, in the fast tests


def judged(tier: str, *part: str, ordinary: bool) -> dict[str, Any]:
    """What the matrix found."""
    run = users.python("-m", "tests.sandbox.matrix", tier, *part, ordinary=ordinary)
    assert run.returncode == 0, run.stderr[-2000:]
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def flawless(found: dict[str, Any]) -> bool:
    return not found["bad"] and (found["processes"], found["descriptors"], found["left"]) == (0, 0, 0)


def test_the_corpus_is_large_and_its_names_are_one_each() -> None:
    names = [p.name for p in HOSTILE + CONTROLS]
    assert len(HOSTILE) >= 130
    assert len(CONTROLS) >= 30
    assert len(set(names)) == len(names)
    assert {w for p in HOSTILE + CONTROLS for w in p.ways.split()} == set(GOLDS)


@pytest.mark.parametrize(
    ("tier", "ordinary"),
    [
        pytest.param("namespaces", False, marks=needs.BUBBLEWRAP),
        pytest.param("namespaces", True, marks=needs.BUBBLEWRAP),
        ("landlock:2", True),
    ],
)
def test_a_sample_of_them(tier: str, ordinary: bool) -> None:
    found = judged(tier, f"0/{SAMPLE}", ordinary=ordinary)
    assert flawless(found), found
    assert found["judged"] > 15


@pytest.mark.slow
@pytest.mark.parametrize("ordinary", [False, True], ids=["as-is", "ordinary-user"])
@pytest.mark.parametrize("tier", [pytest.param("namespaces", marks=needs.BUBBLEWRAP), "landlock", "landlock:2"])
def test_all_of_them(tier: str, ordinary: bool) -> None:
    found = judged(tier, ordinary=ordinary)
    assert found["tier"]["name"] == tier.partition(":")[0]
    assert flawless(found), found


def test_what_programs_aim_at_can_be_hit_without_a_sandbox() -> None:
    """The corpus would prove nothing if its aims were out of reach anyway."""
    from curate.sandbox import probes
    from curate.sandbox.tiers import Tier

    finding = probes.probe(Tier("none"))
    assert not finding.holds
    for attempt in ("read a secret file", "connect to this machine", "start a process", "open a netlink socket", "execute another program"):
        assert attempt in finding.what


def test_a_golds_own_answer_passes() -> None:
    for way, gold in GOLDS.items():
        control = next(c for c in CONTROLS if way in c.ways.split())
        verdict, _ = matrix.judge(control, way, {})
        assert (verdict.status, make_prompt("q", gold=gold).gold) == ("correct", gold)
