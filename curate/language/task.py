"""What a question says of languages: which one it is asked in, and which ones it is about (translation, "what does this mean in French", "answer in German"), so that no verdict hangs on those.

Told by names of languages beside words such as "translate", "language" or "in", and by what the question itself holds in other languages, quotations too. Not covered: a task about a language that
the question neither names nor holds, such as the etymology of "algebra".
"""

import re

from curate.language import names
from curate.language.codes import same
from curate.language.segments import UNKNOWN, Reading, read
from curate.language.strip import strip

LEAST = 4  # words in a known language that a question has, for it to have one
CLEAR = 0.9  # and the share of them in it
LONGEST = 20_000  # characters of a question that are searched, from its beginning: instructions stand there, or in what is left at its end
MOST = 20  # quotations that are looked at

# How something is said, in a language that is not named: "I'm going to Japan. How do I say thank you?"
_SAYING = re.compile(
    r"\bhow (?:do|does|would|should|can|to) (?:i |you |we |one )?(?:say|pronounce)\b|\bcómo se dice|\bcomment (?:dit-on|on dit)|\bwie sagt man|\bcome si dice|\bcomo se diz|как сказать|как по-|怎么说|怎麼說|何と言い"
)
_TOKEN = re.compile(r"[^\W\d_]+|[^\w\s]")
_QUOTE = re.compile(r""""([^"\n]{2,300}+)"|(?<!\w)'([^'\n]{2,300}+)'(?!\w)""")
_CODE_MARK = re.compile(r"(?<!`)`(?!`)")  # words are put between these too: `Guten Morgen`
_HAN = frozenset({"zh", "ja"})


def asked_in(question: str, found: Reading) -> str | None:
    """The language of a question, where it has enough words, nearly all are in one, and its first and last lines are in no other: an instruction may stand before or after a foreign text."""
    known = {language: count for language, count in found.words.items() if language != UNKNOWN}
    total = sum(known.values())
    if total < LEAST:
        return None
    best = max(known, key=known.__getitem__)
    if sum(count for language, count in known.items() if same(language, best)) < CLEAR * total:
        return None
    lines = [line for line in strip(question).split("\n") if line.strip()]
    for line in {0: lines[0], len(lines) - 1: lines[-1]}.values() if len(lines) > 1 else ():
        others = [language for language in read(line).words if language != UNKNOWN]
        if others and not any(same(language, best) for language in others):
            return None
    return best


def spoken_of(question: str, found: Reading) -> frozenset[str] | None:
    """The languages that a question names as such or holds beside its own, and its own with them; empty where it is about none. None: a translation, of which any language may be part."""
    text = question if len(question) <= LONGEST else question[: LONGEST // 2] + "\n" + question[-LONGEST // 2 :]
    lower = text.lower().replace("i\u0307", "i").replace("по-", "по ")  # İngilizce; по-английски
    tokens = _TOKEN.findall(lower)
    translation = any(token.startswith(names.TRANSLATE) for token in tokens) or names.TRANSLATE_INSIDE.search(lower) is not None
    named = _named(tokens, meant=translation or any(token.startswith(names.MEANT) for token in tokens))
    named |= {str(match.lastgroup) for match in names.INSIDE.finditer(lower)}
    if translation or names.ADJECTIVES_MEANT.search(lower):
        named |= {str(match.lastgroup) for match in names.ADJECTIVES.finditer(lower)}
    held = _held(text, found) | (set(found.words) - {_own(found), UNKNOWN} if translation else set())
    if (translation and (named or held)) or (not named and not held and _SAYING.search(lower)):
        return None
    about = named | held
    own = _own(found)
    return frozenset(about | {own}) if about - {own} else frozenset()


def _own(found: Reading) -> str:
    return max(found.words, key=found.words.__getitem__, default=UNKNOWN)


def _named(tokens: list[str], *, meant: bool) -> set[str]:
    """Languages named in tokens, where their neighbours or the whole question (`meant`) show that no nation is."""
    found = set[str]()
    listed = -1  # where the last one was found: in "in Chinese, Korean and Arabic" the first has the word before it
    for at, token in enumerate(tokens):
        language = names.NAMES.get(token)
        for size in range(names.SHORTEST, len(token) + 1) if language is None else ():
            language = language or names.STEMS.get(token[:size])
        if language is None:
            continue
        before, after = tokens[at - 1] if at else "", tokens[at + 1] if at + 1 < len(tokens) else ""
        alone = not after[:1].isalpha() or after in names.AFTER  # "in French", not "in French cities"
        joined = found and alone and all(between in names.JOINS for between in tokens[listed + 1 : at])
        if meant or joined or (before in names.BEFORE and (alone or before not in names.ADJECTIVE_MAY_FOLLOW)):
            found.add(language)
            listed = at
    return found


def _held(text: str, found: Reading) -> set[str]:
    """Languages of which a question holds words beside its own, in quotations too."""
    own = _own(found)
    held = set(found.stretches)
    for match, _ in zip(_QUOTE.finditer(strip(_CODE_MARK.sub("'", text))), range(MOST), strict=False):
        held |= set(read(next(filter(None, match.groups()))).words)
    held -= {own, UNKNOWN}
    return held | _HAN if held & _HAN else held
