"""The process between a caller and its engine: `python -I -S guard.py CALLER_PID WORK_DIR FD,FD COMMAND...`, which runs `COMMAND... FD FD GUARD_PID`. Only the standard library, by file, so that it starts in milliseconds and
nothing in it can fail with the engine.

It leads a session of its own, so a terminal's Ctrl-C never reaches the engine, and runs COMMAND in it. When its standard input ends (the caller closed it, or died by whatever signal) or
COMMAND ends, it ends every process of the session: SIGTERM, a short grace, then SIGKILL, and multiprocessing's resource trackers last, since they delete the others' shared memory. Orphans are handed to it rather than to init, so a process that lost its parent
is still found and reaped. It exits with COMMAND's status, 128 + N where a signal N ended that.

What it does not cover: a process that starts a session of its own leaves its reach (vLLM starts none).
"""

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
GRACE = 3.0  # seconds between SIGTERM and SIGKILL
CLEANUP = 2.0  # seconds that whoever deletes left-over shared memory gets once the others are killed
SWEEP = 10.0  # seconds that SIGKILL is repeated for, against processes that were being born
LOOK_AGAIN = 0.02  # seconds between two looks whether all are gone
LOOK = 1.0  # seconds between two looks at who the parent is, should a forked child of the caller hold the pipe open


def prctl(option: int, value: int) -> None:
    """Linux's prctl; nothing elsewhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent, which is `parent`, dies. Call it from a child of a thread that lives as long as its process."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the call
        os.kill(os.getpid(), signal.SIGKILL)


def members(session: int) -> list[int]:
    """The live processes of a session, its leader and zombies left out. Empty where there is no /proc."""
    found = []
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir("/proc"):
            if not name.isdigit() or int(name) == session:
                continue
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                state, _parent, _group, its_session = file.read().rpartition(b")")[2].split()[:4]
                if int(its_session) == session and state not in b"ZX":
                    found.append(int(name))
    return found


def keeps_shared_memory(pid: int) -> bool:
    """Whether a process is a multiprocessing resource tracker: it deletes the shared memory that its users left behind, and ends by itself as soon as they are gone."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return b"multiprocessing.resource_tracker" in file.read()
    except OSError:
        return False


def send(session: int, sign: int, *, spare: bool = False) -> None:
    """Send a signal to every member of a session but its leader; `spare`: and but those that clean up after the others."""
    for pid in members(session):
        if not (spare and keeps_shared_memory(pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)


def reap() -> None:
    """Collect whatever has ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def end(session: int, grace: float = GRACE, *, ours: bool = False) -> None:
    """End every member of a session but its leader: SIGTERM and `grace` seconds, SIGKILL to all but those that clean up, then SIGKILL to all. `ours`: this process is the leader and reaps them.

    Returns when none is left, at the latest after `grace` + CLEANUP + SWEEP seconds.
    """
    for sign, spare, patience in ((signal.SIGTERM, True, grace), (signal.SIGKILL, True, CLEANUP), (signal.SIGKILL, False, SWEEP)):
        deadline = time.monotonic() + patience
        if patience > 0:
            send(session, sign, spare=spare)
        while time.monotonic() < deadline:
            if ours:
                reap()
            if not members(session):
                return
            if sign == signal.SIGKILL:  # again: a process may have been born meanwhile
                send(session, sign, spare=spare)
            time.sleep(LOOK_AGAIN)


def main(caller: int, work: str, fds: list[int], command: list[str]) -> int:
    """Run `command` with `fds` passed on, until it or the caller is gone; then end the session. Returns the exit status."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    told: list[int] = []
    for number in (
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGHUP,
    ):  # to be told to end is to end the session: this process must not be the first to go
        signal.signal(number, lambda received, _: told.append(received))
    wake, wakened = os.pipe()
    os.set_blocking(wakened, False)
    signal.set_wakeup_fd(wakened, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    host = subprocess.Popen([*command, *map(str, fds), str(os.getpid())], stdin=subprocess.DEVNULL, pass_fds=fds)
    for fd in fds:
        os.close(fd)  # the caller sees the end of the host's pipe only if the host alone holds it
    alone = False
    while host.poll() is None and not alone:
        ready = select.select([0, wake], [], [], LOOK)[0]
        if wake in ready:
            os.read(wake, 4096)
        alone = bool(told) or (0 in ready and not os.read(0, 4096)) or os.getppid() != caller
    end(os.getpid(), ours=True)
    if alone:
        shutil.rmtree(work, ignore_errors=True)  # nobody else is there to do it
    status = host.wait()  # also where `reap` took it: Popen then reports 0
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], [int(fd) for fd in sys.argv[3].split(",") if fd], sys.argv[4:]))
