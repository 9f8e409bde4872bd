"""A chain, or a response, that is in another language than the question. R1's chains are in the question's language: the reward of the second stage asks for it, and the cold-start data were translated to it.

The question's language is what its source says, else what its words say; a question of few words, or one whose instruction and text are in two languages, says nothing. A language that the question asks
for or is about counts as the question's own, and of a translation nothing is measured.
"""

from collections.abc import Mapping

from curate import language
from curate.filters.base import PARTS, Filter, Limit, Trace, Value, share
from curate.language import KNOWN, UNKNOWN, same, task

LEAST = 10  # words whose language is known, and words of another one in sentences that are no names or titles: a short answer may be a term, a long one a list of names
SHARE = 0.3

_SOURCE = "not published; below it hardly a third of the words are in the language of the question, above it the text is mixed, which mixed_language tells"


def question_language(trace: Trace) -> str | None:
    """The language of the question, where it can be said."""
    said = language.code(trace.language or "")
    return said if trace.language and language.recognised(said) else task.asked_in(trace.question, trace.readings["question"])


def measure(trace: Trace) -> Mapping[str, Value]:
    """The filter's metrics."""
    own = question_language(trace)
    if own is None or trace.spoken_of is None:
        return {}
    home, values = {own, *trace.spoken_of}, dict[str, Value]()
    for part in PARTS:
        found, sure = trace.readings[part]
        known = found.total() - found[UNKNOWN]
        away = [told for told in found if told != UNKNOWN and not any(same(told, wanted) for wanted in home)]
        elsewhere = sum(found[told] for told in away)
        if known >= LEAST and known >= KNOWN * found.total() and (not elsewhere or sum(sure[told] for told in away) >= LEAST):
            values[f"{part}_question_language"] = 1 - elsewhere / known
    return values


FILTER = Filter(
    "language_differs_from_question",
    "1",
    measure,
    metrics={
        f"{part}_question_language": share(f"share of the {part}'s words, of those whose language is known, in the question's language")
        for part in PARTS
    },
    limits=[Limit(part, f"{part}_question_language", SHARE, "language_differs_from_question", _SOURCE, over=False) for part in PARTS],
    settings={"least_words": LEAST},
)
