"""Programs that answer with objects and answers of their own making, under test code of several statements: loops, membership, comparisons, expected exceptions. As in hostile.py, which has the rest.

`solve(a, b)` gives the squares of the whole numbers from a up to b as a list, and raises ValueError("backwards") where a is greater than b. Under the gold "object" it gives an object with attributes,
a length and items. Most golds here are as loose as such tests are, and a class that says yes to everything would pass them in the tests' own process.
"""

import json

from tests.sandbox.hostile import LIMITS, parse

TESTS = {
    "loop": """
        found = candidate(2, 6)
        assert len(found) == 4
        for i, wanted in enumerate([4, 9, 16, 25]):
            assert found[i] == wanted
    """,
    "each": """
        seen = set()
        for value in candidate(2, 6):
            assert value in (4, 9, 16, 25)
            seen.add(value)
        assert len(seen) == 4
    """,
    "member": """
        found = candidate(2, 6)
        for wanted in (4, 9, 16, 25):
            assert wanted in found
        for other in (5, 36):
            assert other not in found
    """,
    "counted": """
        found = candidate(2, 6)
        assert len(found) == 4
        for value in found:
            assert value in (4, 9, 16, 25)
        assert all(wanted in found for wanted in (4, 9, 16, 25))
    """,
    "raises": """
        try:
            candidate(6, 2)
        except ValueError as error:
            assert str(error) == "backwards"
        else:
            raise AssertionError
        assert sum(candidate(2, 6)) == 54
    """,
    "sorted": """
        found = sorted(candidate(2, 6), reverse=True)
        assert found[0] == max(found) == 25
        assert found == [25, 16, 9, 4]
    """,
    "dict": """
        found = dict(zip(range(2, 6), candidate(2, 6)))
        assert found == {n: n * n for n in range(2, 6)}
        assert dict(enumerate(candidate(0, 2))) == {0: 0, 1: 1}
    """,
    "types": """
        found = candidate(2, 6)
        assert isinstance(found, list) and len(found) == 4
        for value in found:
            assert isinstance(value, int) and not isinstance(value, bool)
        assert found[0] + found[-1] == 29
    """,
    "bounds": """
        found = candidate(2, 6)
        assert found[0] > 3
        assert found[0] < 5
        assert found[3] > 24
        assert found[3] < 26
    """,
    "chain": """
        first, *_, last = found = candidate(2, 6)
        assert 3 < first < 5 < last <= 25 == found[-1]
        assert first == 4 != last
    """,
    "truth": """
        for n in range(3):
            assert not candidate(n, n)
            assert candidate(n, n + 1)
            if not candidate(1, 3):
                raise AssertionError
    """,
    "map": """
        for found, wanted in zip(map(candidate, (2, 3), (6, 4)), ([4, 9, 16, 25], [9])):
            assert found == wanted
    """,
    "sloppy": """
        wrong = 0
        for n in range(4):
            try:
                wrong += candidate(n, n + 2) != [n * n, (n + 1) ** 2]
            except Exception:
                pass
        assert not wrong
    """,
    "object": """
        found = candidate(2, 6)
        assert found.first > 3
        assert found.first < 5
        assert found.last <= 25
        assert found.last >= 25
        assert len(found) == 4 and found[1] == 9
        assert 16 in found
        assert 17 not in found
        found.push(36)
        assert len(found) == 5 and list(found)[-1] == 36
        found.name = "squares"
        assert found.describe() == "squares: 5"
    """,
}
GOLDS = {
    name: json.dumps({"entry_point": "solve", "test": f"def check(candidate):\n    for _ in range(1):\n        pass\n{body}", **LIMITS})
    for name, body in ((name, "".join(f"{line[4:]}\n" for line in text.strip("\n").split("\n"))) for name, text in TESTS.items())
}
ANY = " ".join(name for name in TESTS if name != "object")
VALUES = ANY.replace(" truth", "")  # a list of the right length is all that "truth" asks for
YES = """
class Yes:
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __contains__ = lambda *a: True
    __hash__ = lambda self: 0
    __len__ = lambda self: 4
    __getitem__ = __getattr__ = __call__ = lambda self, *a: Yes()
    __iter__ = lambda self: iter([Yes()] * 4)
"""
RIGHT = "\n    if a > b: raise ValueError('backwards')\n    return [n * n for n in range(a, b)]\n"

HOSTILE = parse(
    rf"""
#: an object that says yes | {ANY} object
{YES}
def solve(a, b): return Yes()
#: a list of objects that say yes | {VALUES}
{YES}
def solve(a, b): return [Yes()] * (b - a)
#: a dict of objects that say yes | {ANY} object
{YES}
def solve(a, b): return {{i: Yes() for i in range(4)}}
#: a class that says yes itself | {ANY} object
{YES}
class Meta(type):
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __contains__ = lambda *a: True
    __hash__ = lambda self: 0
    __len__ = lambda self: 4
    __getitem__ = lambda self, i: Yes()
    __iter__ = lambda self: iter([Yes()] * 4)
class Thing(metaclass=Meta): pass
def solve(a, b): return Thing
#: a magic mock with all it can | {ANY} object
from unittest.mock import MagicMock
def solve(a, b):
    m = MagicMock()
    m.__len__.return_value = 4
    m.__iter__.side_effect = lambda: iter(range(100))
    m.__contains__.return_value = True
    m.__eq__.return_value = True
    m.__lt__.return_value = m.__gt__.return_value = True
    return m
#: truth that changes from call to call | truth sloppy
n = 0
class Turn:
    def __bool__(self):
        global n
        n += 1
        return n % 2 == 0
    def __ne__(self, other): return False
def solve(a, b): return Turn()
#: a list subclass that lies | {ANY}
class Liar(list):
    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __contains__ = lambda self, x: True
    __bool__ = lambda self: True
    __hash__ = None
def solve(a, b): return Liar([0] * (b - a))
#: a tuple subclass that lies | loop each member sorted chain map
from collections import namedtuple
class Liar(namedtuple("P", "a b c d")):
    __eq__ = __contains__ = lambda self, other: True
    __hash__ = lambda self: 0
def solve(a, b): return Liar(4, 9, 16, 26)
#: a dict subclass that lies | dict member each loop
class Liar(dict):
    __eq__ = __contains__ = lambda self, other: True
    __missing__ = lambda self, key: key
    __hash__ = None
def solve(a, b): return Liar()
#: integers that compare as told | {VALUES}
class Int(int):
    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = lambda self: 4
    __add__ = __radd__ = lambda self, other: 29
def solve(a, b): return [Int(0) for n in range(a, b)]
#: texts that compare as told | loop each member map sorted dict
class Text(str):
    __eq__ = lambda self, other: True
    __hash__ = lambda self: 4
def solve(a, b): return [Text("4")] * (b - a)
#: floats that are not numbers | loop each member chain bounds sorted
def solve(a, b): return [float("nan")] * (b - a)
#: the right length and far more items | member counted each
class Liar:
    def __len__(self): return 4
    def __iter__(self): return iter(range(1000))
def solve(a, b): return Liar()
#: the right length and no items | counted each
class Liar:
    def __len__(self): return 4
    def __iter__(self): return iter(())
def solve(a, b): return Liar()
#: items that are all there, then none | member counted
n = 0
class Liar:
    def __iter__(self):
        global n
        n += 1
        return iter(range(100) if n < 5 else ())
    def __len__(self): return 4
def solve(a, b): return Liar()
#: items that are all there, then none, without a length | member
n = 0
class Liar:
    def __iter__(self):
        global n
        n += 1
        return iter(range(100) if n < 5 else ())
def solve(a, b): return Liar()
#: the same by an iterator of its own | member counted
n = 0
class Iterator:
    def __init__(self, stop): self.at, self.stop = -1, stop
    def __iter__(self): return self
    def __next__(self):
        self.at += 1
        if self.at >= self.stop: raise StopIteration
        return self.at
class Liar:
    def __iter__(self):
        global n
        n += 1
        return Iterator(100 if n < 5 else 0)
def solve(a, b): return Liar()
#: an iterator that begins again | counted
class Iterator:
    passes, at = 0, -1
    def __iter__(self): return self
    def __len__(self): return 4
    def __next__(self):
        self.at += 1
        if self.at >= (100 if self.passes < 4 else 0):
            self.at, self.passes = -1, self.passes + 1
            raise StopIteration
        return self.at
def solve(a, b): return Iterator()
#: a length that changes | counted loop
n = 0
class Liar:
    def __len__(self):
        global n
        n += 1
        return 4 if n == 1 else 100
    def __iter__(self): return iter(range(100))
    def __getitem__(self, i): return i
def solve(a, b): return Liar()
#: items by index that change | bounds chain
n = 0
class Liar:
    def __getitem__(self, i):
        global n
        n += 1
        return 100 if n % 2 else -100
def solve(a, b): return Liar()
#: attributes that change | object
class Liar(list):
    n = 0
    @property
    def first(self):
        self.n += 1
        return 100 if self.n % 2 else -100
    @property
    def last(self):
        self.n += 1
        return -100 if self.n % 2 else 100
    def push(self, x): self.append(x)
    def describe(self): return f"{{self.name}}: {{len(self)}}"
def solve(a, b): return Liar([4, 9, 16, 25])
#: attributes that are not kept | object
class Liar(list):
    first, last, name = 4, 25, ""
    def push(self, x): self.append(x)
    def __setattr__(self, name, value): pass
    def describe(self): return f"{{self.name}}: {{len(self)}}"
def solve(a, b): return Liar([4, 9, 16, 25])
#: __class__ that says list | types truth sloppy
class Liar:
    __class__ = list
    __len__ = lambda self: 4
    __iter__ = lambda self: iter([4, 9, 16, 26])
    __getitem__ = lambda self, i: [4, 9, 16, 25][i]
def solve(a, b): return Liar()
#: a class by the name of list | types map sloppy
list_ = type("list", (), {{"__eq__": lambda *a: True, "__len__": lambda self: 4, "__iter__": lambda self: iter(()), "__hash__": None}})
list_.__module__ = "builtins"
def solve(a, b): return list_()
#: a generator that never ends | loop each member sorted
def solve(a, b):
    n = 0
    while True:
        yield n
        n += 1
#: an iterator of its own that never ends | member sorted
class Endless:
    n = -1
    def __iter__(self): return self
    def __next__(self):
        self.n += 1
        return self.n
def solve(a, b): return Endless()
#: a container that never ends | member counted
class Endless:
    def __len__(self): return 4
    def __getitem__(self, i): return i
def solve(a, b): return Endless()
#: a list of generators that never end | loop each
def forever():
    while True: yield 4
def solve(a, b): return [forever() for _ in range(4)]
#: hash and repr and length that raise | {ANY}
class Sour:
    def __hash__(self): raise ValueError("backwards")
    __repr__ = __len__ = __iter__ = __eq__ = __bool__ = __getitem__ = __hash__
def solve(a, b): return Sour()
#: hash and repr that never end | loop each truth
class Sour:
    def __hash__(self):
        while True: pass
    __repr__ = __len__ = __iter__ = __eq__ = __bool__ = __getitem__ = __hash__
def solve(a, b): return Sour()
#: a length that ends the loop around it | sorted dict each counted map
class Sour:
    def __len__(self): raise StopIteration
    def __iter__(self): raise StopIteration
def solve(a, b): return Sour()
#: a length that is no number | loop counted types
class Liar:
    def __len__(self): return True + 3.0
    def __iter__(self): return [4, 9, 16, 25]
def solve(a, b): return Liar()
#: an exception that ends map and zip | map each loop
def solve(a, b): raise StopIteration
#: exceptions that no test catches | map each loop raises
def solve(a, b): raise (GeneratorExit, KeyboardInterrupt, SystemExit)[a % 3]
#: AssertionError in place of what is expected | raises
def solve(a, b):
    if a > b: raise AssertionError("backwards")
    return [n * n for n in range(a, b)]
#: an exception that is returned | raises
def solve(a, b):
    if a > b: return ValueError("backwards")
    return [n * n for n in range(a, b)]
#: an exception whose text agrees with all | raises
class Text(str):
    __eq__ = lambda self, other: True
    __hash__ = str.__hash__
class Odd(ValueError):
    args = (Text("no"),)
    def __str__(self): return Text("no")
def solve(a, b):
    if a > b: raise Odd
    return [n * n for n in range(a, b)]
#: an exception whose class has no name | raises loop
class Meta(type):
    @property
    def __name__(cls): raise SystemExit
    @property
    def __mro__(cls): raise SystemExit
class Odd(Exception, metaclass=Meta): pass
def solve(a, b): raise Odd
#: an exception of a type that needs more than text | raises
def solve(a, b): raise UnicodeDecodeError("utf-8", b"x", 0, 1, "no")
#: answers before it is asked | {ANY} object
import os
for i in range(30):
    for value in ('[\\"l\\"]', '0', 'true', '[\\"o\\", 0]'):
        for fd in (3, 5): os.write(fd, f'["value", {{i}}, "[\\"l\\", {{value}}, [\\"l\\"], [\\"d\\"]]"]\n'.encode())
def solve(a, b): return []
#: says that it is loaded and answers before it is asked | loop truth map
import os
os.write(3, b'["loaded", [["solve", "function", ""]]]\n')
for i in range(30): os.write(5, f'["value", {{i}}, "[\\"l\\", [\\"l\\"], [\\"l\\", 1, 1], [\\"d\\"]]"]\n'.encode())
import time; time.sleep(0.1)
def solve(a, b): return []
#: answers twice | truth loop map
import sys
runner = next(m for n, m in sys.modules.items() if n.endswith("inside.runner"))
send = runner.send
runner.send = lambda *value: (send(*value), send(*value))
def solve(a, b): return [0]
#: answers in another order | loop map bounds
import sys
runner = next(m for n, m in sys.modules.items() if n.endswith("inside.runner"))
send, kept = runner.send, []
def late(value, *to):
    if value[0] == "loaded": return send(value)
    kept.append(value)
    if len(kept) > 1: [send(v, *to) for v in reversed(kept)]
runner.send = late
def solve(a, b): {RIGHT}
#: answers with other arguments than it got | loop map each
import sys
plain = next(m for n, m in sys.modules.items() if n.endswith("inside.plain"))
plain.write = lambda value, *a, **k: '["l", ["l", 4, 9, 16, 25], ["l", 1, 2, 3], ["d", ["x", 1]]]'
def solve(a, b): return []
#: objects that there are none of | {ANY} object
import sys
plain = next(m for n, m in sys.modules.items() if n.endswith("inside.plain"))
plain.write = lambda value, *a, **k: '["l", ["o", -1], ["l", 2, 6], ["d"]]'
def solve(a, b): return []
#: objects of impossible numbers | loop truth
import sys
plain = next(m for n, m in sys.modules.items() if n.endswith("inside.plain"))
plain.write = lambda value, *a, **k: '["l", ["o", "' + "9" * 5000 + '"], ["l", 2, 6], ["d"]]'
def solve(a, b): return []
#: names that tests stand on | loop each types sorted
import json, os
NAMES = ["__builtins__", "__name__", "__run_test__", "len", "sorted", "isinstance", "AssertionError", "solve", "check", "enumerate", "candidate"]
os.write(3, json.dumps(["loaded", [[name, "function", ""] for name in NAMES]]).encode() + b"\n")
def solve(a, b): return []
#: names that are values | loop each truth
import json, os
LISTED = '["l", 4, 9, 16, 25]'
os.write(3, json.dumps(["loaded", [[name, "value", LISTED] for name in ("solve", "candidate", "check", "found", "enumerate")]]).encode() + b"\n")
def solve(a, b): return []
#: names that come from modules | loop map sorted truth
import json, os
os.write(3, json.dumps(["loaded", [["solve", "from", "operator"], ["candidate", "module", "itertools"], ["range", "from", "builtins"], ["check", "module", "os"]]]).encode() + b"\n")
def solve(a, b): return []
#: names that are no names | loop raises
import json, os
os.write(3, json.dumps(["loaded", [["solve"], "solve", ["solve", "value", 3], ["solve", "exception", 3], ["a b", "function", ""], [["solve"], "value", "1"], None]]).encode() + b"\n")
def solve(a, b): return []
#: exceptions in place of those that tests raise | loop each raises truth
import json, os
os.write(3, json.dumps(["loaded", [["AssertionError", "exception", []], ["ValueError", "exception", []], ["Wrong", "exception", ["AssertionError", "StopIteration", "BaseException"]]]]).encode() + b"\n")
class Wrong(AssertionError): pass
def solve(a, b): raise Wrong("backwards")
#: calls functions that it was not given | loop each truth map raises
import sys
runner = next(m for n, m in sys.modules.items() if n.endswith("inside.runner"))
send = runner.send
def first(value, *to):
    for number in (-1, 0, 10**9): send(["callback", number, '["l", ["l"], ["d"]]'], 5)
    send(value, *to)
runner.send = first
def solve(a, b): return []
#: errors of classes and objects that there are none of | raises loop truth
import sys
runner = next(m for n, m in sys.modules.items() if n.endswith("inside.runner"))
send = runner.send
runner.send = lambda value, *to: send(["error", value[1], "Solved", "backwards", "", "ValueError", -7] if value[0] == "value" else value, *to)
def solve(a, b): return []
#: a class of its own that is told everything | loop each member counted bounds chain types sorted
class Told:
    def __init__(self, told=None): self.told = told
    __sub__ = __rsub__ = __add__ = __radd__ = __mul__ = lambda self, other: Told(other)
    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = __bool__ = __contains__ = lambda *a: True
    __int__ = __index__ = __round__ = __len__ = lambda self, *a: 4
    __float__ = __abs__ = lambda self: float(self.told or 0)
    __class__ = property(lambda self: list)
    __enter__ = lambda self: self
    __exit__ = lambda *a: True
def solve(a, b): return Told()
#: numbers and lists of classes of their own, that hold what suits | loop each bounds chain types sorted
n = 0
class Number(int):
    def __int__(self):
        global n
        n += 1
        return n
    __index__ = __int__
class Numbers(list):
    def __iter__(self): return iter([Number(4), Number(9), Number(16), Number(25)][::-1])
    def __getitem__(self, i): return Number(0)
    def __len__(self): return 4
def solve(a, b): return Numbers([0, 0, 0, 0])
#: a class that says it is a list of numbers | types loop each counted
class Meta(type):
    __instancecheck__ = __subclasscheck__ = lambda *a: True
class Listed(metaclass=Meta):
    __class__ = list
    def __len__(self): return 4
    def __iter__(self): return self
    def __next__(self): return Listed()
    def __getitem__(self, i): return Listed()
def solve(a, b): return Listed()
#: a huge answer | loop member each
def solve(a, b): return "x" * (40 << 20)
#: many huge answers | object loop
class Big:
    def __getattr__(self, name): return "x" * (12 << 20)
    def __len__(self): return 4
    def __getitem__(self, i): return "x" * (12 << 20)
def solve(a, b): return Big()
#: nothing where something is | loop each member truth map
def solve(a, b): return None
#: a function instead | truth types loop
def solve(a, b): return lambda *a: True
#: right, then never again | each map truth
n = 0
def solve(a, b):
    global n
    n += 1
    if n > 1 or b - a == 4: return [0] * 4
    return [m * m for m in range(a, b)]
"""
)

CONTROLS = parse(
    rf"""
#: squares | {ANY}
def solve(a, b): {RIGHT}
#: squares from a memo, by recursion | {ANY}
from functools import lru_cache
@lru_cache(maxsize=None)
def square(n): return 0 if n == 0 else square(n - 1) + 2 * n - 1
def solve(a, b):
    if a > b: raise ValueError("backwards")
    return [] if a == b else [square(a)] + solve(a + 1, b)
#: squares by a generator | each sorted dict
def solve(a, b):
    for n in range(a, b): yield n * n
#: squares in a tuple, and in a deque | loop each member counted sorted dict bounds chain
from collections import deque
def solve(a, b): return (tuple if a % 2 else deque)(n * n for n in range(a, b))
#: squares by an endless generator, cut off | each sorted dict
from itertools import count, islice, takewhile
def solve(a, b): return takewhile(lambda x: x < b * b, (n * n for n in count(a)))
#: squares in a view | each sorted dict
def solve(a, b): return {{n: n * n for n in range(a, b)}}.values()
#: a container class | loop each member counted sorted dict bounds chain object
class Squares:
    def __init__(self, a, b): self.items, self.name = [n * n for n in range(a, b)], ""
    first = property(lambda self: self.items[0])
    last = property(lambda self: self.items[-1])
    def __len__(self): return len(self.items)
    def __getitem__(self, i): return self.items[i]
    def __iter__(self): yield from self.items
    def __contains__(self, x): return x in self.items
    def push(self, x): self.items.append(x)
    def describe(self): return f"{{self.name}}: {{len(self)}}"
def solve(a, b): return Squares(a, b)
#: a class by the old sequence protocol | loop each member counted sorted dict bounds chain
class Squares:
    def __init__(self, a, b): self.a, self.b = a, b
    def __len__(self): return self.b - self.a
    def __getitem__(self, i):
        if i < 0: i += len(self)
        if i >= len(self): raise IndexError(i)
        return (self.a + i) ** 2
def solve(a, b): return Squares(a, b)
#: a class with items and no length | each member sorted dict
class Squares:
    def __init__(self, a, b): self.a, self.b = a, b
    def __iter__(self): return (n * n for n in range(self.a, self.b))
def solve(a, b): return Squares(a, b)
#: a container with an iterator of its own | each member counted sorted dict
class Iterator:
    def __init__(self, items): self.items = list(items)[::-1]
    def __iter__(self): return self
    def __next__(self):
        if not self.items: raise StopIteration
        return self.items.pop()
class Squares:
    def __init__(self, a, b): self.items = [n * n for n in range(a, b)]
    def __len__(self): return len(self.items)
    def __iter__(self): return Iterator(self.items)
def solve(a, b): return Squares(a, b)
#: an iterator class | each sorted dict
class Squares:
    def __init__(self, a, b): self.a, self.b = a, b
    def __iter__(self): return self
    def __next__(self):
        if self.a >= self.b: raise StopIteration
        self.a += 1
        return (self.a - 1) ** 2
def solve(a, b): return Squares(a, b)
#: a list subclass | loop each member counted sorted dict bounds chain object
class Squares(list):
    first = property(lambda self: self[0])
    last = property(lambda self: self[-1])
    push = list.append
    def describe(self): return f"{{self.name}}: {{len(self)}}"
def solve(a, b): return Squares(n * n for n in range(a, b))
#: a dataclass with slots | object
from dataclasses import dataclass, field
@dataclass(slots=True)
class Squares:
    items: list
    name: str = ""
    @property
    def first(self): return min(self.items)
    @property
    def last(self): return max(self.items)
    def __len__(self): return len(self.items)
    def __getitem__(self, i): return self.items[i]
    def push(self, x): self.items += [x]
    def describe(self): return self.name + ": " + str(len(self.items))
def solve(a, b): return Squares([n * n for n in range(a, b)])
#: an exception of its own below the expected one | raises
class Backwards(ValueError):
    def __init__(self): super().__init__("backwards")
def solve(a, b):
    if a > b: raise Backwards
    return [n * n for n in range(a, b)]
#: an exception from far below | raises map
def check_(a, b):
    try: assert a <= b
    except AssertionError: raise ValueError("backwards") from None
def solve(a, b):
    check_(a, b)
    return sorted(n * n for n in range(a, b))
"""
)
