"""Words of a text by language, and the share of the wanted one: for filters, for the verifier `language` and for the reward of the same name.

A word is what is left when code, LaTeX, addresses, numbers and symbols are gone, at least two letters long. Chinese and Japanese have no spaces: two characters are one word there, in Thai, Lao,
Khmer and Burmese four (`scripts.py`). Languages are ISO 639-1 codes, three letters where there is none. Scripts decide first, function words next, a model (the extra `filters`) only on what
these do not settle; without it such words are "und", which no share counts. `segments.py` says whose names, terms and quotations are.
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping

from curate.language import model
from curate.language.codes import code, same
from curate.language.function_words import FUNCTION_WORDS
from curate.language.scripts import ALONE
from curate.language.segments import UNKNOWN, Reading, read
from curate.language.strip import strip

__all__ = ["UNKNOWN", "Reading", "code", "detect", "majority", "reading", "recognised", "same", "share", "strip", "words"]

KNOWN = 0.5  # of the words must have a language, else nothing is said of the text
_RULED = frozenset({*FUNCTION_WORDS, *ALONE.values(), "zh", "ja"})


def reading(text: str) -> Reading:
    """How many words of `text` are in which language, and how many of those are in stretches that are no names, titles or terms."""
    text = strip(text)
    return read(text if text.isascii() else unicodedata.normalize("NFC", text))


def words(text: str) -> Counter[str]:
    """How many words of `text` are in which language; those of no known language under "und"."""
    return reading(text).words


def share(text: str, language: str) -> float | None:
    """The share of `language` in the words whose language is known; None where there are no words, or half of them are unknown."""
    found = words(text)
    known = found.total() - found[UNKNOWN]
    return found[code(language)] / known if known and known >= KNOWN * found.total() else None


def majority(found: Mapping[str, int]) -> str | None:
    """The language with the most words of those counted; None where that cannot be said: no words, too few to tell, a tie."""
    known = Counter(found)
    everything, unknown = known.total(), known.pop(UNKNOWN, 0)
    ranked = known.most_common(2)
    if not ranked or everything - unknown < KNOWN * everything or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def detect(text: str) -> str | None:
    """The language that most of a text is in, where it can be told."""
    return majority(words(text))


def recognised(language: str) -> bool:
    """Whether texts in `language` can be told here: by rule, or by the model where that is installed."""
    return code(language) in _RULED or (model.available() and code(language) in model.languages())
