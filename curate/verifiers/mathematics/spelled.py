"""Whole numbers and simple fractions written as English words, and answers that say a number again in words: 5 (five), 120 meters (one hundred and twenty meters).

Departure from a reader of all numerals: ordinals and what counts something else than the answer's unit ("twenty first", "two pairs", "one for each child") are no numbers here, since a bracket of that kind explains the number before it.
"""

import re

from curate.verifiers.mathematics.syntax import words_of

_ONES = words_of(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_TENS = words_of("twenty thirty forty fifty sixty seventy eighty ninety")
_POWERS = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
SMALL = {word: n for n, word in enumerate(_ONES)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}

_FROM_FOURTH = words_of(
    "fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_BY_TENS = words_of("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth")
_PARTS = (
    {"half": 2, "third": 3, "quarter": 4, "hundredth": 100}
    | {word: n for n, word in enumerate(_FROM_FOURTH, 4)}
    | {word: 10 * n for n, word in enumerate(_BY_TENS, 2)}
    | {f"{word}th": n for word, n in _POWERS.items()}
)
_MANY_PARTS = {f"{word}s": n for word, n in _PARTS.items()} | {"halves": 2}
_COUNTS_ANOTHER_THING = frozenset(
    [
        *_PARTS,
        *_MANY_PARTS,
        *words_of(
            "first pair pairs dozen dozens couple couples set sets group groups time times way ways case cases score scores fold each per"
        ),
        *words_of(
            "plus minus point or and to more less fewer squared cubed factorial radicals modulo mod hundreds thousands millions billions"
        ),
    ]
)
_IN_WORDS = re.compile(r"((?:minus|negative)\s+)?([A-Za-z]+(?:[\s-]+[A-Za-z]+){0,30})", re.IGNORECASE)
_AGAIN = re.compile(
    r"(\S.{0,200}?)\s*\(\s*(?:(?:i\.e\.|that is|or|exactly|just|only)[,:]?\s+)?([A-Za-z][A-Za-z\s-]{0,300})\)[\s$.]*", re.IGNORECASE
)


def cardinal(words: list[str]) -> tuple[int, int] | None:
    """The whole number that lower-case words begin with, and of how many of them it is made; None where they begin with none."""
    total = part = used = 0
    last = 10**15  # what the next word must stay below: "twenty five" is 25, "five twenty" is not a number
    for k, word in enumerate(words):
        if word in SMALL and SMALL[word] < last and (SMALL[word] or not used):
            part += SMALL[word]
            last = 10 if SMALL[word] >= 20 else 0
        elif word == "hundred" and part < 100 and (part or not used):
            part = (part or 1) * 100
            last = 100
        elif word in _POWERS and part and (not total or total % (_POWERS[word] * 1000) == 0):
            total += part * _POWERS[word]
            part, last = 0, 1000
        elif word == "and" and used and last >= 100 and words[k + 1 : k + 2] and words[k + 1] in SMALL:
            continue
        else:
            break
        used = k + 1
    return (total + part, used) if used else None


def in_digits(text: str) -> str | None:
    """A text that is a number in words and at most a unit, in digits: "minus twenty five" is -25, "five cats" 5 cats, "three fifths" 3/5; None for every other text."""
    m = _IN_WORDS.fullmatch(text)
    if m is None:
        return None
    words = re.split(r"[\s-]+", m[2].lower())
    found = cardinal(words)
    if found is None:
        return None
    number, used = found
    unit = words[used:]
    if len(unit) == 1 and (parts := (_PARTS if number == 1 else _MANY_PARTS).get(unit[0])) is not None:
        return f"{'-' if m[1] else ''}{number}/{parts}"
    if len(unit) > 1 or (unit and (unit[0] in _COUNTS_ANOTHER_THING or cardinal(unit))):
        return None
    return " ".join((("-" if m[1] else "") + str(number), *unit))


def said_again(text: str) -> tuple[str, str] | None:
    """What stands before a bracket that only says a number in words, and that number as `in_digits` has it; None for every other text."""
    m = _AGAIN.fullmatch(text)
    if m is None or not any(c.isdigit() for c in m[1]) or (number := in_digits(m[2])) is None:
        return None
    return m[1], number
