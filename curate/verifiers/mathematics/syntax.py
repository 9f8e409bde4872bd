r"""A parser for the expressions that answers are made of: from `plain` text to a small tree. It builds no number beyond those written out.

Departures from LaTeX's own rules, because people mean it so: x^10 is a power of ten, \sqrt12 is the root of twelve, an integer directly before a proper fraction is a mixed number, 1/2x is (1/2)x, and a run of letters
is a product of one-letter names unless it names a function. What the grammar has no place for raises `Unread`: sums, integrals, limits, prose.
"""

import re
from fractions import Fraction
from typing import NamedTuple

words_of = str.split  # a table of names reads better as one text
MOST_TOKENS = 1_500
DEEPEST = 40  # brackets, powers and commands within each other
MOST_MARKS = 3  # of !, % and ° after one number
LONGEST_EXPONENT = 4  # digits of the power of ten in 3.2e5


class Unread(Exception):
    """The text is no expression that this parser knows."""


class Node(NamedTuple):
    """num (value), sym (name), add, mul, div, pow, root (radicand, degree), fn (name)."""

    kind: str
    args: tuple["Node", ...] = ()
    name: str = ""
    value: Fraction = Fraction(0)


def num(value: Fraction | int) -> Node:
    return Node("num", value=Fraction(value))


PI, MINUS_ONE, ONE = Node("sym", name="π"), num(-1), num(1)
# names of functions, and what else a run of letters can be
FUNCTIONS = frozenset(
    words_of("sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh ln log lg exp sqrt cbrt abs floor ceil gcd lcm max min")
)
_ALIASES = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "tg": "tan",
    "ctg": "cot",
    "cosec": "csc",
    "arctg": "arctan",
    "ceiling": "ceil",
}
_NAMES = {"pi": "π", "infinity": "∞", "inf": "∞", "oo": "∞", "theta": "θ", "alpha": "α", "beta": "β", "lambda": "λ", "phi": "φ"}
_LONG = sorted([*FUNCTIONS, *_ALIASES, *_NAMES], key=len, reverse=True)
_INVERSE = {"sin": "arcsin", "cos": "arccos", "tan": "arctan"}
_CALLED = frozenset("fgh")  # letters that name a function where a bracket follows

_TOKEN = re.compile(
    r"\s*(?:"
    r"(?P<number>\d+\.(?=\\(?:overline|bar|dot)|\(\d)|\d+(?:\.\d+)?(?!\d)|\.\d+|\d+\.(?!\d|\.))(?P<rest>\\(?:overline|bar|dot)\s*\{\d+\}(?:\d*\\dot\s*\{\d\})?|\(\d+\)(?=\s*$|\s*[,;)\]}⦄])|\.\.\.)?(?P<e>[eE][+-]?\d+(?![A-Za-z\d.]))?"
    r"|(?P<command>\\[A-Za-z]+)"
    r"|(?P<word>[A-Za-zα-ωΑ-Ω]+)"
    r"|(?P<mark>\S))"
)
_SUBSCRIPT = re.compile(r"\s*_\s*(?:\{\s*(?:\\text\s*)?\{?\s*([\w\s,+-]{1,20}?)\s*\}?\s*\}|(\w))")
_BASES = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "twelve": 12,
    "sixteen": 16,
    "hex": 16,
}
_BASED = re.compile(
    r"\s*\(?\s*(?:\\text\s*\{)?\s*([0-9A-Za-z]{1,200})\s*\}?\s*\)?\s*(?:_\s*\{?\s*(?:\\text\s*)?\{?\s*\(?\s*(?:base\s*)?(\w{1,7})\s*\)?\s*\}?\s*\}?|\s\(?(?:in\s+)?base\s+\{?(\w{1,7})\}?\)?)\s*$"
)


def based(text: str) -> Fraction | None:
    """The value of an integer written with its base, as in 1011_2; None for everything else."""
    m = _BASED.match(text)
    if m is None or not (m[1][0].isdigit() or m[1].isupper()) or not (any(c.isdigit() for c in m[1]) or m[2] == "16"):
        return None
    word = (m[2] or m[3]).lower()
    base = _BASES.get(word) or (int(word) if word.isdigit() and len(word) < 3 else 0)
    if not 2 <= base <= 36:
        return None
    try:
        return Fraction(int(m[1], base))
    except ValueError:
        return None


class _Token(NamedTuple):
    kind: str  # number, command, name, function, mark, sub
    text: str
    value: Fraction = Fraction(0)
    spaced: bool = False


def _repeating(digits: str, cycle: str) -> Fraction:
    whole, _, part = digits.partition(".")
    start = Fraction(int((whole or "0") + part), 10 ** len(part))
    return start + Fraction(int(cycle), (10 ** len(cycle) - 1) * 10 ** len(part))


def _dotted(digits: str) -> Fraction | None:
    """The value of 0.1666...: the shortest cycle that the written digits end with, seen at least twice (a single digit three times); None where there is none."""
    whole, _, part = digits.partition(".")
    for length in range(1, len(part) // 2 + 1):
        cycle = part[-length:]
        times = 3 if length == 1 else 2
        if part.endswith(cycle * times):
            while part.endswith(cycle):
                part = part[:-length]
            return _repeating(f"{whole}.{part}", cycle)
    return None


def _number(m: re.Match[str]) -> Fraction:
    digits, rest = m["number"], m["rest"]
    if rest is None:
        value = Fraction(digits)
    elif rest == "...":
        found = _dotted(digits)
        if found is None:
            raise Unread("a decimal that goes on")
        value = found
    elif "." not in digits and not digits.endswith("."):
        raise Unread("a repeating integer")
    else:
        value = _repeating(digits, re.sub(r"\D", "", rest))
    if m["e"]:
        if len(m["e"]) > LONGEST_EXPONENT + 2:
            raise Unread("a large power of ten")
        value *= Fraction(10) ** int(m["e"][1:])
    return value


def _letters(word: str) -> list[str]:
    """A run of letters as functions and one-letter names."""
    found, i = [], 0
    while i < len(word):
        name = next((n for n in _LONG if word.startswith(n, i)), word[i])
        found.append(name)
        i += len(name)
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[_Token] = []
        self.decimal = False
        self.at = self.depth = 0
        self._split(text)

    def _split(self, text: str) -> None:
        i, n = 0, len(text.rstrip())
        while i < n:
            m = _TOKEN.match(text, i)
            if m is None or len(self.tokens) >= MOST_TOKENS:
                raise Unread("too long")
            spaced, i = m.group()[:1].isspace(), m.end()
            if m["number"]:
                self.decimal |= not m["number"].isdigit() or m["e"] is not None
                self.tokens.append(_Token("number", m["number"] + (m["rest"] or "") + (m["e"] or ""), _number(m), spaced))
            elif m["command"]:
                name = _ALIASES.get(m["command"][1:], m["command"][1:])
                kind = "function" if name in FUNCTIONS and name != "sqrt" else "command"
                self.tokens.append(_Token(kind, name, spaced=spaced))
            elif m["word"]:
                names = _letters(m["word"])
                if len(m["word"]) > 4 and len(names) == len(m["word"]):
                    raise Unread("a word")
                for name in names:
                    name = _ALIASES.get(name, name)
                    self.tokens.append(_Token("function" if name in FUNCTIONS else "name", _NAMES.get(name, name), spaced=spaced))
                i = self._subscript(text, i)
            else:
                self.tokens.append(_Token("mark", m["mark"], spaced=spaced))

    def _subscript(self, text: str, i: int) -> int:
        if (m := _SUBSCRIPT.match(text, i)) and self.tokens[-1].kind == "name":
            below = "".join((m[1] or m[2]).split())
            self.tokens[-1] = self.tokens[-1]._replace(text=f"{self.tokens[-1].text}_{below}")
            return m.end()
        return i

    # -- looking at tokens

    def peek(self, ahead: int = 0) -> _Token:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else _Token("end", "")

    def mark(self, text: str) -> bool:
        """Whether the next token is this mark, which is then taken."""
        if self.peek().kind == "mark" and self.peek().text == text:
            self.at += 1
            return True
        return False

    def need(self, text: str) -> None:
        if not self.mark(text):
            raise Unread(f"{text} expected")

    # -- grammar

    def all(self) -> Node:
        node = self.sum()
        if self.peek().kind != "end":
            raise Unread("something is left over")
        return node

    def sum(self) -> Node:
        terms = [self.term()]
        while self.peek().kind == "mark" and self.peek().text in "+-":
            minus = self.peek().text == "-"
            self.at += 1
            term = self.term()
            terms.append(Node("mul", (MINUS_ONE, term)) if minus else term)
        return terms[0] if len(terms) == 1 else Node("add", tuple(terms))

    def term(self) -> Node:
        factors = [self.signed()]
        while True:
            if self.mark("*"):
                factors.append(self.signed())
            elif self.mark("/"):
                divided = Node("div", (ONE, self.signed()))
                if factors[-1].kind == "div":  # a long chain stays flat
                    factors.append(divided)
                else:
                    factors[-1] = divided._replace(args=(factors[-1], divided.args[1]))
            elif self.starts():
                factors.append(self.power())
            else:
                return factors[0] if len(factors) == 1 else Node("mul", tuple(factors))

    def starts(self) -> bool:
        """Whether the next token begins a factor, without a sign before it."""
        token = self.peek()
        if token.kind == "number":
            return self.at > 0 and self.tokens[self.at - 1].kind != "number"
        return token.kind in ("command", "name", "function") or (token.kind == "mark" and token.text in "({[⌊⌈")

    def signed(self) -> Node:
        minus = False
        while self.peek().kind == "mark" and self.peek().text in "+-":
            minus ^= self.peek().text == "-"
            self.at += 1
        node = self._mixed() or self.power()
        return Node("mul", (MINUS_ONE, node)) if minus else node

    def _mixed(self) -> Node | None:
        """A mixed number, 1\frac{1}{2} or 1 1/2; None, and nothing taken, for everything else."""
        whole, then, start = self.peek(), self.peek(1), self.at
        if whole.kind != "number" or not whole.text.isdigit():
            return None
        if (
            then.kind == "number"
            and then.text.isdigit()
            and self.peek(2).text == "/"
            and self.peek(3).text.isdigit()
            and self.peek(4).text != "^"
        ):
            part = Node("div", (num(then.value), num(self.peek(3).value)))
            end = self.at + 4
        elif then.kind == "command" and then.text == "frac":
            self.at += 1
            part = self.atom()
            end, self.at = self.at, start
        else:
            return None
        top, bottom = part.args
        if top.kind == bottom.kind == "num" and 0 < top.value < bottom.value and self.tokens[min(end, len(self.tokens) - 1)].text != "^":
            self.at = end
            return Node("add", (num(whole.value), part))
        return None

    def power(self, base: Node | None = None) -> Node:
        node = base or self.atom()
        for _ in range(MOST_MARKS):
            if self.mark("!"):
                node = Node("fn", (node,), "factorial")
            elif self.mark("°"):
                node = Node("mul", (node, Node("div", (PI, num(180)))))
            elif self.mark("%"):
                node = Node("div", (node, num(100)))
            else:
                break
        if self.mark("^"):
            exponent = self.exponent()
            node = Node("pow", (node, exponent))
            if self.mark("!"):
                node = Node("fn", (node,), "factorial")
        return node

    def exponent(self) -> Node:
        if self.mark("-"):
            return Node("mul", (MINUS_ONE, self.exponent() if self.peek().text != "-" else self.atom()))
        node = self.atom()
        if not self.mark("^"):
            return node
        self.deeper()
        node = Node("pow", (node, self.exponent()))
        self.depth -= 1
        return node

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unread("too deep")

    def group(self, closing: str) -> Node:
        node = self.sum()
        self.need(closing)
        return node

    def atom(self) -> Node:
        self.deeper()
        node = self._atom()
        self.depth -= 1
        return node

    def _atom(self) -> Node:
        token = self.peek()
        self.at += 1
        if token.kind == "number":
            return num(token.value)
        if token.kind == "name":
            if token.text in _CALLED and self.peek().text == "(":
                self.at += 1
                return Node("fn", (self.group(")"),), f"call {token.text}")
            return Node("sym", name=token.text)
        if token.kind == "function":
            return self.function(token.text)
        return self._bracketed(token) if token.kind == "mark" else self.command(token.text)

    def _bracketed(self, token: _Token) -> Node:
        match token.text:
            case "(":
                return self.group(")")
            case "[":
                return self.group("]")
            case "{":
                return self.group("}")
            case "|":
                return Node("fn", (self.group("|"),), "abs")
            case "⌊":
                return Node("fn", (self.group("⌋"),), "floor")
            case "⌈":
                return Node("fn", (self.group("⌉"),), "ceil")
            case "∞":
                return Node("sym", name="∞")
            case "√":
                return Node("root", (self.atom(), num(2)))
        raise Unread(f"{token.text!r} out of place")

    def argument(self, *, split: bool = False) -> Node:
        r"""What a command takes: a group, or one token, of which \frac takes the first digit only."""
        token = self.peek()
        if split and token.kind == "number" and len(token.text) > 1 and token.text.isdigit():
            first, rest = token.text[0], token.text[1:]
            self.tokens[self.at : self.at + 1] = [
                _Token("number", first, Fraction(int(first))),
                _Token("number", rest, Fraction(int(rest))),
            ]
        return self.atom()

    def command(self, name: str) -> Node:
        match name:
            case "frac":
                top = self.argument(split=True)
                return Node("div", (top, self.argument(split=True)))
            case "sqrt":
                degree = num(2)
                if self.mark("["):
                    degree = self.group("]")
                return Node("root", (self.argument(), degree))
            case "binom":
                n = self.argument(split=True)
                return Node("fn", (n, self.argument(split=True)), "binomial")
            case "text":
                self.need("{")
                token = self.peek()
                if token.kind in ("name", "function") and self.peek(1).text == "}":
                    self.at += 2
                    return self.function(token.text) if token.kind == "function" else Node("sym", name=token.text)
                raise Unread("words")
        raise Unread(f"\\{name}")

    def function(self, name: str) -> Node:
        if name == "sqrt":
            return Node("root", (self.argument(), num(2)))
        if name == "cbrt":
            return Node("root", (self.argument(), num(3)))
        base = exponent = None
        for _ in range(2):
            if self.mark("_"):
                base = self.argument()
            elif self.mark("^"):
                exponent = self.exponent()
        if exponent == Node("mul", (MINUS_ONE, ONE)) and name in _INVERSE:
            name, exponent = _INVERSE[name], None
        if self.peek().text in ("(", "{", "|") and self.peek().kind == "mark":
            inner = self.atom() if name not in ("gcd", "lcm", "max", "min") else self._several(name)
            argument = self.power(inner) if name not in ("gcd", "lcm", "max", "min") else inner
            if argument.kind == "pow" and argument is not inner and exponent is None:  # sin(x)^2 is the square of the sine, sin(x^2) is not
                argument, exponent = argument.args
        else:
            argument = self.signed()
            while self.starts() and self.peek().kind != "function":
                argument = Node("mul", (argument, self.power()))
            if self.peek().text == "/" and argument.kind in ("sym",) and argument.name == "π":  # sin pi/6
                self.at += 1
                argument = Node("div", (argument, self.power()))
        node = argument if name in ("gcd", "lcm", "max", "min") else Node("fn", (argument,) if base is None else (argument, base), name)
        return node if exponent is None else Node("pow", (node, exponent))

    def _several(self, name: str) -> Node:
        self.at += 1
        arguments = [self.sum()]
        while self.mark(","):
            arguments.append(self.sum())
        self.need(")")
        return Node("fn", tuple(arguments), name)


class Expression(NamedTuple):
    """A parsed expression, and whether a decimal point or a power of ten was written in it."""

    node: Node
    decimal: bool


def parse(text: str) -> Expression:
    """The tree of a `plain` text. Raises Unread where it is no expression."""
    value = based(text) if "_" in text or "base" in text else None
    if value is not None:
        return Expression(num(value), False)
    parser = _Parser(text)
    return Expression(parser.all(), parser.decimal)
