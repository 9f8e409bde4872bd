"""The chat and completions protocol as plain JSON: a request as a body, an answer as a Completion, an error as what is to be done about it. Pure functions; no network, no client library.

Written against what servers send, not against the reference: the error texts of hosted APIs, vLLM and gateways differ, so a refused parameter and a length limit are read from the
status, the `code` and `param` fields where they are filled, and the text otherwise. The patterns stand at the top. What is not recognised is a refused request, never a dropped parameter.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from curate.engines.base import EngineSettings, Request
from curate.records import Completion

Action = Literal[
    "wait",  # turned away: pause, no attempt used up
    "retry",  # the server failed
    "timeout",  # the answer used up the whole time limit
    "drop",  # a parameter is not taken
    "rename",  # max_completion_tokens is wanted
    "clamp",  # max_tokens is above what the server allows
    "filtered",  # the prompt was stopped by a content filter
    "too_long",
    "refuse",
    "stop",
]

CHAT, TEXT = "/chat/completions", "/completions"
DROPPABLE = ("temperature", "top_p", "top_k", "min_p", "seed", "logprobs", "stream_options")
STOPPED = frozenset({"stop", "eos", "eos_token", "end_turn", "stop_sequence"})
CUT_OFF = frozenset({"length", "max_tokens", "model_length"})
FILTERED = frozenset({"content_filter", "safety", "SAFETY"})
UNFINISHED = frozenset({"abort", "error", "cancelled"})  # a server that went down or gave up while answering
LONGEST_MESSAGE = 500  # characters of a server's own words that go into a sentence

_UNSUPPORTED = re.compile(
    r"unsupported|not (?:\w+ )?support|n't support|unknown|unrecogni[sz]ed|not permitted|not allowed|extra inputs|extra_forbidden|unexpected|only the default|cannot both|deprecated",
    re.IGNORECASE,
)
_UNSUPPORTED_CODES = frozenset({"unsupported_parameter", "unsupported_value", "unknown_parameter"})
_CONTEXT = re.compile(
    r"context[ _]length|context window|context_length_exceeded|prompt is too long|input is too long|too many (?:input )?tokens|string too long|reduce the length",
    re.IGNORECASE,
)
_CONTEXT_SIZE = re.compile(r"(?:maximum|max\.?) context length (?:is|of) (\d+)", re.IGNORECASE)
_PROMPT_SIZE = re.compile(
    r"(\d+) (?:input tokens|prompt tokens|tokens? in the (?:messages|prompt|input)|in (?:the messages|the prompt|your prompt))",
    re.IGNORECASE,
)
_TOKEN_LIMIT = re.compile(r"max_(?:completion_|output_|new_)?tokens", re.IGNORECASE)
_QUOTA = re.compile(r"insufficient_quota|exceeded your current quota|insufficient balance|credit balance|billing", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with one attempt and what to do about it. `what` is the server's own words, not yet redacted."""

    action: Action
    what: str
    status: int = 0
    names: tuple[str, ...] = ()  # drop: the parameters
    limit: int = 0  # clamp: the most that is allowed
    lasting: bool = False  # clamp: for every request, not for this prompt alone
    pause: float | None = None  # seconds the server asks to wait


@dataclass(slots=True)
class Quirks:
    """What was learnt about a server from its refusals."""

    dropped: dict[str, str] = field(default_factory=dict)
    renamed: bool = False
    most_tokens: int | None = None


def request_body(settings: EngineSettings, request: Request) -> tuple[str, dict[str, Any]]:
    """The path and the JSON body of a request, before a server's quirks. top_k and min_p only where they are set: not every server takes their neutral values."""
    sampling = request.sampling
    body: dict[str, Any] = {"model": settings.model}
    begun = request.prefill + request.continuation
    if request.messages is None:
        path = TEXT
        body["prompt"] = (request.text or "") + begun
    else:
        path = CHAT
        body["messages"] = [{"role": m.role, "content": m.content} for m in request.messages]
        if begun:
            body["messages"].append({"role": "assistant", "content": begun})
            body |= {"continue_final_message": True, "add_generation_prompt": False}
        if settings.chat_template_kwargs:
            body["chat_template_kwargs"] = dict(settings.chat_template_kwargs)
    body |= {"max_tokens": sampling.max_tokens, "temperature": sampling.temperature, "top_p": sampling.top_p}
    if sampling.top_k:
        body["top_k"] = sampling.top_k
    if sampling.min_p:
        body["min_p"] = sampling.min_p
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if request.seed is not None:
        body["seed"] = request.seed
    if request.schema:
        form = {"name": "reply", "strict": True, "schema": json.loads(request.schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    if sampling.logprobs:
        body["logprobs"] = 1 if path == TEXT else True
    if settings.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return path, body | dict(settings.extra_body)


def adapted(body: dict[str, Any], quirks: Quirks, most_tokens: int | None) -> dict[str, Any]:
    """The body as this server takes it; `most_tokens` is a limit of this prompt alone."""
    limits = [n for n in (quirks.most_tokens, most_tokens) if n is not None]
    if not (quirks.dropped or quirks.renamed or limits):
        return body
    body = {name: value for name, value in body.items() if name not in quirks.dropped}
    if "max_tokens" in body:
        body["max_tokens"] = min([body["max_tokens"], *limits])
        if quirks.renamed:
            body["max_completion_tokens"] = body.pop("max_tokens")
    return body


def read_error(status: int, payload: Any, text: str, body: Mapping[str, Any], pause: float | None) -> Failure:
    """What an HTTP error says. `payload` is its JSON (None where it is none), `text` its raw text, `body` what was sent, `pause` what Retry-After asks for."""
    error = payload.get("error", payload) if isinstance(payload, dict) else payload
    fields = error if isinstance(error, dict) else {}
    what = _words(fields.get("message") or fields.get("detail") or error or text)
    code, kind, parameter = (str(fields.get(name) or "") for name in ("code", "type", "param"))
    if status == 402 or (status == 429 and _QUOTA.search(f"{code} {kind} {what}")):
        return Failure("stop", what, status)
    if status == 429:
        return Failure("wait", what, status, pause=pause)
    if status in (408, 409, 425) or status >= 500:
        return Failure("retry", what, status, pause=pause)
    if status == 413:
        return Failure("too_long", what, status)
    if status not in (400, 422):
        return Failure("stop", what, status)
    if "content_filter" in code or "content_policy" in code:
        return Failure("filtered", what, status)
    return _read_refusal(what, code, parameter, body, status)


def _read_refusal(what: str, code: str, parameter: str, body: Mapping[str, Any], status: int) -> Failure:
    digits = re.sub(r"(?<=\d),(?=\d{3})", "", what)
    limited = _TOKEN_LIMIT.search(f"{parameter} {what}") is not None
    unsupported = code in _UNSUPPORTED_CODES or _UNSUPPORTED.search(what) is not None
    if unsupported and "max_completion_tokens" in what and "max_tokens" in body:
        return Failure("rename", what, status)
    if (size := _CONTEXT_SIZE.search(digits)) is not None:
        prompt = _PROMPT_SIZE.search(digits)
        left = int(size[1]) - int(prompt[1]) if prompt else 0
        return Failure("clamp", what, status, limit=left) if left > 0 else Failure("too_long", what, status)
    sent = body.get("max_completion_tokens", body.get("max_tokens"))
    if limited and not unsupported and isinstance(sent, int):
        smaller = [n for n in map(int, re.findall(r"(?<![\w.-])\d+(?![\w.-]*\w)", digits)) if 1 < n < sent]
        if smaller:
            return Failure("clamp", what, status, limit=max(smaller), lasting=True)
    if code == "context_length_exceeded" or _CONTEXT.search(what):
        return Failure("too_long", what, status)
    if unsupported:
        named = (
            (parameter,) if parameter in body else tuple(n for n in body if n not in ("model", "prompt") and re.search(rf"\b{n}\b", what))
        )
        if "both" in what and {"temperature", "top_p"} <= set(named):
            named = ("top_p",)  # one of the two has to go; temperature is the one that was meant
        named = tuple(n for n in named if n != "messages")
        if named:
            return Failure("drop", what, status, names=named)
    return Failure("refuse", what, status)


def _words(said: Any) -> str:
    text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + " ..."


def read_answer(data: Any, request: Request, settings: EngineSettings) -> Completion | Failure:
    """An answer's JSON as a Completion. What is no answer (no choices, no finish_reason) is a Failure to retry."""
    if not isinstance(data, dict):
        return Failure("retry", f"the answer is not a JSON object: {_words(data)[:80]}")
    if data.get("error"):  # gateways answer 200 and put the upstream's error inside
        status = data["error"].get("code") if isinstance(data["error"], dict) else None
        return read_error(status if isinstance(status, int) and status >= 400 else 502, data, "", {}, None)
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        return Failure("retry", "the answer holds no choices")
    reason = choice.get("finish_reason")
    if reason is None or reason in UNFINISHED:
        return Failure("retry", f"the answer is not complete: its finish_reason is {json.dumps(reason)}")
    message = _mapping(choice.get("message"))
    text = (message.get("content") if request.messages is not None else choice.get("text")) or message.get("refusal") or ""
    reasoning = next((r for r in (message.get("reasoning"), message.get("reasoning_content")) if isinstance(r, str) and r), None)
    if not isinstance(text, str):
        return Failure("retry", f"the answer's text is not a string: {_words(text)[:80]}")
    usage = _mapping(data.get("usage"))
    finish, error = _finish(str(reason), bool(message.get("refusal")))
    opening = settings.think_tags[0]
    return Completion(
        text=text,
        finish_reason=finish,
        prompt_tokens=_count(usage, "prompt_tokens"),
        completion_tokens=_count(usage, "completion_tokens"),
        cached_tokens=_count(usage.get("prompt_tokens_details"), "cached_tokens"),
        reasoning=reasoning,
        reasoning_tokens=_count(usage.get("completion_tokens_details"), "reasoning_tokens") or None,
        logprobs=_logprobs(choice.get("logprobs")),
        served_model=data["model"] if isinstance(data.get("model"), str) else None,
        opened=request.messages is None and (request.text or "").rstrip().endswith(opening),
        error=error,
    )


def _finish(reason: str, refused: bool) -> tuple[str, str | None]:
    if reason in FILTERED or refused:
        return "content_filter", None
    if reason in CUT_OFF:
        return "length", None
    if reason in STOPPED:
        return "stop", None
    return "error", f"the server ended the answer for a reason that is none of stop, length and content_filter: {reason[:80]}"


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(counts: Any, name: str) -> int:
    value = _mapping(counts).get(name)
    return value if isinstance(value, int) and value > 0 else 0


def _logprobs(found: Any) -> tuple[float, ...] | None:
    """Of the chat form (`content`, one object a token) or of the completions form (`token_logprobs`)."""
    if not isinstance(found, dict):
        return None
    values = found.get("token_logprobs") or [t.get("logprob") for t in found.get("content") or () if isinstance(t, dict)]
    return tuple(float(v) for v in values) if values and all(isinstance(v, int | float) for v in values) else None


class Fold:
    """Puts the events of a stream together into the JSON that the same answer has without streaming."""

    def __init__(self) -> None:
        self._data: dict[str, Any] = {}
        self._parts: dict[str, list[str]] = {}
        self._logprobs: list[dict[str, Any]] = []
        self._reason: Any = None
        self._seen = False

    def add(self, event: Any) -> None:
        """One event's JSON."""
        if not isinstance(event, dict):
            return
        self._data |= {name: event[name] for name in ("model", "usage", "error") if event.get(name)}
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return
        self._seen = True
        self._reason = choice.get("finish_reason") or self._reason
        delta = _mapping(choice.get("delta"))
        for name, piece in (*delta.items(), ("text", choice.get("text"))):
            if name != "role" and isinstance(piece, str):
                self._parts.setdefault(name, []).append(piece)
        if isinstance(choice.get("logprobs"), dict):
            self._logprobs.append(choice["logprobs"])

    def answer(self) -> dict[str, Any]:
        """The whole answer; without choices where no event held any."""
        if not self._seen:
            return self._data
        message = {name: "".join(pieces) for name, pieces in self._parts.items()}
        choice = {"message": message, "text": message.pop("text", None), "finish_reason": self._reason}
        if self._logprobs:
            choice["logprobs"] = {n: [x for part in self._logprobs for x in part.get(n) or ()] for n in ("content", "token_logprobs")}
        return {**self._data, "choices": [choice]}
