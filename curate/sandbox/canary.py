"""The program that probes run: it tries what a program in a sandbox must not be able to do, and prints as JSON what it could.

It is run as a program like any other, so it proves the sandbox that programs get, not that parts of one are installed. `AIMS` is put in front: paths, a port and names that the prober made for it.
What it cannot try: flaws of the kernel itself.
"""

import _thread
import contextlib
import ctypes
import json
import os
import socket
import struct
import threading
import time

AIMS: dict[str, str] = {}
THREADS = 2000


def _write() -> None:
    with open(AIMS["target"], "w") as f:
        f.write("canary")


def _truncate() -> None:
    os.truncate(AIMS["file"], 0)


def _mode() -> None:
    os.chmod(AIMS["file"], 0o777)


def _secret() -> None:
    with open(AIMS["file"]) as f:
        assert f.read()


def _environment() -> None:
    assert any("canary" in value for value in os.environ.values())


def _parents_environment() -> None:
    for pid in (os.getppid(), 1, int(AIMS["pid"])):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as f:
            if b"canary" in f.read():
                return
    raise OSError


def _connect() -> None:
    with socket.socket() as s:
        s.settimeout(1)
        s.connect(("127.0.0.1", int(AIMS["port"])))


def _abstract() -> None:
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(1)
        s.connect("\0" + AIMS["abstract"])


def _vsock() -> None:
    socket.socket(40, socket.SOCK_STREAM).close()


def _netlink() -> None:
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _signal() -> None:
    os.kill(int(AIMS["pid"]), 0)


def _signal_server() -> None:
    os.kill(os.getppid(), 0)


def _kernel(number_x86: int, number_arm: int, *arguments: int) -> None:
    """A system call that must be refused for not being allowed."""
    number = number_x86 if os.uname().machine == "x86_64" else number_arm
    if ctypes.CDLL(None, use_errno=True).syscall(*[ctypes.c_long(n) for n in (number, *arguments)]) < 0 and ctypes.get_errno() == 1:
        raise PermissionError


def _namespace() -> None:
    _kernel(272, 97, 0x10000000)


def _io_uring() -> None:
    _kernel(425, 425, 1, 0)


def _userfaultfd() -> None:
    _kernel(323, 282, 1)


def _keyring() -> None:
    _kernel(250, 219, 0, -3, 0)


def _trace() -> None:
    _kernel(101, 117, 16, os.getppid())


def _terminal() -> None:
    import fcntl

    fcntl.ioctl(0, 0x5412, struct.pack("B", 10))


def _memory() -> None:
    bytearray(1 << 34)


def _threads() -> None:
    """Started without waiting for them: one that finds no memory to begin with would be waited for without end."""
    threading.stack_size(32768)
    stop = threading.Event()
    running: list[int] = []

    def run() -> None:
        running.append(1)
        stop.wait()

    try:
        for _ in range(THREADS):
            _thread.start_new_thread(run, ())
        for _ in range(100):
            if len(running) < THREADS:
                time.sleep(0.01)
    finally:
        stop.set()
    assert len(running) >= THREADS


ATTEMPTS = {
    "read a secret file": _secret,
    "write a file outside": _write,
    "truncate a file": _truncate,
    "change a file's mode": _mode,
    "read a secret in its environment": _environment,
    "read a secret in another's environment": _parents_environment,
    "connect to this machine": _connect,
    "connect to an abstract socket": _abstract,
    "open a vsock socket": _vsock,
    "open a netlink socket": _netlink,
    "start a process": _fork,
    "signal another process": _signal,
    "signal its server": _signal_server,
    "make a namespace": _namespace,
    "use io_uring": _io_uring,
    "use userfaultfd": _userfaultfd,
    "use a keyring": _keyring,
    "trace a process": _trace,
    "type into a terminal": _terminal,
    "use 16 GiB of memory": _memory,
    "start 2000 threads": _threads,
}


def main() -> None:
    """Try everything and print what went; then try to become another program, which prints a second line."""
    could = []
    for name, attempt in ATTEMPTS.items():
        with contextlib.suppress(BaseException):
            attempt()
            could.append(name)
    print(json.dumps(could), flush=True)
    with contextlib.suppress(OSError):
        os.execv("/bin/echo", ["echo", "another program"])
