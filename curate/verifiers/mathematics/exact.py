r"""Expressions as exact fractions of polynomials, so that equal means equal and nothing is rounded.

A monomial maps atoms to rational exponents. Atoms are primes under a root ("#2": \sqrt2 is #2 to the 1/2), names, π, e and i, and opaque pieces ("~..."): functions and roots of sums, known by their own form only. Roots of
primes are linearly independent over the rationals, so without opaque pieces two forms are equal exactly where the numbers are (π and e taken as independent). With them a difference decides nothing: `opaque` says so, and
`numeric.py` looks. The even root of an even power of a name is its absolute value, which is opaque as well.

Every size is bounded: a step that would pass a bound raises TooMuch before it is taken.
"""

import math
from fractions import Fraction
from functools import reduce
from typing import NamedTuple

from curate.verifiers.mathematics.syntax import Node

MOST_TERMS = 400  # in a polynomial
MOST_PRODUCTS = 20_000  # products of terms in one multiplication
MOST_BITS = 40_000  # of a coefficient
LARGEST_POWER = 64  # of a sum
LARGEST_TRIAL = 2_000  # divisors tried to find primes under a root
LARGEST_FACTORIAL = 2_500
LARGEST_BINOMIAL = 3_000

Monomial = tuple[tuple[str, Fraction], ...]
Polynomial = dict[Monomial, Fraction]


class TooMuch(Exception):
    """Going on would build something too large."""


class Undefined(Exception):
    """A division by zero, or a root or factorial of what has none."""


class Form(NamedTuple):
    """A fraction of polynomials; `opaque` where a difference in form is not yet a difference in value."""

    top: Polynomial
    bottom: Polynomial
    opaque: bool = False


_ONE: Polynomial = {(): Fraction(1)}
_I: Monomial = (("i", Fraction(1)),)


def constant(value: Fraction | int) -> Form:
    return Form({(): Fraction(value)} if value else {}, _ONE)


def value_of(form: Form) -> Fraction | None:
    """The rational number that a form is, None where it is none."""
    if not form.top:
        return Fraction(0)
    if set(form.top) == {()} and set(form.bottom) == {()}:
        return form.top[()] / form.bottom[()]
    # the same monomial above and below, or proportional sums
    if form.top.keys() == form.bottom.keys():
        ratios = {form.top[m] / form.bottom[m] for m in form.top}
        if len(ratios) == 1:
            return ratios.pop()
    return None


def _times(a: Monomial, b: Monomial) -> tuple[Monomial, Fraction]:
    """The product of two monomials, and the number that comes out of it."""
    if not a or not b:
        return a or b, Fraction(1)
    powers = dict(a)
    out = Fraction(1)
    for atom, e in b:
        e += powers.get(atom, 0)
        if atom[0] == "#":
            whole = math.floor(e)
            out *= Fraction(int(atom[1:])) ** whole
            e -= whole
        elif atom == "i":
            quarter = int(e) % 4
            out *= -1 if quarter >= 2 else 1
            e = Fraction(quarter % 2)
        if e:
            powers[atom] = e
        else:
            powers.pop(atom, None)
    return tuple(sorted(powers.items())), out


def _check(value: Fraction) -> Fraction:
    if value.numerator.bit_length() + value.denominator.bit_length() > MOST_BITS:
        raise TooMuch("a number of more than ten thousand digits")
    return value


def product(a: Polynomial, b: Polynomial) -> Polynomial:
    if len(a) * len(b) > MOST_PRODUCTS:
        raise TooMuch("a product of long sums")
    if a is _ONE:
        return b
    if b is _ONE:
        return a
    found: Polynomial = {}
    for m, x in a.items():
        for n, y in b.items():
            monomial, out = _times(m, n)
            found[monomial] = _check(found.get(monomial, Fraction(0)) + x * y * out)
    return _bounded({m: c for m, c in found.items() if c})


def total(a: Polynomial, b: Polynomial) -> Polynomial:
    found = dict(a)
    for m, c in b.items():
        found[m] = _check(found.get(m, Fraction(0)) + c)
    return _bounded({m: c for m, c in found.items() if c})


def _bounded(p: Polynomial) -> Polynomial:
    if len(p) > MOST_TERMS:
        raise TooMuch("a sum of many terms")
    return p


def negative(p: Polynomial) -> Polynomial:
    return {m: -c for m, c in p.items()}


def add(a: Form, b: Form) -> Form:
    if a.bottom == b.bottom:
        return Form(total(a.top, b.top), a.bottom, a.opaque or b.opaque)
    return Form(total(product(a.top, b.bottom), product(b.top, a.bottom)), product(a.bottom, b.bottom), a.opaque or b.opaque)


def multiply(a: Form, b: Form) -> Form:
    return Form(product(a.top, b.top), product(a.bottom, b.bottom), a.opaque or b.opaque)


def inverse(a: Form) -> Form:
    if not a.top:
        raise Undefined("a division by zero")
    if len(a.top) == 1:  # a single term goes below the line with negative exponents, so that sums keep short denominators
        ((monomial, c),) = a.top.items()
        turned, out = _times((), ())
        for atom, e in monomial:
            turned, more = _times(turned, _lowered(atom, -e))
            out *= more * _lowered_number(atom, -e)
        return Form(product({turned: out / c}, a.bottom), _ONE, a.opaque)
    return Form(a.bottom, a.top, a.opaque)


def _lowered(atom: str, e: Fraction) -> Monomial:
    """An atom to a power, in the range that its kind allows."""
    if atom[0] == "#":
        e -= math.floor(e)
    elif atom == "i":
        e = e % 2
    return ((atom, e),) if e else ()


def _lowered_number(atom: str, e: Fraction) -> Fraction:
    """The number that comes out where `_lowered` shortens an exponent."""
    if atom[0] == "#":
        return Fraction(int(atom[1:])) ** math.floor(e)
    if atom == "i":
        return Fraction(-1) if int(e) % 4 >= 2 else Fraction(1)
    return Fraction(1)


def _primes(n: int) -> tuple[dict[int, int], bool]:
    """The factors of a positive integer, and whether each is known to be prime or prime enough: what has no small divisor is kept whole, unless it is a power."""
    found: dict[int, int] = {}
    for p in range(2, LARGEST_TRIAL):
        if p * p > n:
            break
        while n % p == 0:
            n //= p
            found[p] = found.get(p, 0) + 1
    if n > 1:
        for k in (5, 3, 2):
            root = round(n ** (1 / k)) if n < 2**1000 else 0
            if k == 2:
                root = math.isqrt(n)
            if root > 1 and root**k == n:
                inner, sure = _primes(root) if root < n else ({root: 1}, True)
                for p, e in inner.items():
                    found[p] = found.get(p, 0) + e * k
                return found, sure
        found[n] = found.get(n, 0) + 1
        return found, n < LARGEST_TRIAL**2
    return found, True


def _number_root(value: Fraction, e: Fraction) -> Form:
    """A rational number to a fractional power, the principal one; the odd root of a negative number is the real one."""
    if value == 0:
        if e < 0:
            raise Undefined("a division by zero")
        return constant(0)
    if value.numerator.bit_length() + value.denominator.bit_length() > 4_000:
        raise TooMuch("a root of a large number")
    monomial: Monomial = ()
    out, sure = Fraction(1), True
    if value < 0:
        if e.denominator == 2:
            monomial, sign = _times((), _lowered("i", Fraction(e.numerator % 4)))
            out *= sign * _lowered_number("i", Fraction(e.numerator % 4))
        elif e.denominator % 2:
            out = Fraction(-1) if e.numerator % 2 else Fraction(1)
        else:
            raise Undefined("an even root of a negative number")
        value = -value
    for n, direction in ((value.numerator, 1), (value.denominator, -1)):
        factors, known = _primes(n)
        sure = sure and known
        for p, k in factors.items():
            power = e * k * direction
            if abs(power) > 10_000:
                raise TooMuch("a large power")
            monomial, more = _times(monomial, _lowered(f"#{p}", power))
            out *= more * _lowered_number(f"#{p}", power)
    return Form({monomial: _check(out)}, _ONE, not sure)


def opaque(name: str, *forms: Form) -> Form:
    """A piece that is known by its own form only."""
    key = f"~{name}({';'.join(_shown(f) for f in forms)})"
    return Form({((key, Fraction(1)),): Fraction(1)}, _ONE, True)


def _shown(form: Form) -> str:
    parts = ("+".join(f"{c}{m}" for m, c in sorted(p.items())) for p in (form.top, form.bottom))
    shown = "/".join(parts)
    if len(shown) > 5_000:
        raise TooMuch("a long argument")
    return shown


def _fractional(base: Form, e: Fraction) -> Form:
    """A form to a fractional power: term by term where it is a single term, opaque where it is a sum."""
    if len(base.top) > 1 or len(base.bottom) > 1:
        number = value_of(base)
        return _number_root(number, e) if number is not None else opaque(f"power {e}", base)
    if not base.top:
        return _number_root(Fraction(0), e)
    found, hidden = Form(_ONE, _ONE), base.opaque
    for p, direction in ((base.top, 1), (base.bottom, -1)):
        ((monomial, c),) = p.items()
        found = multiply(found, _number_root(c, e * direction))
        for atom, power in monomial:
            raised = power * e * direction
            if atom == "i":
                return opaque(f"power {e}", base)
            if atom[0] == "#":
                found = multiply(found, Form({_lowered(atom, raised): _lowered_number(atom, raised)}, _ONE))
                continue
            if atom not in ("π", "e") and e.denominator % 2 == 0:
                hidden = hidden or c < 0
                if power.denominator == 1 and power % 2 == 0 and not (raised.denominator == 1 and raised % 2 == 0):
                    atom, hidden = f"~|{atom}|", True
            found = multiply(found, Form({((atom, raised),): Fraction(1)}, _ONE))
    return found._replace(opaque=found.opaque or hidden)


def power(base: Form, exponent: Form) -> Form:
    e = value_of(exponent)
    if e is None:
        if value_of(base) == 1:
            return constant(1)
        return opaque("power", base, exponent)
    if e.denominator != 1:
        return _fractional(base, e)
    n = int(e)
    if n < 0:
        base, n = inverse(base), -n
    if n == 0:
        return constant(1)
    if len(base.top) == 1 and len(base.bottom) == 1:
        return Form(_term_power(base.top, n), _term_power(base.bottom, n), base.opaque)
    if n > LARGEST_POWER:
        raise TooMuch("a large power of a sum")
    return reduce(multiply, [base] * n)


def _term_power(p: Polynomial, n: int) -> Polynomial:
    ((monomial, c),) = p.items()
    if n > 1 and (c.numerator.bit_length() + c.denominator.bit_length()) * n > MOST_BITS and abs(c) != 1:
        raise TooMuch("a large power")
    raised: Monomial = ()
    out = c**n
    for atom, e in monomial:
        if atom[0] == "#" and int(atom[1:]).bit_length() * e * n > MOST_BITS:
            raise TooMuch("a large power")
        raised, more = _times(raised, _lowered(atom, e * n))
        out *= more * _lowered_number(atom, e * n)
    return {raised: _check(out)}


def _integer(form: Form) -> int | None:
    value = value_of(form)
    return int(value) if value is not None and value.denominator == 1 else None


def _function(name: str, args: list[Form]) -> Form:
    numbers = [_integer(a) for a in args]
    match name, numbers:
        case "factorial", [int(n)]:
            if n < 0:
                raise Undefined("a factorial of a negative number")
            if n > LARGEST_FACTORIAL:
                raise TooMuch(f"the factorial of {n}")
            return constant(math.factorial(n))
        case "binomial", [int(n), int(k)] if n >= 0:
            if n > LARGEST_BINOMIAL:
                raise TooMuch("a large binomial coefficient")
            return constant(math.comb(n, k) if k >= 0 else 0)
        case (("gcd" | "lcm"), [*found]) if all(n is not None for n in found):
            return constant((math.gcd if name == "gcd" else math.lcm)(*(n or 0 for n in found)))
        case (("abs" | "floor" | "ceil" | "max" | "min"), _) if all(value_of(a) is not None for a in args):
            values = [value_of(a) or Fraction(0) for a in args]
            return constant({"abs": abs, "floor": math.floor, "ceil": math.ceil, "max": max, "min": min}[name](*values))  # type: ignore[operator]
        case "exp", _:
            return power(Form({(("e", Fraction(1)),): Fraction(1)}, _ONE), args[0])
        case (("ln" | "log" | "lg"), [1, *_]):
            return constant(0)
    return opaque(name, *args)


def evaluate(node: Node) -> Form:
    """The exact form of a tree. Raises TooMuch and Undefined."""
    match node.kind:
        case "num":
            return constant(node.value)
        case "sym":
            if node.name == "∞":
                raise Undefined("infinity in an expression")
            return Form({((node.name, Fraction(1)),): Fraction(1)}, _ONE)
        case "add":
            return reduce(add, [evaluate(a) for a in node.args])
        case "mul":
            return reduce(multiply, [evaluate(a) for a in node.args])
        case "div":
            return multiply(evaluate(node.args[0]), inverse(evaluate(node.args[1])))
        case "pow":
            return power(evaluate(node.args[0]), evaluate(node.args[1]))
        case "root":
            degree = _integer(evaluate(node.args[1]))
            if degree is None or not 1 <= degree <= 1000:
                raise Undefined("a root of no degree")
            return power(evaluate(node.args[0]), constant(Fraction(1, degree)))
    return _function(node.name, [evaluate(a) for a in node.args])


def primitive(p: Polynomial) -> Polynomial:
    """A polynomial without the powers of names that all its terms share: what is left of an equation when both sides are multiplied by them."""
    names = {atom for m in p for atom, _ in m if atom[0] not in "#~" and atom != "i"}
    shared = {a: min(dict(m).get(a, Fraction(0)) for m in p) for a in names}
    by: Monomial = tuple(sorted((a, -e) for a, e in shared.items() if e))
    return {_times(m, by)[0]: c for m, c in p.items()} if by else p


def difference(a: Form, b: Form) -> Polynomial:
    """A polynomial that is empty exactly where the two forms are the same."""
    return total(product(a.top, b.bottom), negative(product(b.top, a.bottom)))
