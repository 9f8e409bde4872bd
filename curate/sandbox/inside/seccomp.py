"""The seccomp filter that a program runs under: a list of what is allowed, everything else is refused.

A list of what is forbidden would have to know each new way out (io_uring, userfaultfd, keyrings, vsock, netlink, nested namespaces, ptrace, pidfds); here they are refused for not being named.
A refused call fails with EPERM, so an honest program that tries one gets an exception; `clone3` and calls newer than this table fail with ENOSYS, which the C library answers by using an older one.
Another architecture's numbers (x32, 32-bit code) kill the program.

What is judged by its arguments: starting a thread is allowed, starting a process is not; a signal may go to the program itself, but never SIGKILL or SIGSTOP, so that a program that ends by SIGKILL
was killed from outside; the only limit that may be set is the stack's; a socket is one end of a stream pair, as asyncio needs, and sends to no address.

What it does not cover: what an allowed call can do to a file; the mounts or Landlock see to that. Arguments behind pointers cannot be read by a filter.
"""

import errno
import struct
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Literal, NamedTuple

from curate.sandbox.inside.system import MACHINE

Profile = Literal["program", "binary", "compiler"]  # binary: may replace itself by exec; compiler: may also start processes


def _table(text: str) -> dict[str, int]:
    """Names and numbers on this machine, from name:x86_64:aarch64; -1 where the architecture has none."""
    place = {"x86_64": 1, "aarch64": 2}.get(MACHINE, 0)
    if not place:
        return {}
    rows = (entry.split(":") for entry in text.split())
    return {row[0]: int(row[place]) for row in rows if row[place] != "-1"}


ALLOWED = _table(
    """
    read:0:63 write:1:64 readv:19:65 writev:20:66 pread64:17:67 pwrite64:18:68 preadv:295:69 pwritev:296:70 open:2:-1 openat:257:56
    close:3:57 close_range:436:436 stat:4:-1 fstat:5:80 lstat:6:-1 newfstatat:262:79 statx:332:291 access:21:-1 faccessat:269:48
    faccessat2:439:439 lseek:8:62 getdents:78:-1 getdents64:217:61 readlink:89:-1 readlinkat:267:78 getcwd:79:17 chdir:80:49
    fchdir:81:50 mkdir:83:-1 mkdirat:258:34 rmdir:84:-1 unlink:87:-1 unlinkat:263:35 rename:82:-1 renameat:264:38 renameat2:316:276
    fsync:74:82 fdatasync:75:83 fallocate:285:47 statfs:137:43 fstatfs:138:44 umask:95:166 flock:73:32 copy_file_range:326:285
    sendfile:40:71 fadvise64:221:223 dup:32:23 dup2:33:-1 dup3:292:24 pipe:22:-1 pipe2:293:59 poll:7:-1 ppoll:271:73 select:23:-1
    pselect6:270:72 epoll_create:213:-1 epoll_create1:291:20 epoll_ctl:233:21 epoll_wait:232:-1 epoll_pwait:281:22 epoll_pwait2:441:441
    eventfd:284:-1 eventfd2:290:19 timerfd_create:283:85 timerfd_settime:286:86 timerfd_gettime:287:87
    mmap:9:222 munmap:11:215 mremap:25:216 mprotect:10:226 madvise:28:233 brk:12:214 mincore:27:232 membarrier:324:283 msync:26:227
    exit:60:93 exit_group:231:94 getpid:39:172 gettid:186:178 getppid:110:173 getuid:102:174 geteuid:107:175 getgid:104:176
    getegid:108:177 getgroups:115:158 getresuid:118:148 getresgid:120:150 getpgrp:111:-1 getpgid:121:155 getsid:124:156
    sched_yield:24:124 sched_getaffinity:204:123 sched_getparam:143:121 sched_getscheduler:145:120 sched_get_priority_max:146:125
    sched_get_priority_min:147:126 getpriority:140:141 uname:63:160 sysinfo:99:179 times:100:153 getrusage:98:165 getrlimit:97:163
    wait4:61:260 waitid:247:95 set_tid_address:218:96 set_robust_list:273:99 get_robust_list:274:100 rseq:334:293 futex:202:98
    futex_waitv:449:449 arch_prctl:158:-1 getcpu:309:168
    rt_sigaction:13:134 rt_sigprocmask:14:135 rt_sigreturn:15:139 rt_sigpending:127:136 rt_sigtimedwait:128:137 rt_sigsuspend:130:133
    sigaltstack:131:132 pause:34:-1 alarm:37:-1 setitimer:38:103 getitimer:36:102 signalfd:282:-1 signalfd4:289:74
    restart_syscall:219:128 clock_gettime:228:113 clock_getres:229:114 clock_nanosleep:230:115 nanosleep:35:101 gettimeofday:96:169
    time:201:-1 getrandom:318:278
    recvfrom:45:207 shutdown:48:210 getsockname:51:204 getpeername:52:205 getsockopt:55:209
    """
)
# change a file by its name, whether or not it may be opened: only where the program sees no files but its own
CHANGES = _table(
    """
    chmod:90:-1 fchmod:91:52 fchmodat:268:53 utimensat:280:88 truncate:76:45 ftruncate:77:46
    """
)
STARTS = _table(
    """
    execve:59:221 execveat:322:281 fork:57:-1 vfork:58:-1 clone3:435:435
    """
)
JUDGED = _table(
    """
    fcntl:72:25 ioctl:16:29 setrlimit:160:164 prlimit64:302:261 clone:56:220 prctl:157:167 kill:62:129 tkill:200:130 tgkill:234:131
    socketpair:53:199 sendto:44:206
    """
)

ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32_BIT = 0x40000000
NEWEST = 462  # calls above are younger than this table

ALLOW, KILL = 0x7FFF0000, 0x80000000
REFUSE, UNKNOWN = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
LOAD, EQUAL, GREATER_EQUAL, ANY_BIT, AND, JUMP, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x05, 0x06
NUMBER, ARCH, ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data

PLACEHOLDER = 0x7EA5BEEF  # a process id that cannot be: ids end at 2^22
CLONE_THREAD, CLONE_NEW_ANY = 0x00010000, 0x7E020080
RLIMIT_STACK = 3
SOCK_STREAM, SOCK_TYPE_BITS = 1, 0xF
F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_DUPFD_CLOEXEC, F_GETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS = (
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    1030,
    1032,
    1033,
    1034,
)
FCNTL = (
    F_DUPFD,
    F_GETFD,
    F_SETFD,
    F_GETFL,
    F_SETFL,
    F_GETLK,
    F_SETLK,
    F_SETLKW,
    F_DUPFD_CLOEXEC,
    F_GETPIPE_SZ,
    F_GET_SEALS,
)  # not who gets signals: that could be anybody
IOCTL = (0x5401, 0x541B, 0x5421, 0x5450, 0x5451, 0x5413)  # TCGETS FIONREAD FIONBIO FIONCLEX FIOCLEX TIOCGWINSZ: no typing into a terminal
PRCTL = (3, 15, 16, 0x53564D41)  # PR_GET_DUMPABLE PR_SET_NAME PR_GET_NAME PR_SET_VMA
FATAL = (9, 19)  # SIGKILL, SIGSTOP


class Step(NamedTuple):
    """One BPF instruction; jumps are relative, as the kernel has them."""

    code: int
    value: int
    yes: int = 0
    no: int = 0


def _argument(index: int, high: bool = False) -> Step:
    return Step(LOAD, ARGUMENTS + 8 * index + (4 if high else 0))


def _one_of(values: Iterable[int]) -> list[Step]:
    """Allow where the loaded value is one of these, else refuse."""
    steps = []
    for value in values:
        steps += [Step(EQUAL, value, 0, 1), Step(RETURN, ALLOW)]
    return [*steps, Step(RETURN, REFUSE)]


def _argument_is(index: int, *values: int) -> list[Step]:
    return [_argument(index), *_one_of(values)]


def _own_signal(pid: int, *, at: int) -> list[Step]:
    """Allow a signal to `pid`, unless it is one that cannot be caught; `at`: which argument the signal is."""
    fatal = [step for signal in FATAL for step in (Step(EQUAL, signal, 0, 1), Step(RETURN, REFUSE))]
    return [_argument(0), Step(EQUAL, pid, 1, 0), Step(RETURN, REFUSE), _argument(at), *fatal, Step(RETURN, ALLOW)]


def _rules(profile: Profile, pid: int) -> dict[str, list[Step]]:
    """What the calls that are judged by their arguments do."""
    threads = [
        _argument(0),
        Step(ANY_BIT, CLONE_NEW_ANY, 0, 1),
        Step(RETURN, REFUSE),
        Step(ANY_BIT, CLONE_THREAD, 0, 1),
        Step(RETURN, ALLOW),
    ]
    last = Step(RETURN, ALLOW if profile == "compiler" else REFUSE)
    reading_limits = [_argument(2), Step(EQUAL, 0, 0, 3), _argument(2, high=True), Step(EQUAL, 0, 0, 1), Step(RETURN, ALLOW)]
    rules = {
        "fcntl": _argument_is(1, *FCNTL),
        "ioctl": _argument_is(1, *IOCTL),
        "prctl": _argument_is(0, *PRCTL),
        "setrlimit": _argument_is(0, RLIMIT_STACK),
        "prlimit64": [_argument(0), Step(EQUAL, 0, 1, 0), Step(RETURN, REFUSE), *reading_limits, *_argument_is(1, RLIMIT_STACK)],
        "clone": [*threads, last],
        "kill": _own_signal(pid, at=1),
        "tgkill": _own_signal(pid, at=2),
        "socketpair": [_argument(1), Step(AND, SOCK_TYPE_BITS), *_one_of([SOCK_STREAM])],
        "sendto": [_argument(4), Step(EQUAL, 0, 1, 0), Step(RETURN, REFUSE), _argument(4, high=True), *_one_of([0])],
    }
    if profile == "compiler":
        rules |= {name: [Step(RETURN, ALLOW)] for name in ("fcntl", "setrlimit", "prlimit64")}
    return rules


def _tree(ranges: Sequence[tuple[int, int | str]]) -> list[Step | str]:
    """Finds the range that the loaded value lies in, by bisection, since the kernel walks the filter once for every call there is when it is installed.

    `ranges`: where each begins, in order, and what to return there, or the name of a rule, which stands in the result for a jump to it.
    """
    if len(ranges) == 1:
        found = ranges[0][1]
        return [found if isinstance(found, str) else Step(RETURN, found)]
    middle = len(ranges) // 2
    below, above = _tree(ranges[:middle]), _tree(ranges[middle:])
    over = (
        [Step(GREATER_EQUAL, ranges[middle][0], len(below), 0)]
        if len(below) < 256
        else [Step(GREATER_EQUAL, ranges[middle][0], 0, 1), Step(JUMP, len(below))]
    )
    return [*over, *below, *above]


def _ranges(fates: Mapping[int, int | str]) -> list[tuple[int, int | str]]:
    """All numbers: those with a fate of their own, refused where not named, unknown above the newest; and another architecture's."""
    found: list[tuple[int, int | str]] = []
    for number in range(NEWEST + 1):
        fate = fates.get(number, REFUSE)
        if not found or found[-1][1] != fate:
            found.append((number, fate))
    return [*found, (NEWEST + 1, UNKNOWN), (X32_BIT, KILL)]


@cache
def _template(profile: Profile, changes: bool) -> bytes:
    """The filter for the process PLACEHOLDER."""
    if MACHINE not in ARCHITECTURE:
        raise OSError(errno.ENOSYS, f"no seccomp filter is known for {MACHINE}")
    allowed = dict(ALLOWED)
    if changes:
        allowed |= CHANGES
    if profile == "binary":
        allowed |= {name: number for name, number in STARTS.items() if name.startswith("exec")}
    elif profile == "compiler":
        allowed |= CHANGES | {name: number for name, number in STARTS.items() if name != "clone3"}
    rules = {name: steps for name, steps in _rules(profile, PLACEHOLDER).items() if name in JUDGED}
    fates: dict[int, int | str] = dict.fromkeys(allowed.values(), ALLOW)
    fates |= {JUDGED[name]: name for name in rules} | {STARTS["clone3"]: UNKNOWN}
    tree = _tree(_ranges(fates))
    at, start = {}, len(tree)
    for name, steps in rules.items():
        at[name] = start
        start += len(steps)
    found = [Step(JUMP, at[step] - i - 1) if isinstance(step, str) else step for i, step in enumerate(tree)]
    head = [Step(LOAD, ARCH), Step(EQUAL, ARCHITECTURE[MACHINE], 1, 0), Step(RETURN, KILL), Step(LOAD, NUMBER)]
    program = [*head, *found, *[step for steps in rules.values() for step in steps]]
    return b"".join(struct.pack("=HBBI", step.code, step.yes, step.no, step.value) for step in program)


def build(profile: Profile, *, changes: bool, pid: int) -> bytes:
    """The filter for the process `pid`. `changes`: whether it may change files by name. Raises OSError on an architecture without a table."""
    return _template(profile, changes).replace(struct.pack("=I", PLACEHOLDER), struct.pack("=I", pid))
