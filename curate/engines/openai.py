"""Completions from any server that speaks OpenAI's protocol: hosted APIs, gateways, `vllm serve`.

The official client carries the bytes; deciding what an answer means (wire.py), when to ask again (retry.py) and whom (endpoints.py) is ours, so its own retries are off and its typed models
are not used: they would hide a malformed answer behind missing attributes and cost more than the rest of a request. A server is sent what was asked for and nothing else; a parameter that it
refuses is left out from then on and listed in `ignored`, so a run can say what did not hold. For whatever is not sent the server's own defaults apply.

`length` and `content_filter` are answers and never retried. An answer without finish_reason was cut off on its way and is. Log-probabilities are passed on where asked for, but they are
not a declared capability: a server does not say under which distribution it computed them.
"""

import asyncio
import json
import logging
import os
import random
from dataclasses import replace
from typing import Any

from curate.engines.base import EngineSettings, Request
from curate.engines.clients import Clients, connections_for
from curate.engines.endpoints import Endpoint, Pool, checked_url
from curate.engines.redact import RedactingFilter, hide, redact
from curate.engines.retry import Breaker, Clock, Pause, Policy, SystemClock, retry_after
from curate.engines.wire import DROPPABLE, Failure, Fold, adapted, read_answer, read_error, request_body
from curate.errors import EngineError, PromptTooLong, RequestRefused
from curate.records import Completion

DEFAULT_URL = "https://api.openai.com/v1"
NO_KEY = "none"  # what a server that wants no key is sent: the client insists on one
CONCURRENT_PER_SERVER = 128
REACH_SECONDS = 30.0
_HTTP_LOGGERS = (
    "openai",
    "openai._base_client",
    "openai._response",
    "httpx2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
    "httpcore2.socks",
)


class OpenAIEngine:
    """One model behind one or more compatible servers. `ignored` maps each parameter that a server refused (or `usage`, where it reports none) to its reason."""

    kind = "openai"
    capabilities = frozenset({"seed", "prefill", "continue", "schema", "text", "preview"})

    def __init__(self, settings: EngineSettings, *, policy: Policy | None = None, clock: Clock | None = None) -> None:
        self._settings = settings
        self._policy = policy or Policy()
        self._clock: Clock = clock or SystemClock()
        self._rng = random.Random()  # jitter only
        self._key = os.environ.get("OPENAI_API_KEY") or NO_KEY
        given = settings.base_urls or (os.environ.get("OPENAI_BASE_URL") or DEFAULT_URL,)
        self._urls = tuple(dict.fromkeys(checked_url(url) for url in given))
        self._opened: Pool | None = None
        self._secrets = () if self._key == NO_KEY else (self._key,)
        self._filter = RedactingFilter(*self._secrets)
        self.max_concurrent = settings.max_concurrent or CONCURRENT_PER_SERVER * len(self._urls)
        self.ignored: dict[str, str] = {}

    def identity(self) -> dict[str, str | None]:
        """The name that was asked for; a server's weights cannot be known."""
        return {"model": self._settings.model, "model_revision": self._settings.revision}

    async def preview(self, request: Request) -> str:
        """The JSON body, as a server that refuses nothing gets it."""
        return hide(json.dumps(request_body(self._settings, request)[1], indent=2, ensure_ascii=False), *self._secrets)

    async def start(self) -> None:
        """Reach the servers. Raises EngineError when none can be reached or one refuses the key; one of several that is down is left to its breaker."""
        endpoints = self._pool().endpoints
        failures = await asyncio.gather(*(self._reach(endpoint) for endpoint in endpoints))
        if all(failures):
            raise EngineError(
                "; ".join(f"{e.url} cannot be reached: {failure}" for e, failure in zip(endpoints, failures, strict=True))
                + "; is the server running?"
            )

    async def complete(self, request: Request) -> Completion:
        """One completion. Raises RequestRefused or PromptTooLong for a request that can never pass, EngineError once the attempts are used up or the key or the quota is refused."""
        path, body = request_body(self._settings, request)
        pool = self._pool()
        failures = timeouts = 0
        most_tokens: int | None = None
        while True:
            endpoint = await pool.take()
            sent, sent_body = self._clock.now(), adapted(body, endpoint.quirks, most_tokens)
            result = await self._ask(endpoint, path, sent_body, request)
            if isinstance(result, Completion):
                endpoint.pause.answered(sent)
                endpoint.breaker.succeeded()
                return self._without_key(result)
            what = endpoint.last_failure = self._clean(result.what)
            if result.action in ("retry", "timeout"):
                failures += 1
                timeouts += result.action == "timeout"
                endpoint.breaker.failed(sent)
                if result.pause is not None:
                    endpoint.pause.refused(sent, result.pause)
                if failures >= self._policy.attempts or timeouts >= self._policy.timeouts:
                    raise EngineError(
                        f"{endpoint.url} failed {failures} times to answer one request, at last: {what}; nothing finished is lost, the same command goes on"
                    )
                if failures >= len(pool.endpoints):
                    await self._clock.sleep(self._policy.backoff(failures, self._rng))
                continue
            endpoint.breaker.succeeded()  # whatever it says, it is there
            if result.action == "wait":
                endpoint.pause.refused(sent, result.pause)
            elif result.action == "filtered":
                return Completion(text="", finish_reason="content_filter", error=what)
            elif result.action == "clamp":
                most_tokens = self._clamp(endpoint, result, sent_body, what, request)
            elif result.action in ("drop", "rename"):
                self._learn(endpoint, result, what)
            else:
                raise self._refusal(endpoint, result, what, request)

    async def close(self) -> None:
        """Close the connections. May be called more than once."""
        pool, self._opened = self._opened, None
        if pool is None:
            return
        for endpoint in pool.endpoints:
            await endpoint.clients.close()
        for name in _HTTP_LOGGERS:
            logging.getLogger(name).removeFilter(self._filter)

    async def models(self) -> list[dict[str, Any]]:
        """What the first server lists under /models; empty where it lists nothing. Raises EngineError when it cannot be reached."""
        endpoint = self._pool().endpoints[0]
        result = await self._exchange(endpoint, None, {})
        if isinstance(result, Failure):
            if not result.status:
                raise EngineError(f"{endpoint.url} cannot be reached: {self._clean(result.what)}; is the server running?")
            return []
        listed = result.get("data") if isinstance(result, dict) else None
        return [m for m in listed if isinstance(m, dict)] if isinstance(listed, list) else []

    async def _reach(self, endpoint: Endpoint) -> str | None:
        result = await self._exchange(endpoint, None, {})
        if isinstance(result, Failure):
            what = endpoint.last_failure = self._clean(result.what)
            if result.status == 401:
                raise self._refusal(endpoint, result, what, None)
            if not result.status:
                endpoint.breaker.failed(self._clock.now())
                return what
        return None

    async def _ask(self, endpoint: Endpoint, path: str, body: dict[str, Any], request: Request) -> Completion | Failure:
        """One attempt."""
        answer = await self._exchange(endpoint, path, body)
        if isinstance(answer, Failure):
            return answer
        result = read_answer(answer, request, self._settings)
        if isinstance(result, Completion) and not answer.get("usage"):
            self.ignored.setdefault("usage", f"{endpoint.url} reports no token usage: tokens are counted as 0")
        return result

    async def _exchange(self, endpoint: Endpoint, path: str | None, body: dict[str, Any]) -> Any:
        """The JSON that the server answers to a POST to `path`, or lists under /models where that is None; a Failure for everything else that can happen."""
        import openai

        seconds = self._settings.timeout if path else min(REACH_SECONDS, self._settings.timeout)
        silent = False
        try:
            with endpoint.clients.one() as client:
                async with asyncio.timeout(seconds) as limit:
                    if path is None:
                        return await client.get("/models", cast_to=object)
                    if not body.get("stream"):
                        return await client.post(path, body=body, cast_to=object)
                    fold, now, end = Fold(), asyncio.get_running_loop().time, limit.when()
                    assert end is not None
                    async with await client.post(
                        path, body=body, cast_to=object, stream=True, stream_cls=openai.AsyncStream[object]
                    ) as stream:
                        async for event in stream:
                            fold.add(event)
                            silent = now() + self._policy.idle < end
                            limit.reschedule(min(end, now() + self._policy.idle))
                    return fold.answer()
        except TimeoutError:
            if silent:
                return Failure("retry", f"the stream went silent for {self._policy.idle:g} s")
            return Failure("timeout", f"no answer within {seconds:g} s (--timeout)")
        except openai.APIStatusError as error:
            pause = retry_after(error.response.headers, self._clock.wall())
            return read_error(error.status_code, error.body, error.response.text, body, pause)
        except openai.APIConnectionError as error:
            return Failure("retry", f"{error.message.rstrip('.')} ({_root(error)})")
        except openai.APIError as error:  # an error inside a stream
            code = error.code or ""
            return read_error(int(code) if code.isdigit() and 400 <= int(code) < 600 else 502, error.body, error.message, body, None)
        except UnicodeEncodeError:
            return Failure("refuse", "the prompt holds half a character (a lone surrogate), which cannot be sent as UTF-8")
        except ValueError as error:
            return Failure("retry", f"the answer is not JSON ({error})")

    def _learn(self, endpoint: Endpoint, failure: Failure, what: str) -> None:
        """Remember what the server does not take. Raises EngineError for what cannot be left out without asking for something else."""
        if failure.action == "rename":
            endpoint.quirks.renamed = True
            return
        needed = [n for n in failure.names if n not in DROPPABLE or n in self._settings.extra_body]
        if needed:
            raise EngineError(f"{endpoint.url} does not take {', '.join(needed)}: {what}; leave that option out or use another server")
        for name in failure.names:
            endpoint.quirks.dropped[name] = what
            self.ignored.setdefault(name, what)

    def _clamp(self, endpoint: Endpoint, failure: Failure, sent: dict[str, Any], what: str, request: Request) -> int:
        """The most tokens that this request may ask for."""
        asked = sent.get("max_completion_tokens", sent.get("max_tokens", 0))
        if failure.limit >= asked:
            raise self._refusal(endpoint, failure, what, request)
        if failure.lasting:
            endpoint.quirks.most_tokens = failure.limit
        self.ignored.setdefault("max_tokens", what)
        return failure.limit

    def _refusal(self, endpoint: Endpoint, failure: Failure, what: str, request: Request | None) -> EngineError:
        name = f"prompt {request.prompt_id}" if request else "the request"
        if failure.action == "too_long":
            return PromptTooLong(f"{name} does not fit the model's context: {what}")
        if failure.action != "stop":
            return RequestRefused(f"{endpoint.url} refuses {name}: {what}")
        cure = {
            401: "set OPENAI_API_KEY to a key that this server takes",
            402: "pay in or raise the limit, then run the same command again",
            403: "the key may not use this model or this server",
            404: f"check --base-url and --model {self._settings.model}",
            429: "the quota is used up: raise it, then run the same command again",
        }.get(failure.status, "check --base-url")
        return EngineError(f"{endpoint.url} answers {failure.status}: {what}; {cure}")

    def _clean(self, text: str) -> str:
        return redact(text, *self._secrets)

    def _without_key(self, completion: Completion) -> Completion:
        """A server that repeats the key must not get it into a data set."""
        texts = {n: getattr(completion, n) for n in ("text", "reasoning", "served_model", "error")}
        cleaned: dict[str, Any] = {n: hide(t, *self._secrets) for n, t in texts.items() if t}
        return completion if all(texts[n] == t for n, t in cleaned.items()) else replace(completion, **cleaned)

    def _pool(self) -> Pool:
        if self._opened is None:
            for name in _HTTP_LOGGERS:
                logging.getLogger(name).addFilter(self._filter)
            connections = connections_for(self.max_concurrent, len(self._urls))
            endpoints = [
                Endpoint(
                    url,
                    Clients(url, self._key, connections, self._policy.connect),
                    Pause(self._clock, self._policy, self._rng),
                    Breaker(self._clock, self._policy, self._rng),
                )
                for url in self._urls
            ]
            self._opened = Pool(endpoints, self._clock, self._policy, self._settings.timeout)
        return self._opened


def _root(error: BaseException) -> str:
    """The innermost cause in words: the client's own sentence says only that there was no connection."""
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]  # one of them is there
    return str(error) or type(error).__name__
