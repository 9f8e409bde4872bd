"""The language of a sample: whether its chain and its response, each for itself, are in the wanted language.

Code, formulas, names, short quotations and technical terms do not count against a text (`curate/language`). The wanted language is the gold's ("en", or {"language": "en"}), else the one that the
prompt's `meta` names, else the prompt's own. A text that holds no words that can be told is not judged: a response that is a formula is in no language.
"""

import json
import re

from curate import language
from curate.records import Answer, Prompt, Verdict, canonical_json

VERSION = "3"

# Of the words of chain and of response. Texts in one language stay above 0.95 with all their terms and names (tests/test_language.py); one that mixes in every tenth word is unpleasant to read.
THRESHOLD = 0.9


def _object(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def wanted_language(prompt: Prompt) -> object:
    """What the prompt says its answer's language is: normally a code; None where it does not say."""
    gold = (prompt.gold or "").strip()
    if gold:
        return _object(gold).get("language") if gold.startswith("{") else gold
    return _object(prompt.meta).get("language") or prompt.language


def verify(answer: Answer, prompt: Prompt) -> Verdict:
    """Correct where each part that has words has at least THRESHOLD of them in the wanted language; when wrong, the score is the smaller share. `detail` has both shares."""
    named = wanted_language(prompt)
    wanted = language.code(named) if isinstance(named, str) else ""
    if not re.fullmatch("[a-z]{2,3}", wanted):
        said = "names no language" if named is None else f"names {str(named)[:60]!r}, which is no language code such as en"
        return Verdict("unparsable_gold", reason=f"the prompt {said}")
    if not language.recognised(wanted):
        return Verdict(
            "unverifiable", reason=f"{wanted} is no language that can be told here (the packages of the extra filters tell more)"
        )
    shares = {
        part: None if text is None else language.share(text, wanted)
        for part, text in (("reasoning", answer.reasoning), ("response", answer.response))
    }
    detail = canonical_json({"language": wanted, **{part: None if s is None else round(s, 4) for part, s in shares.items()}})
    judged = {part: s for part, s in shares.items() if s is not None}
    if not judged:
        return Verdict("unverifiable", reason="no words whose language can be told", detail=detail)
    low = [f"{s:.0%} of the {part} is {wanted}" for part, s in judged.items() if s < THRESHOLD]
    if low:
        return Verdict("wrong", min(judged.values()), ", ".join(low), detail=detail)
    return Verdict("correct", 1.0, detail=detail)
