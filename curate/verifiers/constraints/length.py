"""Constraints on how much is written.

Departs from the published checkers: sentences are counted without NLTK (see `sentences.py`); the n-th paragraph is the n-th that is not blank, where the published code counts blank ones too
when it looks for the word, though not when it counts paragraphs.
"""

import re
from collections.abc import Mapping

from curate.verifiers.constraints.base import BadParameter, Check, Maker, Parameters, number, relation, text
from curate.verifiers.constraints.sentences import sentences

_WORD = re.compile(r"\w+")
_DIVIDERS = {"***": re.compile(r"\s?\*\*\*\s?"), "* * *": re.compile(r"\s?(?:\*\*\*|\* \* \*)\s?")}
_FIRST_WORD_ENDS = re.compile(r"[.,?!'\"]")


def number_sentences(parameters: Parameters) -> Check:
    """So many sentences."""
    wanted, compare = number(parameters, "num_sentences"), relation(parameters, "relation")
    return lambda response: compare(len(sentences(response)), wanted)


def number_words(parameters: Parameters) -> Check:
    """So many words: runs of letters, digits and underscores, so "don't" and "well-known" are two each and a Chinese clause is one."""
    wanted, compare = number(parameters, "num_words"), relation(parameters, "relation")
    return lambda response: compare(sum(1 for _ in _WORD.finditer(response)), wanted)


def number_paragraphs(parameters: Parameters) -> Check:
    """Exactly so many paragraphs with `***` between them. Before the first and after the last the divider may stand too; nothing between two dividers is a fault.

    `divider` may be "* * *", as our reading of other data sets it: then either form divides.
    """
    wanted, divider = number(parameters, "num_paragraphs"), _DIVIDERS.get(str(parameters.get("divider", "***")))
    if divider is None:
        raise BadParameter(f"divider must be one of {', '.join(_DIVIDERS)}")

    def check(response: str) -> bool:
        blank = [not p.strip() for p in divider.split(response)]
        return not any(blank[1:-1]) and len(blank) - blank[0] - (blank[-1] if len(blank) > 1 else 0) == wanted

    return check


def _first_word(paragraph: str) -> str:
    """The first word in lower case, up to a mark of punctuation; quotation marks before it are left out."""
    return _FIRST_WORD_ENDS.split(paragraph.split()[0].lstrip("'").lstrip('"'))[0].lower()


def nth_paragraph_first_word(parameters: Parameters) -> Check:
    """Exactly so many paragraphs with an empty line between them, the n-th of which begins with a word, in any case."""
    wanted, nth, word = number(parameters, "num_paragraphs", 1), number(parameters, "nth_paragraph", 1), text(parameters, "first_word")
    if nth > wanted:
        raise BadParameter(f"nth_paragraph is {nth}, of {wanted} paragraphs")
    first = _first_word(word)

    def check(response: str) -> bool:
        paragraphs = [p for p in response.split("\n\n") if p.strip()]
        return len(paragraphs) == wanted and _first_word(paragraphs[nth - 1]) == first

    return check


KINDS: Mapping[str, Maker] = {
    "length_constraints:number_sentences": number_sentences,
    "length_constraints:number_paragraphs": number_paragraphs,
    "length_constraints:number_words": number_words,
    "length_constraints:nth_paragraph_first_word": nth_paragraph_first_word,
}
