"""R1's format: <think>chain</think> followed by <answer>answer</answer> and nothing else but whitespace.

Read from the raw text, since how it is split into chain and response is what is being checked. A template may put the opening <think> into the prompt: then the completion holds none, and the
chain was split off nevertheless (`Answer.reasoning` is set). A tag that is mentioned inside the chain or the answer counts as a second one: a reader of the tags could not tell them apart.
"""

import re

from curate.records import Answer, Prompt, Verdict

VERSION = "1"

_TAGS = re.compile(r"</?(?:think|answer)>")
_ORDER = ["<think>", "</think>", "<answer>", "</answer>"]


def _flaw(text: str) -> tuple[str, str | None]:
    """What is wrong with the form ("" for nothing), and the answer."""
    found = list(_TAGS.finditer(text))
    tags = [m.group() for m in found]
    for tag in _ORDER:
        if tag not in tags:
            return f"no {tag}", None
        if tags.count(tag) > 1:
            return f"{tags.count(tag)} times {tag}", None
    if tags != _ORDER:
        return f"tags in the order {' '.join(tags)}", None
    opening, closing, begin, end = found
    answer = text[begin.end() : end.start()].strip()
    if text[: opening.start()].strip():
        return "text before <think>", answer
    if not text[opening.end() : closing.start()].strip():
        return "an empty chain", answer
    if text[closing.end() : begin.start()].strip():
        return "text between </think> and <answer>", answer
    if not answer:
        return "an empty answer", None
    if text[end.end() :].strip():
        return "text after </answer>", answer
    return "", answer


def verify(answer: Answer, prompt: Prompt) -> Verdict:
    """Correct where the form is kept; what the answer says is not looked at. No answer tags at all is `no_answer`."""
    text = answer.text
    if answer.reasoning is not None and "<think>" not in text:
        text = "<think>" + text
    flaw, extracted = _flaw(text)
    if not flaw:
        return Verdict("correct", 1.0, extracted=extracted)
    if answer.finish_reason == "length":
        flaw += " (cut off)"
    return Verdict("wrong" if "<answer>" in text else "no_answer", 0.0, flaw, extracted)
