"""One small request that finds out what a server does: for `curate doctor --base-url U --model M`.

It says what one answer shows and no more: a seed that is taken need not be honoured, and a chain that this question did not need may still be there for a harder one.
"""

import time
from dataclasses import dataclass

from curate.engines.base import EngineSettings, Request, Sampling
from curate.engines.openai import OpenAIEngine
from curate.records import Completion, Message
from curate.thinking import parts_of

QUESTION = (
    "A farmer has 17 sheep. All but 9 run away, then he buys 4 more. How many sheep does he have? Think step by step, then give the number."
)
MOST_TOKENS = 1024
CHAINS = {
    "full": "the chain of thought is returned",
    "summary": "only a summary of the chain is returned: too short for the reasoning tokens that the server counts",
    "hidden": "the server counts reasoning tokens but keeps the chain to itself",
    "none": "no chain apart from the answer: no reasoning field and no thinking tags in the text",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found out: its name, a short value, and a sentence with the details."""

    name: str
    value: str
    detail: str = ""


async def probe(settings: EngineSettings) -> list[Finding]:
    """Send one request to the server that `settings` names and say what came back. Raises EngineError in one sentence when it cannot be reached or refuses the key or the model."""
    engine = OpenAIEngine(settings)
    try:
        await engine.start()
        listed = next((m for m in await engine.models() if m.get("id") == settings.model), {})
        sampling = Sampling(temperature=0.6, top_p=0.95, max_tokens=MOST_TOKENS, logprobs=True)
        request = Request("probe", 0, sampling, seed=1, messages=(Message("user", QUESTION),))
        began = time.monotonic()
        completion = await engine.complete(request)
        seconds = time.monotonic() - began
    finally:
        await engine.close()
    return _findings(completion, engine.ignored, listed.get("max_model_len"), settings, seconds)


def _findings(completion: Completion, ignored: dict[str, str], context: object, settings: EngineSettings, seconds: float) -> list[Finding]:
    parts = parts_of(completion, settings.think_tags)
    where = "in a field of its own" if completion.reasoning is not None else f"in the text, between {' and '.join(settings.think_tags)}"
    chain = CHAINS[parts.chain] + (f", {where}" if parts.chain == "full" else "")
    logprobs = "refused" if "logprobs" in ignored else "returned" if completion.logprobs else "not returned"
    known = isinstance(context, int)
    return [
        Finding("model", completion.served_model or settings.model, "the name that the server answers with"),
        Finding("finish", completion.finish_reason, f"{completion.completion_tokens} tokens in {seconds:.1f} s"),
        Finding("chain", parts.chain, chain),
        Finding(
            "seed", "refused" if "seed" in ignored else "accepted", ignored.get("seed", "whether it is honoured, one answer cannot show")
        ),
        Finding("logprobs", logprobs, ignored.get("logprobs", "a server does not say under which distribution it computes them")),
        Finding("usage", "missing" if "usage" in ignored else "reported", _usage(completion, ignored)),
        Finding(
            "context", str(context) if known else "unknown", "tokens, from /v1/models" if known else "the server's /v1/models does not say"
        ),
        *(Finding(f"refused {name}", "left out", reason) for name, reason in ignored.items() if name not in ("seed", "logprobs", "usage")),
    ]


def _usage(completion: Completion, ignored: dict[str, str]) -> str:
    reasoning = "not counted apart" if completion.reasoning_tokens is None else str(completion.reasoning_tokens)
    counts = f"prompt {completion.prompt_tokens} (cached {completion.cached_tokens}), completion {completion.completion_tokens}"
    return ignored.get("usage") or f"{counts}, reasoning tokens {reasoning}"
