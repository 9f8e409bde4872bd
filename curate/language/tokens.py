"""From text to words, and what each word says of its language.

Most tokens of a text were seen before, so what a token is (its script, how many words it counts for, which languages' function word or letters it has) is looked up in a table that fills as texts are
read. `table` gives a new one when that is full, so that memory is bounded by MOST and one text, whatever comes.
"""

import threading
from typing import NamedTuple

from curate.language.function_words import FUNCTION_WORDS
from curate.language.scripts import PER_WORD, RUN, VARIABLES, marks

MOST = 100_000  # tokens in the table when a new one is begun
LONGEST = 24  # characters of a token that is kept in it

# What ends a word, in ASCII and in Chinese and Japanese. Digits, underscores and the like stay in it, so that identifiers, paths and formulas are seen to be no words.
SPACED = str.maketrans({c: " " for c in map(chr, range(128)) if not c.isalnum() and c not in "_@/\\=<>+^"} | dict.fromkeys("\u3001\u3002\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f\u2014\u2026\u0964\u061f\u060c", " "))  # fmt: skip
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


def pieces(text: str) -> list[Piece]:
    """The words of a text with their scripts. A single Latin or Greek letter is no word, nor is anything that has digits and the like in it."""
    found = []
    for token in text.translate(SPACED).split():
        if token.isascii():
            if len(token) > 1 and token.isalpha() and token not in FUNCTIONS:
                found.append(("Latin", token))
        else:
            for match in RUN.finditer(token):
                script, word = str(match.lastgroup), match.group()
                if (len(word) > 1 and word not in FUNCTIONS) or script not in VARIABLES:
                    found.append((script, word))
    return found


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


_table = Table()


def table() -> Table:
    """The table to read a text with."""
    global _table
    if len(_table) > MOST or len(_table.kinds) > MOST:
        _table = Table()
    return _table
