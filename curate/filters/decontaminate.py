"""What a set shares with benchmarks: word n-grams of their questions and reference solutions, whole items that are too short to have one, and reworded questions (reworded.py).

R1 dropped every text with a matching 10-gram (arXiv 2501.12948v2, D.1; whether of words or of characters is not published, here it is words). Open-r1 uses 8, GPT-3 used 13. Prompts are looked at in
every way; chains, of which there is a thousand times as much, for n-grams and for short items of at least WHOLE words.

Not every shared n-gram is contamination. One is not looked for where

- more than COMMON different items of its benchmark have it: it belongs to the benchmark's manner of asking, or to a text that many of its questions are about;
- less than half of it are different words that are neither numbers nor single letters: "0 1 2 3 ...", "a b c ..." and "for i in range 1 n 1 if i 2" are in many texts;
- it is in a phrase that contests share (STOCK) or that the caller knows, such as the wording of its own templates.

A Chinese or Japanese n-gram is counted in characters and has twice as many, since its words have two. What is then left without anything to look for is in `Benchmarks.blind`, for the report must not
call it absent. A hit is found by hash and confirmed on the words. Not covered: a question in another language or in other notation, and what is in a picture.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.filters.lookup import Lookup
from curate.filters.reworded import Reworded
from curate.filters.shingles import Hashes, Places, Words, blocks, mix

VERSION = "1"  # changed whenever a hit could
N_GRAMS = 10
WHOLE = 8  # words from which on a shorter item is looked for inside other texts; below, it must be a line of a prompt
COMMON = 2
STOCK = (
    "can be written as m/n where m and n are relatively prime positive integers. Find m + n.",
    "can be expressed as m/n where m and n are relatively prime positive integers. Find m + n.",
    "can be written in the form m/n where m and n are relatively prime positive integers. Find m + n.",
    "can be expressed in the form m/n where m and n are relatively prime positive integers. Find m + n.",
    "can be written as p/q where p and q are relatively prime positive integers. Find p + q.",
    "can be expressed as p/q where p and q are relatively prime positive integers. What is p + q?",
    "where m and n are relatively prime positive integers. Find the remainder when m + n is divided by 1000.",
    "where a, b, and c are positive integers, and c is not divisible by the square of any prime. Find a + b + c.",
    "where m and n are positive integers and n is not divisible by the square of any prime. Find m + n.",
    "Express your answer as a common fraction in simplest form. Express your answer in terms of pi.",
    "The input is given from Standard Input in the following format. Print the answer to Standard Output.",
    "The first line of the input contains a single integer t, the number of test cases. The description of the test cases follows.",
    "The first line of each test case contains a single integer n. The second line of each test case contains n integers.",
    "It is guaranteed that the sum of n over all test cases does not exceed 200000.",
    "You may assume that each input would have exactly one solution. You can return the answer in any order.",
    "Since the answer may be very large, return it modulo 1000000007. Print the answer modulo 998244353.",
    "Let's think step by step. Please reason step by step, and put your final answer within \\boxed{}.",
)
_STEP = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a benchmark. `solution` is a worked one, None where there is none."""

    benchmark: str
    id: str
    question: str
    solution: str | None = None


REASONS = {"prompt": "contaminated_prompt", "chain": "contaminated_chain", "reworded": "reworded_benchmark"}


class Hit(NamedTuple):
    """What a text shares with an item of a benchmark, once an item and kind.

    `kind` is ngram, whole or reworded; `of` says which side of the item: question or solution. `text` are the first words that are shared (of a reworded question: the question), `shared` how many
    n-grams are, and `similarity` is 1 but for a reworded question.
    """

    benchmark: str
    id: str
    kind: str
    of: str
    text: str
    shared: int = 1
    similarity: float = 1.0


class _Windows(NamedTuple):
    """Windows of words that are looked for: for each the side of an item that it is from, the word where it begins, and whether it counts anywhere in a text or only as a whole line of a prompt."""

    hashes: Hashes
    sides: Places
    words: Places
    anywhere: npt.NDArray[np.bool_]


class Benchmarks:
    """Items of benchmarks, ready to be looked for. `n_grams` is in words; `ignored` are texts whose n-grams are nobody's, such as the wording of prompt templates."""

    def __init__(self, items: Sequence[Item], n_grams: int = N_GRAMS, ignored: Iterable[str] = ()) -> None:
        self.items = list(items)
        self.n_grams = n_grams
        self._sides = [(i, side) for i, item in enumerate(self.items) for side in ("question", "solution") if getattr(item, side)]
        self._texts = pa.array([getattr(self.items[i], side) for i, side in self._sides], pa.large_string())
        ignoring = list(blocks(pa.array([*STOCK, *ignored], pa.string())))
        found: dict[tuple[int, str], list[_Windows]] = defaultdict(list)
        for words in blocks(self._texts):
            for n, kind, windows in self._windows(words):
                found[n, kind].append(windows)
        self._tables: dict[tuple[int, str], tuple[Lookup, _Windows]] = {}
        for (n, kind), parts in sorted(found.items()):
            windows = _Windows(*(np.concatenate(column) for column in zip(*parts, strict=True)))
            if kind == "ngram":
                keep = self._rare(windows) & ~np.isin(windows.hashes, np.concatenate([w.grams(n).hashes for w in ignoring]))
                windows = _Windows(windows.hashes[keep], windows.sides[keep], windows.words[keep], windows.anywhere[keep])
            if len(windows.hashes):
                self._tables[n, kind] = Lookup(windows.hashes), windows
        self._read: dict[int, Words] = {}
        seen = {self._sides[side][0] for _, windows in self._tables.values() for side in np.unique(windows.sides).tolist()}
        self.blind = [item for i, item in enumerate(self.items) if i not in seen]
        self._reworded = Reworded([item.question for item in self.items])

    def _windows(self, words: Words) -> Iterator[tuple[int, str, _Windows]]:
        """The windows of a block of sides: n-grams that tell something, of twice as many words where most of these are single characters; of a question that is too short to have one, all its words.
        (A solution that is so short is an answer.)"""
        single = np.concatenate([[0], np.cumsum(words.characters())])
        lengths = np.diff(words.bounds)
        crowded = 2 * (single[words.bounds[1:]] - single[words.bounds[:-1]]) > lengths
        for n, of_these in ((self.n_grams, False), (2 * self.n_grams, True)):
            grams = words.grams(n)
            side = np.repeat(np.arange(len(words)), np.diff(grams.bounds))
            taken = (2 * (single[grams.word + n] - single[grams.word]) > n) == of_these
            taken &= _telling(words, grams.word, n, self.n_grams)
            yield (
                n,
                "ngram",
                _Windows(
                    grams.hashes[taken], words.first + side[taken], (grams.word - words.bounds[side])[taken], np.ones(taken.sum(), bool)
                ),
            )
        asks = np.array([self._sides[words.first + row][1] == "question" for row in range(len(words))])
        short = np.flatnonzero(asks & (lengths > 0) & (lengths < np.where(crowded, 2, 1) * self.n_grams))
        for n in np.unique(lengths[short]).tolist():
            rows = short[lengths[short] == n]
            whole = words.grams(n)
            anywhere = (n >= WHOLE * (1 + crowded[rows])) & _telling(words, words.bounds[rows], n, n)
            yield n, "whole", _Windows(whole.hashes[whole.bounds[rows]], words.first + rows, np.zeros(len(rows), np.int64), anywhere)

    def _rare(self, windows: _Windows) -> npt.NDArray[np.bool_]:
        """Which n-grams at most COMMON different items of a benchmark have. The same question twice is one."""
        hashes, sides = windows.hashes, windows.sides
        different: dict[tuple[str, str], int] = {}
        names: dict[str, int] = {}
        held = [self.items[i] for i, _ in self._sides]
        question = np.array([different.setdefault((i.benchmark, " ".join(i.question.split())), len(different)) for i in held])[sides]
        name = np.array([names.setdefault(i.benchmark, len(names)) for i in held], dtype=np.uint64)[sides]
        key = mix(hashes + name * _STEP)
        order = np.lexsort((question, key))
        key, question = key[order], question[order]
        begins = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        other = np.concatenate([[1], (question[1:] != question[:-1]) | (key[1:] != key[:-1])])
        counts = np.add.reduceat(other, begins)
        rare = np.empty(len(hashes), dtype=bool)
        rare[order] = np.repeat(counts <= COMMON, np.diff(begins, append=len(hashes)))
        return rare

    def hits(self, texts: pa.Array | pa.ChunkedArray, part: str = "prompt") -> list[list[Hit]]:
        """For each text what it shares with benchmarks. `part` is prompt or chain."""
        return [hits for words in blocks(texts) for hits in self.hits_of(words, part)]

    def hits_of(self, words: Words, part: str) -> list[list[Hit]]:
        """The same for a block of texts, for who needs its words for other things too."""
        found: list[dict[tuple[int, str, str], Hit]] = [{} for _ in range(len(words))]
        for (n, kind), (lookup, windows) in self._tables.items():
            if part != "prompt" and not windows.anywhere.any():
                continue
            grams = words.grams(n)
            positions, entries = lookup.found(grams.hashes)
            texts = np.searchsorted(grams.bounds, positions, "right") - 1
            for text, word, entry in zip(texts.tolist(), grams.word[positions].tolist(), entries.tolist(), strict=True):
                if not windows.anywhere[entry] and not (part == "prompt" and words.is_line(word, n)):
                    continue
                side = int(windows.sides[entry])
                phrase = words.phrase(word, n)
                if phrase != self._phrase(side, int(windows.words[entry]), n):
                    continue
                number, of = self._sides[side]
                key, item = (number, kind, of), self.items[number]
                known = found[text].get(key)
                found[text][key] = known._replace(shared=known.shared + 1) if known else Hit(item.benchmark, item.id, kind, of, phrase)
        if part == "prompt":
            for text, number, alike in self._reworded.found(words):
                if not any(number == n for n, _, _ in found[text]):
                    item = self.items[number]
                    found[text][number, "reworded", "question"] = Hit(
                        item.benchmark, item.id, "reworded", "question", item.question, similarity=alike
                    )
        return [list(hits.values()) for hits in found]

    def _phrase(self, side: int, at: int, n: int) -> str:
        """The n words of a side from its word `at` on."""
        if side not in self._read:
            (self._read[side],) = blocks(self._texts[side : side + 1])
        return self._read[side].phrase(at, n)


def _telling(words: Words, at: Places, n: int, of: int) -> npt.NDArray[np.bool_]:
    """Which windows of n words have at least half of `of` different words that are neither numbers nor single letters."""
    if not len(at):
        return np.zeros(0, dtype=bool)
    letters = np.concatenate([[0], np.cumsum(np.frombuffer(words.mapped, dtype=np.uint8) >= ord("a"))])
    worded = (letters[words.ends] - letters[words.starts] > 0) & (words.ends - words.starts > 1)
    told = np.where(worded, words.hashes, np.uint64(0))
    result = np.empty(len(at), dtype=bool)
    for start in range(0, len(at), 1 << 16):
        some = at[start : start + (1 << 16)]
        window = np.sort(told[some[:, None] + np.arange(n)], axis=1)
        different = (window[:, 1:] != window[:, :-1]).sum(axis=1) + 1 - (window[:, 0] == 0)
        result[start : start + len(some)] = 2 * different >= of
    return result


def reasons(part: str, hits: Sequence[Hit]) -> tuple[str, ...]:
    """Why a sample with these hits in its `part` is dropped."""
    return tuple(dict.fromkeys(REASONS["reworded" if hit.kind == "reworded" else part] for hit in hits))


def counted(hits: Iterable[Sequence[Hit]]) -> Counter[tuple[str, str]]:
    """How many texts share something with each benchmark, by (benchmark, kind)."""
    return Counter(pair for row in hits for pair in {(h.benchmark, h.kind) for h in row})
