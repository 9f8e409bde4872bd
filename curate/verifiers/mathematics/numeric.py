r"""Expressions at 60 digits, for what has no exact form here: \sin 60^\circ, nested roots, logarithms, identities between functions of a name.

Complex numbers are pairs of decimals. An expression with names is looked at in several fixed points, negative ones among them: two analytic functions that agree there to 45 digits are the same. Nothing is taken for equal because a
float rounds it so, and numbers too large or small for the digits carried are not compared at all.
"""

from collections.abc import Mapping
from decimal import Context, Decimal, DecimalException, localcontext
from functools import cache, reduce

from curate.verifiers.mathematics.exact import TooMuch, Undefined
from curate.verifiers.mathematics.syntax import Node

DIGITS = 60
SAME = Decimal(10) ** -45  # relative
ZERO = Decimal(10) ** -50  # absolute, against an exact zero
MOST_STEPS = 5_000
LARGEST_ANGLE = Decimal(10) ** 6
LARGEST_SEEN = Decimal(10) ** 20  # beyond it a root of a sum can differ from a number in more digits than are carried
POINTS = (
    "0.7310585786300048792511592418218",
    "2.3591409142295226176801437356763",
    "-1.6487212707001281468486507878142",
    "5.1961524227066318805823390245176",
    "-0.4142135623730950488016887242097",
)

Complex = tuple[Decimal, Decimal]
_CONTEXT = Context(prec=DIGITS + 10, Emax=10**6, Emin=-(10**6))
_0, _1 = Decimal(0), Decimal(1)


@cache
def pi() -> Decimal:
    """π by Machin's formula."""
    with localcontext(Context(prec=DIGITS + 30)):

        def arctan_of_one_over(n: int) -> Decimal:
            term = total = _1 / n
            k, square = 1, n * n
            while abs(term) > Decimal(10) ** -(DIGITS + 28):
                term = -term / square
                k += 2
                total += term / k
            return total

        return 4 * (4 * arctan_of_one_over(5) - arctan_of_one_over(239))


def _mul(a: Complex, b: Complex) -> Complex:
    if not a[1] and not b[1]:
        return a[0] * b[0], _0
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def _div(a: Complex, b: Complex) -> Complex:
    size = b[0] * b[0] + b[1] * b[1]
    if not size:
        raise Undefined("a division by zero")
    top = _mul(a, (b[0], -b[1]))
    return top[0] / size, top[1] / size


def _sine_cosine(x: Decimal) -> tuple[Decimal, Decimal]:
    if abs(x) > LARGEST_ANGLE:
        raise TooMuch("a large angle")
    x %= 2 * pi()
    x /= 8
    sine, term, n = x, x, 1
    while abs(term) > Decimal(10) ** -(DIGITS + 8):
        n += 2
        term = -term * x * x / (n * (n - 1))
        sine += term
    cosine = (1 - sine * sine).sqrt()
    for _ in range(3):
        sine, cosine = 2 * sine * cosine, 1 - 2 * sine * sine
    return sine, cosine


def _arctan(x: Decimal) -> Decimal:
    halvings = 0
    while abs(x) > Decimal("0.05"):
        x = x / (1 + (1 + x * x).sqrt())
        halvings += 1
    total = term = x
    n = 1
    while abs(term) > Decimal(10) ** -(DIGITS + 8):
        n += 2
        term = -term * x * x
        total += term / n
    return total * Decimal(2) ** halvings


def _angle(z: Complex) -> Decimal:
    re, im = z
    if not im:
        return _0 if re >= 0 else pi()
    if not re:
        return pi() / 2 if im > 0 else -pi() / 2
    return _arctan(im / re) + (_0 if re > 0 else pi() if im > 0 else -pi())


def _log(z: Complex) -> Complex:
    size = z[0] * z[0] + z[1] * z[1]
    if not size:
        raise Undefined("the logarithm of zero")
    return (abs(z[0]).ln() if not z[1] else size.ln() / 2), _angle(z)


def _exp(z: Complex) -> Complex:
    if abs(z[0]) > 10**5:
        raise TooMuch("a large exponential")
    size = z[0].exp()
    if not z[1]:
        return size, _0
    sine, cosine = _sine_cosine(z[1])
    return size * cosine, size * sine


def _pow(z: Complex, e: Complex) -> Complex:
    if not e[1] and e[0] == e[0].to_integral_value() and abs(e[0]) <= 10_000:
        n = int(e[0])
        if n < 0:
            z, n = _div((_1, _0), z), -n
        if not z[1]:
            return z[0] ** n, _0
        found = (_1, _0)
        while n:
            if n & 1:
                found = _mul(found, z)
            z, n = _mul(z, z), n >> 1
        return found
    if not z[0] and not z[1]:
        if e[0] > 0:
            return _0, _0
        raise Undefined("a division by zero")
    if not z[1] and not e[1] and z[0] > 0:
        return _exp((z[0].ln() * e[0], _0))
    return _exp(_mul(_log(z), e))


def _real(z: Complex) -> Decimal:
    if z[1]:
        raise Undefined("a real number expected")
    return z[0]


def _real_function(name: str, x: Decimal) -> Decimal:
    if name in ("sin", "cos", "tan", "cot", "sec", "csc"):
        sine, cosine = _sine_cosine(x)
        parts = {
            "sin": (sine, _1),
            "cos": (cosine, _1),
            "tan": (sine, cosine),
            "cot": (cosine, sine),
            "sec": (_1, cosine),
            "csc": (_1, sine),
        }
        top, bottom = parts[name]
        if abs(bottom) < ZERO:
            raise Undefined("a pole")
        return top / bottom
    if name in ("sinh", "cosh", "tanh"):
        up, down = x.exp(), (-x).exp()
        return (up - down) / 2 if name == "sinh" else (up + down) / 2 if name == "cosh" else (up - down) / (up + down)
    if name == "arctan":
        return _arctan(x)
    if name in ("arcsin", "arccos") and abs(x) <= 1:
        sine = pi() / 2 * x if abs(x) == 1 else _arctan(x / (1 - x * x).sqrt())
        return sine if name == "arcsin" else pi() / 2 - sine
    if name in ("floor", "ceil"):
        return x.to_integral_value("ROUND_FLOOR" if name == "floor" else "ROUND_CEILING")
    raise Undefined(f"{name} of this")


class _Steps:
    """What one evaluation may still cost."""

    def __init__(self) -> None:
        self.left = MOST_STEPS
        self.largest = _0

    def at(self, node: Node, names: Mapping[str, Decimal]) -> Complex:
        found = self._at(node, names)
        self.largest = max(self.largest, abs(found[0]), abs(found[1]))
        return found

    def _at(self, node: Node, names: Mapping[str, Decimal]) -> Complex:
        self.left -= 1
        if self.left < 0:
            raise TooMuch("a long expression")
        if node.kind == "num":
            return Decimal(node.value.numerator) / Decimal(node.value.denominator), _0
        if node.kind == "sym":
            match node.name:
                case "π":
                    return pi(), _0
                case "e":
                    return _1.exp(), _0
                case "i":
                    return _0, _1
            if node.name not in names:
                raise Undefined(f"the name {node.name}")
            return names[node.name], _0
        args = [self.at(a, names) for a in node.args]
        match node.kind:
            case "add":
                return sum((a[0] for a in args), _0), sum((a[1] for a in args), _0)
            case "mul":
                return reduce(_mul, args)
            case "div":
                return _div(args[0], args[1])
            case "pow":
                return _pow(args[0], args[1])
            case "root":
                degree = _real(args[1])
                if not args[0][1] and args[0][0] < 0 and degree % 2 == 1:
                    return -_pow((-args[0][0], _0), (1 / degree, _0))[0], _0
                if degree == 2 and not args[0][1] and args[0][0] >= 0:
                    return args[0][0].sqrt(), _0
                return _pow(args[0], _div((_1, _0), args[1]))
        return self.function(node.name, args)

    def function(self, name: str, args: list[Complex]) -> Complex:
        match name:
            case "ln" | "log" | "lg":
                found = _log(args[0])
                base = args[1] if len(args) == 2 else (Decimal(10), _0) if name == "lg" else None
                return found if base is None else _div(found, _log(base))
            case "exp":
                return _exp(args[0])
            case "abs":
                return (abs(args[0][0]) if not args[0][1] else (args[0][0] ** 2 + args[0][1] ** 2).sqrt()), _0
            case "max" | "min":
                return (max if name == "max" else min)(_real(a) for a in args), _0
        if len(args) != 1:
            raise Undefined(f"{name} of several numbers")
        return _real_function(name, _real(args[0])), _0


def names_in(node: Node) -> set[str]:
    """The names that stand for unknowns."""
    if node.kind == "sym":
        return set() if node.name in ("π", "e", "i", "∞") else {node.name}
    return set().union(*(names_in(a) for a in node.args))


def value(node: Node, names: Mapping[str, Decimal] | None = None) -> Complex:
    """The value of an expression at about 60 digits. Raises Undefined and TooMuch."""
    return _value(node, names or {})[0]


def _value(node: Node, names: Mapping[str, Decimal]) -> tuple[Complex, bool]:
    """The value, and whether a large number stands in what it is made of."""
    with localcontext(_CONTEXT):
        try:
            steps = _Steps()
            found = steps.at(node, names)
            return found, steps.largest > LARGEST_SEEN
        except (DecimalException, ZeroDivisionError, ValueError) as error:
            raise Undefined("no number") from error


def close(a: Complex, b: Complex, tolerance: Decimal = SAME) -> bool:
    """Whether two values agree, relative to their size."""
    with localcontext(_CONTEXT):
        try:
            gap = max(abs(a[0] - b[0]), abs(a[1] - b[1]))
            size = max(abs(x) for x in (*a, *b))
            if not any(a) or not any(b):
                return gap <= ZERO
            return gap <= tolerance * size
        except DecimalException:
            return False


def equal(a: Node, b: Node) -> bool | None:
    """Whether two expressions agree in the points where both have a value; None where there are too few such points, or the numbers are too large to say."""
    names = sorted(names_in(a) | names_in(b))
    seen = 0
    for k in range(len(POINTS) if names else 1):
        at = {name: Decimal(POINTS[(k + i) % len(POINTS)]) + i // len(POINTS) for i, name in enumerate(names)}
        try:
            first, large = _value(a, at)
        except Undefined:
            first = None
        try:
            second, larger = _value(b, at)
        except Undefined:
            second = None
        if first is None or second is None:
            continue
        if not close(first, second):
            return False
        if large or larger:
            continue
        seen += 1
    return True if seen >= (2 if names else 1) else None
