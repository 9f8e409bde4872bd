"""What the sampler asks of an engine, and what every engine answers with.

An engine is an object, not a base class: `Engine` is a protocol, and what an engine can do beyond completing a request is a named capability, checked before it is used.
Cancelling the task that awaits `complete` cancels the request itself (vLLM aborts it, a connection is closed). An engine that can tell what it had generated for such requests counts it in an attribute
`cancelled_tokens`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from curate.errors import UsageError
from curate.records import Completion, Message

CAPABILITIES = {
    "seed": "a seed for each request",
    "token_ids": "the ids of the generated tokens",
    "logprobs": "log-probabilities of the generated tokens under the sampling distribution",
    "prefill": "an answer that begins with a given text",
    "continue": "going on from a truncated answer",
    "schema": "an answer held to a JSON schema",
    "text": "a prompt that is plain text, without a chat template",
    "turn": "writing a turn of the user, in place of an empty last one",
    "preview": "showing a prompt exactly as it would be sent",
    "score": "log-probabilities of given tokens",
    "classify": "one number for a conversation, from a reward model",
    "load_weights": "changing the weights while running",
}


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling settings, all of them always given to a local engine, so that a checkpoint's own generation_config never leaks in.

    Defaults are R1's evaluation settings (arXiv 2501.12948, section D.1: temperature 0.6, top-p 0.95); the settings of its rejection sampling were not published.
    """

    temperature: float = 0.6
    top_p: float = 0.95
    top_k: int = 0  # 0: all
    min_p: float = 0.0
    max_tokens: int = 16384
    stop: tuple[str, ...] = ()
    logprobs: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The settings as plain JSON values."""
        return {**asdict(self), "stop": list(self.stop)}


@dataclass(frozen=True, slots=True)
class Request:
    """One completion to be made: `messages` for a chat template, or `text` for a model without one. Where the last message is an empty one of the user, the model writes it (capability `turn`)."""

    prompt_id: str
    sample_index: int
    sampling: Sampling
    seed: int | None
    messages: tuple[Message, ...] | None = None
    text: str | None = None
    prefill: str = ""  # the answer begins with this; the engine returns only what follows it
    continuation: str = (
        ""  # what the model had written before it was cut off; follows the prefill, and the engine returns only what follows it
    )
    schema: str = ""  # the JSON schema that the answer is held to, as JSON
    together: int = 1  # requests sent at once, this one included, that are to be decoded as one batch: there the transformers engine repeats to the last bit


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How an engine is made. Which of these are identity and which extent is listed in curate/config.py."""

    kind: str = "vllm"
    model: str = ""
    base_urls: tuple[str, ...] = ()
    revision: str | None = None
    tensor_parallel_size: int = 1
    engine_args: Mapping[str, Any] = field(default_factory=dict)  # --engine-arg k=v, values parsed as JSON where they are JSON
    chat_template_kwargs: Mapping[str, Any] = field(default_factory=dict)
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    think_tags: tuple[str, str] = ("<think>", "</think>")
    timeout: float = 3600.0  # seconds that one request may take on a server
    stream: bool = False  # openai: read the answer as a stream
    max_concurrent: int | None = None  # requests in flight; None: what the engine suggests


class Engine(Protocol):
    """Where completions come from."""

    kind: str
    capabilities: frozenset[str]
    max_concurrent: int  # requests in flight that keep it busy

    def identity(self) -> dict[str, str | None]:
        """`model` and `model_revision`: known without starting the engine. For a directory the revision is a sha256 over config, tokenizer and weight files."""
        ...

    async def preview(self, request: Request) -> str:
        """The request exactly as it would be sent, as text; sends nothing and loads no weights."""
        ...

    async def start(self) -> None:
        """Load the model or reach the server. Raises EngineError with one sentence."""
        ...

    async def complete(self, request: Request) -> Completion:
        """One completion. Raises RequestRefused (PromptTooLong) for a request that can never pass, EngineError where the engine cannot go on."""
        ...

    async def close(self) -> None:
        """Free everything; no process outlives this call. May be called more than once."""
        ...


def require(engine: Engine, *capabilities: str) -> None:
    """Raise UsageError unless the engine has all of `capabilities`."""
    missing = [c for c in capabilities if c not in engine.capabilities]
    if missing:
        raise UsageError(f"the {engine.kind} engine cannot do this: {'; '.join(CAPABILITIES[c] for c in missing)}")
