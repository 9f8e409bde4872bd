"""The vllm engine with the demo's model, for real: several minutes on two cores. R1_CURATE_TEST_MODEL names another model directory."""

import asyncio
import contextlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from curate.engines import EngineSettings, Request, Sampling
from curate.engines.hosting import guard
from curate.engines.local import LocalEngine
from curate.errors import CurateError, EngineError, PromptTooLong, UsageError
from curate.records import Completion, Message

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="vllm is not installed"),
    pytest.mark.skipif(sys.platform != "linux", reason="sessions are looked up in /proc"),
]

ROOT = Path(__file__).resolve().parents[2]
CONTEXT = 512
FORM = json.dumps(
    {
        "type": "object",
        "properties": {"sure": {"type": "boolean"}, "answer": {"type": "string", "enum": ["four", "five"]}},
        "required": ["sure", "answer"],
        "additionalProperties": False,
    }
)
BOUND = 20.0  # seconds in which every process of a killed engine is gone
Result = TypeVar("Result")


class Running:
    """An engine and the event loop that it lives in."""

    def __init__(self, engine: LocalEngine) -> None:
        self.engine = engine
        self.runner = asyncio.Runner()

    def run(self, awaitable: Awaitable[Result]) -> Result:
        async def bounded() -> Result:
            async with asyncio.timeout(400):
                return await awaitable

        return self.runner.run(bounded())

    def complete(self, *requests: Request) -> list[Completion]:
        async def ask() -> list[Completion]:
            return list(await asyncio.gather(*(self.engine.complete(r) for r in requests)))

        return self.run(ask())

    @property
    def session(self) -> int:
        assert self.engine._host is not None
        assert self.engine._host.guard is not None
        return self.engine._host.guard.pid


@pytest.fixture(scope="module")
def demo_model() -> str:
    path = Path(os.environ.get("R1_CURATE_TEST_MODEL", ROOT / "models" / "SmolLM2-135M-Instruct"))
    if not (path / "config.json").is_file():
        pytest.fail(
            f"there is no model in {path}: run python tools/demo_model.py models/SmolLM2-135M-Instruct, or set R1_CURATE_TEST_MODEL"
        )
    return str(path)


@pytest.fixture(scope="module")
def running(demo_model: str) -> Iterator[Running]:
    made = Running(LocalEngine(EngineSettings(model=demo_model, engine_args={"max_model_len": CONTEXT}, max_concurrent=32)))
    try:
        made.run(made.engine.start())
        yield made
    finally:
        made.run(made.engine.close())
        made.runner.close()


def ask(content: str = "Tell me a short story about a fox.", index: int = 0, **other: Any) -> Request:
    fields = {name: other.pop(name) for name in ("prefill", "continuation", "schema") if name in other}
    sampling = Sampling(**{"max_tokens": 24, "temperature": 0.8, "top_p": 0.95, **other})
    return Request("p", index, sampling, 1000 + index, messages=(Message("user", content),), **fields)


def processes(session: int) -> dict[str, int]:
    """The live processes of an engine by what they are called."""
    found = {}
    for pid in guard.members(session):
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            for name in ("VLLM::EngineCore", "VLLM::Worker", "host.py", "resource_tracker"):
                if name in command:
                    found[name] = pid
    return found


def shared_memory(session: int) -> set[str]:
    """The files in /dev/shm that an engine's processes have mapped."""
    found = set()
    for pid in guard.members(session):
        with contextlib.suppress(OSError):
            found |= {part for part in Path(f"/proc/{pid}/maps").read_text().split() if part.startswith("/dev/shm/")}
    return found


def gone(session: int, shared: set[str]) -> bool:
    """Whether, within a bound, no process of a session is left, its leader included, and none of its shared memory."""
    deadline = time.monotonic() + BOUND
    while time.monotonic() < deadline:
        if not guard.members(session) and not Path(f"/proc/{session}").exists() and not any(map(os.path.exists, shared)):
            return True
        time.sleep(0.05)
    return False


def test_a_completion_and_its_fields(running: Running, demo_model: str) -> None:
    (done,) = running.complete(ask(logprobs=True))
    assert done.token_ids is not None
    assert done.logprobs is not None
    assert len(done.token_ids) == len(done.logprobs) == done.completion_tokens
    assert 0 < done.completion_tokens <= 24
    assert done.finish_reason in ("stop", "length")
    assert done.prompt_tokens > 20
    assert all(p <= 0 for p in done.logprobs)
    assert (done.served_model, done.opened, done.reasoning, done.error) == (demo_model, False, None, None)


def test_seeds_repeat_in_the_same_batch(running: Running) -> None:
    requests = [ask(index=i % 8) for i in range(16)]
    first = running.complete(*requests)
    assert [c.text for c in first] == [c.text for c in running.complete(*requests)]
    assert [c.text for c in first[:8]] == [c.text for c in first[8:]]
    assert len({c.text for c in first}) == 8


def test_the_end_of_text_is_no_part_of_the_text(running: Running) -> None:
    done = running.complete(*(ask("Say hi.", i, max_tokens=200) for i in range(8)))
    stopped = [c for c in done if c.finish_reason == "stop"]
    assert stopped
    assert not any("<|im_end|>" in c.text for c in stopped)
    assert all(c.completion_tokens == 200 for c in done if c.finish_reason == "length")


def test_the_end_of_text_is_among_the_ids_with_its_log_probability(running: Running, demo_model: str) -> None:
    from tokenizers import Tokenizer

    end = Tokenizer.from_file(str(Path(demo_model) / "tokenizer.json")).token_to_id("<|im_end|>")
    done = running.complete(*(ask("Say hi.", i, max_tokens=200, logprobs=True) for i in range(8)))
    assert any(c.finish_reason == "stop" for c in done)
    for c in done:
        assert c.token_ids is not None
        assert c.logprobs is not None
        assert len(c.token_ids) == len(c.logprobs) == c.completion_tokens
        assert (c.token_ids[-1] == end) == (c.finish_reason == "stop")
        assert end not in c.token_ids[:-1]


def test_stop_strings_prefill_and_continuation(running: Running) -> None:
    (free,) = running.complete(ask(temperature=0.0))
    stop = free.text[10:14]
    (done,) = running.complete(ask(temperature=0.0, stop=(stop,)))
    assert (done.text, done.finish_reason) == (free.text[: free.text.find(stop)], "stop")
    (begun,) = running.complete(ask(temperature=0.0, prefill="<think>", continuation=" So"))
    assert begun.prompt_tokens > free.prompt_tokens
    assert not begun.opened


def test_an_answer_is_held_to_a_schema(running: Running) -> None:
    done = running.complete(*(ask("What is 2 + 2?", i, schema=FORM, max_tokens=40) for i in range(4)))
    for completion in done:
        assert completion.finish_reason == "stop"
        said = json.loads(completion.text)
        assert list(said) == ["sure", "answer"]
        assert said["answer"] in ("four", "five")


def test_the_context_bounds_the_answer_and_the_prompt(running: Running) -> None:
    (done,) = running.complete(ask("word " * 400, max_tokens=100_000))
    assert done.prompt_tokens + done.completion_tokens <= CONTEXT
    with pytest.raises(PromptTooLong, match=f"context is {CONTEXT}"):
        running.complete(ask("word " * 600))


def test_long_seeded_prompts_that_arrive_together_do_not_end_the_engine(running: Running) -> None:
    """More prompt tokens than a batch holds: were a prefill cut over two steps, a CPU engine would end."""
    session = running.session
    done = running.complete(*(ask(f"{i} " + "word " * 420, i, max_tokens=8) for i in range(32)))
    assert len(done) == 32
    assert running.session == session, "the engine was not restarted"


def test_a_cancelled_request_is_aborted(running: Running) -> None:
    before = running.engine.cancelled_tokens

    async def act() -> Completion:
        tasks = [asyncio.create_task(running.engine.complete(ask(index=i, max_tokens=400))) for i in range(32)]
        await running.engine.complete(ask("Count to ten.", index=99, max_tokens=16))  # the others are on their way by then
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(30):  # all places are taken by the others unless they were aborted
            return await running.engine.complete(ask(max_tokens=4))

    assert running.run(act()).completion_tokens <= 4
    assert 0 < running.engine.cancelled_tokens - before < 32 * 400


def test_the_preview_is_what_is_sent(running: Running, demo_model: str) -> None:
    request = ask("Hi", prefill="<think>\n")
    text = running.run(running.engine.preview(request))
    assert text.endswith("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n")

    async def alone() -> str:
        engine = LocalEngine(EngineSettings(model=demo_model))
        try:
            return await engine.preview(request)
        finally:
            await engine.close()

    assert running.run(alone()) == text


def test_scores_are_the_log_probabilities_of_sampling_at_temperature_1(running: Running) -> None:
    request = ask(temperature=1.0, top_p=1.0, logprobs=True, max_tokens=12)
    (done,) = running.complete(request)
    from tokenizers import Tokenizer

    text = running.run(running.engine.preview(request))
    prompt = Tokenizer.from_file(str(Path(running.engine.settings.model) / "tokenizer.json")).encode(text, add_special_tokens=False).ids
    scores = running.run(running.engine.score([*prompt, *(done.token_ids or ())]))
    assert len(scores) == len(prompt) + done.completion_tokens - 1
    assert scores[-done.completion_tokens :] == pytest.approx(list(done.logprobs or ()), abs=0.15)  # bf16, another batch shape
    answer = running.run(running.engine.score_answer(replace(request, continuation=done.text)))
    assert answer == pytest.approx(scores[-done.completion_tokens :][: len(answer)], abs=0.15)
    assert len(answer) in (done.completion_tokens, done.completion_tokens - 1)  # the end of text is no part of it


def test_weights_are_changed_and_changed_back(running: Running, demo_model: str, tmp_path: Path) -> None:
    other = tmp_path / "other"
    code = (
        "import sys, torch; from safetensors.torch import load_file, save_file; from pathlib import Path; import shutil\n"
        "shutil.copytree(sys.argv[1], sys.argv[2]); f = Path(sys.argv[2], 'model.safetensors'); w = load_file(f); torch.manual_seed(0)\n"
        "save_file({k: v + 0.5 * torch.randn_like(v) for k, v in w.items()}, f, {'format': 'pt'})"
    )
    subprocess.run([sys.executable, "-c", code, demo_model, str(other)], check=True)
    (before,) = running.complete(ask(temperature=0.0))
    running.run(running.engine.load_weights(str(other), "7"))
    (changed,) = running.complete(ask(temperature=0.0))
    running.run(running.engine.load_weights(demo_model, "8"))
    (after,) = running.complete(ask(temperature=0.0))
    assert changed.text != before.text
    assert after.text == before.text
    assert (before.weights_version, changed.weights_version, after.weights_version) == (None, "7", "8")
    os.kill(processes(running.session)["VLLM::EngineCore"], signal.SIGKILL)  # between two requests, while a trainer works
    running.run(running.engine.load_weights(str(other), "9"))
    (again,) = running.complete(ask(temperature=0.0))
    assert (again.text, again.weights_version) == (changed.text, "9")


@pytest.mark.parametrize("victim", ["VLLM::EngineCore", "VLLM::Worker", "host.py", "guard"])
def test_a_killed_process_is_a_restart_and_leaves_nothing(running: Running, victim: str) -> None:
    session = running.session
    shared = shared_memory(session)
    assert shared

    async def act() -> list[Completion]:
        tasks = [asyncio.create_task(running.engine.complete(ask(index=i, max_tokens=100))) for i in range(4)]
        await asyncio.sleep(1)
        os.kill(session if victim == "guard" else processes(session)[victim], signal.SIGKILL)
        return list(await asyncio.gather(*tasks))

    done = running.run(act())
    assert all(c.completion_tokens for c in done)
    assert running.session != session
    assert gone(session, shared)


def test_nothing_outlives_a_killed_caller(demo_model: str) -> None:
    code = f"""
import asyncio, sys
sys.path.insert(0, {str(ROOT)!r})
from curate.engines import EngineSettings
from curate.engines.local import LocalEngine
async def main():
    engine = LocalEngine(EngineSettings(model={demo_model!r}, engine_args={{"max_model_len": {CONTEXT}}}))
    await engine.start()
    print(engine._host.guard.pid, engine._host.work, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    caller = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert caller.stdout is not None
    session, work = caller.stdout.readline().split()
    assert {"VLLM::EngineCore", "VLLM::Worker", "host.py"} <= set(processes(int(session)))
    shared = shared_memory(int(session))
    caller.kill()
    caller.wait()
    caller.stdout.close()
    assert gone(int(session), shared)
    assert not os.path.exists(work)


def refusal(settings: EngineSettings) -> CurateError:
    async def act() -> CurateError:
        engine = LocalEngine(settings)
        try:
            with pytest.raises(CurateError) as caught:
                await engine.start()
            assert engine._host is None
            return caught.value
        finally:
            await engine.close()

    return asyncio.run(act())


@pytest.mark.parametrize(
    ("args", "kind", "said"),
    [
        ({"max_model_length": 512}, UsageError, "no engine argument 'max_model_length': did you mean max_model_len"),
        ({"model": "x"}, UsageError, "--model"),
        ({"max_model_len": 100_000}, EngineError, "max_model_len"),
        ({"kv_cache_memory_bytes": 1 << 50}, EngineError, "[Mm]emory"),
    ],
)
def test_wrong_engine_arguments_are_one_sentence(demo_model: str, args: dict[str, Any], kind: type[CurateError], said: str) -> None:
    refused = refusal(EngineSettings(model=demo_model, engine_args=args))
    assert isinstance(refused, kind)
    assert re.search(said, str(refused))
    assert "\n" not in str(refused)
    assert "Traceback" not in str(refused)


def test_an_architecture_that_vllm_does_not_know_is_one_sentence(demo_model: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in Path(demo_model).iterdir():
        (broken / file.name).symlink_to(file)
    config = json.loads((broken / "config.json").read_text())
    (broken / "config.json").unlink()
    (broken / "config.json").write_text(json.dumps({**config, "architectures": ["NoSuchForCausalLM"], "model_type": "no_such"}))
    refused = refusal(EngineSettings(model=str(broken)))
    assert isinstance(refused, EngineError)
    assert "no_such" in str(refused)
    assert "\n" not in str(refused)
