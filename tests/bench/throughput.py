"""Output tokens a second of `curate generate` with a fixed number of samples, over plain `vllm.LLM.generate` on the same prompts, settings and seeds.

Both engines are started before the clock runs and stay alive; the arms alternate, one at a time, and every run samples afresh (a new run seed for each pair). Ours counts everything from the prompts to the published
dataset: rendering, verification in worker processes, the log of completions, shards, card. CPU seconds are read from outside: vLLM's are those of the engine's processes, the rest is everything else.

    python -m tests.bench.throughput MODEL_DIR [--pairs 5]
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from curate import api
from curate.engines import Engine, open_engine
from curate.ingest import ingest, read_prompts
from curate.sampling.keys import seed_of
from curate.sources import SourceOptions, collect
from curate.templates import Template
from tests.bench.measure import children, cpu_seconds, machine

SOURCES = [
    "reasoning_gym:products?min_terms=2&max_terms=2&min_digits=1&max_digits=1&size=22",
    "reasoning_gym:gcd?min_value=2&max_value=40&size=22",
]
SAMPLES = 16
SAMPLING = {"temperature": 0.8, "top_p": 0.95, "max_tokens": 96}
IN_FLIGHT = 128


def plain(model: str) -> None:
    """The other arm: reads one JSON line of {prompts, seeds} a run, answers with {tokens, seconds}."""
    from vllm import LLM, SamplingParams

    from curate.engines.hosting.vllm_host import engine_args

    args = vars(engine_args({"engine_args": {}, "model": model, "max_concurrent": IN_FLIGHT, "tensor_parallel_size": 1}))
    kept = (
        "generation_config",
        "logprobs_mode",
        "enable_prefix_caching",
        "max_num_seqs",
        "enforce_eager",
        "enable_chunked_prefill",
        "kv_cache_memory_bytes",
        "max_num_batched_tokens",
    )
    llm = LLM(model, **{name: args[name] for name in kept})
    tokenizer = llm.get_tokenizer()
    print(json.dumps("ready"), file=sys.stderr, flush=True)
    for line in sys.stdin:
        work = json.loads(line)
        texts = [tokenizer.apply_chat_template(m, add_generation_prompt=True, tokenize=False) for m in work["messages"]]
        params = [SamplingParams(**SAMPLING, seed=seed) for seed in work["seeds"]]
        started = time.perf_counter()
        outputs = llm.generate([{"prompt_token_ids": tokenizer.encode(t, add_special_tokens=False)} for t in texts], params, use_tqdm=False)
        seconds = time.perf_counter() - started
        print(json.dumps({"tokens": sum(len(o.outputs[0].token_ids) for o in outputs), "seconds": seconds}), file=sys.stderr, flush=True)


class Plain:
    """The process of the other arm."""

    def __init__(self, model: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.throughput", model, "--plain"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.answer()

    def answer(self) -> Any:
        """The next line of JSON that it prints among vLLM's messages."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith(('"ready"', '{"tokens"')):
                return json.loads(line)
        raise SystemExit("the plain arm died")

    def run(self, work: dict[str, Any]) -> dict[str, float]:
        """One run."""
        assert self.process.stdin is not None
        print(json.dumps(work), file=self.process.stdin, flush=True)
        found: dict[str, float] = self.answer()
        return found


def ours(model: str, seed: int, out: Path, engine: Engine) -> tuple[dict[str, float], api.Generated]:
    """One run of ours on an engine that is up."""
    options = api.options(
        model=model,
        num_generations=SAMPLES,
        num_correct=None,
        seed=seed,
        max_concurrent=IN_FLIGHT,
        quiet=True,
        **SAMPLING,
    )
    started = time.perf_counter()
    made = api.run(SOURCES, out, options, engine)
    return {"tokens": made.tally.tokens, "seconds": time.perf_counter() - started}, made


class _Kept:
    """The engine with `start` done and `close` put off, so that runs share it; calls are carried to the loop that it lives in."""

    def __init__(self, engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
        self._engine, self._loop = engine, loop
        self.kind, self.capabilities, self.max_concurrent = engine.kind, engine.capabilities, engine.max_concurrent
        self.identity, self.preview = engine.identity, engine.preview

    async def start(self) -> None:
        return None

    async def complete(self, request: Any) -> Any:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._engine.complete(request), self._loop))

    async def close(self) -> None:
        return None


def main() -> None:
    """Alternate the arms and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--plain", action="store_true")
    given = parser.parse_args()
    if given.plain:
        plain(given.model)
        return

    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    engine = open_engine(api.options(model=given.model, max_concurrent=IN_FLIGHT).engine)
    asyncio.run_coroutine_threadsafe(engine.start(), loop).result()
    other = Plain(given.model)
    me = os.getpid()
    template = Template()
    ratios, shares, tokens = [], [], []
    with tempfile.TemporaryDirectory() as work:
        prompts = list(read_prompts(ingest(collect(SOURCES, SourceOptions(), None, None), Path(work)).path))
        for pair in range(given.pairs):
            asked = [(template.ask(p), seed_of(pair, p.id, i)) for p in prompts for i in range(SAMPLES)]
            messages = [[{"role": m.role, "content": m.content} for m in a.messages or ()] for a, _ in asked]
            theirs = other.run({"messages": messages, "seeds": [s for _, s in asked]})
            vllm_before, all_before = _cpu(me, other)
            mine, _ = ours(given.model, pair, Path(work) / f"out-{pair}", _Kept(engine, loop))
            vllm_after, all_after = _cpu(me, other)
            ratios.append((mine["tokens"] / mine["seconds"]) / (theirs["tokens"] / theirs["seconds"]))
            shares.append((all_after - all_before) / (vllm_after - vllm_before))
            tokens.append((mine["tokens"], theirs["tokens"]))
            print(json.dumps({"pair": pair, "ours": mine, "plain": theirs, "ratio": ratios[-1], "cpu beside vLLM": shares[-1]}), flush=True)
    asyncio.run_coroutine_threadsafe(engine.close(), loop).result()
    other.process.terminate()
    print(
        json.dumps(
            {
                "machine": machine(),
                "tokens a run": tokens[0],
                "median ratio": statistics.median(ratios),
                "ratios": ratios,
                "median CPU of all that is not vLLM over vLLM's": statistics.median(shares),
            }
        )
    )


def _cpu(me: int, other: Plain) -> tuple[float, float]:
    """CPU seconds of vLLM's processes of our arm, and of everything else of ours."""
    theirs = set(children(other.process.pid))
    vllm = rest = 0.0
    for pid in children(me):
        if pid in theirs:
            continue
        command = Path(f"/proc/{pid}/cmdline").read_bytes() if Path(f"/proc/{pid}").exists() else b""
        name = Path(f"/proc/{pid}/comm").read_text() if Path(f"/proc/{pid}").exists() else ""
        if b"hosting" in command or name.startswith("VLLM"):
            vllm += cpu_seconds(pid)
        else:
            rest += cpu_seconds(pid)
    return vllm, rest


if __name__ == "__main__":
    main()
