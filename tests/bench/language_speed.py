"""How fast `curate.language` counts words, stripping included: chains made of templates, words and formulas, and the languages' own sentences, in one process.

    python -m tests.bench.language_speed

CPU time, so that other load does not count. The text is varied in its nouns and formulas only, so the table of tokens is warm most of the time, as it is in a run over many chains.
"""

import json
import os
import time
from random import Random

from curate import language
from curate.language import model
from curate.sources.constraint_kinds import WORDS
from tests.bench.measure import machine
from tests.witness import SENTENCES

MEGABYTES = 8
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


def measured(text: str) -> dict[str, float]:
    """Megabytes and words a second."""
    start = time.process_time()
    found = language.words(text)
    seconds = time.process_time() - start
    return {"MB a second": len(text.encode()) / 1e6 / seconds, "words a second": found.total() / seconds}


def main() -> None:
    """Run once and print a line for each text and one JSON line."""
    random = Random(0)
    chains = english(MEGABYTES * 1_000_000, random)
    report = {"en, as chains": measured(chains)}
    for code in ("de", "fr", "es", "ru", "zh", "ja", "ko", "ar", "hi"):
        sentence = SENTENCES.get(code, "我们先把已知条件写出来，然后再计算这个数的平方根")
        text = "".join(f"{sentence}, $x_{{{random.randint(1, 999)}}}$. " + random.choice((" ", "\n")) for _ in range(20_000))
        report[code] = measured(text)
    for name, figures in report.items():
        print(f"{name:<16}" + ", ".join(f"{value:,.1f} {unit}" for unit, value in figures.items()))
    print(json.dumps({"machine": machine(), "model": model.available(), **report, "load": os.getloadavg()[0]}))


if __name__ == "__main__":
    main()
