"""A caller's side of a host: starts it under its guard, matches answers to requests, and knows when it is gone."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

from curate.engines.hosting import blame, guard, wire

HOST = Path(__file__).with_name("host.py")
LOOK = 0.02  # seconds between two looks whether the guard has ended
PATIENCE = 20.0  # seconds that a host gets to close by itself
LOG_TAIL = 1 << 16  # bytes of the log that are looked at for what went wrong
LONGEST_SOCKET_DIR = 60  # bytes; a Unix socket's path ends at 108, and vLLM appends some forty
QUIET = {
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_LOGGING_LEVEL": "WARNING",
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # a forked worker would not be tied to its parent's life
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TQDM_DISABLE": "1",
    "PYTHONUNBUFFERED": "1",
}


class HostDied(Exception):
    """The host is gone; what it had not answered may be asked again of another."""


class HostProcess:
    """A guard, a host below it, and the pipes to them. Belongs to the event loop that started it."""

    def __init__(self, environment: Mapping[str, str], command: list[str] | None = None) -> None:
        self.command = command  # another program in place of the host, for tests
        self.environment = environment
        self.work = ""
        self.guard: subprocess.Popen[bytes] | None = None
        self.log: BinaryIO | None = None
        self.dead = False
        self.last_words = ""  # after the end: what the log says about why, as one line; its last line where no exception is in it
        self.waiting: dict[int, asyncio.Future[Any]] = {}
        self.numbers = count(1)
        self.cancelled_tokens = 0  # generated for requests that were cancelled, as far as the host could tell
        self._writer: asyncio.WriteTransport | None = None
        self._listener: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start guard and host; returns at once, before a model is loaded."""
        self.work = tempfile.mkdtemp(prefix="r1-curate-")
        self.log = open(os.path.join(self.work, "engine.log"), "w+b", buffering=0)  # noqa: SIM115  # read after the host is gone
        environment = {**QUIET, **os.environ, **self.environment}
        if len(self.work) <= LONGEST_SOCKET_DIR:
            environment.setdefault("VLLM_RPC_BASE_PATH", self.work)
        requests, to_host = os.pipe()
        from_host, answers = os.pipe()
        host = self.command or [sys.executable, "-P", str(HOST)]
        guarded = [sys.executable, "-I", "-S", guard.__file__, str(os.getpid()), self.work, f"{requests},{answers}", *host]
        try:
            self.guard = subprocess.Popen(
                guarded,
                stdin=subprocess.PIPE,  # held open as long as this process lives
                stdout=self.log,
                stderr=self.log,
                pass_fds=(requests, answers),
                env=environment,
                start_new_session=True,
            )
        finally:
            os.close(requests)
            os.close(answers)
        self._writer = await wire.open_writer(os.fdopen(to_host, "wb", buffering=0))
        reader = await wire.open_reader(os.fdopen(from_host, "rb", buffering=0))
        self._listener = asyncio.create_task(self._listen(reader))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while (message := await wire.read_frame(reader)) is not None:
                future = self.waiting.pop(message["id"], None)
                if future is None or future.done():  # cancelled: the answer says how far it had come
                    self.cancelled_tokens += _generated(message)
                    continue
                if "error" in message:
                    future.set_exception(wire.raised(message["error"]))
                else:
                    future.set_result(message["result"])
        finally:
            self.dead = True
            for future in self.waiting.values():
                if not future.done():
                    future.set_exception(HostDied())
            self.waiting.clear()

    async def call(self, op: str, args: dict[str, Any]) -> Any:
        """Send a message and wait for its answer. Cancelling it cancels the work. Raises HostDied, or the error that the host answers with."""
        if self.dead or self._writer is None:
            raise HostDied
        number = next(self.numbers)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.waiting[number] = future
        self._writer.write(wire.frame({"id": number, "op": op, "args": args}))
        try:
            return await future
        except asyncio.CancelledError:
            if self.waiting.pop(number, None) is not None and not self.dead:
                self._writer.write(wire.frame({"id": number, "op": "cancel"}))
            raise

    def _tail(self) -> str:
        if self.log is None:
            return blame.UNTOLD
        size = self.log.seek(0, os.SEEK_END)
        self.log.seek(max(0, size - LOG_TAIL))
        return blame.of_log(self.log.read().decode("utf-8", "replace"))

    async def close(self, patience: float = PATIENCE) -> None:
        """End host and guard; no process of theirs outlives this call. `patience`: seconds that the host gets to close by itself; none for one that failed or is still loading."""
        if self.guard is None:
            return
        try:
            if self._writer is not None and not self.dead and patience > 0:
                self._writer.write(wire.frame({"op": "close"}))
                await self._ended(patience)
            assert self.guard.stdin is not None
            self.guard.stdin.close()  # the guard ends what is left
            await self._ended(guard.GRACE + guard.CLEANUP + 2.0)
        finally:
            self.kill()

    def _has_ended(self) -> bool:
        """Whether the guard has ended; it is not reaped, since as long as it is a zombie no other session can have its number."""
        assert self.guard is not None
        try:
            return os.waitid(os.P_PID, self.guard.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
        except ChildProcessError:  # somebody reaped it
            return True

    async def _ended(self, patience: float) -> None:
        deadline = time.monotonic() + patience
        while not self._has_ended() and time.monotonic() < deadline:  # noqa: ASYNC110  # a process gives no event, and a thread that waits would reap it
            await asyncio.sleep(LOOK)

    def kill(self) -> None:
        """End every process of the guard's session, and the guard, without asking. Returns at once where none is left. The guard is reaped last: until then no other process can get its number."""
        if self.guard is None:
            return
        leader, self.guard = self.guard, None
        guard.end(leader.pid, grace=0.0)
        leader.kill()
        if leader.stdin is not None:
            leader.stdin.close()
        leader.wait()
        if self._listener is not None:
            self._listener.cancel()
        if self._writer is not None and not self._writer.is_closing():
            self._writer.abort()
        self.last_words = self._tail()
        if self.log is not None:
            self.log.close()
        shutil.rmtree(self.work, ignore_errors=True)


def _generated(message: dict[str, Any]) -> int:
    """The tokens that an answer tells of."""
    result = message.get("result")
    return int(result.get("completion_tokens", 0)) if isinstance(result, dict) else 0
