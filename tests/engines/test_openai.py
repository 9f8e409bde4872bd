"""The openai engine against a real server on loopback that fails as told."""

import asyncio
import itertools
import json
import logging
import random
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest

from curate.engines import EngineSettings, Request, Sampling
from curate.engines.clients import is_loopback
from curate.engines.openai import OpenAIEngine
from curate.engines.probe import probe
from curate.engines.retry import Policy, SystemClock
from curate.engines.wire import Quirks, adapted, read_error, request_body
from curate.errors import EngineError, PromptTooLong, RequestRefused, UsageError
from curate.records import Completion, Message
from curate.thinking import parts_of
from tests.engines.faulty_server import FaultyServer, answer, drop, drop_midway, hang, raw, says, status, stream

KEY = "canary-7f3a9c1e55d2b8"
QUICK = Policy(base=0.001, cap=0.01, settle=0.01)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing listens there: loopback must not go through a proxy
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)


class RecordingClock(SystemClock):
    """Real time, with the waits noted and not waited."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.skipped = 0.0

    def now(self) -> float:
        return super().now() + self.skipped

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.skipped += seconds
        await asyncio.sleep(0)


def request(text: str = "hi", index: int = 0, sampling: Sampling | None = None, **other: Any) -> Request:
    return Request("p1", index, sampling or Sampling(), 7, messages=(Message("user", text),), **other)


def engine_for(*servers: FaultyServer, policy: Policy = QUICK, clock: Any = None, **settings: Any) -> OpenAIEngine:
    urls = tuple(s.url for s in servers)
    return OpenAIEngine(EngineSettings(kind="openai", model="m", base_urls=urls, **settings), policy=policy, clock=clock)


def ask(*faults: Any, asked: Request | None = None, policy: Policy = QUICK, **settings: Any) -> tuple[Any, FaultyServer, OpenAIEngine]:
    """The completion (or the error) of one request to a server with these faults."""

    async def scenario() -> tuple[Any, FaultyServer, OpenAIEngine]:
        async with FaultyServer(*faults) as server:
            engine = engine_for(server, policy=policy, clock=RecordingClock(), **settings)
            try:
                return await engine.complete(asked or request()), server, engine
            except EngineError as error:
                return error, server, engine
            finally:
                await engine.close()

    return asyncio.run(scenario())


def test_an_answer_with_everything_in_it() -> None:
    message = answer(
        "four",
        reasoning="two and two",
        usage={
            "prompt_tokens": 11,
            "completion_tokens": 7,
            "prompt_tokens_details": {"cached_tokens": 5},
            "completion_tokens_details": {"reasoning_tokens": 3},
        },
    )
    completion, server, engine = ask(
        says(message),
        asked=request(sampling=Sampling(top_k=5, min_p=0.1, stop=("END",))),
        extra_body={"guided": 1},
        chat_template_kwargs={"enable_thinking": True},
    )
    assert completion == Completion("four", "stop", 11, 7, 5, "two and two", 3, served_model="served")
    assert server.bodies == [
        {
            "model": "m",
            "messages": [{"role": "user", "content": "hi"}],
            "chat_template_kwargs": {"enable_thinking": True},
            "max_tokens": 16384,
            "temperature": 0.6,
            "top_p": 0.95,
            "top_k": 5,
            "min_p": 0.1,
            "stop": ["END"],
            "seed": 7,
            "guided": 1,
        }
    ]
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert engine.ignored == {}


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
@pytest.mark.parametrize("streamed", [False, True])
def test_the_chain_in_a_field_of_its_own(field: str, streamed: bool) -> None:
    fault = (
        stream({"role": "assistant"}, {field: "thi"}, {field: "nk"}, {"content": "an"}, {"content": "swer"})
        if streamed
        else says(answer("answer", **{field: "think"}))
    )
    completion, _, _ = ask(fault, stream=streamed)
    assert (completion.reasoning, completion.text, completion.completion_tokens) == ("think", "answer", 7)
    assert completion.cached_tokens == 5


def test_inline_tags_are_left_in_the_text() -> None:
    completion, _, _ = ask(says(answer("<think>a</think>b")))
    assert completion.text == "<think>a</think>b"
    assert parts_of(completion, ("<think>", "</think>")).reasoning == "a"


def test_a_hidden_chain_is_seen_in_the_counts() -> None:
    completion, _, _ = ask(says(answer("4")))
    assert parts_of(completion, ("<think>", "</think>")).chain == "hidden"


def test_text_prompts_go_to_the_completions_endpoint() -> None:
    asked = Request("p", 0, Sampling(max_tokens=5, logprobs=True), None, text="Q: 1+1\nA: <think>", prefill="\n", continuation="so")
    reply = answer("two") | {"choices": [{"text": "two", "finish_reason": "length", "logprobs": {"token_logprobs": [-0.5, -0.25]}}]}
    completion, server, _ = ask(says(reply), asked=asked)
    assert server.bodies[0] == {
        "model": "m",
        "prompt": "Q: 1+1\nA: <think>\nso",
        "max_tokens": 5,
        "temperature": 0.6,
        "top_p": 0.95,
        "logprobs": 1,
    }
    assert (completion.text, completion.finish_reason, completion.logprobs, completion.opened) == ("two", "length", (-0.5, -0.25), True)


def test_a_beginning_is_a_last_assistant_message() -> None:
    _, server, _ = ask(asked=request(prefill="<think>", continuation="so"))
    assert server.bodies[0]["messages"][-1] == {"role": "assistant", "content": "<think>so"}
    assert server.bodies[0]["continue_final_message"] is True
    assert server.bodies[0]["add_generation_prompt"] is False


def test_chat_logprobs() -> None:
    reply = answer()
    reply["choices"][0]["logprobs"] = {"content": [{"token": "a", "logprob": -1.5}, {"token": "b", "logprob": -0.5}]}
    completion, server, _ = ask(says(reply), asked=request(sampling=Sampling(logprobs=True)))
    assert server.bodies[0]["logprobs"] is True
    assert completion.logprobs == (-1.5, -0.5)


@pytest.mark.parametrize(
    "fault",
    [
        status(500, "boom"),
        status(502, None),
        status(503, "busy"),
        status(503, "busy", Retry_After="3"),
        status(408, "late"),
        drop,
        drop_midway,
        raw("{not json"),
        raw(""),
        raw("<html>gateway</html>", "text/html"),
        raw("[]"),
        raw("null"),
        raw('"text"'),
        says({"choices": []}),
        says({}),
        says({"choices": [None]}),
        says(answer(finish_reason=None)),
        says(answer(finish_reason="abort")),
        says({"error": {"message": "upstream died", "code": 502}}),
        says({"error": "upstream died"}),
        says(answer([{"type": "text"}])),  # type: ignore[arg-type]
    ],
)
def test_what_a_server_gets_wrong_is_asked_again(fault: Any) -> None:
    completion, server, _ = ask(fault, fault, fault)
    assert completion.text == "hello"
    assert len(server.bodies) == 4
    assert server.bodies[0] == server.bodies[3]  # the same request, the same seed


@pytest.mark.parametrize(
    "fault",
    [
        stream({"content": "half"}, finish_reason=None),
        stream({"content": "half"}, finish_reason=None, done=False),
        stream(finish_reason=None),
        raw("data: {broken\n\n", "text/event-stream"),
        raw('data: {"error": {"message": "overloaded", "code": 503}}\n\n', "text/event-stream"),
        raw('data: {"error": {"message": "upstream"}}\n\n', "text/event-stream"),
        raw('data: [1]\n\ndata: {"choices": [7]}\n\ndata: [DONE]\n\n', "text/event-stream"),
        status(500, "boom"),
        drop,
    ],
)
def test_a_stream_that_breaks_off_is_asked_again(fault: Any) -> None:
    completion, server, _ = ask(fault, stream=True)
    assert (completion.text, completion.finish_reason, completion.completion_tokens) == ("hello", "stop", 7)
    assert len(server.bodies) == 2
    assert server.bodies[0]["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("content_filter", "content_filter"),
        ("tool_calls", "error"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_reason_to_finish_is_data_and_never_retried(reason: str, expected: str, streamed: bool) -> None:
    fault = stream({"content": "some"}, finish_reason=reason) if streamed else says(answer("some", reason))
    completion, server, _ = ask(fault, stream=streamed)
    assert (completion.text, completion.finish_reason) == ("some", expected)
    assert (completion.error is not None) == (expected == "error")
    assert len(server.bodies) == 1


def test_an_answer_without_text_is_an_answer() -> None:
    assert ask(says(answer(None, "length")))[0].text == ""
    refusal, _, _ = ask(says(answer(None, refusal="I won't")))
    assert (refusal.text, refusal.finish_reason) == ("I won't", "content_filter")


@pytest.mark.parametrize("streamed", [False, True])
def test_missing_usage_is_recorded(streamed: bool) -> None:
    fault = stream({"content": "x"}, usage=False) if streamed else says(answer("x", usage=None))
    completion, _, engine = ask(fault, stream=streamed)
    assert (completion.prompt_tokens, completion.completion_tokens) == (0, 0)
    assert "usage" in engine.ignored


def test_the_attempts_are_bounded() -> None:
    error, server, _ = ask(*[status(500, "boom")] * 20)
    assert type(error) is EngineError
    assert len(server.bodies) == 8
    assert "boom" in str(error)
    assert "the same command goes on" in str(error)


def test_a_slow_answer_is_asked_again_once() -> None:
    completion, server, _ = ask(hang(), timeout=0.2)
    assert (completion.text, len(server.bodies)) == ("hello", 2)
    error, server, _ = ask(hang(), hang(), hang(), timeout=0.2)
    assert type(error) is EngineError
    assert "no answer within 0.2 s" in str(error)
    assert len(server.bodies) == 2


def test_a_stream_that_goes_silent_is_asked_again_long_before_the_time_limit() -> None:
    policy = Policy(base=0.001, cap=0.01, settle=0.01, idle=0.2)
    completion, server, _ = ask(*[stream({"content": "a"}, 3600.0)] * 3, stream=True, policy=policy)
    assert (completion.text, len(server.bodies)) == ("hello", 4)


def test_a_slow_first_event_is_no_silence() -> None:
    policy = Policy(base=0.001, cap=0.01, settle=0.01, idle=0.3)
    completion, server, _ = ask(stream(0.6, {"content": "a"}, 0.1, {"content": "b"}, 0.1, {"content": "c"}), stream=True, policy=policy)
    assert (completion.text, len(server.bodies)) == ("abc", 1)


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        (lambda now: {}, 0.001, 0.01),
        (lambda now: {"Retry_After": "7"}, 7.0, 12.0),
        (lambda now: {"Retry_After": formatdate(now + 300, usegmt=True)}, 200.0, 306.0),
    ],
    ids=["nothing", "seconds", "date"],
)
def test_a_429_pauses_and_uses_up_no_attempt(headers: Callable[[float], dict[str, str]], least: float, most: float) -> None:
    async def scenario() -> None:
        asked = headers(SystemClock().wall())  # not at collection, which is minutes earlier
        async with FaultyServer(*[status(429, "slow down", **asked)] * 12) as server:
            clock = RecordingClock()
            engine = engine_for(server, clock=clock)
            assert (await engine.complete(request())).text == "hello"
            await engine.close()
        assert len(server.bodies) == 13
        assert len(clock.waits) >= 12
        assert least * 0.9 <= clock.waits[0] <= most * 2

    asyncio.run(scenario())


def test_one_pause_for_all_workers() -> None:
    async def scenario() -> None:
        asked_at: list[float] = []
        clock = SystemClock()
        turned_away = False

        async def limited(web_request: Any, body: Any) -> Any:
            nonlocal turned_away
            asked_at.append(clock.now())
            if len(asked_at) > 8 and not turned_away:
                turned_away = True
                return await status(429, "slow down", Retry_After="1")(web_request, body)
            return await says(answer())(web_request, body)

        async with FaultyServer(otherwise=limited) as server:
            engine = engine_for(server, max_concurrent=4)
            work = iter(range(40))

            async def worker() -> None:
                for i in work:
                    await engine.complete(request(index=i))

            await asyncio.gather(*(worker() for _ in range(4)))
            await engine.close()
        gap = max(b - a for a, b in itertools.pairwise(asked_at))
        assert gap > 0.9  # nobody asked inside the pause
        assert len(asked_at) == 41

    asyncio.run(scenario())


QUOTA = {"error": {"message": "You exceeded your current quota", "type": "insufficient_quota", "code": "insufficient_quota"}}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (status(401, "bad key"), "OPENAI_API_KEY"),
        (status(402, "no money"), "pay in"),
        (status(403, "not for you"), "may not use"),
        (status(404, "The model `m` does not exist."), "--model m"),
        (status(405, "no"), "--base-url"),
        (status(429, QUOTA), "quota"),
    ],
)
def test_what_no_retry_mends_ends_the_run_at_once(fault: Any, said: str) -> None:
    error, server, _ = ask(fault)
    assert type(error) is EngineError
    assert said in str(error)
    assert "\n" not in str(error)
    assert len(server.bodies) == 1


@pytest.mark.parametrize("code", [400, 422])
def test_a_bad_request_is_not_retried(code: int) -> None:
    error, server, _ = ask(status(code, "messages: bad role"))
    assert type(error) is RequestRefused
    assert "bad role" in str(error)
    assert len(server.bodies) == 1


def test_half_a_character_is_refused_and_not_retried() -> None:
    error, server, _ = ask(asked=request("\ud800"))
    assert type(error) is RequestRefused
    assert server.bodies == []


def test_a_prompt_stopped_by_a_content_filter_is_data() -> None:
    completion, _, _ = ask(status(400, {"error": {"message": "The prompt was filtered", "code": "content_filter"}}))
    assert (completion.text, completion.finish_reason) == ("", "content_filter")
    assert "filtered" in completion.error


@pytest.mark.parametrize(
    "said",
    [
        "This model's maximum context length is 2048 tokens. However, your prompt contains at least 2049 input tokens, which exceeds this limit even without any output tokens. Please reduce the length of the input prompt.",
        "This model's maximum context length is 2048 tokens. However, your prompt contains 99999 characters (more than 40960 characters, which is the upper bound for 2048 input tokens). Please reduce the length of the input prompt.",
        "This model's maximum context length is 8,192 tokens. However, your messages resulted in 9,000 tokens. Please reduce the length of the messages.",
        "prompt is too long: 210000 tokens > 200000 maximum",
    ],
)
def test_a_prompt_that_does_not_fit(said: str) -> None:
    error, server, _ = ask(status(400, said))
    assert type(error) is PromptTooLong
    assert "p1" in str(error)
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("said", "allowed", "lasting"),
    [
        ("max_tokens=16384 cannot be greater than max_model_len=2048. Please request fewer output tokens.", 2048, True),
        ("max_tokens is too large: 16384. This model supports at most 4096 completion tokens, whereas you provided 16384.", 4096, True),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", 8192, True),
        ("max_tokens: 16384 > 8192, which is the maximum allowed number of output tokens for claude-3-5-sonnet-20241022", 8192, True),
        ("`max_tokens` must be less than or equal to `8,192`", 8192, True),
        (
            "This model's maximum context length is 8192 tokens. However, you requested 17384 tokens (1000 in the messages, 16384 in the completion).",
            7192,
            False,
        ),
        (
            "'max_tokens' is too large: 16384. This model's maximum context length is 8192 tokens and your request has 1000 input tokens (16384 > 8192 - 1000).",
            7192,
            False,
        ),
    ],
)
def test_max_tokens_above_the_servers_limit_is_lowered(said: str, allowed: int, lasting: bool) -> None:
    async def scenario() -> None:
        async with FaultyServer(status(400, said)) as server:
            engine = engine_for(server)
            for _ in range(2):
                assert (await engine.complete(request())).text == "hello"
            await engine.close()
        assert [b["max_tokens"] for b in server.bodies] == [16384, allowed, allowed if lasting else 16384]
        assert engine.ignored == {"max_tokens": " ".join(said.split())}

    asyncio.run(scenario())


REFUSALS = [
    (
        {
            "message": "Unsupported value: 'temperature' does not support 0.6 with this model. Only the default (1) value is supported.",
            "param": "temperature",
            "code": "unsupported_value",
        },
        {"temperature"},
    ),
    ({"message": "Unrecognized request argument supplied: top_k", "param": None, "code": None}, {"top_k"}),
    ({"message": "Unknown parameter: 'stream_options'.", "param": "stream_options", "code": "unknown_parameter"}, {"stream_options"}),
    (
        {"message": "[{'type': 'extra_forbidden', 'loc': ('body', 'min_p'), 'msg': 'Extra inputs are not permitted', 'input': 0.1}]"},
        {"min_p"},
    ),
    ({"message": "logprobs are not supported with this model"}, {"logprobs"}),
    ({"message": "property 'seed' is unsupported"}, {"seed"}),
    ({"message": "`temperature` and `top_p` cannot both be specified for this model. Please use only one."}, {"top_p"}),
]


@pytest.mark.parametrize(("error", "dropped"), REFUSALS)
def test_a_refused_parameter_is_left_out_remembered_and_recorded(error: dict[str, Any], dropped: set[str]) -> None:
    async def scenario() -> None:
        async with FaultyServer(status(400, {"error": error})) as server:
            engine = engine_for(server, stream=True)
            for i in range(3):
                assert (await engine.complete(request(index=i, sampling=Sampling(top_k=5, min_p=0.1, logprobs=True)))).text == "hello"
            await engine.close()
        first, *rest = server.bodies
        assert len(rest) == 3
        assert all(first.keys() - later.keys() == dropped for later in rest)
        assert engine.ignored.keys() - {"usage"} == dropped

    asyncio.run(scenario())


def test_several_parameters_refused_one_after_another_by_thousands_of_workers() -> None:
    refuse = ("temperature", "seed", "top_p")

    async def picky(web_request: Any, body: Any) -> Any:
        for name in refuse:
            if name in body:
                return await status(400, f"Unsupported parameter: '{name}'")(web_request, body)
        return await says(answer())(web_request, body)

    async def scenario() -> None:
        async with FaultyServer(otherwise=picky) as server:
            engine = engine_for(server, max_concurrent=50)
            await asyncio.gather(*(engine.complete(request(index=i)) for i in range(50)))
            await engine.close()
        assert engine.ignored.keys() == set(refuse)

    asyncio.run(scenario())


def test_max_completion_tokens_is_learnt_once() -> None:
    said = {
        "error": {
            "message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            "param": "max_tokens",
            "code": "unsupported_parameter",
        }
    }

    async def scenario() -> None:
        async with FaultyServer(status(400, said)) as server:
            engine = engine_for(server)
            for _ in range(2):
                await engine.complete(request())
            await engine.close()
        assert [("max_tokens" in b, b.get("max_completion_tokens")) for b in server.bodies] == [
            (True, None),
            (False, 16384),
            (False, 16384),
        ]
        assert engine.ignored == {}

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("said", "asked", "settings"),
    [
        ("Unsupported parameter: 'stop' is not supported with this model.", request(sampling=Sampling(stop=("x",))), {}),
        ("Unknown parameter: 'chat_template_kwargs'.", request(), {"chat_template_kwargs": {"a": 1}}),
        ("Unrecognized request argument supplied: continue_final_message", request(prefill="<think>"), {}),
        ("Unknown parameter: 'guided'", request(), {"extra_body": {"guided": 1}}),
        ("Unknown parameter: 'seed'", request(), {"extra_body": {"seed": 1}}),
    ],
)
def test_a_refused_parameter_that_changes_the_question_ends_the_run(said: str, asked: Request, settings: dict[str, Any]) -> None:
    error, server, _ = ask(status(400, said), asked=asked, **settings)
    assert type(error) is EngineError
    assert "does not take" in str(error)
    assert len(server.bodies) == 1


def test_a_bad_value_is_refused_and_not_dropped() -> None:
    error, server, _ = ask(status(400, "temperature must be non-negative, got -1.0"), asked=request(sampling=Sampling(temperature=-1)))
    assert type(error) is RequestRefused
    assert len(server.bodies) == 1


def test_failover_to_another_server() -> None:
    async def scenario() -> None:
        async with FaultyServer(otherwise=status(500, "boom")) as bad, FaultyServer() as good:
            engine = engine_for(bad, good)
            completions = [await engine.complete(request(index=i)) for i in range(60)]
            await engine.close()
        assert all(c.text == "hello" for c in completions)
        assert len(good.bodies) == 60
        assert len(bad.bodies) < 40

    asyncio.run(scenario())


def test_a_server_that_comes_back_is_used_again() -> None:
    async def scenario() -> None:
        async with FaultyServer(*[status(500, "boom")] * 6) as one, FaultyServer() as other:
            engine = engine_for(one, other)
            for i in range(100):
                await engine.complete(request(index=i))
                await asyncio.sleep(0.001)
            await engine.close()
        assert len(one.bodies) > 20
        assert len(other.bodies) > 20

    asyncio.run(scenario())


def test_starting_without_a_server() -> None:
    async def scenario(*urls: str) -> None:
        engine = OpenAIEngine(EngineSettings(kind="openai", model="m", base_urls=urls), policy=QUICK)
        try:
            await engine.start()
        finally:
            await engine.close()
            await engine.close()

    with pytest.raises(EngineError, match=r"http://127.0.0.1:9/v1 cannot be reached: .*is the server running"):
        asyncio.run(scenario("http://127.0.0.1:9/v1"))

    async def one_of_two() -> None:
        async with FaultyServer() as server:
            await scenario("http://127.0.0.1:9/v1", server.url)

    asyncio.run(one_of_two())


def test_starting_with_a_wrong_key() -> None:
    async def scenario(fault: Any) -> None:
        async with FaultyServer(models=fault) as server:
            engine = engine_for(server)
            try:
                await engine.start()
            finally:
                await engine.close()

    with pytest.raises(EngineError, match="401"):
        asyncio.run(scenario(status(401, "bad key")))
    asyncio.run(scenario(status(404, "no such path")))  # not every server lists its models


@pytest.mark.parametrize("url", ["http://user:pass@127.0.0.1/v1", "https://host/v1?api_key=abc", "host:8000", "ftp://host/", "http://"])
def test_base_urls_that_cannot_be_used(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        OpenAIEngine(EngineSettings(kind="openai", model="m", base_urls=(url,)))
    assert "pass@" not in str(caught.value)
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [("http://localhost:1/v1", True), ("http://[::1]:1/v1", True), ("http://127.1.2.3/v1", True), ("https://api.openai.com/v1", False)],
)
def test_loopback(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


@pytest.mark.parametrize("streamed", [False, True])
def test_cancelling_closes_the_connection(streamed: bool) -> None:
    async def scenario() -> None:
        async with FaultyServer(otherwise=stream({"content": "a"}, 3600.0) if streamed else hang()) as server:
            engine = engine_for(server, stream=streamed)
            tasks = [asyncio.ensure_future(engine.complete(request(index=i))) for i in range(5)]
            await server.in_flight_is(5)
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(r, asyncio.CancelledError) for r in results)
            await server.in_flight_is(0)
            assert server.cancelled == 5
            server._otherwise = None
            assert (await engine.complete(request())).text == "hello"
            await engine.close()

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_two_thousand_in_flight() -> None:
    async def scenario() -> None:
        gate = asyncio.Event()

        async def gated(web_request: Any, body: Any) -> Any:
            if server.in_flight >= 2000:
                gate.set()
            await gate.wait()
            return await says(answer())(web_request, body)

        async with FaultyServer(otherwise=gated) as server:
            engine = engine_for(server, max_concurrent=2000)
            completions = await asyncio.gather(*(engine.complete(request(index=i)) for i in range(2000)))
            await engine.close()
        assert len(completions) == 2000
        assert server.most_in_flight == 2000

    asyncio.run(scenario())


def test_the_key_is_nowhere(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("OPENAI_LOG", "debug")
    echo = f"Incorrect API key provided: {KEY}, sent as 'Authorization': 'Bearer {KEY}' or {KEY[:10]}***"

    async def scenario() -> list[str]:
        texts: list[str] = []
        echoing = answer(f"my key is {KEY}", KEY, reasoning=KEY) | {"model": KEY}
        faults = (
            [says(echoing)],
            [status(500, echo, X_Echo=KEY)] * 2,
            [status(400, echo)],
            [status(400, f"Unsupported parameter: 'seed' {echo}"), status(401, echo)],
        )
        for queue in faults:
            async with FaultyServer(*queue) as server:
                engine = engine_for(server, extra_body={"key": KEY})
                await engine.start()
                try:
                    texts.append(str(await engine.complete(request())))
                except EngineError as error:
                    texts.append("".join(traceback.format_exception(error)))
                texts += [str(engine.ignored), str(engine.identity()), await engine.preview(request())]
                await engine.close()
        return texts

    for text in [*asyncio.run(scenario()), *(r.getMessage() for r in caplog.records), caplog.text]:
        assert KEY not in text
        assert KEY[:10] not in text


def test_preview_is_the_body() -> None:
    engine = OpenAIEngine(EngineSettings(kind="openai", model="m", base_urls=("http://127.0.0.1:9/v1",)))
    shown = json.loads(asyncio.run(engine.preview(request("é"))))
    assert shown == request_body(EngineSettings(model="m"), request("é"))[1]


def test_a_schema_is_sent_as_the_form_of_the_answer() -> None:
    asked = replace(request(), schema='{"type": "object", "properties": {"a": {"type": "string"}}}')
    form = request_body(EngineSettings(model="m"), asked)[1]["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    assert form["json_schema"]["schema"]["properties"] == {"a": {"type": "string"}}
    assert "response_format" not in request_body(EngineSettings(model="m"), request())[1]


def test_no_base_url_means_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with FaultyServer() as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.url)
            monkeypatch.delenv("OPENAI_API_KEY")
            engine = OpenAIEngine(EngineSettings(kind="openai", model="m"), policy=QUICK)
            assert (await engine.complete(request())).text == "hello"
            await engine.close()
        assert KEY not in str(server.headers)

    asyncio.run(scenario())


def test_adapting_never_changes_the_body_that_was_built() -> None:
    body = request_body(EngineSettings(model="m"), request())[1]
    before = json.dumps(body)
    adapted(body, Quirks(dropped={"seed": "no"}, renamed=True, most_tokens=5), 3)
    assert json.dumps(body) == before


def test_no_error_text_makes_reading_it_fail() -> None:
    rng = random.Random(0)
    words = [
        "max_tokens",
        "2048",
        "context length is",
        "unsupported",
        "seed",
        "é",
        "[1, 5]",
        "{",
        "both",
        "temperature",
        "top_p",
        "999999999999999999999999",
    ]
    body = request_body(EngineSettings(model="m"), request())[1]
    for _ in range(500):
        text = " ".join(rng.choices(words, k=rng.randrange(12)))
        payloads: list[Any] = [
            text,
            {"error": text},
            {"error": {"message": text, "code": rng.choice([None, 400, "x", []])}},
            [text],
            None,
            3,
            {"detail": [{"loc": ["body", "seed"], "msg": text}]},
        ]
        for payload in payloads:
            failure = read_error(rng.choice([400, 422, 429, 404, 500]), payload, text, body, None)
            assert failure.action != "clamp" or failure.limit > 0


PROBES: list[tuple[Callable[[], FaultyServer], dict[str, str]]] = [
    (
        lambda: FaultyServer(says(answer("13", reasoning="17, 9 stay, 4 more"))),
        {"chain": "full", "seed": "accepted", "logprobs": "not returned", "usage": "reported", "context": "2048"},
    ),
    (lambda: FaultyServer(says(answer("13"))), {"chain": "hidden"}),
    (
        lambda: FaultyServer(status(400, "Unknown parameter: 'seed'"), says(answer("13", usage=None)), models=[{"id": "other"}]),
        {"chain": "none", "seed": "refused", "usage": "missing", "context": "unknown"},
    ),
]


@pytest.mark.parametrize(("make", "expected"), PROBES)
def test_probe(make: Callable[[], FaultyServer], expected: dict[str, str]) -> None:
    async def scenario() -> dict[str, str]:
        async with make() as server:
            return {f.name: f.value for f in await probe(EngineSettings(kind="openai", model="m", base_urls=(server.url,)))}

    found = asyncio.run(scenario())
    assert {name: found[name] for name in expected} == expected


def test_probe_of_no_server_is_one_sentence() -> None:
    work: Coroutine[Any, Any, Any] = probe(EngineSettings(kind="openai", model="m", base_urls=("http://127.0.0.1:9/v1",)))
    with pytest.raises(EngineError, match="cannot be reached"):
        asyncio.run(work)
