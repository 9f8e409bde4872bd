"""vLLM behind a host: AsyncLLM with every setting that decides what is sampled given explicitly.

What is set, and why:
- `generation_config="vllm"`: a checkpoint's own sampling defaults never leak in; its end-of-text ids still count.
- `logprobs_mode="processed_logprobs"`: log-probabilities are those of the distribution that was sampled from.
- Special tokens stay in the text, since some models write their chain's tags as special tokens; the token that ended the completion is never part of it.
- Results come once, at the end of a request: a completion is only ever used whole.
- On the CPU, chunked prefill is off and a batch holds at least one whole context: vLLM's CPU runner dies on a seeded request whose prefill is cut over two steps ("CPU Generator does not use offset").
- On the CPU, no compilation: it costs two minutes at the start and gains little on small models. `--engine-arg enforce_eager=false` turns it on.
- Intel's OpenMP is not preloaded, though vLLM's CPU worker suggests it: in one pair of runs on two busy cores (64 sequences, 135M) it gained nothing, 301 and 316 tokens/s against 329 and 324.
"""

import asyncio
import dataclasses
import difflib
import os
import traceback
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from curate.engines.hosting.host import DEAD
from curate.engines.hosting.rendering import Renderer, load_tokenizer, room
from curate.errors import EngineError, PromptTooLong, RequestRefused, UsageError

GIB = 1 << 30
LOOK = 0.5  # seconds between looks at whether the engine still lives
CPU_CACHE = 4 * GIB  # bytes of key-value cache on the CPU, where the machine has that to spare
CPU_CACHE_SHARE = 3  # at most one part in so many of the memory that is free


def free_memory() -> int:
    """Bytes of memory that can be had without swapping."""
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise EngineError("/proc/meminfo does not say how much memory is free: set VLLM_CPU_KVCACHE_SPACE to the GiB of cache to be used")


def engine_args(settings: dict[str, Any]) -> Any:
    """vLLM's arguments for these settings: our defaults, over which the user's --engine-arg goes. Raises UsageError for one that this vLLM does not know."""
    import vllm
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.platforms import current_platform

    known = {field.name for field in dataclasses.fields(AsyncEngineArgs)}
    given = settings["engine_args"]
    for name in given:
        if name == "model":
            raise UsageError("the engine argument model is given with --model")
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f": did you mean {near[0]}?" if near else ""
            raise UsageError(f"vLLM {vllm.__version__} has no engine argument {name!r}{hint}")
    args: dict[str, Any] = {
        "model": settings["model"],
        "generation_config": "vllm",
        "logprobs_mode": "processed_logprobs",
        "enable_prefix_caching": True,
        "max_num_seqs": settings["max_concurrent"],
        "tensor_parallel_size": settings["tensor_parallel_size"],
        "trust_remote_code": False,
        "disable_log_stats": True,
        "enable_log_requests": False,
    }
    if current_platform.is_cpu():  # vLLM's CPU build runs on Linux
        args |= {"enforce_eager": True, "enable_chunked_prefill": False}
        if "VLLM_CPU_KVCACHE_SPACE" not in os.environ and "gpu_memory_utilization" not in given:
            args["kv_cache_memory_bytes"] = min(CPU_CACHE, free_memory() // CPU_CACHE_SHARE)
    made = AsyncEngineArgs(**{name: value for name, value in {**args, **given}.items() if name in known})
    if current_platform.is_cpu() and "max_num_batched_tokens" not in given:
        made.max_num_batched_tokens = max(int(made.create_model_config().max_model_len), 2048)
    return made


@contextmanager
def _alive() -> Iterator[None]:
    """A dead engine ends this process: the caller starts another and asks again."""
    from vllm.v1.engine.exceptions import EngineDeadError

    try:
        yield
    except EngineDeadError:
        traceback.print_exc()
        os._exit(DEAD)


class VllmBackend:
    """A running AsyncLLM. Made inside a running event loop, in the main thread."""

    def __init__(self, settings: dict[str, Any]) -> None:
        from vllm.v1.engine.async_llm import AsyncLLM

        self.renderer = Renderer(
            load_tokenizer(settings["model"], settings["engine_args"]), settings["chat_template_kwargs"], settings["opening_tag"]
        )
        self.llm = AsyncLLM.from_engine_args(engine_args(settings))
        self.context = int(self.llm.model_config.max_model_len)

    async def _final(self, number: int, ids: tuple[int, ...] | list[int], **sampling: Any) -> Any:
        """Run one request to its end."""
        from vllm.sampling_params import RequestOutputKind, SamplingParams

        try:
            with _alive():
                params = SamplingParams(output_kind=RequestOutputKind.FINAL_ONLY, **sampling)
                async for output in self.llm.generate({"prompt_token_ids": list(ids)}, params, str(number)):
                    if output.finished:
                        return output
        except ValueError as error:  # vLLM's refusals of a request are ValueErrors
            raise RequestRefused(f"vLLM refuses the request: {error}") from error
        raise EngineError("vLLM ended a request without an answer")

    async def abort(self, number: int) -> bool:
        """End a request where it is: vLLM then gives it out as finished. Without effect on one that it does not have yet, which is cancelled."""
        await self.llm.abort(str(number))
        return True

    async def complete(self, number: int, args: dict[str, Any]) -> dict[str, Any]:
        """The fields of a Completion. Raises PromptTooLong, RequestRefused."""
        from vllm.sampling_params import StructuredOutputsParams

        rendered = self.renderer(args)
        asked = args["sampling"]
        output = await self._final(
            number,
            rendered.ids,
            max_tokens=room(len(rendered.ids), self.context, asked["max_tokens"]),
            temperature=asked["temperature"],
            top_p=asked["top_p"],
            top_k=asked["top_k"],
            min_p=asked["min_p"],
            stop=list(asked["stop"]),
            seed=args["seed"],
            presence_penalty=0.0,
            frequency_penalty=0.0,
            repetition_penalty=1.0,
            ignore_eos=False,
            min_tokens=0,
            skip_special_tokens=False,
            spaces_between_special_tokens=False,
            logprobs=0 if asked["logprobs"] else None,  # 0: of the token that was sampled, and of no other
            structured_outputs=StructuredOutputsParams(json=args["schema"], disable_any_whitespace=True) if args["schema"] else None,
        )
        made = output.outputs[0]
        ids = list(made.token_ids)
        return {
            "text": made.text,
            "finish_reason": made.finish_reason if made.finish_reason in ("length", "abort") else "stop",
            "prompt_tokens": len(rendered.ids),
            "completion_tokens": len(ids),
            "cached_tokens": output.num_cached_tokens or 0,
            "token_ids": ids,
            "logprobs": [float(step[token].logprob) for step, token in zip(made.logprobs, ids, strict=True)] if asked["logprobs"] else None,
            "opened": rendered.opened,
        }

    def render(self, args: dict[str, Any]) -> str:
        """The prompt as it is sent."""
        return self.renderer(args).text

    async def score(self, number: int, token_ids: list[int]) -> list[float]:
        """The log-probability of each token but the first, given those before it, at temperature 1. Raises PromptTooLong."""
        if len(token_ids) >= self.context:
            raise PromptTooLong(
                f"{len(token_ids)} tokens are to be scored and the model's context is {self.context}, one of which is needed"
            )
        output = await self._final(number, token_ids, max_tokens=1, temperature=0.0, prompt_logprobs=0, detokenize=False)
        return [float(step[token].logprob) for step, token in zip(output.prompt_logprobs[1:], token_ids[1:], strict=True)]

    async def score_answer(self, number: int, args: dict[str, Any]) -> list[float]:
        """The log-probability of each token of the continuation, given the prompt and those before it, at temperature 1. Raises PromptTooLong, RequestRefused."""
        prompt = self.renderer({**args, "continuation": ""})
        whole = self.renderer.once(args)
        told = len(whole.ids) - max(1, len(prompt.ids))
        return (await self.score(number, list(whole.ids)))[-told:] if told > 0 else []

    async def _answer(self, call: Coroutine[Any, Any, Any]) -> Any:
        """What the engine answers to a call that is no request: vLLM lets those that are under way wait for ever where the engine dies."""
        from vllm.v1.engine.exceptions import EngineDeadError

        asked = asyncio.ensure_future(call)
        while not asked.done():
            await asyncio.wait([asked], timeout=LOOK)
            if self.llm.errored and not asked.done():
                raise EngineDeadError
        return asked.result()

    async def load_weights(self, directory: str) -> None:
        """Change the weights; what was cached for the old ones is forgotten."""
        with _alive():
            await self._answer(self.llm.collective_rpc("reload_weights", kwargs={"weights_path": directory}))
            dropped = await self._answer(self.llm.reset_prefix_cache())
        if not dropped:
            raise EngineError("vLLM could not drop its prefix cache after a change of weights")

    def close(self) -> None:
        """Stop the engine's processes."""
        self.llm.shutdown(timeout=2.0)  # the guard ends what takes longer
