"""The engines `vllm` and `transformers`: a model on this machine, in processes of its own (hosting/).

Departs from the textbook in what a crash means. A request is idempotent (its seed is part of it), so a dead engine is started again and everything that was in flight is asked again; only when it dies RESTARTS times
without a single completion in between is that the end.
"""

import asyncio
import importlib.util
import shutil
from pathlib import Path
from typing import Any

from curate.engines import fingerprint
from curate.engines.base import EngineSettings, Request
from curate.engines.hosting import wire
from curate.engines.hosting.process import HostDied, HostProcess
from curate.errors import EngineError, MissingExtra, UsageError
from curate.records import Completion

RESTARTS = 3  # in a row, without a completion in between
CONCURRENT = {"vllm": 256, "transformers": 16}
CAPABILITIES = {
    "vllm": frozenset(
        {"seed", "token_ids", "logprobs", "prefill", "continue", "schema", "text", "turn", "preview", "score", "load_weights"}
    ),
    "transformers": frozenset({"seed", "token_ids", "logprobs", "prefill", "continue", "text", "turn", "preview", "score", "load_weights"}),
}
START = "the {kind} engine could not start with {model}: {why}"


class LocalEngine:
    """A model on this machine. Used from one event loop."""

    def __init__(self, settings: EngineSettings, command: list[str] | None = None) -> None:
        """`command`: another program in place of the host, for tests."""
        if settings.kind not in CONCURRENT:
            raise UsageError(f"{settings.kind} is not a local engine")
        self.settings = settings
        self._command = command
        self.kind = settings.kind
        self.capabilities = CAPABILITIES[settings.kind]
        self.max_concurrent = settings.max_concurrent or CONCURRENT[settings.kind]
        self._host: HostProcess | None = None
        self._starting = asyncio.Lock()
        self._deaths = 0
        self._cancelled_tokens = 0  # of hosts that are gone
        self._closed = False
        self._identity: dict[str, str | None] | None = None
        self._weights: tuple[str, str] | None = None  # directory and version, where they were changed

    def identity(self) -> dict[str, str | None]:
        """The model's name and fingerprint; the first call hashes the files or asks the Hub. Raises UsageError or EngineError for a model that is not there."""
        if self._identity is None:
            revision = fingerprint.fingerprint(self.settings.model, self.settings.revision)
            local = fingerprint.is_local(self.settings.model)  # a directory goes by its own name: where it lies is not what it is
            self._identity = {
                "model": Path(self.settings.model).resolve().name if local else self.settings.model,
                "model_revision": revision,
            }
        return dict(self._identity)

    @property
    def cancelled_tokens(self) -> int:
        """Tokens generated for requests that were cancelled; complete once the engine is closed. Those of a host that died are not known."""
        return self._cancelled_tokens + (self._host.cancelled_tokens if self._host is not None else 0)

    def _check_installed(self) -> None:
        extra = "gpu" if self.kind == "vllm" and shutil.which("nvidia-smi") else "cpu"
        for package in ("vllm",) if self.kind == "vllm" else ("torch", "transformers"):
            if importlib.util.find_spec(package) is None:
                raise MissingExtra(package, extra, f"the {self.kind} engine")

    def _start_args(self, backend: str, model: str) -> dict[str, Any]:
        s = self.settings
        return {
            "backend": backend,
            "model": model,
            "tensor_parallel_size": s.tensor_parallel_size,
            "engine_args": dict(s.engine_args),
            "chat_template_kwargs": dict(s.chat_template_kwargs),
            "opening_tag": s.think_tags[0],
            "max_concurrent": self.max_concurrent,
        }

    async def _launch(self, backend: str) -> HostProcess:
        """A host with its model loaded. Raises EngineError or UsageError; leaves no process behind when it does."""
        self._check_installed()
        identity = await asyncio.to_thread(self.identity)
        revision = None if fingerprint.is_local(self.settings.model) else identity["model_revision"]
        model = await asyncio.to_thread(fingerprint.fetch, self.settings.model, revision)
        host = HostProcess({}, self._command)
        try:
            await host.start()
            await host.call("start", self._start_args(backend, model))
            if self._weights is not None and backend != "render":
                await host.call("load_weights", {"directory": self._weights[0]})
        except HostDied:
            await host.close(patience=0)
            raise EngineError(START.format(kind=self.kind, model=self.settings.model, why=host.last_words)) from None
        except EngineError as error:
            await host.close(patience=0)
            why = host.last_words if "Engine core initialization failed" in str(error) else str(error)
            raise type(error)(START.format(kind=self.kind, model=self.settings.model, why=why)) from None
        except BaseException:
            await host.close(patience=0)
            raise
        return host

    async def _running(self) -> HostProcess:
        """The host, started again where it died."""
        async with self._starting:
            if self._closed:
                raise EngineError(f"the {self.kind} engine is closed")
            if self._host is not None and self._host.dead:
                died, self._host = self._host, None
                self._deaths += 1
                self._cancelled_tokens += died.cancelled_tokens
                await died.close()
                if self._deaths > RESTARTS:
                    raise EngineError(
                        f"the {self.kind} engine died {self._deaths} times without finishing a request; its last words: {died.last_words}"
                    )
            if self._host is None:
                self._host = await self._launch(self.kind)
            return self._host

    async def _ask(self, op: str, args: dict[str, Any]) -> Any:
        """Ask the host, and ask again after a restart where it dies before it answers."""
        while True:
            host = await self._running()
            try:
                result = await host.call(op, args)
            except HostDied:
                continue
            self._deaths = 0
            return result

    async def start(self) -> None:
        """Load the model. Raises EngineError, UsageError or MissingExtra with one sentence."""
        await self._running()

    async def complete(self, request: Request) -> Completion:
        """One completion; cancelling it aborts the request in the engine. Raises PromptTooLong, RequestRefused, or EngineError where the engine cannot go on."""
        version = self._weights[1] if self._weights else None
        result = await self._ask("complete", wire.request_args(request))
        if result["finish_reason"] == "abort":
            raise EngineError(f"the {self.kind} engine gave up a request that nobody had cancelled")
        return wire.completion({**result, "weights_version": version, "served_model": self.settings.model})

    async def preview(self, request: Request) -> str:
        """The prompt exactly as the model reads it. Loads the tokenizer in a process of its own where the engine is not running, and never the weights."""
        args = wire.request_args(request)
        if self._host is not None:
            return str(await self._ask("render", args))
        host = await self._launch("render")
        try:
            return str(await host.call("render", args))
        except HostDied:
            raise EngineError(f"the process that renders prompts for {self.settings.model} was killed: try again") from None
        finally:
            await host.close()

    async def score(self, token_ids: list[int]) -> list[float]:
        """The log-probability of each token but the first, given those before it, at temperature 1: one number less than tokens. Raises PromptTooLong."""
        result: list[float] = await self._ask("score", {"token_ids": token_ids})
        return result

    async def score_answer(self, request: Request) -> list[float]:
        """The log-probability of each token of `request.continuation`, at temperature 1. Raises PromptTooLong, RequestRefused."""
        result: list[float] = await self._ask("score_answer", wire.request_args(request))
        return result

    async def load_weights(self, directory: str, version: str) -> None:
        """Change the weights to those in `directory`, which stays there as long as they are used; completions carry `version` from now on. Call it while nothing is in flight."""
        await self._ask("load_weights", {"directory": directory})
        self._weights = (directory, version)

    async def close(self) -> None:
        """End the engine; no process of it outlives this call."""
        self._closed = True
        async with self._starting:
            if self._host is not None:
                host, self._host = self._host, None
                await host.close()
                self._cancelled_tokens += host.cancelled_tokens
