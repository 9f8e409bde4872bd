"""The constraints that can be added to a prompt: how each one's parameters are drawn, how it is said, and which others it goes with.

All of IFEval's kinds but `constrained_response`, which answers only questions of yes and no. Two kinds conflict where no response could follow both, where whether one could depends on what is drawn,
or where a person would take the pair for a slip; that is on the safe side, and tests build a response to whatever is generated.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, NamedTuple

# No word is part of another, so that one constraint's word never counts for another's.
WORDS = tuple(
    """
    anchor balance bridge candle canyon cargo chapter climate compass copper cotton culture diamond dragon echo engine expert fabric feather fiction forest
    galaxy garden glacier granite guitar harbor hazard helmet horizon hunter island jacket journey jungle kettle kingdom kitchen ladder lantern lemon library
    magnet marble market meadow melody mirror moment museum mystery needle network novel ocean orbit orchard oxygen packet palace parade pattern pencil pepper
    pigeon pilot planet pocket poem puzzle quarter rabbit recipe ribbon rocket saddle sailor salad season shadow signal silver sketch soldier spider spirit
    stable storm sugar summer tablet temple thunder ticket tunnel turtle valley velvet village violin voyage walnut weather whisper widget window winter wisdom
    """.split()  # noqa: SIM905
)
PHRASES = (
    "That is all I have to say.",
    "I hope this is of use to you.",
    "Let me know what you think of it.",
    "This concludes my answer.",
    "Feel free to ask for more.",
    "And that is how I see it.",
    "End of the answer.",
)
# IFEval's languages
LANGUAGES: Mapping[str, str] = {
    "es": "Spanish", "pt": "Portuguese", "ar": "Arabic", "hi": "Hindi", "fr": "French", "ru": "Russian", "de": "German", "ja": "Japanese", "it": "Italian", "bn": "Bengali", "uk": "Ukrainian",
    "th": "Thai", "ur": "Urdu", "ta": "Tamil", "te": "Telugu", "bg": "Bulgarian", "ko": "Korean", "pl": "Polish", "he": "Hebrew", "fa": "Persian", "vi": "Vietnamese", "ne": "Nepali",
    "sw": "Swahili", "kn": "Kannada", "mr": "Marathi", "gu": "Gujarati", "pa": "Punjabi", "ml": "Malayalam", "fi": "Finnish",
}  # fmt: skip
COMMON_LETTERS = "aeinorst"
RARE_LETTERS = "jkqvxz"
LONGEST_REPEATED = 1_000  # characters of a prompt that a response is asked to repeat

Parameters = dict[str, Any]


class Draw:
    """What parameters are drawn from: the prompt's random numbers, its text, and words that no other constraint of the prompt has taken."""

    def __init__(self, random: Random, question: str) -> None:
        self.random = random
        self.question = question
        self.left = list(WORDS)

    def words(self, least: int, most: int) -> list[str]:
        taken = self.random.sample(self.left, self.random.randint(least, most))
        self.left = [w for w in self.left if w not in taken]
        return taken

    def between(self, least: int, most: int, step: int = 1) -> int:
        return self.random.randrange(least, most + 1, step)

    def at_least(self) -> bool:
        return self.random.random() < 0.6


class Kind(NamedTuple):
    """A kind of constraint: `draw` gives its kwargs, `says` its wordings, with the kwargs to be put in, as shown by `shown`."""

    draw: Callable[[Draw], Parameters]
    says: tuple[str, ...]


def _compared(number: str, relation: str, least: tuple[int, int, int], less: tuple[int, int, int]) -> Callable[[Draw], Parameters]:
    """Parameters of a kind that compares a count: ranges (first, last, step) for "at least" and for "less than"."""

    def draw(d: Draw) -> Parameters:
        at_least = d.at_least()
        return {number: d.between(*(least if at_least else less)), relation: "at least" if at_least else "less than"}

    return draw


def _letter(d: Draw) -> Parameters:
    if d.at_least():
        return {"letter": d.random.choice(COMMON_LETTERS), "let_frequency": d.between(5, 25), "let_relation": "at least"}
    return {"letter": d.random.choice(RARE_LETTERS), "let_frequency": d.between(3, 8), "let_relation": "less than"}


def _nth(d: Draw) -> Parameters:
    count = d.between(2, 5)
    return {"num_paragraphs": count, "nth_paragraph": d.between(1, count), "first_word": d.words(1, 1)[0]}


def _nothing(d: Draw) -> Parameters:
    return {}


KINDS: Mapping[str, Kind] = {
    "keywords:existence": Kind(
        lambda d: {"keywords": d.words(1, 3)},
        ("Include these words in your answer: {keywords}.", "Your answer must make use of the following: {keywords}.", "Somewhere in the answer, mention {keywords}."),
    ),
    "keywords:frequency": Kind(
        lambda d: {"keyword": d.words(1, 1)[0]} | _compared("frequency", "relation", (2, 5, 1), (2, 4, 1))(d),
        ('The word "{keyword}" must appear {relation} {frequency} times.', 'Use the word "{keyword}" {relation} {frequency} times in your answer.'),
    ),
    "keywords:forbidden_words": Kind(
        lambda d: {"forbidden_words": d.words(1, 4)},
        ("Do not use any of these words: {forbidden_words}.", "Avoid the following in your answer: {forbidden_words}.", "Your answer must not contain {forbidden_words}."),
    ),
    "keywords:letter_frequency": Kind(
        _letter,
        ("In your answer, the letter {letter} should appear {let_relation} {let_frequency} times.", "Write so that the letter {letter} occurs {let_relation} {let_frequency} times."),
    ),
    "language:response_language": Kind(
        lambda d: {"language": d.random.choice(sorted(LANGUAGES))},
        ("Answer in {language} and in no other language.", "Your whole answer must be written in {language}.", "Please reply only in {language}."),
    ),
    "length_constraints:number_sentences": Kind(
        _compared("num_sentences", "relation", (3, 10, 1), (5, 12, 1)),
        ("Your answer should have {relation} {num_sentences} sentences.", "Write {relation} {num_sentences} sentences."),
    ),
    "length_constraints:number_paragraphs": Kind(
        lambda d: {"num_paragraphs": d.between(2, 5)},
        ('Write exactly {num_paragraphs} paragraphs and separate them with the markdown divider "***".', "Give your answer in {num_paragraphs} paragraphs, with *** between one paragraph and the next."),
    ),
    "length_constraints:number_words": Kind(
        _compared("num_words", "relation", (50, 300, 10), (100, 400, 10)),
        ("Use {relation} {num_words} words.", "Your answer must be {relation} {num_words} words long.", "Answer with {relation} {num_words} words."),
    ),
    "length_constraints:nth_paragraph_first_word": Kind(
        _nth,
        (
            'Write {num_paragraphs} paragraphs with one empty line between paragraphs and none anywhere else. Paragraph {nth_paragraph} must start with the word "{first_word}".',
            'Your answer should consist of {num_paragraphs} paragraphs, each separated from the next by an empty line and by nothing else; number {nth_paragraph} begins with the word "{first_word}".',
        ),
    ),
    "detectable_content:number_placeholders": Kind(
        lambda d: {"num_placeholders": d.between(2, 5)},
        ("Your answer must contain at least {num_placeholders} placeholders in square brackets, such as [name].", "Put in at least {num_placeholders} placeholders written like [address] or [date]."),
    ),
    "detectable_content:postscript": Kind(
        lambda d: {"postscript_marker": d.random.choice(("P.S.", "P.P.S"))},
        ('Add a postscript at the end that starts with "{postscript_marker}".', 'Close with a postscript, marked "{postscript_marker}".'),
    ),
    "detectable_format:number_bullet_lists": Kind(
        lambda d: {"num_bullets": d.between(2, 6)},
        ("Your answer must contain exactly {num_bullets} bullet points in markdown, such as:\n* a point\n* another point\n", "Use exactly {num_bullets} markdown bullet points, each on a line of its own that begins with an asterisk and a space."),
    ),
    "detectable_format:number_highlighted_sections": Kind(
        lambda d: {"num_highlights": d.between(2, 4)},
        ("Highlight at least {num_highlights} parts of your answer with markdown, like *this part*.", "At least {num_highlights} passages should be set off by asterisks, as in *an important passage*."),
    ),
    "detectable_format:multiple_sections": Kind(
        lambda d: {"section_spliter": d.random.choice(("Section", "SECTION", "Part")), "num_sections": d.between(2, 5)},
        ("Divide your answer into {num_sections} sections. Mark each with {section_spliter} and its number, such as {section_spliter} 1.", "Your answer must have {num_sections} sections, headed {section_spliter} 1 and so on."),
    ),
    "detectable_format:json_format": Kind(_nothing, ("Your entire output must be valid JSON. A markdown fence around it is allowed.", "Wrap the whole answer in JSON.")),
    "detectable_format:title": Kind(
        _nothing, ("Give your answer a title in double angular brackets, such as <<my title>>.", "Your answer must contain a title, wrapped like this: <<title>>.")
    ),
    "combination:two_responses": Kind(
        _nothing, ("Give two different answers. Put six asterisks, ******, between them and nowhere else.", "Answer twice, in different ways, with ****** between the two answers and only there.")
    ),
    "combination:repeat_prompt": Kind(
        lambda d: {"prompt_to_repeat": d.question},
        (
            "Before you answer, repeat the request above word for word; write nothing before it, and leave out this and any further instruction that follows the request.",
            "First repeat everything above this sentence without any change, then answer. Nothing may come before the repetition.",
        ),
    ),
    "startend:end_checker": Kind(
        lambda d: {"end_phrase": d.random.choice(PHRASES)},
        ('Finish your answer with exactly these words and add nothing after them: "{end_phrase}"', 'The last words of your answer must be "{end_phrase}"'),
    ),
    "startend:quotation": Kind(_nothing, ("Put your entire answer in double quotation marks.", "Wrap the whole answer in double quotation marks.")),
    "change_case:capital_word_frequency": Kind(
        _compared("capital_frequency", "capital_relation", (2, 10, 1), (4, 10, 1)),
        ("Words in all capital letters should appear {capital_relation} {capital_frequency} times.", "Write {capital_relation} {capital_frequency} words in all capital letters."),
    ),
    "change_case:english_capital": Kind(_nothing, ("Answer in English and in capital letters only.", "Your entire answer should be in English, all of it in capital letters.")),
    "change_case:english_lowercase": Kind(_nothing, ("Answer in English and in lowercase letters only.", "Your entire answer should be in English, without a single capital letter.")),
    "punctuation:no_comma": Kind(_nothing, ("Do not use any commas.", "Your answer must not contain a comma.", "Write without commas.")),
}  # fmt: skip

# Kinds that go with few others, and those.
_GOES_WITH: Mapping[str, tuple[str, ...]] = {
    "detectable_format:json_format": ("keywords:existence", "keywords:frequency", "keywords:forbidden_words"),
    "combination:two_responses": (
        "keywords:existence",
        "keywords:frequency",
        "keywords:forbidden_words",
        "length_constraints:number_words",
        "detectable_format:title",
        "punctuation:no_comma",
    ),
    "combination:repeat_prompt": (
        "keywords:existence",
        "detectable_content:number_placeholders",
        "detectable_content:postscript",
        "detectable_format:number_highlighted_sections",
        "detectable_format:title",
        "startend:end_checker",
    ),
    "language:response_language": (
        "length_constraints:number_paragraphs",
        "detectable_content:number_placeholders",
        "detectable_format:number_bullet_lists",
        "detectable_format:number_highlighted_sections",
        "detectable_format:title",
        "startend:quotation",
        "punctuation:no_comma",
    ),
}
# Sets of kinds of which a prompt has one at most.
_ONE_OF: tuple[tuple[str, ...], ...] = (
    ("length_constraints:number_paragraphs", "length_constraints:nth_paragraph_first_word", "detectable_format:multiple_sections"),
    ("length_constraints:number_sentences", "length_constraints:number_paragraphs"),
    ("length_constraints:number_sentences", "length_constraints:nth_paragraph_first_word"),
    ("length_constraints:number_sentences", "detectable_format:multiple_sections"),
    ("length_constraints:number_sentences", "detectable_format:number_bullet_lists"),
    ("change_case:english_capital", "change_case:english_lowercase", "change_case:capital_word_frequency", "detectable_format:multiple_sections"),
    # a phrase or a marker whose own case is not the wanted one
    *(("startend:end_checker", case) for case in ("change_case:english_capital", "change_case:english_lowercase")),
    ("detectable_content:postscript", "change_case:english_lowercase"),
    # a rare letter that the other constraint's words have
    *(("keywords:letter_frequency", other) for other in ("keywords:existence", "keywords:frequency", "length_constraints:nth_paragraph_first_word", "startend:end_checker")),
)  # fmt: skip
# Kinds that speak of English words or of capital letters: not for a question in another language.
ENGLISH = frozenset(
    {
        "keywords:existence",
        "keywords:frequency",
        "keywords:forbidden_words",
        "keywords:letter_frequency",
        "length_constraints:number_words",
        "length_constraints:nth_paragraph_first_word",
        "detectable_format:multiple_sections",
        "startend:end_checker",
        "change_case:capital_word_frequency",
        "change_case:english_capital",
        "change_case:english_lowercase",
    }
)


def _conflicts() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {kind: {kind} for kind in KINDS}
    for kind, others in _GOES_WITH.items():
        table[kind] |= KINDS.keys() - set(others)
    for group in _ONE_OF:
        for kind in group:
            table[kind] |= set(group)
    return {kind: frozenset(o for o in KINDS if o in table[kind] or kind in table[o]) for kind in KINDS}


CONFLICTS: Mapping[str, frozenset[str]] = _conflicts()  # symmetric; a kind conflicts with itself


def shown(parameters: Parameters) -> dict[str, Any]:
    """Parameters as a sentence names them."""
    said = dict(parameters)
    for name in ("keywords", "forbidden_words"):
        if name in said:
            said[name] = ", ".join(f'"{w}"' for w in said[name])
    if "language" in said:
        said["language"] = LANGUAGES[said["language"]]
    for name in ("relation", "let_relation", "capital_relation"):
        if said.get(name) == "less than":
            said[name] = "fewer than"
    return said
