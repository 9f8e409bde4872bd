"""Takes a forked child's powers away, in the order that each step still allows the next one. What cannot be taken away is an error: the program is then not run.

Both tiers end with: hard limits, a user of its own where the server is root, no capabilities, no way to new ones, only the descriptors it was handed, the seccomp filter. Tier `namespaces` adds a
private /tmp, thrown away with the process; `landlock` keeps the process to reading the interpreter's files, and it has no place to write. Tier `none` is only the limits.
"""

import os
import resource
import signal
from collections.abc import Sequence
from typing import Any, NamedTuple, get_args

from curate.sandbox.inside import landlock, seccomp, system

TEMPORARY_BYTES = 64 << 20  # of a program's /tmp, and of any file
TEMPORARY_FILES = 1024
DESCRIPTORS = 128
MAIN_STACK = 512 << 20  # bytes; deep recursion in C or C++; memory is bounded by the address space
SPARE_SECONDS = 1  # CPU time between the signal that an honest program gets and the one that nobody can catch
SLACK = 1.25  # of CPU time: the kernel counts it by ticks, which are a sixth too many on a busy virtual machine
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


class Setup(NamedTuple):
    """How a server confines its children."""

    tier: str  # namespaces | landlock | none
    uid: int | None  # the children's user, where the server is root
    readable: tuple[str, ...]  # directories of the interpreter and its libraries
    abi: int  # of Landlock
    scratch: str  # where a private /tmp is mounted in tier namespaces
    keep_reading: bool  # the interpreter lies in a directory that only root can enter, so the children keep the capability to read; Landlock bounds what


def ruleset(setup: Setup) -> int | None:
    """The Landlock ruleset of the server's children, made once."""
    return landlock.ruleset(setup.abi, setup.readable, devices=DEVICES) if setup.tier == "landlock" else None


def _limit(kind: int, soft: int, hard: int | None = None) -> None:
    _, most = resource.getrlimit(kind)
    wanted = soft if hard is None else hard
    if most != resource.RLIM_INFINITY:
        wanted = most if wanted == resource.RLIM_INFINITY else min(wanted, most)
        soft = min(soft, wanted)
    resource.setrlimit(kind, (soft, wanted))


def limits(cpu_seconds: float, memory_bytes: int, tasks: int | None) -> None:
    """Hard limits; the CPU's ends the process by a signal that it cannot catch, one second after SIGPROF."""
    seconds = int(cpu_seconds * SLACK) + 1 + SPARE_SECONDS
    _limit(resource.RLIMIT_CPU, seconds)
    _limit(resource.RLIMIT_AS, memory_bytes)
    _limit(resource.RLIMIT_FSIZE, TEMPORARY_BYTES)
    _limit(resource.RLIMIT_NOFILE, DESCRIPTORS)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_STACK, MAIN_STACK, resource.RLIM_INFINITY)  # programs raise it themselves
    for kind in (resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE, resource.RLIMIT_NICE, resource.RLIMIT_RTPRIO):
        _limit(kind, 0)
    _limit(resource.RLIMIT_SIGPENDING, 256)
    if tasks is not None:
        _limit(resource.RLIMIT_NPROC, tasks)


def descriptors(wanted: Sequence[int]) -> None:
    """Have exactly these, as 0, 1, 2 and so on; those from 3 on end with an exec."""
    high = [os.dup2(fd, 100 + i) for i, fd in enumerate(wanted)]
    for i, fd in enumerate(high):
        os.dup2(fd, i, inheritable=i < 3)
    os.closerange(len(high), 4096)


def confine(setup: Setup, rules: int | None, job: dict[str, Any]) -> None:
    """Give up everything but what the job needs. `rules`: the Landlock ruleset. The seccomp filter comes last, by `install`, since the runner still has to start. Raises OSError."""
    if setup.tier == "namespaces":
        system.unshare(system.CLONE_NEWNS)
        owner = "" if setup.uid is None else f",uid={setup.uid},gid={setup.uid}"
        system.mount_tmpfs(setup.scratch, f"size={TEMPORARY_BYTES},nr_inodes={TEMPORARY_FILES},mode=0700{owner}")
    limits(job["cpu"], job["memory"], job["tasks"])
    if setup.tier != "none":
        if setup.uid is not None:
            system.prctl(system.PR_SET_KEEPCAPS, 1)
            os.setgroups([])
            os.setresgid(setup.uid, setup.uid, setup.uid)
            os.setresuid(setup.uid, setup.uid, setup.uid)
        os.chdir(setup.scratch if setup.tier == "namespaces" else job.get("directory") or "/")
        system.set_capabilities(1 << system.CAP_DAC_READ_SEARCH if setup.keep_reading else 0)
        system.prctl(system.PR_SET_NO_NEW_PRIVS, 1)
        if rules is not None:
            if job.get("directory"):
                rules = landlock.ruleset(setup.abi, setup.readable, [job["directory"]], DEVICES)
            system.landlock_restrict(rules)
    system.prctl(system.PR_SET_PDEATHSIG, signal.SIGKILL)  # after the change of user, which clears it
    if os.getppid() != job["parent"]:
        os._exit(1)


def install(setup: Setup, profile: seccomp.Profile) -> None:
    """The filter, after which nothing can be set up any more."""
    if setup.tier != "none":
        system.install_seccomp(seccomp.build(profile, changes=setup.tier == "namespaces", pid=os.getpid()))


def build_filters(setup: Setup) -> None:
    """Put the filters together before they are needed, so that children find them."""
    if setup.tier != "none":
        for profile in get_args(seccomp.Profile):
            seccomp.build(profile, changes=setup.tier == "namespaces", pid=1)
