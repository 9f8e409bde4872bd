"""Where a line is cut into sentences and quotations, and which words of another script, or with capitals, are terms and names."""

import re
from collections.abc import Iterable, Sequence

from curate.language.scripts import CASED
from curate.language.tokens import LANGUAGES, Piece, weight

TERM = 3  # words of another script that may be a term or a name

SENTENCE = re.compile(r"(?<=[.!?;:])[\s\"')]+|[\u3002\uff01\uff1f\uff1b\uff1a\u0964]")
# Between quotation marks or brackets; or up to eight characters before their transcription: 关系 (guanxi).
QUOTATION = re.compile(
    r""""[^"\n]{1,200}+"|\([^()\n]{1,120}+\)|(?<![^\W_])'[^'\n]{1,200}+'(?![^\W_])|(?<![\u3041-\u9fff\uac00-\ud7a3])[\u3041-\u9fff\uac00-\ud7a3]{1,8}+(?=\s?\([A-Za-z][^()\n]{0,120}\))"""
)


def full_sentence(sentence: str) -> bool:
    """Whether it ends as a sentence does, which titles and items of a list do not."""
    return sentence.rstrip("\"') \t\r").endswith((".", "!", "?"))


def runs(sentence: Iterable[Piece]) -> Iterable[tuple[str, list[str]]]:
    """Neighbouring words of one script together."""
    script, words = "", list[str]()
    for s, word in sentence:
        if s != script and words:
            yield script, words
            words = []
        script = s
        words.append(word)
    if words:
        yield script, words


def belongs(script: str, words: Sequence[str], main: str) -> bool:
    """Whether a run of another script is a term or a name that belongs to the sentence."""
    if script == "Latin":
        return len(words) <= TERM and not any(w in LANGUAGES for w in words)  # "GET" and "If" are no function words
    if script in ("Han", "Kana"):
        return {script, main} == {"Han", "Kana"} or (len(words) == 1 == len(words[0]))
    return script in CASED and len(words) <= TERM and all(w[0].isupper() for w in words)


def term_beside(around: Sequence[Piece], quoted: Sequence[Piece]) -> bool:
    """Whether what stands around a Chinese or Japanese quotation is a term with hardly a word more: it belongs to the quotation, and not the quotation to it."""
    latin = [word for script, word in around if script == "Latin"]
    others = sum(weight(script, word) for script, word in around if script != "Latin")
    return len(latin) >= max(others, 1) and belongs("Latin", latin, "Han") and any(script in ("Han", "Kana") for script, _ in quoted)


def names(script: str, words: Sequence[str]) -> bool:
    """Whether words are names, with what stands between their parts: "Maria de la Cruz, Ana López"."""
    if script not in CASED:
        return False
    others = [w for w in words if w.lower() not in LANGUAGES]
    return len(others) >= 2 and 2 * len(others) >= len(words) and all(w[0].isupper() and not w.isupper() for w in others)
