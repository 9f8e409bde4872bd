"""Running a test's child as an ordinary user, also where the tests run as root and the interpreter lies in a directory that only root can enter.

Under root the child gets mounts of its own, in which such a directory is replaced by an empty one that anybody can enter, with what the child needs bound into it; then it becomes `nobody`. Nothing of
this is seen outside the child.
"""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

NOBODY = 65534
CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 0x1000, 0x4000, 1 << 18
ROOT = Path(__file__).parents[2]

_libc = ctypes.CDLL(None, use_errno=True)


def _mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    encoded = [None if text is None else text.encode() for text in (source, target, kind, options)]
    if _libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]):
        raise OSError(ctypes.get_errno(), f"mount {target}")


def _closed(path: str) -> str | None:
    """The first directory on the way that others cannot enter."""
    for part in [*reversed(Path(path).parents), Path(path)]:
        if not part.stat().st_mode & 0o001:
            return str(part)
    return None


def _needed() -> list[str]:
    return list(dict.fromkeys(os.path.realpath(p) for p in (sys.base_prefix, sys.prefix, ROOT)))


def become_nobody() -> None:
    """For `preexec_fn`: no capabilities, no groups, and everything that Python needs within reach."""
    if _libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    needed = _needed()
    held = {path: os.open(path, os.O_PATH) for path in needed}
    for path in needed:
        if (closed := _closed(path)) is not None:
            _mount("tmpfs", closed, "tmpfs", 0, "mode=0755")
        if not os.path.isdir(path) or closed is not None:
            os.makedirs(path, 0o755, exist_ok=True)
            _mount(f"/proc/self/fd/{held[path]}", path, None, MS_BIND | MS_REC)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def python(*arguments: str, ordinary: bool, timeout: float = 500) -> subprocess.CompletedProcess[str]:
    """Run this interpreter with the repository in its path: as an ordinary user, or as whoever runs the tests."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    preexec = become_nobody if ordinary and os.getuid() == 0 else None
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, timeout=timeout, preexec_fn=preexec)  # noqa: PLW1509
