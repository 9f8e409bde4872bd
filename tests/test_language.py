"""Words by language: a table of texts as models write them, in many scripts, and what must hold for any text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curate import language
from curate.language import model, segments, tokens
from curate.language.function_words import FUNCTION_WORDS
from curate.language.scripts import MARKS
from tests.filters.texts import CHAINS
from tests.witness import SENTENCES

# text, its language, the least share of it that must be in that language
ONE = [
    # reasoning in one language, with what such texts hold besides words
    ("en", "Let me think about this. First, we need to find $x$ such that $x^2 = 4$, so x = 2 or x = -2."),
    ("en", "Okay, so I need to find the sum of the first 100 integers.\n\nWait, let me double-check: 100 * 101 / 2 = 5050.\n\nYes, that's right."),
    ("en", "Hmm.\n\nWait.\n\nSo the answer is 5.\n\n**Final Answer:** \\boxed{5}"),
    ("en", "By AM-GM, \\[ \\frac{a+b}{2} \\geq \\sqrt{ab}, \\] with equality if and only if $a = b$. Hence \\begin{align} x &= 1 \\\\ y &= 2 \\end{align}"),
    ("en", "The function `calcule_la_somme` returns the sum; see https://example.org/de/der/die/das for more on this."),
    ("en", "Here is how we do it:\n```python\n# 这是注释 мы считаем сумму\nfor i in range(10):\n    print(i)\n```\nThat is all there is to it."),
    ("en", "I will write a program for this:\n```python\n# 这个函数计算总和\ndef f(x):\n    return x"),
    ("en", "IT IS TRUE THAT ALL OF THEM WILL BE THERE WHEN WE GET TO IT."),
    ("en", "The die was cast; roll a die and the man also was on the way so it is an order to me."),
    ("en", "Let α be the angle, β its complement and Δx the step; then we have λ > 0 for all of them."),
    ("en", "“I don’t know,” she said — “but we’ll see…” That’s what it’s about."),
    ("zh", "让我们想一想。首先，我们需要找到一个满足条件的数 $x$，使得 $x^2=4$。"),
    ("zh", "設三角形的邊長為 a、b、c，則由餘弦定理可得結果。這個答案是對的。"),
    ("zh", "我们使用 Python 来实现 Transformer 模型，然后调用 GET API 返回 JSON 结果。"),
    ("zh", "解：由题意得 AB = CD，所以四边形 ABCD 是平行四边形。答案：B"),
    ("ja", "まず、与えられた式を整理します。次に、両辺を2で割ると x = 3 が得られます。"),
    ("ja", "東京都。これは日本語の文です。計算結果。\n連立方程式\n解答"),
    ("ja", "データベースのインデックスを作成して、クエリを実行します。"),
    ("ko", "이 문제를 풀기 위해 먼저 식을 정리합니다. 따라서 답은 5입니다."),
    ("ko", "먼저 API를 호출하고 JSON 데이터를 파싱합니다."),
    ("ar", "دعنا نفكر في هذه المسألة خطوة بخطوة. أولاً، يجب أن نجد قيمة x."),
    ("fa", "بیایید این مسئله را گام به گام بررسی کنیم. ابتدا باید مقدار x را پیدا کنیم."),
    ("ur", "آئیے اس مسئلے کو قدم بہ قدم حل کرتے ہیں۔ سب سے پہلے ہمیں x کی قیمت معلوم کرنی ہے۔"),
    ("hi", "आइए इस समस्या को चरण दर चरण हल करें। सबसे पहले हमें x का मान ज्ञात करना है।"),
    ("mr", "चला ही समस्या सोडवू या. आपण प्रथम x ची किंमत काढली आणि ती योग्य आहे."),
    ("ru", "Давайте решим эту задачу шаг за шагом. Сначала найдём производную функции f(x)."),
    ("uk", "Давайте розв'яжемо цю задачу крок за кроком. Спочатку знайдемо похідну."),
    ("bg", "Нека решим тази задача стъпка по стъпка. Първо ще намерим производната."),
    ("sr", "Хајде да решимо овај задатак корак по корак. Прво ћемо наћи извод."),
    ("el", "Ας λύσουμε αυτό το πρόβλημα βήμα προς βήμα. Πρώτα βρίσκουμε την παράγωγο."),
    ("he", "בואו נפתור את הבעיה הזו צעד אחר צעד. ראשית נמצא את הנגזרת."),
    ("th", "มาแก้ปัญหานี้ทีละขั้นตอนกันเถอะ ก่อนอื่นเราต้องหาค่าของ x"),
    ("vi", "Hãy giải bài toán này từng bước một. Trước hết, ta cần tìm giá trị của x."),
    ("de", "Schauen wir uns das Problem genauer an. Zuerst müssen wir die Gleichung lösen, also x = 2."),
    ("fr", "Commençons par résoudre l'équation. Ensuite, nous calculons la dérivée de la fonction."),
    ("es", "Primero debemos encontrar el valor de la variable y después sustituirlo en la ecuación."),
    ("it", "Prima di tutto dobbiamo trovare il valore della variabile, poi lo sostituiamo nell'equazione."),
    ("pt", "Primeiro, precisamos encontrar o valor da variável e depois substituí-lo na equação."),
    ("nl", "Laten we eerst kijken naar de vergelijking en daarna de waarde van de variabele invullen."),
    ("pl", "Najpierw musimy znaleźć wartość zmiennej, a potem podstawić ją do równania."),
    ("cs", "Nejprve musíme najít hodnotu proměnné a pak ji dosadíme do rovnice, protože to je jednodušší."),
    ("sv", "Först måste vi hitta värdet på variabeln och sedan sätter vi in det i ekvationen."),
    ("tr", "Önce değişkenin değerini bulmamız gerekiyor, daha sonra bunu denklemde yerine koyarız."),
    ("id", "Pertama kita harus mencari nilai dari variabel itu dan kemudian memasukkannya ke dalam persamaan."),
    ("hu", "Először meg kell keresni a változó értékét, és utána be kell helyettesíteni az egyenletbe."),
    ("ro", "Mai întâi trebuie să găsim valoarea variabilei și apoi o înlocuim în ecuație."),
    ("fi", "Ensin meidän täytyy löytää muuttujan arvo ja sitten sijoittaa se yhtälöön."),
    # names, quotations, loan words
    ("en", "The physicist Пётр Капица worked at Cambridge, and Σωκράτης taught Plato, as we know from both of them."),
    ("en", "Confucius (孔子) said \"学而时习之\" long ago, and Tolstoy wrote «Война и мир» in Russia."),
    ("en", "He said \"je ne sais pas quoi faire\" and then he left the room. That was the end of it."),
    ("en", "It gave us a certain Schadenfreude to see that the Zeitgeist had changed, a fait accompli of the first order."),
    ("de", "Das Meeting war ein Erfolg, denn das Team hat alle Features rechtzeitig deployed und der Chef ist happy."),
    ("fr", "Le mot anglais \"the weather is fine\" se traduit par cette expression, et on l'emploie dans tous les cas."),
    ("ru", "Мы используем Python и библиотеку NumPy, чтобы решить эту задачу на GPU."),
    ("zh", "莎士比亚说过：“To be, or not to be”，这句话大家都知道，它的意思很清楚。"),
    ("zh", "日语里的“ありがとう”是谢谢的意思，这个词大家都会说。"),
    ("ja", "中国語の「谢谢」は、ありがとうという意味です。"),
    ("en", "Translate 'Guten Morgen, wie geht es dir' into English. It means good morning and how are you."),
    ("en", "The character 水 means water, and 火 means fire; both of them are used in many words."),
    ("en", "So the answer is: \\boxed{\\text{the sum of all of them}}"),
    ("zh", "因为 sin(x) = 1/2，cos(x) > 0，而且 log(x) 是单调递增的，所以答案是 5。"),
    ("ja", "Pythonのリスト内包表記を使うと、for文よりも短く書くことができます。"),
    ("en", "孔子 (Confucius) and 孟子 (Mencius) taught this, and 关系 (guanxi) is what it is about."),
    ("zh", "莎士比亚说过：“To be, or not to be, that is the question”，这句话大家都知道，它的意思很清楚。"),
]  # fmt: skip

MIXED = [
    # text, wanted language, the share that it has at most
    ("Let me think about this problem step by step. 首先我们需要计算这个函数的导数。 Then we get the answer.", "en", 0.7),
    ("So the 答案 is 5 and we are 完成 with it.", "en", 0.85),
    ("所以 the answer is clearly 5，我们得到结果。", "zh", 0.7),
    ("首先我们设 x 为未知数。\nThen we can see that it is equal to five, and so we are done.", "zh", 0.6),
    ("We start with the first equation. Das ist richtig, weil es für alle Zahlen gilt. And then we are done.", "en", 0.75),
    ("Сначала найдём производную. Then we set it to zero and solve for the unknown.", "ru", 0.5),
    ("まず式を整理します。 Then we get the answer and that is what we want.", "ja", 0.7),
    ("먼저 식을 정리합니다. 然后我们计算这个函数的导数。", "ko", 0.6),
    ("Primero calculamos la suma de los números. First we need to check that it is right. Y después la dividimos.", "es", 0.75),
]


@pytest.mark.parametrize(("wanted", "text"), ONE)
def test_a_text_in_one_language_is_in_it(wanted: str, text: str) -> None:
    assert language.detect(text) == wanted, language.words(text)
    found = language.share(text, wanted)
    assert found is not None
    assert found >= 0.95, language.words(text)


@pytest.mark.parametrize(("text", "wanted", "most"), MIXED)
def test_a_mixed_text_has_less_of_each(text: str, wanted: str, most: float) -> None:
    found = language.share(text, wanted)
    assert found is not None
    assert 0.15 < found <= most, language.words(text)


@pytest.mark.parametrize(("wanted", "text"), SENTENCES.items())
def test_the_languages_of_ifeval_are_told(wanted: str, text: str) -> None:
    assert language.detect(text) == wanted
    assert language.recognised(wanted)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\t ",
        "42",
        "$x = 1$",
        "x + y = z",
        "\\[ \\frac{\\mathrm{kg}}{\\mathrm{mol}} \\]",
        "```python\nprint('the and of')\n```",
        "https://example.org/the/and/of",
        "foo_bar1 a1b2 x2",
        "😀 → ∞ ≤",
        "α β γ",
    ],
)
def test_what_has_no_words_has_no_language(text: str) -> None:
    assert language.words(text).total() == 0
    assert language.share(text, "en") is None
    assert language.detect(text) is None


@pytest.mark.parametrize("text", ["Hola", "Watashi wa nihongo wo benkyou", "Zxcv qwrt", "Die roll"])
def test_what_cannot_be_told_is_not_told(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "guess", lambda segment: None)
    assert language.detect(text) in (None, "de")


@pytest.mark.parametrize(("wanted", "text"), ONE)
def test_rules_alone_settle_whole_sentences(wanted: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "guess", lambda segment: None)
    found = language.words(text)
    assert found[wanted] >= 0.6 * found.total(), found
    assert found[wanted] + found[language.UNKNOWN] >= 0.9 * found.total(), found


def test_the_model_speaks_where_rules_are_silent_and_pieces_are_long_enough() -> None:
    assert model.available()
    low_german = "Hoe geiht di dat hüüt, mien lev Fründ? Ik heff di lang nich mehr sehn."
    assert language.detect(low_german) == "nds"
    assert language.recognised("nds")
    assert model.guess("zq") is None


def test_characters_and_words_are_counted_as_said() -> None:
    assert language.words("今天天气很好") == {"zh": 3}
    assert language.words("今天天") == {"zh": 2}
    assert language.words("これは本です") == {"ja": 4}  # これは, 本, です: pieces of one script each, two characters a word
    assert language.words("สวัสดีครับ") == {"th": 3}
    assert language.words("the well-known results of it") == {"en": 6}
    assert language.words("안녕하세요 여러분") == {"ko": 2}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("en", "en"), ("EN", "en"), ("zh-CN", "zh"), ("zh_Hans", "zh"), ("pt-BR", "pt"), ("nb", "no"), (" De ", "de"), ("iw", "he"), ("jp", "ja"), ("eng", "en"), ("cmn_Hans", "zh"), ("arb_Arab", "ar")],
)  # fmt: skip
def test_codes(name: str, expected: str) -> None:
    assert language.code(name) == expected


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("It costs $5 and then $10 more", "It costs $5 and then $10 more"),
        ("so $x+1$ is", "so   is"),
        ("so $$a\nb$$ is", "so   is"),
        ("a \\text{for all } b", "for all"),
        ("\\boxed{42} is it", "is it"),
        ("see `the_code` here", "here"),
        ("~~~\nthe code\n~~~\ndone", "done"),
        ("the <b>bold</b> word", "bold"),
        ("def f(x):\n    return x + 1\nis code", "is code"),
    ],
)
def test_strip_takes_out_what_is_no_language(text: str, left: str) -> None:
    stripped = language.strip(text)
    assert left in stripped
    assert not {"x+1", "frac", "the_code", "42", "<b>", "return"} & set(stripped.split())


def test_function_words_are_words_and_marks_name_known_languages() -> None:
    for listed in FUNCTION_WORDS.values():
        assert listed == listed.lower()
    assert {code for codes in MARKS for code in codes.split()} <= set(FUNCTION_WORDS)


TEXT = st.text(
    alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("the and of $\\`[](){}\"“”«».!?。,\n我们 это וְ がの é"))
    , max_size=200,
)  # fmt: skip


@given(TEXT)
def test_any_text_gives_shares_that_add_up(text: str) -> None:
    found = language.words(text)
    assert all(n > 0 for n in found.values())
    shares = [language.share(text, code) for code in found if code != language.UNKNOWN]
    assert all(s is not None for s in shares) or all(s is None for s in shares)
    known = [s for s in shares if s is not None]
    assert not known or sum(known) == pytest.approx(1)
    told = language.detect(text)
    assert told is None or found[told] == max(n for code, n in found.items() if code != language.UNKNOWN)
    assert language.words(text) == found


@given(
    st.lists(
        st.sampled_from(
            [text for _, text in ONE] + [text for text, _, _ in MIXED] + ["Yes.", "Wait, no.", "", "x = 1", 'He said "no way".']
        ),
        min_size=1,
        max_size=30,
    )
)
def test_the_fast_way_says_what_the_slow_way_says(lines: list[str]) -> None:
    text = "\n".join(lines)
    fast = language.reading(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "MANY", len(text) + 2)
        slow = language.reading(text)
    assert fast == slow


@given(
    st.lists(
        st.sampled_from(
            [
                "我们用",
                "谢谢",
                "の",
                "です。",
                "文",
                "Python",
                "API",
                "GET",
                "the",
                "so",
                "log",
                "x",
                "AB = AC",
                "é",
                "，",
                "。",
                ". ",
                " ",
                "(",
                ")",
                '"',
                "Σ",
                "\n",
            ]
        ),
        max_size=25,
    )
)
@example(["我们用", "(", "Python"])
@example(['"', "我们用", '"', "Python"])
def test_terms_in_chinese_and_japanese_lines_are_counted_as_the_slow_way_counts_them(parts: list[str]) -> None:
    text = "".join(parts)
    fast = language.reading(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments.Tally, "_with_terms", lambda self, line: False)
        slow = language.reading(text)
    assert fast == slow


@given(TEXT, st.integers(2, 30))
def test_a_text_is_read_in_blocks_without_a_loss(text: str, size: int) -> None:
    whole = segments.read(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "BLOCK", size)
        assert segments.read(text).words.total() == whole.words.total()


@pytest.mark.parametrize(
    ("main", "text", "others"),
    [
        ("en", "So the 答案 is 5 and we are 完成 with it.", {"zh": 2}),
        ("en", "We know that it is so. 首先我们需要计算这个函数的导数。 And then we are done.", {"zh": 8}),
        ("en", "We know that it is so. Das ist richtig, weil es für alle gilt. And then we are done with all of it.", {"de": 8}),
        ("en", "We know that it is so.\n- Das ist es für alle\n- El laberinto del fauno\nAnd then we are done with all of it.", {}),
        ("en", "We know that it is so. They called it that. C'est la vie. And then we are done with all of it.", {}),
        ("zh", "所以我们得到了这个结果。The final answer is 5。这就是我们要的答案。", {}),
        ("zh", "所以我们得到了这个结果。Let me check all of this again。这就是我们要的答案。", {"en": 7}),
        ("en", "We know that it is so. Maria de la Cruz, José de los Santos, Ana del Río. And then we are done with all of it.", {}),
        ("nds", "Hoe geiht di dat hüüt, mien lev Fründ? Ik heff di lang nich mehr sehn.", {}),
    ],
)  # fmt: skip
def test_stretches_are_no_titles_or_terms_and_told_without_the_model(main: str, text: str, others: dict[str, int]) -> None:
    found = language.reading(text)
    assert language.majority(found.words) == main
    assert {code: words for code, words in found.stretches.items() if code != main} == others


@given(st.lists(st.sampled_from([text for _, text in ONE]), min_size=1, max_size=4))
def test_lines_do_not_lose_words(texts: list[str]) -> None:
    """However texts are put together, words are only assigned, never lost."""
    total = sum(language.words(t).total() for t in texts)
    assert abs(language.words("\n\n".join(texts)).total() - total) <= segments.QUOTED * len(texts) or "```" in "".join(texts)


def test_the_table_of_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST", 500)
    for start in range(0, 3_000, 300):
        language.words("\n".join(f"the {chr(0x4E00 + i)}{chr(0x430 + i % 32)}x{'é' * (i % 9)}" for i in range(start, start + 300)))
        assert len(tokens.table()) <= 500
        assert len(tokens.table().kinds) <= 500


@pytest.mark.parametrize(
    "piece",
    ["[", "`", "```", "$", "$ ", "\\[", "\\(", "\\begin{align}", "\\text{", "<a", '"', "(", "“", "。", ".", "http://", "\n", "é", "\nint x=(", "a" * 50, "\u0301", "{", "\nfor "],
)  # fmt: skip
def test_hostile_text_ends(piece: str) -> None:
    """Thousands of what opens something and never closes it: were a pattern not linear, this would not return."""
    assert language.words(piece * 5_000).total() >= 0
    assert language.words((piece + "a ") * 5_000).total() >= 0


@pytest.mark.parametrize("code", [code for code in SENTENCES if code != "en" and code in FUNCTION_WORDS])
def test_a_foreign_sentence_in_the_middle_of_a_long_line_is_found(code: str) -> None:
    """The line's own words are strewn with ones that other languages have as well, so it is not by their number that the sentence is told."""
    english = [
        *CHAINS["en"].replace("\n\n", " ").split(". "),
        "We die in an hour if the map is as old as they say",
        "So let a be in the set and no more",
    ] * 12
    whole = [*english[: len(english) // 2], SENTENCES[code], *english[len(english) // 2 :]]
    line, lines = (language.reading(between.join(whole)).words for between in (". ", ".\n"))
    assert line[code] >= 0.6 * lines[code] > 0
    assert line["en"] > 20 * line[code]
