"""Language codes: ISO 639-1 where there is one, and which of two names for the same thing is used."""

import re

# Old codes, country codes taken for languages, and standards that a text does not tell apart: the written Norwegians, and Croatian, Bosnian and Serbian in Latin script.
_OTHER_NAMES = {
    "nb": "no",
    "nn": "no",
    "sh": "hr",
    "bs": "hr",
    "iw": "he",
    "in": "id",
    "cmn": "zh",
    "jp": "ja",
    "fil": "tl",
    "gr": "el",
    "ua": "uk",
    "kr": "ko",
    "cn": "zh",
    "cz": "cs",
}


def code(name: str) -> str:
    """A language code as we write it: "zh-CN" and "zh_Hans" are "zh", and an old or national code is the current one."""
    short = re.split("[-_]", name.strip().lower(), maxsplit=1)[0]
    return _OTHER_NAMES.get(short, short)
