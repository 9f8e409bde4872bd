"""Constraints on which words and letters occur.

Departs from the published checkers: a keyword is text, not a regular expression, so that "C++" and "(a+)+$" mean what they say; a forbidden word that begins or ends in a symbol is found too;
a letter may be any one character, where the published code replaces what is not a to z by a random letter.
"""

import re
from collections.abc import Mapping

from curate.verifiers.constraints.base import BadParameter, Check, Maker, Parameters, number, relation, text, texts


def _whole(word: str) -> re.Pattern[str]:
    """The word with no letter, digit or underscore right before or after it, in any case."""
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)


def existence(parameters: Parameters) -> Check:
    """Every keyword occurs, in any case, also inside a longer word."""
    keywords = [k.lower() for k in texts(parameters, "keywords")]

    def check(response: str) -> bool:
        lower = response.lower()
        return all(k in lower for k in keywords)

    return check


def frequency(parameters: Parameters) -> Check:
    """A keyword occurs so many times, in any case, also inside longer words unless `whole_words` is set (by our reading of other data: IFEval does not have it)."""
    keyword, wanted, compare = text(parameters, "keyword"), number(parameters, "frequency"), relation(parameters, "relation")
    if parameters.get("whole_words"):
        pattern = _whole(keyword)
        return lambda response: compare(sum(1 for _ in pattern.finditer(response)), wanted)
    lower = keyword.lower()
    return lambda response: compare(response.lower().count(lower), wanted)


def forbidden_words(parameters: Parameters) -> Check:
    """None of the words occurs as a whole word, in any case."""
    patterns = [(w.lower(), _whole(w)) for w in texts(parameters, "forbidden_words")]

    def check(response: str) -> bool:
        lower = response.lower()
        return not any(word in lower and pattern.search(response) for word, pattern in patterns)

    return check


def letter_frequency(parameters: Parameters) -> Check:
    """A letter occurs so many times, in any case."""
    letter, wanted, compare = text(parameters, "letter"), number(parameters, "let_frequency"), relation(parameters, "let_relation")
    if len(letter) != 1:
        raise BadParameter(f"letter must be one character, not {letter[:60]!r}")
    lower = letter.lower()
    return lambda response: compare(response.lower().count(lower), wanted)


KINDS: Mapping[str, Maker] = {
    "keywords:existence": existence,
    "keywords:frequency": frequency,
    "keywords:forbidden_words": forbidden_words,
    "keywords:letter_frequency": letter_frequency,
}
