"""The tiers: how a server is started in each, and what its children may see.

    namespaces   bubblewrap: user, pid, network, IPC, UTS and mount namespaces of its own, no /proc, a read-only root that holds the interpreter and /usr; each program with a private small /tmp
    landlock     no namespaces: Landlock lets a program read the interpreter and /usr and write nowhere
    none         limits only; by name only

Under root every program runs as a user of its own, one that owns nothing here. In all tiers the seccomp filter of `inside/seccomp.py` refuses processes, sockets and whatever else a program does not
need; in `none` nothing does.
"""

import itertools
import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from curate.errors import SandboxError
from curate.sandbox.inside import landlock
from curate.sandbox.inside.confine import DEVICES
from curate.sandbox.supervisor import Server

TierName = Literal["namespaces", "landlock", "none"]
TASKS = 64  # threads of a program
FIRST_UID, UIDS_A_PROCESS = 2_000_000_000, 8
PACKAGE = Path(__file__).parents[1]
SYSTEM_DIRECTORIES = ("/lib", "/lib64", "/lib32", "/libx32", "/bin", "/sbin")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/alternatives", "/usr/share/zoneinfo")
CAPABILITIES = ("CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID")  # of the server, not of programs: mounts and the change of user
# The packages above `inside` are not run, so that a server starts in a few milliseconds and without their dependencies
BOOT = """
import sys, types
for name, directory in (("curate", {package!r}), ("curate.sandbox", {sandbox!r})):
    sys.modules[name] = module = types.ModuleType(name)
    module.__path__ = [directory]
sys.path += {path!r}
from curate.sandbox.inside.server import main
main()
"""
_slots = itertools.count()


class Tier(NamedTuple):
    """A tier, and the Landlock ABI to use, which a test can cap."""

    name: TierName
    abi: int = 0


class Interpreter(NamedTuple):
    """The Python that runs in the sandbox: this one, without its virtual environment. `readable` are the directories that it needs."""

    executable: str
    readable: tuple[str, ...]


def interpreter() -> Interpreter:
    """What runs programs here."""
    executable = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    wanted = {os.path.realpath(sys.base_prefix), os.path.realpath(sys.base_exec_prefix)}
    wanted |= {os.path.realpath(p) for p in (sysconfig.get_path("stdlib"), os.path.dirname(executable))}
    roots = {w for w in wanted if not w.startswith("/usr/") and w != "/usr"}
    return Interpreter(executable, tuple(sorted(r for r in roots if not any(r != o and r.startswith(o + "/") for o in roots))))


def site_packages() -> tuple[str, ...]:
    """Where this interpreter finds installed packages, and the directory above our own."""
    found = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return tuple(dict.fromkeys(os.path.realpath(p) for p in found if os.path.isdir(p)))


def _others_can_enter(path: str) -> bool:
    return all(os.stat(p).st_mode & 0o005 == 0o005 for p in (path, *map(str, Path(path).parents)))


def _child_uid() -> int:
    """A user that owns nothing: another for each server, so that programs of two servers are strangers. In a container with few users, one of its upper ones."""
    with open("/proc/self/uid_map") as f:
        ranges = [(int(first), int(length)) for first, _, length in (line.split() for line in f)]
    first, length = max(ranges, key=lambda r: r[1])
    number = os.getpid() * UIDS_A_PROCESS + next(_slots) % UIDS_A_PROCESS
    if first + length > FIRST_UID + (1 << 26):
        return FIRST_UID + number % (1 << 26)
    if length < 2048:
        raise SandboxError("root here has no other user to run programs as")
    return first + length // 2 + number % (length // 2 - 2)


def _bubblewrap(python: Interpreter, extra: Sequence[str], scratch: str, uid: int | None) -> list[str]:
    found = shutil.which("bwrap")
    if found is None:
        raise SandboxError("bubblewrap is not installed")
    words = [
        found,
        "--unshare-pid",
        "--unshare-net",
        "--unshare-ipc",
        "--unshare-uts",
        "--unshare-cgroup-try",
        "--die-with-parent",
        "--new-session",
        "--as-pid-1",
    ]
    words += ["--cap-drop", "ALL"]
    if uid is None:
        words += ["--unshare-user", "--uid", "1000", "--gid", "1000", "--cap-add", CAPABILITIES[0]]
    else:
        words += [w for c in CAPABILITIES for w in ("--cap-add", c)]
    words += ["--ro-bind", "/usr", "/usr"]
    for directory in SYSTEM_DIRECTORIES:
        if os.path.islink(directory):
            words += ["--symlink", os.readlink(directory), directory]
        elif os.path.isdir(directory):
            words += ["--ro-bind", directory, directory]
    for file in SYSTEM_FILES:
        words += ["--ro-bind-try", file, file]
    for device in DEVICES:
        words += ["--dev-bind", device, device]
    words += ["--dir", "/tmp", "--dir", scratch, "--symlink", scratch, "/dev/shm"]
    shown = (*python.readable, *extra)
    for parent in sorted({str(p) for d in shown for p in Path(d).parents} - {"/", "/tmp", "/usr"}):
        words += ["--perms", "0755", "--dir", parent]  # bubblewrap would make them for the server's user only
    for directory in shown:
        words += ["--ro-bind", directory, directory]
    return [*words, "--remount-ro", "/", "--chdir", "/", "--"]


def start(tier: Tier, *, preload: Sequence[str] = (), packages: bool = False) -> Server:
    """A server of that tier, with the modules in `preload` loaded; `packages`: programs see this interpreter's installed packages and ours. Raises SandboxError."""
    python = interpreter()
    sites = site_packages() if packages else ()
    extra = (str(PACKAGE), *sites) if packages else (str(PACKAGE / "sandbox" / "inside"),)
    root = os.geteuid() == 0 and tier.name != "none"
    uid = _child_uid() if root else None
    seen = (*python.readable, *sites, *((str(PACKAGE),) if packages else ()))
    scratch = "/scratch" if any(p.startswith("/tmp/") for p in seen) else "/tmp"
    readable = (*seen, "/usr", *SYSTEM_DIRECTORIES, *SYSTEM_FILES)
    setup = {
        "tier": tier.name,
        "uid": uid,
        "readable": readable,
        "abi": tier.abi or landlock.abi(),
        "keep_reading": tier.name == "landlock" and root and not all(_others_can_enter(p) for p in seen),
        "scratch": scratch,
    }
    prefix = _bubblewrap(python, extra, scratch, uid) if tier.name == "namespaces" else []
    boot = BOOT.format(package=str(PACKAGE), sandbox=str(PACKAGE / "sandbox"), path=list(sites))

    def command(control: int) -> list[str]:
        asked = json.dumps({"setup": setup, "control": control, "preload": list(preload)})
        return [*prefix, python.executable, "-s", "-S", "-P", "-c", boot, asked]

    return Server(command, _tasks(tier, root), uid)


def _tasks(tier: Tier, root: bool) -> Callable[[], int | None]:
    """The limit on a user's tasks. Where programs run as the user who runs everything else, what that user already has comes on top."""
    if root or tier.name == "namespaces":  # the user, or the namespace, is the program's own
        return lambda: TASKS
    return lambda: _tasks_of_user() + TASKS


def _tasks_of_user() -> int:
    count = 0
    mine = os.geteuid()
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                if entry.stat().st_uid == mine:
                    count += len(os.listdir(f"/proc/{entry.name}/task"))
            except OSError:
                continue
    return count
