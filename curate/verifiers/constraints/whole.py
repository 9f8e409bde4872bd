"""Constraints on the response as a whole: its language and case, how it begins and ends, commas.

Departs from the published checkers: the language is told by `curate.language`, the same way every time (theirs draws random numbers), and too little text to tell is undecided, where theirs
counts as followed; words in capitals are counted without NLTK's tokenizer, a contraction being one word ("I'M": theirs counts "I" and "'M").
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from curate import language
from curate.verifiers.constraints.base import BadParameter, Check, Maker, Parameters, number, relation, text

LONGEST_PROMPT = 100_000  # characters of a prompt that is to be repeated
_TOKEN = re.compile(r"[^\s*`;@#$%&,:()\[\]{}<>?!\"“”«»…—–]+")
_CONTRACTION = re.compile(r"(?:n?['’](?:s|m|d|t|re|ve|ll))\Z", re.IGNORECASE)

_detected = lru_cache(maxsize=16)(language.detect)  # several constraints ask of the same variants of a response


def response_language(parameters: Parameters) -> Check:
    """Most words are in the language."""
    wanted = language.code(text(parameters, "language"))
    if not re.fullmatch("[a-z]{2,3}", wanted):
        raise BadParameter(f"language must be a code such as en, not {wanted[:60]!r}")

    def check(response: str) -> bool | None:
        found = _detected(response)
        if not language.recognised(wanted):
            return None
        return None if found is None else found == wanted

    return check


def _in_english(response: str) -> bool | None:
    found = _detected(response)
    return None if found is None else found == "en"


def english_capital(parameters: Parameters) -> Check:
    """English, without a small letter."""
    return lambda response: _in_english(response) if response.isupper() else False


def english_lowercase(parameters: Parameters) -> Check:
    """English, without a capital letter."""
    return lambda response: _in_english(response) if response.islower() else False


def capital_words(response: str) -> int:
    """Words in capitals; "I" and "A" are some, a word with a hyphen is one, "NASA's" too."""
    tokens = (part for token in _TOKEN.findall(response) for part in token.split("--"))
    return sum(1 for token in tokens if _CONTRACTION.sub("", token[:200]).isupper())


def capital_word_frequency(parameters: Parameters) -> Check:
    """So many words in capitals."""
    wanted, compare = number(parameters, "capital_frequency"), relation(parameters, "capital_relation")
    return lambda response: compare(capital_words(response), wanted)


def two_responses(parameters: Parameters) -> Check:
    """Two different answers with `******` between them."""

    def check(response: str) -> bool:
        parts = [part.strip() for part in response.split("******")]
        answers = [part for part in parts if part]
        return all(parts[1:-1]) and len(answers) == 2 and answers[0] != answers[1]

    return check


def repeat_prompt(parameters: Parameters) -> Check:
    """The response begins with the prompt, in any case."""
    prompt = text(parameters, "prompt_to_repeat", LONGEST_PROMPT).lower()
    return lambda response: response.strip().lower().startswith(prompt)


def end_checker(parameters: Parameters) -> Check:
    """The response ends with a phrase, in any case; quotation marks around it all are left out."""
    phrase = text(parameters, "end_phrase").lower()
    return lambda response: response.strip().strip('"').lower().endswith(phrase)


def quotation(parameters: Parameters) -> Check:
    """The response stands in double quotation marks."""

    def check(response: str) -> bool:
        body = response.strip()
        return len(body) > 1 and body[0] == '"' == body[-1]

    return check


def no_comma(parameters: Parameters) -> Check:
    """No comma."""
    return lambda response: "," not in response


KINDS: Mapping[str, Maker] = {
    "language:response_language": response_language,
    "change_case:english_capital": english_capital,
    "change_case:english_lowercase": english_lowercase,
    "change_case:capital_word_frequency": capital_word_frequency,
    "combination:two_responses": two_responses,
    "combination:repeat_prompt": repeat_prompt,
    "startend:end_checker": end_checker,
    "startend:quotation": quotation,
    "punctuation:no_comma": no_comma,
}
