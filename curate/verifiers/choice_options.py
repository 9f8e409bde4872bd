"""The options of a question with several answers: how many there are, how they are labelled, and what they say.

Taken from the prompt's `meta` where it lists them, else from the question's own text, where they stand in order behind their labels ("A) .. B) ..", "(1) .. (2) ..", "i. .. ii. .."), else only their
number is known, from the chance level; failing that, ten. Letters always work as labels; numbers and Roman numerals where the question labels its options so.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from curate.records import Prompt

LETTERS = "ABCDEFGHIJ"
NUMBERS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "10")
ROMANS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
STYLES: Mapping[str, tuple[str, ...]] = {"letters": tuple(LETTERS), "numbers": NUMBERS, "romans": ROMANS}
LONGEST_QUESTION = 20_000  # characters from its end that are looked through for options

_BEGIN = r"(?:^|(?<=[\s(\[【;,:。]))[*_]{0,2}"  # the text is normalised (NFKC): full-width marks are plain ones
_MARKS = {
    "letters": re.compile(_BEGIN + r"(?:[(\[【]\s?([A-J])\s?[)\]】]|([A-J])\s?[)\].:、](?!\w\.))[*_]{0,2}", re.MULTILINE),
    "numbers": re.compile(_BEGIN + r"(?:[(\[【]\s?(10|[1-9])\s?[)\]】]|(10|[1-9])(?:[)\]:、]|\.(?!\d)))[*_]{0,2}", re.MULTILINE),
    "romans": re.compile(_BEGIN + r"(?:[(\[【]\s?([ivxIVX]{1,4})\s?[)\]】]|([ivxIVX]{1,4})[)\].:、])[*_]{0,2}", re.MULTILINE),
}
_AROUND = " .,;:。"
_WRAPPED = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mbox|rm|bf)\s*\{([^{}]*)\}")
_NOISE = str.maketrans("", "", "*_`$\"'“”‘’")
_LATEX = ("\\left", "\\right", "\\displaystyle", "\\,", "\\;", "\\!", "\\ ", "\\(", "\\)", "\\[", "\\]", "~")
_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Options:
    """`count` options, labelled in `style`; `texts` are what they say, as `squeezed`, or empty where that is not known."""

    count: int
    style: str
    texts: tuple[str, ...]

    def index(self, label: str) -> int | None:
        """Which option a label names; None for none of the form, or beyond the last."""
        for style in ("letters", self.style):
            wanted = label.upper() if style == "letters" else label.lower()
            if wanted in STYLES[style][: self.count]:
                return STYLES[style].index(wanted)
        return None


def unwrapped(text: str) -> str:
    """Text in one line without LaTeX wrapping, emphasis and quotation marks, full-width characters as plain ones."""
    text = unicodedata.normalize("NFKC", text)
    for _ in range(3):
        text = _WRAPPED.sub(r"\1", text)
    for mark in _LATEX:
        if mark in text:
            text = text.replace(mark, " ")
    return " ".join(text.translate(_NOISE).split())


def squeezed(text: str) -> str:
    """Text as it is compared: without spaces, case, article and what stands around it."""
    plain = _ARTICLE.sub("", unwrapped(text).strip(_AROUND)).lower()
    return "".join(plain.replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac").split()).strip(_AROUND)


def _listed(value: Any) -> tuple[str, list[str]] | None:
    """Style and texts of options as a data set lists them: a list, texts by label, or two lists called text and label."""
    if isinstance(value, dict) and isinstance(value.get("text"), list) and isinstance(value.get("label"), list):
        value = dict(zip(map(str, value["label"]), value["text"], strict=False))
    if isinstance(value, list):
        return "letters", [str(v) for v in value]
    if isinstance(value, dict) and value:
        keys = [str(k) for k in value]
        for style, labels in STYLES.items():
            if set(keys) == set(labels[: len(keys)]) or set(map(str.lower, keys)) == {label.lower() for label in labels[: len(keys)]}:
                by_label = {str(k).lower(): str(v) for k, v in value.items()}
                return style, [by_label[label.lower()] for label in labels[: len(keys)]]
        return "letters", [str(v) for v in value.values()]
    return None


@lru_cache(maxsize=64)
def in_question(question: str) -> Options | None:
    """The options that a question lists behind labels in order: the longest such list, the last one of equals; None for none."""
    text = unicodedata.normalize("NFKC", question[-LONGEST_QUESTION:])
    best: tuple[int, int, str, list[tuple[int, int]]] | None = None
    for style, pattern in _MARKS.items():
        labels = [label.lower() for label in STYLES[style]]
        run: list[tuple[int, int]] = []
        for match in pattern.finditer(text):
            label = (match[1] or match[2]).lower()
            at = labels.index(label) if label in labels else -1
            if at == 0 and not (len(run) > 1 and style == "letters" and run[0][0] == match.start()):
                run = [(match.start(), match.end())]
            elif run and at == len(run):
                run = [*run, (match.start(), match.end())]
            if len(run) > 1 and (best is None or (len(run), run[0][0]) >= best[:2] or (best[2] == style and run[0] == best[3][0])):
                best = (len(run), run[0][0], style, run)
    if best is None:
        return None
    run = best[3]
    ends = [start for start, _ in run[1:]] + [len(text)]
    texts = [text[end:stop] for (_, end), stop in zip(run, ends, strict=True)]
    texts[-1] = texts[-1].strip().split("\n", 1)[0]  # what follows the last option is no part of it
    return Options(len(run), best[2], tuple(squeezed(t) for t in texts))


def options_of(prompt: Prompt) -> Options:
    """The options of a prompt."""
    try:
        meta = json.loads(prompt.meta)
    except ValueError:
        meta = {}
    listed = next((meta[k] for k in ("options", "choices", "n_options") if k in meta), None) if isinstance(meta, dict) else None
    asked = in_question(prompt.messages[-1].content) if prompt.messages else None
    if (found := _listed(listed)) is not None and 2 <= len(found[1]) <= len(LETTERS):
        style = asked.style if asked is not None and asked.count == len(found[1]) else found[0]
        return Options(len(found[1]), style, tuple(squeezed(t) for t in found[1]))
    if isinstance(listed, int) and 2 <= listed <= len(LETTERS):
        return Options(listed, "letters", ()) if asked is None or asked.count != listed else asked
    by_chance = round(1 / prompt.chance) if 0 < prompt.chance < 1 else 0
    if asked is not None and by_chance in (0, asked.count):
        return asked
    return Options(by_chance if 2 <= by_chance <= len(LETTERS) else len(LETTERS), "letters", ())
