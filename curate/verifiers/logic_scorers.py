"""reasoning-gym's own scorers, called by name: in the sandbox's warm server, or in the pool's own process where they were found harmless.

The result is what the scorer says and nothing else; which answers may be handed to it, and whether full credit is deserved, is decided outside (logic.py).
"""

import json
from functools import cache
from typing import Any

# settings under which one instance can score every entry of the family; elsewhere the default will do
SETTINGS: dict[str, dict[str, Any]] = {"word_ladder": {"min_word_length": 3, "max_word_length": 5}}
# What a scorer raises of an answer that it cannot read.
SCORER_ERRORS = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, StopIteration, TypeError, ValueError)


@cache
def scorer(task: str) -> Any:
    """The scorer's object, made once. The generator in it is not used, its seed does not matter."""
    import reasoning_gym

    return reasoning_gym.create_dataset(task, seed=0, **SETTINGS.get(task, {}))


def score(task: str, answer: str, gold: str) -> list[Any]:
    """["credit", the scorer's number], or ["raised", the name of what it raised]. `gold` is the prompt's; it is read afresh, since some scorers change the entry."""
    entry = json.loads(gold)["entry"]
    if task in {"arc_agi", "rearc"}:  # grids are compared as tuples, which JSON does not have
        entry["metadata"]["output"] = tuple(tuple(row) for row in entry["metadata"]["output"])
    try:
        return ["credit", float(scorer(task).score_answer(answer=answer, entry=entry))]
    except SCORER_ERRORS as error:
        return ["raised", type(error).__name__]
