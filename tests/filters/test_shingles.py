"""Words and n-grams by numpy against the same in plain Python, character by character."""

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.filters import shingles
from curate.filters.shingles import Words, blocks, read

MASK = (1 << 64) - 1
STEP = 0x9E3779B97F4A7C15
OWN = ("CJK UNIFIED", "HIRAGANA", "KATAKANA", "THAI CHARACTER", "LAO ", "MYANMAR", "KHMER", "TIBETAN")


def slow_mix(x: int) -> int:
    x ^= x >> 33
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        x = x * factor & MASK
        x ^= x >> 33
    return x


def slow_words(text: str) -> list[bytes]:
    """Fold the whole text, then read it character by character."""
    found: list[str] = []
    inside = False
    for c in unicodedata.normalize("NFKC", text).casefold():
        if shingles._OWN_WORD.match(c):
            found.append(c)
            inside = False
        elif unicodedata.category(c)[0] in "LNM":
            found.append(found.pop() + c if inside else c)
            inside = True
        else:
            inside = False
    encoded = [w.encode() for w in found]
    return [w[i : i + shingles.LONGEST_WORD] for w in encoded for i in range(0, len(w), shingles.LONGEST_WORD)]


def slow_hash(word: bytes) -> int:
    value = slow_mix(int.from_bytes(word[:8], "little"))
    for i in range(8, len(word), 8):
        value = slow_mix((value * STEP + int.from_bytes(word[i : i + 8], "little")) & MASK)
    return value


def slow_grams(text: str, n: int) -> list[int]:
    hashes = [slow_hash(w) for w in slow_words(text)]
    found = []
    for i in range(len(hashes) - n + 1):
        value = 0
        for h in hashes[i : i + n]:
            value = (value * STEP + h) & MASK
        found.append(slow_mix(value))
    return found


def one(text: str) -> Words:
    (words,) = blocks(pa.array([text]))
    return words


def spelled(words: Words) -> list[str]:
    return [words.phrase(i, 1) for i in range(len(words.hashes))]


letters = st.sampled_from("abcXYZ019 .,_-\n\t'éÉßſﬁ①²½Ωω中文字のカタไทย한글ขािक्षي\u0301\u0308\u200d\u00a0—…😀𠀀ǅİ")
texts = st.lists(st.one_of(st.text(letters, max_size=60), st.text(max_size=30), st.text("ab", min_size=60, max_size=200)), max_size=6)


@given(texts, st.integers(1, 6))
def test_the_hashes_are_those_of_the_slow_reading(several: list[str], n: int) -> None:
    several = [t.encode("utf-8", "ignore").decode() for t in several]  # half a surrogate pair is no UTF-8
    for words in blocks(pa.array(several, pa.string())):
        grams = words.grams(n)
        for i, text in enumerate(several):
            start, stop = grams.bounds[i : i + 2]
            assert grams.hashes[start:stop].tolist() == slow_grams(text, n)
            expected = slow_words(text)
            for k, word in enumerate(grams.word[start:stop].tolist()):
                assert words.phrase(word, n) == b" ".join(expected[k : k + n]).decode("utf-8", "replace")


@given(st.text(letters, max_size=80))
def test_folding_run_by_run_is_folding_the_whole(text: str) -> None:
    assert read(text.encode())[0].decode().casefold() == unicodedata.normalize("NFKC", text).casefold().casefold()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Cat's hat, the cat's HAT!", "the cat s hat the cat s hat"),
        ("x^2 + 3x_1 = 0.5", "x 2 3x 1 0 5"),
        ("Straße STRASSE", "strasse strasse"),
        ("e\u0301cole École", "école école"),
        ("ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
        ("我们先算 x²，然后…", "我 们 先 算 x2 然 后"),
        ("カタ かな", "カ タ か な"),
        ("หนึ่ง", "ห น ึ ่ ง"),
        ("हिन्दी में", "हिन्दी में"),
        ("한국어 문장", "한국어 문장"),
        ("“quoted”—dash", "quoted dash"),
        ("", ""),
        (" \n.,;", ""),
        ("a" * 70, "a" * 64 + " " + "a" * 6),
    ],
)
def test_what_a_word_is(text: str, expected: str) -> None:
    assert " ".join(spelled(one(text))) == expected


def test_no_n_gram_spans_two_texts_and_a_null_has_none() -> None:
    (words,) = blocks(pa.array(["a b", None, "c d e", "", "f"], pa.large_string()))
    grams = words.grams(2)
    assert [words.phrase(w, 2) for w in grams.word] == ["a b", "c d", "d e"]
    assert grams.bounds.tolist() == [0, 1, 1, 3, 3, 3]
    assert words.grams(4).hashes.size == 0


def test_blocks_follow_each_other_and_hashes_do_not_depend_on_where_they_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    several = pa.chunked_array([["one two three"] * 5, ["two three four", "the end of it"]])
    (whole,) = blocks(several)
    monkeypatch.setattr(shingles, "BLOCK", 20)
    cut = list(blocks(several))
    assert [w.first for w in cut] == [0, 2, 4, 6]
    assert np.concatenate([w.grams(2).hashes for w in cut]).tolist() == whole.grams(2).hashes.tolist()


def test_of_a_text_without_end_only_the_beginning_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shingles, "LONGEST_TEXT", 9)
    assert spelled(one("abc é é é é")) == ["abc", "é", "é"]  # the third one is cut inside its bytes, and what is left separates words


def test_bytes_that_are_no_utf_8_separate_words() -> None:
    broken = pa.StringArray.from_buffers(1, pa.py_buffer(np.array([0, 7], np.int32)), pa.py_buffer(b"ab\xff\xfecd "))
    (words,) = blocks(broken)
    assert spelled(words) == ["ab", "cd"]


@pytest.mark.parametrize(
    ("text", "word", "n", "expected"),
    [("a b\nc d\n", 0, 2, True), ("a b\nc d", 2, 2, True), ("a b\nc d", 0, 1, False), ("a b\nc d", 1, 2, False), ("- a b.\nc", 0, 2, True)],
)
def test_a_line_is_known(text: str, word: int, n: int, expected: bool) -> None:
    assert one(text).is_line(word, n) is expected
