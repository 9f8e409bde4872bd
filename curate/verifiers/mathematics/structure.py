r"""What an answer is made of: lists, sets, ordered tuples and intervals, unions, relations, matrices, ratios, option letters, words, and the quantities inside them.

`read` takes `plain` text apart along its brackets and separators, outermost first; what is left is a quantity, parsed by `syntax.py`. A text with a comma between digits can be meant in two ways: `readings` gives both, the usual one first.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from curate.verifiers.mathematics.domains import without_domain
from curate.verifiers.mathematics.spelled import cardinal
from curate.verifiers.mathematics.syntax import Node, Unread, num, parse, words_of
from curate.verifiers.mathematics.text import plain
from curate.verifiers.mathematics.units import Measured, compound, measured

DEEPEST = 12  # brackets within brackets
MOST_ITEMS = 200
BOUND = "⦃"  # the label of a condition whose name any other may replace, since a set is made of it


class Value(NamedTuple):
    """`kind` says what the other fields mean:

    quantity   node, unit, decimal; items: what it is said to be about equal to
    list       items, in no order; marks: the separator ("or", "and", ",")
    tuple      items in order; marks: the two brackets
    set, matrix (items are rows, tuples), ratio, union (marks: the operators), relation (marks: its operators)
    option     a letter in marks, items: what stands behind it
    reals, empty, infinity (marks: its sign), words, unknown
    """

    kind: str
    text: str
    items: tuple["Value", ...] = ()
    marks: tuple[str, ...] = ()
    node: Node = num(0)
    unit: str = ""
    decimal: bool = False
    label: str = ""


_OPEN, _CLOSE = "([{⦃⟨", ")]}⦄⟩"
_BRACKETS = re.compile(r"[(\[{⦃⟨]|[)\]}⦄⟩]|\\begin|\\end")
_JOINING = re.compile(r"\\text\s*\{\s*,?\s*(and|or|和|或|或者|以及|与|;|,)\s*,?\s*\}")
_OR = re.compile(r"\bor\b|或者?|(?<=[\d)])or(?=[\d(xWn])|\\vee")
_AND = re.compile(r",\s*(?:\\?\s*and\b)?|\band\b|以及|和|与|及|&")
_SEMICOLON = re.compile(r";")
_RELATIONS = re.compile(r"[≤≥<>=≠≈∈≡]|\\notin|\\to\b|\\rightarrow|\\Rightarrow|\\equiv")
# before the name in: x + 2, x ≠ 2; x + 2 (x ≠ 2); x + 2 for x ≠ 2
_RESTRICTION = re.compile(r"(?:[,;] ?|\(|(?:\\text ?\{ ?)?(?:,? ?(?:for|where|with|when|if|provided that) ?\}?[, ]*)\(?)$")
_UNIONS = re.compile(r"∪|∩|\\setminus|\\sqcup|(?<=[\])⦄])\s*U\s*(?=[\[(⦃])|(?<=[\])⦄}])\s*-\s*(?=⦃)")
_COLON = re.compile(r":")
_MATRIX = re.compile(
    r"^([(\[{]*)\\begin\s*\{([pbBvV]|small)?(matrix|array|cases|aligned|gathered)\}(?:\s*\{[lcr|\s]*\})?(.*?)\\end\s*\{\w*\}([)\]}]*)$",
    re.DOTALL,
)
_TRANSPOSED = re.compile(r"\s*\^\s*\{?\s*(?:T|\\top|\\intercal|\\text\s*\{\s*T\s*\})\s*\}?$")
_COMMAS = re.compile(r"(?<![\d.])[1-9]\d{0,2}(?:,\d{3})+(?!\d)")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,(?:\d{1,2}|\d{4,})|[-+]?0,\d+")
_UNWRAP = re.compile(r"\\text\s*\{([^{}]*)\}")
_OPTION = re.compile(
    r"^(?:(?:option|choice|answer|选项|選項|选|選)\s*)?(?:\(\s*([A-Ja-j])\s*\)|([A-J])(?=\s*[.):、]|\s*$))\s*[.):、]?\s*", re.IGNORECASE
)
_PROSE = re.compile(r"(?<![\\A-Za-z])(?!(?:sin|cos|tan|log|sqrt|pi|exp)\b)[A-Za-z]{3,20}\s+[A-Za-z]{2,}")
_TIME = re.compile(r"(\d{1,2}:\d{2}(?::\d{2})?)\s*([ap])\.?\s?m\.?")
_FORMULA_REST = re.compile(r"^(?!-\d)(?:and\b|or\b|或|和|[∪∩\\^*/+=<>≤≥≠∈!_,|-]|\()")
NUMBER = re.compile(r"-?\d{1,300}(?:\.\d{1,300})?")
_EMPTY = re.compile(
    r"∅|⦃\s*⦄|\{\s*\}|(?:the\s+)?(?:empty|null)\s+set|no(?:\s+real)?\s+solutions?(?:\s+exists?)?|there\s+(?:is|are)\s+no\s+(?:real\s+)?solutions?|无(?:实数)?解|无实根|空集"
)
_REALS = re.compile(
    r"(?:all\s+)?(?:the\s+)?real\s+numbers|all\s+reals|any\s+real\s+number|\\mathbb\s*\{?\s*R\s*\}?|R|全体实数|任意实数|实数集"
)
_INFINITY = re.compile(r"([-+]?)\s*(?:∞|infinity|inf|无穷大|无穷)")
_SHORT_WORDS = frozenset(words_of("no on in it up"))
_CONSTANTS = frozenset(words_of("pi inf infinity theta alpha beta lambda phi"))
_CONDITION = re.compile(r"\\mathbb\s*\{?\s*[ZNR]|^[ZNR](?:\^[+*]|\^\{[+*]\})?$|^(?:integers?|positive integers?|整数)$")
_BARE_LABEL = re.compile(
    r"_\s*(?:\{[^{}]*\}|\w)|(?<=[A-Za-z])\^\s*\{\s*-\s*1\s*\}(?=\s*\()|'|\([^()]*\)|\\angle|\\triangle|\\overline|\\overrightarrow|\\text|\\frac|\\bar|\\mathbb|\\sqrt|\\(?:sin|cos|tan|log|ln|min|max|arg|det)\b|[{}|\s\\:,]"
)


def parts(text: str, separator: re.Pattern[str]) -> tuple[list[str], list[str]]:
    """Text split where the separator stands outside all brackets, and the separators."""
    found, marks = [], []
    depth = start = at = 0
    brackets = _BRACKETS.finditer(text)
    bracket = next(brackets, None)
    for m in separator.finditer(text):
        while bracket is not None and bracket.start() < m.start():
            depth += 1 if bracket[0] in _OPEN or bracket[0] == "\\begin" else -1
            bracket = next(brackets, None)
        if depth <= 0 and m.start() >= at:
            found.append(text[start : m.start()])
            marks.append(m[0].strip())
            start = at = m.end()
    return [*found, text[start:]], marks


def enclosed(text: str) -> bool:
    """Whether the bracket at the start of a text closes at its end and not before."""
    if len(text) < 2 or text[0] not in _OPEN or text[-1] not in _CLOSE:
        return False
    depth = 0
    for m in _BRACKETS.finditer(text):
        depth += 1 if m[0] in _OPEN or m[0] == "\\begin" else -1
        if depth == 0:
            return m.end() == len(text)
    return False


def is_label(text: str) -> bool:
    """Whether the left side of an equation only names what the right side is: x, f(x), AB, S_1, \\angle ABC, (x, y)."""
    bare = _BARE_LABEL.sub("", text[1:-1] if enclosed(text) else text)
    return bool(bare) and bare.isalpha() and len(text) <= 60


def wordless(text: str) -> str:
    """Text with the words inside \\text{} bare."""
    for _ in range(3):
        text = _UNWRAP.sub(r" \1 ", text)
    return " ".join(text.split())


def _words(text: str) -> str | None:
    """Text as lower-case words where that is what it is, None where it looks like a formula."""
    bare = wordless(text).strip(" .,;:!\"'")
    letters = sum(c.isalpha() for c in bare)
    if not letters or any(c in bare for c in "\\=<>≤≥^_{}⦃⦄∪∩|"):
        return None
    runs = re.findall(r"[^\W\d_]+", bare)
    if (bare.isascii() and max(len(r) for r in runs) < 2) or letters < 0.5 * len(bare.replace(" ", "")):
        return None
    return " ".join(bare.lower().split())


def _is_word(letters: str) -> bool:
    """Whether a run of letters is a word and not a product of names or a constant."""
    return letters.lower() in _SHORT_WORDS or (len(letters) > 2 and letters.lower() not in _CONSTANTS)


def _quantity(text: str, gold: bool) -> Value:
    if (text[-1:].isalpha() or text[-1:] == "}") and compound(said := wordless(text)):
        return Value("words", said.lower())
    m = measured(text, gold=gold)
    head = m.text
    if NUMBER.fullmatch(head):
        return Value("quantity", text, node=num(Fraction(head) * m.factor), unit=m.unit, decimal="." in head)
    head = re.sub(
        r"^(?:negative|minus)\s+(?=[\d\\])",
        "-",
        re.sub(r"^(?:approximately|about|roughly|around|exactly|约|大约)\s*(?=[-\d\\$])", "", head),
    )
    head = re.sub(r"(?<=\d)(?:st|nd|rd|th)$|\^\s*\{?\s*\\text\s*\{(?:st|nd|rd|th)\}\s*\}?$", "", head)
    if head.isascii() and (letters := head.replace("-", "", 1)).isalpha() and len(letters) > 1 and _is_word(letters):
        low = head.lower()
        words = low.split("-")
        if (found := cardinal(words)) is not None and found[1] == len(words):
            return Value("quantity", text, node=num(found[0]), unit=m.unit)
        return _parsed(text, head, m) if len(words) > 1 and max(len(w) for w in words) < 3 else Value("words", low)  # x-y
    if ("∞" in head or "无穷" in head or "inf" in head) and (sign := _INFINITY.fullmatch(wordless(head))):
        return Value("infinity", text, marks=("-" if sign[1] == "-" else "+",))
    return _parsed(text, head, m)


def _parsed(text: str, head: str, m: Measured) -> Value:
    if _PROSE.search(head):
        return Value("words", _words(text) or " ".join(text.lower().split()))
    try:
        found = parse(_COMMAS.sub(lambda c: c[0].replace(",", ""), head))
    except Unread:
        words = _words(text)
        return Value("unknown", text) if words is None else Value("words", words)
    node = found.node if m.factor == 1 else Node("mul", (found.node, num(m.factor)))
    return Value("quantity", text, node=node, unit=m.unit, decimal=found.decimal)


def _matrix(m: re.Match[str], gold: bool, depth: int) -> Value:
    text = m[0]
    if m[2] in ("v", "V") or "\\begin" in m[4] or m[4].count("\\\\") > MOST_ITEMS or m[4].count("&") > MOST_ITEMS:
        return Value("unknown", text)
    rows = [r for r in re.split(r"\\\\(?:\[[^\]]*\])?|\\cr\b|\\hline", m[4]) if r.strip(" {}\\")]
    if m[3] not in ("matrix", "array"):
        items = [read(r.replace("&", ", "), gold=gold, depth=depth + 1) for r in rows]
        return Value("list", text, tuple(items), (",",))
    return Value(
        "matrix", text, tuple(Value("tuple", r, tuple(read(c, gold=gold, depth=depth + 1) for c in r.split("&")), ("(", ")")) for r in rows)
    )


def _transposed(matrix: Value, text: str) -> Value:
    """A matrix turned; unknown where it is none, or its rows differ in length."""
    if matrix.kind != "matrix" or len({len(row.items) for row in matrix.items}) != 1:
        return Value("unknown", text)
    return Value(
        "matrix", text, tuple(Value("tuple", text, column, ("(", ")")) for column in zip(*(r.items for r in matrix.items), strict=True))
    )


def _repeats(items: list[Value]) -> bool:
    """Whether all items are lists of one length, as solutions of a system are."""
    return all(i.kind == "list" and i.marks != ("±",) for i in items) and len({len(i.items) for i in items}) == 1


def _collection(pieces: list[str], mark: str, text: str, gold: bool, depth: int) -> Value:
    items = [read(p, gold=gold, depth=depth + 1) for p in pieces[:MOST_ITEMS] if p.strip()]
    kept = [i for i in items if i.kind != "condition"]
    items = kept or items
    flat: list[Value] = []
    for item in items:  # a list within: 1, ±2; or 21, 16 or 11
        within = item.kind == "list" and (
            item.marks == ("±",) or (mark == "or" and len({i.label for i in item.items}) < 2 and len(items) > 1)
        )
        flat.extend(item.items if within and not _repeats(items) else [item])
    if len(flat) == 1:
        return flat[0]
    if mark in (",", "and") and flat and flat[0].label and not any(i.label for i in flat[1:]) and all(i.kind == "quantity" for i in flat):
        flat = [i._replace(label=flat[0].label) for i in flat]  # x = 1, 2
    return Value("list", text, tuple(flat), (mark,))


def _relation(pieces: list[str], marks: list[str], text: str, gold: bool, depth: int) -> Value:
    if len(pieces) == 2 and not pieces[0].strip() and marks[0] in ("≈", "="):
        return read(pieces[1], gold=gold, depth=depth + 1)
    if any(not p.strip() for p in pieces):
        return Value("unknown", text)
    if marks == ["="] and re.fullmatch(r"[a-z]", pieces[1].strip()) and NUMBER.fullmatch(pieces[0].strip()):  # 5 = x
        pieces = pieces[::-1]
    arrows = [k for k, mark in enumerate(marks) if mark.startswith(("\\to", "\\right", "\\Right"))]
    if arrows:  # what follows from what was said before
        k = arrows[-1] + 1
        rest = "".join(p + (marks[k + j] if k + j < len(marks) else "") for j, p in enumerate(pieces[k:]))
        return read(rest, gold=gold, depth=depth + 1)
    if marks[-1] == "∈" and (len(marks) == 1 or set(marks) == {"∈"}):
        inside = read(pieces[-1], gold=gold, depth=depth + 1)
        name = pieces[0].strip()
        if _CONDITION.search(pieces[-1].strip()) and inside.kind != "reals":
            return Value("condition", text)
        return inside._replace(label=name)
    if set(marks) <= {"=", "≈"}:
        exact = pieces[: marks.index("≈") + 1] if "≈" in marks else pieces
        about = [] if "≈" not in marks else pieces[marks.index("≈") + 1 :]
        first = pieces[0].strip()
        label = first if is_label(first) and (len(pieces) > 1) else ""
        if label and len(exact) == 1:  # x ≈ 3.14
            exact, about = [pieces[-1]], []
        values = [read(p, gold=gold, depth=depth + 1) for p in (exact[-1], *about)]
        numeric = all(
            p.kind != "unknown" and not re.search(r"[A-Za-z]", re.sub(r"\\[A-Za-z]+", "", t))
            for p, t in zip(values, (exact[-1], *about), strict=True)
        )
        first_numeric = not re.search(r"[A-Za-z]", re.sub(r"\\(?!text)[A-Za-z]+|\\text\{[^{}]*\}", "", first))
        if label or (numeric and first_numeric):
            return values[0]._replace(label=label, items=(*values[0].items, *(v for v in values[1:] if values[0].kind == "quantity")))
    sides = tuple(read(p, gold=True, depth=depth + 1) for p in pieces)
    return Value("relation", text, sides, tuple(marks))


def read(text: str, *, gold: bool, depth: int = 0) -> Value:
    """The structure of a `plain` text. Never raises: what it has no place for is of kind unknown."""
    text = text.strip()
    while text and text[-1] in ".,;:" and not text.endswith("..."):
        text = text[:-1].rstrip()
    if NUMBER.fullmatch(text):
        return Value("quantity", text, node=num(Fraction(text)), decimal="." in text)
    if depth > DEEPEST or not text:
        return Value("unknown", text)
    if "\\begin" in text:
        turned = _TRANSPOSED.search(text)
        if m := _MATRIX.match(text[: turned.start()].strip() if turned else text):
            found = _matrix(m, gold, depth)
            return _transposed(found, text) if turned else found
    text = without_domain(_JOINING.sub(r" \1 ", text))
    if text.startswith("\\text") and (whole := _UNWRAP.fullmatch(text)):
        text = _COMMAS.sub(lambda c: c[0].replace(",", ""), whole[1].strip())
    bare = wordless(text)
    low = bare.lower()
    if _EMPTY.fullmatch(low):
        return Value("empty", text)
    if _REALS.fullmatch(bare) or _REALS.fullmatch(low):
        return Value("reals", text) if bare != "R" else Value("quantity", text, node=Node("sym", name="R"))
    if (m := _TIME.fullmatch(low)) is not None:
        return Value("ratio", text, tuple(Value("quantity", p, node=num(int(p))) for p in m[1].split(":")), unit=m[2])
    if (
        (m := _OPTION.match(bare))
        and not _FORMULA_REST.match(rest := bare[m.end() :])
        and (m[1] or bare[0].isupper() or low[:3] in ("opt", "cho"))
    ):
        letter = (m[1] or m[2]).upper()
        behind = (read(_behind(text), gold=gold, depth=depth + 1),) if rest else ()
        return Value("option", text, behind, (letter, m[0].strip()))
    if "≠" in text and (said := _unrestricted(text)):
        return read(said, gold=gold, depth=depth + 1)
    for separator, mark in ((_SEMICOLON, ";"), (_OR, "or"), (_AND, ",")):
        pieces, marks = parts(text, separator)
        if marks and (filled := [p for p in pieces if p.strip()]) and len(filled) > 1:
            if (
                mark == ","
                and _words(text) is not None
                and not any(re.search(r"\d", p) for p in filled)
                and max(len(p.split()) for p in filled) > 2
            ):
                return Value("words", _words(text) or "")
            joined = "and" if mark == "," and any("," not in m for m in marks) else mark
            return _collection(pieces, joined, text, gold, depth)
    pieces, marks = parts(text, _RELATIONS)
    if marks:
        return _relation(pieces, [{"\\notin": "∉", "\\equiv": "≡"}.get(m, m) for m in marks], text, gold, depth)
    pieces, marks = parts(text, _UNIONS)
    if marks and all(p.strip() for p in pieces):
        operators = tuple("∪" if m in ("U", "\\sqcup") else "∖" if m in ("\\setminus", "-") else m for m in marks)
        return Value("union", text, tuple(read(p, gold=gold, depth=depth + 1) for p in pieces), operators)
    if (turned := _TRANSPOSED.search(text)) is not None and text[: turned.start()].endswith(")"):  # (1, 2)^T
        text = text[: turned.start()]
    if enclosed(text):
        return _bracketed(text, gold, depth)
    if "±" in text or "∓" in text:
        signs = (("±", "+"), ("∓", "-")), (("±", "-"), ("∓", "+"))
        both = [_quantity(re.sub(r"^\+", "", text.replace(a, b).replace(c, d).strip()), gold) for (a, b), (c, d) in signs]
        return Value("list", text, tuple(both), ("±",))
    pieces, marks = parts(text, _COLON)
    if marks and len(pieces) <= 5 and all(p.strip() for p in pieces):
        items = tuple(read(p, gold=gold, depth=depth + 1) for p in pieces)
        if all(i.kind == "quantity" and not i.unit for i in items[:-1]):
            return Value("ratio", text, items)
        if items[0].kind in ("words", "unknown") and len(items) == 2 and not re.search(r"\d", pieces[0]):  # "Area: 5"
            return items[1]
    return _quantity(text, gold)


def _unrestricted(text: str) -> str:
    """What a text says beside a restriction of a name in it; empty where it has none."""
    head, _, rest = re.sub(r" {2,}", ", ", text).partition("≠")  # \quad is two spaces
    head, name = head.rstrip()[:-1], head.rstrip()[-1:]
    before = _RESTRICTION.search(head) if name.isalpha() else None
    said = head[: before.start()].strip(" ,;") if before else ""
    if not said or re.search(r"[≤≥<>≈∈≡]", said + rest) or not re.search(rf"(?<![A-Za-z\\]){name}(?![A-Za-z])", said):
        return ""
    return said


def _behind(text: str) -> str:
    """What stands behind an option's letter, with its commands."""
    return re.sub(r"^(?:\\text\s*\{)?\s*\(?\s*[A-Ja-j]\s*[.):、]*\s*\}?\s*[.):、]?\s*", "", text, count=1)


def _bracketed(text: str, gold: bool, depth: int) -> Value:
    opening, inside, closing = text[0], text[1:-1].strip(), text[-1]
    if opening == "{":
        return read(inside, gold=gold, depth=depth + 1)
    if opening == "⦃":
        return _set(inside, text, gold, depth)
    pieces, marks = parts(inside, re.compile(r";"))
    if not marks:
        grouped = ", " in inside or len(re.findall(",", inside)) < 1
        inside = _COMMAS.sub(lambda m: m[0].replace(",", ""), inside) if grouped else inside
        pieces, marks = parts(inside, re.compile(r","))
    if not marks:
        return read(inside, gold=gold, depth=depth + 1) if opening in "([" else Value("unknown", text)
    if len(pieces) > MOST_ITEMS or any(not p.strip() for p in pieces):
        return Value("unknown", text)
    opening, closing = ("(", ")") if opening == "⟨" else (opening, closing)
    return Value("tuple", text, tuple(read(p, gold=gold, depth=depth + 1) for p in pieces), (opening, closing))


def _set(inside: str, text: str, gold: bool, depth: int) -> Value:
    builder, marks = parts(inside, re.compile(r"[|:]"))
    if marks and len(builder) == 2 and is_label(re.sub(r"∈.*", "", builder[0])):
        found = read(re.sub(r",\s*\w\s*∈\s*\\mathbb\s*\{R\}|\w\s*∈\s*\\mathbb\s*\{R\}\s*,", "", builder[1]), gold=gold, depth=depth + 1)
        return found._replace(label=BOUND) if found.kind in ("relation", "list") else found
    if ", " in inside or ";" in inside:
        inside = _COMMAS.sub(lambda m: m[0].replace(",", ""), inside)
    pieces, _ = parts(inside, re.compile(r"[,;]"))
    items: list[Value] = []
    for piece in pieces[: MOST_ITEMS + 1]:
        item = read(piece, gold=gold, depth=depth + 1)
        items.extend(item.items if item.kind == "list" and item.marks == ("±",) else [item])
    return Value("set", text, tuple(items)) if len(items) <= MOST_ITEMS else Value("unknown", text)


def readings(text: str, *, gold: bool) -> Iterator[Value]:
    """What a text can mean, the usual meaning first: 1,234 is a number before it is a list, and 1,5 a list before it is a decimal."""
    text = plain(text)
    joined = text
    if "," in text:
        joined = _join_outside(text)
    yield read(joined, gold=gold)
    if joined != text:
        yield read(text, gold=gold)
    elif "," in text and _DECIMAL_COMMA.fullmatch(measured(text, gold=gold).text):
        yield read(re.sub(r"(?<=\d),(?=\d)", ".", text, count=1), gold=gold)


def _join_outside(text: str) -> str:
    """Thousands joined where no bracket is around them."""
    found, depth, at = [], 0, 0
    for m in _BRACKETS.finditer(text):
        piece = text[at : m.start()]
        found.append(_COMMAS.sub(lambda c: c[0].replace(",", ""), piece) if depth == 0 else piece)
        found.append(m[0])
        depth += 1 if m[0] in _OPEN or m[0] == "\\begin" else -1
        at = m.end()
    piece = text[at:]
    found.append(_COMMAS.sub(lambda c: c[0].replace(",", ""), piece) if depth == 0 else piece)
    return "".join(found)
