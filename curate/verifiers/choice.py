"""One option, or several where the gold has several, among those of a question.

The answer is taken from where the response states it, never from the chain: answer tags, boxes, "the answer is", then a last line that is nothing but an option, or begins with a label in brackets or before a stop. It is an option's label, or what the option
says where exactly one option says it. A statement that names more options than the gold has ("B or C", "both A and B"), a hedge, a label beside another option's text, and statements of the same kind
that disagree, are wrong: a reader could not act on them. Text of the option behind its label ("B) 42") is tolerated.
"""

import re
from dataclasses import replace

from curate.records import Answer, Prompt, Verdict
from curate.verifiers import lenient as loosely
from curate.verifiers.choice_options import LETTERS, STYLES, Options, options_of, squeezed, unwrapped
from curate.verifiers.extraction import NO_ANSWER, boxes, statements, tagged

VERSION = "4"

LONGEST_STATEMENT = 500
_LEAD = re.compile(
    r"^(?:(?:is|are)?\s*(?:the\s+)?(?:correct\s+|right\s+|final\s+|best\s+)?(?:options?|choices?|answers?|letters?|statements?)(?:\s+(?:is|are))?|正确答案|答案|选项|选择|應選|应选|选择|選項|選擇|故选|选|選)\s*(?:是|为|為)?\s*:?\s*",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"[(\[{]?\s*(10|[1-9]|[ivx]{1,4}|[a-j])(?:\s*[)\]}]|[.:,;。、](?!\d)|(?=\s|$|[,;、&/+])|(?=[\u4e00-\u9fff]))\s*", re.IGNORECASE
)
# announcements beside those of extraction.py
_ANNOUNCED = re.compile(
    r"\b(?:(?:correct|right|best)\s+(?:options?|choices?|letters?)\s+(?:is|are)|(?<!wrong )(?<!incorrect )(?<!other )answers\s+are|I\s+(?:would\s+)?choose)\b[\s:]*"
    r"|\b(?:option|choice)\s+(?=[(\[]?[A-J]\b[^.\n]{0,20}\bis\s+(?:the\s+)?(?:correct|right|best)\b)"
    r"|答案(?=可能|也许|或许|不是)",
    re.IGNORECASE,
)
_TOGETHER = re.compile(r"^(?:[,;、&+]|\s|and\b|与|和|以及|及|also\b|options?\b|选项)+", re.IGNORECASE)
_EITHER = re.compile(r"^(?:[,;]\s*)?(?:or\b|/|and/or\b|或者?)\s*(?:maybe\s+|possibly\s+|perhaps\s+)?(?:options?\s+|选项)?", re.IGNORECASE)
_WORDS = re.compile(r"[\u4e00-\u9fff]|[^\W_]+|[^\w\s]|_")
_NOTHING_BUT_LABELS = re.compile(r"(?:[(\[]?[A-J][)\]]?\s*){1,10}\.?")
_JOINED = re.compile(r"[A-J]{2,10}")
_LATER = re.compile(r"\b(?:or|and|either|both)\s+(?:option\s+|choice\s+)?[(\[]?([A-J])(?:[)\].,;]|\s*$)|(?:^|\s)[(\[]([A-J])[)\]]")
_REASON = re.compile(r"because|since|as\b|for\b|which|is\b|due|based|with\b|[-–—=:]", re.IGNORECASE)
_CHINESE_SUFFIX = re.compile(r"^(?:选项|项|項|選項)?[是为為]?(?:正确|對|对)?(?:的)?[,。、:]*\s*")
_HEDGE = re.compile(
    r"\b(?:either|neither|none of|not|maybe|perhaps|possibly|might|could be|unsure|cannot|can't)\b|可能|也许|或许|不是|不选", re.IGNORECASE
)
_EXCEPT = re.compile(r"\b(?:but|except|other than|rather than|instead of|unlike|nor|wrong|incorrect|false)\b|除了|以外|错误", re.IGNORECASE)
_REVISED = re.compile(
    r"[\s,.;:!?-]*(?:no\b|wait\b|actually\b|sorry\b|correction\b|i mean\b|or rather\b|hmm)[^\n]*?(?<![A-Za-z'])([A-J])(?![A-Za-z'])",
    re.IGNORECASE,
)
# "C is not correct" is the answer to "which is not correct?" and to no other question
_DENIED = re.compile(
    r"(?:is|are|was|cannot be|cant be)\s+(?:[a-z]+\s+)?(?:not|wrong|incorrect|false)\b|(?:isnt|arent|wasnt)\b|是?(?:不对|不正确|错)",
    re.IGNORECASE,
)
_BOTH = re.compile(r"^(?:both|all of)\s+", re.IGNORECASE)

_LAST_LETTER = re.compile(r"(?<![A-Za-z0-9'’])(?:[B-HJ]|[AI](?![ ][a-z]))(?![A-Za-z0-9'’])")  # A and I before a word are words

UNCLEAR = frozenset({-1})  # several options, or a hedge
DISAGREES = frozenset({-2})  # a label beside the text of another option
AMBIGUOUS = -3  # a bare number that is one option's label and another one's text; its two readings follow
DENIED = -4  # options that are said to be wrong; they follow
OPEN = {
    AMBIGUOUS: "the number is the label of one option and the text of another",
    DENIED: "it says that the option is wrong, which may be what is asked for",
}
SAID = {UNCLEAR: "more options than the gold has, or a hedge", DISAGREES: "the label and the text beside it are of different options"}


def _by_text(text: str, options: Options) -> frozenset[int]:
    """The options that say exactly this."""
    wanted = squeezed(text)
    return frozenset(i for i, t in enumerate(options.texts) if t and t == wanted)


def _inside(text: str, options: Options) -> frozenset[int]:
    """The options whose text a short statement holds in whole words; a text inside another option's text does not count."""
    words = _WORDS.findall(unwrapped(text).lower())
    starts = {0}
    for word in words:
        starts.add(max(starts) + len(word))
    whole = "".join(words)
    found: dict[int, str] = {}
    for i, said in enumerate(options.texts):
        at = whole.find(said) if len(said) > 1 else -1
        while at >= 0 and not ({at, at + len(said)} <= starts):
            at = whole.find(said, at + 1)
        if at >= 0:
            found[i] = said
    return frozenset(i for i, said in found.items() if not any(said != other and said in other for other in found.values()))


def _labels(text: str, options: Options) -> tuple[list[int], str, bool]:
    """The labels that a statement begins with, what follows them, and whether they are alternatives."""
    found: list[int] = []
    rest, either = text, False
    while (match := _LABEL.match(rest)) is not None:
        at = options.index(match[1])
        beyond = at is None and len(match[1]) == 1 and match[1].upper() in LETTERS and match[1].isupper()
        if at is None and not beyond:
            break
        lone = match[1] in {"A", "I", "a", "i"} and not match[0].strip(" ")[1:]  # may be an article or a pronoun
        after = rest[match.end() :]
        if (
            (lone or match[1].islower())
            and not found
            and match[0].strip() == match[1]
            and after
            and not _continues(after, lone)
            and not _NOTHING_BUT_LABELS.fullmatch(after)
        ):
            break
        found.append(LETTERS.index(match[1].upper()) if at is None else at)
        rest = after
        if (alternative := _EITHER.match(rest)) is not None and _LABEL.match(rest[alternative.end() :]):
            either, rest = True, rest[alternative.end() :]
        elif (joined := _TOGETHER.match(rest)) is not None and _is_label(rest[joined.end() :], options):
            rest = rest[joined.end() :]
        elif not (_NOTHING_BUT_LABELS.fullmatch(rest) or (match[0].rstrip().endswith((",", "、", ";")) and _is_label(rest, options))):
            break
    return found, rest.strip(), either


def _is_label(text: str, options: Options) -> bool:
    """Whether a text begins with a further label, and not with a word."""
    match = _LABEL.match(text)
    if match is None or options.index(match[1]) is None or match[1].islower():
        return False
    return (
        match[1] not in {"A", "I"}
        or match[0].strip() != match[1]
        or not text[match.end() :].strip()
        or bool(_TOGETHER.match(text[match.end() :]))
    )


def _continues(after: str, lone: bool) -> bool:
    """Whether what follows a bare letter lets it be a label."""
    return (
        bool(_REASON.match(after) or _TOGETHER.match(after) or _EITHER.match(after) or not after[0].isascii() or not after[0].isalnum())
        if lone
        else bool(_REASON.match(after) and after[0] in "-–—=:")
    )


def read(statement: str, options: Options, *, strict: bool = False) -> frozenset[int] | None:
    """The options that a statement names, or one of the marks above; None for none. `strict` allows nothing but an option and marks around it."""
    text = unwrapped(statement)[:LONGEST_STATEMENT].strip()
    exact = _by_text(text, options)
    bare = text.strip(" .()[]")
    labelled = options.index(bare) if bare and text.strip(" .") == bare else None
    if len(exact) == 1 and labelled is not None and options.style != "letters" and bare[0].isdecimal() and exact != {labelled}:
        return frozenset({AMBIGUOUS, labelled, *exact})
    if len(exact) == 1 and (labelled is None or options.style != "letters"):
        return exact
    text = _LEAD.sub("", text, count=1)
    if text and len(exact := _by_text(text, options)) == 1 and options.index(text.strip(" .()[]")) is None:
        return exact
    if not strict and _HEDGE.match(text):
        return UNCLEAR
    both = _BOTH.match(text) is not None
    found, rest, either = _labels(_BOTH.sub("", text, count=1), options)
    if strict:
        return frozenset(found) if len(found) == 1 and not rest.strip(".。)] ,") and not either else None
    if either:
        return UNCLEAR
    if found:
        return _with_rest(found, rest, options, both)
    if _JOINED.fullmatch(text.strip(" .")) and len(set(text.strip(" ."))) == len(text.strip(" .")):
        letters = [options.index(c) for c in text.strip(" .")]
        return None if None in letters else frozenset(i for i in letters if i is not None)
    if both or _HEDGE.search(text) or _EXCEPT.search(text):
        return UNCLEAR if _inside(text, options) else None
    inside = _inside(text, options)
    return None if not inside else inside if len(inside) == 1 else UNCLEAR


def _with_rest(found: list[int], rest: str, options: Options, both: bool) -> frozenset[int]:
    """Labels, and the text behind them."""
    if _DENIED.match(rest):
        return frozenset({DENIED, *found})
    rest = _CHINESE_SUFFIX.sub("", rest, count=1)
    named = {LETTERS.index(g) for m in _LATER.finditer(rest[:200]) for g in m.groups() if g}
    if named - set(found) and not _REASON.match(rest):
        return UNCLEAR
    if (revised := _REVISED.match(rest)) is not None and revised[1].isupper() and LETTERS.index(revised[1]) not in found:
        return UNCLEAR
    if len(found) == 1 and not both and rest and options.texts and found[0] < len(options.texts):
        first_line = re.split(r"\.\s|[。;]|\s+(?:because|since|as)\b", rest, maxsplit=1)[0]
        said = _by_text(rest, options) or _by_text(first_line, options)
        if said and found[0] not in said:
            return DISAGREES
    return frozenset(found)


def _announced(response: str) -> list[str]:
    found = statements(response)
    for line in response.splitlines():
        *_, last = [None, *_ANNOUNCED.finditer(line)]
        if last is not None and (rest := line[last.end() :].strip()) and not any(rest in s or s in rest for s in found):
            found.append(rest[:LONGEST_STATEMENT])
    return found


_LABELLED = re.compile(r"[*_]*\(?[A-J]\s?[).:][*_]*\s+\S")


def _found(response: str, options: Options) -> tuple[frozenset[int] | None, str]:
    """The options that a response states, and the statement they were read from."""
    inside = tagged(response)
    groups: list[list[str]] = [[inside]] if inside else []
    groups += [boxes(inside or response), _announced(inside or response)]
    for group in groups:
        named = [(found, s) for s in group if (found := read(s, options)) is not None]
        if named:
            several = {found for found, _ in named}
            return (several.pop() if len(several) == 1 else UNCLEAR), named[-1][1]
    lines = [line for line in (inside or response).splitlines() if line.strip()]
    if not lines:
        return None, ""
    last = lines[-1].strip()
    found = read(last, options, strict=True)
    if (
        found is None and _LABELLED.match(last) and not (len(lines) > 1 and _LABELLED.match(lines[-2].strip()))
    ):  # the end of a list of options is no answer
        found = read(last, options)
    return found, last


def gold_of(prompt: Prompt, options: Options) -> frozenset[int] | None:
    """The right options; None where the gold names none."""
    text = (prompt.gold or "").strip()
    by_text = _by_text(text, options)
    label = options.index(text.strip("() ."))
    if label is not None:
        return frozenset({label})
    if len(by_text) == 1:
        return by_text
    found = read(text, options) if text and not _HEDGE.match(unwrapped(text)) else None
    return found if found and all(0 <= i < options.count for i in found) else None


def shown(found: frozenset[int], options: Options) -> str:
    """Options by their labels."""
    labels = STYLES[options.style] if options.style in STYLES else tuple(LETTERS)
    return ", ".join(labels[i] for i in sorted(found))


def verify(answer: Answer, prompt: Prompt) -> Verdict:
    """`prompt.gold` names the right option by label ("B", "(b)", "B. text", "A, C") or by what it says."""
    options = options_of(prompt)
    gold = gold_of(prompt, options)
    if gold is None:
        return Verdict("unparsable_gold", reason=f"the gold names none of the {options.count} options")
    found, statement = _found(answer.response, options)
    if found is None:
        return Verdict("no_answer", 0.0, NO_ANSWER)
    if marks := found & OPEN.keys():
        if gold <= found:
            return Verdict("unverifiable", reason=OPEN[min(marks)], extracted=statement[:200])
        found = frozenset(i for i in found if i >= 0)
    if found in SAID or (len(found) > 1 and len(gold) == 1):
        return Verdict("wrong", 0.0, SAID.get(found, SAID[UNCLEAR]), statement[:200])
    if any(i >= options.count for i in found):
        return Verdict(
            "wrong", 0.0, f"there is no option {', '.join(LETTERS[i] for i in sorted(found) if i >= options.count)}", shown(found, options)
        )
    return (
        Verdict("correct", 1.0, extracted=shown(found, options))
        if found == gold
        else Verdict("wrong", 0.0, extracted=shown(found, options))
    )


def extract(answer: Answer, prompt: Prompt) -> str | None:
    """The labels of the options that a response states, for consensus among samples."""
    options = options_of(prompt)
    found, _ = _found(answer.response, options)
    return (
        None if found is None or found in SAID or found & OPEN.keys() or any(i >= options.count for i in found) else shown(found, options)
    )


def lenient(answer: Answer, prompt: Prompt) -> Verdict:
    """The verdict where the last capital letter that stands alone is an answer too, of the chain where nothing follows it."""
    text = loosely.text_of(answer)
    return loosely.best(verify, replace(answer, response=text), prompt, [*_LAST_LETTER.findall(text)[-1:]])


def reference(prompt: Prompt) -> str | None:
    """The gold's labels in a box."""
    gold = gold_of(prompt, options := options_of(prompt))
    return f"\\boxed{{{prompt.gold if gold is None else shown(gold, options)}}}"
