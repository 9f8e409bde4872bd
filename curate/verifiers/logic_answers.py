"""What may be handed to a scorer that evaluates its answer, or that works as long as the answer says: strict grammars of our own, checked before the scorer sees a character.

A guard takes an answer and its entry and gives the text for the scorer, or None for what is no answer of that kind. Texts that pass hold numbers, operators, brackets, a few names and plain literals, and
their cost is bounded: lengths, depths, digits, exponents, repetitions. So nothing that a model wrote reaches `eval` or SymPy but arithmetic, and that runs in the sandbox all the same.

Departure from the scorers: `^` is read as a power and `3x` as a product, as every reader of mathematics does.
"""

import ast
import json
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

Entry = dict[str, Any]
Guard = Callable[[str, Entry], str | None]

LONGEST_FORMULA = 1000  # characters
LONGEST_LIST = 20_000
DEEPEST = 40  # brackets in each other
MOST_DIGITS = 30
LARGEST_EXPONENT = 100
MOST_POWERS = 60
MOST_MOVES = 2000
MOST_NODES = 400  # of a JSON value
MOST_CELLS = 20_000

_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([A-Za-z]+)|(\*\*|[-+*/^()]))")
FUNCTIONS = frozenset({"sin", "cos", "tan", "exp", "log", "ln", "sqrt", "asin", "acos", "atan", "sinh", "cosh", "tanh", "Abs"})
CONSTANTS = frozenset({"C", "E", "pi"})


def _tokens(text: str) -> list[str] | None:
    """Numbers, names and operators; None for anything else, or too much of it."""
    if len(text) > LONGEST_FORMULA:
        return None
    found, at, text = [], 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or len(match.group(1) or "") > MOST_DIGITS:
            return None
        found.append(match.group(match.lastindex or 0).strip())
        at = match.end()
    return found or None


def _balanced(tokens: list[str]) -> bool:
    depth = 0
    for token in tokens:
        depth += (token == "(") - (token == ")")
        if not 0 <= depth <= DEEPEST:
            return False
    return depth == 0


def arithmetic(answer: str, entry: Entry) -> str | None:
    """Whole numbers, + - * / and brackets: no powers, whose value nothing bounds, and no names."""
    tokens = _tokens(answer.replace("×", "*").replace("÷", "/").replace("−", "-"))
    if tokens is None or not _balanced(tokens) or any(t[0].isalpha() or t in {"^", "**"} or "." in t for t in tokens):
        return None
    return None if value_of(tokens) is None else " ".join(tokens)


def value_of(tokens: list[str]) -> Fraction | None:
    """The exact value of arithmetic; None where it is none, or divides by zero."""
    at = 0

    def peek() -> str:
        return tokens[at] if at < len(tokens) else ""

    def take() -> str:
        nonlocal at
        at += 1
        return tokens[at - 1]

    def total() -> Fraction:
        value = product()
        while peek() in {"+", "-"}:
            value = value + product() if take() == "+" else value - product()
        return value

    def product() -> Fraction:
        value = single()
        while peek() in {"*", "/"}:
            value = value * single() if take() == "*" else value / single()
        return value

    def single() -> Fraction:
        token = take() if at < len(tokens) else ""
        if token in {"+", "-"}:
            return single() if token == "+" else -single()
        if token == "(":
            value = total()
            if at >= len(tokens) or take() != ")":
                raise ValueError("a bracket is not closed")
            return value
        return Fraction(token)

    try:
        value = total()
    except (ValueError, ZeroDivisionError, RecursionError):
        return None
    return value if at == len(tokens) else None


def exact(answer: str) -> Fraction | None:
    """The exact value of an answer that is arithmetic."""
    return value_of(_tokens(answer) or [])


def numbers_in(answer: str) -> list[int]:
    """The whole numbers that a formula uses, sorted."""
    return sorted(int(t) for t in _tokens(answer) or [] if t.isdecimal())


def _variables(entry: Entry) -> frozenset[str]:
    named = [entry["metadata"].get("variable"), *(entry["metadata"].get("variables") or [])]
    return frozenset(v for v in named if isinstance(v, str) and re.fullmatch("[A-Za-z]", v))


def algebra(answer: str, entry: Entry) -> str | None:
    """A formula in the entry's variables and C with known functions and bounded powers, its products written out. What the scorer evaluates of the entry must be such a formula, too."""
    names = _variables(entry) | CONSTANTS
    stored = entry["metadata"].get("integrand", entry["answer"])
    if not isinstance(stored, str) or _formula(stored, names) is None:
        return None
    return _formula(answer.replace("−", "-").replace("·", "*"), names)


class _Unread(Exception):
    """A text is no formula of ours."""


class _Reader:
    """Recursive descent over the tokens of a formula, giving it back with every product written out."""

    def __init__(self, tokens: list[str], names: frozenset[str]) -> None:
        self.tokens, self.names, self.at, self.powers = tokens, names, 0, 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *wanted: str) -> bool:
        found = self.peek() in wanted
        self.at += found
        return found

    def sum(self, exponent: bool = False) -> str:
        text = self.product(exponent)
        while (sign := self.peek()) in {"+", "-"}:
            self.at += 1
            text += sign + self.product(exponent)
        return text

    def product(self, exponent: bool) -> str:
        text = self.signed(exponent)
        while (token := self.peek()) and (token in {"*", "/", "("} or token[0].isalnum()):
            sign = token if self.take("*", "/") else "*"
            text += sign + self.signed(exponent)
        return text

    def signed(self, exponent: bool) -> str:
        sign = ""
        while self.peek() in {"+", "-"} and len(sign) < 4:
            sign += self.peek()
            self.at += 1
        return sign + self.power(exponent)

    def power(self, exponent: bool) -> str:
        base = self.atom(exponent)
        if not self.take("**", "^"):
            return base
        self.powers += 1
        if exponent or self.powers > MOST_POWERS:
            raise _Unread
        sign = "-" if self.take("-") else ""
        above = self.atom(True)
        if self.peek() in {"**", "^"}:
            raise _Unread
        return f"{base}**({sign}{above})"

    def atom(self, exponent: bool) -> str:
        token = self.peek()
        self.at += 1
        if token[:1].isdigit():
            if exponent and float(token) > LARGEST_EXPONENT:
                raise _Unread
            return token
        if token in FUNCTIONS:
            if self.peek() != "(":
                raise _Unread
            return ("log" if token == "ln" else token) + self.atom(exponent)
        if token in self.names:
            return token
        if token != "(":
            raise _Unread
        inner = self.sum(exponent)
        if not self.take(")"):
            raise _Unread
        return f"({inner})"


def _formula(text: str, names: frozenset[str]) -> str | None:
    tokens = _tokens(text)
    if tokens is None or not _balanced(tokens):
        return None
    reader = _Reader(tokens, names)
    try:
        written = reader.sum()
    except _Unread:
        return None
    return written if reader.at == len(tokens) else None


def _depth(text: str) -> int:
    deepest = depth = 0
    for c in text:
        depth += (c in "[({") - (c in "])}")
        deepest = max(deepest, depth)
    return deepest


def literal(text: str) -> Any:
    """The value of a plain Python literal: lists, numbers and strings. None for anything else."""
    if len(text) > LONGEST_LIST or _depth(text) > 3 or re.search(r"\d{20}", text):
        return None
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, list | tuple) else None


def listed(answer: str, entry: Entry) -> str | None:
    """The stored answer, one of the valid ones, or a plain list, which earns partial credit."""
    accepted = [entry["answer"], *entry["metadata"].get("valid_answers", [])]
    return answer if answer in accepted or answer.strip() in accepted or literal(answer) is not None else None


def sorted_numbers(answer: str, entry: Entry) -> str | None:
    """A list of numbers; the stored one must be one, too, since the scorer evaluates it."""
    if not isinstance(literal(entry["answer"]), list) or len(answer) > LONGEST_LIST:
        return None
    return answer if re.fullmatch(r"\[\s*(?:['\"]?-?\d{1,20}(?:\.\d{1,20})?['\"]?\s*(?:,\s*|(?=\])))*\]", answer.strip()) else None


_HEX = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]{1,200}|0[bB][01]{1,800}|\d{1,200})")
_BITS = re.compile(r"(?:0x[0-9a-fA-F]{1,16}|\d{1,16}|<<|>>|[-+*()]|\s)*")


def bits(answer: str, entry: Entry) -> str | None:
    """A whole number to some base; the stored problem, which the scorer evaluates, must be hexadecimal arithmetic."""
    problem = entry["metadata"]["problem"]
    if not isinstance(problem, str) or len(problem) > LONGEST_LIST or _BITS.fullmatch(problem) is None or _depth(problem) > 90:
        return None
    return answer.strip() if _HEX.fullmatch(answer.strip()) else None


def probability(answer: str, entry: Entry) -> str | None:
    """A decimal or a fraction."""
    text = answer.strip()
    return text if re.fullmatch(r"-?\d{1,15}(?:\.\d{1,30})?(?:[eE]-?\d{1,2})?|-?\d{1,30}\s*/\s*\d{1,30}", text) else None


def moves(pattern: str) -> Guard:
    """A bounded list of moves of that form."""
    form = re.compile(pattern)

    def guard(answer: str, entry: Entry) -> str | None:
        if len(answer) > LONGEST_LIST:
            return None
        found = answer.split()
        return " ".join(found) if 0 < len(found) <= MOST_MOVES and all(form.fullmatch(m) for m in found) else None

    return guard


def _nodes(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(_nodes(v) for v in value.values())
    return 1 + sum(_nodes(v) for v in value) if isinstance(value, list) else 1


def json_value(kind: type) -> Guard:
    """JSON of that kind and bounded size."""

    def guard(answer: str, entry: Entry) -> str | None:
        if len(answer) > LONGEST_LIST or _depth(answer) > DEEPEST:
            return None
        try:
            value = json.loads(answer)
        except (ValueError, RecursionError):
            return None
        return answer if isinstance(value, kind) and _nodes(value) <= MOST_NODES else None

    return guard


def output_value(answer: str, entry: Entry) -> str | None:
    """The stored answer, or text with a bounded JSON object in it."""
    if answer.strip() == entry["answer"].strip():
        return answer
    start, end = answer.find("{"), answer.rfind("}")
    return answer if 0 <= start < end and json_value(dict)(answer[start : end + 1], entry) is not None else None


def conclusion(answer: str, entry: Entry) -> str | None:
    """A formula of propositional logic in the entry's variables."""
    text = answer.strip()
    return text if len(text) <= 300 and _depth(text) <= 20 and re.fullmatch(r"[A-Z∧∨¬→↔()\s]+", text) else None
