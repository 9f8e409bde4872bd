"""Reading which constraints a prompt carries, from its gold.

    {"instruction_id_list": ["punctuation:no_comma", ...], "kwargs": [{...}, ...]}      IFEval's own columns; nulls and missing kwargs are no parameters
    {"func_name": "validate_no_commas", ...}                                            RLVR-IFeval's ground_truth, or a list of such

To either object may be added "mode": "strict" (the default) or "loose".
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from curate.verifiers.constraints import KINDS
from curate.verifiers.constraints.base import BadParameter, Check
from curate.verifiers.constraints.rlvr import translated

LONGEST_GOLD = 200_000  # characters
MOST = 32  # constraints of one prompt
MODES = ("strict", "loose")


class Constraint(NamedTuple):
    """One constraint, ready to check a response."""

    kind: str
    check: Check


class Wanted(NamedTuple):
    """What a gold asks for; `mode` is None where it does not say."""

    constraints: tuple[Constraint, ...]
    mode: str | None


def _constraint(kind: object, parameters: object) -> Constraint:
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadParameter(f"the instruction {str(kind)[:80]!r} is not known")
    if parameters is not None and not isinstance(parameters, Mapping):
        raise BadParameter(f"{kind}: its kwargs are no JSON object")
    try:
        return Constraint(kind, KINDS[kind]({k: v for k, v in (parameters or {}).items() if v is not None}))
    except BadParameter as error:
        raise BadParameter(f"{kind}: {error}") from error


def _listed(gold: Mapping[str, Any]) -> list[tuple[object, object]]:
    kinds, parameters = gold.get("instruction_id_list"), gold.get("kwargs")
    if not isinstance(kinds, list):
        raise BadParameter("the gold has neither instruction_id_list nor func_name")
    if parameters is None:
        parameters = [None] * len(kinds)
    if not isinstance(parameters, list) or len(parameters) != len(kinds):
        raise BadParameter(f"{len(kinds)} instructions, and kwargs is no list of as many")
    return list(zip(kinds, parameters, strict=True))


def parse(gold: str | None) -> Wanted:
    """The constraints of a gold. Raises BadParameter, with the reason, for one that cannot be read."""
    if gold is None or len(gold) > LONGEST_GOLD:
        raise BadParameter("there is no gold" if gold is None else f"the gold is longer than {LONGEST_GOLD} characters")
    try:
        value = json.loads(gold)
    except (ValueError, RecursionError):
        raise BadParameter("the gold is no JSON") from None
    several = value if isinstance(value, list) else [value]
    if not all(isinstance(v, Mapping) for v in several):
        raise BadParameter("the gold is no JSON object")
    mode = value.get("mode") if isinstance(value, Mapping) else None
    if mode is not None and mode not in MODES:
        raise BadParameter(f"the mode must be one of {', '.join(MODES)}, not {str(mode)[:60]!r}")
    ours = isinstance(value, Mapping) and "func_name" not in value
    pairs = _listed(value) if ours else [translated(v) for v in several]
    if not 1 <= len(pairs) <= MOST:
        raise BadParameter(f"{len(pairs)} instructions: there must be 1 to {MOST}")
    return Wanted(tuple(_constraint(kind, parameters) for kind, parameters in pairs), mode)
