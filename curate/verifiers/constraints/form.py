"""Constraints on what must stand in a response in a given form: placeholders, a postscript, bullets, highlights, sections, a title, JSON, one of a few answers.

The rules are the published ones, rewritten so that they take linear time on any text. Departs from them: a postscript's or section's marker is text, not a regular expression; JSON nested deeper
than Python can read, or with a number of thousands of digits, is judged all the same (the first as no JSON).
"""

import json
import re
from collections.abc import Mapping

from curate.verifiers.constraints.base import BadParameter, Check, Maker, Parameters, number, relation, text, texts

ANSWERS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
_FENCES = ("```json", "```Json", "```JSON", "```")
_HIGHLIGHT = re.compile(r"\*[^\n*]*\*")
_DOUBLE_HIGHLIGHT = re.compile(r"\*\*[^\n*]*\*\*")
_POSTSCRIPTS = {"P.P.S": re.compile(r"p\.\s?p\.\s?s"), "P.S.": re.compile(r"p\.\s?s\.")}


def number_placeholders(parameters: Parameters) -> Check:
    """At least so many [placeholders], each on one line."""
    wanted = number(parameters, "num_placeholders")

    def check(response: str) -> bool:
        found = 0
        for line in response.split("\n"):
            end = -1
            while (start := line.find("[", end + 1)) >= 0 and (end := line.find("]", start)) >= 0:
                found += 1
        return found >= wanted

    return check


def postscript(parameters: Parameters) -> Check:
    """A postscript's marker stands somewhere, in any case."""
    marker = text(parameters, "postscript_marker")
    pattern = _POSTSCRIPTS.get(marker) or re.compile(re.escape(marker.lower()))
    return lambda response: pattern.search(response.lower()) is not None


def number_bullet_lists(parameters: Parameters) -> Check:
    """Exactly so many lines that begin with one `*` or with `-`, white space before it or not. A rule of dashes is such a line too; a bare `*` makes one bullet with the line after it."""
    wanted = number(parameters, "num_bullets")

    def check(response: str) -> bool:
        found, taken = 0, False  # taken: by the bare asterisk of the line before
        lines = [line.lstrip() for line in response.split("\n")]
        for i, line in enumerate(lines):
            starred = not taken and line[:1] == "*" and line[1:2] != "*" and (len(line) > 1 or i + 1 < len(lines))
            found += starred or line[:1] == "-"
            taken = starred and len(line) == 1
        return found == wanted

    return check


def constrained_response(parameters: Parameters) -> Check:
    """One of the answers stands in the response: IFEval's three, or `options`, as whole words, where other data gives its own."""
    if parameters.get("options") is None:
        return lambda response: any(answer in response for answer in ANSWERS)
    patterns = [re.compile(rf"(?<!\w){re.escape(option)}(?!\w)") for option in texts(parameters, "options")]
    return lambda response: any(pattern.search(response) for pattern in patterns)


def number_highlighted_sections(parameters: Parameters) -> Check:
    """At least so many *highlights* or **highlights** that are not blank."""
    wanted = number(parameters, "num_highlights")

    def check(response: str) -> bool:
        found = [m.group()[1:-1] for m in _HIGHLIGHT.finditer(response)] + [m.group()[2:-2] for m in _DOUBLE_HIGHLIGHT.finditer(response)]
        return sum(1 for inner in found if inner.strip()) >= wanted

    return check


def multiple_sections(parameters: Parameters) -> Check:
    """At least so many headings "Section 1" (the word is given, and its case counts); `relation` may be another one, where other data sets it."""
    heading = re.compile(re.escape(text(parameters, "section_spliter")) + r"\s?\d+")
    wanted = number(parameters, "num_sections")
    compare = relation({"relation": parameters.get("relation") or "at least"}, "relation")
    return lambda response: compare(sum(1 for _ in heading.finditer(response)), wanted)


def json_format(parameters: Parameters) -> Check:
    """The whole response is JSON, in a fence or not."""

    def check(response: str) -> bool:
        body = response.strip()
        for fence in _FENCES:
            body = body.removeprefix(fence)
        try:
            json.loads(body.removesuffix("```").strip(), parse_int=str, parse_float=str)
        except (ValueError, RecursionError):
            return False
        return True

    return check


def title(parameters: Parameters) -> Check:
    """A <<title>> on one line, not blank."""

    def check(response: str) -> bool:
        for line in response.split("\n"):
            start, end = line.find("<<"), line.rfind(">>")
            if end > start + 2 and start >= 0 and line[start:end].lstrip("<").rstrip(">").strip():
                return True
        return False

    return check


def options_of(value: object) -> list[str]:
    """Options as a list, also from a text that quotes them: "('yes', 'no')". Raises BadParameter."""
    if isinstance(value, str):
        value = [a or b for a, b in re.findall(r"'([^'\n]{1,200})'|\"([^\"\n]{1,200})\"", value[:10_000])]
    if not isinstance(value, list):
        raise BadParameter("options must be a list of texts")
    return texts({"options": value}, "options")


KINDS: Mapping[str, Maker] = {
    "detectable_content:number_placeholders": number_placeholders,
    "detectable_content:postscript": postscript,
    "detectable_format:number_bullet_lists": number_bullet_lists,
    "detectable_format:constrained_response": constrained_response,
    "detectable_format:number_highlighted_sections": number_highlighted_sections,
    "detectable_format:multiple_sections": multiple_sections,
    "detectable_format:json_format": json_format,
    "detectable_format:title": title,
}
