"""Which language each word of a text belongs to.

A word alone says little, a line or a sentence much. A line in one script is settled by its function words where they agree, else cut into sentences, and what they do not settle goes to a
model. A short segment that stays undecided belongs to the language that the text otherwise has in that script, a long one to none (UNKNOWN).

Foreign pieces inside a sentence:
- What stands in quotation marks or brackets and is short (QUOTED words) belongs to the line around it: quotations, titles, glosses.
- Up to TERM capitalised words of another alphabet are a name and belong to the sentence.
- Latin pieces of up to TERM words without a function word are terms or names in a sentence of another script ("用 Python 写") and belong to it. Not the other way round: a Chinese word in the
  middle of an English sentence is what a model does when it mixes languages. A single character is spoken of ("水 means water").
- Han characters are Japanese where kana stand in the same line, or make up much of the text, and the sentence has no character of Chinese only; else Chinese.

Not covered: a text that is all quotation counts in its own language; two languages of one script within one sentence count as the one with more function words; single Latin and Greek letters are
taken for variables, so "a" and "I" are not counted.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from curate.language import model
from curate.language.scripts import ALONE, CASED, CHINESE_ONLY
from curate.language.tokens import LANGUAGES, SEVERAL, SPACED, Kind, Piece, pieces, table, weight

UNKNOWN = "und"  # ISO 639-2: undetermined
QUOTED = 8
TERM = 3
KANA_SHARE = 0.2  # of the Han characters and kana of a text: above it, the text is Japanese
ENOUGH = 2  # function words that a segment needs before they are believed
AHEAD = 1.5  # how far ahead of the second language the first must be
AGREED = 8  # and, for a whole line at once, how many function words of the first language there must be for each that it does not have
DENSITY = 0.12  # and what share of the words they must be
ASK = 4  # words that a segment needs before the model is asked
ASK_OTHER = 2  # and what is left of a script other than Latin, where few languages come into question
SHORT = 6  # words up to which an undecided segment is taken for the text's own language: in more there would have been a function word

_SENTENCE = re.compile(r"(?<=[.!?;:])[\s\"')]+|[\u3002\uff01\uff1f\uff1b\uff1a\u0964]")
_QUOTATION = re.compile(r""""[^"\n]{1,200}+"|\([^()\n]{1,120}+\)|(?<![^\W_])'[^'\n]{1,200}+'(?![^\W_])""")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")


def _settled(found: Iterable[tuple[Kind, int]], *, enough: int, agreed: float = 0) -> str | None:
    """The language that function words and peculiar letters settle, of kinds of tokens and how many there are of each; None where they do not."""
    hits: dict[str, int] = {}
    words = total = 0
    for kind, count in found:
        words += count if kind.script else 0
        total += count * len(kind.evidence)
        for languages in kind.evidence:
            for language in languages:
                hits[language] = hits.get(language, 0) + count
    if not hits:
        return None
    best = max(hits, key=hits.__getitem__)
    most = hits.pop(best)
    second, others = max(hits.values(), default=0), total - most  # others: what the best does not have
    tells = most > ENOUGH and most > second and not others  # close relatives share most, and then one word tells
    ahead = tells or most >= AHEAD * second
    return best if ahead and most >= enough and most >= DENSITY * words and most >= agreed * others else None


class Tally:
    """Words by language while a text is read. `waiting` are the words of undecided segments, by script; `japanese` says that the text is, by its kana."""

    def __init__(self, text: str) -> None:
        kana = 0 if text.isascii() else len(_KANA.findall(text))
        self.japanese = bool(kana) and kana > KANA_SHARE * (kana + len(_HAN.findall(text)))
        self.by_script: dict[str, Counter[str]] = {}
        self.waiting: dict[str, list[str]] = {}
        self.table = table()

    def _kinds(self, tokens: Iterable[str]) -> list[tuple[Kind, int]]:
        kinds = self.table.kinds
        return [(kinds[number], count) for number, count in Counter(map(self.table.__getitem__, tokens)).items()]

    def _add(self, script: str, language: str, count: int) -> None:
        self.by_script.setdefault(script, Counter())[language] += count

    def line(self, line: str) -> None:
        """Count the words of a line."""
        found = self._kinds(line.translate(SPACED).lower().split())
        scripts, total = set(), 0
        for kind, count in found:
            if kind.script:
                scripts.add(kind.script)
                total += count * kind.size
        if not total:
            return
        script = scripts.pop() if len(scripts) == 1 else "Kana" if scripts == {"Han", "Kana"} else SEVERAL
        if script == "Kana" and CHINESE_ONLY.search(line):
            self._sentences(line)
        elif script in ALONE:
            self._add(script, ALONE[script], total)
        elif script == "Han":
            self._add(script, self._han(line, kana=False), total)
        elif script != SEVERAL and (language := _settled(found, enough=ENOUGH, agreed=AGREED)) is not None:
            self._add(script, language, total)
        else:
            self._sentences(line)

    def _sentences(self, line: str) -> None:
        """Count the words of a line sentence by sentence, quotations with what is around them."""
        quoted = 0

        def taken_out(match: re.Match[str]) -> str:
            nonlocal quoted
            size = sum(weight(s, w) for s, w in pieces(match.group()))
            if size > QUOTED:
                return match.group()
            quoted += size
            return " "

        outside = _QUOTATION.sub(taken_out, line)
        if not pieces(outside):
            outside, quoted = line, 0
        kana = _KANA.search(outside) is not None
        around: Counter[tuple[str, str | None]] = Counter()
        for sentence in _SENTENCE.split(outside):
            around += self._sentence(pieces(sentence), kana)
        (script, language), _ = around.most_common(1)[0]
        self._count(script, language, quoted, ())

    def _sentence(self, sentence: list[Piece], kana: bool) -> Counter[tuple[str, str | None]]:
        """Count the words of a sentence; how many went to which script and language (None: they wait)."""
        found: Counter[tuple[str, str | None]] = Counter()
        if not sentence:
            return found
        own: dict[str, list[str]] = {}
        for script, words in _runs(sentence):
            own.setdefault(script, []).extend(words)
        main = max(own, key=lambda s: sum(weight(s, w) for w in own[s]))
        inserted = 0
        if len(own) > 1:
            own = {}
            for script, words in _runs(sentence):
                if script != main and _belongs(script, words, main):
                    inserted += sum(weight(script, w) for w in words)
                else:
                    own.setdefault(script, []).extend(words)
        for script, words in own.items():
            language = self._language(script, words, kana)
            size = sum(weight(script, w) for w in words) + (inserted if script == main else 0)
            self._count(script, language, size, words)
            found[script, language] += size
        return found

    def _count(self, script: str, language: str | None, size: int, words: Iterable[str]) -> None:
        if language is None and size > SHORT:
            self._add(UNKNOWN, UNKNOWN, size)
        elif language is None:
            self.waiting.setdefault(script, []).extend(words)
        elif size:
            self._add(script, language, size)

    def _han(self, text: str, *, kana: bool) -> str:
        return "ja" if (kana or self.japanese) and CHINESE_ONLY.search(text) is None else "zh"

    def _language(self, script: str, words: Sequence[str], kana: bool) -> str | None:
        if script in ALONE:
            return ALONE[script]
        if script == "Han":
            return self._han("".join(words), kana=kana)
        lower = [w.lower() for w in words]
        language = _settled(self._kinds(lower), enough=ENOUGH)
        if language is None and len(words) >= ASK:
            language = model.guess(" ".join(lower))
        return language

    def total(self) -> Counter[str]:
        """The words by language, those that waited shared out."""
        total: Counter[str] = Counter()
        for decided in self.by_script.values():
            total += decided
        for script, words in self.waiting.items():
            decided = self.by_script.get(script, Counter())
            lower = [w.lower() for w in words]
            language = decided.most_common(1)[0][0] if decided else _settled(self._kinds(lower), enough=1)
            if language is None and len(words) >= (ASK if script == "Latin" else ASK_OTHER):
                language = model.guess(" ".join(lower))
            total[language or UNKNOWN] += len(words)
        return total


def _runs(sentence: Iterable[Piece]) -> Iterable[tuple[str, list[str]]]:
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


def _belongs(script: str, words: Sequence[str], main: str) -> bool:
    """Whether a run of another script is a term or a name that belongs to the sentence."""
    if script == "Latin":
        return len(words) <= TERM and not any(w in LANGUAGES for w in words)  # "GET" and "If" are no function words
    if script in ("Han", "Kana"):
        return {script, main} == {"Han", "Kana"} or (len(words) == 1 == len(words[0]))
    return script in CASED and len(words) <= TERM and all(w[0].isupper() for w in words)


def count(text: str) -> Counter[str]:
    """Words of a text without noise, by language."""
    tally = Tally(text)
    for line in text.split("\n"):
        if line and not line.isspace():
            tally.line(line)
    return tally.total()
