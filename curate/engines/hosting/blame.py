"""What went wrong, in one sentence: model libraries raise paragraphs, wrap one exception in another, and print the real cause to a log."""

import re

from curate.errors import CurateError, EngineError

LONGEST = 400  # characters
UNTOLD = "nothing was logged"
EXCEPTION = re.compile(r"^(?:\([^)]*\)\s*)?(?:[A-Z]+ \S+ \S+ \[[^]]*\]\s*)?((?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|NotFound)\b.*)$")
EMPTY = re.compile(
    r"Engine core initialization failed|EngineDeadError|EngineCore encountered an issue|CancelledError|BrokenPipe"
)  # says that, not why
WRAPPER = re.compile(r"^(?:RuntimeError: )?Worker failed with error '(.*)', please check")
HEADING = re.compile(r"^\d+ validation errors? for ")
DETAILS = re.compile(r"\s*\[type=[^]]*.*$")
PLAIN = re.compile(
    r"^(?:\w+\.)*(?:ValueError|ValidationError|RuntimeError|OSError|Exception): |^Value error, "
)  # a name that adds nothing to its message


def clip(text: str) -> str:
    """The first sentence of a message on one line, without the names of exceptions that add nothing."""
    text = " ".join(text.split())
    if wrapped := WRAPPER.match(text):
        text = wrapped[1]
    while (plain := PLAIN.sub("", text)) != text:
        text = plain
    first = re.split(r"(?<=[a-z0-9)`'\"])\. (?=[A-Z])", text, maxsplit=1)[0]
    return first[:LONGEST].rstrip(" .")


def of_exception(error: Exception) -> CurateError:
    """An exception as an error that can be shown: ours as it is, another one by the first of its lines that says something."""
    if isinstance(error, CurateError):
        return error
    lines = [DETAILS.sub("", line.strip()) for line in str(error).splitlines() if line.strip()]
    if lines and HEADING.match(
        lines[0]
    ):  # pydantic: a heading, then the field's name unless the whole is meant, then what is wrong with it
        lines = [": ".join(lines[1:3]) if len(lines) > 2 and " " not in lines[1] else " ".join(lines[1:2])]
    return EngineError(clip(f"{type(error).__name__}: {lines[0]}") if lines and lines[0] else type(error).__name__)


def of_log(log: str) -> str:
    """Why a process ended: the last exception in its log that says why; the log's last line where there is none."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    raised = [found[1] for line in lines if (found := EXCEPTION.match(line)) and not EMPTY.search(line)]
    return clip((raised or lines or [UNTOLD])[-1])
