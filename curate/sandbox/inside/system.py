"""System calls that Python 3.11's `os` lacks, by ctypes. Each raises OSError with the kernel's reason."""

import ctypes
import os
import platform

CLONE_NEWNS = 0x00020000
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 8, 24, 38
CAP_DAC_READ_SEARCH = 2
LAST_CAPABILITY = 63
_CAPABILITY_VERSION_3 = 0x20080522
SECCOMP_SET_MODE_FILTER = 1

MACHINE = platform.machine()
# seccomp(2) is the one of these whose number differs between the architectures that we know
SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}.get(MACHINE, -1)
SYS_LANDLOCK_CREATE_RULESET, SYS_LANDLOCK_ADD_RULE, SYS_LANDLOCK_RESTRICT_SELF = 444, 445, 446

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def prctl(option: int, argument: int) -> None:
    """One of the calls that take a single number."""
    _checked(_libc.prctl(option, ctypes.c_ulong(argument), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)), f"prctl {option}")


def unshare(flags: int) -> None:
    """Leave the namespaces named by the flags for new ones."""
    _checked(_libc.unshare(flags), "unshare")


def mount_tmpfs(target: str, options: str) -> None:
    """A private tmpfs, without set-uid programs and devices."""
    _checked(_libc.mount(b"tmpfs", target.encode(), b"tmpfs", ctypes.c_ulong(MS_NOSUID | MS_NODEV), options.encode()), f"mount {target}")


def set_capabilities(mask: int) -> None:
    """Have these capabilities (bits), effective and permitted, and no other."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    _checked(_libc.capset(header, (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)), "capset")


def install_seccomp(program: bytes) -> None:
    """Put a filter of 8-byte BPF instructions on this thread and all that it starts."""
    if SYS_SECCOMP < 0:
        raise OSError(38, f"no seccomp filter is known for {MACHINE}")
    argument = _Filter(len(program) // 8, program)
    _checked(
        _libc.syscall(ctypes.c_long(SYS_SECCOMP), ctypes.c_long(SECCOMP_SET_MODE_FILTER), ctypes.c_long(0), ctypes.byref(argument)),
        "seccomp",
    )


def landlock_create(attributes: bytes | None, flags: int) -> int:
    """A ruleset's descriptor, or the ABI version where flags is 1."""
    size = len(attributes) if attributes is not None else 0
    result = _libc.syscall(ctypes.c_long(SYS_LANDLOCK_CREATE_RULESET), attributes, ctypes.c_size_t(size), ctypes.c_long(flags))
    return _checked(result, "landlock_create_ruleset")


def landlock_add(ruleset: int, attributes: bytes) -> None:
    """Add a rule on the files beneath a path."""
    _checked(
        _libc.syscall(ctypes.c_long(SYS_LANDLOCK_ADD_RULE), ctypes.c_long(ruleset), ctypes.c_long(1), attributes, ctypes.c_long(0)),
        "landlock_add_rule",
    )


def landlock_restrict(ruleset: int) -> None:
    """Hold this thread, and all that it starts, to the ruleset."""
    _checked(_libc.syscall(ctypes.c_long(SYS_LANDLOCK_RESTRICT_SELF), ctypes.c_long(ruleset), ctypes.c_long(0)), "landlock_restrict_self")
