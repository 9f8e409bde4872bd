"""An object of the program, as the tests have it: what it is asked, and what is not left to its word.

Its attributes, methods, items, length and text are what the program says, as are the results of its operators. What it said of an attribute, an item, its length or its items holds until the tests call something, and the items that it gives
are as many as the length that it states: an object cannot give one answer now and another a moment later.

What would decide a test by the program's word alone is not asked: its own `==`, order, truth and `in` (which looks through the items that it gives, where it gives any). Such a test is unjudged. Where its class defines none of them, Python's
own rules hold here: it equals itself, is true, and has no order. Nor is a number believed that it gives after it was told one: of `abs(found - 5)` the program would know what to say.

A class that extends a built-in type and leaves its comparisons alone goes by its content, which is fetched and compared here.

Departures from Python: an object is callable, sized and iterable for whoever only asks whether it is, and an instance of no class but the program's. `type` of it is a class that has only the name.
"""

import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from curate.sandbox.inside import failures, plain

if TYPE_CHECKING:
    from curate.sandbox.inside.tester import How, Program

MOST_STEPS = 100_000  # items that one iteration takes from an iterator of the program's, one question each
T = TypeVar("T")


def exactly(kind: type[T], value: object) -> T:
    """The value, of that very class. Raises NotPlain."""
    if type(value) is not kind:
        raise plain.NotPlain(f"{type(value).__name__} instead of {kind.__name__}")
    return value


def _same(one: Any, other: Any) -> bool:
    """Whether plain data is the same; true where it holds objects of the program."""
    try:
        return plain.write(one) == plain.write(other) or bool(one == other)
    except plain.NotPlain:
        return True


class Remote:
    """An object of the program. `_told`: it came of an operation with a value of the tests'."""

    __slots__ = ("_defines", "_number", "_program", "_stopped", "_told")
    _program: "Program"
    _number: int
    _stopped: bool
    _told: bool
    _defines: frozenset[str] | None

    def __init__(self, program: "Program", number: int) -> None:
        for name, value in (("_program", program), ("_number", number), ("_stopped", False), ("_told", False), ("_defines", None)):
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__array"):  # numpy would take an address in memory for the items, and the program's word for it
            raise AttributeError(name)
        return self._program.call((self, name), (), {}, "read")

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("__setattr__", name, value, how="call")

    def __delattr__(self, name: str) -> None:
        self._ask("__delattr__", name, how="call")

    def __mro_entries__(self, bases: object) -> tuple[type, ...]:
        raise self._left_to_it("a class of the tests below one of the program's")

    def _ask(self, name: str, *arguments: Any, how: "How" = "read") -> Any:
        """The answer of one of its methods."""
        return self._program.call((self, name, "call"), arguments, {}, how)

    def _do(self, name: str, *arguments: Any, how: "How" = "read") -> Any:
        """The result of an operation with it."""
        return self._program.call(("", name), arguments, {}, how)

    def _own(self, name: str) -> bool:
        """Whether its class defines this method."""
        found = self._defines
        if found is None:
            found = frozenset(exactly(str, n) for n in exactly(list, self._do("own", self)))
            object.__setattr__(self, "_defines", found)
        return name in found

    def _left_to_it(self, what: str) -> Exception:
        return self._program.refusal(f"{what} is for the program's own class to say", judged=False)

    def __call__(self, *positional: Any, **named: Any) -> Any:
        return self._program.call(self, positional, named)

    def __len__(self) -> int:
        try:
            return exactly(int, self._ask("__len__"))
        except AttributeError as error:  # as Python has it: `list` asks, and goes on
            raise TypeError(str(error)) from None

    def __str__(self) -> str:
        return exactly(str, self._ask("__str__"))

    def __repr__(self) -> str:
        return exactly(str, self._ask("__repr__"))

    def __format__(self, form: str) -> str:
        return exactly(str, self._do("format", self, form))

    def __getitem__(self, key: Any) -> Any:
        return self._do("getitem", self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._ask("__setitem__", key, value, how="call")

    def __delitem__(self, key: Any) -> None:
        self._ask("__delitem__", key, how="call")

    def __iter__(self) -> Iterator[Any]:
        try:
            self.__getattr__("__next__")
        except AttributeError:
            return self._items()
        return self._steps()

    def __reversed__(self) -> Any:
        return self._do("reversed", self, how="step")

    def __next__(self) -> Any:
        if self._stopped:
            raise StopIteration
        try:
            return self._ask("__next__", how="step")
        except failures.Stopped:
            object.__setattr__(self, "_stopped", True)
            raise StopIteration from None

    def _steps(self) -> Iterator[Any]:
        """What an iterator of the program's still gives."""
        for _ in range(MOST_STEPS):
            try:
                item = self.__next__()
            except StopIteration:
                return
            yield item
        raise self._program.refusal(f"an iterator of the program gives more than {MOST_STEPS:,} items")

    def _items(self) -> Iterator[Any]:
        """What a container of the program's gives: the same each time, until something is called, and as many as it says."""
        before = self._program.given.setdefault(self._number, [])
        try:
            stated = len(self)
        except TypeError:
            stated = None
        count = 0
        for count, item in enumerate(self._given(), 1):
            if count > len(before):
                before.append(item)
            if not _same(item, before[count - 1]) or (stated is not None and count > stated):
                break
            yield item
        else:
            if count == len(before) and stated in (None, count):
                return
        raise self._program.refusal("an object of the program gives other items than before, or not as many as it says")

    def _given(self) -> Iterator[Any]:
        given = self._do("iter", self, how="step")
        if isinstance(given, Remote):
            return given._steps()
        if type(given) is not type(iter([])):
            raise TypeError(f"iter() returned non-iterator of type {type(given).__name__}")
        return given

    def __contains__(self, wanted: Any) -> bool:
        if self._own("__contains__") and not (self._own("__iter__") or self._own("__getitem__")):
            raise self._left_to_it("`in`")
        return any(wanted is item or wanted == item for item in self)

    def _content(self) -> Any:
        """What it holds, as plain data: of a class that goes by its content, as a built-in one does, and whose object was not told of what it is compared with."""
        if self._told:
            raise self._left_to_it("what it holds")
        found = self._do("content", self)
        if isinstance(found, Remote):
            raise self._program.refusal("the content of an object is no plain data")
        return found

    def __bool__(self) -> bool:
        if self._own("content"):
            return bool(self._content())
        if self._own("__bool__"):
            raise self._left_to_it("whether it is true")
        return len(self) > 0 if self._own("__len__") else True

    def __eq__(self, other: object) -> bool:
        if self._own("content") and not isinstance(other, Remote):
            return bool(self._content() == other)
        if self._own("__eq__") or self._own("__ne__") or (isinstance(other, type) and issubclass(other, Remote)):
            raise self._left_to_it("`==`")
        return True if other is self else NotImplemented

    def __hash__(self) -> int:
        if self._own("content"):
            return hash(self._content())
        if self._own("__eq__"):
            raise self._left_to_it("which objects are one in a set")
        return hash(self._number)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, Remote) and exactly(bool, self._do("isinstance", instance, self))

    def __subclasscheck__(self, kind: object) -> bool:
        return isinstance(kind, Remote) and exactly(bool, self._do("issubclass", kind, self))

    def __copy__(self) -> Any:
        return self._do("copy", self, how="call")

    def __deepcopy__(self, memo: object) -> Any:
        return self._do("deepcopy", self, how="call")

    def __enter__(self) -> Any:
        return self._ask("__enter__", how="call")

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> Literal[False]:
        told = ("", "", "") if error is None else failures.told(error)
        if exactly(bool, self._do("leave", self, *told, how="call")) and error is not None:
            raise self._left_to_it("that an error of the tests is passed over")
        return False

    def _operated(self, name: str, *operands: Any) -> Any:
        """What an operator gives."""
        told = any(not isinstance(o, Remote) or o._told for o in operands)
        result = self._do(name, *operands, how="call")
        if told and isinstance(result, Remote):
            object.__setattr__(result, "_told", True)
        elif told:
            raise self._left_to_it("what comes of it and a value of the tests")
        return result

    def _number_of(self, name: str, *arguments: Any) -> Any:
        if self._told:
            raise self._left_to_it("the number")
        return self._do(name, self, *arguments)

    def __int__(self) -> int:
        return exactly(int, self._number_of("int"))

    def __float__(self) -> float:
        return exactly(float, self._number_of("float"))

    def __complex__(self) -> complex:
        return exactly(complex, self._number_of("complex"))

    def __index__(self) -> int:
        return exactly(int, self._number_of("index"))

    def __round__(self, *digits: int) -> Any:
        return self._number_of("round", *digits)


class Coroutine(Remote):
    """What calling an `async def` of the program gives. It runs to its end where it is first awaited, in a loop of the program's."""

    __slots__ = ()

    def __await__(self) -> Iterator[Any]:
        return self._do("await", self, how="call")  # type: ignore[no-any-return]
        yield  # which makes this a generator

    def send(self, value: object) -> Any:
        raise StopIteration(self._do("await", self, how="call"))

    def __next__(self) -> Any:
        return self.send(None)

    def throw(self, *error: Any) -> Any:
        raise error[-1] if isinstance(error[-1], BaseException) else error[0]

    def close(self) -> None:
        return


def of_class(name: str) -> type[Remote]:
    """A class for objects of the program's class of that name: its name is all that it has of it."""
    base = Coroutine if name == "coroutine" else Remote
    return type(name if name.isidentifier() else "Remote", (base,), {"__slots__": ()})


def _order(name: str, of_plain: Callable[[Any, Any], Any]) -> Callable[[Remote, object], Any]:
    def compare(self: Remote, other: object) -> Any:
        if self._own("content") and not isinstance(other, Remote):
            return of_plain(self._content(), other)
        if self._own(name):
            raise self._left_to_it("its order")
        return NotImplemented

    return compare


def _operator(name: str, *, reflected: bool = False) -> Callable[..., Any]:
    def operate(self: Remote, *others: Any) -> Any:
        return self._operated(name, *(*others, self) if reflected else (self, *others))

    return operate


for _name in ("lt", "le", "gt", "ge"):
    setattr(Remote, f"__{_name}__", _order(f"__{_name}__", getattr(operator, _name)))
for _name in ("neg", "pos", "abs", "invert"):
    setattr(Remote, f"__{_name}__", _operator(_name))
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift", "divmod"):
    _function = f"{_name}_" if _name in ("and", "or") else _name
    setattr(Remote, f"__{_name}__", _operator(_function))
    setattr(Remote, f"__r{_name}__", _operator(_function, reflected=True))
    if _name != "divmod":
        setattr(Remote, f"__i{_name}__", _operator(f"i{_name}"))
