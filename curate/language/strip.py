"""Taking out what is not language: code, LaTeX, addresses, tags and symbols, so that what is left is words.

Every pattern is bounded or does not run over its own opening mark, so that the time is linear in the text, whatever it is. Not covered: code that is neither fenced nor in backticks nor on a line
that looks like code, and LaTeX without dollar signs or backslashes; both read as words.
"""

import re

_ENVIRONMENTS = (
    "equation|align|aligned|gather|gathered|cases|array|[pbvBV]?matrix|split|multline|eqnarray|tabular|verbatim|lstlisting|tikzpicture|asy"
)
# What a text must contain for a pattern to be tried, and the pattern, in the order in which they are taken out: one pass for each is faster than one for all.
_NOISE = (
    ("```", re.compile(r"```[^`]*+(?:`{1,2}[^`]++)*+(?:```|\Z)")),  # a fence, also one that was never closed
    ("~~~", re.compile(r"~~~[^~]*+(?:~{1,2}[^~]++)*+~~~")),  # one that is never closed is a line under a heading
    ("`", re.compile(r"`[^`\n]{1,400}+`")),
    ("$$", re.compile(r"\$\$[^$]*+\$\$")),
    ("$", re.compile(r"\$(?![\s$])[^$\n]{1,1000}+(?<!\s)\$(?!\d)")),  # as pandoc has it, so that two prices are no formula
    ("\\[", re.compile(r"\\\[(?:[^\\]++|\\(?![\[\]]))*+\\\]")),
    ("\\(", re.compile(r"\\\((?:[^\\]++|\\(?![()]))*+\\\)")),
    ("\\begin", re.compile(rf"\\begin\{{(?:{_ENVIRONMENTS})\*?\}}(?:[^\\]++|\\(?!begin|end))*+\\end\{{\w{{1,20}}\*?\}}")),
    # a command with its arguments, but words with spaces between them in \text{...} and the like stay
    ("\\", re.compile(r"\\(?:(?:text|textbf|textit|emph|boxed|mathbf|mbox)\{(?=[^{}\n\\\s]{0,80}\s)|[A-Za-z]++\*?(?:\{[^{}\n]{0,200}+\})*+)")),
    ("://", re.compile(r"(?<![a-z])[a-z]{2,12}+://\S++")),
    ("www.", re.compile(r"www\.\S++")),
    ("<", re.compile(r"</?[A-Za-z][^<>\n]{0,200}+>")),
)  # fmt: skip
# A line of a program that stands outside a fence.
_CODE_LINE = re.compile(
    r"^[ \t]*+(?:(?:def|class)\s+\w+\s*[(:]|(?:async\s+)?(?:for|while|if|elif)\b[^\n]{0,300}:[ \t]*$|import\s+\w|from\s+[\w.]+\s+import\b|return\b[^\n]{0,200}[()\[\]=+*;]"
    r"|#include\b|(?:public|private|static|const|let|var|int|void|double|float)\s+\w+[^\n]{0,200}[;{(=]|(?:print|printf|console\.log)\s*\(|[^\n]{0,300}\{[ \t]*$|[})\];, \t]+$"
    r"|[^\n]{0,200}[=(][^\n]{0,200};[ \t]*$|>>> ).*$",
    re.MULTILINE,
)
_CODE_MARKS = ("{", "}", ");", "def ", "import ", "return ", "class ", "print(", ">>> ")
_TYPOGRAPHIC = {**dict.fromkeys("’‘ʼ", "'"), **dict.fromkeys("“”„‟«»「」『』《》", '"'), "\uff08": "(", "\uff09": ")"}
_SYMBOLS = re.compile(
    "[\u00a0-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf×÷\u2000-\u200b\u200e-\u2bff\ufe0e\ufe0f\U0001f000-\U0001faff]+"
)
_ASCII = bytes(range(128))
FEW = 50  # symbols of a text that are replaced one by one, which is faster than to search for all


def _plain(text: str) -> str:
    """`text` with plain quotation marks and brackets, and a space for each symbol."""
    there = set(text.encode(errors="surrogatepass").translate(None, _ASCII).decode(errors="surrogatepass"))
    for mark in there & _TYPOGRAPHIC.keys():
        text = text.replace(mark, _TYPOGRAPHIC[mark])
    symbols = [mark for mark in there - _TYPOGRAPHIC.keys() if _SYMBOLS.match(mark)]
    if len(symbols) > FEW:
        return _SYMBOLS.sub(" ", text)
    for mark in symbols:
        text = text.replace(mark, " ")
    return text


def strip(text: str) -> str:
    """`text` without code, formulas, commands, addresses and symbols; quotation marks of all kinds are plain ones. Lines stay lines."""
    for needle, pattern in _NOISE:
        if needle in text:
            text = pattern.sub(" ", text)
    if any(mark in text for mark in _CODE_MARKS):
        text = _CODE_LINE.sub("", text)
    return text if text.isascii() else _plain(text)
