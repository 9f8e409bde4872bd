"""A real HTTP server on loopback that speaks the chat and completions protocol and fails as told.

`faults` is a queue: each POST takes the next one, and an empty queue means a good answer. A fault is a function of the request and its body that returns a response, so a test can write its
own. Everything that was asked is recorded. Run as a program it serves good answers until it is killed and prints its URL: for measurements that must not share a process.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Self

from aiohttp import web

Fault = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]

USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 7,
    "prompt_tokens_details": {"cached_tokens": 5},
    "completion_tokens_details": {"reasoning_tokens": 3},
}


def answer(
    text: str | None = "hello", finish_reason: str | None = "stop", *, usage: dict[str, Any] | None = USAGE, **message: Any
) -> dict[str, Any]:
    """The JSON of a chat or completions answer; `message` adds to the message's fields."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **message}, "text": text, "finish_reason": finish_reason}
    return {"id": "x", "object": "chat.completion", "model": "served", "choices": [choice], **({"usage": usage} if usage else {})}


def says(payload: Any) -> Fault:
    """200 with this JSON."""
    return status(200, payload)


def status(code: int, payload: Any = None, **headers: str) -> Fault:
    """An HTTP status with a JSON body: a text is the error's message. Header names with underscores for dashes."""
    body = {"error": {"message": payload}} if isinstance(payload, str) else payload
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def respond(request: web.Request, sent: dict[str, Any]) -> web.StreamResponse:
        return web.json_response(body, status=code, headers=named)

    return respond


def raw(text: str, content_type: str = "application/json") -> Fault:
    """200 with this text, whatever it is."""

    async def respond(request: web.Request, sent: dict[str, Any]) -> web.StreamResponse:
        return web.Response(text=text, content_type=content_type)

    return respond


def hang(seconds: float = 3600.0) -> Fault:
    """Nothing for that long, then a good answer."""

    async def respond(request: web.Request, sent: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return web.json_response(answer())

    return respond


async def drop(request: web.Request, sent: dict[str, Any]) -> web.StreamResponse:
    """The connection is closed without a byte."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def drop_midway(request: web.Request, sent: dict[str, Any]) -> web.StreamResponse:
    """The connection is closed inside the body."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"choices": [')
    assert request.transport is not None
    request.transport.close()
    return response


def stream(*pieces: dict[str, Any] | float, finish_reason: str | None = "stop", usage: bool = True, done: bool = True) -> Fault:
    """A stream whose events carry these deltas; a number is a silence of that many seconds."""

    async def respond(request: web.Request, sent: dict[str, Any]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)

        async def send(data: str) -> None:
            await response.write(f"data: {data}\n\n".encode())

        for piece in pieces:
            if isinstance(piece, int | float):
                await asyncio.sleep(piece)
                continue
            choice = {"index": 0, "delta": piece, "finish_reason": None}
            await send(json.dumps({"model": "served", "choices": [choice]}))
        if finish_reason:
            await send(json.dumps({"model": "served", "choices": [{"index": 0, "delta": {}, "finish_reason": finish_reason}]}))
        if usage and sent.get("stream_options"):
            await send(json.dumps({"model": "served", "choices": [], "usage": USAGE}))
        if done:
            await send("[DONE]")
        return response

    return respond


class FaultyServer:
    """The server, as an async context manager. `url` is its base URL."""

    def __init__(self, *faults: Fault, models: Any = None, otherwise: Fault | None = None) -> None:
        self.faults = deque(faults)
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.cancelled = 0
        self.in_flight = self.most_in_flight = 0
        self._changed = asyncio.Event()
        self._models = models
        self._otherwise = otherwise

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_post("/v1/{path:.*}", self._post)
        app.router.add_get("/v1/models", self._list)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=4096)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def in_flight_is(self, number: int) -> None:
        """Wait until so many requests are being answered."""
        while self.in_flight != number:
            self._changed.clear()
            await self._changed.wait()

    async def _list(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        if callable(self._models):
            return await self._models(request, {})  # type: ignore[no-any-return]
        return web.json_response({"data": self._models or [{"id": "m", "max_model_len": 2048}]})

    async def _post(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self._changed.set()
        try:
            fault = (
                self.faults.popleft()
                if self.faults
                else self._otherwise or (stream({"content": "hello"}) if body.get("stream") else says(answer()))
            )
            return await fault(request, body)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.in_flight -= 1
            self._changed.set()


if __name__ == "__main__":

    async def serve() -> None:
        async with FaultyServer(otherwise=status(200, answer())) as server:
            print(server.url, flush=True)
            await asyncio.Event().wait()

    asyncio.run(serve())
