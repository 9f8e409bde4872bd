"""Who may write under a prefix of an object store: a claim with an end, in place of the lock that such stores do not have.

The claim is a small object that says who holds it and until when; its holder writes it anew four times a minute, looks before that whether it is still its own, and asks `check` before every other write.
A run that was killed on this machine is told from a live one by the lock file of its working directory, so the same command goes on at once; from another machine it goes on when the claim has ended.

Not covered, since a store offers no compare-and-swap through pyarrow: two machines that begin within the same moment and whose writes overtake each other by more than SETTLE are told apart only at the
next renewal, and clocks that differ by more than the claim is long see an end where there is none. Both cost requests that are paid for twice, never a torn file: every object is written whole.
"""

import json
import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from curate.errors import StoreError

SECONDS = 60.0  # how long a claim holds without being renewed
SETTLE = 0.5  # between claiming and looking whether somebody else claimed at the same moment


class Claim(NamedTuple):
    """What the object says."""

    owner: str
    host: str
    until: float  # seconds since 1970


def _parsed(data: bytes | None) -> Claim | None:
    try:
        return None if data is None else Claim(**json.loads(data))
    except (ValueError, TypeError):  # not ours or damaged: nobody can hold it
        return None


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)  # goes on while a laptop sleeps


class Lease:
    """Holds the claim while it is entered. `read`, `write` and `delete` are those of the object, and raise StoreError; `note` is a local file that remembers who this machine was."""

    def __init__(
        self,
        read: Callable[[], bytes | None],
        write: Callable[[bytes], None],
        delete: Callable[[], None],
        note: Path,
        place: str,
        seconds: float | None = None,
    ) -> None:
        self._read, self._write, self._delete = read, write, delete
        self._note = note
        self._place = place
        self._seconds = SECONDS if seconds is None else seconds
        self._owner = secrets.token_hex(8)
        self._renewed = 0.0
        self._lost = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._renew_forever, name="lease", daemon=True)

    def __enter__(self) -> "Lease":
        """Claim. Raises StoreError where another run's claim has not ended."""
        found = _parsed(self._read())
        last = self._note.read_text("utf-8") if self._note.exists() else None
        left = 0.0 if found is None or found.owner == last else found.until - time.time()
        if found is not None and left > 0:
            raise StoreError(self._other(found, left))
        self._note.write_text(self._owner, "utf-8")
        self._renew()
        time.sleep(SETTLE)
        found = _parsed(self._read())
        if found is not None and found.owner != self._owner:
            raise StoreError(self._other(found, found.until - time.time()))
        self._thread.start()
        return self

    def _other(self, found: Claim, left: float) -> str:
        return (
            f"another run, on {found.host}, is working in {self._place}: wait for it, or give another directory; if it was killed, its claim ends in"
            f" {max(1, round(left))} seconds and the same command goes on"
        )

    def _renew(self) -> None:
        claim = Claim(self._owner, socket.gethostname(), time.time() + self._seconds)
        began = _now()
        self._write(json.dumps(claim._asdict()).encode())
        self._renewed = began

    def _renew_forever(self) -> None:
        while not self._ending.wait(self._seconds / 4):
            with suppress(StoreError):  # a store that is away for a moment; `check` tells when it was for too long
                found = _parsed(self._read())
                if found is not None and found.owner != self._owner:
                    self._lost = True
                    return
                self._renew()

    def check(self) -> None:
        """Raise StoreError where the claim is no longer ours: nothing may be written then."""
        if self._lost:
            raise StoreError(
                f"another run has taken {self._place} over; nothing finished is lost, and when it has ended the same command goes on"
            )
        if _now() - self._renewed > self._seconds:
            raise StoreError(
                f"the claim on {self._place} could not be renewed for {self._seconds:.0f} seconds (its store was away, or this machine asleep); nothing finished is lost: give the same command again"
            )

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()
        if not self._lost:
            with suppress(StoreError):  # it ends by itself
                self._delete()
