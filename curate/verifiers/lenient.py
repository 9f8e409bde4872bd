"""A looser reading of a sample, for evaluations: is the right answer there, though not where the form asks for it?

A verifier that knows one has a function `lenient(answer, prompt) -> Verdict`; where it has none, lenient is what the verifier says. Beside the strict verdict it tells a gain in form from a gain in knowledge,
and nothing is ever kept or rewarded by it: a last number that happens to be right is counted as right here.
"""

import re
from dataclasses import replace
from functools import lru_cache

from curate.records import Answer, Prompt, Verdict
from curate.verifiers import Verifier, companion

LOOKED_AT = 20_000  # characters from a text's end: what is found last counts

# the last of these is the answer in the `flexible-extract` of lm-evaluation-harness for GSM8K; fractions and minus signs of print are added here
_NUMBER = re.compile(r"[-−]?\$?\d(?:[\d,]*\d)?(?:\.\d+)?(?:\s?/\s?\d+)?")


@lru_cache(maxsize=256)
def of(verifier: str) -> Verifier | None:
    """The verifier's looser reading; None where it has none. Raises UsageError where there is no such verifier."""
    return companion(verifier, "lenient")


def verify(answer: Answer, prompt: Prompt) -> Verdict:
    """The looser reading of the prompt's own verifier, in the form of a verifier; for prompts whose verifier has one."""
    reading = of(prompt.verifier or "")
    assert reading is not None
    return reading(answer, prompt)


def text_of(answer: Answer) -> str:
    """Where the answer is looked for: the response, or the chain where nothing follows it."""
    return (answer.response.strip() or (answer.reasoning or "").strip())[-LOOKED_AT:]


def last_line(text: str) -> str | None:
    """The last line that holds something, without emphasis and final stop."""
    lines = [line for line in (raw.strip(" \t*_`$") for raw in text.splitlines()) if line]
    return lines[-1].removesuffix(".").strip(" *_`$") or None if lines else None


def last_number(text: str) -> str | None:
    """The last number, without a sign of currency."""
    found = _NUMBER.findall(text)
    return found[-1].replace("$", "") if found else None


def best(verifier: Verifier, answer: Answer, prompt: Prompt, stated: list[str | None]) -> Verdict:
    """The first verdict that is `correct` on the texts `stated` as if each were the answer in its tags; else the one on the sample itself."""
    for text in dict.fromkeys(t for t in stated if t):
        found = verifier(replace(answer, response=f"<answer>{text}</answer>"), prompt)
        if found.status == "correct":
            return found
    return verifier(answer, prompt)
