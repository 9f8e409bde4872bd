"""A warm server and the programs that it forks, seen from outside: descriptors, clocks, and the end.

The clock for sleeping runs only while no thread of the program is running or waiting for a CPU, so a loaded machine ends no program early; CPU time is the kernel's to bound. What a program sends is
kept up to its limit and not believed. A program that could not be started, whose server died, or that was killed from outside, is a SandboxError: that says nothing about the program.
"""

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from curate import pulse
from curate.errors import SandboxError

START_SECONDS = 60.0  # for a server to be ready, on a machine under load
KILL_SECONDS = 10.0  # for the end of a program that was killed to be reported
LONGEST_WAIT = 20.0  # wall time, in multiples of CPU and idle limit together, of a program that gets no CPU
TICK = 0.05  # seconds between looks at a program that takes longer than that
QUIET = 0.01  # seconds in which only the end of a program, or of its results, is waited for: each piece of a result would wake this process and take the CPU from the program
CHUNK = 1 << 18
MOST_ERRORS = 1 << 16  # bytes of stderr kept
MOST_RESULTS = 32 << 20  # bytes of results
SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK


class Limits(NamedTuple):
    """What one program may use. Sleeping and waiting count against `idle_seconds`; `output_bytes` are of stdout."""

    cpu_seconds: float = 10.0
    idle_seconds: float = 10.0
    memory_bytes: int = 1 << 30
    output_bytes: int = 16 << 20


class Ending(NamedTuple):
    """How a program ended: what it wrote, its wait status, what it used, and why it was stopped ("idle", "output", "results", or "" where it ended by itself)."""

    output: bytes
    errors: bytes
    status: int
    cpu_seconds: float
    memory_kib: int
    stopped: str


def sealed(data: bytes) -> int:
    """A descriptor of an anonymous file with these bytes that nobody can change."""
    fd = os.memfd_create("input", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS)
    return fd


class Server:
    """A running fork server. Starting it raises SandboxError where it does not come up; it runs one program at a time and dies with this process, or the thread that started it."""

    def __init__(self, command: Callable[[int], Sequence[str]], tasks: Callable[[], int | None], uid: int | None = None) -> None:
        self.tasks, self.uid = tasks, uid
        self.owed = 0  # reports on programs that were left
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self.process = subprocess.Popen(
                command(theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"},  # what is in the environment at the start stays readable in /proc
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except OSError as error:
            self.control.close()
            raise SandboxError(f"the sandbox cannot be started: {error}") from error
        finally:
            theirs.close()
        try:
            self._expect_ready()
        except BaseException:
            self.close()
            raise

    def _expect_ready(self) -> None:
        self.control.settimeout(START_SECONDS)
        try:
            ready = self.control.recv(64)
        except OSError:
            ready = b""
        if ready != b"ready":
            self.process.kill()
            said = self.process.stderr.read(1 << 20).decode(errors="replace") if self.process.stderr else ""
            raise SandboxError(f"the sandbox does not start: {said.strip().splitlines()[-1] if said.strip() else 'no word from it'}")
        self.control.settimeout(None)
        if self.process.stderr is not None:
            self.process.stderr.close()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def message(self, flags: int = 0) -> tuple[bytes, list[int]]:
        """What it says of the program that it was given last; b"" about one that was left. Raises SandboxError where it is gone, BlockingIOError where the flags say so."""
        try:
            message, fds, _, _ = socket.recv_fds(self.control, 4096, 2, flags)
        except BlockingIOError:
            raise
        except OSError as error:
            raise SandboxError(f"the sandbox is gone: {error}") from error
        if not message:
            raise SandboxError("the sandbox is gone")
        if not self.owed:
            return message, fds
        self.owed -= message != b"p"
        for fd in fds:
            os.close(fd)
        return b"", []

    def close(self) -> None:
        """End it and everything in it. May be called twice."""
        self.control.close()
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()
        if self.process.stderr is not None:
            self.process.stderr.close()


class Program:
    """A program that a server is running. `job` is what the runner gets, beside the limits; `ends`: descriptors that it gets behind the results, which are closed here."""

    def __init__(
        self,
        server: Server,
        job: dict[str, Any],
        limits: Limits,
        *,
        stdin: bytes | None = None,
        binary: bytes | None = None,
        ends: Sequence[int] = (),
    ) -> None:
        self.server, self.limits = server, limits
        self.output, self.errors, self.unread = bytearray(), bytearray(), bytearray()
        self.received = 0
        self.stopped, self.killed_at = "", 0.0
        self.pidfd = self.pid = -1
        self.report: list[Any] | None = None
        self.confined = self.left = False
        mine: list[int] = []
        theirs: list[int] = []
        behind = list(ends)
        try:
            with contextlib.suppress(BlockingIOError):
                while server.owed:
                    server.message(socket.MSG_DONTWAIT)
            job = job | {"cpu": limits.cpu_seconds, "memory": limits.memory_bytes, "tasks": server.tasks()}
            theirs.append(sealed(json.dumps(job).encode()))
            theirs.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC) if stdin is None else sealed(stdin))
            for wanted in (stdin is not None, stdin is not None, True):
                if wanted:
                    reading, writing = os.pipe2(os.O_CLOEXEC)
                    mine.append(reading)
                else:
                    writing = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
                    mine.append(-1)
                theirs.append(writing)
            if binary is not None:
                behind.append(sealed(binary))
            socket.send_fds(server.control, [b"j"], theirs + behind)
        except OSError as error:
            for fd in mine:
                if fd >= 0:
                    os.close(fd)
            raise SandboxError(f"a program cannot be handed to the sandbox: {error}") from error
        finally:
            for fd in theirs + behind:
                os.close(fd)
        self.sources: dict[int, str] = {fd: name for fd, name in zip(mine, ("output", "errors", "results"), strict=True) if fd >= 0}
        for fd in self.sources:
            os.set_blocking(fd, False)
        self.results = mine[2] if job["way"] in ("calls", "function") else -1  # what these close when they have said all
        self.talks = job["way"] in ("serve", "tests")  # what it says is waited for

    @property
    def ended(self) -> bool:
        return self.report is not None and not self.sources

    def descriptors(self) -> list[int]:
        """What to wait for."""
        return [*self.sources, *([] if self.report else [self.server.control.fileno()])]

    def take(self, fd: int) -> list[bytes]:
        """Read what is there; the complete lines of results among it. Raises SandboxError where the program was not confined or its server died."""
        if fd == self.server.control.fileno() and self.report is None:
            self._controlled()
            return []
        name = self.sources.get(fd)
        if name is None:
            return []
        try:
            chunk = os.read(fd, CHUNK)
        except BlockingIOError:
            return []
        if not chunk:
            os.close(fd)
            del self.sources[fd]
            return []
        if name == "output":
            if not self.stopped:
                self.output += chunk
            if len(self.output) > self.limits.output_bytes:
                self.stop("output")
        elif name == "errors":
            self.errors += chunk
            del self.errors[: max(0, len(self.errors) - MOST_ERRORS)]
        else:
            return self._results(chunk)
        return []

    def _results(self, chunk: bytes) -> list[bytes]:
        self.received += len(chunk)
        self.unread += chunk
        if self.received > MOST_RESULTS:
            self.stop("results")
            self.unread.clear()
            return []
        if not self.confined:
            if self.unread[:1] != b"+":
                return []  # why it could not be: read when it has ended
            self.confined = True
            del self.unread[:1]
        if b"\n" not in chunk:
            return []
        *lines, rest = self.unread.split(b"\n")
        self.unread = bytearray(rest)
        return [bytes(line) for line in lines]

    def _controlled(self) -> None:
        message, fds = self.server.message()
        if message == b"p" and fds:
            self.pidfd = fds[0]
            if self.stopped:
                self._kill()
        elif message:
            self.report = json.loads(message)

    def stop(self, why: str) -> None:
        """Kill the program, for the first reason given."""
        if not self.stopped:
            self.stopped, self.killed_at = why, time.monotonic()
            self._kill()

    def _kill(self) -> None:
        if self.pidfd >= 0:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def leave(self) -> None:
        """Want no more of it: the server sees to its end, and reports when nobody waits for it."""
        if self.report is None and not self.left:
            self.left = True
            self.server.owed += 1
            self._kill()
            with contextlib.suppress(OSError):  # a server that is gone is noticed when it is used again
                self.server.control.send(b"k")

    def working(self) -> bool:
        """Whether one of its threads is running, or waiting for a CPU or a disk; true of one that the server has not begun with."""
        if self.pidfd < 0:
            return self.report is None
        with contextlib.suppress(OSError, ValueError, IndexError):
            if self.pid < 0:
                with open(f"/proc/self/fdinfo/{self.pidfd}") as f:
                    self.pid = next(int(line.split()[1]) for line in f if line.startswith("Pid:"))
            if self.pid > 0:
                for task in os.listdir(f"/proc/{self.pid}/task"):
                    with open(f"/proc/{self.pid}/task/{task}/stat", "rb") as stat:
                        if stat.read().rpartition(b")")[2].split()[0] in (b"R", b"D"):
                            return True
        return False

    def let_go(self) -> None:
        """Read no more."""
        for fd in list(self.sources):
            os.close(fd)
        self.sources.clear()

    def close(self) -> None:
        """Let go of its descriptors; a program that has neither ended nor been left is killed with its server."""
        self.let_go()
        if self.pidfd >= 0:
            os.close(self.pidfd)
            self.pidfd = -1
        if self.report is None and not self.left:
            self.server.close()

    def ending(self) -> Ending:
        """How it ended, which is known of one that was not left. Raises SandboxError where that says nothing about the program."""
        assert self.report is not None
        status, cpu, memory = self.report
        if not self.confined:
            raise SandboxError(
                f"the sandbox could not confine a program: {bytes(self.unread[1:300]).decode(errors='replace') or 'it ended early'}"
            )
        if not self.stopped and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL and cpu < self.limits.cpu_seconds:
            raise SandboxError("a program was killed from outside, for want of memory perhaps")
        if self.stopped == "starved":
            raise SandboxError("a program got no CPU for too long")
        return Ending(bytes(self.output), bytes(self.errors), status, cpu, memory, self.stopped)


def watch(programs: Sequence[Program], heard: Callable[[Program, bytes], None], enough: Callable[[], bool] = lambda: False) -> None:
    """Attend to programs until all have ended, or `enough` has been heard; then the rest are left. Each line of results goes to `heard`, which may add a program.

    Closes them. Raises SandboxError.
    """
    idle = programs[0].limits.idle_seconds
    longest = LONGEST_WAIT * (idle + 2 * programs[0].limits.cpu_seconds)
    asleep, started = 0.0, time.monotonic()
    last = started
    polled: tuple[Any, ...] = ()
    try:
        while not all(p.ended for p in programs):
            quiet = len(programs) == 1 and programs[0].report is None and not programs[0].talks and time.monotonic() - started < QUIET
            state = (quiet, *[(p.report is None, len(p.sources)) for p in programs])
            if state != polled:
                polled = state
                poll, owners = _sources(programs, quiet)
            for fd, _ in poll.poll((QUIET if quiet else TICK) * 1000):
                if fd in owners:
                    for line in owners[fd].take(fd):
                        heard(owners[fd], line)
            if enough():
                for p in programs:
                    p.leave()
                return
            now = time.monotonic()
            if now - last >= TICK:
                pulse.beat()
                if not any(p.working() for p in programs):
                    asleep += now - last
                last = now
                for p in programs:
                    _bound(p, asleep > idle, now - started, longest)
    finally:
        for p in programs:
            p.close()


def _sources(programs: Sequence[Program], quiet: bool) -> tuple[select.poll, dict[int, Program]]:
    """What to wait for, and whose it is. `quiet`: only for the end of results, or where there are none, of the program."""
    owners = {fd: p for p in programs for fd in p.descriptors()}
    found = select.poll()
    for fd, p in owners.items():
        if quiet and fd == p.results:
            found.register(fd, 0)  # heard of when the program closes it, or ends
        elif not quiet or (fd == p.server.control.fileno() and p.results not in p.sources):
            found.register(fd, select.POLLIN)
    return found, owners


def _bound(p: Program, idle: bool, seconds: float, longest: float) -> None:
    """Stop a program that is idle, or has run for `longest`. Raises SandboxError where it cannot be stopped, or was not begun with."""
    if p.pidfd < 0 and p.report is None and seconds > START_SECONDS:
        raise SandboxError("the sandbox does not begin with a program")
    if idle:
        p.stop("idle")
    elif seconds > longest:
        p.stop("starved")
    if p.killed_at and not p.ended and time.monotonic() - p.killed_at > KILL_SECONDS:
        if p.report is None:
            raise SandboxError("a program does not end when it is killed")
        p.let_go()  # something that it started, as only a compiler can, holds its pipes
