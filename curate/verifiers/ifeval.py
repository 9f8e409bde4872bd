"""Instruction constraints: all 25 kinds of IFEval (arXiv 2311.07911), checked by rule on the response, never on the chain.

Correct is a response that follows every constraint as it stands (strict). Beside that each is tried on eight relaxed variants of the response, as in the paper (without its first line, its last, both;
each also without asterisks): followed by one of them is loose. Both results stand in `detail` for each constraint; the gold's "mode": "loose", or the prompt's `meta`, makes the loose ones
decide. The score of a wrong response is the share of constraints that it follows.

Departs from the published harness: what cannot be told (a language, from two words) is neither followed nor not, and the response is `unverifiable` unless another constraint fails; missing
parameters are an unparsable gold, not random ones; nothing is downloaded. The differences of single kinds are in `constraints/`.
"""

import json
import re
from functools import lru_cache

from curate.records import Answer, Prompt, Verdict, canonical_json
from curate.verifiers.constraints.base import BadParameter, Check
from curate.verifiers.constraints.gold import MODES, Wanted, parse
from curate.verifiers.extraction import NO_ANSWER

VERSION = "3"

_ANSWER = re.compile(r"\s*<answer>\s*((?:(?!</?answer>).)*?)\s*</answer>\s*", re.DOTALL)

parsed = lru_cache(maxsize=256)(parse)


def variants(response: str) -> list[str]:
    """The response and its seven relaxed forms, those that are blank left out."""
    lines = response.split("\n")
    cut = [response, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    return [v for v in dict.fromkeys([*cut, *(c.replace("*", "") for c in cut)]) if v.strip()]


def told(response: str) -> str:
    """The response without the pair of answer tags that stands around all of it, which is R1-Zero's form and nothing that a reader is told."""
    found = _ANSWER.fullmatch(response)
    return found[1] if found else response


def _loosely(check: Check, relaxed: list[str]) -> bool | None:
    """Whether one of the variants follows the constraint; None where none does and one cannot be told."""
    undecided = False
    for variant in relaxed:
        followed = check(variant)
        if followed:
            return True
        undecided = undecided or followed is None
    return None if undecided else False


def _mode(wanted: Wanted, prompt: Prompt) -> str:
    if wanted.mode is not None:
        return wanted.mode
    try:
        meta = json.loads(prompt.meta)
    except ValueError:
        return "strict"
    named = meta.get("mode") if isinstance(meta, dict) else None
    return named if named in MODES else "strict"


def verify(answer: Answer, prompt: Prompt) -> Verdict:
    """`prompt.gold` is JSON, as in `constraints/gold.py`. An empty response is `no_answer`."""
    try:
        wanted = parsed(prompt.gold)
    except BadParameter as error:
        return Verdict("unparsable_gold", reason=str(error))
    response = told(answer.response)
    if not response.strip():
        return Verdict("no_answer", 0.0, NO_ANSWER)
    relaxed = variants(response)
    results = []
    for kind, check in wanted.constraints:
        strict = check(response)
        results.append({"id": kind, "strict": strict, "loose": True if strict else _loosely(check, relaxed)})
    mode = _mode(wanted, prompt)
    detail = canonical_json({"mode": mode, "constraints": results})
    failed = [str(r["id"]) for r in results if r[mode] is False]
    undecided = [str(r["id"]) for r in results if r[mode] is None]
    if failed:
        followed = len(results) - len(failed) - len(undecided)
        return Verdict("wrong", followed / (followed + len(failed)), f"not followed: {', '.join(failed)}", detail=detail)
    if undecided:
        return Verdict("unverifiable", reason=f"too little text to tell: {', '.join(undecided)}", detail=detail)
    return Verdict("correct", 1.0, detail=detail)


def lenient(answer: Answer, prompt: Prompt) -> Verdict:
    """The verdict by the loose results."""
    found = verify(answer, prompt)
    loose = found.detail is not None and all(result["loose"] for result in json.loads(found.detail)["constraints"])
    return Verdict("correct", 1.0, detail=found.detail) if loose else found
