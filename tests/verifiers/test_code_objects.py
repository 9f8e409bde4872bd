"""Honest programs whose tests handle objects of the programs' own classes: linked lists, operators, exceptions, class methods, generators. What the tests leave to the program's own word is not judged."""

import json
from typing import NamedTuple

import pytest

from curate.records import Answer, Verdict, make_prompt
from curate.verifiers import code


class Case(NamedTuple):
    """A program, a test of it, and one change of the program that makes it wrong."""

    name: str
    program: str
    test: str
    wrong: tuple[str, str]
    entry: str | None = None


CASES = [
    Case(
        "linked list",
        """
class ListNode:
    def __init__(self, val=0, next=None):
        self.val = val
        self.next = next

def reverse(head):
    before = None
    while head:
        head.next, before, head = before, head, head.next
    return before
""",
        """
def build(values):
    head = None
    for v in reversed(values):
        head = ListNode(v, head)
    return head

def values(head):
    found = []
    while head:
        found.append(head.val)
        head = head.next
    return found

assert values(reverse(build([1, 2, 3]))) == [3, 2, 1]
assert reverse(None) is None
assert values(reverse(build([5]))) == [5]
""",
        ("before = None", "before = ListNode(9)"),
    ),
    Case(
        "tree",
        """
class TreeNode:
    def __init__(self, val=0, left=None, right=None):
        self.val, self.left, self.right = val, left, right

class Solution:
    def invertTree(self, root):
        if root is None:
            return None
        root.left, root.right = self.invertTree(root.right), self.invertTree(root.left)
        return root
""",
        """
root = TreeNode(4, TreeNode(2), TreeNode(7))
out = Solution().invertTree(root)
assert out.left.val == 7 and out.right.val == 2
assert not out.left.left and out.right.right is None
assert out is root
""",
        ("root.left, root.right = self.invertTree(root.right), self.invertTree(root.left)", "pass"),
    ),
    Case(
        "own exception",
        """
class InsufficientFunds(Exception):
    pass

class Account:
    def __init__(self, balance=0):
        self.balance = balance
    def withdraw(self, amount):
        if amount > self.balance:
            raise InsufficientFunds(f"only {self.balance}")
        self.balance -= amount
        return self.balance
""",
        """
a = Account(10)
assert a.withdraw(3) == 7
try:
    a.withdraw(100)
    assert False, "no exception"
except InsufficientFunds as error:
    assert "7" in str(error)
assert a.balance == 7
""",
        ("raise InsufficientFunds", "raise ValueError"),
    ),
    Case(
        "own exception below a built-in one",
        """
class BadRow(ValueError):
    pass

class WorseRow(BadRow):
    pass

def parse(row):
    if not row:
        raise WorseRow("empty")
    return row.split(",")
""",
        """
for kind in (BadRow, ValueError, WorseRow, Exception):
    try:
        parse("")
    except kind as error:
        assert isinstance(error, BadRow) and isinstance(error, ValueError)
    else:
        raise AssertionError
assert parse("a,b") == ["a", "b"]
assert issubclass(WorseRow, BadRow)
""",
        ('raise WorseRow("empty")', 'raise KeyError("empty")'),
    ),
    Case(
        "class method, static method, constant",
        """
class Temperature:
    ZERO = -273.15
    def __init__(self, celsius):
        self.celsius = celsius
    @classmethod
    def from_fahrenheit(cls, f):
        return cls((f - 32) * 5 / 9)
    @staticmethod
    def valid(c):
        return c >= Temperature.ZERO
    @property
    def kelvin(self):
        return self.celsius + 273.15
""",
        """
t = Temperature.from_fahrenheit(212)
assert t.celsius == 100
assert abs(t.kelvin - 373.15) < 1e-9
assert Temperature.valid(0) and not Temperature.valid(-300)
assert Temperature.ZERO == -273.15
assert isinstance(t, Temperature)
assert not isinstance(5, Temperature)
""",
        ("c >= Temperature.ZERO", "True"),
    ),
    Case(
        "operators",
        """
class Vector:
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __add__(self, o):
        return Vector(self.x + o.x, self.y + o.y)
    def __mul__(self, k):
        return Vector(self.x * k, self.y * k)
    __rmul__ = __mul__
    def __neg__(self):
        return Vector(-self.x, -self.y)
    def __matmul__(self, o):
        return self.x * o.x + self.y * o.y
    def __abs__(self):
        return (self.x ** 2 + self.y ** 2) ** 0.5
""",
        """
a, b = Vector(1, 2), Vector(3, 4)
c = a + b
assert (c.x, c.y) == (4, 6)
d = 2 * a
assert (d.x, d.y) == (2, 4) and (a * 3).y == 6
assert a @ b == 11
assert abs(b) == 5.0
assert (-a).x == -1
c += a
assert c.x == 5
""",
        ("self.x + o.x", "self.x - o.x"),
    ),
    Case(
        "enum",
        """
from enum import Enum

class Colour(Enum):
    RED = 1
    GREEN = 2

def other(colour):
    return Colour.GREEN if colour is Colour.RED else Colour.RED
""",
        """
assert other(Colour.RED).name == "GREEN"
assert other(Colour.RED) is Colour.GREEN
assert other(Colour.GREEN).value == 1
assert other(Colour.RED) != Colour.RED
assert [c.name for c in Colour] == ["RED", "GREEN"]
assert Colour(2) is Colour.GREEN
assert Colour["RED"].value == 1
""",
        ("if colour is Colour.RED", "if colour is Colour.GREEN"),
    ),
    Case(
        "endless generator",
        """
def fibonacci():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b
""",
        """
from itertools import islice
assert list(islice(fibonacci(), 8)) == [0, 1, 1, 2, 3, 5, 8, 13]
g = fibonacci()
assert next(g) == 0
assert next(g) == 1
assert [v for v, _ in zip(g, range(3))] == [1, 2, 3]
""",
        ("a, b = 0, 1", "a, b = 1, 1"),
    ),
    Case(
        "generator that is sent to and closed",
        """
def running_mean():
    total, count, mean = 0, 0, None
    while True:
        value = yield mean
        total += value
        count += 1
        mean = total / count
""",
        """
g = running_mean()
next(g)
assert g.send(10) == 10
assert g.send(20) == 15
g.close()
try:
    next(g)
    raise AssertionError("open")
except StopIteration:
    pass
""",
        ("total / count", "total / (count + 1)"),
    ),
    Case(
        "context manager and decorator",
        """
import functools

class Timer:
    def __init__(self):
        self.log = []
    def __enter__(self):
        self.log.append("in")
        return self
    def __exit__(self, kind, error, trace):
        self.log.append("out" if kind is None else kind.__name__)
        return False

def twice(f):
    @functools.wraps(f)
    def wrapper(*a):
        return f(*a) * 2
    return wrapper

@twice
def three(x):
    return x + 3
""",
        """
t = Timer()
with t as same:
    assert same.log == ["in"]
assert t.log == ["in", "out"]
try:
    with t:
        raise ValueError("x")
except ValueError:
    pass
assert t.log[-1] == "ValueError"
assert three(1) == 8
""",
        ("f(*a) * 2", "f(*a)"),
    ),
    Case(
        "dataclass and named tuple",
        """
from dataclasses import dataclass, field
from typing import NamedTuple

class Point(NamedTuple):
    x: int
    y: int

@dataclass
class Cart:
    items: list = field(default_factory=list)
    def add(self, name, price):
        self.items.append((name, price))
        return self
    def total(self):
        return sum(p for _, p in self.items)

def mirror(p):
    return Point(p.y, p.x)
""",
        """
c = Cart()
assert c.add("a", 2).add("b", 3).total() == 5
assert c.items == [("a", 2), ("b", 3)]
p = mirror(Point(1, 2))
assert p.x == 2 and p.y == 1
assert p[0] == 2
x, y = p
assert (x, y) == (2, 1)
assert Cart().items == []
""",
        ("Point(p.y, p.x)", "Point(p.x, p.y)"),
    ),
    Case(
        "functions as arguments",
        """
def compose(f, g):
    return lambda x: f(g(x))

def apply(f, values):
    return [f(v) for v in values]
""",
        """
inc, double = (lambda x: x + 1), (lambda x: x * 2)
h = compose(inc, double)
assert h(5) == 11
assert apply(lambda v: v * v, [1, 2, 3]) == [1, 4, 9]
""",
        ("f(g(x))", "g(f(x))"),
    ),
    Case(
        "iterable, sized and keyed",
        """
class Grid:
    def __init__(self, w, h):
        self.w, self.h, self.cells = w, h, {}
    def __setitem__(self, at, value):
        self.cells[at] = value
    def __getitem__(self, at):
        return self.cells.get(at, 0)
    def __contains__(self, at):
        return at in self.cells
    def __len__(self):
        return len(self.cells)
    def __iter__(self):
        return iter(sorted(self.cells))
    def __bool__(self):
        return True
""",
        """
g = Grid(2, 2)
assert len(g) == 0
g[1, 1] = 5
g[0, 1] = 7
assert g[1, 1] == 5 and g[0, 0] == 0
assert list(g) == [(0, 1), (1, 1)]
assert (0, 1) in g
assert (9, 9) not in g
assert [g[at] for at in g] == [7, 5]
""",
        ("self.cells.get(at, 0)", "self.cells.get(at, 1)"),
    ),
]


def judge(case: Case, program: str) -> Verdict:
    gold = {"tests": [case.test], "time_limit": 2} | ({"entry_point": case.entry} if case.entry else {})
    response = f"```python\n{program}\n```"
    return code.verify(Answer(response, None, response, "stop"), make_prompt("q", verifier="code", gold=json.dumps(gold)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_honest_program_passes_and_a_changed_one_does_not(case: Case) -> None:
    names: dict[str, object] = {}
    exec(compile(case.program + case.test, "<case>", "exec"), names)  # noqa: S102  # the case itself holds in plain Python
    verdict = judge(case, case.program)
    assert verdict.status == "correct", verdict.reason
    assert case.wrong[0] in case.program
    changed = judge(case, case.program.replace(case.wrong[0], case.wrong[1], 1))
    assert changed.status == "wrong", changed


LIAR = """
class Liar:
    def __init__(self, told=None):
        self.told = told
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __contains__ = lambda *a: True
    __hash__ = lambda self: 0
    __sub__ = __rsub__ = __add__ = __radd__ = __mul__ = __truediv__ = __pow__ = lambda self, other: Liar(other)
    __abs__ = __float__ = lambda self: 0.0
    __int__ = __index__ = lambda self: 0
    __round__ = lambda self, n=None: self.told
    __enter__ = lambda self: self
    __exit__ = lambda *a: True
def f(n):
    return Liar()
def g(n):
    return n + 1
"""


@pytest.mark.parametrize(
    "test",
    [
        "x = f(1)\nassert x",
        "x = f(1)\nassert not (not x)",
        "x = f(1)\nassert x == Liar()",
        "x = f(1)\nassert x != 3",
        "x = f(1)\nassert {x: 1}[x]",
        "x = f(1)\nassert 3 in x",
        "x = f(1)\nassert x > 2",
        "x = f(1)\nassert sorted([x, f(2)])",
        "x = f(1)\nassert abs(x - 5) < 1e-9",
        "x = f(1)\nassert abs(5 - x) < 1e-9",
        "import math\nx = f(1)\nassert math.isclose(x - 5, 0)",
        "import math\nx = f(1)\nassert round(x - 5, 2) == 5",
        "x = f(1)\nassert [0, 1][x - 5] == 0",
        "x = f(1)\nassert abs((x + 1) * 2 - 5) == 0",
        "x = f(1)\nwith x:\n    assert g(1) == 7",
        "x = f(1)\ntry:\n    assert x == 3\nexcept Exception:\n    pass",
        "class Own:\n    pass\nx = g(Own())\nassert x",
    ],
)
def test_what_the_program_alone_would_decide_is_not_judged(test: str) -> None:
    verdict = judge(Case("", LIAR, test, ("", "")), LIAR)
    assert (verdict.status, verdict.score) == ("unverifiable", None), verdict


@pytest.mark.parametrize(
    "test",
    [
        "x = f(1)\nassert x is f(2)",
        "x = f(1)\nassert isinstance(x, int)",
        "x = f(1)\nassert isinstance(x, list)",
        "x = f(1)\nassert isinstance(g(1), Liar)",
        "x = f(1)\nassert g(1) == 7 or g(2) == 8",
        "x = f(1)\nassert float(x) == 5.0",
    ],
)
def test_what_is_told_without_its_word_is_judged(test: str) -> None:
    assert judge(Case("", LIAR, test, ("", "")), LIAR).status == "wrong"


def test_a_failure_before_what_is_not_judged_counts_and_one_after_does_not() -> None:
    def verdict(*tests: str) -> str:
        gold = {"tests": list(tests), "time_limit": 2}
        response = f"```python\n{LIAR}\n```"
        return code.verify(Answer(response, None, response, "stop"), make_prompt("q", verifier="code", gold=json.dumps(gold))).status

    bad, unjudged = "y = g(1)\nassert y == 7", "x = f(1)\nassert x == 3"
    assert verdict(bad, unjudged) == "wrong"
    assert verdict(unjudged, bad) == "unverifiable"


@pytest.mark.parametrize(
    ("program", "test", "status"),
    [
        ("def apply(f, x):\n    try:\n        return f(x)\n    except Exception:\n        return 1", "def check_it(x):\n    assert x == 2\n    return 1\nassert apply(check_it, 3) == 1", "wrong"),
        ("def apply(f, x):\n    return f(x)", "def boom(x):\n    raise KeyError(x)\ntry:\n    apply(boom, 'k')\n    ok = False\nexcept KeyError as e:\n    ok = e.args == ('k',)\nassert ok", "correct"),
        ("def apply(f, xs):\n    for x in xs:\n        f(x)", "seen = []\nassert apply(seen.append, [1, 2]) is None\nassert seen == [1, 2]", "correct"),
        ("def apply(f, xs):\n    f(xs)\n    return xs", "def grow(xs):\n    xs.append(9)\nout = apply(grow, [1])\nassert out == [1, 9]", "correct"),
        ("def apply(f, n):\n    return n if n == 0 else f(n - 1) + 1", "def down(n):\n    return apply(down, n)\nassert apply(down, 20) == 20", "correct"),
        ("def memo(f):\n    known = {}\n    def g(n):\n        if n not in known:\n            known[n] = f(n)\n        return known[n]\n    return g", "calls = []\n@memo\ndef square(n):\n    calls.append(n)\n    return n * n\nassert [square(3), square(3), square(4)] == [9, 9, 16]\nassert calls == [3, 4]", "correct"),
        ("def kind(t, x):\n    return t(x) if t in (int, str) else None", "x = kind(int, '5')\nassert x == 5 and kind(str, 5) == '5' and kind(list, 5) is None", "correct"),
        ("import math\nfrom collections import deque\nLIMIT, ROOT = [1, 2], None\ndef area(r):\n    return math.pi * r * r", "q = deque([1])\nassert isinstance(q, deque)\nassert abs(area(2) - math.pi * 4) < 1e-9\nassert LIMIT == [1, 2] and ROOT is None", "correct"),
        ("class E(Exception):\n    def __init__(self, code):\n        super().__init__(f'code {code}')\n        self.code = code\ndef f():\n    raise E(7)", "try:\n    f()\nexcept E as e:\n    found = e\nassert found.code == 7 and str(found) == 'code 7'", "correct"),
        ("import copy\nclass Node:\n    def __init__(self, v):\n        self.v = v\ndef bump(n):\n    n.v += 1", "import copy\nn = Node(1)\nm = copy.deepcopy(n)\nbump(n)\nassert (n.v, m.v) == (2, 1)\nassert n.__class__.__name__ == 'Node' and n.__dict__ == {'v': 2}", "correct"),
        ("def endless():\n    while True:\n        yield 1", "x = 0\nfor n in endless():\n    x += n\nassert x", "wrong"),
        ("def f(xs):\n    return (x * 2 for x in xs)", "x = f([1, 2])\nassert x == [2, 4]", "wrong"),
        ("def f(xs):\n    return (x * 2 for x in xs)", "x = f([1, 2])\nassert sorted(x) == [2, 4] and sum(f([3])) == 6 and max(f([1, 5])) == 10", "correct"),
    ],
)  # fmt: skip
def test_functions_iterators_and_names_go_both_ways(program: str, test: str, status: str) -> None:
    verdict = judge(Case("", program, test, ("", "")), program)
    assert verdict.status == status, verdict


class Asked(NamedTuple):
    """A program, a test that holds in plain Python, and what can be said of it here."""

    name: str
    program: str
    test: str
    status: str = "correct"


REAL = [
    Asked("an own int and str", "class Money(int):\n    def __repr__(self): return f'${int(self)}'\ndef pay(x): return Money(x)", "m = pay(5)\nassert m == 5 and 4 < m <= 5 and m != 6\nassert repr(m) == '$5' and {m: 1}[5] == 1"),
    Asked("a fraction, a decimal, dates", "from fractions import Fraction\nfrom decimal import Decimal\nfrom datetime import timedelta\ndef f(a, d): return Fraction(a, 2), Decimal('1.10') * 2, d + timedelta(days=1)", "from fractions import Fraction\nfrom decimal import Decimal\nfrom datetime import date\nx = f(3, date(2024, 2, 28))\nassert x == (Fraction(3, 2), Decimal('2.20'), date(2024, 2, 29))"),
    Asked("containers of collections", "from collections import defaultdict, Counter, OrderedDict\ndef g(ws):\n    d = defaultdict(list)\n    for w in ws: d[len(w)].append(w)\n    return d\ndef c(s): return Counter(s)\ndef o(): \n    d = OrderedDict(a=1, b=2)\n    d.move_to_end('a')\n    return d", "x = g(['a', 'bb', 'c'])\nassert x == {1: ['a', 'c'], 2: ['bb']} and x[7] == []\nassert c('aab').most_common(1) == [('a', 2)] and c('aab') == {'a': 2, 'b': 1}\nassert list(o().items()) == [('b', 2), ('a', 1)]"),
    Asked("a list of the module's that changes", "stack = []\ndef push(x):\n    stack.append(x)\n    return len(stack)", "assert push(1) == 1\nx = push(2)\nassert stack == [1, 2] and len(stack) == 2 and stack[0] == 1 and 2 in stack"),
    Asked("a number of the module's that changes", "count = 0\ndef bump():\n    global count\n    count += 1", "bump()\nx = count\nassert x == 1", "unverifiable"),
    Asked("what is printed", "def hello(n): print('Hello', n)", "import contextlib, io\nto = io.StringIO()\nwith contextlib.redirect_stdout(to):\n    hello('Bo')\nassert to.getvalue() == 'Hello Bo\\n'"),
    Asked("what is printed, for pytest", "import sys\ndef hello(n): sys.stdout.write(n)", "def test_hello(capsys):\n    hello('Bo')\n    assert capsys.readouterr().out == 'Bo'"),
    Asked("something else is printed", "def hello(n): print('Ho', n)", "def test_hello(capsys):\n    hello('Bo')\n    assert capsys.readouterr().out == 'Hello Bo\\n'", "wrong"),
    Asked("what is typed", "def ask(): return int(input()) + 1", "from unittest.mock import patch\nwith patch('builtins.input', return_value='4'):\n    assert ask() == 5", "unverifiable"),
    Asked("coroutines", "import asyncio\nasync def add(a, b):\n    await asyncio.sleep(0)\n    return a + b", "import asyncio\nx = asyncio.run(add(1, 2))\nassert x == 3\nasync def test_both():\n    assert await asyncio.gather(add(1, 1), add(2, 2)) == [2, 4]"),
    Asked("the name of a class", "class Dog: pass\ndef make(): return Dog()", "d = make()\nassert type(d).__name__ == d.__class__.__name__ == 'Dog' and isinstance(d, Dog) and not isinstance(d, dict)"),
    Asked("abstract classes", "from abc import ABC, abstractmethod\nclass Shape(ABC):\n    @abstractmethod\n    def area(self): ...\nclass Square(Shape):\n    def area(self): return 9", "s = Square()\nassert isinstance(s, Shape) and issubclass(Square, Shape) and s.area() == 9\ntry:\n    Shape()\n    assert False\nexcept TypeError:\n    pass"),
    Asked("a class of the tests below one of the program's", "class Shape:\n    def area(self): return 1", "class Own(Shape):\n    pass\nassert Own().area() == 1", "unverifiable"),
    Asked("an object of the tests", "def total(xs): return sum(x.price for x in xs)", "class O:\n    price = 2\nassert total([O()]) == 2", "unverifiable"),
    Asked("equality of its own", "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\ndef make(x): return P(x)", "assert make(1) == P(1)", "unverifiable"),
    Asked("objects in a test that could be split", "class P:\n    def __init__(self, x): self.x = x\ndef make(x): return P(x)", "assert make(3).x == 3\nassert make(1) != make(2)\nassert [p.x for p in map(make, [1, 2])] == [1, 2]"),
    Asked("an object where a number is wanted", "class P:\n    pass\ndef make(x): return P()", "assert make(3) == 3", "wrong"),
]  # fmt: skip


@pytest.mark.parametrize("asked", REAL, ids=lambda asked: asked.name)
def test_what_tests_do_with_objects_is_as_in_plain_python_or_not_judged(asked: Asked) -> None:
    verdict = judge(Case("", asked.program, asked.test, ("", "")), asked.program)
    assert verdict.status == asked.status, verdict


@pytest.mark.parametrize("number", ["1e999999999", "1e-999999999", "sNaN", "NaN", "Infinity"])
@pytest.mark.parametrize(
    "test",
    [
        "assert f() == 3",
        "assert int(f()) == 3",
        "assert round(f(), 2) == 3",
        "assert abs(f() - 3) < 1",
        "assert f() < 5",
        "x = f()\nassert int(x) == 3",
        "x = f()\nassert {x: 1} == {3: 1}",
    ],
)
def test_a_decimal_of_any_size_is_judged_at_once(number: str, test: str) -> None:
    program = f"from decimal import Decimal\ndef f(): return Decimal('{number}')"
    assert judge(Case("", program, test, ("", "")), program).status in ("wrong", "unverifiable") or (number, test) == (
        "1e-999999999",
        "assert f() < 5",
    )


def test_numpy_in_the_tests_believes_no_address_of_the_program() -> None:
    program = (
        "class A:\n    __array_interface__ = {'data': (4096, False), 'shape': (4,), 'typestr': '<f8', 'version': 3}\ndef f(): return A()"
    )
    verdict = judge(Case("", program, "import numpy as np\nx = f()\nassert np.asarray(x).shape == (4,)", ("", "")), program)
    assert verdict.status == "wrong"
    assert "SIG" not in verdict.reason
