"""The transformers engine without its process: the same backend that the host runs, in a thread of the test."""

from pathlib import Path
from typing import Any

from curate.engines import Request
from curate.engines.hosting import wire
from curate.engines.hosting.transformers_host import TransformersBackend
from curate.records import Completion


class InProcess:
    """An engine over a model directory."""

    kind = "transformers"

    def __init__(self, directory: Path, *, max_concurrent: int = 64) -> None:
        self.capabilities = frozenset({"seed", "token_ids", "logprobs", "prefill", "text", "load_weights"})
        self.directory, self.max_concurrent = directory, max_concurrent
        self.backend: Any = None
        self.version: str | None = None
        self.completed = 0

    def identity(self) -> dict[str, str | None]:
        return {"model": self.directory.name, "model_revision": "toy"}

    async def preview(self, request: Request) -> str:
        return ""

    async def start(self) -> None:
        given = {
            "model": str(self.directory),
            "engine_args": {},
            "chat_template_kwargs": {},
            "opening_tag": "<think>",
            "max_concurrent": self.max_concurrent,
        }
        self.backend = TransformersBackend(given)

    async def close(self) -> None:
        """Its thread ends with the process."""

    async def complete(self, request: Request) -> Completion:
        self.completed += 1
        answer = await self.backend.complete(self.completed, wire.request_args(request))
        return wire.completion({**answer, "weights_version": self.version})

    async def load_weights(self, directory: str, version: str) -> None:
        await self.backend.load_weights(directory)
        self.version = version
