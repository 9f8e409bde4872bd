"""What the engine is asked, and how its reply is read.

Chain and answer are a model's text and are never believed: they stand behind the same boundary as judged text (curate/filters/judge/boundary.py), and the reply must stand between lines that carry the nonce of its own request.
"""

import re
from typing import NamedTuple

from curate.filters.judge.boundary import nonce_of, quoted
from curate.filters.judge.wording import Wording, fill, shipped
from curate.records import Message

NAME = "readable"
_TAG = re.compile(r"</?think>")


class Reply(NamedTuple):
    """A chain and a solution."""

    reasoning: str
    response: str


def wording() -> Wording:
    """The text that ships, with its version."""
    return shipped(NAME, "rewriting")


def ask(sample_id: str, question: str, chain: str, answer: str) -> tuple[Message, str]:
    """The request for a sample, and its nonce."""
    pieces = {"question": quoted(question), "chain": quoted(chain), "answer": quoted(answer)}
    nonce = nonce_of(["rewrite", sample_id, wording().label], pieces)
    data = "\n\n".join(f"BEGIN {nonce} {name}\n{text}\nEND {nonce} {name}" for name, text in pieces.items())
    return Message("user", fill(wording().text, {"nonce": nonce, "data": data})), nonce


def read(reply: str, nonce: str) -> Reply | None:
    """Both pieces of a reply, None where one is missing, empty, there twice, or holds a chain's tag: between tags of ours it would end the chain where it likes."""
    found = {}
    for name in ("thinking", "solution"):
        pieces = re.findall(rf"^BEGIN {nonce} {name}[ \t]*\n(.*?)\n?^END {nonce} {name}[ \t]*$", reply, flags=re.DOTALL | re.MULTILINE)
        if len(pieces) != 1 or not pieces[0].strip() or nonce in pieces[0] or _TAG.search(pieces[0]):
            return None
        found[name] = pieces[0].strip()
    return Reply(found["thinking"], found["solution"])
