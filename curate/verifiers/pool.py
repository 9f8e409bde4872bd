"""Runs verifiers in processes that can be killed, and answers each case with a verdict, whatever the case does to its process.

Departures from a process pool of the standard library: a case's clock starts when its work starts, not when it is queued; its limits are CPU time, memory, and wall-clock time only while it sleeps;
a process that dies costs the case it was working on and no other; such a case is tried again alone, with ten times the limits, before the verdict says `verifier_timeout` or `verifier_crash`;
JSON goes over pipes of its own and nothing is unpickled. Everything runs in the event loop of the caller: no threads, and no child watcher.

What it does not cover: a verifier that leaves its process group, or one that fills the disk. Verifiers are the user's own code; what a model wrote goes to the sandbox.
"""

import asyncio
import logging
import os
import signal
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from curate.errors import CurateError, UsageError
from curate.records import Answer, Prompt, Status, Verdict
from curate.verifiers import wire
from curate.verifiers.process import Limits, WorkerProcess
from curate.verifiers.waiting import Batch, Case

__all__ = ["Limits", "Statistics", "VerifierPool"]

logger = logging.getLogger(__name__)

RETRY_FACTOR = 10  # limits of the second attempt
KILLS_BY_OTHERS = (
    3  # lone attempts that may end in a kill from outside, the kernel's out-of-memory killer for one, before the case is blamed
)
FAILED_STARTS = 5  # processes in a row that died before they were ready
DEEPEST = 256  # cases sent ahead to one process
BATCH_BYTES = 1 << 18
LONGEST_REPLY = 1 << 20  # bytes; a worker cuts what is longer
AHEAD = 0.1  # seconds of work sent ahead to one process
SLOW = 0.05  # seconds a case, above which they are sent one at a time
GATHER = 0.002  # seconds that the results of quick cases gather in a pipe
TICK = 0.1  # seconds between looks at the clock while there is work
PATIENCE = 0.1  # seconds that a case waits before another process is started


@dataclass(slots=True)
class Statistics:
    """Counts since the pool was opened."""

    verdicts: int = 0
    retried: int = 0  # cases that were tried a second time, alone
    timeouts: int = 0
    crashes: int = 0
    started: int = 0  # processes


class VerifierPool:
    """Verdicts from worker processes, for any number of concurrent callers in one event loop.

    `workers`: processes at most (default: one for each CPU this process may use); one is started with the first case, others when cases wait. A second attempt gets a process of its own.
    Use it as an async context manager; leaving it ends every process.
    """

    def __init__(self, workers: int | None = None, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.size = workers or len(os.sched_getaffinity(0))
        self.statistics = Statistics()
        self._waiting: deque[Case] = deque()
        self._retries: deque[Case] = deque()
        self._workers: list[_Slot] = []
        self._lone: list[_Slot] = []
        self._dying: list[WorkerProcess] = []
        self._numbers = 0
        self._failed_starts = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> "VerifierPool":
        self._loop = asyncio.get_running_loop()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """End every process; whoever still waits gets a CurateError. May be called more than once."""
        self._loop = None
        if self._timer is not None:
            self._timer.cancel()
        for case in [*self._waiting, *self._retries]:
            case.fail(CurateError("the verifier pool was closed before the verdict"))
        self._waiting.clear()
        self._retries.clear()
        for slot in [*self._workers, *self._lone]:
            for case in slot.cases:
                case.fail(CurateError("the verifier pool was closed before the verdict"))
            self._end(slot)
        while self._dying:
            self._dying = [p for p in self._dying if not p.gone()]
            await asyncio.sleep(0.002 if self._dying else 0)

    async def verify(self, name: str, answer: Answer, prompt: Prompt) -> Verdict:
        """The verdict of the verifier `name`. Raises UsageError where there is no such verifier, CurateError where no process can be started or the pool is closed."""
        return (await self.verify_all([(name, answer, prompt)]))[0]

    async def verify_all(self, cases: Sequence[tuple[str, Answer, Prompt]]) -> list[Verdict]:
        """The verdicts of many cases, in their order: less work for each than as many calls of `verify`. Raises what that raises, for the first case that does."""
        loop = self._loop
        if loop is None:
            raise CurateError("the verifier pool is not open")
        if not cases:
            return []
        batch = Batch(len(cases), loop.create_future())
        now = time.monotonic()
        idle = not self._waiting
        for at, (name, answer, prompt) in enumerate(cases):
            self._numbers += 1
            self._waiting.append(Case(self._numbers, name, answer, prompt, batch, at, now))
        if idle:  # else no process had room for those before, and the next that has asks for more
            self._pump()
        return await batch.future

    # -- giving work out

    def _pump(self) -> None:
        """Send waiting cases to processes that have room, and start the first process."""
        if self._loop is None:
            return
        while self._retries and len(self._lone) < self.size:
            case = self._retries.popleft()
            if not case.unwanted:
                slot = self._start(self._lone, self.limits.times(RETRY_FACTOR, self.size))
                if slot is None:
                    self._retries.appendleft(case)
                    break
                slot.send([case])
        if self._waiting and not self._workers and self._start(self._workers, self.limits) is None:
            return
        for slot in sorted(self._workers, key=_load) if len(self._workers) > 1 else self._workers:
            room = slot.depth - len(slot.cases)
            if not self._waiting:
                break
            if room * 2 < slot.depth:  # wait until half has come back: few large writes
                continue
            batch: list[Case] = []
            size = 0
            while self._waiting and len(batch) < room and size < BATCH_BYTES:
                case = self._waiting.popleft()
                if not case.unwanted:
                    batch.append(case)
                    size += len(case.answer.text)
            if batch:
                slot.send(batch)
        if self._timer is None and (self._waiting or self._workers or self._lone):
            self._timer = self._loop.call_later(TICK, self._tick)

    def _start(self, among: "list[_Slot]", limits: Limits) -> "_Slot | None":
        """A new process, listed; None where none can be started, in which case everybody who waits was told."""
        assert self._loop is not None
        try:
            process = WorkerProcess(limits)
        except OSError as error:
            if not self._workers and not self._lone:
                self._give_up(f"cannot start a verifier process: {error.strerror or error}")
            return None
        self.statistics.started += 1
        slot = _Slot(self, process, self._loop, lone=among is self._lone)
        among.append(slot)
        return slot

    def _give_up(self, sentence: str) -> None:
        for case in [*self._waiting, *self._retries]:
            case.fail(CurateError(sentence))
        self._waiting.clear()
        self._retries.clear()

    def _tick(self) -> None:
        """Look at the clock: processes that died silently, cases that sleep too long, cases that wait too long."""
        self._timer = None
        now = time.monotonic()
        self._dying = [p for p in self._dying if not p.gone()]
        for slot in [*self._workers, *self._lone]:
            if slot.process.exited():
                self._lost(slot)
            elif slot.cases and now - slot.since > slot.process.limits.wall_seconds:
                if slot.overdue and not slot.process.runnable():
                    self._lost(slot, "verifier_timeout", f"no verdict in {slot.process.limits.wall_seconds:g} s, and not working")
                slot.overdue = True  # looked at twice, so that a result which lies in the pipe is read first
            elif len(slot.cases) > 1 and now - slot.since > PATIENCE:
                self._waiting.extendleft(reversed(slot.recall()))
        busy = bool(self._workers) and all(s.ready and s.cases for s in self._workers)
        if self._waiting and busy and len(self._workers) < self.size and now - self._waiting[0].since > PATIENCE:
            self._start(self._workers, self.limits)
        self._pump()

    # -- taking results in

    def _result(self, slot: "_Slot", reply: Any) -> None:
        """One line from a process. Anything that does not answer its first case ends it."""
        if reply == ["ready"] and not slot.ready:
            slot.ready, slot.since = True, time.monotonic()
            self._failed_starts = 0
            return
        if reply == ["dropped"]:
            slot.recalled.popleft()
            return
        number, kind, value = reply
        if slot.recalled and any(number in numbers for numbers in slot.recalled):  # begun before the worker read that it need not
            return
        if not slot.cases or number != slot.cases[0].number:
            raise ValueError("an answer to no question")
        if kind == "working":  # it waits for another process: the wall clock starts again, and the case stays a slow one
            slot.since, slot.overdue = time.monotonic() - 2 * SLOW, False
            return
        case = slot.cases[0]
        verdict = Verdict(*value) if kind == "verdict" else None
        slot.cases.popleft()
        slot.since, slot.overdue = time.monotonic(), False
        if verdict is not None:
            self._settle(case, verdict)
        elif kind == "usage":
            case.fail(UsageError(value))
        else:
            self._failed(case, slot, "verifier_crash", value)
            if value.startswith("MemoryError"):
                self._end(slot)
                return
        if slot.lone:
            self._end(slot)

    def _lost(self, slot: "_Slot", status: Status | None = None, reason: str = "") -> None:
        """A process died, or has to for the reason given: its first case is to blame, the others go back to the head of the queue."""
        if status is None:
            slot.read_rest()
        if slot.ended:  # what it had still written was nonsense
            return
        cases = list(slot.cases)
        slot.cases.clear()
        self._end(slot)
        if not slot.ready:
            self._failed_starts += 1
            (self._retries if slot.lone else self._waiting).extendleft(reversed(cases))
            if self._failed_starts >= FAILED_STARTS:
                self._failed_starts = 0
                self._give_up(
                    f"verifier processes die at their start ({slot.process.ending()}): try python -c 'import curate.verifiers.worker'"
                )
        elif cases:
            self._waiting.extendleft(reversed(cases[1:]))
            case, limits = cases[0], slot.process.limits
            if status is None and slot.process.ended_by(signal.SIGPROF):
                status, reason = "verifier_timeout", f"no verdict in {limits.cpu_seconds:g} s of CPU time"
            elif status is None:
                case.kills += slot.lone and slot.process.ended_by(signal.SIGKILL, signal.SIGTERM)
                status, reason = "verifier_crash", f"the verifier's process ended: {slot.process.ending()}"
            if status == "verifier_crash" and 0 < case.kills < KILLS_BY_OTHERS:
                self._retries.append(case)
            else:
                self._failed(case, slot, status, reason)
        if self._loop is not None:
            self._loop.call_soon(self._pump)

    def _failed(self, case: Case, slot: "_Slot", status: Status, reason: str) -> None:
        """A case did not end in a verdict: the first time it is tried again alone, then the verdict says so."""
        if case.unwanted:
            return
        if not slot.lone:
            self.statistics.retried += 1
            self._retries.append(case)
            return
        if status == "verifier_timeout":
            self.statistics.timeouts += 1
        else:
            self.statistics.crashes += 1
        logger.warning("verifier %s: %s", case.name, reason)
        self._settle(case, Verdict(status, reason=reason, verifier=case.name))

    def _settle(self, case: Case, verdict: Verdict) -> None:
        self.statistics.verdicts += 1
        case.settle(verdict)

    def _end(self, slot: "_Slot") -> None:
        """Kill a process and forget it; cases that it still held wait again."""
        among = self._lone if slot.lone else self._workers
        if slot in among:
            among.remove(slot)
        self._waiting.extendleft(reversed(slot.cases))
        slot.cases.clear()
        slot.end()
        if not slot.process.gone():
            self._dying.append(slot.process)


class _Slot:
    """A process in use: the cases it holds, oldest first, and what is on its way to it."""

    def __init__(self, pool: VerifierPool, process: WorkerProcess, loop: asyncio.AbstractEventLoop, *, lone: bool) -> None:
        self.pool, self.process, self.loop, self.lone = pool, process, loop, lone
        self.cases: deque[Case] = deque()
        self.since = time.monotonic()  # when it began its first case
        self.depth = 1
        self.recalled: deque[frozenset[int]] = (
            deque()
        )  # cases that were taken back and may be answered all the same, until the worker says that it dropped them
        self.ready = self.overdue = self.ended = False
        self.unsent = memoryview(b"")
        self.unread = b""
        self._listen()

    def send(self, cases: list[Case]) -> None:
        if not self.cases:
            self.since = time.monotonic()
        self.cases.extend(cases)
        self._put(*[c.line() for c in cases])

    def _put(self, *lines: bytes) -> None:
        writing = bool(self.unsent)
        self.unsent = memoryview(b"".join([self.unsent, *lines]))
        if not writing:
            self._write()

    def recall(self) -> list[Case]:
        """Take back all cases but the first, which takes long: another process may have time for them."""
        first, *others = self.cases
        self.cases = deque([first])
        self.recalled.append(frozenset(c.number for c in others))
        self.depth = 1
        self._put(b"drop %d\n" % first.number)
        return others

    def _write(self) -> None:
        try:
            sent = os.write(self.process.sink, self.unsent)
        except BlockingIOError:
            sent = 0
        except BrokenPipeError:  # it is dead, which its other pipe will say
            sent = len(self.unsent)
        self.unsent = self.unsent[sent:]
        if self.unsent:
            self.loop.add_writer(self.process.sink, self._write)
        else:
            self.loop.remove_writer(self.process.sink)

    def _readable(self) -> None:
        before, since = len(self.cases), self.since
        try:
            chunk = os.read(self.process.source, 1 << 18)
        except BlockingIOError:
            return
        if not chunk:
            self.pool._lost(self)
            return
        self._take(chunk)
        if done := before - len(self.cases):
            each = max((time.monotonic() - since) / done, 1e-6)
            self.depth = 1 if each > SLOW else max(1, min(DEEPEST, self.depth * 2, int(AHEAD / each)))
            if len(self.cases) * each > 2 * GATHER > 20 * each:  # it has work; each waking of this process takes a core from one of those
                self.loop.remove_reader(self.process.source)
                self.loop.call_later(GATHER, self._listen)
        self.pool._pump()

    def _listen(self) -> None:
        if not self.ended:
            self.loop.add_reader(self.process.source, self._readable)

    def _take(self, chunk: bytes) -> None:
        *lines, self.unread = (self.unread + chunk).split(b"\n")
        if len(self.unread) > LONGEST_REPLY:
            lines = [b"nonsense"]
        for line in lines:
            if self.ended:
                return
            try:
                self.pool._result(self, wire.load(line))
            except (ValueError, TypeError, RecursionError):  # the verifier wrote to a descriptor that is not its own
                self.pool._lost(self, "verifier_crash", "the verifier's process answered with nonsense")

    def read_rest(self) -> None:
        """What a dead process had still written."""
        while not self.ended:
            try:
                chunk = os.read(self.process.source, 1 << 18)
            except BlockingIOError:
                return
            if not chunk:
                return
            self._take(chunk)

    def end(self) -> None:
        if not self.ended:
            self.ended = True
            self.loop.remove_reader(self.process.source)
            self.loop.remove_writer(self.process.sink)
            self.process.kill()


def _load(slot: _Slot) -> int:
    return len(slot.cases)
