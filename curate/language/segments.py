"""Which language each word of a text belongs to.

A word alone says little, a line or a sentence much. A line in one script is settled by its function words where they agree, else cut into sentences, and what they do not settle goes to a
model. A short segment that stays undecided belongs to the language that the text otherwise has in that script, a long one to none (UNKNOWN).

Foreign pieces inside a sentence:
- What stands in quotation marks (QUOTED words) or brackets (TITLE words) and is short belongs to the line around it: quotations, titles, glosses.
- Up to TERM capitalised words of another alphabet are a name and belong to the sentence.
- Latin pieces of up to TERM words without a function word are terms or names in a sentence of another script ("用 Python 写") and belong to it. Not the other way round: a Chinese word in the
  middle of an English sentence is what a model does when it mixes languages. A single character is spoken of ("水 means water").
- Han characters are Japanese where kana stand in the same line, or make up much of the text, and the sentence has no character of Chinese only; else Chinese.

A line whose tokens all speak for the text's language is counted by `_unanimous`, which says what the slow way would say or nothing: most lines of most texts.

Not covered: a text that is all quotation counts in its own language; two languages of one script within one sentence count as the one with more function words; single Latin and Greek letters are
taken for variables, so "a" and "I" are not counted.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from curate.language import model
from curate.language.cuts import QUOTATION, SENTENCE, TERM, belongs, full_sentence, names, runs, term_beside
from curate.language.evidence import AGREED, AHEAD, CERTAIN, DENSITY, ENOUGH, hits, settled
from curate.language.scripts import ALONE, CHINESE_ONLY, PER_WORD, RANGES, VARIABLES
from curate.language.tokens import (
    FUNCTIONS,
    LANGUAGES,
    LINE,
    SEVERAL,
    Kind,
    Piece,
    latin_words,
    pieces,
    scattered,
    spaced,
    strongest_rival,
    table,
    view,
    weight,
)

UNKNOWN = "und"  # ISO 639-2: undetermined
QUOTED = 20  # words up to which a quotation is part of its line
TITLE = 8  # and what stands in brackets; and up to which a line in the text's own alphabet may be a title, if it does not end as a sentence does
PHRASE = 4  # and up to which a piece in Latin letters may be one in a text of another script: "the final answer is"
_FIRST_HAN = "\u3005"
_SENTENCE_MARKS = frozenset("\u3002\uff01\uff1f\uff1b\uff1a.!?;:")
CJK_SHARE = 0.25  # of a text's characters: above it, no other language is looked for first
KANA_SHARE = 0.2  # of the Han characters and kana of a text: above it, the text is Japanese
OVERRULED = 2  # how far ahead a language must be of the one that the rest of the text is in
ASK = 4  # words that a segment needs before the model is asked
ASK_OTHER = 2  # and what is left of a script other than Latin, where few languages come into question
SHORT = 6  # words up to which an undecided segment is taken for the text's own language: in more there would have been a function word
MANY = 6  # lines from which it is worth while to look at all of them at once
SAMPLE = 300  # tokens of them that say which language is likely
BLOCK = 1_000_000  # characters that are looked at at once

_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]+")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]+")
_KANA_LETTER = re.compile(f"[{RANGES['Kana']}]")
_CJK = re.compile(f"[{RANGES['Han']}]+|[{RANGES['Kana']}]+")
_OTHERS = {script: ranges for script, ranges in RANGES.items() if script not in ("Han", "Kana")}
_OTHER_LETTER = re.compile(f"[{''.join(_OTHERS.values())}]")
_NEITHER = re.compile(f"[{''.join(ranges for script, ranges in _OTHERS.items() if script not in VARIABLES)}]|[{RANGES['Greek']}]{{2}}")
_PART = re.compile(f"[{RANGES['Han']}]+|[{RANGES['Kana']}]+|[{RANGES['Latin']}0-9_@/\\\\=<>+^]+|[\u3002\uff01\uff1f\uff1b\uff1a.!?;:]")
# A single Latin or Greek letter is no word.
_OTHER_WORD = re.compile("|".join(f"[{ranges}]{'{2}' if script in VARIABLES else ''}" for script, ranges in _OTHERS.items()))


class Reading(NamedTuple):
    """What a text is written in. `words` by language; `stretches` are those of them that are no name, title, term or set phrase, and that a script or function words told, not the model.

    So a word of another script is in a stretch, and so is a sentence of more than PHRASE words in Latin letters in a text of another script, or in the text's own if it ends as a sentence does, or has more than TITLE words.
    """

    words: Counter[str]
    stretches: Counter[str]


class _Doubtful(NamedTuple):
    script: str
    language: str | None  # what function words say
    words: list[str]  # in lower case
    size: int
    full: bool


class Tally:
    """Words by language while a text is read. `japanese` says that the text is, by its kana.

    `waiting` are the words of undecided segments that are short or names, by script, and `owed` how many those are; `doubtful` are lines and sentences that are looked at again when the text's own language is known.
    """

    def __init__(self, text: str) -> None:
        kana = 0 if text.isascii() else sum(map(len, _KANA.findall(text)))
        han = 0 if text.isascii() else sum(map(len, _HAN.findall(text)))
        self.japanese = bool(kana) and kana > KANA_SHARE * (kana + han)
        self.cjk, self.mostly_cjk = bool(kana or han), kana + han > CJK_SHARE * len(text)
        # words by script, language and size of their segment, which is 0 where the model told
        self.found: Counter[tuple[str, str, int]] = Counter()
        self.waiting: dict[str, list[str]] = {}
        self.owed: Counter[str] = Counter()
        self.doubtful: list[_Doubtful] = []
        self.table = table()

    def _kinds(self, tokens: Iterable[str]) -> list[tuple[Kind, int]]:
        kinds = self.table.kinds
        return [(kinds[number], count) for number, count in Counter(map(self.table.__getitem__, tokens)).items()]

    def _add(self, script: str, language: str, count: int, *, full: bool = False, sure: bool = True) -> None:
        self.found[script, language, _size(count, full) if sure else 0] += count

    def lines(self, text: str) -> None:
        """Count the words of some lines."""
        lines = text.split("\n")
        if len(lines) >= MANY and not self.mostly_cjk:
            tokens = spaced(text).replace("\n", f" {LINE} ").lower().split()
            if (main := self._main(tokens[:: len(tokens) // SAMPLE + 1])) is not None:
                letters = "".join(map(view(self.table, *main).__getitem__, tokens))
                lines = self._unanimous(*main, lines, letters.split("\n"))
        for line in lines:
            if line and not line.isspace():
                self._line(line)

    def _main(self, tokens: Sequence[str]) -> tuple[str, str] | None:
        """The script and the language that most of these tokens speak for."""
        found = self._kinds(token for token in tokens if token != LINE)
        scripts: Counter[str] = Counter()
        for kind, count in found:
            scripts[kind.script] += count
        del scripts[""]
        script = max(scripts, key=scripts.__getitem__, default=SEVERAL)
        if script in ("Han", "Kana", SEVERAL):
            return None
        if script in ALONE:
            return script, ALONE[script]
        spoken_for = hits((kind, count) for kind, count in found if kind.script == script)
        return (script, max(spoken_for, key=spoken_for.__getitem__)) if spoken_for else None

    def _unanimous(self, script: str, language: str, lines: Sequence[str], seen: Sequence[str]) -> list[str]:
        """Count the lines that are in this language beyond doubt, by what their tokens are to it (`tokens.View`); the lines that are left.

        `strongest_rival` bounds what a second language has, so that `settled` need not be asked. Lines too short to be asked about wait, once there is something to wait for.
        """
        alone, left, short = script in ALONE, list[str](), list[tuple[str, int]]()
        sizes = [0] * (TITLE + 2)
        for line, letters in zip(lines, seen, strict=True):
            if not letters:
                continue
            words, own, shared, others = letters.count("w"), letters.count("e"), letters.count("s"), letters.count("o")
            most = own + shared
            if "x" in letters:
                left.append(line)
            elif alone or (
                most >= ENOUGH
                and most >= DENSITY * words
                and most >= AGREED * others
                and (others < CERTAIN or scattered(letters))
                and (
                    most >= AHEAD * (shared + others)  # nobody can have more, and mostly that will do
                    or (own and most > ENOUGH and not others)
                    or most >= AHEAD * (second := strongest_rival(letters))
                    or (most > max(ENOUGH, second) and not others)
                )
            ):
                sizes[_size(words, words <= TITLE and full_sentence(line))] += words
            elif words < ASK and most + others < ENOUGH:
                short.append((line, words))
            else:
                left.append(line)
        for size, count in enumerate(sizes):
            if count:
                self.found[script, language, size] += count
        if any(sizes):
            self.owed[script] += sum(words for _, words in short)
        else:
            left += (line for line, _ in short)
        return left

    def _line(self, line: str) -> None:
        if self.cjk and (_OTHER_LETTER.search(line) is None or _OTHER_WORD.search(line) is None):
            total = sum([-(-len(run) // PER_WORD["Han"]) for run in _CJK.findall(line)])
            script = "Kana" if _KANA_LETTER.search(line) else "Han"
            tokens, found = list[str](), list[tuple[Kind, int]]()
        elif self.cjk and self._with_terms(line):
            return
        else:
            tokens = spaced(line).lower().split()
            found = self._kinds(tokens)
            scripts, total = set(), 0
            for kind, count in found:
                if kind.script:
                    scripts.add(kind.script)
                    total += count * kind.size
            script = scripts.pop() if len(scripts) == 1 else "Kana" if scripts == {"Han", "Kana"} else SEVERAL
        if not total:
            return
        if script == "Kana" and CHINESE_ONLY.search(line):
            self._sentences(line)
        elif script in ALONE:
            self._add(script, ALONE[script], total)
        elif script == "Han":
            self._add(script, self._han(line, kana=False), total)
        elif script != SEVERAL and (language := settled(found, enough=ENOUGH, whole_line=True)) is not None:
            self.doubtful.append(_Doubtful(script, language, tokens, total, full_sentence(line)))
        else:
            self._sentences(line)

    def _with_terms(self, line: str) -> bool:
        """Count a Chinese or Japanese line whose Latin words are terms beyond doubt, as `_sentences` would; False where they may be more."""
        kana = _KANA_LETTER.search(line) is not None
        if _NEITHER.search(line) or (kana and not self.japanese) or (self.japanese and CHINESE_ONLY.search(line)):
            return False
        total = han = kana_words = latin = run = 0
        for part in (*_PART.findall(line), "."):
            if part[0] >= _FIRST_HAN and part[0].isalpha():
                size, run = -(-len(part) // PER_WORD["Han"]), 0
                if _KANA_LETTER.match(part):
                    kana_words += size
                else:
                    han += size
            elif len(part) > 1 and part.isalpha():
                if part.lower() not in FUNCTIONS:
                    latin, run = latin + 1, run + 1
                    if run > TERM or part in LANGUAGES:
                        return False
            elif part in _SENTENCE_MARKS:
                if latin and latin >= max(han, kana_words):
                    return False
                total, han, kana_words, latin = total + han + kana_words + latin, 0, 0, 0
        if total:
            self._add("Kana" if kana else "Han", "ja" if self.japanese else "zh", total)
        return total > 0

    def _sentences(self, line: str) -> None:
        """Count the words of a line sentence by sentence, quotations with what is around them."""
        quoted, inside = 0, list[Piece]()

        def taken_out(match: re.Match[str]) -> str:
            nonlocal quoted
            found = pieces(match.group())
            size = sum(weight(s, w) for s, w in found)
            if size > (TITLE if match.group()[0] == "(" else QUOTED):
                return match.group()
            quoted += size
            inside.extend(found)
            return " "

        outside = QUOTATION.sub(taken_out, line) if '"' in line or "(" in line or "'" in line else line
        if quoted and (not (rest := pieces(outside)) or (self.cjk and term_beside(rest, inside))):
            outside, quoted = line, 0
        kana = not outside.isascii() and _KANA.search(outside) is not None
        around: Counter[tuple[str, str | None]] = Counter()
        for sentence in SENTENCE.split(outside):
            if sentence.isascii():
                words = latin_words(sentence)
                around["Latin", self._of_one_script("Latin", words, len(words), full=full_sentence(sentence))] += len(words)
            else:
                around += self._sentence(pieces(sentence), kana, full=full_sentence(sentence))
        if quoted:
            (script, language), _ = around.most_common(1)[0]
            self._count(script, language, quoted, ())

    def _sentence(self, sentence: list[Piece], kana: bool, *, full: bool) -> Counter[tuple[str, str | None]]:
        """Count the words of a sentence; how many went to which script and language (None: they wait)."""
        found: Counter[tuple[str, str | None]] = Counter()
        if not sentence:
            return found
        own: dict[str, list[str]] = {}
        for script, words in runs(sentence):
            own.setdefault(script, []).extend(words)
        main = max(own, key=lambda s: sum(weight(s, w) for w in own[s]))
        inserted = 0
        if len(own) > 1:
            own = {}
            for script, words in runs(sentence):
                if script != main and belongs(script, words, main):
                    inserted += sum(weight(script, w) for w in words)
                else:
                    own.setdefault(script, []).extend(words)
        for script, words in own.items():
            size = sum(weight(script, w) for w in words) + (inserted if script == main else 0)
            if script in ALONE or script == "Han":
                language = ALONE.get(script) or self._han("".join(words), kana=kana)
                self._count(script, language, size, words)
                found[script, language] += size
            else:
                found[script, self._of_one_script(script, words, size, full=full)] += size
        return found

    def _of_one_script(self, script: str, words: list[str], size: int, *, full: bool) -> str | None:
        """Count words of a script that several languages have; `size` is what they count for. The language that they went to, None where they wait."""
        language = None
        if size and not names(script, words):
            lower = [w.lower() for w in words]
            language = settled(self._kinds(lower), enough=ENOUGH)
            if language is not None or len(words) >= ASK:
                self.doubtful.append(_Doubtful(script, language, lower, size, full))
                return language
        self._count(script, language, size, words)
        return language

    def _count(self, script: str, language: str | None, size: int, words: Iterable[str]) -> None:
        if language is not None:
            self._add(script, language, size)
        else:
            self.waiting.setdefault(script, []).extend(words)
            self.owed[script] += size

    def _han(self, text: str, *, kana: bool) -> str:
        return "ja" if (kana or self.japanese) and CHINESE_ONLY.search(text) is None else "zh"

    def _decide(self) -> None:
        """Decide of the doubtful ones, now that it can be said which language the text otherwise has in their script (`own`).

        One that function words settle is in another language only if they speak more than OVERRULED times as much for it as for the text's. One that they do not is in the text's if nothing speaks for another more,
        else in what the model says.
        """
        scripts = self._by_script()
        for script, language, _, size, _ in self.doubtful:
            if language is not None:
                scripts.setdefault(script, Counter())[language] += size
        known = {script: _most(decided) for script, decided in scripts.items()}
        for script, language, words, size, full in self.doubtful:
            own = known.get(script)
            if language is not None and own == language:
                self._add(script, language, size, full=full)
                continue
            spoken_for = hits(self._kinds(words))
            for_own = spoken_for.get(own, 0) if own is not None else 0
            if (
                own is not None
                and for_own
                and (OVERRULED * for_own >= spoken_for[language] if language else for_own == max(spoken_for.values()))
            ):
                self._add(script, own, size, full=full)
            elif language is not None:
                self._add(script, language, size, full=full, sure=own is None or spoken_for[language] >= CERTAIN)
            elif (guessed := model.guess(" ".join(words))) is not None or size > SHORT:
                # relatives share their function words: these say that it is one of them, the model which
                most = 0 if for_own or guessed is None else spoken_for.get(guessed, 0)
                told = size > TITLE and most >= max(CERTAIN, DENSITY * size, *spoken_for.values())
                self._add(script, guessed or UNKNOWN, size, sure=told)
            else:
                self._count(script, None, size, words)
        self.doubtful.clear()

    def _by_script(self) -> dict[str, Counter[str]]:
        scripts: dict[str, Counter[str]] = {}
        for (script, language, _), count in self.found.items():
            scripts.setdefault(script, Counter())[language] += count
        return scripts

    def reading(self) -> Reading:
        """The words by language, those that waited shared out."""
        self._decide()
        scripts = self._by_script()
        waited = {script: self._waited(script, scripts.get(script, Counter())) for script, size in self.owed.items() if size}
        for script, language in waited.items():
            scripts.setdefault(script, Counter())[language] += self.owed[script]
        total: Counter[str] = Counter()
        for decided in scripts.values():
            total += decided
        main = max(scripts, key=lambda s: (scripts[s].total(), s), default="")
        stretches: Counter[str] = Counter()
        for (script, language, size), count in self.found.items():
            if size >= _least(script, main):
                stretches[language] += count
        for script, language in waited.items():
            if not _least(script, main):
                stretches[language] += self.owed[script]
        return Reading(total, stretches)

    def _waited(self, script: str, decided: Counter[str]) -> str:
        """The language of what waited in a script: the text's own there, else what all of it together is."""
        if (known := _most(decided)) is not None:
            return known
        lower = [w.lower() for w in self.waiting.get(script, ())]
        language = settled(self._kinds(lower), enough=1)
        if language is None and len(lower) >= (ASK if script == "Latin" else ASK_OTHER):
            language = model.guess(" ".join(lower))
        return language or UNKNOWN


def _size(words: int, full: bool) -> int:
    """How long a segment is for `_least`: a full sentence of more words than a set phrase has is as good as a long one."""
    return TITLE + 1 if words > TITLE or (full and words > PHRASE) else words


def _most(decided: Counter[str]) -> str | None:
    return max((language for language in decided if language != UNKNOWN), key=lambda language: (decided[language], language), default=None)


def _least(script: str, main: str) -> int:
    """How many words a segment in a script has at least, to be a stretch in a text whose script is mostly `main`."""
    if script in ("Han", "Kana") or (script != main and script != "Latin"):
        return 0
    return TITLE + 1 if script == main else PHRASE + 1


def _blocks(text: str) -> Iterator[str]:
    """A long text in blocks of whole lines, so that not all its tokens are held at once."""
    start = 0
    while (end := text.find("\n", start + BLOCK)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


def read(text: str) -> Reading:
    """What a text without noise is written in."""
    tally = Tally(text)
    for block in _blocks(text):
        tally.lines(block)
    return tally.reading()
