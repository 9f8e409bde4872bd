"""Answers to reasoning-gym's puzzles, judged by the family's own scorer.

Departures from calling `score_answer`:
- Only families whose scorer was read (reasoning-gym 0.1.25) and found not to evaluate text, neither the model's nor the gold's. The others are named in REFUSED with the reason.
- Partial credit is not correct: the default scorer pays for merely containing the gold, others for each right word. `score` keeps what was paid.
- Where a scorer pays in full for something that is not the answer (words after it, an "or", NaN), CONFIRM adds a condition of ours.
- An answer is called wrong only after the scorer gave the stored answer full credit: an item that was damaged on its way is `unparsable_gold`.
- The answer is what stands in <answer> tags or a box, or follows "final answer is"; no guessing at the last line.
"""

import importlib
import json
import math
import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from curate.errors import MissingExtra, UsageError
from curate.records import Answer, Prompt, Verdict
from curate.verifiers.extraction import NO_ANSWER, stated

VERSION = "1"

FULL = 1 - 1e-9
SCORER_ERRORS = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, StopIteration, TypeError, ValueError)
LONGEST_ANSWER = 20_000  # characters; no answer of any family comes near it, and scorers walk over all of it

_EVALUATES = "its scorer evaluates the answer as code, which needs the sandbox"
_EVALUATES_GOLD = "its scorer evaluates the stored item as code, which needs the sandbox"
_COST = "the answer decides how long its scorer works"
_NO_GOLD = "it stores no answer that its own scorer accepts, so the scorer cannot be checked"
REFUSED: dict[str, str] = {
    "string_insertion": _EVALUATES,
    "spiral_matrix": _EVALUATES,
    "binary_matrix": _EVALUATES,
    "n_queens": _EVALUATES,
    "countdown": _EVALUATES,
    "puzzle24": _EVALUATES,
    "simple_integration": _EVALUATES,
    "intermediate_integration": _EVALUATES,
    "polynomial_multiplication": _EVALUATES,
    "bitwise_arithmetic": _EVALUATES_GOLD,
    "number_sorting": _EVALUATES_GOLD,
    "codeio": _COST,  # tree edit distance over JSON that the model wrote
    "coin_flip": _COST,  # Fraction("1e999999999"); it also pays in full for a common prefix
    "rubiks_cube": _COST,  # repetition counts in the moves
    "rush_hour": _COST,  # step counts in the moves
    "boxnet": _NO_GOLD,
    "graph_color": _NO_GOLD,
    "propositional_logic": _NO_GOLD,
    "game_of_life_halting": "its scorer accepts every answer",
    "composite": "it is a mixture: name its parts instead",
}

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

Entry = dict[str, Any]


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


_INTERVAL = re.compile(r"-?\d+( days?)?|(-?\d+ days?, *)?\d+:\d+(:\d+(\.\d+)?)?")
_FRACTION = re.compile(r"\$*\s*(?:\\d?frac\s*\{\s*-?\d+\s*\}\s*\{\s*-?\d+\s*\}|-?\d+\s*/\s*-?\d+)\s*\$*", re.IGNORECASE)

CONFIRM: dict[str, Callable[[str, Entry], bool]] = {
    "advanced_geometry": lambda answer, entry: answer.count(",") <= 1,  # a second pair of coordinates is not read
    "calendar_arithmetic": lambda answer, entry: answer.strip().lower() == entry["answer"].lower() or int(answer) == int(entry["answer"]),
    "complex_arithmetic": lambda answer, entry: "nan" not in answer.lower(),  # NaN gets full credit
    "cryptarithm": lambda answer, entry: len(answer.split(",")) == len({p.split("=")[0].strip() for p in answer.split(",")}),
    "figlet_font": lambda answer, entry: answer.replace(" ", "").lower() == entry["answer"].strip().lower(),  # ten right letters are enough
    "fraction_simplification": lambda answer, entry: _FRACTION.fullmatch(answer) is not None,  # text after a fraction is not read
    "game_of_life": _same_json,  # cells outside the grid are not read
    "gsm_symbolic": _one_number,  # only the first number is read, and not its sign
    "letter_jumble": _same_words,  # words after the right ones are not read
    "polynomial_equations": _all_numbers,  # what is no number is not read
    "spell_backward": _same_words,  # letters after the right ones are not always read
    "time_intervals": lambda answer, entry: _INTERVAL.fullmatch(answer) is not None,  # a second interval is not read
    "word_sorting": _same_items,  # words after the right ones are not read
}

# settings under which one instance can score every entry of the family; elsewhere the default will do
SETTINGS: dict[str, dict[str, Any]] = {"word_ladder": {"min_word_length": 3, "max_word_length": 5}}


def check_task(task: str) -> None:
    """Raise UsageError, with the reason, unless answers to `task` can be judged."""
    if task in REFUSED:
        raise UsageError(f"reasoning-gym's {task} cannot be verified: {REFUSED[task]}")
    if task not in TRUSTED:
        raise UsageError(f"reasoning-gym has no task {task!r} whose scorer was checked; `logic` knows {len(TRUSTED)} tasks")


@cache
def _dataset(task: str) -> Any:
    """The scorer's object, made once. The generator in it is not used, its seed does not matter."""
    try:
        gym = importlib.import_module("reasoning_gym")
    except ModuleNotFoundError as error:
        raise MissingExtra("reasoning-gym", "", "verifying logic puzzles") from error
    return gym.create_dataset(task, seed=0, **SETTINGS.get(task, {}))


def _credit(task: str, answer: str, gold: str) -> float:
    """The scorer's credit, 0 to 1; anything raised is the scorer's. The entry is read afresh: some scorers change it."""
    entry = json.loads(gold)["entry"]
    if task in {"arc_agi", "rearc"}:  # grids are compared as tuples, which JSON does not have
        entry["metadata"]["output"] = tuple(tuple(row) for row in entry["metadata"]["output"])
    score = float(_dataset(task).score_answer(answer=answer, entry=entry))
    if not 0 <= score <= 1 + 1e-9:  # not a credit: NaN, or a distance taken for one
        return 0.0
    if score >= FULL:
        return 1.0 if task not in CONFIRM or CONFIRM[task](answer, entry) else 0.0
    return score


@lru_cache(maxsize=1024)
def _accepts_gold(task: str, gold: str) -> bool:
    stored = json.loads(gold)["entry"]["answer"]
    try:
        return isinstance(stored, str) and stored.strip() != "" and _credit(task, stored, gold) >= FULL
    except SCORER_ERRORS:
        return False


def _task(gold: str | None) -> str | None:
    """The task that a gold is for; None for a gold of another shape."""
    try:
        value = json.loads(gold or "")
        task, entry = value["task"], value["entry"]
        whole = isinstance(task, str) and isinstance(entry["answer"], str) and isinstance(entry["metadata"], dict)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return task if whole else None


def verify(answer: Answer, prompt: Prompt) -> Verdict:
    """`prompt.gold` is JSON {"task": name, "entry": {"question", "answer", "metadata"}}, the entry as reasoning-gym made it."""
    gold = prompt.gold or ""
    task = _task(prompt.gold)
    if task is None:
        return Verdict("unparsable_gold", reason='the gold is not JSON {"task", "entry": {"answer", "metadata"}}')
    if task not in TRUSTED:
        return Verdict("unverifiable", reason=f"{task}: {REFUSED.get(task, 'its scorer was not checked')}")
    found = stated(answer.response)
    if found is None:
        return Verdict("no_answer", 0.0, NO_ANSWER)
    if len(found) > max(LONGEST_ANSWER, 10 * len(gold)):
        return Verdict("wrong", 0.0, f"{len(found)} characters are no answer", found[:200])
    try:
        score = _credit(task, found, gold)
        reason = "" if score >= FULL else "partial credit" if score else "no credit"
    except SCORER_ERRORS as error:
        score, reason = 0.0, f"the scorer could not read it: {type(error).__name__}"
    if score >= FULL:
        return Verdict("correct", 1.0, reason, found)
    if not _accepts_gold(task, gold):
        return Verdict("unparsable_gold", reason="the scorer does not accept the stored answer", extracted=found)
    return Verdict("wrong", score, reason, found)
