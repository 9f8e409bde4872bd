"""What an expression would cost to evaluate, judged from its text before any number is built.

It looks at digits, brackets, exponents, towers of them, factorials and binomials. It does not bound what a mathematics library makes of an innocent text: the pool's CPU time and memory do.
"""

import re

LONGEST_TEXT = 2_000  # characters of an expression
MOST_DIGITS = 1_000  # digits in a row
LARGEST_EXPONENT = 10_000
LARGEST_FACTORIAL = 2_500
SHORT = 40  # characters that hold nothing large without a power, factorial or command
HIGHEST_TOWER = 3  # exponents within exponents
DEEPEST = 40  # brackets within brackets

_GROUP = r"(?:\{(?P<group>(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}|(?P<one>\d+|[^\s{]))"
_POWER = re.compile(r"(?:\^|\*\*)\s*" + _GROUP)
_COMMAND = re.compile(r"\\[A-Za-z]+")
_FACTORIAL = re.compile(r"(\d+)\s*!|([)}\]])\s*!|!\s*!")
_BINOMIAL = re.compile(r"\\[dt]?binom\s*\{?\s*(\d+)")
_LARGE_CHOICE = re.compile(
    r"\\(?:[dt]?binom\s*\{[^{}]*\d\s*[\^!*]|choose|(?:Gamma|zeta|psi)\b.{0,50}?(?:\d{4}|\d\s*\^))|\^\s*\{?\s*\d+\s*\}?\s*!"
)
_LONG_SERIES = re.compile(r"\\(?:sum|prod)\b[^\^]{0,100}\^\s*\{?\s*(?:\d{5,}|\d+\s*(?:\^|\*|\\))")
# x^a^b^c; powers of different names stand apart
_CHAIN = re.compile(rf"(?:(?:\^|\*\*)\s*-?(?:\d+|[^\W\d]|\\[A-Za-z]+)\s*){{{HIGHEST_TOWER}}}")
_OPENINGS = re.compile(r"(\^\s*)?\{|\}")


def too_costly(text: str) -> str:
    """Why evaluating an expression could take too long or too much memory ("" if it could not)."""
    if len(text) > LONGEST_TEXT:
        return f"an expression of {len(text)} characters"
    if len(text) <= SHORT and "^" not in text and "!" not in text and "\\" not in text and "**" not in text:
        return ""
    if re.search(rf"\d{{{MOST_DIGITS + 1}}}", text):
        return f"a number of more than {MOST_DIGITS} digits"
    depth = deepest = 0
    for c in text:
        depth += (c in "({[⦃⟨⌊⌈") - (c in ")}]⦄⟩⌋⌉")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        return f"brackets {deepest} deep"
    if _LARGE_CHOICE.search(text) or _LONG_SERIES.search(text):
        return "a binomial coefficient, factorial or series of many terms"
    if _CHAIN.search(text):
        return "a tower of powers"
    powers: list[bool] = []
    for m in _OPENINGS.finditer(text):
        if m[0] != "}":
            powers.append(m[1] is not None)
            if sum(powers) >= HIGHEST_TOWER:
                return "a tower of powers"
        elif powers:
            powers.pop()
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
