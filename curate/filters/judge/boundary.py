"""The prompt that a judge gets, and the boundary in it that judged text cannot leave.

Each piece stands between two lines that carry a nonce, and the same nonce is part of the verdict field's name. It is a hash of the run's seed, the sample's id, the task, the number of the vote and the
pieces themselves: it differs in every request, yet a replay asks for the same bytes. Since the text is hashed too, one who knows the seed and the id still cannot write a text that holds its own nonce; should one
turn up all the same, another is drawn.

Judged text is changed in four ways, all of them visible to the judge: line ends are unified, invisible characters and those that turn the direction of a line become escapes (curate.report.text.visible), words that
a tokenizer may read as a control token get a space after their bracket (a chat template does not escape them, so `<|im_end|>` in an answer would end our turn), and a line that imitates the boundary is quoted with "> ".

The prompt is one user turn, since some models know no system turn and R1 advises against one. Instructions stand before and behind the data. Not covered: a judge that follows text inside the boundary. That is
what calibration and planted controls measure.
"""

import re
from itertools import count
from typing import NamedTuple

from curate.filters.judge.tasks import Item, Task
from curate.filters.judge.wording import fill, shipped
from curate.records import Message, digest
from curate.report.text import visible

NONCE_DIGITS = 16

# Control tokens of the model families in use: ChatML and its kin (any <|...|>, DeepSeek's full-width bars too), Llama 2 and Mistral, Gemma, GLM, StarCoder and SmolLM, tool and thinking tags.
_ANGLED = (
    "s|bos|eos|unk|pad|mask|sep|cls|sop|eop|think|thinking|answer|tool_calls?|tool_response|tools?|function_calls?|start_of_turn|end_of_turn|start_of_image|end_of_image|turn|channel"
    "|system|user|assistant|human|repo_name|file_sep|reponame|filename|gh_stars|issue_start|jupyter_start|empty_output|fim_prefix|fim_middle|fim_suffix|endoftext|seed:bos|seed:eos|unused\\d{1,4}"
)
_SQUARED = "INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|THINK|MODEL_SETTINGS|gMASK|sMASK|MASK|UNK|CLS|SEP|PAD|BOS|EOS|IMG|PREFIX|MIDDLE|SUFFIX"
_TOKEN = re.compile(rf"<(?=[|｜]|/?(?:{_ANGLED})[ /]?>|<SYS>>|</SYS>>)|\[(?=/?(?:{_SQUARED})\])|\](?=~)", re.IGNORECASE)
_IMITATION = re.compile(r"^(?=[ \t]{0,20}+(?:BEGIN|END)[ \t]{1,5}+[0-9a-f]{4})", re.IGNORECASE | re.MULTILINE)


def quoted(text: str) -> str:
    """Judged text as the judge sees it."""
    text = text.replace("\r\n", "\n")
    if not (text.isascii() and text.replace("\n", "").isprintable()):
        text = visible(text, lines=True)
    return _IMITATION.sub("> ", _TOKEN.sub(lambda m: f"{m[0]} ", text))


class Asked(NamedTuple):
    """A judge's prompt, the nonce in it, and the field that the verdict must stand in."""

    messages: tuple[Message, ...]
    nonce: str
    field: str


def ask(item: Item, task: Task, seed: int, vote: int) -> Asked:
    """The prompt for one vote on an item."""
    pieces = {name: quoted(piece(item)) for name, piece in task.pieces.items()}
    nonce = nonce_of(["judge", seed, item.id, task.label, vote], pieces)
    order = list(pieces.items())
    blocks = [
        f"## {name}\nBEGIN {nonce} {name.lower()}\n{text}\nEND {nonce} {name.lower()}"
        for name, text in (reversed(order) if task.reverse else order)
    ]
    text = fill(shipped("frame").text, {"nonce": nonce, "data": "\n\n".join(blocks), **task.says()})
    return Asked((Message("user", text),), nonce, f"verdict_{nonce}")


def nonce_of(parts: list[object], pieces: dict[str, str]) -> str:
    """A code for a request that none of its pieces holds."""
    text = digest(pieces)
    for attempt in count():
        nonce = digest([*parts, text, attempt], NONCE_DIGITS)
        if not any(nonce in piece.lower() for piece in pieces.values()):
            return nonce
    raise AssertionError("unreachable")
