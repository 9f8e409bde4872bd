r"""Reading plain numbers exactly, taking units off, and judging what an expression would cost, before any mathematics library sees the text.

Most answers are plain numbers: they are compared as exact fractions here, without SymPy. What is left goes to math-verify, unless it would build a number too large to work with.
"""

import re
from fractions import Fraction
from typing import NamedTuple

LONGEST_TEXT = 2_000  # characters of an expression
MOST_DIGITS = 1_000  # digits in a row
LARGEST_EXPONENT = 10_000
LARGEST_FACTORIAL = 1_000
DEEPEST = 40  # brackets within brackets

# one spelling for each unit; a unit that is not listed is compared as it is written
_UNITS = {
    "deg": "degrees °",
    "%": "percent per\u00a0cent pct",
    "dollar": "dollars usd",
    "euro": "euros eur €",
    "pound": "pounds gbp £",
    "cent": "cents",
    "mm": "millimeter millimeters millimetre millimetres",
    "cm": "centimeter centimeters centimetre centimetres",
    "m": "meter meters metre metres",
    "km": "kilometer kilometers kilometre kilometres",
    "in": "inch inches",
    "ft": "foot feet",
    "mi": "mile miles",
    "g": "gram grams",
    "kg": "kilogram kilograms",
    "s": "sec second seconds",
    "min": "minute minutes mins",
    "h": "hr hrs hour hours",
    "day": "days",
    "week": "weeks",
    "month": "months",
    "year": "years yr yrs",
    "l": "liter liters litre litres",
    "ml": "milliliter milliliters millilitre millilitres",
    "mph": "",
    "km/h": "kmh kph",
    "m/s": "",
    "unit": "units",
}
_SPELLING = {word: unit for unit, words in _UNITS.items() for word in [unit, *words.split()]}

_UNWRAP = re.compile(r"\\(?:text|mathrm|mathbf|textbf|mbox|operatorname)\s*\{([^{}]*)\}")
_SPACES = re.compile(r"\\[,;:!> ]|~|[\u00a0\u2009\u202f\u2007]|\\quad|\\displaystyle")
_MARKS = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "%": "%", "．": ".", "，": ",", "（": "(", "）": ")"})
_THOUSANDS = re.compile(r"(?<![\d.])(\d{1,3})((?:[, ]\d{3})+)(?![\d])")
_ASSIGNED = re.compile(r"^\s*[A-Za-z](?:_\{?\w+\}?)?\s*(?:\([a-z]\)\s*)?=\s*(?=[^=])")

_SIGN = r"(?P<sign>[-+]?)\s*"
_PLAIN = re.compile(
    _SIGN
    + r"(?P<whole>\d*)(?:\.(?P<part>\d*))?(?:[eE](?P<e>[-+]?\d+)|\s*(?:\*|\\times|\\cdot)\s*10\s*\^\s*(?:\{\s*(?P<p>[-+]?\d+)\s*\}|(?P<p1>\d)))?"
)
_RATIO = re.compile(
    _SIGN
    + r"(?:(?P<whole>\d+)(?:\s+|\s*(?=\\)))?(?:\\[dtc]?frac\s*\{\s*(?P<a>-?\d+)\s*\}\s*\{\s*(?P<b>\d+)\s*\}|(?P<c>\d+)\s*/\s*(?P<d>\d+))"
)
_UNIT = re.compile(r"(?<=[\d})\s%])\s*(?P<unit>(?:[A-Za-z°€£$]+(?:\s*/\s*[A-Za-z]+)?|%)(?:\s*\^\s*\{?[23]\}?)?)\s*$")


class Quantity(NamedTuple):
    """An answer's text without its unit, the unit in one spelling ("" for none), and its exact value where it is a plain number."""

    text: str
    unit: str
    value: Fraction | None
    decimal: bool  # written with a decimal point or a power of ten


def clean(text: str) -> str:
    """Text without the marks around mathematics, and with one spelling for signs, spaces and thousands."""
    text = text.strip().strip("*").strip()
    for opening, closing in (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")):
        if text.startswith(opening) and text.endswith(closing) and len(text) >= len(opening + closing):
            inner = text[len(opening) : len(text) - len(closing)]
            if opening not in inner:
                text = inner
    text = _SPACES.sub(" ", text.translate(_MARKS)).replace("{,}", ",").replace("\\left", "").replace("\\right", "")
    text = re.sub(r"\^\s*\{?\s*\\circ\s*\}?|\\degree", " deg", text).replace("\\%", "%").replace("\\$", "$")
    return " ".join(text.split()).removesuffix(".").removesuffix("。").strip()


def number(text: str) -> tuple[Fraction, bool] | None:
    """The exact value of a plain integer, decimal, fraction or mixed number and whether it is written as a decimal; None for everything else, and for numbers too long."""
    text = _THOUSANDS.sub(lambda m: m[1] + m[2].replace(",", "").replace(" ", ""), text.strip())
    if len(text) > MOST_DIGITS:
        return None
    if m := _PLAIN.fullmatch(text):
        whole, part, power = m["whole"], m["part"] or "", int(m["e"] or m["p"] or m["p1"] or 0)
        if not whole + part or abs(power) > MOST_DIGITS:
            return None
        value = Fraction(int(whole + part), 10 ** len(part)) * Fraction(10) ** power
        return (-value if m["sign"] == "-" else value), "." in text or power != 0
    if m := _RATIO.fullmatch(text):
        a, b = int(m["a"] or m["c"]), int(m["b"] or m["d"])
        if b == 0:
            return None
        value = int(m["whole"] or 0) + Fraction(a, b)
        return (-value if m["sign"] == "-" else value), False
    return None


def quantity(text: str) -> Quantity:
    """Split an answer into what it says and its unit; a leading "x =" goes, and so does a currency sign before a number."""
    text = _ASSIGNED.sub("", clean(text))
    unit = ""
    if re.match(r"[-+]?\s*[$€£]\s*\d", text):
        sign = next(c for c in text if c in "$€£")
        text, unit = text.replace(sign, "", 1), {"$": "dollar", "€": "euro", "£": "pound"}[sign]
    plain = _UNWRAP.sub(r" \1 ", text).strip()
    if m := _UNIT.search(plain):
        written = re.sub(r"[\s{}]", "", m["unit"])
        power = written[-2:] if written[-2:] in ("^2", "^3") else ""
        word = written.removesuffix(power)
        known = _SPELLING.get(word.lower()) or _SPELLING.get(word)
        head = plain[: m.start()].strip()
        if known or number(head):
            text, unit = head, (known or word.lower().removesuffix("s")) + power
    value = number(text)
    return Quantity(text, unit, value and value[0], bool(value and value[1]))


_GROUP = r"(?:\{(?P<group>(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}|(?P<one>\d+|[^\s{]))"
_POWER = re.compile(r"(?:\^|\*\*)\s*" + _GROUP)
_COMMAND = re.compile(r"\\[A-Za-z]+")
_FACTORIAL = re.compile(r"(\d+)\s*!|([)}\]])\s*!|!\s*!")
_BINOMIAL = re.compile(r"\\[dt]?binom\s*\{?\s*(\d+)")


def too_costly(text: str) -> str:
    """Why evaluating an expression could take too long or too much memory ("" if it could not)."""
    if len(text) > LONGEST_TEXT:
        return f"an expression of {len(text)} characters"
    if re.search(rf"\d{{{MOST_DIGITS + 1}}}", text):
        return f"a number of more than {MOST_DIGITS} digits"
    depth = deepest = 0
    for c in text:
        depth += (c in "({[") - (c in ")}]")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        return f"brackets {deepest} deep"
    size = 1
    nested = False
    for m in _POWER.finditer(text):
        inside = _COMMAND.sub(" ", m["group"] or m["one"] or "")
        if re.search(r"[\d)}]\s*(\^|\*\*|!)", inside):
            return "a tower of powers"
        exponents = [int(n) for n in re.findall(r"\d+", inside)]
        before = text[: m.start()].rstrip()
        if re.search(r"(\^|\*\*)\s*\d+$", before):
            return "a tower of powers"
        nested = nested or before.endswith((")", "}", "]"))
        largest = max(exponents, default=1)
        size = size * max(largest, 1) if nested else max(size, largest)
    if size > LARGEST_EXPONENT:
        return f"a power of {size if size < 10**12 else 'very many'} digits or terms"
    for m in _FACTORIAL.finditer(text):
        if m[1] is None and not re.search(r"[a-zA-Z]", _COMMAND.sub("", text)):
            return "a factorial of an expression"
        if m[1] is not None and int(m[1]) > LARGEST_FACTORIAL:
            return f"the factorial of {m[1]}"
    for m in _BINOMIAL.finditer(text):
        if int(m[1]) > LARGEST_EXPONENT:
            return f"a binomial coefficient of {m[1]}"
    return ""
