"""Word n-grams of texts as 64-bit hashes, by numpy over the UTF-8 bytes of about a megabyte of texts at once: Python sees texts, and runs of letters that are not ASCII, but no word.

A word is a run of letters, digits and the marks that belong to letters, in lower case (NFKC, then case folding); every character of a script without spaces (Chinese, Japanese, Thai, ...) is a word of
its own, so such texts have n-grams too. All else separates words and is lost: `x + 1` and `x - 1` have the same words. A run of more than LONGEST_WORD bytes is cut into words of that size, and
of a text the first LONGEST_TEXT bytes are read, which bounds what one hostile row can cost. (The longest chain that R1's recipe allows, 32,768 tokens, has some 130,000.)

A word of up to 8 bytes is hashed by a bijection, a longer one in steps of 8 bytes; an n-gram by a polynomial over the hashes of its words and murmur3's last mixing. The hashes are the same on every
machine and in every version, since files with them are read by later runs; they are not secret, so who must be sure that two n-grams are the same compares `Words.phrase`. Bytes that are no UTF-8 are
read as U+FFFD, which separates words: whether a row is damaged is not asked here.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.language.scripts import PER_WORD, RANGES

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

BLOCK = 1 << 20  # bytes of text that are looked at together: the arrays that they need fit a processor's cache
BLOCK_TEXTS = 1 << 16
LONGEST_TEXT = 8 << 20
LONGEST_WORD = 64
SHORT_RUN = 16  # bytes of a run that is not ASCII up to which its reading is remembered

_OWN_WORD = re.compile(f"[{''.join(RANGES[script] for script in PER_WORD)}]")
_LINE_END = 1
_MAPPED = bytes(
    c if c >= 128 or chr(c).isdigit() or chr(c).islower() else c + 32 if chr(c).isupper() else _LINE_END * (c == 10) for c in range(256)
)  # what is left above 127 belongs to words
_MASKS = np.array([(1 << (8 * size)) - 1 for size in range(9)], dtype=np.uint64)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
_SHIFT = np.uint64(33)


def mix(values: Hashes) -> Hashes:
    """Each number well mixed (the finalizer of murmur3, a bijection), in a new array."""
    mixed = values ^ (values >> _SHIFT)
    for factor in _MIX:
        mixed *= factor
        mixed ^= mixed >> _SHIFT
    return mixed


class Grams(NamedTuple):
    """The n-grams of a block: their hashes, the index of each one's first word, and the bounds of each text: text i has hashes[bounds[i] : bounds[i + 1]]."""

    hashes: Hashes
    word: Places
    bounds: Places


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """The words of some texts that follow each other, from row `first` on. Text i has the words bounds[i] to bounds[i + 1]; word k is mapped[starts[k] : ends[k]]."""

    first: int
    folded: tuple[bytes, ...]  # the texts, case folded where they are not ASCII, as they are elsewhere
    mapped: bytes  # all their words, zeros and _LINE_END between them
    starts: Places
    ends: Places
    hashes: Hashes
    bounds: Places

    def __len__(self) -> int:
        return len(self.folded)

    def grams(self, n: int) -> Grams:
        """All n-grams, none of which spans two texts. A text with fewer than n words has none."""
        hashes = self.hashes
        total = max(len(hashes) - n + 1, 0)
        value = hashes[:total].copy()
        for shift in range(1, n):
            value *= _STEP
            value += hashes[shift : shift + total]
        whole = np.ones(total, dtype=bool)
        spanning = np.add.outer(self.bounds[1:], np.arange(1 - n, 0)).ravel()
        whole[spanning[(spanning >= 0) & (spanning < total)]] = False
        word = np.flatnonzero(whole)
        bounds = np.zeros(len(self) + 1, dtype=np.int64)
        np.cumsum(np.maximum(np.diff(self.bounds) - n + 1, 0), out=bounds[1:])
        return Grams(mix(value[word]), word, bounds)

    def phrase(self, word: int, n: int) -> str:
        """The n words from word number `word` on, with spaces between them."""
        found = (self.mapped[self.starts[i] : self.ends[i]] for i in range(word, word + n))
        return b" ".join(found).decode("utf-8", "replace")  # a run that was cut may be cut inside a character

    def characters(self) -> npt.NDArray[np.bool_]:
        """Which words are a single character of three bytes or more, as all words of Chinese, Japanese, Thai and the like are; two of these say about as much as one word of another language."""
        lengths = self.ends - self.starts
        first = np.frombuffer(self.mapped, dtype=np.uint8)[self.starts]
        found: npt.NDArray[np.bool_] = ((lengths == 3) & (first >= 0xE0)) | ((lengths == 4) & (first >= 0xF0))
        return found

    def is_line(self, word: int, n: int) -> bool:
        """Whether the n words from word number `word` on are all the words of a line, or of several."""
        before = self.mapped[self.ends[word - 1] if word else 0 : self.starts[word]]
        after = self.mapped[self.ends[word + n - 1] : self.starts[word + n] if word + n < len(self.starts) else None]
        return _LINE_END in before and _LINE_END in after


def blocks(texts: pa.Array | pa.ChunkedArray) -> Iterator[Words]:
    """The words of all texts, in blocks of about BLOCK bytes. `texts` is an Arrow array of strings; null is read as no words."""
    waiting: list[tuple[bytes, bytes]] = []
    size = first = 0
    for text in texts:
        held = text.as_buffer()
        waiting.append(read(b"" if held is None else held[:LONGEST_TEXT].to_pybytes()))
        size += len(waiting[-1][1])
        if size >= BLOCK or len(waiting) == BLOCK_TEXTS:
            yield _words(first, *zip(*waiting, strict=True))
            first += len(waiting)
            waiting, size = [], 0
    if waiting:
        yield _words(first, *zip(*waiting, strict=True))


def read(text: bytes) -> tuple[bytes, bytes]:
    """A text case folded, and with nothing left that is not ASCII but what belongs to words. ASCII stays as it is: lower case is a table's work there, done on all bytes at once."""
    if text.isascii():
        return text, text
    high = np.zeros(len(text) + 2, dtype=bool)
    high[1:-1] = np.frombuffer(text, dtype=np.uint8) >= 128
    edges = np.flatnonzero(high[1:] != high[:-1]).tolist()
    folded: list[bytes] = []
    spaced: list[bytes] = []
    at = 0
    for start, end in zip(edges[0::2], edges[1::2], strict=True):
        start -= start > at  # the character before goes with the run, since an accent may join it
        run = _known_run(text[start:end]) if end - start <= SHORT_RUN else _run(text[start:end])
        folded += (text[at:start], run[0])
        spaced += (text[at:start], run[1])
        at = end
    return b"".join((*folded, text[at:])), b"".join((*spaced, text[at:]))


def _run(run: bytes) -> tuple[bytes, bytes]:
    folded = unicodedata.normalize("NFKC", run.decode("utf-8", "replace")).casefold()
    return folded.encode(), folded.translate(_spaced).encode()


_known_run = lru_cache(1 << 16)(_run)


class _Spaced(dict[int, str]):
    """A character that is not ASCII as it stands among words: itself, with spaces around it, or a space."""

    def __missing__(self, code: int) -> str:
        c = chr(code)
        found = c if code < 128 else f" {c} " if _OWN_WORD.match(c) else c if unicodedata.category(c)[0] in "LNM" else " "
        if len(self) < 1 << 16:
            self[code] = found
        return found


_spaced = _Spaced()


def _words(first: int, folded: tuple[bytes, ...], spaced: tuple[bytes, ...]) -> Words:
    """The words of texts as `read` gives them."""
    mapped = b"".join((b"\n", b"\n".join(spaced), b"\n" * 9)).translate(_MAPPED)
    inside = np.frombuffer(mapped, dtype=np.uint8) > _LINE_END
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    starts, ends = edges[0::2], edges[1::2]
    lengths = ends - starts
    if len(lengths) and lengths.max() > LONGEST_WORD:
        starts, ends = _cut(starts, ends)
        lengths = ends - starts
    begins = np.zeros(len(spaced) + 1, dtype=np.int64)
    np.cumsum([len(s) + 1 for s in spaced], out=begins[1:])
    return Words(first, folded, mapped, starts, ends, _hashed(mapped, starts, lengths), np.searchsorted(starts, begins + 1))


def _cut(starts: Places, ends: Places) -> tuple[Places, Places]:
    """The same words, the long ones in pieces."""
    pieces = -(-(ends - starts) // LONGEST_WORD)
    number = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    starts = np.repeat(starts, pieces) + LONGEST_WORD * number
    return starts, np.minimum(starts + LONGEST_WORD, np.repeat(ends, pieces))


def _hashed(mapped: bytes, starts: Places, lengths: Places) -> Hashes:
    """A hash for each word. `mapped` ends with eight bytes that belong to none."""
    eights: npt.NDArray[Any] = np.ndarray((len(mapped) - 7,), dtype="<u8", buffer=mapped, strides=(1,))
    hashes = mix(eights[starts] & _MASKS[np.minimum(lengths, 8)])
    longer = np.flatnonzero(lengths > 8)
    at = 8
    while len(longer):
        step = eights[starts[longer] + at] & _MASKS[np.minimum(lengths[longer] - at, 8)]
        hashes[longer] = mix(hashes[longer] * _STEP + step)
        at += 8
        longer = longer[lengths[longer] > at]
    return hashes
