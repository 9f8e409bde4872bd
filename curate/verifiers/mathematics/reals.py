r"""Sets of real numbers: intervals, unions, and the inequalities that describe them, in one form that can be compared.

A set is a sorted list of intervals that neither touch nor overlap. Bounds are kept as expressions, since equal sets need equal bounds exactly; decimals serve for their order alone. Inequalities are solved where they are linear in
one unknown, or in the absolute value of one; anything else is None, which is not the same as different.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from curate.verifiers.mathematics import exact, numeric
from curate.verifiers.mathematics.structure import BOUND, Value
from curate.verifiers.mathematics.syntax import MINUS_ONE, Node, num

_FAR = Decimal("Infinity")


class Bound(NamedTuple):
    """An end of an interval: `at` orders, `node` is exact (None for infinity)."""

    at: Decimal
    node: Node | None
    closed: bool


class Interval(NamedTuple):
    low: Bound
    high: Bound


Set = list[Interval]
ALL: Set = [Interval(Bound(-_FAR, None, False), Bound(_FAR, None, False))]


def _bound(value: Value, closed: bool) -> Bound | None:
    if value.kind == "infinity":
        return Bound(-_FAR if value.marks == ("-",) else _FAR, None, False)
    if value.kind != "quantity" or value.unit not in ("", "%"):
        return None
    return _at(value.node, closed)


def _at(node: Node, closed: bool) -> Bound | None:
    try:
        found = numeric.value(node)
    except (exact.Undefined, exact.TooMuch):
        return None
    return None if found[1] else Bound(found[0], node, closed)


def _tidy(intervals: Set) -> Set:
    """Sorted, empty ones gone, touching ones joined."""
    kept = [i for i in intervals if i.low.at < i.high.at or (i.low.at == i.high.at and i.low.closed and i.high.closed)]
    kept.sort(key=lambda i: (i.low.at, not i.low.closed))
    found: Set = []
    for i in kept:
        if found and (i.low.at < found[-1].high.at or (i.low.at == found[-1].high.at and (i.low.closed or found[-1].high.closed))):
            last = found[-1]
            high = max(last.high, i.high, key=lambda b: (b.at, b.closed))
            found[-1] = Interval(last.low, high)
        else:
            found.append(i)
    return found


def _meet(a: Set, b: Set) -> Set:
    return _tidy(
        [
            Interval(max(x.low, y.low, key=lambda e: (e.at, not e.closed)), min(x.high, y.high, key=lambda e: (e.at, e.closed)))
            for x in a
            for y in b
        ]
    )


def _without(a: Set, b: Set) -> Set:
    for gap in _tidy(b):
        low = gap.low._replace(closed=not gap.low.closed)
        high = gap.high._replace(closed=not gap.high.closed)
        outside = [Interval(ALL[0].low, low)] * (gap.low.node is not None) + [Interval(high, ALL[0].high)] * (gap.high.node is not None)
        a = _meet(a, outside)
    return a


def _replaced(node: Node, name: str, by: Node) -> Node:
    if node.kind == "sym":
        return by if node.name == name else node
    return node._replace(args=tuple(_replaced(a, name, by) for a in node.args))


def _absolute(node: Node) -> Node | None:
    return node.args[0] if node.kind == "fn" and node.name == "abs" else None


def _solved(left: Node, operator: str, right: Node) -> tuple[str, Set] | None:
    """The unknown of an inequality and the set that it describes."""
    names = numeric.names_in(left) | numeric.names_in(right)
    if len(names) != 1:
        return None
    name = next(iter(names))
    for a, b, sign in ((left, right, operator), (right, left, {"<": ">", ">": "<", "≤": "≥", "≥": "≤"}.get(operator, operator))):
        inner = _absolute(a)
        if inner is not None and not numeric.names_in(b):
            first = _solved(inner, sign, b)
            minus = Node("mul", (MINUS_ONE, b))
            second = _solved(inner, {"<": ">", ">": "<", "≤": "≥", "≥": "≤"}.get(sign, sign), minus)
            if first is None or second is None:
                return None
            return name, (_meet if sign in ("<", "≤", "≠") else lambda p, q: _tidy([*p, *q]))(first[1], second[1])
    side = Node("add", (left, Node("mul", (MINUS_ONE, right))))
    at = [_replaced(side, name, num(k)) for k in range(3)]
    slope = Node("add", (at[1], Node("mul", (MINUS_ONE, at[0]))))
    try:
        second_slope = Node("add", (at[2], Node("mul", (MINUS_ONE, at[1]))))
        if exact.difference(exact.evaluate(slope), exact.evaluate(second_slope)):
            return None
        if exact.evaluate(side).bottom.keys() - {()}:
            return None
        sign_of_slope = numeric.value(slope)[0]
    except (exact.Undefined, exact.TooMuch):
        return None
    if not sign_of_slope:
        return None
    root = Node("div", (Node("mul", (MINUS_ONE, at[0])), slope))
    bound = _at(root, operator in ("≤", "≥", "="))
    if bound is None:
        return None
    if sign_of_slope < 0:
        operator = {"<": ">", ">": "<", "≤": "≥", "≥": "≤"}.get(operator, operator)
    far_low, far_high = ALL[0]
    match operator:
        case "<" | "≤":
            return name, [Interval(far_low, bound)]
        case ">" | "≥":
            return name, [Interval(bound, far_high)]
        case "≠":
            return name, [Interval(far_low, bound), Interval(bound, far_high)]
        case "=":
            return name, [Interval(bound, bound)]
    return None


def _relation(value: Value) -> Set | None:
    found, unknown = ALL, ""
    for left, operator, right in zip(value.items, value.marks, value.items[1:], strict=False):
        if left.kind == "infinity" or right.kind == "infinity":
            continue
        if left.kind == "quantity" and left.node.kind == "fn" and left.node.name.startswith("call "):  # 0 < f(x) < 1: a name like any other
            left = left._replace(node=Node("sym", name=left.node.name))
        if right.kind == "quantity" and right.node.kind == "fn" and right.node.name.startswith("call "):
            right = right._replace(node=Node("sym", name=right.node.name))
        if left.kind != "quantity" or right.kind != "quantity":
            return None
        solved = _solved(left.node, operator, right.node)
        if solved is None or (unknown and solved[0] != unknown):
            return None
        unknown = solved[0]
        found = _meet(found, solved[1])
    return found if unknown else None


def _union(value: Value) -> Set | None:
    found: Set | None = None
    for item, operator in zip(value.items, ("∪", *value.marks), strict=True):
        part = _found(item)
        if part is None:
            return None
        if found is None:
            found = part
        elif operator == "∪":
            found = _tidy([*found, *part])
        else:
            found = (_meet if operator == "∩" else _without)(found, part)
    return found


def _found(value: Value) -> Set | None:
    match value.kind:
        case "reals":
            return ALL
        case "empty":
            return []
        case "union":
            return _union(value)
        case "relation":
            return _relation(value)
        case "quantity" if value.label and value.label.isalpha():  # x = 3, beside inequalities
            bound = _bound(value, True)
            return None if bound is None else [Interval(bound, bound)]
        case "set":
            bounds = [_bound(i, True) for i in value.items]
            return None if any(b is None or b.node is None for b in bounds) else [Interval(b, b) for b in bounds if b]
        case "tuple" if len(value.items) == 2:
            low, high = (_bound(i, mark in "[]") for i, mark in zip(value.items, value.marks, strict=True))
            return None if low is None or high is None or low.at > high.at else [Interval(low, high)]
        case "list" if value.items:
            together: Callable[[Set, Set], Set] = _meet if value.marks == ("and",) else lambda p, q: _tidy([*p, *q])
            if (
                value.marks == (",",)
                and any(i.kind == "relation" and set(i.marks) - {"≠"} for i in value.items)
                and any(i.kind == "relation" for i in value.items[1:])
            ):
                together = _meet  # x > 1, x ≠ 2
            found = _found(value.items[0])
            for item in value.items[1:]:
                part = _found(item)
                found = None if found is None or part is None else together(found, part)
            return found
    return None


def describes(value: Value) -> bool:
    """Whether a value reads as a set of real numbers and not as a list of single ones."""
    if value.kind == "list":
        return any(i.kind in ("relation", "union", "reals") or (i.kind == "tuple" and "[" in i.marks) for i in value.items)
    return value.kind in ("union", "relation", "tuple", "reals", "set", "empty")


def set_of(value: Value) -> Set | None:
    """The set of real numbers that a value describes, None where it is none that this file can read."""
    found = _found(value)
    return None if found is None else _tidy(found)


def same(a: Set, b: Set, equal: Callable[[Node, Node], bool | None]) -> bool | None:
    """Whether two sets have the same intervals; None where some bounds cannot be compared."""
    if len(a) != len(b):
        return False
    undecided = False
    for i, j in zip(a, b, strict=True):
        for x, y in zip(i, j, strict=True):
            if x.closed != y.closed or (x.node is None) != (y.node is None) or (x.node is None and x.at != y.at):
                return False
            if x.node is not None and y.node is not None:
                agreed = equal(x.node, y.node)
                if agreed is False:
                    return False
                undecided = undecided or agreed is None
    return None if undecided else True


def unknowns(value: Value) -> set[str]:
    """The names that a condition is about."""
    if value.label == BOUND:
        return set()
    if value.kind == "quantity" and value.node.name.startswith("call "):  # 0 < f(x) < 1 and 0 < y < 1
        return {"y"}
    own = numeric.names_in(value.node) if value.kind == "quantity" else set()
    return own.union(*(unknowns(i) for i in value.items))
