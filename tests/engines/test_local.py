"""A local engine's processes: started under a guard, restarted when they die, and never left behind. The model's part is played by dummy_host.py."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.engines import EngineSettings, Request, Sampling, open_engine
from curate.engines.hosting import blame, guard, wire
from curate.engines.hosting.process import HostDied, HostProcess
from curate.engines.local import LocalEngine
from curate.errors import CurateError, EngineError, PromptTooLong, RequestRefused, UsageError
from curate.records import Completion

ROOT = Path(__file__).resolve().parents[2]
DUMMY = [sys.executable, str(Path(__file__).with_name("dummy_host.py"))]
CALLER = """
import asyncio, os, sys, time
sys.path.insert(0, {root!r})
from curate.engines.hosting.process import HostProcess
async def main():
    host = HostProcess({{}}, {dummy!r})
    await host.start()
    await host.call("start", {{"engine_args": {{}}}})
    if {fork}:
        if os.fork() == 0:
            time.sleep(600)
    print(host.guard.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.fixture
def model(tmp_path: Path) -> str:
    directory = tmp_path / "model"
    directory.mkdir()
    (directory / "config.json").write_text("{}")
    (directory / "model.safetensors").write_bytes(b"x")
    return str(directory)


def request(text: str) -> Request:
    return Request("p", 0, Sampling(), 1, text=text)


def engine(model: str, **args: object) -> LocalEngine:
    return LocalEngine(EngineSettings(kind="transformers", model=model, engine_args=args), command=DUMMY)


def run(model: str, act: Callable[[LocalEngine], Awaitable[None]]) -> None:
    async def main() -> None:
        made = engine(model)
        try:
            await made.start()
            await act(made)
        finally:
            await made.close()

    asyncio.run(main())


def gone(session: int, patience: float = 15.0) -> bool:
    """Whether no process of a session is left, its leader included, within a bound."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if not guard.members(session) and not alive(session):
            return True
        time.sleep(0.05)
    return False


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except FileNotFoundError:
        return False


def host_of(session: int) -> int:
    """The process that the guard runs: its own child."""
    for pid in guard.members(session):
        with contextlib.suppress(OSError):
            if int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1]) == session:
                return pid
    raise AssertionError("no host")


@given(st.dictionaries(st.text(), st.one_of(st.none(), st.integers(), st.text(), st.lists(st.floats(allow_nan=False)))))
def test_a_message_comes_back_as_it_was_sent(message: dict[str, object]) -> None:
    async def read(data: bytes) -> list[dict[str, object] | None]:
        stream = asyncio.StreamReader()
        stream.feed_data(data)
        stream.feed_eof()
        return [await wire.read_frame(stream) for _ in range(3)]

    assert asyncio.run(read(wire.frame(message) * 2)) == [message, message, None]


@given(st.text(st.characters(), max_size=20), st.integers(0, 30))
def test_a_torn_message_is_the_end_of_the_stream(text: str, cut: int) -> None:
    async def read(data: bytes) -> dict[str, object] | None:
        stream = asyncio.StreamReader()
        stream.feed_data(data)
        stream.feed_eof()
        return await wire.read_frame(stream)

    whole = wire.frame({"text": text})
    assert asyncio.run(read(whole[: min(cut, len(whole) - 1)])) is None


@pytest.mark.parametrize("error", [EngineError("a"), RequestRefused("b"), PromptTooLong("c"), UsageError("d")])
def test_errors_keep_their_kind_over_the_wire(error: CurateError) -> None:
    back = wire.raised(wire.failure(error))
    assert (type(back), str(back)) == (type(error), str(error))


def test_a_completion_and_its_fields(model: str) -> None:
    async def act(made: LocalEngine) -> None:
        done = await made.complete(request("hello \ud800 world"))
        assert done == Completion("hello \ud800 world", "stop", completion_tokens=2, token_ids=(1, 2), served_model=model)

    run(model, act)


def test_a_dead_engine_is_restarted_and_what_was_in_flight_is_asked_again(model: str, tmp_path: Path) -> None:
    async def act(made: LocalEngine) -> None:
        async with asyncio.timeout(60):
            texts = ["one", f"die until {tmp_path / 'flag'}", "two"]
            assert [c.text for c in await asyncio.gather(*(made.complete(request(t)) for t in texts))] == texts

    run(model, act)


def test_an_engine_that_keeps_dying_is_the_end_and_says_why(model: str) -> None:
    async def act(made: LocalEngine) -> None:
        with pytest.raises(EngineError, match=r"died 4 times .* the model fell over"):
            await made.complete(request("die"))

    run(model, act)


def test_every_death_counts_again_after_a_completion(model: str, tmp_path: Path) -> None:
    async def act(made: LocalEngine) -> None:
        for n in range(6):
            await made.complete(request(f"die until {tmp_path / str(n)}"))

    run(model, act)


def test_a_cancelled_request_leaves_nothing_waiting_and_its_tokens_are_counted(model: str) -> None:
    async def act(made: LocalEngine) -> None:
        task = asyncio.create_task(made.complete(request("sleep")))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert made._host is not None
        assert not made._host.waiting
        assert (await made.complete(request("still here"))).text == "still here"
        assert made.cancelled_tokens == 5

    run(model, act)


def test_a_refused_start_is_one_sentence_and_leaves_no_process(model: str) -> None:
    async def main() -> None:
        made = engine(model, refuse=True)
        with pytest.raises(UsageError, match="no such thing"):
            await made.start()
        assert made._host is None
        await made.close()

    asyncio.run(main())


def test_a_closed_engine_says_so_and_closes_twice(model: str) -> None:
    async def main() -> None:
        made = engine(model)
        await made.start()
        assert made._host is not None
        assert made._host.guard is not None
        session, work = made._host.guard.pid, made._host.work
        await made.close()
        await made.close()
        assert not guard.members(session)
        assert not os.path.exists(work)
        with pytest.raises(EngineError, match="closed"):
            await made.complete(request("x"))

    asyncio.run(main())


@pytest.mark.skipif(sys.platform != "linux", reason="sessions are looked up in /proc")
@pytest.mark.parametrize("fork", [False, True])
def test_nothing_outlives_a_killed_caller(fork: bool) -> None:
    """Also where a forked child of the caller still holds the guard's pipe open."""
    code = CALLER.format(root=str(ROOT), dummy=DUMMY, fork=fork)
    caller = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert caller.stdout is not None
    session = int(caller.stdout.readline())
    assert len(guard.members(session)) == 2  # the host and its child
    work = Path(f"/proc/{session}/cmdline").read_bytes().split(b"\0")[5].decode()
    caller.kill()
    caller.wait()
    try:
        assert gone(session)
        assert not os.path.exists(work)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(caller.pid, signal.SIGKILL)
        caller.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="sessions are looked up in /proc")
@pytest.mark.parametrize("victim", ["host", "guard"])
def test_nothing_outlives_a_killed_host_or_guard(victim: str) -> None:
    async def main() -> None:
        host = HostProcess({}, DUMMY)
        await host.start()
        await host.call("start", {"engine_args": {}})
        assert host.guard is not None
        session = host.guard.pid
        os.kill(session if victim == "guard" else host_of(session), signal.SIGKILL)
        if victim == "host":
            with pytest.raises(HostDied):
                await host.call("complete", {"text": "sleep"})
            assert await asyncio.to_thread(gone, session, 15.0) or not guard.members(session)
        await host.close(patience=0)
        assert gone(session)

    asyncio.run(main())


@pytest.mark.skipif(sys.platform != "linux", reason="sessions are looked up in /proc")
def test_a_guard_that_is_told_to_end_ends_everything_first() -> None:
    """`pkill -f curate` reaches the guard too, and more than once: a child that ignores SIGTERM must not be left alone."""

    async def main() -> None:
        host = HostProcess({}, DUMMY)
        await host.start()
        await host.call("start", {"engine_args": {}})
        assert host.guard is not None
        session = host.guard.pid
        for _ in range(3):
            os.kill(session, signal.SIGTERM)
            await asyncio.sleep(0.2)
        assert await asyncio.to_thread(gone, session, 15.0)
        await host.close(patience=0)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("", "nothing was logged"),
        ("loading\nalmost there\n", "almost there"),
        ("ValueError: first\nnoise\nOSError: [Errno 28] No space left\nmore noise", "[Errno 28] No space left"),
        (
            "(EngineCore pid=7) ERROR 11-22 18:07:21 [core.py:1] torch.OutOfMemoryError: too big\n"
            "RuntimeError: Engine core initialization failed. See root cause above.",
            "torch.OutOfMemoryError: too big",
        ),
    ],
)
def test_the_last_words_of_a_log(log: str, words: str) -> None:
    host = HostProcess({}, [sys.executable, "-c", f"import sys; sys.stderr.write({log!r})"])

    async def main() -> None:
        await host.start()
        with pytest.raises(HostDied):
            await host.call("start", {})
        await host.close(patience=0)

    asyncio.run(main())
    assert host.last_words == words


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UsageError("as it is. And on"), "as it is. And on"),
        (ValueError("First sentence. Second one."), "First sentence"),
        (KeyError("x"), "KeyError: 'x'"),
        (MemoryError(), "MemoryError"),
        (
            RuntimeError("Worker failed with error 'Too little memory (1.5/2 GiB). Free some.', please check the stack trace"),
            "Too little memory (1.5/2 GiB)",
        ),
        (
            ValueError("2 validation errors for ModelConfig\ndtype\n  Input should be 'a' [type=x, input_value='b']\nmore"),
            "dtype: Input should be 'a'",
        ),
        (
            ValueError("1 validation error for ModelConfig\n  Value error, Bad length (1). Use 2. [type=x, input_value=ArgsKwargs([])]"),
            "Bad length (1)",
        ),
        (ValueError("\n\n"), "ValueError"),
    ],
)
def test_a_librarys_paragraph_becomes_a_sentence(error: Exception, said: str) -> None:
    assert str(blame.of_exception(error)) == said


@pytest.mark.parametrize("kind", ["vllm", "transformers"])
@pytest.mark.parametrize(
    ("path", "said"),
    [("nowhere/at/all", "there is no model directory"), (".", "no config.json")],
)
def test_a_model_that_is_not_there_is_one_sentence(kind: str, path: str, said: str, tmp_path: Path) -> None:
    made = open_engine(EngineSettings(kind=kind, model=str(tmp_path / path)))
    with pytest.raises(UsageError, match=said) as caught:
        made.identity()
    assert "\n" not in str(caught.value)


def test_importing_the_engine_imports_no_model_library() -> None:
    code = "import sys, curate.engines.local; print([m for m in ('torch', 'vllm', 'transformers', 'huggingface_hub') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
