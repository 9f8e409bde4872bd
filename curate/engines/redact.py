"""Keys out of texts: every sentence, log line and recorded reason that may quote a server or a URL goes through here first.

The known key is removed wherever it stands, also as JSON or URL escapes and where a server echoes only its beginning; what merely looks like a key (a bearer token, `sk-...`, a password in a
URL) is removed as well, since a proxy may add credentials that this program never saw. A text without any comes back unchanged.
"""

import json
import logging
import re
from urllib.parse import quote

HIDDEN = "[hidden]"
SHORTEST_SECRET = 8  # a shorter key is a placeholder such as "EMPTY" or "dummy": removing it would eat ordinary words
ECHOED_PREFIX = (
    8  # servers echo the beginning of a wrong key ("sk-abcde***wxyz"): this many characters of it, and what hangs on, are hidden
)

_PATTERNS = (
    (
        re.compile(r"(?i)((?:proxy-)?authorization['\"]?\s*[:=]\s*(?:b?['\"])?)(?:(?:bearer|basic|token)\s+)?[^\s'\",;}\])]+"),
        r"\1" + HIDDEN,
    ),
    (re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/*=-]{6,}"), r"\1" + HIDDEN),
    (re.compile(r"(?i)\b((?:x-)?api[-_]?key['\"]?\s*[:=]\s*['\"]?)[^\s&'\",;}\])]+"), r"\1" + HIDDEN),
    (re.compile(r"(?i)([?&](?:key|token|access_token|auth|signature|sig)=)[^\s&'\"]+"), r"\1" + HIDDEN),
    (re.compile(r"(?i)(api key(?: provided)?:?\s+['\"]?)(?=\S*[\d*_-])[^\s'\",;]{6,}"), r"\1" + HIDDEN),
    (re.compile(r"(?i)\b(https?://)[^\s/@'\"]+@"), r"\1" + HIDDEN + "@"),
    (re.compile(r"\b(?:sk|rk|pk|hf|gsk|xai|nvapi)[-_][A-Za-z0-9_*.-]{6,}"), HIDDEN),
)


def hide(text: str, *secrets: str) -> str:
    """`text` without `secrets`, and otherwise as it was: for what must stay exact, such as a prompt or an answer."""
    for secret in secrets:
        if len(secret) < SHORTEST_SECRET:
            continue
        for form in {secret, json.dumps(secret)[1:-1], quote(secret, safe="")}:
            text = text.replace(form, HIDDEN)
    return text


def redact(text: str, *secrets: str) -> str:
    """`text` without `secrets`, without their echoed beginnings, and without anything that looks like a key."""
    text = hide(text, *secrets)
    for secret in secrets:
        if len(secret) >= 2 * ECHOED_PREFIX:
            text = re.sub(re.escape(secret[:ECHOED_PREFIX]) + r"[^\s'\",;]*", HIDDEN, text)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class RedactingFilter(logging.Filter):
    """Removes keys from the records of the HTTP libraries' loggers, whatever level a program that embeds this one has set."""

    def __init__(self, *secrets: str) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage(), *self._secrets), None
        return True
