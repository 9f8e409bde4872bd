"""What goes over the pipes between the pool and its workers: JSON lines, written and read by msgspec, since that takes a quarter of the time, and by the standard library where a text holds half of a surrogate pair, which
msgspec refuses."""

import json
from operator import attrgetter
from typing import Any

import msgspec

from curate.records import Answer, Message, Prompt

_ENCODER, _DECODER = msgspec.json.Encoder(), msgspec.json.Decoder()
_ANSWER = attrgetter(*Answer.__dataclass_fields__)
_PROMPT = attrgetter(*Prompt.__dataclass_fields__)
_MESSAGES = list(Prompt.__dataclass_fields__).index("messages")


def dump(value: Any) -> bytes:
    """A value as a line."""
    try:
        return _ENCODER.encode(value) + b"\n"
    except UnicodeEncodeError:
        return json.dumps(value, default=_fields).encode() + b"\n"


def _fields(message: Message) -> dict[str, str]:
    return {"role": message.role, "content": message.content}


def load(line: bytes | bytearray) -> Any:
    """The value of a line. Raises ValueError for what is none."""
    try:
        return _DECODER.decode(line)
    except msgspec.DecodeError:
        return json.loads(line)


def case(number: int, verifier: str, answer: Answer, prompt: Prompt) -> bytes:
    """A case as a line."""
    return dump((number, verifier, _ANSWER(answer), _PROMPT(prompt)))


def case_of(line: bytes | bytearray) -> tuple[int, str, Answer, Prompt]:
    """The case of such a line."""
    number, verifier, answer, prompt = load(line)
    prompt[_MESSAGES] = tuple([Message(m["role"], m["content"]) for m in prompt[_MESSAGES]])
    return number, verifier, Answer(*answer), Prompt(*prompt)
