"""R1's form from the cold start on: <think>chain</think>, then a summary for the reader (arXiv 2501.12948v1, section 2.3.1), and nothing before the chain.

Read from the raw text, as `format` is, which is R1-Zero's form and asks for answer tags; a text in that form is in this one, too, since the answer stands where the summary does.
"""

import re

from curate.records import Answer, Prompt, Verdict

VERSION = "1"

_TAGS = re.compile(r"</?think>")
_ANSWER = re.compile(r"</?answer>")


def verify(answer: Answer, prompt: Prompt) -> Verdict:
    """Correct where the form is kept; what the summary says is not looked at. A chain that was never closed is `no_answer`."""
    text = answer.text
    if answer.reasoning is not None and "<think>" not in text:  # the template put the opening tag into the prompt
        text = "<think>" + text
    tags = [m.group() for m in _TAGS.finditer(text)]
    if "</think>" not in tags:
        return Verdict("no_answer", 0.0, "no </think>" + (" (cut off)" if answer.finish_reason == "length" else ""))
    chain, _, rest = text.partition("</think>")
    before, _, chain = chain.partition("<think>")
    summary = _ANSWER.sub("", rest).strip()
    flaw = (
        f"tags in the order {' '.join(tags)}"
        if tags != ["<think>", "</think>"]
        else "text before <think>"
        if before.strip()
        else "an empty chain"
        if not chain.strip()
        else "an empty summary"
        if not summary
        else ""
    )
    return Verdict("wrong", 0.0, flaw, summary or None) if flaw else Verdict("correct", 1.0, extracted=summary)
