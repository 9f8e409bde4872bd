"""Rule and judge side by side."""

import pytest

from curate.filters.judge import Agreement, agreement

REASONS = {"mixed_language": {"mixed_language"}, "code_block": {"code_block", "code_in_chain"}}


def test_the_table_counts_each_filter_apart() -> None:
    samples = [
        ({"mixed_language", "code_block"}, {"mixed_language": "flagged", "code_block": "flagged"}),
        (["mixed_language"], {"mixed_language": "clean", "code_block": "clean"}),
        (["code_in_chain"], {"mixed_language": "flagged", "code_block": None}),
        ([], {"mixed_language": "clean"}),
        ([], {"mixed_language": None, "code_block": "clean"}),
        (["truncated"], {}),
    ]
    assert agreement(samples, REASONS) == {
        "mixed_language": Agreement(both=1, neither=1, only_rule=1, only_judge=1, no_verdict=1),
        "code_block": Agreement(both=1, neither=2, only_rule=0, only_judge=0, no_verdict=1),
    }


def test_correctness_can_be_held_against_a_rule_that_says_wrong() -> None:
    samples = [(["wrong"], {"correctness": said}) for said in ("incorrect", "correct", "incorrect", None)]
    assert agreement(samples, {"correctness": {"wrong"}}) == {"correctness": Agreement(2, 0, 1, 0, 1)}


@pytest.mark.parametrize(
    ("counts", "share", "kappa"),
    [
        (Agreement(20, 15, 5, 10, 3), 0.7, 0.4),  # the textbook example
        (Agreement(5, 5, 0, 0, 0), 1.0, 1.0),
        (Agreement(0, 0, 5, 5, 0), 0.0, -1.0),
        (Agreement(0, 9, 1, 0, 0), 0.9, 0.0),
        (Agreement(0, 10, 0, 0, 0), 1.0, None),
        (Agreement(0, 0, 0, 0, 7), None, None),
    ],
)
def test_kappa(counts: Agreement, share: float | None, kappa: float | None) -> None:
    assert counts.agreement == (None if share is None else pytest.approx(share))
    assert counts.kappa == (None if kappa is None else pytest.approx(kappa))
