"""Two languages in one text: the filter of the recipe whose absence R1-Zero's readers complained of. Chain and response are judged apart, each by its own main language, which is the question's where it is a good part of the text.

Two numbers, since one does not do. The share of words in other languages finds texts that go back and forth, but one Chinese clause in a chain of 5,000 words is a thousandth. So the words in stretches
are counted too (`curate.language.Reading`): words of another script that are no name, term or quotation, and sentences that are too long to be a title. They are told by script and function words, never
by the model, whose one wrong guess in a thousand sentences would be in every long chain.

Where the question is about other languages (`curate/language/task.py`), these and its own are at home in the text; of a translation nothing is measured. A text that is all in a language other than
the question's is not mixed: `language_differs_from_question`. R1's method and threshold are not published.
"""

from collections.abc import Mapping

from curate.filters import language_differs
from curate.filters.base import PARTS, Filter, Limit, Metric, Trace, Value, count, share
from curate.language import KNOWN, UNKNOWN, Reading, same

LEAST = 10  # words whose language is known, for any verdict
LEAST_SHARE = 50  # and for a share: in fewer, "the final answer is" would be a tenth
SHARE = 0.1
WORDS = 3

_SHARE_SOURCE = "not published; as in the verifier `language`: texts in one language stay below 0.05 with all their terms and names, and one that mixes in every tenth word is unpleasant to read"
_WORDS_SOURCE = "not published; a clause has four words, and two characters are a word of Chinese, so seven are no longer a term or two"


def _measured(found: Reading, about: frozenset[str], asked: str | None) -> tuple[float | None, int | None]:
    """Share and number of words in other languages; None where there is too little to tell."""
    known = {language: words for language, words in found.words.items() if language != UNKNOWN}
    total = sum(known.values())
    if total < LEAST or total < KNOWN * found.words.total():
        return None, None
    own = max(known, key=known.__getitem__)
    if asked is not None and sum(known[language] for language in known if same(language, asked)) > language_differs.SHARE * total:
        own = asked  # a third of a text in the question's language makes it its own, though one long sentence may outweigh it
    home = {own, *about}
    foreign = {language for language in {*known, *found.stretches} if not any(same(language, own) for own in home)}
    if about:
        foreign.discard(UNKNOWN)
    other = sum(known.get(language, 0) for language in foreign)
    return other / total if total >= LEAST_SHARE else None, sum(found.stretches[language] for language in foreign)


def measure(trace: Trace) -> Mapping[str, Value]:
    """The filter's metrics."""
    values, asked = dict[str, Value](), language_differs.question_language(trace)
    for part in PARTS:
        found = trace.readings[part]
        if trace.part(part):
            values[f"{part}_counted_words"] = found.words.total()
        if trace.spoken_of is not None:
            values[f"{part}_other_language"], values[f"{part}_other_language_words"] = _measured(found, trace.spoken_of, asked)
    return values


_METRICS: dict[str, Metric] = {}
for _part in PARTS:
    _METRICS[f"{_part}_counted_words"] = count(
        f"words of the {_part}, without code, formulas and symbols; two Chinese or Japanese characters are one"
    )
    _METRICS[f"{_part}_other_language"] = share(
        f"share of the {_part}'s words, of those whose language is known, in another than its main language"
    )
    _METRICS[f"{_part}_other_language_words"] = count(f"words of the {_part} in clauses and sentences of another language")

FILTER = Filter(
    "mixed_language",
    "1",
    measure,
    metrics=_METRICS,
    limits=[
        *(Limit(f"{part}_share", f"{part}_other_language", SHARE, "mixed_language", _SHARE_SOURCE) for part in PARTS),
        *(Limit(f"{part}_words", f"{part}_other_language_words", WORDS, "mixed_language", _WORDS_SOURCE) for part in PARTS),
    ],
    settings={"least_words": LEAST, "least_words_for_a_share": LEAST_SHARE},
)
