"""The process that holds the model: reads requests from one pipe, answers on another (wire.py), and leaves the rest to a backend.

Run by file, not with -m, so that the caller's working directory never stands in sys.path. Only the standard library is imported at the top, because every process that vLLM spawns runs this file again as
`__mp_main__`: that is where those processes are tied to the life of their parent. Standard output and error are a log file; nothing that a library prints can get between the messages.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any, Protocol

ROOT = str(Path(__file__).resolve().parents[3])
if ROOT not in sys.path:
    sys.path.append(ROOT)

from curate.engines.hosting.guard import die_with_parent  # noqa: E402

if __name__ == "__mp_main__":
    import multiprocessing

    _parent = multiprocessing.parent_process()
    if _parent is not None and _parent.pid is not None:
        die_with_parent(_parent.pid)

DEAD = 70  # exit status of a host whose engine died
ABORT_PATIENCE = 2.0  # seconds that an aborted request gets to say how far it came


class Backend(Protocol):
    """What a host needs of a model."""

    async def complete(self, number: int, args: dict[str, Any]) -> dict[str, Any]:
        """The fields of a Completion. `number` is the message's, for `abort`."""
        ...

    async def abort(self, number: int) -> bool:
        """End a request where it is, so that `complete` returns what there is; False where this cannot be done, and the task has to be cancelled."""
        ...

    def render(self, args: dict[str, Any]) -> str:
        """The prompt as it is sent."""
        ...

    async def score(self, number: int, token_ids: list[int]) -> list[float]:
        """The log-probability of each token but the first."""
        ...

    async def score_answer(self, number: int, args: dict[str, Any]) -> list[float]:
        """The log-probability of each token of a request's continuation."""
        ...

    async def load_weights(self, directory: str) -> None:
        """Change the weights."""
        ...

    def close(self) -> None:
        """Let go of the model."""
        ...


class RenderOnly:
    """A backend with a tokenizer and no model, for previews."""

    def __init__(self, settings: dict[str, Any]) -> None:
        from curate.engines.hosting.rendering import Renderer, load_tokenizer

        tokenizer = load_tokenizer(settings["model"], settings["engine_args"])
        self.renderer = Renderer(tokenizer, settings["chat_template_kwargs"], settings["opening_tag"])

    async def complete(self, number: int, args: dict[str, Any]) -> dict[str, Any]:
        """Never asked for."""
        raise NotImplementedError

    async def abort(self, number: int) -> bool:
        """Never asked for."""
        raise NotImplementedError

    def render(self, args: dict[str, Any]) -> str:
        """The prompt as it is sent."""
        return self.renderer(args).text

    async def score(self, number: int, token_ids: list[int]) -> list[float]:
        """Never asked for."""
        raise NotImplementedError

    async def score_answer(self, number: int, args: dict[str, Any]) -> list[float]:
        """Never asked for."""
        raise NotImplementedError

    async def load_weights(self, directory: str) -> None:
        """Never asked for."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to let go of."""


def open_backend(settings: dict[str, Any]) -> Backend:
    """The backend that the caller's settings name, with its model loaded."""
    if settings["backend"] == "vllm":
        from curate.engines.hosting.vllm_host import VllmBackend

        return VllmBackend(settings)
    if settings["backend"] == "transformers":
        from curate.engines.hosting.transformers_host import TransformersBackend

        return TransformersBackend(settings)
    return RenderOnly(settings)


class Host:
    """Answers the caller's messages; each request is a task, so that it can be cancelled."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.WriteTransport) -> None:
        self.reader = reader
        self.writer = writer
        self.backend: Backend | None = None
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.cancelling: set[asyncio.Task[None]] = set()

    async def act(self, number: int, op: str, args: dict[str, Any]) -> Any:
        """Do what a message asks for and return the result."""
        if op == "start":
            self.backend = open_backend(args)  # in this thread: vLLM ties its processes to the thread that started them
            return None
        assert self.backend is not None
        if op == "complete":
            return await self.backend.complete(number, args)
        if op == "render":
            return self.backend.render(args)
        if op == "score":
            return await self.backend.score(number, args["token_ids"])
        if op == "score_answer":
            return await self.backend.score_answer(number, args)
        if op == "load_weights":
            return await self.backend.load_weights(args["directory"])
        raise ValueError(f"unknown message {op!r}")

    async def answer(self, number: int, op: str, args: dict[str, Any]) -> None:
        """Act on one message and send the answer."""
        from curate.engines.hosting import blame, wire

        reply: dict[str, Any]
        try:
            reply = {"id": number, "result": await self.act(number, op, args)}
        except Exception as error:  # whatever a model's library raises is the answer to this request; the caller decides
            import traceback

            traceback.print_exc()  # for the log
            reply = {"id": number, "error": wire.failure(blame.of_exception(error))}
        self.tasks.pop(number, None)
        self.writer.write(wire.frame(reply))

    async def cancel(self, number: int) -> None:
        """End a request. One that the backend can abort still answers, with what it had generated: the caller counts it."""
        task = self.tasks.get(number)
        if task is None or self.backend is None:
            return
        if await self.backend.abort(number):
            await asyncio.wait({task}, timeout=ABORT_PATIENCE)
        task.cancel()  # without effect on one that has answered
        self.tasks.pop(number, None)

    async def serve(self) -> None:
        """Answer until the caller says close or is gone."""
        from curate.engines.hosting import wire

        while (message := await wire.read_frame(self.reader)) is not None:
            if message["op"] == "close":
                break
            if message["op"] == "cancel":
                cancelling = asyncio.create_task(self.cancel(message["id"]))
                self.cancelling.add(cancelling)
                cancelling.add_done_callback(self.cancelling.discard)
                continue
            number = message["id"]
            self.tasks[number] = asyncio.create_task(self.answer(number, message["op"], message["args"]))
        if self.cancelling:
            await asyncio.wait(self.cancelling, timeout=ABORT_PATIENCE)
        if self.backend is not None:
            self.backend.close()


async def main(requests: int, answers: int) -> None:
    """Serve on two pipe ends."""
    from curate.engines.hosting import wire

    reader = await wire.open_reader(os.fdopen(requests, "rb", buffering=0))
    writer = await wire.open_writer(os.fdopen(answers, "wb", buffering=0))
    await Host(reader, writer).serve()


if __name__ == "__main__":
    requests_fd, answers_fd, guard_pid = map(int, sys.argv[1:])
    die_with_parent(guard_pid)
    asyncio.run(main(requests_fd, answers_fd))
