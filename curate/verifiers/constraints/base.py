"""What the checkers of constraints share: reading their parameters, and comparing counts.

A parameter that is missing or makes no sense is an error of the gold (BadParameter); the published code draws a random one in its place, so that its verdict would say nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any

Parameters = Mapping[str, Any]
Check = Callable[[str], bool | None]  # a response, never blank -> whether the constraint is followed; None where that cannot be told
Maker = Callable[[Parameters], Check]

LARGEST = 1_000_000  # of any count that a constraint asks for
LONGEST = 2_000  # characters of a keyword, a phrase, a marker
MOST = 100  # keywords of one constraint

# "less than" and "at least" are IFEval's; the others stand in data made after it
RELATIONS: Mapping[str, Callable[[int, int], bool]] = {
    "less than": lambda found, wanted: found < wanted,
    "at least": lambda found, wanted: found >= wanted,
    "at most": lambda found, wanted: found <= wanted,
    "exactly": lambda found, wanted: found == wanted,
    "around": lambda found, wanted: abs(found - wanted) <= max(1, round(wanted / 10)),
}


class BadParameter(ValueError):
    """A constraint's parameter is missing or makes no sense; the text says which."""


def number(parameters: Parameters, name: str, least: int = 0) -> int:
    """A count, also one that came as a float without fraction."""
    value = parameters.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= LARGEST:
        raise BadParameter(f"{name} must be a whole number from {least} to {LARGEST}, not {_shown(value)}")
    return value


def text(parameters: Parameters, name: str, longest: int = LONGEST) -> str:
    """A text that is not blank, without white space around it."""
    value = parameters.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise BadParameter(f"{name} must be a text of 1 to {longest} characters, not {_shown(value)}")
    return value.strip()


def texts(parameters: Parameters, name: str) -> list[str]:
    """A list of texts that are not blank."""
    value = parameters.get(name)
    if not isinstance(value, list) or not 1 <= len(value) <= MOST:
        raise BadParameter(f"{name} must be a list of 1 to {MOST} texts, not {_shown(value)}")
    return [text({name: item}, name) for item in value]


def relation(parameters: Parameters, name: str) -> Callable[[int, int], bool]:
    """How a count is compared with the wanted one."""
    value = parameters.get(name)
    if not isinstance(value, str) or value not in RELATIONS:
        raise BadParameter(f"{name} must be one of {', '.join(RELATIONS)}, not {_shown(value)}")
    return RELATIONS[value]


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)[:60]
