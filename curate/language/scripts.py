"""Which letters belong to which script, and what a script says of the language.

A script that one language of any size is written in names it: Hangul is Korean, Thai is Thai. The few others are told apart by letters that only one of their languages has (MARKS), by
function words, and by a model. Chinese and Japanese share Han characters: see `segments.py`.
"""

import re
from collections.abc import Mapping

# Ranges include the marks that belong to a letter (vowel signs, points), so that a word stays one piece.
RANGES: Mapping[str, str] = {
    "Latin": "A-Za-zªºÀ-ÖØ-öø-ʯ\u1e00-\u1eff\ua722-\ua7ff\ufb00-\ufb06\uff21-\uff3a\uff41-\uff5a\u0300-\u036f",
    "Han": "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",
    "Kana": "\u3041-\u3096\u309d\u309e\u30a1-\u30fa\u30fc-\u30fe\u31f0-\u31ff\uff66-\uff9f",
    "Hangul": "\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7fb",
    "Cyrillic": "\u0400-\u052f\u1c80-\u1c88\u2de0-\u2dff\ua640-\ua69f",
    "Arabic": "\u0610-\u061a\u0620-\u065f\u066e-\u06d3\u06d5-\u06dc\u06df-\u06e8\u06ea-\u06ef\u06fa-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc\u200c",
    "Devanagari": "\u0900-\u0963\u0970-\u097f",
    "Greek": "\u0370-\u0373\u0376-\u037d\u0386\u0388-\u03ff\u1f00-\u1fff",
    "Hebrew": "\u0591-\u05bd\u05bf-\u05c7\u05d0-\u05ea\u05ef-\u05f4",
    "Thai": "\u0e01-\u0e3a\u0e40-\u0e4e",
    "Bengali": "\u0980-\u09e3",
    "Gurmukhi": "\u0a00-\u0a65\u0a70-\u0a76",
    "Gujarati": "\u0a80-\u0ae3",
    "Oriya": "\u0b00-\u0b63",
    "Tamil": "\u0b80-\u0be5",
    "Telugu": "\u0c00-\u0c65",
    "Kannada": "\u0c80-\u0ce5",
    "Malayalam": "\u0d00-\u0d65",
    "Sinhala": "\u0d80-\u0ddf",
    "Lao": "\u0e80-\u0ecd\u0edc-\u0edf",
    "Tibetan": "\u0f00\u0f40-\u0fbc",
    "Myanmar": "\u1000-\u103f\u1050-\u108f",
    "Georgian": "\u10a0-\u10ff\u1c90-\u1cbf",
    "Armenian": "\u0531-\u0588",
    "Ethiopic": "\u1200-\u137f",
    "Khmer": "\u1780-\u17d3",
}
ALONE: Mapping[str, str] = {
    "Hangul": "ko",
    "Kana": "ja",
    "Greek": "el",
    "Hebrew": "he",
    "Thai": "th",
    "Bengali": "bn",
    "Gurmukhi": "pa",
    "Gujarati": "gu",
    "Oriya": "or",
    "Tamil": "ta",
    "Telugu": "te",
    "Kannada": "kn",
    "Malayalam": "ml",
    "Sinhala": "si",
    "Lao": "lo",
    "Tibetan": "bo",
    "Myanmar": "my",
    "Georgian": "ka",
    "Armenian": "hy",
    "Ethiopic": "am",
    "Khmer": "km",
}
# Scripts that write no spaces between words: so many characters count as one word. Chinese words have 1.6 characters on average, Japanese ones, particles included, about 2; Thai ones 4.
PER_WORD: Mapping[str, int] = {"Han": 2, "Kana": 2, "Thai": 4, "Lao": 4, "Myanmar": 4, "Khmer": 4, "Tibetan": 4}
CASED = frozenset({"Latin", "Cyrillic", "Greek", "Armenian"})
VARIABLES = frozenset({"Latin", "Greek"})  # a single letter of these is a variable

# Letters that, among the languages in function_words.py, only these use. Each occurrence weighs as much as a function word.
MARKS: Mapping[str, str] = {
    "vi": "ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹơư",
    "de": "ß",
    "tr az": "ğı",
    "az": "ə",
    "is": "ðþ",
    "eo": "ĉĝĥĵŝŭ",
    "pl": "łźżńś",
    "pl lt": "ąę",
    "lt": "ėįų",
    "lv": "ļķņģ",
    "hu": "őű",
    "cs": "řěů",
    "sk": "ľĺŕ",
    "ro": "țș",
    "es tl": "ñ",
    "da no": "ø",
    "pt vi": "ã",
    "ru be mn ky tt": "эё",
    "ru be kk ky tt mn": "ы",
    "uk be kk": "і",
    "uk": "їєґ",
    "be": "ў",
    "sr mk": "јљњџ",
    "sr": "ђћ",
    "mk": "ѓќѕ",
    "kk": "ғқұ",
    "kk tt": "әһ",
    "kk tt ky": "ң",
    "kk tt ky mn": "өү",
    "fa ur ug ckb": "پچژگ",
    "fa ur ckb": "کی",
    "ur": "ٹڈڑںےہ",
    "ur ug ckb": "ھ",
    "ug": "ۇېۈڭ",
    "ug ckb": "ەۆ",
    "ckb": "ێڵڕ",
    "mr": "ळ",
}

_WORDS = "|".join(f"(?P<{name}>[{ranges}]+)" for name, ranges in RANGES.items())
RUN = re.compile(_WORDS)  # one piece of one script; `lastgroup` names it
_MARKED = {letter: languages for languages, letters in MARKS.items() for letter in letters}
_MARK = re.compile(f"[{''.join(_MARKED)}]")
# Characters that Chinese text is full of and Japanese text does not have.
CHINESE_ONLY = re.compile("[这们吗呢么说为个对时过还让给边错题這們嗎麼說對讓你您妳她它吧啊嘛很哪怎谁没沒什啥咱跟]")


def marks(text: str) -> list[str]:
    """For each letter in text of lower case that says something of its language: the languages that have it, "ru be" where several do."""
    return [_MARKED[letter] for letter in _MARK.findall(text)]
