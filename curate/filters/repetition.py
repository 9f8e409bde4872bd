"""A text that goes in circles: a loop, where the same piece follows itself again and again, and text that keeps coming back.

Loops are found exactly, for pieces of 1 to 4,096 characters: an anchor, taken every so many characters, is looked for shortly after itself; where it stands there, the run in which each character
equals the one a period later is followed to both ends. So a loop is found wherever it stands, if it is longer than two of its pieces and a stride (96 characters; 1,024 for pieces above 320). Text
that comes back is counted by sentences and lines, the same one a third time; sentences stand in for the n-grams of the literature (20 tokens, more than 20 times: arXiv 2505.14464), which are too many
to be counted at the speed that is wanted here.

No defect, by how they are counted: cases, divisions and sieves, whose numbers differ; rows of tables; what the question itself says (a refrain, a line to be repeated). A loop without words (a decimal
expansion, a grid of zeros, a sum of equal terms) counts a tenth, unless the text was cut off in it. Not covered: paraphrase, and loops whose counter runs on.
"""

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from curate.filters.base import Filter, Limit, Metric, Trace, Value, by_part, count, share

# anchor, nearest and furthest distance at which it is looked for, and stride, in characters; the nearest is so far off in the second that a row of dashes does not hide the loop that it stands in
_SHORT = (24, 1, 320, 96)
_LONG = (48, 48, 4096, 1024)
_FEWEST = 4  # times that a piece must follow itself
_FEWEST_LONG = 3  # the same for a piece of at least LONG_PIECE characters: nobody writes a paragraph three times running
_LONG_PIECE = 200
_PLAIN = 10  # a loop without words counts this much less
_COMMAND = re.compile(r"\\[A-Za-z]++")
_WORD = re.compile(r"[^\W\d_]{2}|[\u2e80-\u9fff\uac00-\ud7a3]")
_LINE = 12  # characters of a piece that the question has as well and so may have asked for; a shorter one may be in any question
_REPEAT = re.compile(
    r"repeat|\btimes\b|wiederhol|\bmal\b|repit|repet|répèt|\bfois\b|\bveces\b|\bvezes\b|\bvolte\b|повтор|\bраз\b|重复|遍|次|回|번",
    re.IGNORECASE,
)
_SENTENCE = 40  # characters; shorter sentences come back in any proof ("This is not prime.")
_LONGEST_QUESTION = 20_000  # characters that are held against what comes back
_WIDE = "\u2e80"  # from here on a character says about as much as three Latin ones
_THIRD = 3
_SHORTEST_TEXT = 1000  # characters; of a shorter text the share is taken as if it were this long, so that three equal lines are no circle
_ENDS = (". ", "? ")  # of a sentence; an exclamation is read together with the sentence after it, since each mark costs a pass
_WIDE_ENDS = ("。", "？", "।", "۔ ")


def _agree(text: str, first: int, second: int) -> int:
    """How many characters from `first` on equal those from `second` on, which is the later one."""
    length, step, most = 0, 64, len(text) - second
    growing = True
    while length < most and step:
        step = min(step, most - length)
        if text[first + length : first + length + step] == text[second + length : second + length + step]:
            length += step
            step *= 2 if growing else 1
        else:
            growing = False
            step //= 2
    return length


@lru_cache(maxsize=64)
def _may_repeat(question: str) -> bool:
    """Whether a question may ask for a word over and over."""
    return _REPEAT.search(question) is not None


def _counted(text: str, start: int, end: int, period: int, question: str, cut: bool) -> int:
    """What a run counts for: its characters, or nothing where it is too short or asked for."""
    piece = text[start : start + period]
    period = (piece * 2).find(piece, 1)  # the period that was found may be a multiple
    if end - start < (_FEWEST_LONG if period >= _LONG_PIECE else _FEWEST) * period:
        return 0
    if _WORD.search(_COMMAND.sub(" ", piece * 2)):
        bare = piece[:period].strip()
        return 0 if bare in question and (len(bare) >= _LINE or _may_repeat(question)) else end - start
    return end - start if cut and end == len(text) else (end - start) // _PLAIN


def longest_loop(text: str, question: str = "", *, cut: bool = False) -> int:
    """Characters in the longest loop of `text`; 0 where nothing follows itself at least four times. `cut`: the text was cut off, so that a loop at its end is one, whatever it says."""
    longest = 0
    for size, nearest, furthest, stride in (_SHORT, _LONG):
        at = done = 0
        while at + 2 * size < len(text):
            again = text.find(text[at : at + size], at + nearest, at + size + furthest)
            period = again - at
            if again < 0 or text[at : at + period] != text[again : again + period]:
                at += stride
                continue
            end = again + _agree(text, at, again)
            start = at
            while start > done and text[start - 1] == text[start - 1 + period]:
                start -= 1
            if end - start > longest:
                longest = max(longest, _counted(text, start, end, period, question, cut))
            done = end
            at = max(end, at + stride)
    return longest


def repeated(text: str, question: str = "") -> float:
    """The share of `text`, in characters, that lies in sentences and lines that have stood in it before, where they stand in it at least three times."""
    lined = text
    for mark in _ENDS if text.isascii() else (*_ENDS, *_WIDE_ENDS):
        lined = lined.replace(mark, "\n")
    again = 0
    for sentence, times in [found for found in Counter(lined.split("\n")).items() if found[1] >= _THIRD]:
        bare = sentence.strip()
        least = _SENTENCE // 3 if bare and max(bare) >= _WIDE else _SENTENCE
        if len(bare) >= least and bare[0] != "|" and any(map(str.isalpha, bare)) and bare not in question:
            again += (times - 1) * len(sentence)
    return again / max(len(text), _SHORTEST_TEXT)


def measure(trace: Trace) -> Mapping[str, Value]:
    """The longest loop and the share of text that came back, of each part."""
    question, cut = trace.question[:_LONGEST_QUESTION], trace.finish_reason == "length"
    return {
        **by_part(trace, "loop_characters", lambda text: longest_loop(text, question, cut=cut)),
        **by_part(trace, "repeated_share", lambda text: repeated(text, question)),
    }


def _metrics() -> dict[str, Metric]:
    return {
        f"{part}_{name}": kind(f"{what} of the {called}")
        for part, called in (("reasoning", "chain"), ("response", "response"))
        for name, kind, what in (
            ("loop_characters", count, "characters in the longest loop"),
            ("repeated_share", share, "share of sentences and lines that came back, by characters,"),
        )
    }


_LOOP = "not published; a stutter of one or two lines that a reader passes over; a loop that a model is caught in fills the context"
_SHARE = "not published; cases worked out in the same words stay below, a chain that goes in circles is mostly repetition"
FILTER = Filter(
    "repetition",
    "1",
    measure,
    metrics=_metrics(),
    limits=(
        Limit("reasoning_loop", "reasoning_loop_characters", 120, "repetition", _LOOP),
        Limit("response_loop", "response_loop_characters", 120, "repetition", _LOOP),
        Limit("reasoning_share", "reasoning_repeated_share", 0.4, "repetition", _SHARE),
        Limit("response_share", "response_repeated_share", 0.5, "repetition", _SHARE + "; more, for refrains"),
    ),
)
