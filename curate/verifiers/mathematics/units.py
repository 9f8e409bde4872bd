r"""Units: taken off an answer, given one spelling, and compared.

A unit may be left out or added; another unit is wrong, even where the two could be converted. A word that is not in the table is a unit as well ("5 apples"); two such agree where they share a word. A single letter that touches its
number (5m) is a unit only in an answer, never in a gold, where it may be a name.
"""

import re
from typing import NamedTuple

from curate.verifiers.mathematics.syntax import words_of

# one spelling for each unit; "" is no unit at all
_UNITS = {
    "": "unit units 个 個 只 隻 条 條 名 人 位 件 本 张 張 支 枝 辆 輛 头 頭 颗 顆 块 种 種 次 棵 套 双 雙 盒 袋 组 組 times",
    "deg": "degree degrees ° 度",
    "°C": "celsius 摄氏度",
    "°F": "fahrenheit",
    "rad": "radian radians 弧度",
    "%": "percent pct percentage",
    "dollar": "dollars usd $ bucks 美元",
    "euro": "euros eur €",
    "pound": "pounds gbp £ lb lbs 磅 英镑",
    "yuan": "yuans rmb cny 元 ¥",
    "rupee": "rupees rs inr ₹",
    "cent": "cents ¢ 美分",
    "mm": "millimeter millimeters millimetre millimetres 毫米",
    "cm": "centimeter centimeters centimetre centimetres cms 厘米",
    "dm": "decimeter decimeters decimetre decimetres 分米",
    "m": "meter meters metre metres 米",
    "km": "kilometer kilometers kilometre kilometres kms 千米 公里",
    "in": "inch inches 英寸",
    "ft": "foot feet 英尺",
    "yd": "yard yards",
    "mi": "mile miles 英里",
    "mg": "milligram milligrams 毫克",
    "g": "gram grams 克",
    "kg": "kilogram kilograms kgs 千克 公斤",
    "t": "ton tons tonne tonnes 吨",
    "oz": "ounce ounces",
    "ms": "millisecond milliseconds 毫秒",
    "s": "sec secs second seconds 秒",
    "min": "minute minutes mins 分钟",
    "h": "hr hrs hour hours 小时",
    "day": "days 天 日",
    "week": "weeks 周 星期",
    "month": "months 月 个月",
    "year": "years yr yrs 年 岁",
    "ml": "milliliter milliliters millilitre millilitres 毫升",
    "l": "liter liters litre litres 升",
    "gallon": "gallons gal",
    "J": "joule joules 焦耳",
    "kJ": "kilojoule kilojoules",
    "N": "newton newtons 牛 牛顿",
    "W": "watt watts 瓦",
    "kW": "kilowatt kilowatts",
    "V": "volt volts 伏",
    "A": "ampere amperes amp amps 安",
    "Hz": "hertz 赫兹",
    "Pa": "pascal pascals 帕",
    "mol": "moles mole 摩尔",
    "Ω": "ohm ohms 欧",
    "mph": "",
    "km/h": "kmh kph kmph",
}
_SPELLING = {word: unit for unit, words in _UNITS.items() for word in ([unit] if unit else []) + words.split()}
_MULTIPLES = {
    "hundred": 100,
    "thousand": 1_000,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "dozen": 12,
    "hundreds": 100,
    "thousands": 1_000,
    "millions": 10**6,
    "billions": 10**9,
    "dozens": 12,
    "百": 100,
    "千": 1_000,
    "万": 10**4,
    "亿": 10**8,
}
_LONG_CHINESE = "|".join(sorted((w for w in [*_SPELLING, *_MULTIPLES] if w and "\u4e00" <= w[0] <= "\u9fff"), key=len, reverse=True))
_POWERS = {"square": "^2", "sq": "^2", "squared": "^2", "cubic": "^3", "cu": "^3", "cubed": "^3", "平方": "^2", "立方": "^3"}
_FILLERS = frozenset(words_of("of the a an in total each long wide tall high away old more left"))
_NOT_UNITS = frozenset(
    words_of(
        "pi sqrt sin cos tan cot sec csc log ln lg exp infinity inf or and theta alpha beta if when where for is mod base i e x y z n k th st nd rd am pm a p b"
    )
)
# words that make another number of the one before them
_COMPUTING = re.compile(
    r"\b(?:factorial|plus|minus|less|than|modulo|choose|extraneous|rejected|halves|thirds|fifths|sixths|sevenths|eighths|ninths|(?:ten|hundred|thousand|million)ths?)\b"
    r"|的(?:平方|立方|倒数|相反数|绝对值)(?!\w*米)|倍数|[因约]数|次方|阶乘|分之|以上|以下|以内|左右|之间|多[个名人件天元]|^\s*(?:[折多]|成(?!\w))|半(?![圆径])"
)

_WRAP = re.compile(r"\\text\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*){0,6})\}")
# \frac{\text{km}}{\text{h}^2}
_FRACTION = re.compile(r"\\frac\s*\{\s*\\text\s*\{([^{}]*)\}(\s*\^\s*\{?\d\}?)?\s*\}\s*\{\s*\\text\s*\{([^{}]*)\}(\s*\^\s*\{?\d\}?)?\s*\}$")
_CURRENCY = re.compile(r"^([-+]?)\s*(?:(?:US|A|C|HK)?([$€£¥₹])|(Rs\.?|USD|RMB)\s)\s*(?=[-.\d\\(])")
_COMPOUND = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)\.?,?\s*(?:and\s+)?")
_SIGNS = {"$": "dollar", "€": "euro", "£": "pound", "¥": "yuan", "₹": "rupee"}
# what units are written with, and what may stand between their words
_TOKENS = re.compile(r"(?:[A-Za-zΩμ]+|[\u4e00-\u9fff]+|[°$€£¢¥₹%])(?:\s*\^\s*\{?\s*-?\d\s*\}?)?|[\s.,*/()]+|.", re.DOTALL)
_TURNED = re.compile(r"sin|cos|tan|cot|sec|csc")
_UNIT_STARTS = re.compile(r"[A-Za-zΩμ\u4e00-\u9fff°$€£¢¥₹%]")
_PIECE = re.compile(rf"({_LONG_CHINESE}|平方|立方|[A-Za-zΩμ]+|[°$€£¢¥%₹])\.?(?:\s*\^\s*\{{?\s*(-?\d)\s*\}}?)?|([/*])|([\u4e00-\u9fff])")


LONGEST = 300  # characters of an answer with its unit


class Measured(NamedTuple):
    """An answer without its unit; `unit` in one spelling ("" for none), `factor` from words such as million, `attached` for one letter that touches its number."""

    text: str
    unit: str
    factor: int = 1
    attached: bool = False


def _spelled(words: str) -> tuple[str, int] | None:
    """The one spelling of a unit written in words, and the factor before it; None where these are no unit."""
    if words.strip(" .") == "in":  # "5 in", but "5 in total"
        return "in", 1
    if _COMPUTING.search(words):
        return None
    parts: list[str] = []
    factor = 1
    waiting = ""
    known = True
    for word, exponent, operator, other in _PIECE.findall(words):
        if other:
            continue
        if operator:
            parts.append("/" if operator == "/" else "")
            continue
        low = word.lower().rstrip(".")
        if low in _FILLERS and not exponent:
            continue
        if low == "per" or low == "每":
            parts.append("/")
        elif low in _MULTIPLES:
            factor *= _MULTIPLES[low]
        elif word in _POWERS or low in _POWERS:
            power = _POWERS.get(low, "")
            if parts and low in ("squared", "cubed"):
                parts[-1] += power
            else:
                waiting = power
        else:
            if low in _NOT_UNITS and word not in _SPELLING:
                if parts:  # "5 dollars for the trip"
                    break
                return None
            found = _SPELLING.get(word, _SPELLING.get(low))
            known = known and found is not None
            unit = low.removesuffix("s") if found is None else found
            if exponent.startswith("-") and unit:  # m s^{-2}
                parts.append("/")
            exponent = exponent.lstrip("-")
            power = waiting or (f"^{exponent}" if exponent and exponent != "1" else "")
            parts.append(unit + power if unit else "")
            waiting = ""
    if waiting and not parts:  # 9 squared
        return None
    if not known:  # words are joined by what they share, physical units by their form
        return " ".join(p for p in parts if p and p != "/").strip(), factor
    unit = "".join(parts).rstrip("/") if any(p and p != "/" for p in parts) else ""
    return {"mi/h": "mph", "km/h": "km/h"}.get(unit, unit), factor


def _parted(text: str) -> tuple[str, str]:
    """The text up to its last number or formula, and the words after it."""
    tokens = _TOKENS.findall(text)
    i = len(tokens)
    while i and (_UNIT_STARTS.match(tokens[i - 1]) or not tokens[i - 1].strip(" \n\t.,*/()")):
        i -= 1
    while (
        i < len(tokens) and not _UNIT_STARTS.match(tokens[i]) and tokens[i].strip() in (")", "),", ".", "*", "/")
    ):  # these belong to the formula
        i += 1
    head = "".join(tokens[:i])
    if not head and len(tokens) > 2 and len(tokens[0]) == 1:  # "x dollars"
        return tokens[0], "".join(tokens[1:])
    return head, "".join(tokens[i:])


def _is_unit(words: str, *, spaced: bool, wrapped: bool) -> bool:
    """Whether the letters after a number are meant as a unit and not as names of unknowns."""
    bare = re.sub(r"\^\s*\{?\s*-?\d\s*\}?", "", words).strip()
    letters = re.findall(r"[A-Za-zΩμ]+", bare)
    if not letters:
        return True
    if wrapped:
        return letters[0] in _SPELLING or (letters[0].lower() not in _NOT_UNITS and (len(letters[0]) > 1 or len(letters) > 1))
    first = letters[0]
    if first.lower() in _NOT_UNITS and first not in _SPELLING:
        return False
    if first in _SPELLING or first.lower() in _SPELLING or first.lower() in _POWERS or first.lower() in _MULTIPLES:
        return True
    return spaced and len(first) > 2 and any(v in first.lower() for v in "aeiouy")


def measured(text: str, *, gold: bool) -> Measured:
    """Split a plain text into what it says and its unit."""
    unit = ""
    if "$" in text or not text.isascii() or text[:1] in "RU":
        m = _CURRENCY.match(text)
        if m:
            unit = _SIGNS.get(m[2] or "") or ("rupee" if (m[3] or "").startswith("Rs") else "dollar" if m[3] == "USD" else "yuan")
            text = m[1] + text[m.end() :]
    if _UNIT_STARTS.search(text) is None or len(text) > LONGEST:
        return Measured(text, unit)
    if "\\frac" in text:
        text = _FRACTION.sub(r"\\text{ \1\2/\3\4}", text)
    wrapped = "\\text" in text
    opened = _WRAP.sub(r" \1 ", text).strip() if wrapped else text
    opened = opened.replace("per cent", "percent").replace("°C", "celsius").replace("°F", "fahrenheit").replace("° C", "celsius")
    number, words = _parted(opened)
    if not number or not words.strip() or words.count("(") != words.count(")"):
        return Measured(text, unit)
    if words.strip() == "°" and _TURNED.search(number):  # the degrees belong to the argument
        return Measured(text, unit)
    spaced, first = words[0].isspace(), words.strip()[0]
    attached = not spaced and not wrapped and re.fullmatch(r"[A-Za-z]", words) is not None
    if attached and gold:
        return Measured(text, unit)
    touching = first.isascii() and first.isalpha() and not spaced and not wrapped
    if touching and not number[-1].isdigit():
        return Measured(text, unit)
    if not _is_unit(words, spaced=spaced, wrapped=wrapped):
        return Measured(text, unit)
    found = _spelled(words)
    if found is None:
        return Measured(text, unit)
    spelled, factor = found
    return Measured(number.strip().removesuffix(","), unit or spelled, factor, attached)


def compound(text: str) -> tuple[tuple[str, str], ...]:
    """The parts of 2 hours 30 minutes, each a number and its unit; empty for a text of another form."""
    found = _COMPOUND.findall(text)
    if len(found) < 2 or _COMPOUND.sub("", text).strip() or not all(u.lower() in _SPELLING for _, u in found):
        return ()
    return tuple((n, _SPELLING[u.lower()]) for n, u in found)


def agree(gold: str, given: str) -> bool:
    """Whether two units may stand for each other."""
    if not gold or not given or gold == given:
        return True
    known = [u in _UNITS or any(c in u for c in "/^°%") for u in (gold, given)]
    return not any(known) and bool(set(gold.split()) & set(given.split()))
