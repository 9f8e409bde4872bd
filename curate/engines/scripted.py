"""A function in place of a model: for tests, dry runs, replay and simulation at scale.

The function gets `(messages, sample_index, seed)`, where messages are dicts with `role` and `content` (a plain-text prompt is one user message; what the answer begins with, by prefill or
continuation, is a last assistant message; an empty last message of the user is the one to be written), and returns the text, or `(text, finish_reason)`, `(text, finish_reason, latency)`, or a mapping
with `text` and any of finish_reason, latency (seconds), completion_tokens and reasoning. It may be async. It is a program of the caller, not of a model: it runs in this process with all its rights, and an
exception in it ends the run.

Departures from a real engine: tokens are words, unless the function counts them, and max_tokens, stop and temperature are not applied; a function that wants `length` says so.
"""

import asyncio
import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from curate.engines.base import EngineSettings, Request
from curate.errors import CurateError, EngineError
from curate.imports import named
from curate.records import Completion

MAX_CONCURRENT = 256
REVISION_DIGITS = 32

Script = Callable[[list[dict[str, str]], int, int | None], Any]


class ScriptedEngine:
    """Completions from a function. Built with `ScriptedEngine(function)`, from `file.py:function` by `from_settings`, or by `of_requests` for a function of the whole Request."""

    capabilities = frozenset({"seed", "prefill", "continue", "text", "turn", "preview"})

    def __init__(
        self,
        function: Script,
        *,
        kind: str = "scripted",
        model: str | None = None,
        model_revision: str | None = None,
        max_concurrent: int = MAX_CONCURRENT,
    ) -> None:
        self.kind = kind
        self.max_concurrent = max_concurrent
        self._model = model or getattr(function, "__name__", type(function).__name__)
        self._revision = model_revision
        self._answer: Callable[[Request], Any] = lambda request: function(_messages(request), request.sample_index, request.seed)

    @classmethod
    def of_requests(cls, function: Callable[[Request], Any], **options: Any) -> "ScriptedEngine":
        """An engine whose function gets the whole Request and returns what any script returns, or a ready Completion. Options as for the constructor."""
        engine = cls(function, **options)  # type: ignore[arg-type]  # replaced in the next line
        engine._answer = function
        return engine

    @classmethod
    def from_settings(cls, settings: EngineSettings) -> "ScriptedEngine":
        """The engine that `--model file.py:function` (or `package.module:function`) names. Raises UsageError when there is no such function."""
        function, name, revision = load_script(settings.model)
        return cls(function, model=name, model_revision=revision, max_concurrent=settings.max_concurrent or MAX_CONCURRENT)

    def identity(self) -> dict[str, str | None]:
        """The function's name, without the folder it lies in, and the hash of its source file."""
        return {"model": self._model, "model_revision": self._revision}

    async def preview(self, request: Request) -> str:
        """The arguments that the function would get, as JSON."""
        arguments = {"messages": _messages(request), "sample_index": request.sample_index, "seed": request.seed}
        return json.dumps(arguments, indent=2, ensure_ascii=False)

    async def start(self) -> None:
        """Nothing to load."""

    async def complete(self, request: Request) -> Completion:
        """What the function answers. Raises EngineError when it raises or returns what is no answer; an error of this library's own kind, such as RequestRefused, goes through."""
        try:
            answer = self._answer(request)
            if inspect.isawaitable(answer):
                answer = await answer
        except CurateError:
            raise
        except Exception as error:
            where = f"prompt {request.prompt_id}, sample {request.sample_index}"
            raise EngineError(f"the scripted model {self._model} failed ({where}): {type(error).__name__}: {error}") from error
        if type(answer) is Completion:
            return answer
        if type(answer) is str:
            return _completion(answer, request)
        latency, completion = self._read(answer, request)
        if latency > 0:
            await asyncio.sleep(latency)
        return completion

    async def close(self) -> None:
        """Nothing to free."""

    def _read(self, answer: Any, request: Request) -> tuple[float, Completion]:
        if isinstance(answer, tuple) and 2 <= len(answer) <= 3:
            answer = dict(zip(("text", "finish_reason", "latency"), answer, strict=False))
        if isinstance(answer, Mapping) and isinstance(answer.get("text"), str):
            unknown = answer.keys() - {"text", "finish_reason", "latency", "completion_tokens", "reasoning"}
            if not unknown:
                values = dict(answer)
                return float(values.pop("latency", 0.0) or 0.0), _completion(values.pop("text"), request, **values)
            raise EngineError(f"the scripted model {self._model} returned the unknown field {sorted(map(str, unknown))[0]!r}")
        raise EngineError(f"the scripted model {self._model} must return text, a tuple or a mapping with text, not {type(answer).__name__}")


def load_script(name: str) -> tuple[Script, str, str]:
    """The function that `file.py:function` or `package.module:function` names, its name without folders, and the hash of its source file. Raises UsageError."""
    found = named(name, "a scripted model")
    source = Path(found.module.__file__ or name)
    return found.function, found.label, hashlib.sha256(source.read_bytes()).hexdigest()[:REVISION_DIGITS]


def _messages(request: Request) -> list[dict[str, str]]:
    if request.messages is None:
        messages = [{"role": "user", "content": request.text or ""}]
    else:
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
    if request.prefill or request.continuation:
        messages.append({"role": "assistant", "content": request.prefill + request.continuation})
    return messages


def _completion(
    text: str, request: Request, *, finish_reason: str = "stop", completion_tokens: int | None = None, reasoning: str | None = None
) -> Completion:
    prompt = request.text if request.messages is None else " ".join(m.content for m in request.messages)
    return Completion(
        text=text,
        finish_reason=finish_reason,
        prompt_tokens=len((prompt or "").split()),
        completion_tokens=len(text.split()) + len((reasoning or "").split()) if completion_tokens is None else completion_tokens,
        reasoning=reasoning,
    )
