r"""Whether an answer is the gold: the project's policy, applied to what `structure.py` read.

- Exact: integers, fractions, roots and multiples of π are compared as they are; 1e-9, relative, is tolerated only where the gold is a decimal.
- A unit may be left out or added, another unit is wrong. A gold of 10 % accepts 10 and 0.1; a bare gold of 10 accepts "10 %" and not 0.1.
- Lists are compared in any order, tuples and intervals in theirs; a list is not one of its items. A name before the answer (x = 5) may be left out or added, another name is wrong.
- True and False are certain; None means that this code cannot say.
"""

import re
from decimal import Decimal
from fractions import Fraction

from curate.verifiers.mathematics import exact, numeric, reals
from curate.verifiers.mathematics.structure import Value, wordless
from curate.verifiers.mathematics.syntax import MINUS_ONE, PI, Node, Unread, num, parse
from curate.verifiers.mathematics.text import squeezed
from curate.verifiers.mathematics.units import agree, compound

NOISE = Fraction(1, 10**9)  # relative difference that a decimal gold tolerates
_SAY_YES = {
    "true": "true",
    "yes": "yes",
    "no": "no",
    "false": "false",
    "是": "yes",
    "否": "no",
    "正确": "true",
    "错误": "false",
    "对": "true",
    "错": "false",
}
_NONE = re.compile(r"(?:does not exist|do not exist|doesn't exist|dne|undefined|not defined|none|不存在|无意义)")
_ARTICLES = re.compile(r"^(?:the|a|an)\s+|\s+(?:only)$|(?<=[分要])条件$")

# labels without braces and backslashes
_NAME = re.compile(r"[A-Za-zα-ω](?:_[\w+-]+)?'*")
_CALL = re.compile(r"([A-Za-z](?:_\w+)?(?:\^-1)?'*)\(([^()]*)\)")
_FUNCTION = re.compile(r"sqrt|sin|cos|tan|log|ln|arg|det")
_APPLIED = re.compile(rf"[|()]|{_FUNCTION.pattern}")


def equal_nodes(a: Node, b: Node) -> bool | None:
    """Whether two expressions are equal, exactly where they have an exact form."""
    if a.kind == b.kind == "num":
        return a.value == b.value
    if a == b:
        return True
    large = False
    try:
        first, second = exact.evaluate(a), exact.evaluate(b)
        if not exact.difference(first, second):
            return True
        if not first.opaque and not second.opaque:
            return False
    except exact.Undefined:
        return None
    except exact.TooMuch:
        large = True
    try:
        agreed = numeric.equal(a, b)
    except exact.TooMuch:
        return None
    return None if large and agreed else agreed  # 60 digits show that large numbers differ, never that they are equal


def _near(gold: Node, given: Node) -> bool | None:
    """The same with a decimal gold: floating-point noise is tolerated."""
    if gold.kind == given.kind == "num":
        return abs(gold.value - given.value) <= NOISE * abs(gold.value)
    agreed = equal_nodes(gold, given)
    if agreed or numeric.names_in(gold) or numeric.names_in(given):
        return agreed
    try:
        return numeric.close(numeric.value(gold), numeric.value(given), Decimal(NOISE.numerator) / NOISE.denominator)
    except (exact.Undefined, exact.TooMuch):
        return agreed


def _any(found: list[bool | None]) -> bool | None:
    return True if True in found else None if None in found else False


def _all(found: list[bool | None]) -> bool | None:
    return False if False in found else None if None in found else True


def _has_pi(node: Node) -> bool:
    return node == PI or any(_has_pi(a) for a in node.args)


def _radians(node: Node) -> Node:
    return Node("div", (Node("mul", (node, PI)), num(180)))


def _quantities(gold: Value, given: Value) -> bool | None:
    compare = _near if gold.decimal else equal_nodes
    if gold.unit == "deg" and given.unit in ("", "rad") and _has_pi(given.node):
        return equal_nodes(_radians(gold.node), given.node)
    if given.unit == "deg" and gold.unit in ("", "rad") and _has_pi(gold.node):
        return equal_nodes(gold.node, _radians(given.node))
    if not agree(gold.unit, given.unit):
        return False
    wanted = [gold.node]
    if gold.unit == "%" and given.unit == "":
        wanted.append(Node("div", (gold.node, num(100))) if gold.node.kind != "num" else num(gold.node.value / 100))
    return _any([compare(w, given.node) for w in wanted])


def _labels_differ(gold: Value, given: Value) -> bool:
    """Whether both name what they state, and differently: x and y, a_n and a_{n+1}, f(x) and f(x+1), x and |x|."""
    a, b = (re.sub(r"[\s{}\\]|text", "", v.label) for v in (gold, given))
    if not a or not b or a == b:
        return False
    for one, other in ((a, b), (b, a)):
        if _NAME.fullmatch(one) and (_APPLIED.sub("", other) == one != other or other.startswith(f"fracd{one}d")):
            return True
    applied = [_FUNCTION.findall(x) for x in (a, b)]
    if all(applied) and applied[0] != applied[1]:  # sin A and cos A
        return True
    calls = [_CALL.fullmatch(x) for x in (a, b)]
    if calls[0] is not None and calls[1] is not None:
        (f, x), (g, y) = (c.groups() for c in calls if c is not None)
        return f.lower() != g.lower() or (x != y and not (x.isalpha() and y.isalpha()))
    return all(_NAME.fullmatch(x) is not None for x in (a, b)) and {a, b} != {"y", "f"}


def _matched(gold: tuple[Value, ...], given: tuple[Value, ...]) -> bool | None:
    """Whether two collections have the same members, in any order."""
    left = list(given)
    undecided = False
    for wanted in gold:
        for k, item in enumerate(left):
            agreed = same(wanted, item)
            if agreed:
                del left[k]
                break
            undecided = undecided or agreed is None
        else:
            return None if undecided else False
    return not left


def _distinct(items: tuple[Value, ...]) -> tuple[Value, ...]:
    found: list[Value] = []
    for item in items:
        if not any(same(f, item) for f in found):
            found.append(item)
    return tuple(found)


def _in_order(gold: tuple[Value, ...], given: tuple[Value, ...]) -> bool | None:
    if len(gold) != len(given):
        return False
    return _all([same(g, a) for g, a in zip(gold, given, strict=True)])


def _bare(items: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple(i._replace(label="") for i in items)


def _named(value: Value) -> dict[str, Value] | None:
    """The items by their names, where each has a different one; (x, y) = (1, 2) counts."""
    if value.kind == "tuple" and value.label and value.label[0] == "(":
        names = [n.strip() for n in value.label.strip("()").split(",")]
    else:
        names = [re.sub(r"[\s{}]", "", i.label) for i in value.items]
    if len(names) != len(value.items) or len(set(names)) != len(names) or not all(names):
        return None
    return dict(zip(names, value.items, strict=True))


def _collections(gold: Value, given: Value) -> bool | None:
    """Lists, sets and tuples against each other."""
    a, b = _named(gold), _named(given)
    if a and b and gold.kind != "set" and len(a) > 1:
        if a.keys() != b.keys():
            return False
        return _all([same(a[k]._replace(label=""), b[k]._replace(label="")) for k in a])
    kinds = (gold.kind, given.kind)
    if len(gold.items) > 40 or len(given.items) > 40:
        return _in_order(gold.items, given.items)
    match kinds:
        case ("tuple", "tuple"):
            if gold.marks != given.marks:
                return False
            return _in_order(gold.items, given.items)
        case ("tuple", "list"):
            if b and set(b) in ({"x", "y"}, {"x", "y", "z"}):
                return _in_order(gold.items, _bare(tuple(b[name] for name in sorted(b))))
            return _in_order(gold.items, _bare(given.items)) if given.marks != ("±",) else False
        case ("list", "tuple"):
            if (a and len(a) > 1) or (len(gold.items) > 2 and given.marks == ("(", ")")):  # p = 3, q = 2 and (3, 2)
                return _in_order(_bare(gold.items), given.items)
            return _matched(_bare(gold.items), given.items) if given.marks == ("[", "]") and len(gold.items) > 2 else False
        case ("set", "tuple"):
            return _matched(_distinct(gold.items), _distinct(given.items)) if given.marks == ("[", "]") and len(gold.items) > 2 else False
        case ("tuple", "set"):
            return False
    wanted, found = _distinct(gold.items), _distinct(given.items)
    if (a and len(a) > 1) != (b is not None and len(b) > 1):
        if a:  # gold: AB = 4, CD = 5; given: 4, 5
            return _in_order(_bare(gold.items), given.items)
        return _in_order(gold.items, _bare(given.items)) or _matched(wanted, _bare(found))
    return _matched(wanted, found)


def _relations(gold: Value, given: Value) -> bool | None:
    """Equations and inequalities: the same up to a factor, with sides swapped where the sign turns."""
    turned = {"<": ">", ">": "<", "≤": "≥", "≥": "≤"}
    sides = [*gold.items, *given.items]
    if any(v.kind != "quantity" for v in sides):
        if len(gold.marks) == len(given.marks):
            straight = gold.marks == given.marks and _in_order(gold.items, given.items)
            swapped = tuple(turned.get(m, m) for m in gold.marks[::-1]) == given.marks and _in_order(gold.items[::-1], given.items)
            return True if straight or swapped else None
        return None
    if len(gold.marks) != len(given.marks):
        return False if set(gold.marks) | set(given.marks) <= {"="} else None
    if len(gold.marks) > 1:
        straight = gold.marks == given.marks and _in_order(gold.items, given.items)
        swapped = tuple(turned.get(m, m) for m in gold.marks[::-1]) == given.marks and _in_order(gold.items[::-1], given.items)
        return _any([straight, swapped])
    try:
        a, b = (_difference(v) for v in (gold, given))
    except (exact.Undefined, exact.TooMuch):
        return None
    factor = _factor(a.top, b.top)
    if factor is None and gold.marks == given.marks == ("=",):
        factor = _factor(exact.primitive(a.top), exact.primitive(b.top))
    if factor is None:
        return None if a.opaque or b.opaque else False
    operator = gold.marks[0] if factor > 0 else turned.get(gold.marks[0], gold.marks[0])
    if a.bottom != b.bottom and operator not in ("=", "≠"):
        return None if gold.marks == given.marks else False
    return operator == given.marks[0]


def _difference(relation: Value) -> exact.Form:
    left, right = relation.items
    return exact.evaluate(Node("add", (left.node, Node("mul", (MINUS_ONE, right.node)))))


def _factor(a: exact.Polynomial, b: exact.Polynomial) -> Fraction | None:
    """The number that one polynomial is of the other, None where there is none."""
    if a.keys() != b.keys() or not a:
        return None
    ratios = {a[m] / b[m] for m in a}
    return ratios.pop() if len(ratios) == 1 else None


def _as_relation(value: Value) -> Value | None:
    """A named quantity as the equation that it was written as."""
    try:
        left = parse(value.label).node
    except Unread:
        return None
    return Value("relation", value.text, (Value("quantity", value.label, node=left), value._replace(label="")), ("=",))


def _same_equation(gold: Value, given: Value) -> bool:
    """Whether two named quantities are one equation: xy = 1 and y = 1/x."""
    a, b = _as_relation(gold), _as_relation(given)
    return a is not None and b is not None and _relations(a, b) is True


def _ratios(gold: Value, given: Value) -> bool | None:
    if len(gold.items) != len(given.items):
        return False
    if gold.unit and given.unit and gold.unit != given.unit:  # a.m. and p.m.
        return False
    if _in_order(gold.items, given.items):
        return True
    if (
        gold.unit or given.unit or any(len(i.text.strip()) > 1 and i.text.strip()[0] == "0" for i in (*gold.items, *given.items))
    ):  # 12:05 is a time
        return False
    first = [Node("mul", (g.node, given.items[0].node)) for g in gold.items[1:]]
    second = [Node("mul", (a.node, gold.items[0].node)) for a in given.items[1:]]
    return _all([equal_nodes(x, y) for x, y in zip(first, second, strict=True)])


def _options(gold: Value, given: Value) -> bool | None:
    if gold.kind == "option" and given.kind == "option":
        return gold.marks[0] == given.marks[0]
    if gold.kind == "option":
        if given.kind in ("quantity", "words", "unknown") and re.fullmatch(r"[A-Ja-j]", wordless(given.text).strip()):
            return wordless(given.text).strip().upper() == gold.marks[0]
        return same(gold.items[0], given) if gold.items else False
    return same(gold, given.items[0]) if given.items else (given.marks[0] == wordless(gold.text).strip() if gold.kind == "words" else False)


def _texts(gold: Value, given: Value) -> bool | None:
    """Words: the same ones, whatever the case; a yes or no may be followed by its reasons."""
    a, b = (re.sub(r"[\s\"'.,;!]+", " ", _ARTICLES.sub("", wordless(v.text).lower().strip(" .,;:!\"'"))).strip() for v in (gold, given))
    if a == b or a.replace(" ", "") == b.replace(" ", "") or ((parts := compound(a)) and parts == compound(b)):
        return True
    if _NONE.fullmatch(a) and _NONE.fullmatch(b):
        return True
    if a in _SAY_YES:
        first = re.match(r"[^\W\d_]+", wordless(given.text).strip().lower())
        said = _SAY_YES.get(b) or (_SAY_YES.get(first[0]) if first and re.match(r"\w+\s*[,.;:,。]", wordless(given.text).strip()) else None)
        return said == _SAY_YES[a]
    return False


def _columns(matrix: Value) -> tuple[Value, ...] | None:
    """The entries of a matrix of one column or one row."""
    if all(len(r.items) == 1 for r in matrix.items):
        return tuple(r.items[0] for r in matrix.items)
    return matrix.items[0].items if len(matrix.items) == 1 else None


def same(gold: Value, given: Value) -> bool | None:
    """Whether an answer is the gold; None where that cannot be said here."""
    if gold.kind == "unknown" or given.kind == "unknown":
        return True if squeezed(gold.text) == squeezed(given.text) else _undecided(gold, given)
    if "option" in (gold.kind, given.kind):
        return _options(gold, given)
    if gold.kind == given.kind == "quantity" and gold.label and given.label and gold.label != given.label and _same_equation(gold, given):
        return True
    if _labels_differ(gold, given):
        return False
    if gold.kind == given.kind == "quantity":
        return _any([_quantities(g, a) for g in (gold, *(i for i in gold.items if i.kind == "quantity")) for a in _candidates(g, given)])
    if "words" in (gold.kind, given.kind):
        return _texts(gold, given)
    if gold.kind in ("list", "set", "tuple") and given.kind in ("list", "set", "tuple"):
        found = _collections(gold, given)
        if found is not True and (reals.describes(gold) or reals.describes(given)) and not (gold.kind == given.kind == "tuple"):
            return _as_sets(gold, given, found)
        return found
    if gold.kind == given.kind == "relation":
        found = _relations(gold, given)
        return found if found else _as_sets(gold, given, found)
    if gold.kind == given.kind == "matrix":
        return _in_order(gold.items, given.items)
    if "matrix" in (gold.kind, given.kind):
        matrix, other = (gold, given) if gold.kind == "matrix" else (given, gold)
        if other.kind == "tuple" and other.marks == ("[", "]") and all(i.kind == "tuple" for i in other.items):  # [[1, 2], [3, 4]]
            return _in_order(matrix.items, tuple(i._replace(marks=("(", ")")) if i.marks == ("[", "]") else i for i in other.items))
        entries = _columns(matrix)
        if entries is not None and other.kind == "tuple" and other.marks == ("(", ")"):
            return _in_order(entries, other.items)
        return None if other.kind == "quantity" and other.node.kind != "num" else False
    if gold.kind == given.kind == "ratio":
        return _ratios(gold, given)
    if "ratio" in (gold.kind, given.kind):
        ratio, other = (gold, given) if gold.kind == "ratio" else (given, gold)
        if len(ratio.items) == 2 and other.kind == "quantity" and not other.unit:
            return equal_nodes(Node("div", (ratio.items[0].node, ratio.items[1].node)), other.node)
        return False
    if gold.kind == given.kind and gold.kind in ("empty", "reals"):
        return True
    if gold.kind == given.kind == "infinity":
        return gold.marks == given.marks
    if {gold.kind, given.kind} & {"quantity", "infinity"}:
        return _single(gold, given)
    return _as_sets(gold, given, None)


def _candidates(gold: Value, given: Value) -> list[Value]:
    """A quantity, and what it is said to be about equal to where the gold is a decimal."""
    return [given, *(i for i in given.items if gold.decimal and i.kind == "quantity")]


def _single(gold: Value, given: Value) -> bool | None:
    """A single quantity against something that is not."""
    quantity, other = (gold, given) if gold.kind in ("quantity", "infinity") else (given, gold)
    if other.kind == "set" and len(other.items) == 1 and quantity.kind == "quantity":
        return same(quantity, other.items[0])
    if other.kind == "relation" and "=" in other.marks and quantity.kind == "quantity":
        return _equation_with_quantity(other, quantity, quantity is gold)
    if other.kind in ("relation", "union", "reals") and quantity.label:
        return _as_sets(gold, given, None)
    return False


def _is_total(value: Value) -> bool:
    """Whether a value is a sum or difference of several names and nothing else."""
    terms = value.node.args if value.kind == "quantity" and value.node.kind == "add" else ()
    names = [t.args[1] if t.kind == "mul" and t.args[0] == MINUS_ONE and len(t.args) == 2 else t for t in terms]
    return all(n.kind == "sym" for n in names) and 1 < len(set(names)) == len(names)


def _equation_with_quantity(equation: Value, quantity: Value, bare_gold: bool) -> bool | None:
    """2x + z = 1 is not 1; but y = 2x, read as a named quantity, may be written 2x - y = 0."""
    if bare_gold and not quantity.label and set(equation.marks) == {"="} and _is_total(equation.items[0]):  # m + n = 10 + 7 = 17
        return _all([same(quantity, i) for i in equation.items[1:]])
    named = _as_relation(quantity) if quantity.label else None
    if named is None:
        return False
    return _relations(named, equation) if bare_gold else _relations(equation, named)


def _as_sets(gold: Value, given: Value, otherwise: bool | None) -> bool | None:
    """The comparison of two values as sets of real numbers, where both are that."""
    a, b = reals.set_of(gold), reals.set_of(given)
    if a is None or b is None:
        return otherwise
    if (mine := reals.unknowns(gold)) and (its := reals.unknowns(given)) and mine != its:  # x > 5 and y > 5
        return False
    decimal = any(i.decimal for i in (gold, *gold.items))
    return reals.same(a, b, _near if decimal else equal_nodes)


def _undecided(gold: Value, given: Value) -> bool | None:
    """What a text that was not read leaves open: nothing, where the other side is one plain number and this one is words."""
    unread, other = (gold, given) if gold.kind == "unknown" else (given, gold)
    if other.kind in ("quantity", "list", "tuple", "set") and re.search(
        r"[A-Za-z]{3,}\s+[A-Za-z]{2,}\s+[A-Za-z]{2,}", re.sub(r"\\[A-Za-z]+", "", unread.text)
    ):
        return False
    return None
