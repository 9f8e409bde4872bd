"""Mixed languages: chains in one language with all that such chains hold, the same with a clause of another, and questions that are about another language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.filters.base import Trace
from curate.filters.mixed_language import FILTER
from tests.filters.texts import CHAINS, QUESTIONS

LONG = "\n\n".join([CHAINS["en"]] * 60)  # five thousand words


def reasons(reasoning: str, question: str = QUESTIONS["en"], **of_trace: object) -> tuple[str, ...]:
    return FILTER.look(Trace(question, "The answer is 5.", reasoning, **of_trace)).reasons  # type: ignore[arg-type]


@pytest.mark.parametrize("code", CHAINS)
def test_a_chain_in_one_language_is_not_mixed(code: str) -> None:
    found = FILTER.look(Trace(QUESTIONS[code], CHAINS[code], CHAINS[code]))
    assert found.reasons == ()
    for part in ("reasoning", "response"):
        share = found.metrics[f"{part}_other_language"]
        assert share is None or share <= 0.05, found.metrics
        assert found.metrics[f"{part}_other_language_words"] == 0


@pytest.mark.parametrize("code", CHAINS)
def test_a_chain_in_another_language_than_the_question_is_not_mixed(code: str) -> None:
    assert reasons(CHAINS[code], QUESTIONS["zh" if code == "en" else "en"]) == ()


@pytest.mark.parametrize(
    ("code", "clause"),
    [
        ("en", "所以我们需要重新计算这个结果。"),
        ("en", "等一下，让我重新计算。"),
        ("en", "Сначала найдём производную этой функции."),
        ("en", "まず、この式を整理します。"),
        ("en", "그래서 다시 계산해야 합니다."),
        ("en", "لذلك يجب أن نحسب هذا العدد مرة أخرى"),
        ("en", "इसलिए हमें यह फिर से करना होगा।"),
        ("en", "So the 答案 is then 五 and we are 完成 with the 计算 of this 方程."),
        ("en", "Das ist richtig, weil es für alle Zahlen gilt, die wir hier haben."),
        ("en", "Also müssen wir das noch einmal prüfen."),
        ("en", "Donc il faut vérifier cela encore une fois."),
        ("en", "Entonces tenemos que comprobarlo otra vez."),
        ("fr", "So we should check that again."),
        ("de", "So we should check that again."),
        ("pt", "Then we can solve it for the unknown."),
        ("it", "Also müssen wir das noch einmal prüfen."),
        ("zh", "Wait, let me double check this."),
        ("zh", "So we have to compute the derivative of this function again."),
        ("ja", "So we have to compute the derivative of this function again."),
        ("ja", "我们再检查一下这个结果对不对。"),
        ("ko", "然后我们计算这个函数的导数。"),
        ("ru", "Then we set it to zero and solve for the unknown."),
        ("ru", "然后我们计算这个函数的导数。"),
        ("ar", "Then we set it to zero and solve for the unknown."),
        ("hi", "So we have to compute the derivative of this function again."),
        ("th", "So we have to compute the derivative of this function again."),
        ("el", "然后我们计算这个函数的导数。"),
        ("de", "So we have to check that this is right for all of them, and then we are done."),
        ("fr", "So we have to check that this is right for all of them, and then we are done."),
        ("es", "So we have to check that this is right for all of them, and then we are done."),
        ("pt", "首先我们需要计算这个函数的导数。"),
        ("vi", "首先我们需要计算这个函数的导数。"),
        ("tr", "So we have to check that this is right for all of them, and then we are done."),
        ("pl", "Поэтому нам нужно сначала найти производную."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("between", [" ", "\n\n"])
def test_a_clause_of_another_language_is_found(code: str, clause: str, between: str) -> None:
    first, _, rest = CHAINS[code].partition("\n\n")
    found = FILTER.look(Trace(QUESTIONS[code], "5", first + between + clause + "\n\n" + rest))
    assert found.reasons == ("mixed_language",), found.metrics
    assert FILTER.look(Trace(QUESTIONS[code], first + between + clause + "\n\n" + rest)).reasons == ("mixed_language",)


@pytest.mark.parametrize(
    ("question", "chain"),
    [
        ("What is the derivative of this function?", "Use the product rule. The derivative is a difference of squares. También se puede escribir como coseno del ángulo doble, lo cual es más corto. So we are done."),
        ("Wie groß ist das Volumen dieses Würfels?", "Das Volumen ist die dritte Potenz der Kante. So we have to take the third power of four, and that is sixty-four as it should be. Also ist es 64."),
    ],
)  # fmt: skip
def test_one_long_sentence_does_not_make_its_language_the_text_s_own(question: str, chain: str) -> None:
    assert reasons(chain, question) == ("mixed_language",)


@pytest.mark.parametrize(
    "clause", ["所以我们需要重新计算这个结果。", "Поэтому нам нужно снова найти корни.", "그래서 다시 계산해야 합니다."]
)
def test_one_clause_in_five_thousand_words_is_found(clause: str) -> None:
    assert reasons(LONG) == ()
    found = FILTER.look(Trace(QUESTIONS["en"], "5", LONG + " " + clause + " " + LONG))
    share = found.metrics["reasoning_other_language"]
    assert share is not None
    assert share < 0.005
    assert found.reasons == ("mixed_language",)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Who was he?", "The physicist Пётр Капица worked at Cambridge for many years, and Σωκράτης taught Plato, as we know from both of them."),
        ("Who was he?", "Confucius (孔子) said \"学而时习之\" long ago, and Tolstoy wrote «Война и мир» in Russia, which all of us know by its name."),
        ("Who was he?", "孔子 (Confucius) and 孟子 (Mencius) taught that the ruler must be humane, and so they are the two that we should name in the answer."),
        ("Tell me of him.", "Gabriel García Márquez wrote \"Cien años de soledad\" and \"El amor en los tiempos del cólera\", and both of them were read all over the world."),
        ("Which films?", "These are the films that I would watch first:\n\n- El laberinto del fauno\n- La casa de papel\n- Todo sobre mi madre\n\nAll of them are on the list, and they are what most people know of the cinema there; the last of them is the one that I like most."),
        ("为什么？", "我们使用 Python 来实现 Transformer 模型，然后调用 GET API 返回 JSON 结果，这样就可以得到我们需要的数据，最后再用 pandas 来处理它们。"),
        ("为什么？", "解：由题意得 AB = CD，所以四边形 ABCD 是平行四边形，因此对角线互相平分，我们可以得到这个结论。\n\nThe final answer is $\\boxed{5}$"),
        ("なぜですか", "データベースのインデックスを作成して、SQL のクエリを実行します。その結果を Python のリストに入れて、順番に処理していきます。"),
        ("Почему?", "Мы используем Python и библиотеку NumPy, чтобы решить эту задачу на GPU, а потом сравним результат с тем, что было раньше."),
        ("Warum?", "Das Meeting war ein Erfolg, denn das Team hat alle Features rechtzeitig deployed und der Chef ist happy mit dem, was wir da gemacht haben."),
        ("Why?", "Let α be the angle and β its complement, with Δx the step and λ > 0; then we have $\\sin α = \\cos β$ for all of them, and so it is what we want."),
        ("Why?", "By AM-GM, \\[ \\frac{a+b}{2} \\geq \\sqrt{ab}, \\] with equality if and only if $a = b$. Hence \\begin{align} x &= 1 \\\\ y &= 2 \\end{align} and that is all there is to it, so we are done with this part."),
        ("Write it.", "Here is how we do it, with what the task gives us:\n```python\n# 这是注释 мы считаем сумму всех чисел\nfor i in range(10):\n    print(i)\n```\nThat is all there is to it, and it runs in no time for the sizes that we have."),
        ("Write it.", "The function `计算总和` returns the sum; see https://example.org/文档/der/die/das for more on this, which is where I would look first for an answer."),
        ("Who?", "These are the people we look for: Maria de la Cruz, José de los Santos, Ana del Río, Jean de La Fontaine and Ludwig van Beethoven. All of them were there, and so were we."),
        ("Why?", "We had Wiener Schnitzel mit Kartoffelsalat, boeuf bourguignon, coq au vin and paella de mariscos; all of it was good, and we would eat there again."),
        ("Decode it.", "The text of the cipher is this:\n\nwkh txlfn eurzq ira mxpsv ryhu wkh odcb grj\n\nSo we shift each of the letters back by three, and then it is a sentence that we all know."),
        ("Why?", "This is a proof by reductio ad absurdum, and it is so ceteris paribus. Cogito ergo sum. C'est la vie. So we are done, quod erat demonstrandum."),
        ("Why?", "It gave us a certain Schadenfreude to see that the Zeitgeist had changed, a fait accompli of the first order, and that was all there was to it."),
        ("¿Por qué?", "El teorema de Weierstrass dice que \"every bounded sequence has a limit point\", y por eso la sucesión tiene un punto de acumulación en este caso."),
        ("Porquoi ?", "Le mot anglais \"the weather is fine\" se traduit par cette expression, et on l'emploie dans tous les cas où il fait beau, comme on le sait."),
        ("为什么？", "莎士比亚说过：“To be, or not to be, that is the question”，这句话大家都知道，它的意思很清楚，所以我们在这里就不再解释了。"),
    ],
)  # fmt: skip
def test_names_terms_quotations_and_formulas_do_not_flip_a_verdict(question: str, text: str) -> None:
    found = FILTER.look(Trace(question, text))
    assert found.metrics["response_other_language_words"] is not None
    assert found.reasons == (), found.metrics


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Translate into Chinese: the weather is fine today.", "The weather is fine today would be 今天天气很好。We have 今天 for today, 天气 for the weather and 很好 for fine, so that is what we say."),
        ("How do you say \"where is the station\" in French?", "To ask for the station you would say the following. Où est la gare, s'il vous plaît, et comment est-ce que je peux y aller à pied ? That is what they say there, and it is polite."),
        ("What does the Russian word тоска mean?", "The word тоска is hard to translate, and it is close to грусть and печаль, but it is deeper than both of them, as Набоков said: ни одно слово не передаёт всех её оттенков."),
        ("What is the meaning of 学而时习之?", "It is from the Analects. 学而时习之，不亦说乎 means that it is a joy to learn and to practise what one has learned, and 有朋自远方来 is the sentence that comes after it."),
        ("请用英语写一句话介绍你自己。", "我们可以这样写这句话，先说名字再说工作。My name is Li Hua and I work in a hospital as a nurse. 这样写就很清楚了，而且语法也是对的。"),
        ("Traduce al alemán: el niño lee un libro.", "La frase en alemán sería la que sigue. Das Kind liest ein Buch, weil es das so gern hat und nicht anders kann. Aquí el verbo va en la segunda posición de la oración."),
        ("Comment dit-on « où est la gare » en japonais ?", "On dirait la phrase qui suit : 駅はどこですか。 Le mot 駅 veut dire la gare et どこ veut dire où, et la particule est は dans cette phrase."),
        ("Объясни грамматику английского языка: Present Perfect.", "Это время образуется с помощью глагола. I have been to London and she has never seen it before. Так мы говорим о том, что было до этого момента."),
        ("「ありがとう」を英語に翻訳してください。", "英語では次のように言います。Thank you very much for all that you have done for us. これは丁寧な言い方で、友達には短く言うこともできます。"),
        ("اشرح معنى الجملة الإنجليزية: it is what it is", "هذه الجملة تعني أن الأمر هو كما هو. It is what it is and there is nothing that we can do about it. ويقال ذلك عندما لا يمكن تغيير شيء."),
    ],
)  # fmt: skip
def test_of_a_task_about_a_language_its_words_do_not_count(question: str, text: str) -> None:
    found = FILTER.look(Trace(question, text, text))
    assert found.reasons == (), found.metrics


@pytest.mark.parametrize(
    "question",
    [
        "Use the Chinese remainder theorem to find the least $n$ with these two properties.",
        "A Spanish company sells 40 % of what it makes. How many of its products are left?",
        "Translate the graph of $f$ three units to the left and find the area that it then encloses.",
        "In a class of 30, 12 pupils are French and 7 are German. How many are neither?",
        "What is the mean of the first ten primes?",
        "Write a function that parses the words of a language with brackets.",
    ],
)
def test_a_nation_or_a_translation_of_a_graph_excuses_nothing(question: str) -> None:
    assert reasons(CHAINS["en"] + " 首先我们需要计算这个函数的导数。", question) == ("mixed_language",)


def test_a_language_that_the_question_is_not_about_is_not_excused() -> None:
    question = 'How do you say "where is the station" in French?'
    assert reasons(CHAINS["en"] + " 首先我们需要计算这个函数的导数。", question) == ("mixed_language",)


@pytest.mark.parametrize(
    "text", ["", "5", "$x = 5$", "So the 答案 is 5.", "Hmm.\n\nWait.", "```python\nprint('the and of')\n```", "😀 → ∞"]
)
def test_too_little_text_is_not_judged(text: str) -> None:
    found = FILTER.look(Trace("", text, text))
    assert found.reasons == ()
    assert found.metrics["reasoning_other_language"] is None
    assert found.metrics["response_other_language_words"] is None


def test_a_part_that_is_not_there_has_no_words() -> None:
    found = FILTER.look(Trace(QUESTIONS["en"], CHAINS["en"], mode="plain"))
    assert found.metrics["reasoning_counted_words"] is None
    assert found.metrics["response_counted_words"]


def test_close_relatives_are_not_told_apart() -> None:
    danish = "Lad os se på opgaven først, og så finder vi de tal som det er muligt at bruge her. Jeg tror at det er rigtigt, men vi skal prøve det efter."
    norwegian = "La oss se på oppgaven først, og så finner vi de tallene som det er mulig å bruke her. Jeg tror at det er riktig, men vi skal prøve det."
    assert reasons(danish + "\n\n" + norwegian) == ()


@given(st.text(max_size=300), st.text(max_size=300), st.sampled_from([*CHAINS.values()]))
def test_any_text_is_measured(question: str, text: str, chain: str) -> None:
    found = FILTER.look(Trace(question, text + chain, text))
    for name in ("reasoning_other_language", "response_other_language"):
        share = found.metrics[name]
        assert share is None or 0 <= share <= 1
    assert set(found.metrics) == set(FILTER.metrics)


@pytest.mark.parametrize("piece", ["'a", '"', "`", "in French ", "translate ", "说 ", "(", "„", "a'b "])
def test_hostile_questions_end(piece: str) -> None:
    FILTER.look(Trace(piece * 20_000, piece * 20_000))
