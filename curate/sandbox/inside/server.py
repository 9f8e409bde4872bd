"""The fork server: `python -s -S -P -c "... main()" SETUP`, started once, forks a child for each program, which confines itself and runs it.

The child is forked ahead, while the program before it runs, and warms up. Until it has its job it is as the server is: of the same user, with the same powers, closed to whoever is not; no program has a
descriptor that leads to it. Its turn comes when the program before it is dead and the scratch directory is as new. Then it reads from the control socket, which nothing that a program wrote gets into, one
byte with the descriptors

    job (a sealed file with JSON), stdin, stdout, stderr, results, and up to two for talking to another program

and reports on `results`: "+" when it is confined and about to run the program, or "!" and why it could not be, which is our failure and not the program's. The server answers with the child's pidfd, if it
takes longer than a moment, then with how it ended: [wait status, CPU seconds without the warm-up, peak memory in KiB]. Whoever wants no more of a program sends END; one that then does not
end by itself costs the server, which takes all its processes along.
"""

import builtins
import contextlib
import gc
import importlib
import json
import os
import random
import select
import signal
import socket
import struct
import sys
import time
from typing import Any, NamedTuple

from curate.sandbox.inside import confine, runner, serving, system, tester, warm

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # a process with threads cannot be forked safely
SHORT = 0.02  # seconds after which a program is worth a handle to kill it by
GRACE = 1.0  # seconds for a program that has said all to end: the server may have too few powers to kill it
FEWEST = 5  # descriptors of a job
END = b"k"
TURN = b"t"
PRACTICE = 20  # warm-up runs in the server: the interpreter specialises code that has run some times, in place
SET_UP_FAILED = 120  # exit status
ENVIRONMENT = {"LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"}
# what programs import most; a child finds them loaded. Each makes a fork of the server slower, so what few programs import is not among them: asyncio would cost all some 0.2 ms
COMMON = """
array ast bisect cmath collections collections.abc contextlib copy dataclasses datetime decimal enum fractions functools heapq io itertools json math numbers operator queue random re
statistics string struct textwrap threading time traceback types typing unicodedata
""".split()  # noqa: SIM905


def _preload(modules: list[str], setup: confine.Setup) -> None:
    """Import packages. Some write caches as they do; they get a directory for it that is gone when they are loaded."""
    import shutil  # with its compression libraries, which would be mapped into each child
    import tempfile

    if setup.tier == "namespaces":
        system.mount_tmpfs(setup.scratch, f"size={confine.TEMPORARY_BYTES},mode=0700")
    directory = tempfile.mkdtemp(dir=setup.scratch if setup.tier == "namespaces" else None)
    os.environ.update(dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR"), directory) | dict.fromkeys(ONE_THREAD, "1"))
    try:
        for name in modules:
            importlib.import_module(name)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        tempfile.tempdir = None


def _prepare(preload: list[str], setup: confine.Setup) -> None:
    import _sitebuiltins

    for name, end in (("exit", "Ctrl-D"), ("quit", "Ctrl-D")):  # `site` would have set them
        setattr(builtins, name, _sitebuiltins.Quitter(name, end))
    for name in COMMON:
        importlib.import_module(name)
    if preload:
        _preload(preload, setup)
    os.environ.clear()
    os.environ.update(ENVIRONMENT | {"HOME": setup.scratch, "TMPDIR": setup.scratch})
    time.tzset()
    sys.argv = ["program.py"]
    for _ in range(PRACTICE):
        warm.up()
    gc.collect()
    gc.freeze()


class Waiting(NamedTuple):
    """A child that has no job yet, and the server's end of what connects the two."""

    pid: int
    link: socket.socket


def _order(control: socket.socket) -> tuple[bytes, list[int]]:
    """The next message. Ends the process where nobody is there to send one."""
    message = b""
    with contextlib.suppress(ConnectionResetError):
        message, fds, _, _ = socket.recv_fds(control, 16, 16)
    if not message:
        os._exit(0)
    return message, fds


def _job(control: socket.socket, link: socket.socket) -> list[int]:
    """The descriptors of the job, when it is the child's turn. Ends the process where there is none."""
    if link.recv(1) != TURN:
        os._exit(0)
    message = END
    while message == END:  # that was for the program before, which had ended
        message, fds = _order(control)
    if len(fds) < FEWEST:
        os._exit(SET_UP_FAILED)
    link.send(struct.pack("=d", time.process_time()))
    return fds


def _child(setup: confine.Setup, rules: int | None, parent: int, control: socket.socket, link: socket.socket) -> None:
    """Never returns."""
    system.prctl(system.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    warm.up()
    fds = _job(control, link)
    results = fds[4]
    try:
        job: dict[str, Any] = json.loads(os.pread(fds[0], os.fstat(fds[0]).st_size, 0))
        confine.confine(setup, rules, job | {"parent": parent})
        confine.descriptors(fds[1:])
        random.seed(0)  # `random` seeds itself after a fork; a program that draws lots shall get the same verdict every time
        results = 3
        signal.signal(signal.SIGINT, signal.default_int_handler)
        start = {**runner.WAYS, "serve": serving.serve, "tests": tester.prepare}[job["way"]](job)
        confine.install(setup, job.get("profile", "program"))
        os.write(results, b"+")
    except BaseException as error:
        os.write(results, f"!{type(error).__name__}: {error}".encode(errors="replace")[:2000])
        os._exit(SET_UP_FAILED)
    start()
    os._exit(0)


def _ahead(setup: confine.Setup, rules: int | None, control: socket.socket) -> Waiting:
    """Fork the child that takes the next job."""
    mine, its = socket.socketpair()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        mine.close()
        _child(setup, rules, parent, control, its)
    its.close()
    return Waiting(child, mine)


def _await(child: int, control: socket.socket) -> None:
    """Return when the child has ended; hand its pidfd out before, if that takes longer than a moment. A child that is wanted no more and stays is ended with this process."""
    handle = os.pidfd_open(child)
    events = select.poll()
    events.register(handle, select.POLLIN)
    events.register(control, select.POLLIN)
    patience: float | None = SHORT * 1000
    wanted = True
    while handle not in (ready := [fd for fd, _ in events.poll(patience)]):
        if ready and _order(control)[0] == END:
            wanted, patience = False, GRACE * 1000
            events.unregister(control)  # what comes next is the next child's
        elif wanted and not ready:
            socket.send_fds(control, [b"p"], [handle])
            patience = None
        else:
            os._exit(0)
    os.close(handle)


def main() -> None:
    """Serve until the control socket is closed."""
    asked = json.loads(sys.argv[1])
    setup = confine.Setup(**asked["setup"])
    control = socket.socket(fileno=int(asked["control"]))
    system.prctl(system.PR_SET_PDEATHSIG, signal.SIGKILL)
    system.prctl(system.PR_SET_DUMPABLE, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _prepare(asked["preload"], setup)
    scratch = confine.Scratch(setup)
    rules = confine.ruleset(setup)
    confine.build_filters(setup)
    waiting = _ahead(setup, rules, control)
    control.send(b"ready")
    while True:
        running, link = waiting
        link.send(TURN)
        taken = link.recv(8)
        link.close()
        if not taken:  # it found the control socket closed
            os._exit(0)
        waiting = _ahead(setup, rules, control)
        _await(running, control)
        _, status, usage = os.wait4(running, 0)
        scratch.renew()
        before = struct.unpack("=d", taken)[0]
        control.send(json.dumps([status, usage.ru_utime + usage.ru_stime - before, usage.ru_maxrss]).encode())
