"""A synthetic set of samples of the paper's size and shape, with every defect planted and known: 804,745 samples with the domains and mean lengths of Table 5 of arXiv 2501.12948v2.

It is made for speed and for counting, and is no language: sentences are drawn from pools of some thousands in six languages, so duplicates are only those that were planted. Precision and recall on it say that
nothing is lost at scale; how filters do on texts that somebody wrote is measured on tests/filters/chains. The same seed gives the same rows, whatever the number of files.

    python -m tests.bench.big_set DIR [--scale 1.0]
"""

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from math import exp
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from curate.records import SAMPLES, Sample, Verdict, make_prompt, sample_row

FILE_ROWS = 4_000
SHARE = 0.03  # of the samples, for each defect
CHARACTERS_PER_TOKEN = 4.0
BENCHMARK_ITEMS = 200
SPREAD = 0.7  # of the logarithm of a length


class Domain(NamedTuple):
    """A domain's samples and mean tokens, as Table 5 has them."""

    samples: int
    tokens: float


DOMAINS = {
    "math": Domain(395_285, 6_094.2),
    "code": Domain(211_129, 7_435.7),
    "stem": Domain(10_124, 4_928.8),
    "logic": Domain(10_395, 2_739.0),
    "general": Domain(177_812, 1_419.8),
}
DEFECTS = (
    "mixed_language",
    "language_differs_from_question",
    "long_paragraph",
    "code_block",
    "repetition",
    "truncated",
    "missing_think",
    "empty_think",
    "several_boxed",
    "answer_only_in_think",
    "refusal",
    "template_leak",
    "pii_email",
    "exact_duplicate",
    "near_duplicate",
    "contaminated",
)
# Sentences with three holes each. Every language's words are its own, so that a sentence is plainly in it.
FRAMES = {
    "en": (
        "I think that the {0} of the {1} must be {2} here, so let me check it again.",
        "If we look at the {0}, then the {1} is not the {2} that we wanted.",
        "So the {0} and the {1} are both part of the {2}, which is what I expected.",
        "Wait, I should have used the {0} before the {1}, because the {2} depends on it.",
        "That means the {1} has to be at least as large as the {0} in this {2}.",
        "Now I can go from the {0} to the {1} without changing the {2} at all.",
        "It would be easier with another {0}, but the {1} already gives the {2}.",
        "Let me see whether this {0} still works when the {1} is the same as the {2}.",
    ),
    "zh": (
        "我们先来看{0}和{1}之间的关系，然后再考虑{2}。",
        "所以这个{0}应该等于{1}，因为{2}没有变化。",
        "等一下，我需要重新检查{0}，看看{1}是不是正确的{2}。",
        "如果把{0}换成{1}，那么{2}就会变得更简单。",
    ),
    "es": (
        "Creo que la {0} de la {1} tiene que ser la {2}, así que voy a comprobarlo.",
        "Si miramos la {0}, entonces la {1} no es la {2} que queríamos.",
        "Por eso la {0} y la {1} son parte de la {2}, como esperaba.",
    ),
    "fr": (
        "Je pense que la {0} de la {1} doit être la {2}, donc je vais vérifier.",
        "Si nous regardons la {0}, alors la {1} n'est pas la {2} que nous voulions.",
        "Ainsi la {0} et la {1} sont dans la {2}, comme je le pensais.",
    ),
    "de": (
        "Ich glaube, dass die {0} der {1} hier die {2} sein muss, also prüfe ich das noch einmal.",
        "Wenn wir die {0} ansehen, dann ist die {1} nicht die {2}, die wir wollten.",
    ),
    "ru": (
        "Я думаю, что {0} и {1} здесь должны быть частью {2}, поэтому проверю ещё раз.",
        "Если мы посмотрим на {0}, то {1} не совпадает с {2}, как мы хотели.",
    ),
}
_LISTS = {
    "en": "triangle remainder function sequence boundary integral divisor polynomial square average distance product matrix pattern position margin interval fraction symbol circle vertex bottle letter garden engine river signal lemma witness corner",
    "zh": "三角形 余数 函数 数列 边界 积分 因子 多项式 平方 平均值 距离 乘积 矩阵 规律 位置",
    "es": "recta función sucesión frontera integral suma media distancia matriz regla posición fracción letra esquina señal",
    "fr": "droite fonction suite frontière somme moyenne distance matrice règle position fraction lettre marge figure",
    "de": "Gerade Funktion Folge Grenze Summe Matrix Regel Position Ecke Fläche Zahl Reihe Menge Gleichung",
    "ru": "функция последовательность граница сумма матрица позиция дробь буква сторона фигура задача точка",
}
NOUNS = {language: words.split() for language, words in _LISTS.items()}
LANGUAGES = (("en", 0.82), ("zh", 0.1), ("es", 0.02), ("fr", 0.02), ("de", 0.02), ("ru", 0.02))
CODE = "```python\ndef solve(values):\n    total = 0\n    for value in values:\n        if value % 2 == 0:\n            total += value * value\n    return total\n\nprint(solve([{0}, {1}]))\n```"
REFUSALS = {
    "en": "I'm sorry, but I can't help with that request.",
    "zh": "抱歉，我无法协助完成这个请求。",
    "es": "Lo siento, pero no puedo ayudar con esa solicitud.",
    "fr": "Je suis désolé, mais je ne peux pas vous aider avec cette demande.",
    "de": "Es tut mir leid, aber ich kann bei dieser Anfrage nicht helfen.",
    "ru": "Извините, но я не могу помочь с этим запросом.",
}


@dataclass(frozen=True, slots=True)
class Pools:
    """Sentences by language, and the questions of a benchmark."""

    sentences: dict[str, list[str]]
    items: list[str]


def pools(seed: int) -> Pools:
    """The same for a seed."""
    draw = random.Random(seed)
    sentences = {}
    for language, frames in FRAMES.items():
        nouns = NOUNS[language]
        size = 40_000 if language == "en" else 6_000
        mark = "{0} {1}" if language not in ("zh",) else "{0}{1}"
        made = []
        for i in range(size):
            sentence = draw.choice(frames).format(*(mark.format(draw.choice(nouns), draw.randrange(10_000)) for _ in range(3)))
            made.append(
                sentence
                if i % 9
                else f"{sentence[:-1]} $x_{{{draw.randrange(99)}}}^2 + {draw.randrange(999)} = \\frac{{{draw.randrange(99)}}}{{7}}$."
            )
        sentences[language] = made
    items = [
        f"A farmer named Quillon counts {draw.randrange(999)} crates of {draw.choice(NOUNS['en'])} fruit and sells {draw.randrange(99)} of them at the {draw.choice(NOUNS['en'])} fair number {i}; how many crates does he still own afterwards?"
        for i in range(BENCHMARK_ITEMS)
    ]
    return Pools(sentences, items)


def _paragraphs(draw: random.Random, sentences: list[str], characters: int) -> str:
    """Text of about so many characters in paragraphs of two to five sentences."""
    mean = len(sentences[0])
    chosen = draw.choices(sentences, k=max(3, characters // mean))
    found, at = [], 0
    while at < len(chosen):
        step = draw.randint(2, 5)
        found.append(" ".join(chosen[at : at + step]))
        at += step
    return "\n\n".join(found)


def _near(draw: random.Random, text: str) -> str:
    """A copy with about one word in a hundred changed."""
    words = text.split(" ")
    for i in draw.sample(range(len(words)), max(1, len(words) // 100)):
        words[i] = f"w{draw.randrange(10_000)}"
    return " ".join(words)


class Made(NamedTuple):
    """A row of SAMPLES and what was planted in it."""

    row: dict[str, Any]
    defects: tuple[str, ...]


def rows(scale: float, seed: int = 7) -> Iterator[Made]:
    """The samples, in an order in which every file has all domains. A sample has one defect at most."""
    pool = pools(seed)
    draw = random.Random(seed + 1)
    left = {name: max(20, round(d.samples * scale)) for name, d in DOMAINS.items()}
    order = [name for name, n in left.items() for _ in range(n)]
    draw.shuffle(order)
    earlier: list[tuple[str, str, str, str, str]] = []  # clean ones that can be repeated
    for number, domain in enumerate(order):
        language = draw.choices([n for n, _ in LANGUAGES], [w for _, w in LANGUAGES])[0]
        defect = draw.choice(DEFECTS) if draw.random() < SHARE * len(DEFECTS) else None
        if (
            (defect == "code_block" and domain in ("code", "general"))
            or (defect in ("exact_duplicate", "near_duplicate") and not earlier)
            or (defect == "several_boxed" and domain != "math")
        ):
            defect = None
        yield _sample(draw, pool, number, domain, language, defect, earlier)


def _sample(
    draw: random.Random,
    pool: Pools,
    number: int,
    domain: str,
    language: str,
    defect: str | None,
    earlier: list[tuple[str, str, str, str, str]],
) -> Made:
    sentences = pool.sentences[language]
    mean = DOMAINS[domain].tokens * CHARACTERS_PER_TOKEN * (0.45 if language == "zh" else 1.0)
    size = int(mean * exp(SPREAD * max(-3.0, min(3.0, draw.gauss(0, 1))) - SPREAD**2 / 2))
    answer = str(draw.randrange(100_000))
    question = f"{draw.choice(sentences)} {draw.choice(sentences)} ({number})"
    chain: str | None = _paragraphs(draw, sentences, size)
    response = (
        f"{draw.choice(sentences)}\n\n\\boxed{{{answer}}}"
        if domain in ("math", "stem", "logic")
        else f"{draw.choice(sentences)}\n\n{draw.choice(sentences)}"
    )
    finish = "stop"
    other = "zh" if language != "zh" else "en"
    assert chain is not None
    middle = chain.find("\n\n", len(chain) // 2)
    middle = middle if middle >= 0 else len(chain)
    match defect:
        case "mixed_language":
            chain = chain[:middle] + "\n\n" + " ".join(draw.choices(pool.sentences[other], k=4)) + chain[middle:]
        case "language_differs_from_question":
            chain = _paragraphs(draw, pool.sentences[other], size)
            response = response.replace(response.partition("\n\n\\boxed")[0], draw.choice(pool.sentences[other]))
        case "long_paragraph":
            chain = chain[:middle] + "\n\n" + " ".join(draw.choices(sentences, k=90)) + chain[middle:]
        case "code_block":
            chain = chain[:middle] + "\n\n" + CODE.format(draw.randrange(99), number) + chain[middle:]
        case "repetition":
            chain += "\n\n" + " ".join([draw.choice(sentences)] * 80)
        case "truncated":
            finish, response = "length", ""
        case "missing_think":
            chain = None
        case "empty_think":
            chain = ""
        case "several_boxed":
            response += f"\n\n\\boxed{{{int(answer) + 1}}}"
        case "answer_only_in_think":
            chain += f"\n\n\\boxed{{{answer}}}"
            response = ""
        case "refusal":
            response = REFUSALS[language]
        case "template_leak":
            response += "<|im_end|>\n<|im_start|>user"
        case "pii_email":
            response += f"\n\nWrite to anna.keller{number}@gmail.com."
        case "exact_duplicate" | "near_duplicate":
            domain, language, question, chain, response = draw.choice(earlier)
            assert chain is not None
            chain = chain if defect == "exact_duplicate" else _near(draw, chain)
        case "contaminated":
            question = draw.choice(pool.items) + f" ({number})"
    if defect is None and len(earlier) < 2_000 and len(chain or "") > 2_000:
        earlier.append((domain, language, question, chain or "", response))
    closed = "" if defect == "truncated" else f"</think>\n{response}"
    completion = response if chain is None else f"<think>{chain}{closed}"
    return Made(_row(number, question, domain, language, chain, response, completion, finish), () if defect is None else (defect,))


def _row(
    number: int, question: str, domain: str, language: str, chain: str | None, response: str, completion: str, finish: str
) -> dict[str, Any]:
    prompt = make_prompt(question, domain=domain, language=language, source=f"synthetic/{domain}", license="cc0-1.0")
    sample = Sample(
        prompt=prompt,
        id=f"{prompt.id}-{number:07d}",
        prompt_id=prompt.id,
        sample_index=0,
        completion=completion,
        reasoning=chain,
        response=response,
        chain="none" if chain is None else "full",
        finish_reason=finish,
        prompt_tokens=60,
        completion_tokens=int(len(completion) / CHARACTERS_PER_TOKEN) + 1,
        seed=number,
        engine="scripted",
        model="synthetic",
        model_revision=None,
        template="chat@1",
        sampling="{}",
        verdict=Verdict("unverifiable", reason="nothing to check"),
    )
    return sample_row(sample)


def write(directory: Path, scale: float, seed: int = 7) -> dict[str, Any]:
    """Files of samples in `directory`/samples, what was planted by sample id in truth.parquet, and the benchmark in benchmark.jsonl. Returns how much of it there is."""
    import json

    (directory / "samples").mkdir(parents=True, exist_ok=True)
    truth: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []
    characters = files = 0

    def flush() -> None:
        nonlocal files
        path = directory / "samples" / f"{files:05d}.parquet"
        with pq.ParquetWriter(path, SAMPLES, compression="zstd", compression_level=1) as writer:
            for at in range(0, len(waiting), 500):
                writer.write_table(pa.Table.from_pylist(waiting[at : at + 500], schema=SAMPLES))
        waiting.clear()
        files += 1

    for made in rows(scale, seed):
        waiting.append(made.row)
        characters += len(made.row["completion"])
        truth.append({"id": made.row["id"], "defects": list(made.defects)})
        if len(waiting) == FILE_ROWS:
            flush()
    if waiting:
        flush()
    pq.write_table(
        pa.Table.from_pylist(truth, schema=pa.schema([("id", pa.string()), ("defects", pa.list_(pa.string()))])),
        directory / "truth.parquet",
    )
    (directory / "benchmark.jsonl").write_text(
        "".join(json.dumps({"id": f"item-{i}", "question": q}) + "\n" for i, q in enumerate(pools(seed).items)), encoding="utf-8"
    )
    return {"samples": len(truth), "files": files, "characters": characters, "planted": sum(bool(t["defects"]) for t in truth)}


def main() -> None:
    """Make the set."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    print(write(options.directory, options.scale))


if __name__ == "__main__":
    main()
