"""A response that follows given constraints together, built rather than searched for, and ways to spoil one. For the tests of `ifeval` and of the generator, and for the agreement benchmark."""

import json
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from curate.sources.constraint_kinds import WORDS

# Without commas, capital words and rare letters; in the language as `curate.language` tells it.
SENTENCES: Mapping[str, str] = {
    "en": "The sun is in the sea and the air is dry",
    "es": "El sol está en el mar y la luz es muy clara para todos",
    "pt": "O sol está no mar e a luz não é muito clara para todos",
    "ar": "هذا هو الجواب الذي كان في الكتاب",
    "hi": "यह किताब में लिखा है और हम इसे पढ़ते हैं",
    "fr": "Le soleil est dans la mer et les enfants sont avec nous",
    "ru": "Это было в книге и мы не знали что это так",
    "de": "Die Sonne ist im Meer und die Kinder sind nicht mit uns",
    "ja": "これは本に書いてあることです",
    "it": "Il sole è nel mare e i bambini sono con noi",
    "bn": "এটি বইয়ে লেখা আছে",
    "uk": "Це було в книзі і ми не знали що це так",
    "th": "นี่คือคำตอบที่อยู่ในหนังสือ",
    "ur": "یہ کتاب میں لکھا ہے اور ہم اسے پڑھتے ہیں",
    "ta": "இது புத்தகத்தில் எழுதப்பட்டுள்ளது",
    "te": "ఇది పుస్తకంలో రాసి ఉంది",
    "bg": "Това беше в книгата и ние не знаехме че това е така",
    "ko": "이것은 책에 쓰여 있습니다",
    "pl": "To było w książce i nie wiemy czy tak jest",
    "he": "זה כתוב בספר ואנחנו קוראים אותו",
    "fa": "این در کتاب نوشته شده است و ما آن را می خوانیم",
    "vi": "Điều này được viết trong sách và chúng tôi đọc nó",
    "ne": "यो किताबमा लेखिएको छ र हामी यो पढ्छौं भने हुन्छ",
    "sw": "Hii ni kwa sababu watu wote katika nchi hiyo ni wa kwanza",
    "kn": "ಇದು ಪುಸ್ತಕದಲ್ಲಿ ಬರೆಯಲಾಗಿದೆ",
    "mr": "हे पुस्तकात लिहिले आहे आणि आम्ही ते वाचतो",
    "gu": "આ પુસ્તકમાં લખેલું છે",
    "pa": "ਇਹ ਕਿਤਾਬ ਵਿੱਚ ਲਿਖਿਆ ਹੈ",
    "ml": "ഇത് പുസ്തകത്തിൽ എഴുതിയിരിക്കുന്നു",
    "fi": "Tämä on kirjassa ja me emme ole siellä kun se on auki",
}

Constraints = Sequence[tuple[str, Mapping[str, Any]]]


def witness(constraints: Constraints) -> str:
    """A response that follows all of the constraints, which must go together."""
    wanted = dict(constraints)

    def get(kind: str) -> Mapping[str, Any]:
        return wanted.get(kind, {})

    if "detectable_format:constrained_response" in wanted:
        return "My answer is maybe."
    inline = list(get("keywords:existence").get("keywords", ()))
    for kind, number, relation, text in (
        ("keywords:frequency", "frequency", "relation", get("keywords:frequency").get("keyword", "")),
        ("keywords:letter_frequency", "let_frequency", "let_relation", get("keywords:letter_frequency").get("letter", "")),
        ("change_case:capital_word_frequency", "capital_frequency", "capital_relation", "NASA"),
        ("length_constraints:number_words", "num_words", "relation", "the"),
    ):
        if get(kind).get(relation) == "at least":
            inline += [text] * get(kind)[number]
    if "detectable_format:json_format" in wanted:
        return json.dumps({"answer": " ".join(inline)})
    sentence = SENTENCES[get("language:response_language").get("language", "en")]
    inline += ["[1]"] * get("detectable_content:number_placeholders").get("num_placeholders", 0)
    inline += ["*a b*"] * get("detectable_format:number_highlighted_sections").get("num_highlights", 0)
    inline += ["<<the sun>>"] if "detectable_format:title" in wanted else []
    text = " ".join([sentence, *inline])
    if get("length_constraints:number_sentences").get("relation") == "at least":
        text += "." + " It is dry." * get("length_constraints:number_sentences")["num_sentences"]
    text += "\n* x" * get("detectable_format:number_bullet_lists").get("num_bullets", 0)
    if count := get("length_constraints:number_paragraphs").get("num_paragraphs"):
        text = "\n***\n".join([text, *[sentence] * (count - 1)])
    if count := get("length_constraints:nth_paragraph_first_word").get("num_paragraphs"):
        paragraphs = [text, *[sentence] * (count - 1)]
        nth = get("length_constraints:nth_paragraph_first_word")["nth_paragraph"] - 1
        paragraphs[nth] = f"{get('length_constraints:nth_paragraph_first_word')['first_word']} {paragraphs[nth]}"
        text = "\n\n".join(paragraphs)
    for i in range(get("detectable_format:multiple_sections").get("num_sections", 0)):
        text += f"\n{get('detectable_format:multiple_sections')['section_spliter']} {i + 1}\n{sentence}"
    if "combination:two_responses" in wanted:
        text = f"{text}\n******\n{sentence} too"
    if marker := get("detectable_content:postscript").get("postscript_marker"):
        text += f"\n{marker} {sentence}"
    if phrase := get("startend:end_checker").get("end_phrase"):
        text += f"\n{phrase}"
    if prompt := get("combination:repeat_prompt").get("prompt_to_repeat"):
        text = f"{prompt}\n{text}"
    if "change_case:english_capital" in wanted:
        text = text.upper()
    if "change_case:english_lowercase" in wanted:
        text = text.lower()
    return f'"{text}"' if "startend:quotation" in wanted else text


def _prose(random: Random) -> str:
    words = [
        "the",
        "of",
        "and",
        "it",
        "is",
        "in",
        "I",
        "was",
        "NASA",
        "don't",
        "U.S.",
        "e.g.",
        "Mr. Lee",
        "3.14",
        "well-known",
        *random.sample(WORDS, 12),
    ]
    sentences = [
        " ".join(random.choice(words) for _ in range(random.randint(3, 12))).capitalize() + random.choice(".....?!") for _ in range(random.randint(1, 8))
    ]  # fmt: skip
    return random.choice((" ", " ", "\n", "\n\n")).join(sentences)


SPOILERS: tuple[Callable[[str, Random], str], ...] = (
    lambda t, r: t,
    lambda t, r: t[: len(t) // 2] + "x",
    lambda t, r: t[len(t) // 3 :] + "x",
    lambda t, r: t.swapcase(),
    lambda t, r: f"Sure! Here is the answer:\n\n{t}",
    lambda t, r: f"{t}\n\nI hope this helps, my friend.",
    lambda t, r: f"**Answer**\n{t}\n---",
    lambda t, r: t.replace("\n", " "),
    lambda t, r: t.replace("*", "").replace("[", "").replace('"', ""),
    lambda t, r: f"{t}\n* one more, and another\n- a third [place]",
    lambda t, r: f"{t} " + " ".join(r.choices(WORDS, k=r.randint(1, 40))),
    lambda t, r: f"{_prose(r)}\n\n{t}",
    lambda t, r: f"{t}\n\n{_prose(r)}",
    lambda t, r: _prose(r),
    lambda t, r: t.replace(" ", "  ").replace("\n", "\n\n"),
)


def spoiled(response: str, random: Random) -> str:
    """The response changed in some way: it may still follow what it followed, and often does not."""
    return random.choice(SPOILERS)(response, random)
