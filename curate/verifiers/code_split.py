"""Splits an assertion into calls of the program, which run in the sandbox, and a condition on what they return, which is judged out here: expected values never meet the program.

    assert abs(f(2, 3) - 0.5) < 1e-6      calls  f(2, 3)      condition  abs(_ - 0.5) < 1e-6

The condition is computed by a small interpreter over plain data: literals, arithmetic, comparisons, a list of harmless built-in functions, `math.isclose`, comprehensions over them. What goes beyond it
cannot be split (Unsplittable), and is run by a second process in the sandbox. Nothing is evaluated as Python out here.

Departure from Python: in == and `in`, True is not 1 and False is not 0. An int equals the float of the same value, as in Python: the test's author wrote ==.
"""

import ast
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from curate.sandbox.inside.plain import NotPlain, hashable

LONGEST_TEST = 1 << 20  # characters
COST = 5_000_000  # steps of one condition: values looked at
LARGEST_POWER = 10_000  # bits of a power's result
LONGEST_REPEAT = 1_000_000  # items of a repeated or counted sequence

FUNCTIONS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (abs, all, any, bool, dict, enumerate, float, frozenset, int, len, list, max, min, range, reversed, round, set, sorted, str, sum, tuple, zip)
}
MATH: dict[str, Any] = {
    name: getattr(math, name) for name in ("isclose", "fabs", "isnan", "isinf", "floor", "ceil", "sqrt", "pi", "e", "inf", "nan", "tau")
}
TYPES = {"int": int, "float": float, "str": str, "bool": bool, "list": list, "tuple": tuple, "dict": dict, "set": set, "bytes": bytes, "complex": complex}
METHODS = frozenset({"lower", "upper", "strip", "split", "keys", "values", "items", "count", "startswith", "endswith"})
BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.Not: operator.not_, ast.USub: operator.neg, ast.UAdd: operator.pos}
ORDER: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge}
HOLE = "__call_{}__"


class Unsplittable(Exception):
    """A test that cannot be split; the text says why."""


class TooMuch(Exception):
    """A condition that would take too long to compute."""


class Assertion(NamedTuple):
    """Calls as source text, and the condition with holes where their values go."""

    calls: tuple[str, ...]
    condition: ast.expr


def equal(a: Any, b: Any) -> bool:
    """Equality of plain data, in which a truth value equals only a truth value."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, list | tuple) and type(a) is type(b):
        return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return len(a) == len(b) and all(k in b and equal(v, b[k]) for k, v in a.items())
    return bool(a == b)


class _Splitter(ast.NodeTransformer):
    """Replaces calls of the program by holes; refuses whatever the interpreter below could not compute."""

    def __init__(self, entry: str | None) -> None:
        self.entry = entry
        self.calls: list[str] = []
        self.bound: list[set[str]] = []

    def _of_program(self, node: ast.Call) -> bool:
        root: ast.expr = node.func
        while isinstance(root, ast.Attribute | ast.Call):
            root = root.value if isinstance(root, ast.Attribute) else root.func
        if not isinstance(root, ast.Name):
            return False
        return root.id in (self.entry, "candidate") if self.entry else root.id not in FUNCTIONS and root.id not in ("math", "isinstance", "type")

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Call) and self._of_program(node):
            names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            if any(names & bound for bound in self.bound):
                raise Unsplittable("a call inside a comprehension")
            if any(isinstance(n, ast.NamedExpr | ast.Await | ast.Lambda | ast.Yield) for n in ast.walk(node)):
                raise Unsplittable("a call with a function as argument")
            self.calls.append(ast.unparse(node))
            return ast.copy_location(ast.Name(HOLE.format(len(self.calls) - 1), ast.Load()), node)
        match node:
            case ast.Name(id=name) if not any(name in bound for bound in self.bound):
                raise Unsplittable(f"the name {name}")
            case ast.Constant() | ast.Name() | ast.Load() | ast.Store() | ast.operator() | ast.cmpop() | ast.boolop() | ast.unaryop():
                return node
            case ast.Attribute(value=ast.Name(id="math"), attr=name) if name in MATH and not callable(MATH[name]):
                return node
            case ast.Call():
                return self._call(node)
            case ast.GeneratorExp() | ast.ListComp() | ast.SetComp():
                return self._comprehension(node)
            case ast.BinOp() if type(node.op) in BINARY:
                return self.generic_visit(node)
            case ast.UnaryOp() if type(node.op) in UNARY:
                return self.generic_visit(node)
            case ast.Compare():
                for op, right in zip(node.ops, node.comparators, strict=True):
                    if isinstance(op, ast.Is | ast.IsNot) and not (isinstance(right, ast.Constant) and (right.value is None or isinstance(right.value, bool))):
                        raise Unsplittable("`is` with a value")
                return self.generic_visit(node)
            case ast.Dict() if None in node.keys:
                raise Unsplittable("**")
            case ast.BoolOp() | ast.IfExp() | ast.List() | ast.Tuple() | ast.Set() | ast.Dict() | ast.Subscript() | ast.Slice():
                return self.generic_visit(node)
        raise Unsplittable(f"a {type(node).__name__}")

    def _call(self, node: ast.Call) -> ast.Call:
        match node.func:
            case ast.Name(id="isinstance") if len(node.args) == 2 and _types(node.args[1]) and not node.keywords:
                node.args[0] = self.visit(node.args[0])
                return node
            case ast.Name(id=name) if name in FUNCTIONS:
                pass
            case ast.Attribute(value=ast.Name(id="math"), attr=name) if callable(MATH.get(name)):
                pass
            case ast.Attribute(value=value, attr=name) if name in METHODS:
                node.func.value = self.visit(value)
            case _:
                raise Unsplittable("a call of an unknown function")
        if any(k.arg not in ("reverse", "rel_tol", "abs_tol", "start", "default") for k in node.keywords):
            raise Unsplittable("a keyword")
        node.args = [self.visit(a) for a in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        return node

    def _comprehension(self, node: ast.GeneratorExp | ast.ListComp | ast.SetComp) -> ast.AST:
        if len(node.generators) != 1 or node.generators[0].is_async:
            raise Unsplittable("a comprehension with two loops")
        loop = node.generators[0]
        loop.iter = self.visit(loop.iter)
        targets = [n for n in ast.walk(loop.target) if not isinstance(n, ast.Load | ast.Store | ast.Tuple)]
        if not all(isinstance(n, ast.Name) for n in targets):
            raise Unsplittable("a loop over what is no name")
        self.bound.append({n.id for n in targets if isinstance(n, ast.Name)})
        loop.ifs = [self.visit(i) for i in loop.ifs]
        node.elt = self.visit(node.elt)
        self.bound.pop()
        return node


def _types(node: ast.expr) -> Any:
    """The type, or tuple of types, that a second argument of isinstance names; None for others."""
    if isinstance(node, ast.Name):
        return TYPES.get(node.id)
    if isinstance(node, ast.Tuple):
        found = tuple(_types(e) for e in node.elts)
        return found if found and None not in found else None
    return None


def split(test: ast.expr, entry: str | None) -> Assertion:
    """The assertion's parts. `entry`: the function under test, which `candidate` is another name for; None: every function that is not built in is the program's. Raises Unsplittable."""
    splitter = _Splitter(entry)
    condition = splitter.visit(test)
    if not splitter.calls:
        raise Unsplittable("no call of the program")
    return Assertion(tuple(splitter.calls), condition)


class _Computation:
    """Computes one condition; `names` are the holes' values and the variables of comprehensions."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self.left = COST

    def spend(self, value: Any) -> Any:
        self.left -= 1 + (len(value) if isinstance(value, str | bytes | list | tuple | set | frozenset | dict) else 0)
        if self.left < 0:
            raise TooMuch
        return value

    def compute(self, node: ast.expr) -> Any:
        return self.spend(self._compute(node))

    def _compute(self, node: ast.expr) -> Any:
        c = self.compute
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.names[name]
            case ast.Attribute(attr=name):
                return MATH[name]
            case ast.List(elts=items):
                return [c(i) for i in items]
            case ast.Tuple(elts=items):
                return tuple([c(i) for i in items])
            case ast.Set(elts=items):
                return {c(i) for i in items}
            case ast.Dict(keys=keys, values=values):
                return {c(k): c(v) for k, v in zip(keys, values, strict=True) if k is not None}
            case ast.UnaryOp(op=op, operand=operand):
                return UNARY[type(op)](c(operand))
            case ast.BoolOp(op=op, values=values):
                value = None
                for part in values:
                    value = c(part)
                    if bool(value) == isinstance(op, ast.Or):
                        break
                return value
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return c(body) if c(test) else c(orelse)
            case ast.BinOp(left=left, op=op, right=right):
                return self._arithmetic(op, c(left), c(right))
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                return self._compare(c(left), ops, comparators)
            case ast.Subscript(value=value, slice=index):
                return c(value)[c(index)]
            case ast.Slice(lower=lower, upper=upper, step=step):
                return slice(*[None if part is None else c(part) for part in (lower, upper, step)])
            case ast.ListComp() | ast.GeneratorExp():
                return list(self._loop(node))
            case ast.SetComp():
                return set(hashable(list(self._loop(node))))
            case ast.Call():
                return self._call(node)
        raise TypeError(type(node).__name__)

    def _loop(self, node: ast.GeneratorExp | ast.ListComp | ast.SetComp) -> Any:
        loop = node.generators[0]
        for value in self.compute(loop.iter):
            self.spend(None)
            self._bind(loop.target, value)
            if all(self.compute(i) for i in loop.ifs):
                yield self.compute(node.elt)

    def _bind(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, ast.Tuple):
            for part, item in zip(target.elts, value, strict=True):
                self._bind(part, item)

    def _arithmetic(self, op: ast.operator, left: Any, right: Any) -> Any:
        if isinstance(op, ast.Pow) and isinstance(left, int) and isinstance(right, int) and left.bit_length() * max(right, 0) > LARGEST_POWER:
            raise TooMuch
        if isinstance(op, ast.Mod) and isinstance(left, str | bytes):
            raise TypeError("formatting")
        if isinstance(op, ast.Mult):
            for items, times in ((left, right), (right, left)):
                if not isinstance(items, int | float | complex) and isinstance(times, int) and len(items) * times > LONGEST_REPEAT:
                    raise TooMuch
        return BINARY[type(op)](left, right)

    def _compare(self, left: Any, ops: Sequence[ast.cmpop], comparators: Sequence[ast.expr]) -> bool:
        for op, node in zip(ops, comparators, strict=True):
            right = self.compute(node)
            match op:
                case ast.Eq():
                    result = equal(left, right)
                case ast.NotEq():
                    result = not equal(left, right)
                case ast.Is():
                    result = left is right
                case ast.IsNot():
                    result = left is not right
                case ast.In() | ast.NotIn():
                    inside = left in right if isinstance(right, str | bytes | dict) else any(equal(left, item) for item in right)
                    result = inside == isinstance(op, ast.In)
                case _:
                    result = bool(ORDER[type(op)](left, right))
            if not result:
                return False
            left = right
        return True

    def _call(self, node: ast.Call) -> Any:
        match node.func:
            case ast.Name(id="isinstance"):
                return isinstance(self.compute(node.args[0]), _types(node.args[1]))
            case ast.Name(id=name):
                function = FUNCTIONS[name]
            case ast.Attribute(value=ast.Name(id="math"), attr=name):
                function = MATH[name]
            case ast.Attribute(value=value, attr=name):
                receiver = self.compute(value)
                if type(receiver) not in (str, bytes, list, tuple, dict):
                    raise TypeError(f"no {name} of a {type(receiver).__name__}")
                function = getattr(receiver, name)
            case _:
                raise TypeError
        arguments = [self.compute(a) for a in node.args]
        if function is range and any(abs(a) > LONGEST_REPEAT for a in arguments):
            raise TooMuch
        if function in (set, frozenset, dict) and arguments:
            hashable([*arguments[0]] if function is not dict else [key for key, _ in arguments[0]] if isinstance(arguments[0], list) else [])
        if function is sum and not all(isinstance(a, int | float) for a in arguments[1:]):
            raise TooMuch
        result = function(*arguments, **{str(k.arg): self.compute(k.value) for k in node.keywords})
        return list(result) if isinstance(result, range | zip | enumerate | reversed) or type(result).__name__.startswith("dict_") else result


def holds(assertion: Assertion, values: Sequence[Any]) -> str:
    """Whether the condition is true of the calls' values: "" where it is, else why not."""
    names = {HOLE.format(i): value for i, value in enumerate(values)}
    try:
        return "" if _Computation(names).compute(assertion.condition) else "the assertion does not hold"
    except (TooMuch, NotPlain, MemoryError):
        return "the assertion cannot be computed on what was returned: too much of it"
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        return f"the assertion raised {type(error).__name__} on what was returned"
