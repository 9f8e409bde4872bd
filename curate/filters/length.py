"""How long the two parts of a sample are, in characters and words, and limits that drop nonsense only.

Words are what white space separates; in scripts that write none, Chinese and Japanese count two characters as one and Thai, Lao, Khmer and Burmese four, as everywhere in curate.language. The tokens
of a completion are a column of its own already (`completion_tokens`), counted by the engine that made them. An empty chain is the business of `empty_think`, so the least length of a chain is 0.

One word is a good answer to a sum and none to "write an essay": where the question asks for a text, an explanation, a proof or a program, and a short response has no number or formula that could be
a result, its words are in a column of their own, with a limit of their own. Not covered: how long a text was asked for; that is an instruction to be verified.
"""

import re
from collections.abc import Mapping

from curate.filters.base import Filter, Limit, Trace, Value, by_part, count
from curate.language.scripts import PER_WORD, RANGES

_UNSPACED = {
    size: re.compile(f"[{''.join(RANGES[script] for script, n in PER_WORD.items() if n == size)}]++") for size in set(PER_WORD.values())
}
_FEW_WORDS = 50  # with more the question is not read: whatever was asked for, that many words are no nonsense
_FEW = 50  # one more byte than characters in so many, and there is no such script worth counting
_ASKS_FOR_TEXT = re.compile(
    r"\b(?:write|draft|compose|create)\b[^.?!\n]{0,40}?\b(?:essay|story|tale|letter|e-?mail|article|report|guide|poem|song|speech|paragraphs?|pages?|review|summary|program|function|class|script|text|post|dialogue)\b"
    r"|\b(?:explain|describe|discuss|compare|contrast|summari[sz]e|prove|implement|elaborate|justify|derive|show that|in detail)\b"
    r"|詳しく|詳細に|說明|説明|解釋|详细|说明|描述|讨论|比较|证明|證明|总结|论述|写一[篇封首个]|作文|述べ|証明|論じ|比較|書いて|설명해|서술|증명|비교|써 ?(?:줘|주세요)|작성"
    r"|\b(?:escrib[ae]|redact[ae]|expli[cq]u?[ae]|describ[ae]|demuestr[ae]|compar[ae]|resuma|analic[ae]|analiza|écri(?:s|vez)|rédige[zr]?|explique[zr]|décri(?:s|vez)|démontre[zr]?|résume[zr]?|compare[zr])\b"
    r"|\b(?:schreiben?|erklären?|beschreiben?|erläutern?|vergleichen?|beweisen?|zeigen?(?: sie)?,? dass|scriv[aei]|spieg[ah]\w{0,4}|descriv[ai]|dimostr\w{1,3}|confronta|riassumi|escreva|descreva|demonstre|prove)\b"
    r"|\b(?:напиш|объясн|опиш|докаж|сравн|расскаж|изложи)|\b(?:اكتب|اشرح|صف|برهن|أثبت|قارن)\b|लिखिए|लिखो|समझाइए|वर्णन|सिद्ध"
    r"|\b(?:viết|giải thích|mô tả|chứng minh|so sánh|tulis(?:kan)?|jelaskan|uraikan|buktikan|bandingkan|yazın?|açıkla\w*|anlat\w*|kanıtla\w*|karşılaştır\w*|napisz|wyjaśnij|opisz|udowodnij|porównaj|schrijf|leg uit|beschrijf|bewijs)\b",
    re.IGNORECASE,
)
_RESULT = re.compile(r"[\d=$\\]")
_SAID = re.compile(r"\w")


def words(text: str) -> int:
    """The words of a text."""
    found = len(text.split())
    if text.isascii() or (len(text.encode("utf-8", "surrogatepass")) - len(text)) * _FEW < len(text):
        return found
    return found + sum(sum(map(len, pattern.findall(text))) // size for size, pattern in _UNSPACED.items())


def measure(trace: Trace) -> Mapping[str, Value]:
    """Characters and words of each part; null for a chain that is not there."""
    lengths = {**by_part(trace, "characters", len), **by_part(trace, "words", words)}
    if not _SAID.search(trace.response):  # marks only
        lengths |= {"response_characters": 0, "response_words": 0}
    said = int(lengths["response_words"] or 0)
    judged = said < _FEW_WORDS and not _RESULT.search(trace.response) and _ASKS_FOR_TEXT.search(trace.question)
    return {**lengths, "response_text_words": said if judged else None}


_LONGEST_CHAIN = "65,536 tokens, R1-Zero's limit (arXiv 2501.12948v2, 2.1): at most 6 characters each, and a word is at least one"
_LIMITS = (
    ("reasoning", "characters", 0, 400_000, "off, see empty_think", _LONGEST_CHAIN),
    ("reasoning", "words", 0, 65_536, "off, see empty_think", _LONGEST_CHAIN),
    ("response", "characters", 1, 200_000, "an answer may be one digit", "half the longest chain"),
    ("response", "words", 1, 32_768, "an answer may be one word", "half the longest chain"),
)
FILTER = Filter(
    "length",
    "1",
    measure,
    metrics={
        **{
            f"{part}_{unit}": count(f"{unit} of the {called}; null where there is none")
            for unit in ("characters", "words")
            for part, called in (("reasoning", "chain"), ("response", "response, 0 where it has marks only"))
        },
        "response_text_words": count(
            "words of a response of less than 50 without a number or formula, where a text, an explanation, a proof or a program is asked for; else null"
        ),
    },
    limits=(
        *(
            limit
            for part, unit, least, most, why_least, why_most in _LIMITS
            for limit in (
                Limit(f"min_{part}_{unit}", f"{part}_{unit}", least, f"{part}_too_short", f"nonsense only: {why_least}", over=False),
                Limit(f"max_{part}_{unit}", f"{part}_{unit}", most, f"{part}_too_long", f"nonsense only: {why_most}"),
            )
        ),
        Limit(
            "min_text_words",
            "response_text_words",
            5,
            "response_too_short",
            "nonsense only: no text, proof or program has fewer than five words",
            over=False,
        ),
    ),
)
