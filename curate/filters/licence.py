"""Which licences a prompt may have: an allow-list, held against what the source says of each prompt.

Names are compared by what they mean, not how they are spelled: "Apache 2.0", "apache-2.0" and "Apache License, Version 2.0" are one, and so are a Creative Commons address and its name. "A OR B" is
allowed where one of them is, "A AND B" and lists where all are. A licence that is not stated, or only as "other", is unknown: counted, and a reason where the filter is built so.

Not covered: what the licence of the generating model says of its output, exceptions ("WITH ..."), and licences inside a text.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache, partial
from typing import Literal

from curate.errors import UsageError
from curate.filters.base import Filter, Trace, Value, count

Unknown = Literal["keep", "drop"]
# they let the text be passed on, changed and sold, and do not ask to share alike; name others where your use allows them
PERMISSIVE = (
    "Apache-2.0",
    "MIT",
    "MIT-0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "0BSD",
    "ISC",
    "Zlib",
    "BSL-1.0",
    "Unlicense",
    "CC0-1.0",
    "CC-BY",
    "CC-BY-2.0",
    "CC-BY-2.5",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "ODC-By",
    "PDDL",
    "CDLA-Permissive-1.0",
    "CDLA-Permissive-2.0",
    "public domain",
)

_LONGEST = 500  # characters; a licence's whole text is no name
_UNKNOWN = frozenset(
    {
        "",
        "unknown",
        "other",
        "none",
        "n-a",
        "na",
        "null",
        "unspecified",
        "not-specified",
        "not-stated",
        "noassertion",
        "custom",
        "proprietary-or-unknown",
        "tbd",
    }
)
_ADDRESS = re.compile(r"https?://(?:www\.)?creativecommons\.org/(?:licenses|publicdomain)/([a-z-]++)/(\d\.\d)\S*+")
_PHRASES = (
    (re.compile(r"gnu affero general public|affero general public"), "agpl"),
    (re.compile(r"gnu (?:lesser|library) general public|lesser general public"), "lgpl"),
    (re.compile(r"gnu general public|general public"), "gpl"),
    (re.compile(r"mozilla public"), "mpl"),
    (re.compile(r"boost software"), "bsl"),
    (re.compile(r"open data commons"), "odc"),
    (re.compile(r"creative commons"), "cc"),
    (re.compile(r"attribution"), "by"),
    (re.compile(r"non ?commercial"), "nc"),
    (re.compile(r"share ?alike"), "sa"),
    (re.compile(r"no ?deriv(?:ative|ativ)?s?(?: works)?"), "nd"),
    (re.compile(r"\bzero\b"), "0"),
)
_NOISE = frozenset(
    [
        "the",
        "a",
        "license",
        "licence",
        "licenses",
        "licensed",
        "licences",
        "under",
        "version",
        "ver",
        "v",
        "international",
        "unported",
        "generic",
        "universal",
        "deed",
        "clause",
        "clauses",
        "only",
        "software",
        "dedication",
    ]
)
_TOKEN = re.compile(r"[a-z]++|\d++(?:\.\d++)*+")
_ALIASES = {
    "apache": "apache-2",
    "bsd": "bsd-3",
    "bsd-new": "bsd-3",
    "bsd-simplified": "bsd-2",
    "cc-0": "cc-0-1",
    "cc-0-1-public-domain": "cc-0-1",
    "cc-cc-0-1": "cc-0-1",
    "odc-by-1": "odc-by",
    "pddl-1": "pddl",
    "odc-pddl-1": "pddl",
    "expat": "mit",
}  # fmt: skip
_ANY_OF = re.compile(r"\s+or\s+(?!later\b)|(?<!:)(?<!/)/(?!/)", re.IGNORECASE)
_ALL_OF = re.compile(r"\s+and\s+|;|,(?!\s*(?:version|v\.?\s?\d))", re.IGNORECASE)


@lru_cache(maxsize=4096)
def normal(name: str) -> str:
    """One licence in a form in which the same licence is the same text; "" where it is unknown."""
    text = name[:_LONGEST].strip("\"'[]() \n\t").lower()
    address = _ADDRESS.fullmatch(text)
    if address:
        text = f"cc {address[1]} {address[2]}"
    text = re.sub(r"[\s_,()-]+|v(?=\d)", " ", text)
    for pattern, plain in _PHRASES:
        text = pattern.sub(plain, text)
    tokens = [token for token in _TOKEN.findall(text) if token not in _NOISE]
    plain_name = "-".join(re.sub(r"(?:\.0)+\Z", "", token) for token in tokens).removesuffix("-or-later")
    plain_name = _ALIASES.get(plain_name, plain_name)
    return "" if plain_name in _UNKNOWN else plain_name


def allowed(stated: str | None, allow: frozenset[str]) -> bool | None:
    """Whether a stated licence is among those allowed, which are in the form that `normal` gives; None where it is unknown."""
    verdicts: list[bool | None] = []
    stated = (stated or "")[:_LONGEST]
    for alternative in [stated] if "://" in stated else _ANY_OF.split(stated):
        parts = [normal(part) for part in _ALL_OF.split(alternative)]
        if any(part and part not in allow for part in parts):
            verdicts.append(False)
        else:
            verdicts.append(True if all(parts) else None)
    return True if True in verdicts else None if None in verdicts else False


def _measure(allow: frozenset[str], trace: Trace) -> Mapping[str, Value]:
    return {"licence_unknown": int(allowed(trace.license, allow) is None)}


def _reasons(allow: frozenset[str], unknown: Unknown, trace: Trace) -> Iterable[str]:
    found = allowed(trace.license, allow)
    if found is None:
        return ("licence_unknown",) if unknown == "drop" else ()
    return () if found else ("licence_not_allowed",)


def build(allow: Iterable[str] = PERMISSIVE, unknown: Unknown = "keep") -> Filter:
    """A filter that lets these licences pass; `unknown` says what becomes of prompts that state none. Raises UsageError for a name that says nothing, or another setting."""
    if isinstance(allow, str) or not isinstance(allow, Iterable):
        raise UsageError(f"the allowed licences are a list of names, not {allow!r}")
    allow = tuple(map(str, allow))
    names = {name: normal(name) for name in allow}
    for name, plain in names.items():
        if not plain:
            raise UsageError(f"{name!r} is no licence that could be allowed")
    if unknown not in ("keep", "drop"):
        raise UsageError(f"prompts without a licence are kept or dropped: keep or drop, not {unknown!r}")
    wanted = frozenset(names.values())
    return Filter(
        "licence",
        "1",
        partial(_measure, wanted),
        metrics={"licence_unknown": count("1 where the prompt's source states no licence, else 0")},
        reasons=partial(_reasons, wanted, unknown),
        settings={"allow": sorted(wanted), "unknown": unknown},
        build=partial(build, allow=allow, unknown=unknown),
    )
