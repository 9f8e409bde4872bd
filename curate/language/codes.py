"""Language codes: ISO 639-1 where there is one, which of two names for the same thing is used, and which languages a text does not tell apart well enough for a verdict."""

import re

_LONG = (
    "eng en,zho zh,chi zh,jpn ja,kor ko,deu de,ger de,fra fr,fre fr,spa es,por pt,ita it,nld nl,dut nl,rus ru,ukr uk,pol pl,ces cs,cze cs,slk sk,hun hu,ron ro,rum ro,"
    "tur tr,ind id,vie vi,tha th,ara ar,fas fa,per fa,heb he,hin hi,ben bn,urd ur,tam ta,tel te,mar mr,swe sv,dan da,nor no,nob no,nno no,fin fi,ell el,gre el,bul bg"
)
# Old codes, country codes taken for languages, and standards that a text does not tell apart: the written Norwegians, and Croatian, Bosnian and Serbian in Latin script.
_OTHER_NAMES = {
    "nb": "no",
    "nn": "no",
    "sh": "hr",
    "bs": "hr",
    "iw": "he",
    "in": "id",
    "cmn": "zh",
    "yue": "zh",
    "wuu": "zh",
    "lzh": "zh",
    "arb": "ar",
    "arz": "ar",
    "pes": "fa",
    "zsm": "ms",
    "jp": "ja",
    "fil": "tl",
    "gr": "el",
    "ua": "uk",
    "kr": "ko",
    "cn": "zh",
    "cz": "cs",
    # ISO 639-2 and -3 for the languages that sets name in this way
    **dict(pair.split() for pair in _LONG.split(",")),
}
# So close that rules and model take a sentence of the one for the other: no verdict hangs on the difference.
_KIN = ({"da", "no"}, {"hr", "sr"}, {"id", "ms"}, {"gl", "pt"}, {"cs", "sk"}, {"af", "nl"}, {"bg", "mk"})


def code(name: str) -> str:
    """A language code as we write it: "zh-CN" and "zh_Hans" are "zh", and an old or national code is the current one."""
    short = re.split("[-_]", name.strip().lower(), maxsplit=1)[0]
    return _OTHER_NAMES.get(short, short)


def same(one: str, other: str) -> bool:
    """Whether two codes are of one language, or of two that are not told apart well enough for a verdict."""
    return one == other or any(one in kin and other in kin for kin in _KIN)
