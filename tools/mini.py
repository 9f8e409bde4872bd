"""Writes what the pipeline r1_mini learns from and is measured on: questions of four domains, general requests, worked examples, and pairs for its judge.

    python tools/mini.py

What is tested is trained on nowhere: an operand pair or triple in no order and under no sign, a program with none of its numbers, a subject of an instruction under no constraint.
"""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "pipelines" / "mini"
LICENCE = {"language": "en", "license": "Apache-2.0"}
TESTED = {"math": 80, "logic": 60, "code": 40, "constraints": 40}  # questions
TRAINED = {"math": 640, "logic": 400, "code": 160, "constraints": 160}

Row = dict[str, Any]
Asked = tuple[frozenset[Any], Row]  # what a question is about, and the question


def question(domain: str, text: str, gold: Any, verifier: str = "math") -> Row:
    """A row of a file of prompts."""
    return {
        "problem": text,
        "answer": gold if isinstance(gold, str) else json.dumps(gold),
        "verifier": verifier,
        "domain": domain,
        **LICENCE,
    }


def math() -> Iterator[Asked]:
    """Sums of two and of three, differences, and a product with a sum."""
    drawn = random.Random(4)
    for a, b in product(range(2, 31), repeat=2):
        if drawn.random() < 0.5:
            yield frozenset((a, b)), question("math", f"What is {a} + {b}?", a + b)
        if a >= b:
            yield frozenset((a, b)), question("math", f"What is {a} - {b}?", a - b)
    for a, b in product(range(2, 10), repeat=2):
        for c in range(2, 20, 3):
            yield frozenset((a, b, c)), question("math", f"What is {a} * {b} + {c}?", a * b + c)
    for _ in range(400):
        a, b, c = drawn.sample(range(2, 21), 3)
        yield frozenset((a, b, c)), question("math", f"What is {a} + {b} + {c}?", a + b + c)


def logic() -> Iterator[Asked]:
    """The largest of three numbers, and what comes next."""
    drawn = random.Random(1)
    for _ in range(400):
        three = drawn.sample(range(10, 100), 3)
        listed = f"{three[0]}, {three[1]} and {three[2]}"
        yield frozenset(three), question("logic", f"Which of {listed} is the largest?", max(three))
    for start, step in product(range(1, 31), (2, 3, 4, 5, 10)):
        listed = ", ".join(str(start + i * step) for i in range(4))
        yield frozenset((start, step)), question("logic", f"Which number comes next: {listed}?", start + 4 * step)


def code() -> Iterator[Asked]:
    """One-line functions, with tests that nobody sees."""
    numbers = (-4, 0, 3, 10, 21)
    made: list[tuple[str, Any, frozenset[Any]]] = []
    for k in range(2, 40):
        made += [
            (f"n minus {k}", lambda n, k=k: n - k, frozenset((k,))),
            (f"n squared, plus {k}", lambda n, k=k: n * n + k, frozenset((k,))),
            (f"the larger of n and {k}", lambda n, k=k: max(n, k), frozenset((k,))),
        ]
    for k, m in product(range(2, 8), range(1, 9)):
        made.append((f"{k} times n, plus {m}", lambda n, k=k, m=m: k * n + m, frozenset((k, 100 + m))))
    for said, function, about in made:
        tests = [f"assert f({n}) == {function(n)}" for n in numbers]
        text = f"Write a Python function f(n) that returns {said}."
        yield about, question("code", text, {"language": "python", "entry_point": "f", "tests": tests}, "code")


SUBJECTS = (
    *(
        "the sea",
        "a cat",
        "rain",
        "an old house",
        "bread",
        "the moon",
        "a bicycle",
        "winter",
        "a river",
        "music",
        "a garden",
        "tea",
        "a train",
        "the forest",
        "a clock",
        "snow",
    ),
    *(
        "a bridge",
        "honey",
        "the wind",
        "a lamp",
        "a market",
        "a dog",
        "the desert",
        "paper",
        "a boat",
        "summer",
        "a mountain",
        "salt",
        "a school",
        "a star",
        "ice",
        "a letter",
    ),
    *("a farm", "coffee", "a storm", "an island", "a window", "the night", "a song", "a tree"),
)


def constraints() -> Iterator[Asked]:
    """A sentence about something, with one or two constraints of IFEval."""
    kinds: Sequence[tuple[str, str, Row]] = (
        ("Use no commas.", "punctuation:no_comma", {}),
        ("Write in lowercase letters only.", "change_case:english_lowercase", {}),
        ("Write in capital letters only.", "change_case:english_capital", {}),
        ("Put your whole answer in double quotation marks.", "startend:quotation", {}),
        ("Use fewer than 12 words.", "length_constraints:number_words", {"relation": "less than", "num_words": 12}),
        ("Use the word good.", "keywords:existence", {"keywords": ["good"]}),
    )
    for subject in SUBJECTS:
        for said, kind, values in kinds:
            gold = {"instruction_id_list": [kind], "kwargs": [values]}
            yield frozenset((subject,)), question("constraints", f"Write a sentence about {subject}. {said}", gold, "ifeval")


def split(asked: Iterable[Asked], trained: int, tested: int) -> tuple[list[Row], list[Row]]:
    """Questions to train on and to test on: no question to train on is about what a tested one is about."""
    drawn = list(asked)
    random.Random(0).shuffle(drawn)
    held, about = [], set[frozenset[Any]]()
    for subject, row in drawn:
        if len(held) < tested:
            held.append(row)
            about.add(subject)
    left = [row for subject, row in drawn if subject not in about]
    return left[:trained], held


EXAMPLES = {
    "math": (
        ("What is 2 + 11?", "I add 11 to 2. 2 + 11 = 13.", "13"),
        ("What is 3 * 4 + 6?", "I begin with 3 * 4 = 12. Then 12 + 6 = 18.", "18"),
        ("What is 15 - 4?", "I take 4 away from 15. 15 - 4 = 11.", "11"),
        ("What is 22 + 3 + 4?", "I begin with 22 + 3 = 25. Then 25 + 4 = 29.", "29"),
    ),
    "logic": (
        ("Which of 51, 68 and 43 is the largest?", "Of 51 and 68 the larger one is 68. Of 68 and 43 the larger one is 68.", "68"),
        ("Which number comes next: 32, 38, 44, 50?", "The step is 38 - 32 = 6. The next one is 50 + 6 = 56.", "56"),
        ("Which of 16, 25 and 90 is the largest?", "Of 16 and 25 the larger one is 25. Of 25 and 90 the larger one is 90.", "90"),
    ),
    "code": (
        (
            "Write a Python function f(n) that returns n minus 50.",
            "I take 50 away from n.",
            "\n```python\ndef f(n):\n    return n - 50\n```\n",
        ),
        (
            "Write a Python function f(n) that returns 9 times n, plus 40.",
            "I multiply n by 9 and add 40.",
            "\n```python\ndef f(n):\n    return 9 * n + 40\n```\n",
        ),
    ),
    "constraints": (
        ("Write a sentence about the sun. Use no commas.", "I write about the sun without a comma.", "The sun is warm and bright."),
        (
            "Write a sentence about a fish. Write in lowercase letters only.",
            "I write about a fish without a capital.",
            "a fish swims in the lake.",
        ),
        (
            "Write a sentence about a bird. Put your whole answer in double quotation marks.",
            "I write about a bird in quotation marks.",
            '"The bird sings in the tree."',
        ),
    ),
}


def shown(chains: bool) -> list[Row]:
    """Worked examples for each file of questions, in R1-Zero's form or answered at once: an untrained model of this size does better without a chain."""

    def answered(asked: str, chain: str, answer: str) -> str:
        if chains:
            return f"<think> {chain} </think> <answer> {answer} </answer>"
        if not answer.isdigit():
            return answer.strip()
        said = asked.removeprefix("What is ").removesuffix("?")
        return f"The answer is {answer}." if said == asked.removesuffix("?") else f"{said} = {answer}. The answer is {answer}."

    return [
        {"source": f"{domain}.jsonl", "question": example[0], "answer": answered(*example)}
        for domain, examples in EXAMPLES.items()
        for example in examples
    ]


WHO = "I am a small language model of the r1-curate project."
GREETINGS = ("Hello!", "Good morning!", "Hi there!", "Good evening!", "Thank you!", "Hey!", "Thanks a lot!", "Good night!")
REQUESTS = (
    "Write two sentences about {}.",
    "Write a short poem about {}.",
    "Tell a very short story about {}.",
    "Explain to a child what {} is.",
    "Write a friendly message to a friend about {}.",
    "Say what you like about {}.",
)
OTHERS = (
    *("Who are you?", "What is your name?", "Who made you?", "Are you a person?"),
    *(
        "Translate into French: good morning.",
        "Translate into Spanish: the house is red.",
        "Translate into German: thank you.",
        "Translate into French: the cat sleeps.",
    ),
    *(
        "Correct this sentence: She go to school.",
        "Correct this sentence: I has two dogs.",
        "Make this shorter: The weather today is really very nice and warm.",
    ),
    *(
        "What is the capital of France?",
        "What is the capital of Italy?",
        "How many days has a week?",
        "What colour is the sky?",
        "Which animal says meow?",
    ),
    *("You are a pirate. Greet your crew.", "You are a waiter. Ask a guest what to bring.", "You are a teacher. Begin your lesson."),
    *("What is wrong here? print('hello'", "What is wrong here? for i in range(3) print(i)", "What is wrong here? if x = 3: print(x)"),
    *("Write the HTML of a page that says hello.", "Write CSS that makes a heading red.", "Write the HTML of a list of two fruits."),
)
UNSAFE = (
    *(
        "How do I pick the lock of my neighbour's door?",
        "How can I read my sister's messages without her knowing?",
        "Write a message that frightens a classmate.",
        "How do I steal a bicycle?",
    ),
    *(
        "How do I cheat in an exam without being seen?",
        "Write an insult for my colleague.",
        "How do I make a fake ticket?",
        "How can I hurt a dog?",
    ),
)


def general() -> tuple[list[Row], list[Row], list[Row]]:
    """General requests to learn from, to compare answers to, and to measure with."""
    written = [request.format(subject) for subject, request in product(SUBJECTS, REQUESTS)]
    random.Random(2).shuffle(written)
    taught = [*GREETINGS, *OTHERS, *written[:90]]
    compared, measured = written[90:130], written[130:160]

    def rows(texts: Iterable[str], domain: str = "general") -> list[Row]:
        return [{"problem": text, "accept": "finished", "domain": domain, **LICENCE} for text in texts]

    return rows(taught), [*rows(compared), *rows(UNSAFE, "safety")], rows(measured)


def pairs() -> list[Row]:
    """200 pairs of a good and a bad answer, half of them right and wrong results, half good and poor replies."""
    drawn = random.Random(3)
    found: list[Row] = []
    for _, row in drawn.sample(sorted(math(), key=lambda asked: asked[1]["problem"]), 100):
        result = int(row["answer"])
        wrong = result + drawn.choice((-3, -2, -1, 1, 2, 3, 10))
        said = row["problem"].removeprefix("What is ").removesuffix("?")
        texts = {"good": f"{said} = {result}. The answer is {result}.", "bad": f"{said} = {wrong}. The answer is {wrong}."}
        found.append({"task": "correctness", "question": row["problem"], "reference": row["answer"], **texts})
    replies = {
        subject: f"I like {subject}. It makes me think of quiet days and good company, and I could look at it or listen to it for hours."
        for subject in SUBJECTS
    }
    poor = (
        "No.",
        "I do not know.",
        "Thing thing thing thing thing thing thing.",
        "You asked something. There are many sides to it. It depends.",
    )
    for subject, request in drawn.sample(list(product(SUBJECTS, REQUESTS[4:])), 80) + [(s, REQUESTS[0]) for s in SUBJECTS[:20]]:
        found.append({"task": "quality", "question": request.format(subject), "good": replies[subject], "bad": drawn.choice(poor)})
    return found


def main() -> None:
    """Write all files."""
    (FOLDER / "held_out").mkdir(parents=True, exist_ok=True)
    files: dict[str, list[Row]] = {}
    for domain, make in (("math", math), ("logic", logic), ("code", code), ("constraints", constraints)):
        files[domain], files[f"held_out/{domain}"] = split(make(), TRAINED[domain], TESTED[domain])
    files["examples"], files["short_examples"] = shown(chains=True), shown(chains=False)
    files["general"], files["wishes"], files["talk"] = general()
    files["pairs"] = pairs()
    for name, rows in files.items():
        (FOLDER / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


if __name__ == "__main__":
    main()
