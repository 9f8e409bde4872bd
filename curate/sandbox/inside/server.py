"""The fork server: `python -s -S -P -c "... main()" SETUP`, started once, forks a confined child for each program.

It reads one byte with descriptors from its control socket, and never anything that a program wrote. A child that was handed the descriptors

    job (a sealed file with JSON), stdin, stdout, stderr, results, calls

reports on `results`: "+" when it is confined and about to run the program, or "!" and why it could not be, which is our failure and not the program's. The server answers with the child's pidfd, then
with how it ended: [wait status, CPU seconds, peak memory in KiB].
"""

import builtins
import gc
import importlib
import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
from typing import Any

from curate.sandbox.inside import confine, runner, system, tester

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # a process with threads cannot be forked safely
FEWEST = 5  # descriptors of a job
SET_UP_FAILED = 120  # exit status
ENVIRONMENT = {"LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"}
# what programs import most; a child finds them loaded
COMMON = """
array ast asyncio bisect cmath collections collections.abc contextlib copy dataclasses datetime decimal enum fractions functools heapq io itertools json math numbers operator queue random re
statistics string struct textwrap threading time traceback types typing unicodedata
""".split()  # noqa: SIM905


def _preload(modules: list[str], setup: confine.Setup) -> None:
    """Import packages. Some write caches as they do; they get a directory for it that is gone when they are loaded."""
    if setup.tier == "namespaces":
        system.mount_tmpfs(setup.scratch, f"size={confine.TEMPORARY_BYTES},mode=0700")
    directory = tempfile.mkdtemp(dir=setup.scratch if setup.tier == "namespaces" else None)
    os.environ.update(dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR"), directory) | dict.fromkeys(ONE_THREAD, "1"))
    try:
        for name in modules:
            importlib.import_module(name)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _prepare(preload: list[str], setup: confine.Setup) -> None:
    import _sitebuiltins

    for name, end in (("exit", "Ctrl-D"), ("quit", "Ctrl-D")):  # `site` would have set them
        setattr(builtins, name, _sitebuiltins.Quitter(name, end))
    for name in COMMON:
        importlib.import_module(name)
    if preload:
        _preload(preload, setup)
    random.seed(0)  # a program that draws lots gets the same verdict every time
    os.environ.clear()
    os.environ.update(ENVIRONMENT | {"HOME": setup.scratch, "TMPDIR": setup.scratch})
    tempfile.tempdir = None
    time.tzset()
    sys.argv = ["program.py"]
    gc.collect()
    gc.freeze()


def _child(setup: confine.Setup, rules: int | None, parent: int, fds: list[int]) -> None:
    """Never returns."""
    results = fds[4]
    try:
        with open(fds[0], "rb", closefd=False) as f:
            f.seek(0)
            job: dict[str, Any] = json.loads(f.read())
        confine.confine(setup, rules, job | {"parent": parent})
        confine.descriptors(fds[1:])
        results = 3
        signal.signal(signal.SIGINT, signal.default_int_handler)
        start = {**runner.WAYS, "tests": tester.prepare}[job["way"]](job)
        confine.install(setup, job.get("profile", "program"))
        os.write(results, b"+")
    except BaseException as error:
        os.write(results, f"!{type(error).__name__}: {error}".encode(errors="replace")[:2000])
        os._exit(SET_UP_FAILED)
    start()
    os._exit(0)


def main() -> None:
    """Serve until the control socket is closed."""
    asked = json.loads(sys.argv[1])
    setup = confine.Setup(**asked["setup"])
    control = socket.socket(fileno=int(asked["control"]))
    system.prctl(system.PR_SET_PDEATHSIG, signal.SIGKILL)
    system.prctl(system.PR_SET_DUMPABLE, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _prepare(asked["preload"], setup)
    rules = confine.ruleset(setup)
    confine.build_filters(setup)
    parent = os.getpid()
    control.send(b"ready")
    while True:
        message, fds, _, _ = socket.recv_fds(control, 16, 16)
        if not message or len(fds) < FEWEST:
            os._exit(0)
        child = os.fork()
        if child == 0:
            control.close()
            _child(setup, rules, parent, fds)
        for fd in fds:
            os.close(fd)
        handle = os.pidfd_open(child)
        socket.send_fds(control, [b"p"], [handle])
        os.close(handle)
        _, status, usage = os.wait4(child, 0)
        control.send(json.dumps([status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]).encode())
