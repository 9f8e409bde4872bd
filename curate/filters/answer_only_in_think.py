r"""An answer that stands in the chain only: the response is empty or holds no answer, while the chain states one. Who trained on it would learn to keep the answer to itself.

The chain states an answer by a box, answer tags or "the answer is" (curate.verifiers.extraction, and the like in other languages). The response holds one where it states one in such a way, where the
chain's answer occurs in it (also as 0.5 for 1/2, as a number in words, or as the text of the option), or where it has a number or formula that the chain does not have: then it says something else, and
whether that is right is the verifier's business. An answer that is a formula is held by any formula. A response without a letter or digit is empty.

Of general and code tasks only empty responses are looked at: any text is an answer there. Not covered: chains that state their answer in other ways, and responses of more than 600 characters, which are
taken to come to an answer in their own words.
"""

import re
from collections.abc import Iterable
from fractions import Fraction

from curate.filters.base import Filter, Trace
from curate.verifiers.extraction import stated, visible

_LONG = 600  # characters
_LONGEST_LINE = 200
_FEW_WORDS = 4  # an answer of more words may be said in others
_ANNOUNCED = re.compile(
    r"(?:(?:correct|right|best) (?:option|choice) is|die (?:richtige )?antwort (?:ist|lautet)|antwort\s?:|la (?:respuesta|solución)(?: final| correcta)? es|respuesta\s?:|la réponse (?:finale )?est|réponse\s?:|a resposta (?:final )?é|resposta\s?:"
    r"|la risposta (?:finale )?è|risposta\s?:|ответ\s?(?:[:—–-]|равен)|odpowied[zź]\s?:|odpověď\s?:|cevap\s?:?|jawabannya adalah|jawaban\s?:|đáp (?:án|số)\s?(?:là|:)|答え?は|(?:정)?답은|(?:الجواب|الإجابة)(?: هو| هي)?\s?:?|उत्तर\s?(?:है|:))"
    r"\s*([^\n。]{1,80})",
    re.IGNORECASE,
)
# how a chain of mathematics ends that does not announce its answer
_LAST = re.compile(
    r"(?<!\w)(?:so|thus|hence|therefore|also|donc|así que|entonces|quindi|logo|portanto|значит|итак|所以|因此|よって|따라서)[^\n]{0,100}?=\s*\$?(-?\d{1,18}(?:[.,/]\d{1,18})?)\$?\.?\s*\Z",
    re.IGNORECASE,
)
_DRESS = re.compile(r"\\(?:text|mathrm|textbf|mathbf|left|right|boxed|,|!|;|\s)|[\s${}*\"'“”「」]")
_FORMULA = re.compile(r"[=$√π∞^]|\\[(\[a-z]")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{(\d{1,18})\}\s*\{(\d{1,18})\}|(\d{1,18})\s*/\s*(\d{1,18})")
_NUMBER = re.compile(r"(?<![A-Za-z_\d])\d{1,18}(?:[.,]\d{1,18})*")
_PURE = re.compile(r"[^A-Za-z=^√π]*\d[^A-Za-z=^√π]*[A-Za-z°Ωµ/²³]{0,12}")  # a number, with a unit or without
_TENS = re.compile(
    r"twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|teen\b|zwanzig|dreißig|[rfshn][a-zü]{1,4}zig\b|hundert|zehn|vingt|trente|quarante|cinquante|soixante|\bcent|\bmille|veint|treinta|(?:cuar|cincu|ses|set|och|nov)enta"
    r"|\bcien|\bmil\b|venti|trenta|(?:quar|cinqu|sess|sett|ott|nov)anta|vinte|trinta|(?:quar|cinqu|sess|set|oit|nov)enta|надцать|двадцать|тридцать|сорок|десят|\bсто\b|[十百千万]|puluh|ratus|mươi|trăm|yirmi|otuz|kırk|elli|yüz",
    re.IGNORECASE,
)
_LABEL = re.compile(r"\(?([A-J])\)?[.:]?")
# 0 to 12, as responses write them; numbers that are articles in their language are left out
_WORDS = (
    "zero|none|no,one,two|twice|both,three|thrice,four,five,six,seven,eight,nine,ten,eleven,twelve|dozen",
    "cero,,dos,tres,cuatro,cinco,seis,siete,ocho,nueve,diez,once,doce",
    "zéro,,deux,trois,quatre,cinq,six,sept,huit,neuf,dix,onze,douze|douzaine",
    "null,eins,zwei,drei,vier,fünf,sechs,sieben,acht,neun,zehn,elf,zwölf",
    "zero,,due,tre,quattro,cinque,sei,sette,otto,nove,dieci,undici,dodici",
    "zero,,dois|duas,três,quatro,cinco,seis,sete,oito,nove,dez,onze,doze",
    "ноль|нуль,один|одна|одно,два|две|двух,три|трёх|трех,четыре,пять,шесть,семь,восемь,девять,десять,одиннадцать,двенадцать",
    "sıfır,,iki,üç,dört,beş,altı,yedi,sekiz,dokuz,on,on bir,on iki",
    "nol,satu,dua,tiga,empat,lima,enam,tujuh,delapan,sembilan,sepuluh,sebelas,dua belas",
    "không,một,hai,ba,bốn,năm,sáu,bảy,tám,chín,mười,mười một,mười hai",
    "صفر,واحد,اثنان|اثنين,ثلاث|ثلاثة,أربع|أربعة,خمس|خمسة,ست|ستة,سبع|سبعة,ثمان|ثمانية,تسع|تسعة,عشر|عشرة,,",
)
_SIGNS = ("零〇", "一", "二两兩", "三", "四", "五", "六", "七", "八", "九", "十")
_IN_WORDS = {number: {word for row in _WORDS for word in row.split(",")[number].split("|") if word} for number in range(13)}
_ANY_TEXT_ANSWERS = frozenset({"general", "code", "coding", "writing", "chat"})


def _plain(text: str) -> str:
    return _DRESS.sub("", text).casefold().rstrip(".。")


def _states(text: str) -> str | None:
    """The answer that a text states."""
    found = stated(text)
    if found is None and (announced := list(_ANNOUNCED.finditer(text))):
        found = announced[-1][1].strip()
    return found if found and any(map(str.isalnum, found)) else None


def _numbers(text: str) -> set[Fraction]:
    """The numbers of a text; a share in percent also as a fraction of one."""
    found = set()
    for match in _FRACTION.finditer(text):
        top, bottom = (match[1], match[2]) if match[1] else (match[3], match[4])
        if int(bottom):
            found.add(Fraction(int(top), int(bottom)))
    for match in _NUMBER.finditer(text):
        digits = match[0].replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", match[0]) else match[0].replace(",", ".")
        if digits.count(".") < 2:
            found.add(Fraction(digits))
            if text[match.end() : match.end() + 2].lstrip("\\ ")[:1] == "%":
                found.add(Fraction(digits) / 100)
    return found


def _says_number(response: str, number: Fraction) -> bool:
    """Whether a response has a number, in digits or in words."""
    if number in _numbers(response):
        return True
    if number.denominator != 1 or not 0 <= number <= 12:
        return _TENS.search(response) is not None
    value = int(number)
    low = response.casefold()
    return any(re.search(rf"(?<!\w){word}(?!\w)", low) for word in _IN_WORDS[value]) or _sign(response, value)


def _sign(response: str, value: int) -> bool:
    """Whether a Chinese or Japanese numeral says it: 十二 is twelve, and no two."""
    numeral = "|".join(_SIGNS[value]) if value <= 10 else f"十[{_SIGNS[value - 10]}]"
    return re.search(rf"(?<![一二三四五六七八九十百千])(?:{numeral})(?![一二三四五六七八九十百千])", response) is not None


def _option(label: str, question: str) -> str:
    """What the option with that label says; empty where the question has none."""
    found = re.search(rf"(?:^|[\s(（]){label}[).:：、）]\s*([^\n()（）;；]{{1,80}})", question)
    return _plain(found[1]).rstrip(",，") if found else ""


def _holds(trace: Trace, response: str, answer: str) -> bool:
    """Whether a response that states no answer holds this one, or something else that could be one."""
    wanted, said = _plain(answer), _plain(response)
    label = _LABEL.fullmatch(answer.strip())
    if label:
        option = _option(label[1], trace.question)
        return (
            bool(option and option in said)
            or re.search(rf"[(\[*]{label[1]}[)\]*.:]|\w\W{{1,3}}{label[1]}\b(?! [a-z])|^\W*{label[1]}(?:[).:,]|\W*\Z)", response)
            is not None
        )
    numbers = _numbers(answer)
    if not numbers:
        head = re.findall(r"\w{2,}", re.split(r"[,.;，。；]", answer.casefold())[0])
        low = response.casefold()
        return wanted in said or len(head) > _FEW_WORDS or any(word in low for word in head) or _FORMULA.search(response) is not None
    if any(_says_number(response, number) for number in numbers) or not _numbers(response) <= _numbers(trace.reasoning or "") | _numbers(
        trace.question
    ):
        return True
    return not _PURE.fullmatch(wanted) and _FORMULA.search(response) is not None


_SAYS_MUCH = 10  # words of a chain that has no formula, from which on it is taken to say something
_VERDICT = re.compile(
    r"\W*(?:yes|no|true|false|s[ií]|oui|non|ja|nein|sim|não|да|нет|是|否|对|不是|はい|いいえ|예|아니요)\W*", re.IGNORECASE
)  # says all that was asked


def only_in_think(trace: Trace) -> Iterable[str]:
    """`answer_only_in_think`."""
    if not trace.reasoning:
        return ()
    response = visible(trace.response)
    if not response.strip() and trace.domain != "code" and trace.finish_reason in ("stop", "unknown"):  # whatever it says is only there
        said = "=" in trace.reasoning or len(trace.reasoning.split()) >= _SAYS_MUCH or _states(trace.reasoning) is not None
        return ("answer_only_in_think",) if said else ()
    if _VERDICT.fullmatch(response):
        return ()
    if any(map(str.isalnum, response)) and (trace.domain in _ANY_TEXT_ANSWERS or len(response) > _LONG or _states(response) is not None):
        return ()
    answer = _states(trace.reasoning)
    if answer is None and (last := _LAST.search(trace.reasoning[-_LONGEST_LINE:].rstrip())):
        answer = last[1]
    return () if answer is None or _holds(trace, response, answer) else ("answer_only_in_think",)


FILTER = Filter("answer_only_in_think", "2", lambda _: {}, reasons=only_in_think, modes=frozenset({"think"}))
