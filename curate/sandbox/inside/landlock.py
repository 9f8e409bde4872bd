"""Landlock: which files a program may open, decided by the kernel without any privilege.

Uses what the kernel's ABI offers: files from 1, truncation from 3, TCP from 4, device ioctls from 5, abstract sockets and signals from 6. What an older ABI lacks, the seccomp filter refuses.
What it does not cover: looking at a file's name, size and owner (stat), and changing its mode or times, which the filter refuses.
"""

import contextlib
import os
import struct
from collections.abc import Iterable

from curate.sandbox.inside.system import landlock_add, landlock_create

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
ALL_RIGHTS = {
    1: (1 << 13) - 1,
    2: (1 << 14) - 1,
    3: (1 << 15) - 1,
    4: (1 << 15) - 1,
    5: (1 << 16) - 1,
}  # of files, by ABI; later ones have those of 5
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | 1 << 14  # the ones that a rule on a single file may name; 1 << 14 is truncation
TCP, SCOPES = 0b11, 0b11  # bind and connect; abstract sockets and signals


def abi() -> int:
    """The kernel's ABI version; 0 where it has none."""
    with contextlib.suppress(OSError):
        return landlock_create(None, 1)
    return 0


def ruleset(version: int, readable: Iterable[str], writable: Iterable[str] = (), devices: Iterable[str] = ()) -> int:
    """A ruleset's descriptor under that ABI: read and execute beneath `readable`, everything beneath `writable`, read and write the `devices`; nothing else. Raises OSError."""
    rights = ALL_RIGHTS[min(version, max(ALL_RIGHTS))]
    fields = (rights, TCP, SCOPES)[: 1 if version < 4 else 2 if version < 6 else 3]
    found = landlock_create(struct.pack(f"={len(fields)}Q", *fields), 0)
    for paths, wanted in ((readable, EXECUTE | READ_FILE | READ_DIR), (writable, rights), (devices, READ_FILE | WRITE_FILE)):
        for path in paths:
            try:
                beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                allowed = wanted & rights if os.path.isdir(path) else wanted & rights & FILE_RIGHTS
                landlock_add(found, struct.pack("=Qi", allowed, beneath))
            finally:
                os.close(beneath)
    return found
