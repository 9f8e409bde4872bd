"""Constraints as the data set RLVR-IFeval (Tülu 3, arXiv 2411.15124) writes them: {"func_name": ..., "N": ..., ...}, one for each of IFEval's kinds.

They are judged by the same checkers, under the data's own relation ("around" and "at most" beside "at least"; exact numbers for keywords, letters and sections; `* * *` between paragraphs).
Where the functions published with that data differ further, ours hold: a letter counts in any case, words are not what stands between spaces, a title is not blank, a fence around JSON is fine.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from curate.verifiers.constraints.base import BadParameter
from curate.verifiers.constraints.form import options_of


class _Function(NamedTuple):
    kind: str
    names: Mapping[str, str] = {}  # theirs -> IFEval's
    fixed: Mapping[str, Any] = {}


FUNCTIONS: Mapping[str, _Function] = {
    "verify_keywords": _Function("keywords:existence", {"keyword_list": "keywords"}),
    "verify_keyword_frequency": _Function(
        "keywords:frequency", {"word": "keyword", "N": "frequency"}, {"relation": "exactly", "whole_words": True}
    ),
    "validate_forbidden_words": _Function("keywords:forbidden_words", {"forbidden_words": "forbidden_words"}),
    "verify_letter_frequency": _Function(
        "keywords:letter_frequency", {"letter": "letter", "N": "let_frequency"}, {"let_relation": "exactly"}
    ),
    "validate_response_language": _Function("language:response_language", {"language": "language"}),
    "verify_paragraph_count": _Function("length_constraints:number_paragraphs", {"N": "num_paragraphs"}, {"divider": "* * *"}),
    "validate_word_constraint": _Function("length_constraints:number_words", {"N": "num_words", "quantifier": "relation"}),
    "verify_sentence_constraint": _Function("length_constraints:number_sentences", {"N": "num_sentences", "quantifier": "relation"}),
    "validate_paragraphs": _Function(
        "length_constraints:nth_paragraph_first_word", {"N": "num_paragraphs", "i": "nth_paragraph", "first_word": "first_word"}
    ),
    "verify_postscript": _Function("detectable_content:postscript", {"postscript_marker": "postscript_marker"}),
    "validate_placeholders": _Function("detectable_content:number_placeholders", {"N": "num_placeholders"}),
    "verify_bullet_points": _Function("detectable_format:number_bullet_lists", {"N": "num_bullets"}),
    "validate_title": _Function("detectable_format:title"),
    "validate_choice": _Function("detectable_format:constrained_response", {"options": "options"}),
    "validate_highlighted_sections": _Function("detectable_format:number_highlighted_sections", {"N": "num_highlights"}),
    "validate_sections": _Function(
        "detectable_format:multiple_sections", {"N": "num_sections", "section_splitter": "section_spliter"}, {"relation": "exactly"}
    ),
    "validate_json_format": _Function("detectable_format:json_format"),
    "validate_repeat_prompt": _Function("combination:repeat_prompt", {"original_prompt": "prompt_to_repeat"}),
    "validate_two_responses": _Function("combination:two_responses"),
    "validate_uppercase": _Function("change_case:english_capital"),
    "validate_lowercase": _Function("change_case:english_lowercase"),
    "validate_frequency_capital_words": _Function(
        "change_case:capital_word_frequency", {"N": "capital_frequency", "quantifier": "capital_relation"}
    ),
    "validate_end": _Function("startend:end_checker", {"end_phrase": "end_phrase"}),
    "validate_quotation": _Function("startend:quotation"),
    "validate_no_commas": _Function("punctuation:no_comma"),
}


def translated(constraint: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """IFEval's id and parameters for a constraint of that data. Raises BadParameter for a function that is not known."""
    name = constraint.get("func_name")
    if not isinstance(name, str) or name not in FUNCTIONS:
        raise BadParameter(f"the function {str(name)[:60]!r} is not known")
    function = FUNCTIONS[name]
    parameters = {ours: constraint.get(theirs) for theirs, ours in function.names.items()} | dict(function.fixed)
    if parameters.get("options") is not None:
        parameters["options"] = options_of(parameters["options"])
    return function.kind, parameters
