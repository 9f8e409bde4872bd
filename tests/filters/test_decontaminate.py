"""What a text shares with a benchmark, and what it does not."""

import pyarrow as pa
import pytest

from curate.filters.decontaminate import STOCK, Benchmarks, Hit, Item, counted, reasons

QUESTION = "Three painters share a ladder that reaches the roof of a barn only when it leans at exactly sixty degrees. How high is the roof if the ladder measures 7 meters?"
SOLUTION = "The height of the roof is the length of the ladder times the sine of the angle at which it leans, so it is about six meters."
SHORT = "Which river flows through Bamberg and Frankfurt?"  # 7 words
MIDDLE = "Which of the old bridges over the Main is older?"  # 10 words
CHINESE = "小明和小红一共有三十六个苹果，小明的苹果比小红的两倍还多六个，请问小明有几个苹果"

ITEMS = [
    Item("toy", "1", QUESTION, SOLUTION),
    Item("toy", "2", SHORT, "The Main"),
    Item("toy", "3", MIDDLE),
    Item("zh", "4", CHINESE),
]
FILLER = "and then there is something else to be said about it"


def hits(text: str, part: str = "prompt", items: list[Item] = ITEMS, n: int = 10) -> list[Hit]:
    (found,) = Benchmarks(items, n).hits(pa.array([text]), part)
    return found


def ids(text: str, part: str = "prompt", **options: object) -> list[tuple[str, str, str]]:
    return [(h.id, h.kind, h.of) for h in hits(text, part, **options)]  # type: ignore[arg-type]


def first(text: str, words: int) -> str:
    return " ".join(text.split()[:words])


@pytest.mark.parametrize("part", ["prompt", "chain"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{FILLER} {first(QUESTION, 10)} {FILLER}", [("1", "ngram", "question")]),
        (f"{FILLER} {first(QUESTION, 9)} {FILLER}", []),
        (f"{FILLER} {first(QUESTION, 10).upper().replace(' ', ' -- ')}!", [("1", "ngram", "question")]),
        (f"{FILLER}: {first(SOLUTION, 12)}", [("1", "ngram", "solution")]),
        (f"{FILLER} {MIDDLE} {FILLER}", [("3", "ngram", "question")]),
        (f"{FILLER} {SHORT} {FILLER}", []),
        (CHINESE[:20].replace("，", "") + "。", []),
        (f"题目：{CHINESE[:24]}", [("4", "ngram", "question")]),
        (FILLER, []),
        ("", []),
    ],
)
def test_n_grams(text: str, part: str, expected: list[tuple[str, str, str]]) -> None:
    assert ids(text, part) == expected


def test_a_hit_names_item_and_words_and_counts_them() -> None:
    assert hits(f"{FILLER} {QUESTION}", "chain") == [
        Hit("toy", "1", "ngram", "question", first(QUESTION.lower(), 10), shared=len(QUESTION.split()) - 9)
    ]


@pytest.mark.parametrize(("n", "expected"), [(8, True), (10, True), (13, False)])
def test_the_length_of_an_n_gram_is_a_parameter(n: int, expected: bool) -> None:
    assert bool(hits(f"{FILLER} {first(QUESTION, 10)} {FILLER}", "chain", n=n)) is expected


@pytest.mark.parametrize(
    ("text", "part", "expected"),
    [
        (SHORT, "prompt", True),
        (f"Answer in one word.\n\n{SHORT}\nThink first.", "prompt", True),
        (f"I was asked: {SHORT}", "prompt", False),
        (SHORT, "chain", False),
    ],
)
def test_an_item_of_few_words_must_be_a_line_of_a_prompt(text: str, part: str, expected: bool) -> None:
    assert (ids(text, part) == [("2", "whole", "question")]) is expected


def test_an_item_shorter_than_an_n_gram_is_found_inside_a_text_where_it_says_enough() -> None:
    items = [Item("toy", "1", "How do mountain goats cross frozen rivers safely?"), Item("toy", "2", "What is 1 + 2 + 3 + 4 + 5 + 6?")]
    assert ids(f"{FILLER} how do mountain goats cross frozen rivers safely {FILLER}", "chain", items=items) == [("1", "whole", "question")]
    assert ids("So what is 1 + 2 + 3 + 4 + 5 + 6 then", "chain", items=items) == []
    assert ids("What is 1+2+3+4+5+6?", items=items) == [("2", "whole", "question")]


def test_what_many_items_share_is_not_looked_for() -> None:
    asking = "Give the answer as a single decimal number rounded to the third digit"
    items = [
        Item(
            "toy", str(i), f"{asking}. {chr(97 + i) * 3} is one of the {i} things that only question number {i} asks for, {chr(98 + i) * 4}"
        )
        for i in range(5)
    ]
    assert ids(f"{FILLER} {asking} {FILLER}", items=items) == []
    assert ids(f"{FILLER} {asking} {FILLER}", items=items[:2]) == [("0", "ngram", "question"), ("1", "ngram", "question")]
    assert ids(items[3].question, "chain", items=items) == [("3", "ngram", "question")]


def test_copies_of_an_item_do_not_hide_it() -> None:
    items = [Item("toy", str(i), QUESTION) for i in range(6)]
    assert len(ids(QUESTION, "chain", items=items)) == 6


@pytest.mark.parametrize(
    "text",
    [
        " ".join(map(str, range(40))),
        "1 1 1 1 1 1 1 1 1 1 1 1",
        "a b c d e f g h i j k l m",
        "x = a + b + c - d * e / f + 3 x y z",
        "for i in range(1, n + 1): if i % 2 == 0: a[i] = b[i] + 1",
    ],
)
def test_numbers_and_formulas_alone_are_in_many_texts(text: str) -> None:
    assert ids(text, "chain", items=[Item("toy", "1", f"{QUESTION} {text}")]) == []


@pytest.mark.parametrize("phrase", STOCK)
def test_what_contests_share_is_nobodys(phrase: str) -> None:
    assert ids(f"{FILLER}\n{phrase}", "chain", items=[Item("toy", "1", f"{QUESTION} {phrase}")]) == []


def test_a_template_can_be_ignored() -> None:
    template = "Reply with one letter only and do not explain anything before or after it, please"
    items = [Item("toy", "1", f"{QUESTION} {template}")]
    assert Benchmarks(items).hits(pa.array([template]), "chain") != [[]]
    assert Benchmarks(items, ignored=[template]).hits(pa.array([template]), "chain") == [[]]


def test_an_item_with_nothing_to_look_for_is_named() -> None:
    items = [*ITEMS, Item("toy", "5", " ".join(map(str, range(30)))), Item("toy", "6", "?!")]
    assert [i.id for i in Benchmarks(items).blind] == ["5", "6"]


def test_a_reworded_question_is_found_on_prompts_alone_and_an_n_gram_goes_before_it() -> None:
    text = "A ladder of 7 meters reaches the roof of a barn only if it leans at exactly sixty degrees. Three painters share it. How high is that roof?"
    (found,) = hits(text, items=[ITEMS[0]], n=13)
    assert (found.kind, found.id, found.text) == ("reworded", "1", QUESTION)
    assert 0.6 < found.similarity < 1
    assert hits(text, "chain", items=[ITEMS[0]], n=13) == []
    assert [h.kind for h in hits(QUESTION, items=[ITEMS[0]])] == ["ngram"]


def test_rows_and_benchmarks_are_counted() -> None:
    found = Benchmarks(ITEMS).hits(pa.chunked_array([[QUESTION, FILLER], [CHINESE, QUESTION + "\n" + SHORT]]))
    assert [len(f) for f in found] == [1, 0, 1, 2]
    assert counted(found) == {("toy", "ngram"): 2, ("zh", "ngram"): 1, ("toy", "whole"): 1}


def test_a_reason_names_the_part() -> None:
    ngram, reworded = Hit("b", "1", "ngram", "question", "x"), Hit("b", "2", "reworded", "question", "x", similarity=0.8)
    assert reasons("prompt", [ngram, ngram, reworded]) == ("contaminated_prompt", "reworded_benchmark")
    assert reasons("chain", [ngram]) == ("contaminated_chain",)
    assert reasons("prompt", []) == ()


def test_no_benchmark_finds_nothing() -> None:
    assert Benchmarks([]).hits(pa.array([QUESTION])) == [[]]
