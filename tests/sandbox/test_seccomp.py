"""The seccomp filter, run by a small interpreter of its instructions: what it says of every call there is."""

import errno
import itertools
import struct
from typing import get_args

import pytest

from curate.sandbox.inside import seccomp
from curate.sandbox.inside.seccomp import ALLOW, ALLOWED, CHANGES, JUDGED, KILL, REFUSE, STARTS, UNKNOWN, Profile

PID = 4711
HERE = seccomp.ARCHITECTURE[seccomp.MACHINE]
BUILDS = [(profile, changes) for profile in get_args(Profile) for changes in (True, False)]


def says(program: bytes, number: int, *arguments: int, architecture: int = HERE) -> int:
    """What the filter returns for a call."""
    data = struct.pack("=IIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    at = loaded = 0
    while True:
        code, yes, no, value = struct.unpack_from("=HBBI", program, 8 * at)
        at += 1
        match code:
            case seccomp.LOAD:
                loaded = struct.unpack_from("=I", data, value)[0]
            case seccomp.AND:
                loaded &= value
            case seccomp.JUMP:
                at += value
            case seccomp.EQUAL:
                at += yes if loaded == value else no
            case seccomp.GREATER_EQUAL:
                at += yes if loaded >= value else no
            case seccomp.ANY_BIT:
                at += yes if loaded & value else no
            case seccomp.RETURN:
                return value
            case _:
                raise AssertionError(code)


def build(profile: Profile, *, changes: bool = False) -> bytes:
    return seccomp.build(profile, changes=changes, pid=PID)


@pytest.mark.parametrize(("profile", "changes"), BUILDS)
def test_every_call_is_allowed_by_name_judged_refused_or_unknown(profile: Profile, changes: bool) -> None:
    program = build(profile, changes=changes)
    allowed = set(ALLOWED.values())
    if changes or profile == "compiler":
        allowed |= set(CHANGES.values())
    if profile != "program":
        allowed |= {number for name, number in STARTS.items() if name.startswith("exec")}
    if profile == "compiler":
        allowed |= {number for name, number in STARTS.items() if name != "clone3"}
    for number in range(seccomp.NEWEST + 1):
        if number not in JUDGED.values():
            wanted = ALLOW if number in allowed else UNKNOWN if number == STARTS["clone3"] else REFUSE
            assert says(program, number) == wanted, number
    for number in (seccomp.NEWEST + 1, 5000, seccomp.X32_BIT - 1):
        assert says(program, number) == UNKNOWN
    for number in (seccomp.X32_BIT, seccomp.X32_BIT + 1, 0xFFFFFFFF):
        assert says(program, number) == KILL
    for number in (0, 1, 59):
        assert says(program, number, architecture=0x40000003) == KILL


@pytest.mark.parametrize("changes", [True, False])
def test_a_program_signals_only_itself_and_never_fatally(changes: bool) -> None:
    program = build("program", changes=changes)
    for name, at in (("kill", 1), ("tgkill", 2)):
        for pid, signal in itertools.product((PID, 1, 0, PID + 1, 0xFFFFFFFF), (0, 9, 15, 19)):
            arguments = [pid, pid, pid]
            arguments[at] = signal
            assert says(program, JUDGED[name], *arguments) == (ALLOW if pid == PID and signal not in (9, 19) else REFUSE)
    assert says(program, JUDGED["tkill"], PID, 15) == REFUSE


def test_what_is_judged_by_its_arguments() -> None:
    program = build("program")
    thread = 0x003D0F00
    for name, arguments, wanted in [
        ("clone", (thread,), ALLOW),
        ("clone", (17,), REFUSE),
        ("clone", (thread | 0x10000000,), REFUSE),
        ("fcntl", (0, 3), ALLOW),
        ("fcntl", (0, 8), REFUSE),
        ("ioctl", (0, 0x5401), ALLOW),
        ("ioctl", (0, 0x5412), REFUSE),
        ("prctl", (15,), ALLOW),
        ("prctl", (1,), REFUSE),
        ("prctl", (4,), REFUSE),
        ("setrlimit", (3,), ALLOW),
        ("setrlimit", (0,), REFUSE),
        ("prlimit64", (0, 7, 0), ALLOW),
        ("prlimit64", (0, 7, 1 << 40), REFUSE),
        ("prlimit64", (0, 3, 1 << 40), ALLOW),
        ("prlimit64", (1, 7, 0), REFUSE),
        ("socketpair", (1, 1), ALLOW),
        ("socketpair", (1, 2), REFUSE),
        ("sendto", (3, 0, 0, 0, 0), ALLOW),
        ("sendto", (3, 0, 0, 0, 1 << 33), REFUSE),
    ]:
        if name in JUDGED:
            assert says(program, JUDGED[name], *arguments) == wanted, (name, arguments)


def test_only_a_compiler_starts_processes() -> None:
    for profile, starts in (("program", False), ("binary", False), ("compiler", True)):
        assert says(build(profile), JUDGED["clone"], 17) == (ALLOW if starts else REFUSE)
        assert says(build(profile), STARTS["execve"]) == (REFUSE if profile == "program" else ALLOW)
    assert REFUSE & 0xFFFF == errno.EPERM
