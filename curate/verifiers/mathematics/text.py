r"""One spelling for mathematical text: what LaTeX, Unicode, full-width forms and plain ASCII write differently comes out the same.

After `plain`, relations and operators are single characters (≤ ≥ ≠ ≈ ∈ ∪ ∩ ∞ ± π ° and * for a product), \{ and \} are ⦃ and ⦄, \langle is ⟨, and the only commands left are those that take arguments or name functions.
Thousands are joined where the separator cannot mean anything else; a bare comma is left to the reader of lists. Every pass is linear in the text's length.
"""

import re
import unicodedata

_SYMBOLS = {
    "\u2212": "-",
    "–": "-",
    "—": "-",
    "×": "*",
    "·": "*",
    "⋅": "*",
    "∙": "*",
    "∗": "*",
    "÷": "/",
    "∕": "/",
    "⁄": "/",
    "⩽": "≤",
    "≦": "≤",
    "⩾": "≥",
    "≧": "≥",
    "≃": "≈",
    "≅": "≈",
    "∅": "∅",
    "⌀": "∅",
    "ℝ": "\\mathbb{R}",
    "ℤ": "\\mathbb{Z}",
    "ℕ": "\\mathbb{N}",
    "ℚ": "\\mathbb{Q}",
    "ℂ": "\\mathbb{C}",
    "º": "°",
    "˚": "°",
    "∖": "\\setminus ",
    "′": "'",
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    "、": ",",
    "。": ".",
    "〈": "⟨",
    "〉": "⟩",
    "∶": ":",
    "∞": "∞",
    "ϕ": "φ",
    "ϵ": "ε",
    "µ": "μ",
}
_SYMBOL_TABLE = {ord(k): v for k, v in _SYMBOLS.items()}
_SUPER = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ", "0123456789+-=()ni", strict=True))
_SUB = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙ", "0123456789+-=()n", strict=True))
_SUPERS = re.compile(f"[{''.join(_SUPER)}]+")
_SUBS = re.compile(f"[{''.join(_SUB)}]+")
_VULGAR = re.compile(r"[¼-¾⅐-⅞]")
_ROOTS = re.compile(r"([√∛∜])\s*(\d+(?:\.\d+)?|[A-Za-zπ](?![A-Za-z]))?")
_DEGREE = {"√": "", "∛": "[3]", "∜": "[4]"}
_SPACES = re.compile(r"[\u00a0\u2000-\u200a\u202f\u205f\u3000]")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060-\u2064\ufeff\u00ad]")

# what commands become; those that are not named here are left alone
_BECOME = {
    "": "left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr middle displaystyle textstyle scriptstyle limits nolimits",
    "  ": "quad qquad enspace thinspace hspace hfill space newline",
    "\\frac": "dfrac tfrac cfrac frac",
    "\\binom": "dbinom tbinom binom",
    "\\text": "text mathrm mathbf textbf textit textrm textsf texttt mathit mathsf mbox hbox operatorname textnormal mathnormal emph bm boldsymbol "
    "rm bf it vec overrightarrow hat widehat mathcal mathscr",
    "\\boxed": "boxed fbox",
    "\\setminus": "setminus backslash",
    "≤": "le leq leqslant leqq",
    "≥": "ge geq geqslant geqq",
    "≠": "ne neq",
    "≈": "approx simeq cong thickapprox doteq",
    "<": "lt",
    ">": "gt",
    "*": "times cdot ast bullet",
    "/": "div",
    "±": "pm",
    "∓": "mp",
    "∞": "infty",
    "∈": "in",
    "∪": "cup",
    "∩": "cap",
    "∅": "emptyset varnothing",
    "°": "circ degree",
    "|": "vert lvert rvert mid",
    "⦃": "lbrace",
    "⦄": "rbrace",
    "⟨": "langle",
    "⟩": "rangle",
    "[": "lbrack",
    "]": "rbrack",
    "⌊": "lfloor",
    "⌋": "rfloor",
    "⌈": "lceil",
    "⌉": "rceil",
    "...": "ldots dots cdots dotsc dotsb",
    " and ": "land wedge",
    " or ": "lor vee",
    ":": "colon",
    "£": "pounds",
    "€": "euro",
    "%": "percent",
    "$": "dollar",
    "i": "imath",
    "π": "pi",
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon varepsilon",
    "θ": "theta",
    "λ": "lambda",
    "μ": "mu",
    "ρ": "rho",
    "σ": "sigma",
    "τ": "tau",
    "φ": "phi varphi",
    "ω": "omega",
    "Ω": "Omega",
}
_COMMANDS = {name: found for found, names in _BECOME.items() for name in names.split()}
_COMMAND = re.compile(r"\\(?:([A-Za-z]+)\*?|(.))", re.DOTALL)
_MARKS = {"{": "⦃", "}": "⦄", "%": "%", "$": "$", "#": "#", "&": "&", "_": "_", "|": "|", "(": "", ")": "", "[": "", "]": "", "!": ""}
_TOGETHER = re.compile(r"(?<![\d.])\d{1,3}(?:\s?(?:\{,\s?\}|,\s?\\!|\\[,;: !]|[\u2009\u202f\u00a0]|\{\\,\}|')\s?\d{3})+(?!\d)")
_APART = re.compile(r"(?<![\d.,/^_{(\[⦃-])(?<!\d )\b\d{1,3}(?: \d{3})+(?![\d/,])(?! ?[/\d])")  # from the first number of a row only
_MODULUS = re.compile(r"\\pmod\s*(\w)(?!\w)")
_COLOUR = re.compile(r"\\(?:text)?color\s*\{\w+\}")
_CHOOSE = re.compile(r"\{([^{}]{1,100})\\choose\b([^{}]{1,100})\}")
_TIMES = re.compile(r"(?<=\d)\s*x\s*(?=10\s*\^)", re.IGNORECASE)  # 6.02 x 10^23
_TOP, _BOTTOM = "".join(_SUPER)[:10], "".join(_SUB)[:10]
_FRACTIONS = re.compile(f"(?<![{_TOP}])([{_TOP}]+)⁄([{_BOTTOM}]+)")  # a run of digits is tried once, from its start
_DEGREES = re.compile(r"\^\s*(?:\{\s*°\s*\}|°)")
_STYLED = re.compile(r"\{\s*\\(?:rm|bf|it)\b([^{}]{0,60})\}")  # {\rm cm}
_DOLLAR = re.compile(r"(?<!\\)\$")
_TWICE = re.compile(r"\\\\(?=[A-Za-z{}%$])")
_NEEDLESS = re.compile(r"(?<!\d)\s+|\s+(?!\d)")  # not the one in 3 1/2
_LEADING = re.compile(r"(?:\s|\*\*|__|`)*")
_OUTER = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))
_FORMULA_ENDS = ".,;:。，；：、 \n\t"


def _command(match: re.Match[str]) -> str:
    name, mark = match[1], match[2]
    if name is None:
        return _MARKS.get(mark, "\\\\" if mark == "\\" else " " if mark in ",;:> \n" else mark)
    found = _COMMANDS.get(name)
    if found is None:
        return match[0]
    # a command that became a name or a sign must not run into the letter that follows it
    return found + " " if found.startswith("\\") and found[-1].isalpha() and not match.string.startswith(("{", "["), match.end()) else found


def _unicode(text: str) -> str:
    text = _INVISIBLE.sub("", text)
    text = _VULGAR.sub(lambda m: "\\frac{{{}}}{{{}}}".format(*unicodedata.normalize("NFKC", m[0]).split("⁄")), text)
    text = _FRACTIONS.sub(lambda m: "\\frac{{{}}}{{{}}}".format(*unicodedata.normalize("NFKC", m[0]).split("⁄")), text)
    text = _SUPERS.sub(lambda m: "^{" + "".join(_SUPER[c] for c in m[0]) + "}", text)
    text = _SUBS.sub(lambda m: "_{" + "".join(_SUB[c] for c in m[0]) + "}", text)
    text = _ROOTS.sub(lambda m: f"\\sqrt{_DEGREE[m[1]]}" + (f"{{{m[2]}}}" if m[2] else ""), text)
    text = text.translate(_SYMBOL_TABLE)
    text = _TOGETHER.sub(lambda m: re.sub(r"\D", "", m[0]), text)
    return unicodedata.normalize("NFKC", _SPACES.sub(" ", text)).translate(_SYMBOL_TABLE)


def _ended(text: str, start: int) -> int:
    """Where a text ends without the emphasis, space and punctuation behind it; in one pass from its end."""
    end = len(text)
    while end > start:
        last = text[end - 1]
        if last == "`" or last.isspace():
            end -= 1
        elif text.endswith(("**", "__"), start, end):
            end -= 2
        elif last in _FORMULA_ENDS and not text.endswith(("...", "\\,", "\\;", "\\:"), start, end):
            while end > start and text[end - 1] in _FORMULA_ENDS:
                end -= 1
        else:
            break
    return end


def unwrapped(text: str) -> str:
    """Text without the marks around it: emphasis, formula signs, a full stop or comma at its end."""
    while True:
        before = text
        start = _LEADING.match(text).end()  # type: ignore[union-attr]  # it matches the empty text too
        text = text[start : _ended(text, start)]
        for opening, closing in _OUTER:
            if text.startswith(opening) and text.endswith(closing) and len(text) > len(opening + closing):
                inner = text[len(opening) : len(text) - len(closing)]
                if opening not in inner and closing not in inner and not inner.endswith("\\"):
                    text = inner
        if text == before:
            return text


def plain(text: str) -> str:
    """Text in the one spelling that the rest of this package reads."""
    text = unwrapped(text)
    if not text.isascii():
        text = _unicode(text)
    if "$" in text and len(_DOLLAR.findall(text)) > 1:  # what is left of formulas inside a sentence
        text = _DOLLAR.sub("", text)
    if "\\" in text or "{" in text or " " in text or "'" in text:
        text = _TOGETHER.sub(lambda m: re.sub(r"\D", "", m[0]), text)
        if "\\" in text:
            if "\\pmod" in text:
                text = _MODULUS.sub(r"\\pmod{\1}", text)
            if "color" in text:
                text = _COLOUR.sub("", text)
            if "\\choose" in text:
                text = _CHOOSE.sub(r"\\binom{\1}{\2}", text)
            if "\\\\" in text and "\\begin" not in text:  # backslashes that were escaped once too often
                text = _TWICE.sub(r"\\", text)
            text = _COMMAND.sub(_command, _STYLED.sub(r"\\text{\1}", text))
        text = _APART.sub(lambda m: m[0].replace(" ", ""), text)
    if "10" in text:
        text = _TIMES.sub("*", text)
    if "°" in text:
        text = _DEGREES.sub("°", text)
    text = text.replace("~", " ").replace("**", "^").replace("<=", "≤").replace(">=", "≥").replace("!=", "≠").replace("+/-", "±")
    return unwrapped(text)


def squeezed(text: str) -> str:
    """Plain text without spaces and without dress that never changes a meaning: equal ones are equal answers."""
    return _NEEDLESS.sub("", text)
