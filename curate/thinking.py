"""Splitting a completion into its chain of thought and its response.

The chain's tags are a setting. The opening tag may stand in the prompt (many chat templates put it there), so a completion may hold the closing tag alone; the last closing tag ends the
chain, since a chain may talk about the tag. A chain that was never closed is all chain and no response: the sample was cut off or broken, and nothing in it is an answer.
"""

from typing import NamedTuple

from curate.records import Chain, Completion

SUMMARY_SHARE = (
    0.5  # a chain shorter than this share of the reasoning tokens a server counted, at a generous 1 token for 2 characters, is a summary
)
CHARACTERS_PER_TOKEN = 2.0


class Parts(NamedTuple):
    """The parts of a completion: `reasoning` is None where there is no chain."""

    reasoning: str | None
    response: str
    chain: Chain


def split(text: str, tags: tuple[str, str], *, opened: bool = False) -> Parts:
    """Split raw text; `opened` says that the prompt ended inside the chain."""
    opening, closing = tags
    head, found, tail = text.rpartition(closing)
    if found:
        chain = head.split(opening, 1)[1] if opening in head else head
        return Parts(chain.strip(), tail.strip(), "full")
    if opening in text:
        return Parts(text.split(opening, 1)[1].strip(), "", "full")
    if opened:
        return Parts(text.strip(), "", "full")
    return Parts(None, text.strip(), "none")


def parts_of(completion: Completion, tags: tuple[str, str], *, prefill: str = "") -> Parts:
    """The parts of a completion, whether the server split it, hid the chain, or left the tags in the text."""
    if completion.reasoning is not None:
        counted = completion.reasoning_tokens
        summarised = counted is not None and len(completion.reasoning) < SUMMARY_SHARE * CHARACTERS_PER_TOKEN * counted
        return Parts(completion.reasoning.strip(), completion.text.strip(), "summary" if summarised else "full")
    parts = split(prefill + completion.text, tags, opened=completion.opened)
    if parts.reasoning is None and completion.reasoning_tokens:
        return Parts(None, parts.response, "hidden")
    return parts
