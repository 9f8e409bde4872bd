"""From text to words, and what each word says of its language.

Most tokens of a text were seen before, so what a token is (its script, how many words it counts for, which languages' function word or letters it has) is looked up in a table that fills as texts are
read. `table` gives a new one when that is full, so that memory is bounded by MOST and one text, whatever comes. A `View` is the table as one language sees it, so that a text which is all in that language
is read a line at a time by counting letters.
"""

import threading
from collections import Counter
from itertools import pairwise
from typing import NamedTuple

from curate.language.function_words import FUNCTION_WORDS
from curate.language.scripts import PER_WORD, RUN, VARIABLES, marks

MOST = 100_000  # tokens in the table when a new one is begun
LONGEST = 24  # characters of a token that is kept in it

# What ends a word beside white space, in ASCII and in Chinese and Japanese. Digits, underscores and the like stay in it, so that identifiers, paths and formulas are seen to be no words.
SEPARATORS = "!\"#$%&'()*,-.:;?[]`{|}~\u3001\u3002\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f\u2014\u2026\u0964\u061f\u060c"
_ASCII_SPACED = str.maketrans({mark: " " for mark in SEPARATORS if mark.isascii()})
LINE = "|"  # stands for the end of a line among tokens: a separator, so that no token has it
FUNCTIONS = frozenset("sin cos tan cot csc sinh cosh tanh arcsin arccos arctan log exp lim gcd lcm sqrt".split())  # noqa: SIM905  # of mathematics, in any language

LANGUAGES: dict[str, tuple[str, ...]] = {}  # function word -> the languages that have it
for _language, _list in FUNCTION_WORDS.items():
    for _word in set(_list.split()):
        if len(_word) > 1 or not "a" <= _word <= "ÿ":
            LANGUAGES[_word] = (*LANGUAGES.get(_word, ()), _language)

Piece = tuple[str, str]  # script, word


class Kind(NamedTuple):
    """What a token is: its script ("" for no word, SEVERAL for more than one), the words it counts for, and for each piece of evidence in it the languages that it speaks for."""

    script: str
    size: int
    evidence: tuple[tuple[str, ...], ...]


SEVERAL = "several"


def spaced(text: str) -> str:
    """`text` with a space for each separator."""
    if text.isascii():
        return text.translate(_ASCII_SPACED)
    for mark in SEPARATORS:  # `translate` takes ten times as long here
        if mark in text:
            text = text.replace(mark, " ")
    return text


def pieces(text: str) -> list[Piece]:
    """The words of a text with their scripts. A single Latin or Greek letter is no word, nor is anything that has digits and the like in it."""
    found = []
    for token in spaced(text).split():
        if token.isascii():
            if len(token) > 1 and token.isalpha() and token.lower() not in FUNCTIONS:
                found.append(("Latin", token))
        else:
            for match in RUN.finditer(token):
                script, word = str(match.lastgroup), match.group()
                if (len(word) > 1 and word.lower() not in FUNCTIONS) or script not in VARIABLES:
                    found.append((script, word))
    return found


def latin_words(text: str) -> list[str]:
    """The words of a text in ASCII: what `pieces` finds there."""
    return [
        token for token in text.translate(_ASCII_SPACED).split() if len(token) > 1 and token.isalpha() and token.lower() not in FUNCTIONS
    ]


def weight(script: str, word: str) -> int:
    """How many words a piece counts for: one, but in scripts without spaces so many for its characters, rounded up."""
    return -(-len(word) // PER_WORD[script]) if script in PER_WORD else 1


def _kind(token: str) -> Kind:
    found = pieces(token)
    scripts = {script for script, _ in found}
    if not scripts:
        return Kind("", 0, ())
    total = sum(weight(script, word) for script, word in found)
    if scripts == {"Han", "Kana"}:  # Japanese
        return Kind("Kana", total, ())
    if len(scripts) > 1:
        return Kind(SEVERAL, total, ())
    (script,) = scripts
    evidence = [LANGUAGES[word] for _, word in found if word in LANGUAGES]
    return Kind(script, total, (*evidence, *(() if token.isascii() else map(_split, marks(token)))))


def _split(languages: str) -> tuple[str, ...]:
    return tuple(languages.split())


class Table(dict[str, int]):
    """Token in lower case -> the number of its kind, in `kinds`. Numbers, since they are hashed faster. Threads may share it."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: list[Kind] = []
        self.views: dict[tuple[str, str], View] = {}
        self._numbers: dict[Kind, int] = {}
        self._lock = threading.Lock()

    def __missing__(self, token: str) -> int:
        kind = _kind(token)
        with self._lock:
            number = self._numbers.get(kind)
            if number is None:
                number = self._numbers[kind] = len(self.kinds)
                self.kinds.append(kind)
            if len(token) <= LONGEST:
                self[token] = number
        return number


RIVALS = 4  # languages that share most function words with one: between these and it a line is decided
_RIVAL = 0xE000  # a private character says which rivals evidence speaks for, by the bits of its number; the bit above theirs is for all other languages


class View(dict[str, str]):
    """Token in lower case -> what it is to one language, as letters: "w" for each word, and for each piece of evidence "e" where only this language has it, "s" where others do too, "o" where it does not.

    After "s" and "o" there is a character that says who the others are (`strongest_rival`). A word of another script is "x", what is no word is nothing, and the mark of a line's end is a line's end.
    """

    def __init__(self, table: Table, script: str, language: str) -> None:
        super().__init__({LINE: "\n"})
        self._of, self._script, self._language = table, script, language
        shared = Counter(other for languages in LANGUAGES.values() if language in languages for other in languages if other != language)
        self._bits = {other: 1 << bit for bit, (other, _) in enumerate(shared.most_common(RIVALS))}

    def __missing__(self, token: str) -> str:
        kind = self._of.kinds[self._of[token]]
        letters = "w" * kind.size + "".join(map(self._letters, kind.evidence)) if kind.script in ("", self._script) else "x"
        if len(token) <= LONGEST:
            self[token] = letters
        return letters

    def _letters(self, languages: tuple[str, ...]) -> str:
        if languages == (self._language,):
            return "e"
        others = {self._bits.get(other, 1 << RIVALS) for other in languages if other != self._language}
        return ("s" if self._language in languages else "o") + chr(_RIVAL + sum(others))


def strongest_rival(letters: str) -> int:
    """How much evidence the strongest of the others has at most, in a line as a `View` has it."""
    evidence = [0] * (RIVALS + 1)
    for letter, count in Counter(letters).items():
        if letter >= chr(_RIVAL):
            for bit in range(RIVALS + 1):
                if ord(letter) - _RIVAL & 1 << bit:
                    evidence[bit] += count
    return max(evidence)


APART = (
    4  # words of its own language between three that it does not have, where they are no sentence of another: that would have next to none
)


def scattered(letters: str) -> bool:
    """Whether the evidence for other languages in a line as a `View` has it is strewn over its own, and no three pieces of it are close."""
    between = [part.count("e") for part in letters.split("o")[1:-1]]
    return all(one + other >= APART for one, other in pairwise(between))


VIEWS = 8  # kept of a table: few languages make up most of a set
_table = Table()


def table() -> Table:
    """The table to read a text with."""
    global _table
    if len(_table) > MOST or len(_table.kinds) > MOST:
        _table = Table()
    return _table


def view(of: Table, script: str, language: str) -> View:
    """How a table's tokens look to a language. Threads may share it."""
    found = of.views.get((script, language))
    if found is None or len(found) > MOST:
        if len(of.views) >= VIEWS:
            of.views = {}
        found = of.views[script, language] = View(of, script, language)
    return found
