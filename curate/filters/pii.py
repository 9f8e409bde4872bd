"""Private data: e-mail addresses, telephone numbers, card numbers, bank accounts (IBAN) and keys. What stands in both parts of a sample is counted together, since either is published with the row.

What the question itself contains is no find: the model was given it. It is counted apart (`pii_in_question`), for the one who publishes the questions.
No finds: addresses under the names that RFC 2606 and RFC 6761 reserve for examples, the numbers set aside for fiction (555-01xx in North America, those of Ofcom and Arcep), numbers that fail their check
(Luhn, ISO 7064 mod 97), numbers in a calculation, card numbers that payment services publish for tests, and keys that have EXAMPLE in them, as those of manuals do. A bare row of digits is a telephone or card number only behind a word that says so, and so is
a national number in groups (06 12 34 56 78) in a task with numbers.
Not covered: names, postal addresses, national identity numbers, and numbers that are grouped in other ways.

Speed: one pass makes a skeleton of the text (0 for a digit, A and a for letters), and only what shows the shape of a number in it is read by the slower patterns.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from curate.filters.base import Filter, Limit, Trace, Value, count

_DIGITS, _UPPER, _LOWER = range(0x30, 0x3A), range(0x41, 0x5B), range(0x61, 0x7B)
_SKELETON = bytes(0x30 if b in _DIGITS else 0x41 if b in _UPPER else 0x61 if b in _LOWER else b for b in range(256))
_RUNS = bytes(0x78 if b in _DIGITS or b in _UPPER or b in _LOWER or b in b"_-" else 0x20 for b in range(256))

_AT = re.compile(r"@(?:[A-Za-z0-9-]{1,63}\.){0,4}[A-Za-z0-9][A-Za-z0-9-]{1,62}\.[A-Za-z]{2,24}(?![A-Za-z0-9_(\[])")
_SPELLED_AT = re.compile(r"(?<=[A-Za-z0-9]) ?[(\[](?:at|AT)[)\]] ?(?=[A-Za-z0-9])")  # meant for readers only, and private all the same
_SPELLED_MARKS = ("(at)", "[at]", "(AT)", "[AT]")
_LONGEST_LOCAL = 64
_LOCAL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+'-"
_RESERVED = re.compile(r"(?:\A|\.)(?:example(?:\.[a-z]{2,6}){0,2}|test|invalid|localhost|local)\Z", re.IGNORECASE)
_SERVICE = frozenset({"git", "noreply", "no-reply"})

_INTERNATIONAL = re.compile(r"\+[1-9]\d{0,2}(?:[ .-]{1,2}\(?\d{1,8}\)?){1,6}(?!\d)|\+[1-9]\d{9,14}(?!\d)")
_FEWEST_INTERNATIONAL = 9  # digits; with fewer it is a number with a sign
_DECIMAL = re.compile(r"\+\d+\.\d+")
_AMERICAN = re.compile(r"(?<!\d)(?:1[-. ])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[-. ])[2-9]\d\d[-.]\d{4}(?![\d-])")
_FICTION = re.compile(r"55501\d\d\Z|(?:44|0)(?:207946|1632960|7700900)0?\d{3}\Z|(?:33|0)(?:19900|26191|35301|46571|53649|63998)\d{4}\Z")
_CALCULATES = re.compile(r"(?:[\d)=*/^×·+\-}$]|(?<![A-Za-z])[A-Za-z])\s?\Z")
_GOES_ON = re.compile(r"\s?(?:[=*/^×·]|[+-]\s?\d|\\)")
# with the leading 0 of a national number and in groups, where nobody counts with such
_NATIONAL = re.compile(r"(?<![A-Za-z0-9_.,+-])(?<!\d )(?<![A-Z0-9]{2} )\(?0[1-9]\d{0,4}\)?(?:[ /-]\d{2,8}){1,4}(?![\w:]|[.,-]\d)")
_DATE = re.compile(r"0\d[-/ ]\d\d[-/ ](?:19|20)\d\d|0[1-9](?: 0[1-9])+\Z")
_FEWEST_BARE = 9  # digits of a row without groups or a leading 0
# rows of digits behind a word that says what they are
_ROW = re.compile(r"(?<![A-Za-z0-9_.,])\(?\d(?:[ ./()-]{0,2}\d){6,18}(?![\d%:])")
_PLACE = re.compile(r"[+(]{0,2}\d(?:[ ./()-]{0,2}\d){6,40}+")
_PAIR = re.compile(r"\d\d")  # grids of single digits have none
_BEYOND = 6  # characters after it that a pattern looks at
_ROW_SHAPE = re.compile(rb"0(?:[ ./()-]{0,2}+0){6}")
_CUE_REACH = 60  # characters
_GAP = re.compile(r"[^\d\n]{0,45}")  # read backwards from the digits
_OPERATORS = frozenset("=+-*/^×·<>≤≥≈{|")
_LETTERS = re.compile(r"[^\W\d_]+")


class Cue(NamedTuple):
    """Words that say what a row of digits is: whole ones, beginnings of some, and those of scripts without spaces."""

    whole: frozenset[str]
    beginnings: tuple[str, ...]
    within: tuple[str, ...]


_PHONE_CUE = Cue(
    frozenset({"tel", "cell", "call", "fax", "тел", "ara", "ligue", "ligar", "llame", "llama"}),
    (
        *(
            "phone",
            "telephon",
            "mobile",
            "whatsapp",
            "hotline",
            "telefon",
            "teléf",
            "téléph",
            "portable",
            "móvil",
            "celular",
            "cellulare",
            "handy",
            "rufnummer",
            "anruf",
            "erreich",
        ),
        *(
            "appelez",
            "joindre",
            "llám",
            "chiam",
            "позвон",
            "звонит",
            "телефон",
            "мобильн",
            "numara",
            "điện",
            "thoại",
            "telepon",
            "هاتف",
            "جوال",
        ),
    ),
    (
        "电话",
        "電話",
        "手机",
        "手機",
        "联系",
        "聯絡",
        "号码",
        "致电",
        "携帯",
        "전화",
        "연락처",
        "휴대폰",
        "번호",
        "फोन",
        "फ़ोन",
        "मोबाइल",
        "โทร",
    ),
)
_CARD_CUE = Cue(
    frozenset({"card", "visa", "amex", "mastercard", "carte", "carta", "cartão", "kart", "karta", "karte", "kartı", "thẻ"}),
    ("american", "карт", "tarjeta", "kredit", "kredi", "kreditkart", "بطاقة", "البطاقة"),
    ("卡号", "卡號", "信用卡", "銀行卡", "银行卡", "カード", "카드", "कार्ड"),
)

_CARD = re.compile(r"(?<![\d.,-])(?<!\d )(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?: \d{1,3})?|\d{4}([ -])\d{6}\2\d{5})(?![\d-]| \d{4}(?!\d))")
_CARD_SIZES = range(13, 20)
# what the manuals of payment services give for tests, besides four equal groups
_TEST_CARDS = frozenset(
    """4111111111111111 4012888888881881 4000056655665556 4222222222222 5555555555554444 5200828282828210 5105105105105100 2223003122003222 2223000048400011 378282246310005 371449635398431 378734493671000
    6011111111111117 6011000990139424 3056930009020004 30569309025904 38520000023237 36227206271667 3566002020360505 3530111333300000 6200000000000005""".split()  # noqa: SIM905
)
_ISSUER = re.compile(r"4|5[1-5]|2[2-7]|3[47]|3[0689]|35|6[0245]")

_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?")
_IBAN_SHAPE = re.compile(rb"AA00 ?[0A]{4} ?[0A]{4}")
# length by country: ISO 13616
_IBAN_SIZES = {
    country: size
    for size, countries in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL", 19: "MK SI", 20: "AT BA EE KZ LT LU XK", 21: "CH HR LI LV", 22: "BG CR DE GB GE IE ME RS", 23: "AE GI IL", 24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "PT", 26: "IS TR", 27: "FR GR IT MC SM", 28: "AL AZ BY CY DO GT HU LB PL", 29: "BR EG PS QA UA", 30: "JO KW MU", 31: "MT",
    }.items()
    for country in countries.split()
}  # fmt: skip

_KEYS = (
    ("sk-", r"sk-(?:proj-|ant-(?:api\d\d-)?|or-v1-|live-)?[A-Za-z0-9_-]{20,200}"),
    ("sk_", r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,100}"),
    ("AKIA", r"AKIA[A-Z0-9]{16}"),
    ("ASIA", r"ASIA[A-Z0-9]{16}"),
    ("gh", r"gh[pousr]_[A-Za-z0-9]{36,100}"),
    ("github_pat_", r"github_pat_[A-Za-z0-9_]{22,100}"),
    ("glpat-", r"glpat-[A-Za-z0-9_-]{20,60}"),
    ("xox", r"xox[abprs]-[A-Za-z0-9-]{20,100}"),
    ("AIza", r"AIza[A-Za-z0-9_-]{30,45}"),
    ("LTAI", r"LTAI[A-Za-z0-9]{12,30}"),
    ("npm_", r"npm_[A-Za-z0-9]{30,60}"),
    ("SG.", r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{30,60}"),
    (":", r"\d{8,10}:[A-Za-z0-9_-]{35}"),
    ("hf_", r"hf_[A-Za-z0-9]{30,60}"),
    ("eyJ", r"eyJ[A-Za-z0-9_-]{16,2000}\.eyJ[A-Za-z0-9_-]{16,4000}\.[A-Za-z0-9_-]{16,2000}"),
)
_KEY_PATTERNS = tuple((mark, re.compile(rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])")) for mark, pattern in _KEYS)
_PEM = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY-----")
_PLACEHOLDER = "EXAMPLE"
_LONG_RUN = b"x" * 19  # every key has a row of at least so many letters, digits, _ and -


class _Text(NamedTuple):
    text: str
    skeleton: bytes
    runs: bytes
    grouped: list[tuple[int, int]]  # where seven digits or more stand together, in groups
    introduced: list[tuple[int, int, str, list[str]]]  # where they stand behind words
    numeric: bool  # of a task with numbers, where a row of digits is one of them

    def among_digits(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """What matches where digits stand together in groups."""
        for start, end in self.grouped:
            yield from pattern.finditer(self.text, start, end + _BEYOND)


def _emails(seen: _Text) -> Iterator[str]:
    text = _SPELLED_AT.sub("@", seen.text) if any(mark in seen.text for mark in _SPELLED_MARKS) else seen.text
    for match in _AT.finditer(text) if "@" in text else ():
        before = text[max(0, match.start() - _LONGEST_LOCAL) : match.start()]
        local = before[len(before.rstrip(_LOCAL)) :].lstrip("._%+'-").lower()
        if "://" in before.rpartition(" ")[2].rpartition("\n")[2]:  # the user's part of an address
            continue
        if local and not _RESERVED.search(match[0][1:]) and local not in _SERVICE:
            yield local + match[0].lower()


def _telephone(row: str) -> str | None:
    """The digits of a telephone number; None for one that can be none."""
    digits = re.sub(r"\D", "", row)
    if not 7 <= len(digits) <= 15 or _FICTION.search(digits) or len(set(digits)) < 3:
        return None
    return digits


def _calculated(match: re.Match[str], text: str) -> bool:
    """Whether a number stands in a calculation."""
    return bool(_CALCULATES.search(text, max(0, match.start() - 2), match.start()) or _GOES_ON.match(text, match.end()))


def _phones(seen: _Text) -> Iterator[str]:
    for pattern in (_INTERNATIONAL, _AMERICAN) if seen.numeric else (_INTERNATIONAL, _AMERICAN, _NATIONAL):
        for match in seen.among_digits(pattern):
            digits = _telephone(match[0])
            signed = match[0][0] == "+"
            if digits is None or (signed and (len(digits) < _FEWEST_INTERNATIONAL or _DECIMAL.fullmatch(match[0]))):
                continue
            if not (_calculated(match, seen.text) or _DATE.match(match[0])):
                yield digits[-9:]  # with and without its country it is one number
    for row in _behind(_PHONE_CUE, seen):
        digits = _telephone(row)
        if digits and (digits[0] == "0" or not row.isdigit() or len(digits) >= _FEWEST_BARE):
            yield digits[-9:]


def _behind(cue: Cue, seen: _Text) -> Iterator[str]:
    """Rows of digits that stand behind a word."""
    for start, end, gap, words in seen.introduced:
        if any(word in cue.whole or word.startswith(cue.beginnings) for word in words) or (
            not gap.isascii() and any(word in gap for word in cue.within)
        ):
            yield from (row[0] for row in _ROW.finditer(seen.text, start, end + _BEYOND))


def _introduced(text: str, places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, str, list[str]]]:
    """Those places that have words before them on their line, with what stands between them and the number before, and its words; none where a sign of arithmetic is nearer."""
    for start, end in places:
        if text[max(0, start - 2) : start].rstrip()[-1:] not in _OPERATORS:
            gap = _GAP.match(text[max(0, start - _CUE_REACH) : start][::-1])
            before = gap[0][::-1].casefold() if gap else ""
            if words := _LETTERS.findall(before):
                yield start, end, before, words


def luhn(digits: str) -> bool:
    """Whether a number passes the check of ISO/IEC 7812."""
    total = 0
    for i, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + i % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _cards(seen: _Text) -> Iterator[str]:
    candidates = [m[0] for m in seen.among_digits(_CARD) if _ISSUER.match(m[0])]
    for candidate in (*candidates, *_behind(_CARD_CUE, seen)):
        digits = re.sub(r"\D", "", candidate)
        if len(digits) in _CARD_SIZES and luhn(digits) and digits[:4] * 4 != digits and digits not in _TEST_CARDS:
            yield digits


def _ibans(seen: _Text) -> Iterator[str]:
    if _IBAN_SHAPE.search(seen.skeleton):
        for match in _IBAN.finditer(seen.text):
            account = match[0].replace(" ", "")
            account = account[: _IBAN_SIZES.get(account[:2], 0)]
            if len(account) == _IBAN_SIZES.get(account[:2]) and int("".join(str(int(c, 36)) for c in account[4:] + account[:4])) % 97 == 1:
                yield account


def _keys(seen: _Text) -> Iterator[str]:
    if "-----BEGIN" in seen.text:
        yield from (m[0] for m in _PEM.finditer(seen.text))
    if _LONG_RUN in seen.runs:
        for mark, pattern in _KEY_PATTERNS:
            if mark in seen.text:
                yield from (m[0] for m in pattern.finditer(seen.text) if any(map(str.isdigit, m[0])) and _PLACEHOLDER not in m[0].upper())


_NUMERIC = frozenset({"math", "logic", "stem", "science", "code"})
_KINDS: Mapping[str, Callable[[_Text], Iterator[str]]] = {"email": _emails, "phone": _phones, "card": _cards, "iban": _ibans, "key": _keys}


def finds(text: str, *, numeric: bool = False) -> dict[str, set[str]]:
    """What of each kind stands in a text, in a form in which the same is equal. `numeric`: of a task with numbers, where a telephone number needs a word or a country that shows it."""
    data = text.encode("utf-8", "surrogatepass")
    skeleton = data.translate(_SKELETON)
    places = [match.span() for match in _PLACE.finditer(text) if _PAIR.search(match[0])] if _ROW_SHAPE.search(skeleton) else []
    grouped = [(start, end) for start, end in places if not text[start:end].isdigit() or text[start - 1 : start] == "+"]
    seen = _Text(text, skeleton, data.translate(_RUNS), grouped, list(_introduced(text, places)), numeric)
    return {kind: set(find(seen)) for kind, find in _KINDS.items()}


def measure(trace: Trace) -> Mapping[str, Value]:
    """Finds of each kind in both parts that the question does not have, and those of the question."""
    numeric = trace.domain in _NUMERIC
    given = finds(trace.question, numeric=numeric)
    texts = [finds(text, numeric=numeric) for text in (trace.reasoning, trace.response) if text]
    found: dict[str, Value] = {f"pii_{kind}": len(set[str]().union(*(text[kind] for text in texts)) - given[kind]) for kind in _KINDS}
    return {**found, "pii_in_question": sum(map(len, given.values()))}


_CALLED = {
    "email": "e-mail addresses",
    "phone": "telephone numbers",
    "card": "card numbers that pass their check",
    "iban": "bank accounts that pass their check",
    "key": "keys and tokens",
}
FILTER = Filter(
    "pii",
    "1",
    measure,
    metrics={
        **{f"pii_{kind}": count(f"{called} in chain and response that the question does not have") for kind, called in _CALLED.items()},
        "pii_in_question": count("of all these, how many the question has"),
    },
    limits=tuple(Limit(kind, f"pii_{kind}", 0, f"pii_{kind}", "one is too many: a published row cannot be taken back") for kind in _KINDS),
)
