"""The program that a response holds: its last closed code block of the language, or the whole response where that is code.

A block without a language counts where none is named; a fence that is never closed means that the program was cut off, and there is none. Only the response is read, never the chain. What HumanEval
asks for may come as the whole function or as the rest of the one that the prompt began: `whole_program` puts together what runs.

`defines` looks at the program's text, not at what it leaves behind when it runs: a function that only a star import supplies is none of the program's.
"""

import ast
import re
from functools import lru_cache

from curate.verifiers.extraction import tagged

LONGEST_PROGRAM = 1 << 18  # characters: a program's syntax tree takes some thousand times as many bytes in the worst case
NAMES = {"python": frozenset({"python", "py", "python3", "py3"}), "cpp": frozenset({"cpp", "c++", "cc", "cxx", "cplusplus"})}
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*([^\s`{]*)[^`]*")
_SYNTAX_ERRORS = (SyntaxError, ValueError, RecursionError, MemoryError)
_CPP = re.compile(r"\s*(?://|/\*|#\s*include\b|#\s*define\b|#\s*pragma\b|using\s|int\s+main\b)")


def _blocks(text: str) -> tuple[list[tuple[str, str]], bool]:
    """The closed blocks as (language, content), and whether a last one is open."""
    found: list[tuple[str, str]] = []
    fence = language = indent = ""
    content: list[str] = []
    for line in text.split("\n"):
        match = _FENCE.fullmatch(line.rstrip()) if "```" in line or "~~~" in line else None
        if not fence:
            if match:
                fence, language, content = match[1], match[2].lower(), []
                indent = line[: line.index(fence)]
        elif match and match[1].startswith(fence) and not match[2] and line.strip() == match[1]:
            if indent and all(c.startswith(indent) for c in content if c.strip()):  # the indentation of a list that the block stands in
                content = [c.removeprefix(indent) for c in content]
            found.append((language, "\n".join(content)))
            fence = ""
        else:
            content.append(line)
    return found, bool(fence)


def tree(source: str) -> ast.Module | None:
    """The syntax tree, or None where it is no Python."""
    if len(source) > LONGEST_PROGRAM:
        return None
    try:
        return ast.parse(source)
    except _SYNTAX_ERRORS:
        return None


def _is_python(text: str) -> bool:
    """Whether all of a text is a program: "Yes" and "42" parse, and are none."""
    parsed = tree(text)
    plain = (ast.Name, ast.Constant, ast.Tuple, ast.Attribute, ast.BinOp, ast.UnaryOp, ast.Compare)
    return parsed is not None and any(not (isinstance(s, ast.Expr) and isinstance(s.value, plain)) for s in parsed.body)


def program(response: str, language: str, begun: str = "") -> str | None:
    """The program's text, or None. `begun`: what the response may continue."""
    inside = tagged(response)
    for text in [inside, response] if inside and "```" in inside else [response]:
        assert text is not None
        blocks, open_ = _blocks(text)
        if open_:
            return None
        named = [content for name, content in blocks if name in NAMES[language]]
        unnamed = [content for name, content in blocks if not name]
        if named or unnamed:
            return (named or unnamed)[-1]
        if blocks:
            return None
    text = inside if inside is not None else response
    if language == "cpp":
        return text if _CPP.match(text) else None
    if _is_python(text) or (begun and text[:1] in (" ", "\t") and text.strip() and tree(begun + text) is not None):
        return text
    return None


def _binds(statement: ast.stmt, name: str) -> bool:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return statement.name == name
        case ast.Import() | ast.ImportFrom():
            return any((a.asname or a.name.split(".")[0]) == name for a in statement.names)
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            return any(isinstance(n, ast.Name) and n.id == name for t in targets for n in ast.walk(t))
        case ast.If() | ast.Try() | ast.With() | ast.For() | ast.While():
            return any(isinstance(n, ast.stmt) and _binds(n, name) for n in ast.walk(statement) if n is not statement)
    return False


@lru_cache(maxsize=8)  # asked more than once of a program
def defines(source: str, name: str) -> bool:
    """Whether the program's own text binds the name at the top level."""
    parsed = tree(source)
    return parsed is not None and any(_binds(s, name) for s in parsed.body)


def method_owner(source: str, name: str) -> str | None:
    """The class `Solution` that has a method of this name, as LeetCode wants it."""
    parsed = tree(source)
    for statement in parsed.body if parsed else []:
        if isinstance(statement, ast.ClassDef) and statement.name == "Solution" and any(_binds(s, name) for s in statement.body):
            return statement.name
    return None


def whole_program(found: str, begun: str, entry: str | None) -> str:
    """What runs: the program behind what the prompt began (for its imports and helpers) where it defines the entry point itself, else as its continuation."""
    if not begun:
        return found
    if entry is not None and (defines(found, entry) or tree(begun + found) is None):
        return begun.rstrip("\n") + "\n\n" + found
    return begun + found
