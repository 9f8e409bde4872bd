"""The verifier `language`: whose language is wanted, and what chain and response each say."""

import json

import pytest

from curate.language import model
from curate.records import Answer, make_prompt
from curate.verifiers.language import THRESHOLD, verify

EN = "Let me think about this. We need to find the value of x that makes both sides of it equal, and then we check it."
DE = "Schauen wir uns das genauer an. Wir müssen den Wert von x finden, der beide Seiten gleich macht."
ZH = "让我们想一想。首先，我们需要找到一个满足条件的数，然后检查结果是不是正确。"
FORMULA = "$x = 5$"


def judged(reasoning, response, gold=None, language=None, meta="{}"):
    prompt = make_prompt("q", verifier="language", gold=gold, language=language, meta=meta)
    return verify(Answer("", reasoning, response, "stop"), prompt)


@pytest.mark.parametrize(
    ("reasoning", "response", "status"),
    [
        (EN, EN, "correct"),
        (None, EN, "correct"),
        (EN, FORMULA, "correct"),
        (EN, "", "correct"),
        ("", EN, "correct"),
        (ZH, EN, "wrong"),
        (EN, ZH, "wrong"),
        (f"{EN}\n{ZH}\n{EN}", EN, "wrong"),
        (DE, DE, "wrong"),
        (None, FORMULA, "unverifiable"),
        ("42", "\\boxed{42}", "unverifiable"),
        (None, "", "unverifiable"),
        (f"{EN}\n```python\n# {ZH}\nprint(1)\n```\n{EN}", EN, "correct"),
        (f'{EN} The proverb "塞翁失马" fits here. {EN}', EN, "correct"),
    ],
)
def test_chain_and_response_must_each_be_in_the_language(reasoning, response, status):
    found = judged(reasoning, response, "en")
    assert found.status == status, found
    assert (found.score is None) != found.decided
    if found.decided:
        assert (found.score == 1) == (status == "correct")
        assert found.score < THRESHOLD or status == "correct"


def test_the_gold_goes_before_meta_and_meta_before_the_prompts_language():
    assert judged(None, DE, "de", "en").status == "correct"
    assert judged(None, DE, '{"language": "de"}', "en").status == "correct"
    assert judged(None, DE, None, "en", '{"language": "de-AT"}').status == "correct"
    assert judged(None, DE, None, "de").status == "correct"
    assert judged(None, DE, None, "en", "not json").status == "wrong"
    assert judged(None, DE, "en", "de").status == "wrong"


@pytest.mark.parametrize("gold", [None, "{}", '{"language": 7}', "{", "the German one", "1", "[1]"])
def test_a_prompt_that_names_no_language_is_unparsable(gold):
    assert judged(None, EN, gold).status == "unparsable_gold"


def test_a_language_that_does_not_exist_makes_nothing_wrong():
    assert judged(None, EN, "xx").status == "unverifiable"


def test_detail_has_both_shares_and_the_score_is_the_smaller_one():
    found = judged(f"{EN}\n{ZH}", EN, "en")
    detail = json.loads(found.detail)
    assert detail["language"] == "en"
    assert detail["response"] == 1
    assert found.score == pytest.approx(detail["reasoning"], abs=1e-4)
    assert found.reason == f"{detail['reasoning']:.0%} of the reasoning is en"
    assert json.loads(judged(None, EN, "en").detail)["reasoning"] is None


def test_a_language_that_only_the_model_knows_is_not_judged_without_it(monkeypatch):
    monkeypatch.setattr(model, "available", lambda: False)
    found = judged(None, EN, "nds")
    assert (found.status, found.score) == ("unverifiable", None)
    assert "filters" in found.reason
    assert judged(None, EN, "en").status == "correct"
