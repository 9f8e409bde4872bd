"""Reading a judge's reply. What is not exactly one verdict in the form that was asked for is no verdict, and the reason is kept.

The reply, after a chain of thought if there is one, ends with one JSON object, bare or between fences, whose keys are `analysis` and the verdict field of this very request, in that order and nothing else. Text before the object
is allowed unless it holds something that looks like a verdict of its own: a judge that repeats a planted verdict and then gives another has said two things. So has one that names its field twice.

Departs from JSON in two ways, both inside the analysis alone: raw line breaks are taken, and a backslash that begins no escape stands for itself, since judges of mathematics write LaTeX there.
Not covered: a judge that was talked into filling in the right field wrongly.
"""

import json
import re
from typing import Any, NamedTuple

from curate.filters.judge.tasks import BEST, RATED, UNSURE, Task
from curate.records import Completion
from curate.thinking import parts_of

LONGEST_REPLY = 200_000  # characters
ANSWERS = ("A", "B")  # the keys of the scores of two answers, in the order in which they were shown
PREFILL = '{"analysis": "'  # what a reply can be made to begin with, for a judge that does not think first

_UNFINISHED = {"length": "cut_off", "content_filter": "content_filter", "error": "refused"}
_OBJECT = re.compile(r'\{\s{0,100}+"analysis"\s{0,20}+:')
_KEY = r"(?:final_|overall_)?(?:verdict|correct|score|rating|grade|judge?ment|decision)\w{0,80}+"
_LOOKALIKE = re.compile(rf"""["']{_KEY}["']\s{{0,20}}+:""", re.IGNORECASE)
_VERDICT_KEY = re.compile(_KEY, re.IGNORECASE)
_BACKSLASH = re.compile(r'\\(["\\/bfnrt]|u[0-9a-fA-F]{4})?')
_LEAD = re.compile(r"```(?:json|JSON)?[ \t]{0,20}+\n?\s{0,100}+\Z")


class Vote(NamedTuple):
    """One reply: a verdict (with the score that goes with it), or the reason why there is none. Of two answers `scores` has both, the item's own first, and `score` is their difference; `swapped`: the item's own was shown second."""

    verdict: str | None
    score: float | None
    reason: str = ""
    scores: tuple[float, float] | None = None
    swapped: bool = False

    @property
    def text(self) -> str:
        """The vote in one word: the verdict or number, or `none:` and the reason."""
        if self.scores is not None:
            return f"{self.scores[0]:g}:{self.scores[1]:g}"
        return f"none:{self.reason}" if self.verdict is None else f"{self.score:g}" if self.verdict == RATED else self.verdict

    def turned(self) -> "Vote":
        """What a vote on an item turned round says of the item."""
        if self.scores is None:
            return self._replace(swapped=not self.swapped)
        return self._replace(score=self.scores[1] - self.scores[0], scores=self.scores[::-1], swapped=not self.swapped)


def nothing(reason: str) -> Vote:
    """No verdict."""
    return Vote(None, None, reason)


def schema(field: str, task: Task) -> str:
    """The JSON schema of the reply to the request that named `field`, for engines that hold a reply to one."""
    points = {"type": "integer", "enum": list(range(BEST + 1))}
    words = {"type": "string", "enum": [*task.values, UNSURE]}
    verdict = _object(dict.fromkeys(ANSWERS, points)) if task.compares else points if task.scored else words
    return json.dumps(_object({"analysis": {"type": "string"}, field: verdict}))


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def _pairs(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """An object as its keys and values, so that a key which comes twice is seen."""
    return pairs


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, strict=False)


def read(completion: Completion, field: str, task: Task, think_tags: tuple[str, str], *, prefill: str = "") -> Vote:
    """The vote in a reply to the request that named `field`."""
    if completion.finish_reason != "stop":
        return nothing(_UNFINISHED.get(completion.finish_reason, "cut_off"))
    text = parts_of(completion, think_tags, prefill=prefill).response.strip()
    if not text:
        return nothing("blank")
    if len(text) > LONGEST_REPLY:
        return nothing("too_long")
    starts = [m.start() for m, _ in zip(_OBJECT.finditer(text), range(2), strict=False)]
    if not starts:
        return nothing("off_format")
    lead = text[: starts[0]]
    if len(starts) > 1 or text.count(field) > 1 or _LOOKALIKE.search(lead):
        return nothing("several_verdicts")
    body = _BACKSLASH.sub(lambda m: m[0] if m[1] else r"\\", text[starts[0] :])
    try:
        pairs, end = _DECODER.raw_decode(body)
    except (ValueError, RecursionError):
        return nothing("off_format")
    return _value(pairs, field, task) if _framed(lead, body[end:]) else nothing("off_format")


def _framed(lead: str, tail: str) -> bool:
    """Whether nothing follows the object and its fences, if it has any, are a pair."""
    fences = lead.count("```")
    if fences == 0:
        return not tail.strip()
    return fences == 1 and _LEAD.search(lead) is not None and tail.strip() == "```"


def _value(pairs: list[tuple[str, Any]], field: str, task: Task) -> Vote:
    keys = [key for key, _ in pairs]
    if keys != ["analysis", field]:
        return nothing("several_verdicts" if sum(map(bool, map(_VERDICT_KEY.fullmatch, keys))) > 1 else "off_format")
    (_, analysis), (_, value) = pairs
    if not isinstance(analysis, str):
        return nothing("off_format")
    if value == UNSURE:
        return nothing(UNSURE)
    if task.compares:
        return _two(value)
    if task.scored:
        return Vote(RATED, float(value)) if _points(value) else nothing("off_format")
    return Vote(value, task.values[value]) if isinstance(value, str) and value in task.values else nothing("off_format")


def _points(value: Any) -> bool:
    return type(value) is int and 0 <= value <= BEST


def _two(value: Any) -> Vote:
    """The vote in an object with two scores, which comes as its keys and values."""
    if not isinstance(value, list) or not all(isinstance(pair, tuple) for pair in value) or tuple(key for key, _ in value) != ANSWERS:
        return nothing("off_format")
    first, second = (points for _, points in value)
    if not (_points(first) and _points(second)):
        return nothing("off_format")
    return Vote(RATED, float(first - second), scores=(float(first), float(second)))
