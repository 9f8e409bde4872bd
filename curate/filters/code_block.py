"""Code in a sample that is not about code: fenced, or bare lines of a program. R1 dropped chains with code blocks (arXiv 2501.12948v2, B.3.3) and published no rule.

What counts is lines. A fence that names a language counts whole, its two fence lines included; one that names none counts where a line in it is unmistakably a program's, since tables, drawings and
aligned sums stand in fences too. Outside a fence a run of lines counts that has two unmistakable ones, or one and two that fit (an assignment, a call, a bracket, a comment): so `x = 3`, matrices
and case distinctions are no code.

Nothing is measured where the question itself asks for code or shows some; in mathematics, science and logic that needs a program to be asked for, elsewhere a word of computing is enough.
Not covered: pseudo-code in plain words, code on one line in a sentence, languages that look like none of those here.
"""

import re
from collections.abc import Mapping

from curate.filters.base import Filter, Limit, Trace, Value, by_part, count

LANGUAGES = frozenset(
    """python py python3 py3 pycon ipython sage r c h cpp c++ cc cxx csharp c# cs java javascript js jsx typescript ts tsx node go golang rust rs ruby rb php perl swift kotlin scala lua julia jl
    haskell hs ocaml fsharp elixir erlang clojure lisp scheme racket prolog matlab octave mathematica wolfram maple fortran pascal vb vba basic sql mysql postgresql sqlite bash sh shell zsh console
    terminal powershell ps1 batch cmd dockerfile makefile make cmake json yaml yml toml xml html css scss graphql lean lean4 coq isabelle agda dart groovy asm assembly solidity pseudocode pseudo
    algorithm code""".split()  # noqa: SIM905
)
_FENCE = re.compile(r"\n[ \t>]*+(`{3,}+|~{3,}+)[ \t]*+([^\s`]*+)[^\n`]*+(?=\n)")
_END = r"[ \t]*+(?=\n|\Z)"
_DOTTED = r"(?:[A-Za-z_]\w{0,40}+\.){1,6}+[A-Za-z_]\w{1,40}+\("  # a call of a module's or an object's function
# what a program's line begins with and prose, formulas and tables do not
_STRONG = (
    # Python
    r"(?:async )?def \w+ ?\(",
    rf"class \w+\([^\n()]{{0,80}}+\):{_END}",
    rf"(?:from [\w.]++ )?import [\w.*]++(?: as \w++)?(?:, ?[\w.]++(?: as \w++)?)*+;?{_END}",
    r"for \w+(?:, ?\w+)* in [\w.]++\(",
    rf"(?:elif [^\n:]{{1,200}}+|except(?: [\w., ()]{{1,60}}+)?):{_END}",
    r"with open\(|if __name__|raise \w+(?:Error|Exception)|assert [^\n=]{1,100}+==|print ?\(",
    rf"(?:{_DOTTED}|[A-Za-z_][\w.\[\]]{{0,80}}+(?:, ?[\w.\[\]]{{1,80}}+){{0,6}}+(?: = (?:lambda\b|(?:int|float|str|list|dict|set|input|range|sorted|len)\(|{_DOTTED}|[\[({{][^\n]{{0,200}}?\bfor \w+ in )"
    r"| ?(?:[-+*%]|//|\*\*|<<|>>)= ?\S|(?:\+\+|--);))",
    r">>> |In \[\d",
    # C, C++, Java, JavaScript, Go, Rust and their kin
    r"\#\s?(?:include|define) ?[<\"\w]|using namespace |(?:public|private|protected) (?:static |final |class |void |int )",
    r"(?:unsigned |static |const )*(?:int|float|double|char|bool|boolean|void|auto|String|string|long long|size_t|vector<[^\n<>]{1,40}>) [*&]?\w+(?:\[[^\n\]]{0,20}\])*(?: ?=[^\n;]{1,200}+;| ?;|\()",
    r"(?:const|var|let mut) \w+ = [^\n]{1,200}+(?<=[;{(\[])",
    r"for ?\([^\n;]{0,80}+;|(?:\} ?)?(?:while|if|else if|switch) ?\([^\n]{1,200}+(?<=\{)|\}? ?else ?\{|(?:export )?(?:async )?function \w* ?\(|(?:pub )?(?:fn|func|fun) \w+[(<]",
    r"std::|cout ?<<|cin ?>>|printf ?\(|scanf ?\(|println!|return\b[^\n;]{0,200}+;",
    # SQL, shell, R, MATLAB, Perl, Lisp, Pascal, BASIC, Wolfram, CSS, Haskell, Prolog, Lean, markup, JSON
    r"(?:SELECT|INSERT INTO|DELETE FROM|CREATE TABLE|GROUP BY|ORDER BY) [\w*(]",
    r"(?:\$ )?(?:awk '|sed -|grep -|sort -|python3? (?:-c |\S{1,60}\.py)|curl (?:-|http)|sudo |pip3? install |apt(?:-get)? install |npm (?:install|run) |git (?:clone|commit|push|pull|add) |docker (?:run|build) |chmod [+0-7])",
    r"[\w.]+ <- (?:c|function|seq|rep|matrix|data\.frame)\(|for \w+ ?= ?\w+:\w+|(?:disp|fprintf)\(|[a-z]\w* :: [\w\[(]",
    r"for \w+ in [^\n;]{1,80}+; do\b|echo [\"$]|puts |(?:my|our) [$@%]\w|\$\w+ [-+.*]?= [^\n$;]{1,100}+;|foreach my |<\?php"
    r"|\((?:define|defun|defn|setq|display|lambda) |program \w+;|writeln ?\(|[A-Za-z]\w{0,40} := [^\n;]{1,100}+;|\d{2,5} (?:LET|FOR|PRINT|NEXT|GOTO|GOSUB|INPUT|DIM) "
    r"|(?:Table|Solve|NSolve|Reduce|Simplify|Total|Sum|Integrate|Plot|Select|Module|FactorInteger)\[|(?:color|margin|padding|display|background|font-\w+|text-align): [^\n;]{1,60}+;"
    r"|main = |[a-z]\w{0,40}\([^\n]{0,80}\) :- |(?:theorem|lemma|example) [^\n]{0,300}:=",
    r"<(?:!DOCTYPE|/?(?:html|head|body|div|span|script|style|table|tr|td|ul|li|form|button|input))\b[^\n>]{0,200}+>",
    r"\"[\w -]{1,40}\" ?: ?[\"\[{\d]",
)
_STRONG_LINE = re.compile(rf"[ \t]*+(?:{'|'.join(_STRONG)})")
_ANY_STRONG = re.compile(rf"\n[ \t]*+(?:{'|'.join(_STRONG)})")
# what may stand between such lines
_FITTING_LINE = re.compile(
    r"[a-z]\w{0,40} [\w()\[\]: ]{1,40}= |(?:  |\t)|[A-Za-z_][\w.\[\]'\"]{0,80}(?:, ?[A-Za-z_]\w{0,80})* ?(?::=|=|<-) ?\S|[A-Za-z_][\w.]{0,80}\([^\n]*\)[;:]?[ \t]*$|[ \t]*+[})\];,]+[ \t]*$|[ \t]*+(?:\#|//|/\*|\*|--|\"\"\")"
    r"|[ \t]*+(?:return|if|elif|else|while|for|try|done|fi|with|break|continue|pass|yield|end|let|var|class|const|FROM|WHERE|JOIN|ON|AND|OR)\b|[^\n]{0,300}[;{][ \t]*$"
)
_NEEDED = 3  # lines of a run that has one unmistakable line only

_ASKED = re.compile(
    r"```|\b(?:python|javascript|typescript|c\+\+|c#|golang|sql|html|css|bash|matlab|haskell|numpy|pandas|sympy|lean ?4|pseudo-?code|source code|programming|time complexity)(?!\w)"
    r"|\b(?:write|implement|create|develop|build|design|fix|debug|refactor|complete)\b[^.?!\n]{0,80}?\b(?:program|script|snippet|macro|query|web ?page|function (?:that|which|to) (?:takes?|returns?|accepts?|prints?|checks?|sorts?|counts?|computes?))\b"
    r"|\b(?:write|implement|fix|debug|refactor|provide|generate)\b[^.?!\n]{0,60}?\bcode\b"
    r"|\b(?:following|this|the|of) (?:code|program|snippet|script)\b[^.?!\n]{0,40}\b(?:prints?|outputs?|does|returns?|do|compute)\b|\boutput of (?:the|this) (?:following )?(?:code|program|script)\b"
    r"|代码|代碼|編程|编程|程式碼|伪代码|脚本|(?:写|設計|设计|寫|运行|执行)[^。？！\n]{0,10}(?:程序|程式)|(?<![ァ-ヶー])コード|プログラムを|プログラミング|スクリプト|코드를|코드 작성|프로그램을|프로그래밍|스크립트"
    r"|(?:напиш|составь|реализ)[^.?!\n]{0,40}?(?:программ|код|скрипт|функци)|программировани|псевдокод|исходн\w{1,3} код"
    r"|(?:escrib|escrev|implement|crea|cria|programa)[^.?!\n]{0,40}?(?:código|programa|script|funci[oó]n|função)|programación|programação|pseudoc[oó]digo"
    r"|(?:écri|implément)[^.?!\n]{0,40}?(?:code|programme|script|fonction)|programmation|(?:schreib|implementier|entwickl)[^.?!\n]{0,40}?(?:programm|code|skript|funktion)|programmier|quellcode"
    r"|(?:scriv|implement)[^.?!\n]{0,40}?(?:codice|programma|script|funzione)|(?:yaz|geliştir)[^.?!\n]{0,40}?(?:program|kod)|(?:program|kod)[^.?!\n]{0,20}? yaz|(?:viết|lập)[^.?!\n]{0,40}?(?:chương trình|mã)"
    r"|(?:napisz|napište|napiš)[^.?!\n]{0,40}?(?:program|kod|kód|skrypt)|(?:buat|tulis)[^.?!\n]{0,40}?(?:program|kode|skrip)|(?:اكتب|برمج)[^.؟!\n]{0,40}?(?:برنامج|كود|دالة)|برمجة|(?:प्रोग्राम|कोड) लिख",
    re.IGNORECASE,
)
_COMPUTING = re.compile(
    r"\b(?:code|coding|programs?|software|terminal|commands?|linux|ubuntu|windows|docker|kubernetes|git|github|servers?|databases?|api|excel|spreadsheets?|scripts?|browser|website|web|apps?|config\w*|json|xml|yaml|csv"
    r"|regex|compiler|debug\w*|functions?|variables?|arrays?|algorithms?|shell|ssh|https?|urls?|latex|markdown|java|rust|ruby|php|perl|kotlin|swift)\b|命令|软件|数据库|服务器|网站|ソフト|データベース|команд|сервер|файл|сайт",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"`([^`\n]++)`")
_NARROW = frozenset({"math", "stem", "science", "logic"})


def _run_lines(text: str) -> int:
    """Lines of code in text without fences; it begins with a line end."""
    if _ANY_STRONG.search(text) is None:
        return 0
    total = strong = fitting = blank = 0
    prompted = False  # the line before was typed at a prompt, so this one may be what it gave
    for line in (*text.split("\n"), "", ""):
        typed = _STRONG_LINE.match(line) is not None
        if typed or (prompted and line and not line.isspace()):
            strong, blank = strong + 1, 0
        elif line and not line.isspace() and _FITTING_LINE.match(line):
            fitting, blank = fitting + 1, 0
        else:
            blank += 1
            if blank > 1 or (line and not line.isspace()):
                total += strong + fitting if strong > 1 or (strong and strong + fitting >= _NEEDED) else 0
                strong = fitting = 0
        prompted = typed and line.startswith((">>> ", "$ "))
    return total


def _block_lines(content: str, info: str) -> int:
    """Lines of a fenced block, the fences included; 0 for one that holds no code. `content` begins with a line end."""
    lines = sum(1 for line in content.split("\n") if line.strip())
    return lines + 2 if lines and (info.strip("{}.").lower() in LANGUAGES or _ANY_STRONG.search(content)) else 0


def code_lines(text: str) -> int:
    """How many lines of `text` are code, those of fences that name a language included."""
    text = f"\n{text}\n"
    if "```" not in text and "~~~" not in text:
        return _run_lines(text)
    total = at = 0
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            total += _run_lines(text[at : fence.start()])
            opened = fence
        elif fence[1].startswith(opened[1]) and not fence[2]:
            total += _block_lines(text[opened.end() : fence.start()], opened[2])
            opened, at = None, fence.end()
    return total + (_run_lines(text[at:]) if opened is None else _block_lines(text[opened.end() :], opened[2]))


def asked(trace: Trace) -> bool:
    """Whether the question is about code, by what it says."""
    return bool(
        _ASKED.search(trace.question)
        or (trace.domain not in _NARROW and _COMPUTING.search(trace.question))
        or any(_STRONG_LINE.match(quoted) for quoted in _QUOTED.findall(trace.question))
        or code_lines(trace.question)
    )


def measure(trace: Trace) -> Mapping[str, Value]:
    """Lines of code of each part; nothing where the question is about code."""
    found = by_part(trace, "code_lines", code_lines)
    return {} if any(found.values()) and asked(trace) else found


_SOURCE = "not published; one line is a mention, two lines of a program are the least that is counted at all, and a fenced block has three"
FILTER = Filter(
    "code_block",
    "1",
    measure,
    metrics={
        "reasoning_code_lines": count("lines of code in the chain, fences included; null where the task is about code"),
        "response_code_lines": count("lines of code in the response, fences included; null where the task is about code"),
    },
    limits=(
        Limit("reasoning_lines", "reasoning_code_lines", 1, "code_block", _SOURCE),
        Limit("response_lines", "response_code_lines", 1, "code_block", _SOURCE),
    ),
    not_domains=frozenset({"code", "coding", "programming"}),
)
