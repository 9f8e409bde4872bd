"""What goes over the pipes between a caller and its host: a four-byte length, then JSON. No pickle, so a host cannot make its caller run anything.

caller -> host   {"id": 7, "op": "complete", "args": {...}}     ops: start, complete, render, score, score_answer, load_weights
                 {"id": 7, "op": "cancel"}                      where the model can tell how far it came, the answer is a result that is cut off there
                 {"op": "close"}
host -> caller   {"id": 7, "result": ...}  or  {"id": 7, "error": {"kind": "PromptTooLong", "message": "..."}}
"""

import asyncio
import json
from dataclasses import asdict
from typing import Any, BinaryIO

from curate.engines.base import Request
from curate.errors import CurateError, EngineError, PromptTooLong, RequestRefused, UsageError
from curate.records import Completion

LARGEST = 1 << 30  # bytes of one message; a longer one means that the two sides lost step
KINDS: dict[str, type[CurateError]] = {kind.__name__: kind for kind in (EngineError, RequestRefused, PromptTooLong, UsageError)}


def frame(message: dict[str, Any]) -> bytes:
    """A message as bytes. Text that is not valid Unicode (lone surrogates) passes, as JSON escapes."""
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    return len(body).to_bytes(4, "big") + body


async def read_frame(stream: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next message; None at the end of the stream, also where it ends within a message (the writer was killed)."""
    try:
        length = int.from_bytes(await stream.readexactly(4), "big")
        if length > LARGEST:
            raise EngineError(f"the engine's process sent a message of {length} bytes: it is broken")
        message: dict[str, Any] = json.loads(await stream.readexactly(length))
    except asyncio.IncompleteReadError:
        return None
    return message


async def open_reader(file: BinaryIO) -> asyncio.StreamReader:
    """A stream over the read end of a pipe."""
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
    return reader


async def open_writer(file: BinaryIO) -> asyncio.WriteTransport:
    """A transport over the write end of a pipe. It buffers what the pipe does not take at once: no more than the requests in flight."""
    transport, _ = await asyncio.get_running_loop().connect_write_pipe(asyncio.BaseProtocol, file)
    return transport


def request_args(request: Request) -> dict[str, Any]:
    """What a host needs to know of a request."""
    return {
        "messages": None if request.messages is None else [[m.role, m.content] for m in request.messages],
        "text": request.text,
        "prefill": request.prefill,
        "continuation": request.continuation,
        "schema": request.schema,
        "seed": request.seed,
        "together": request.together,
        "sampling": asdict(request.sampling),
    }


def completion(result: dict[str, Any]) -> Completion:
    """The completion that a host's answer describes."""
    for name in ("token_ids", "logprobs"):
        if result.get(name) is not None:
            result[name] = tuple(result[name])
    return Completion(**result)


def failure(error: CurateError) -> dict[str, str]:
    """An error as a host sends it."""
    return {"kind": type(error).__name__, "message": str(error)}


def raised(error: dict[str, str]) -> CurateError:
    """The error that a host sent."""
    return KINDS.get(error["kind"], EngineError)(error["message"])
