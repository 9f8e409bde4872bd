"""Answers to reasoning-gym's puzzles, judged by the family's own scorer.

Departures from calling `score_answer`:
- Every scorer was read (reasoning-gym 0.1.25). Those in TRUSTED evaluate no text and their work is bounded by the answer's length: they run here, in the pool's process. Those whose work the answer
  decides, or that take JSON of any shape, are GUARDED by a grammar of ours. Those that evaluate text, the model's or the stored item's, are guarded as well and run in the sandbox (EVALUATED): without a
  sandbox they are refused, so a verdict never depends on the machine. What is in REFUSED has no scorer that tells right from wrong.
- Partial credit is not correct: the default scorer pays for merely containing the gold, others for each right word. `score` keeps what was paid.
- Where a scorer pays in full for something that is not the answer (words after it, an "or", NaN, other numbers than those given), CONFIRM adds a condition of ours.
- An answer is called wrong only after the scorer gave the stored answer full credit, or, where none is stored, could read the item: an item that was damaged on its way is `unparsable_gold`.
- A scorer that does not end within the sandbox's limits has decided nothing: `unverifiable`.
- The answer is what stands in <answer> tags or a box, or follows "final answer is"; no guessing at the last line.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from curate import sandbox
from curate.errors import MissingExtra, UsageError
from curate.records import Answer, Prompt, Verdict
from curate.verifiers import lenient as loosely
from curate.verifiers import logic_answers as guards
from curate.verifiers.extraction import NO_ANSWER, stated

VERSION = "3"

FULL = 1 - 1e-9
LONGEST_ANSWER = 20_000  # characters; no answer of any family comes near it, and scorers walk over all of it
LIMITS = sandbox.Limits(cpu_seconds=10, idle_seconds=20)
# What a scorer, or a look at a damaged item, may raise.
SCORER_ERRORS = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, StopIteration, TypeError, ValueError)
GYM = "reasoning_gym"
SCORE = "curate.verifiers.logic_scorers:score"

# Their scorers call eval or sympy.parse_expr.
EVALUATED: dict[str, guards.Guard] = {
    "binary_matrix": guards.listed,
    "bitwise_arithmetic": guards.bits,
    "countdown": guards.arithmetic,
    "intermediate_integration": guards.algebra,
    "n_queens": guards.listed,
    "number_sorting": guards.sorted_numbers,
    "polynomial_multiplication": guards.algebra,
    "puzzle24": guards.arithmetic,
    "simple_integration": guards.algebra,
    "spiral_matrix": guards.listed,
    "string_insertion": guards.listed,
}
# Their scorers work as long as the answer says, or walk over whatever JSON it is.
GUARDED: dict[str, guards.Guard] = {
    "boxnet": guards.json_value(list),
    "codeio": guards.output_value,
    "coin_flip": guards.probability,
    "game_of_life_halting": lambda answer, entry: answer if answer.strip().lower() in {"true", "false"} else None,
    "graph_color": guards.json_value(dict),
    "propositional_logic": guards.conclusion,
    "rubiks_cube": guards.moves(r"[UDLRFBMESXYZudlrfbmesxyzw]{1,3}'?\d{0,1}'?"),
    "rush_hour": guards.moves(r"[A-Z][+-]\d{1,2}"),
}
REFUSED: dict[str, str] = {"composite": "it is a mixture: name its parts instead"}

TRUSTED: frozenset[str] = frozenset(
    """
    ab acre advanced_geometry aiw arc_1d arc_agi base_conversion basic_arithmetic bf binary_alternation caesar_cipher calendar_arithmetic
    chain_sum circuit_logic color_cube_rotation complex_arithmetic count_bits count_primes course_schedule cryptarithm decimal_arithmetic
    decimal_chain_sum dice emoji_mystery family_relationships figlet_font fraction_simplification futoshiki game_of_life gcd group_anagrams
    gsm_symbolic isomorphic_strings jugs kakurasu knight_swap knights_knaves largest_island lcm leg_counting letter_counting letter_jumble
    list_functions mahjong_puzzle manipulate_matrix maze mini_sudoku modulo_grid needle_haystack number_filtering number_format
    number_sequence palindrome_generation palindrome_partitioning path_star polynomial_equations pool_matrix power_function
    prime_factorization products quantum_lock ransom_note rearc rectangle_count rotate_matrix rotten_oranges self_reference
    sentence_reordering shortest_path simple_equations simple_geometry sokoban spell_backward string_manipulation string_splitting
    string_synthesis sudoku survo syllogism time_intervals tower_of_hanoi tsumego word_ladder word_sequence_reversal word_sorting
    zebra_puzzles
    """.split()  # noqa: SIM905  # ninety quoted names are harder to read
)

FAMILIES = TRUSTED | EVALUATED.keys() | GUARDED.keys()

Entry = dict[str, Any]

# Families that store no answer: where an item of theirs holds one all the same, or else an answer that the scorer can read and pays something for.
STORED_ELSEWHERE: dict[str, Callable[[Entry], str]] = {
    "graph_color": lambda entry: json.dumps(entry["metadata"]["possible_answer"]),
    "propositional_logic": lambda entry: str(entry["metadata"]["example_answer"]),
    "rubiks_cube": lambda entry: str(entry["metadata"]["example_correct_answer"]),
}
READABLE = {"boxnet": "[]", "rush_hour": "A+0"}


def _same_words(answer: str, entry: Entry) -> bool:
    return bool(answer.lower().split() == entry["answer"].lower().split())


def _same_json(answer: str, entry: Entry) -> bool:
    return bool(json.loads(answer) == json.loads(entry["answer"]))


def _one_number(answer: str, entry: Entry) -> bool:
    numbers = re.findall(r"-?\d[\d,]*(?:\.\d+)?", answer)
    return len(numbers) == 1 and float(numbers[0].replace(",", "")) == float(entry["answer"])


def _all_numbers(answer: str, entry: Entry) -> bool:
    return all(math.isfinite(float(part)) for part in answer.split(","))


def _same_items(answer: str, entry: Entry) -> bool:
    return bool([w.strip() for w in answer.split(",")] == entry["metadata"]["sorted_words"])


def _as_given(answer: str, entry: Entry) -> bool:
    return guards.numbers_in(answer) == sorted(entry["metadata"]["numbers"])


def _same_floats(answer: str, entry: Entry) -> bool:
    found, wanted = (json.loads(text.replace("'", '"')) for text in (answer, entry["answer"]))
    return [float(x) for x in found] == [float(x) for x in wanted]


_INTERVAL = re.compile(r"-?\d+( days?)?|(-?\d+ days?, *)?\d+:\d+(:\d+(\.\d+)?)?")
_FRACTION = re.compile(r"\$*\s*(?:\\d?frac\s*\{\s*-?\d+\s*\}\s*\{\s*-?\d+\s*\}|-?\d+\s*/\s*-?\d+)\s*\$*", re.IGNORECASE)

CONFIRM: dict[str, Callable[[str, Entry], bool]] = {
    "advanced_geometry": lambda answer, entry: answer.count(",") <= 1,  # a second pair of coordinates is not read
    "calendar_arithmetic": lambda answer, entry: answer.strip().lower() == entry["answer"].lower() or int(answer) == int(entry["answer"]),
    "coin_flip": lambda answer, entry: (
        abs(Fraction(answer.replace(" ", "")) - Fraction(entry["answer"])) <= Fraction(1, 10_000)
    ),  # a common prefix is enough
    "complex_arithmetic": lambda answer, entry: "nan" not in answer.lower(),  # NaN gets full credit
    "countdown": lambda answer, entry: guards.exact(answer) == entry["metadata"]["target"],  # near is enough
    "cryptarithm": lambda answer, entry: len(answer.split(",")) == len({p.split("=")[0].strip() for p in answer.split(",")}),
    "figlet_font": lambda answer, entry: answer.replace(" ", "").lower() == entry["answer"].strip().lower(),  # ten right letters are enough
    "fraction_simplification": lambda answer, entry: _FRACTION.fullmatch(answer) is not None,  # text after a fraction is not read
    "game_of_life": _same_json,  # cells outside the grid are not read
    "game_of_life_halting": lambda answer, entry: answer.strip().lower() == str(entry["answer"]).strip().lower(),  # any answer is enough
    "gsm_symbolic": _one_number,  # only the first number is read, and not its sign
    "letter_jumble": _same_words,  # words after the right ones are not read
    "number_sorting": _same_floats,  # a difference of one is not seen
    "polynomial_equations": _all_numbers,  # what is no number is not read
    "propositional_logic": lambda answer, entry: (
        "".join(answer.split()) not in {"".join(p.split()) for p in entry["metadata"]["premises"]}
    ),  # a premise is enough
    "puzzle24": lambda answer, entry: guards.exact(answer) == 24 and _as_given(answer, entry),  # four other numbers are enough, and 24.5
    "spell_backward": _same_words,  # letters after the right ones are not always read
    "time_intervals": lambda answer, entry: _INTERVAL.fullmatch(answer) is not None,  # a second interval is not read
    "word_sorting": _same_items,  # words after the right ones are not read
}


def check_task(task: str) -> None:
    """Raise UsageError, with the reason, unless answers to `task` can be judged here."""
    if task in REFUSED:
        raise UsageError(f"reasoning-gym's {task} cannot be verified: {REFUSED[task]}")
    if task not in FAMILIES:
        raise UsageError(f"reasoning-gym has no task {task!r} whose scorer was checked; `logic` knows {len(FAMILIES)} tasks")
    if task in EVALUATED:
        sandbox.tier()


def _asked(task: str, answer: str, gold: str) -> list[Any]:
    """What the scorer says, as logic_scorers gives it. Raises CallFailed where it does not end in the sandbox's limits."""
    if find_spec(GYM) is None:
        raise MissingExtra("reasoning-gym", "", "verifying logic puzzles")
    if task in EVALUATED:
        found: list[Any] = sandbox.call(SCORE, [task, answer, gold], limits=LIMITS, preload=[GYM])
        return found
    from curate.verifiers import logic_scorers

    return logic_scorers.score(task, answer, gold)


def _credit(task: str, answer: str, gold: str) -> tuple[float, str]:
    """The credit, 0 to 1, and why it is not full."""
    entry = json.loads(gold)["entry"]
    guard = EVALUATED.get(task) or GUARDED.get(task)
    try:
        text = answer if guard is None else guard(answer, entry)
    except SCORER_ERRORS as error:  # of a damaged item
        return 0.0, f"the item could not be read: {type(error).__name__}"
    if text is None:
        return 0.0, "it is not of the form that is asked for"
    said, value = _asked(task, text, gold)
    if said == "raised":
        return 0.0, f"the scorer could not read it: {value}"
    score = float(value)
    if not 0 <= score <= 1 + 1e-9:  # not a credit: NaN, or a distance taken for one
        return 0.0, "no credit"
    if score < FULL:
        return score, "partial credit" if score else "no credit"
    try:
        confirmed = task not in CONFIRM or CONFIRM[task](text, entry)
    except SCORER_ERRORS as error:
        return 0.0, f"it could not be read: {type(error).__name__}"
    return (1.0, "") if confirmed else (0.0, "the scorer pays for more than the answer")


@lru_cache(maxsize=1024)
def _sound(task: str, gold: str) -> bool:
    """Whether the scorer accepts the stored answer, or, where none is stored, can read the item."""
    entry = json.loads(gold)["entry"]
    if task in READABLE:
        return _credit(task, READABLE[task], gold)[0] > 0
    own = _own_answer(task, entry)
    if own is None:
        return "Integral(" in str(entry["answer"]) and guards.algebra("1", entry) is not None
    return own.strip() != "" and (
        _credit(task, own, gold)[0] >= FULL or (task == "propositional_logic" and _credit(task, own, gold)[1] != "")
    )


def _own_answer(task: str, entry: Entry) -> str | None:
    """The answer that an item carries; None where it is none that could be given."""
    try:
        found = STORED_ELSEWHERE[task](entry) if task in STORED_ELSEWHERE else entry["answer"]
    except (KeyError, TypeError):
        return None
    return found if isinstance(found, str) and "Integral(" not in found else None


def _task(gold: str | None) -> str | None:
    """The task that a gold is for; None for a gold of another shape."""
    try:
        value = json.loads(gold or "")
        task, entry = value["task"], value["entry"]
        stores = task not in STORED_ELSEWHERE and task not in READABLE
        whole = isinstance(task, str) and isinstance(entry["metadata"], dict) and (isinstance(entry["answer"], str) or not stores)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return task if whole else None


def verify(answer: Answer, prompt: Prompt) -> Verdict:
    """`prompt.gold` is JSON {"task": name, "entry": {"question", "answer", "metadata"}}, the entry as reasoning-gym made it. Raises NoSandbox for a family that needs one where there is none."""
    gold = prompt.gold or ""
    task = _task(prompt.gold)
    if task is None:
        return Verdict("unparsable_gold", reason='the gold is not JSON {"task", "entry": {"answer", "metadata"}}')
    if task not in FAMILIES:
        return Verdict("unverifiable", reason=f"{task}: {REFUSED.get(task, 'its scorer was not checked')}")
    found = stated(answer.response)
    if found is None:
        return Verdict("no_answer", 0.0, NO_ANSWER)
    if len(found) > max(LONGEST_ANSWER, 10 * len(gold)):
        return Verdict("wrong", 0.0, f"{len(found)} characters are no answer", found[:200])
    try:
        score, reason = _credit(task, found, gold)
        if score >= FULL:
            return Verdict("correct", 1.0, extracted=found)
        if not _sound(task, gold):
            return Verdict("unparsable_gold", reason="the scorer does not accept the stored answer", extracted=found)
    except sandbox.CallFailed as error:
        return Verdict("unverifiable", reason=f"the scorer reached no verdict: {error}", extracted=found)
    return Verdict("wrong", score, reason, found)


def lenient(answer: Answer, prompt: Prompt) -> Verdict:
    """The verdict where the last line, or the last number, is an answer too, of the chain where nothing follows it."""
    text = loosely.text_of(answer)
    return loosely.best(verify, replace(answer, response=text), prompt, [loosely.last_line(text), loosely.last_number(text)])


def reference(prompt: Prompt) -> str | None:
    """The answer that the gold carries, in its tags; None where it carries none."""
    task = _task(prompt.gold)
    if task is None or task not in FAMILIES:
        return None
    entry = json.loads(prompt.gold or "")["entry"]
    found = _own_answer(task, entry) if task not in READABLE else None
    if found is None or (task == "propositional_logic" and not CONFIRM[task](found, entry)):  # some of its examples only repeat a premise
        return None
    return f"<answer>{found}</answer>"
