"""A function in place of a model."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from curate.engines import EngineSettings, Request, Sampling, open_engine
from curate.engines.scripted import ScriptedEngine
from curate.errors import EngineError, RequestRefused, UsageError
from curate.records import Completion, Message

SAMPLING = Sampling()


def request(text: str = "two plus two", index: int = 3, seed: int | None = 7, **other: Any) -> Request:
    return Request("p1", index, SAMPLING, seed, messages=(Message("user", text),), **other)


def complete(function: Any, asked: Request | None = None) -> Completion:
    return asyncio.run(ScriptedEngine(function).complete(asked or request()))


def test_the_function_gets_messages_index_and_seed() -> None:
    got: list[Any] = []

    def script(*arguments: Any) -> str:
        got.append(arguments)
        return "four it is"

    completion = complete(script)
    assert got == [([{"role": "user", "content": "two plus two"}], 3, 7)]
    assert (completion.text, completion.finish_reason) == ("four it is", "stop")
    assert (completion.prompt_tokens, completion.completion_tokens) == (3, 3)


async def later(messages: Any, index: int, seed: Any) -> tuple[str, str]:
    await asyncio.sleep(0)
    return "cut", "length"


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda *_: ("a b", "length"), ("a b", "length", 2, None)),
        (lambda *_: ("a b", "stop", 0.0), ("a b", "stop", 2, None)),
        (lambda *_: {"text": "a", "completion_tokens": 99}, ("a", "stop", 99, None)),
        (lambda *_: {"text": "a", "reasoning": "b c", "finish_reason": "content_filter"}, ("a", "content_filter", 3, "b c")),
        (lambda *_: Completion("ready", "length", completion_tokens=5), ("ready", "length", 5, None)),
        (later, ("cut", "length", 1, None)),
    ],
)
def test_what_a_function_may_return(function: Any, expected: tuple[Any, ...]) -> None:
    c = complete(function)
    assert (c.text, c.finish_reason, c.completion_tokens, c.reasoning) == expected


@pytest.mark.parametrize("answer", [None, 3, ("a",), {"txt": "a"}, {"text": None}, {"text": "a", "speed": 1}, b"bytes"])
def test_what_is_no_answer_is_an_error(answer: Any) -> None:
    with pytest.raises(EngineError, match="scripted model"):
        complete(lambda *_: answer)


def test_a_function_that_raises_ends_the_run_in_one_sentence() -> None:
    def broken(*_: Any) -> str:
        raise KeyError("gold")

    with pytest.raises(EngineError, match=r"broken failed \(prompt p1, sample 3\): KeyError: 'gold'"):
        complete(broken)


def test_errors_of_the_library_go_through() -> None:
    def refuses(*_: Any) -> str:
        raise RequestRefused("not this one")

    with pytest.raises(RequestRefused, match="not this one"):
        complete(refuses)


def test_latency_is_waited_for_and_can_be_cancelled() -> None:
    async def scenario() -> None:
        task = asyncio.ensure_future(ScriptedEngine(lambda *_: ("a", "stop", 3600)).complete(request()))
        await asyncio.sleep(0)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())


def test_a_text_prompt_is_one_user_message_and_a_beginning_is_an_assistant_message() -> None:
    got: list[Any] = []
    asked = Request("p", 0, SAMPLING, None, text="Once", prefill="<think>", continuation=" so")
    complete(lambda messages, *_: got.append(messages) or "x", asked)
    assert got == [[{"role": "user", "content": "Once"}, {"role": "assistant", "content": "<think> so"}]]


def test_of_requests_gets_the_whole_request() -> None:
    stored = {("p1", 3): Completion("replayed", "stop")}
    engine = ScriptedEngine.of_requests(lambda r: stored.get((r.prompt_id, r.sample_index)), kind="vllm", model="m", model_revision="r")
    assert engine.kind == "vllm"
    assert engine.identity() == {"model": "m", "model_revision": "r"}
    assert asyncio.run(engine.complete(request())) is stored["p1", 3]
    with pytest.raises(EngineError, match="NoneType"):
        asyncio.run(engine.complete(request(index=4)))


def test_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "toy.py"
    file.write_text("def answer(messages, sample_index, seed):\n    return messages[-1]['content'].upper()\n")
    settings = EngineSettings(kind="scripted", model=f"{file}:answer", max_concurrent=2000)
    engine = open_engine(settings)
    assert asyncio.run(engine.complete(request("hi"))).text == "HI"
    assert engine.max_concurrent == 2000
    identity = engine.identity()
    assert identity["model"] == "toy.py:answer"
    assert len(identity["model_revision"] or "") == 32
    file.write_text(file.read_text() + "\n")
    assert open_engine(settings).identity()["model_revision"] != identity["model_revision"]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("toy.py", "file.py:function"),
        ("{dir}/none.py:f", "no such file"),
        ("{dir}/empty.py:f", "no function 'f'"),
        ("{dir}/broken.py:f", "SyntaxError"),
        ("no_such_package_xyz:f", "cannot be loaded"),
    ],
)
def test_models_that_cannot_be_loaded(tmp_path: Path, model: str, said: str) -> None:
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "broken.py").write_text("def f(:\n")
    with pytest.raises(UsageError, match=said):
        ScriptedEngine.from_settings(EngineSettings(kind="scripted", model=model.format(dir=tmp_path)))


def test_preview_shows_the_arguments() -> None:
    shown = json.loads(asyncio.run(ScriptedEngine(lambda *_: "x").preview(request("é"))))
    assert shown == {"messages": [{"role": "user", "content": "é"}], "sample_index": 3, "seed": 7}
