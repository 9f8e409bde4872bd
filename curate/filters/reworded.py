"""Questions that say the same in other words: what no n-gram finds, as R1's authors say of theirs (arXiv 2501.12948v2, D.1).

A prompt is held against a question where the two share three words in a row (that at most OFTEN questions have). They say the same where

- every number of the question is in the prompt, and at most one more is there: other numbers make another question;
- the words that carry the content, without function words, single letters and numbers, are mostly the same: their Dice coefficient, 2 |both| / (|one| + |other|), is at least ALIKE where two numbers or
  more agree as well, else ALIKE_ALONE. Chinese and the like have pairs of neighbouring characters for words.

Tried on the twelve quintets in tests/filters/reworded_pairs.py: all light rewordings are found, 7 of 12 questions told anew, no other question about the same things, and with other numbers only one in
which they are words. An edit similarity of at least 95 of 100, as OpenThoughts asks for (rapidfuzz, small letters),
finds of the same 1 light rewording, none told anew, and 6 with other numbers. Not covered: questions that share no three words in a row, numbers that became words, and
those of fewer than LEAST words of content and numbers, where too little is said to tell.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.filters.lookup import Lookup, within
from curate.filters.shingles import Hashes, Places, Words, blocks, mix
from curate.language.function_words import FUNCTION_WORDS

ROW = 3  # words in a row
OFTEN = 64
LEAST = 5
ALIKE = 0.6
ALIKE_ALONE = 0.75
_STEP = np.uint64(0x9E3779B97F4A7C15)


class _Content(NamedTuple):
    """The different words of content and numbers of texts: for each text their keys, sorted; a number's is odd and a word's even."""

    keys: Hashes
    bounds: Places
    numbers: Places  # how many of a text's keys are numbers


class Reworded:
    """Questions, ready to be held against prompts."""

    def __init__(self, questions: list[str]) -> None:
        parts, rows, first = [], [], []
        for words in blocks(pa.array(questions, pa.large_string())):
            parts.append(_content(words))
            grams = words.grams(ROW)
            rows.append(grams.hashes)
            first.append(words.first + np.repeat(np.arange(len(words)), np.diff(grams.bounds)))
        self._keys = np.concatenate([p.keys for p in parts]) if parts else np.zeros(0, np.uint64)
        self._sizes = np.concatenate([np.diff(p.bounds) for p in parts]) if parts else np.zeros(0, np.int64)
        self._numbers = np.concatenate([p.numbers for p in parts]) if parts else np.zeros(0, np.int64)
        self._begins = np.cumsum(self._sizes) - self._sizes
        hashes = np.concatenate(rows) if rows else np.zeros(0, np.uint64)
        questions_of = np.concatenate(first) if first else np.zeros(0, np.int64)
        enough = self._sizes[questions_of] >= LEAST
        pairs = np.unique(np.stack([hashes[enough], questions_of[enough].astype(np.uint64)], axis=1), axis=0)
        _, which, counts = np.unique(pairs[:, 0], return_inverse=True, return_counts=True)
        rare = pairs[counts[which] <= OFTEN]
        self._lookup = Lookup(np.ascontiguousarray(rare[:, 0]))
        self._questions = rare[:, 1].astype(np.int64)

    def found(self, words: Words) -> list[tuple[int, int, float]]:
        """Texts of the block that reword a question: the text, the question's number and their Dice coefficient, by text."""
        grams = words.grams(ROW)
        positions, entries = self._lookup.found(grams.hashes)
        texts = np.searchsorted(grams.bounds, positions, "right") - 1
        pairs = np.unique(texts * len(self._sizes) + self._questions[entries])
        if not len(pairs):
            return []
        content = _content(words)
        text, question = np.divmod(pairs, len(self._sizes))
        more = content.numbers[text] - self._numbers[question]
        text, question = (of[(more == 0) | (more == 1)] for of in (text, question))
        numbers, words_both = self._shared(content, text, question)
        wanted = self._numbers[question]
        sizes = np.diff(content.bounds)[text] - content.numbers[text] + self._sizes[question] - wanted
        alike = 2 * words_both / np.maximum(sizes, 1)
        told = (numbers == wanted) & (alike >= np.where(wanted >= 2, ALIKE, ALIKE_ALONE))
        return list(zip(text[told].tolist(), question[told].tolist(), alike[told].tolist(), strict=True))

    def _shared(self, content: _Content, text: Places, question: Places) -> tuple[Places, Places]:
        """For pairs of a text and a question: how many numbers and how many words both have."""
        of_text = np.repeat(np.arange(len(content.numbers)), np.diff(content.bounds))
        there = _in_text(content.keys, of_text)
        counts = self._sizes[question]
        keys = self._keys[np.repeat(self._begins[question], counts) + within(counts)]
        asked = _in_text(keys, np.repeat(text, counts))
        places = np.minimum(np.searchsorted(there, asked), max(len(there) - 1, 0))
        hit = there[places] == asked if len(there) else np.zeros(len(asked), dtype=bool)
        pair = np.repeat(np.arange(len(text)), counts)
        is_number = (keys & np.uint64(1)) == 1
        return (
            np.bincount(pair[hit & is_number], minlength=len(text)),
            np.bincount(pair[hit & ~is_number], minlength=len(text)),
        )


def _in_text(keys: Hashes, texts: Places) -> Hashes:
    """Keys of a text as numbers that are sorted by text and then by key, so that what is looked up together lies together. A block has at most 2**16 texts, and 44 bits tell a text's words apart."""
    return (texts.astype(np.uint64) << np.uint64(44)) | (keys >> np.uint64(20))


def _function_words() -> Hashes:
    (words,) = blocks(pa.array([" ".join(FUNCTION_WORDS["en"].split())]))
    return np.unique(words.hashes)


_FUNCTION = _function_words()


def _content(words: Words) -> _Content:
    byte = np.frombuffer(words.mapped, dtype=np.uint8)
    digits = np.concatenate([[0], np.cumsum((byte >= ord("0")) & (byte <= ord("9")))])
    lengths = words.ends - words.starts
    text = np.repeat(np.arange(len(words)), np.diff(words.bounds))
    number = digits[words.ends] > digits[words.starts]
    alone = words.characters()
    plain = ~number & ~alone & (lengths > 1) & ~np.isin(words.hashes, _FUNCTION)
    neighbours = np.flatnonzero(alone[:-1] & alone[1:] & (text[:-1] == text[1:]))
    keys = np.concatenate(
        [
            words.hashes[number] | np.uint64(1),
            words.hashes[plain] & ~np.uint64(1),
            mix(words.hashes[neighbours] * _STEP + words.hashes[neighbours + 1]) & ~np.uint64(1),
        ]
    )
    texts = np.concatenate([text[number], text[plain], text[neighbours]])
    order = np.lexsort((keys, texts))
    keys, texts = keys[order], texts[order]
    new: npt.NDArray[np.bool_] = np.ones(len(keys), dtype=bool)
    new[1:] = (keys[1:] != keys[:-1]) | (texts[1:] != texts[:-1])
    keys, texts = keys[new], texts[new]
    numbers = np.bincount(texts[(keys & np.uint64(1)) == 1], minlength=len(words))
    return _Content(keys, np.searchsorted(texts, np.arange(len(words) + 1)), numbers)
