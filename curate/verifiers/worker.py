"""The process that runs verifiers for `pool.py`: `python -P -m curate.verifiers.worker IN OUT PARENT CPU_SECONDS MEMORY_BYTES`.

IN and OUT are descriptors of pipes of their own, so nothing that a verifier prints can reach the protocol. One JSON array a line:

    in    [id, verifier, [Answer fields], [Prompt fields]]
          drop ID                           forget the cases that were not begun, other than this one: another process has them now
    out   ["ready"]                         once, at the start
          ["dropped"]                       no case of those to be forgotten will be answered from here on
          [id, "verdict", [Verdict fields]]
          [id, "usage", sentence]           the verifier cannot be loaded: the caller's mistake, not a verdict
          [id, "crash", what happened]      the verifier raised, or returned something else
          [id, "working", null]             before any of these: the verifier waits for a process of its own that is at work (curate/pulse.py)

CPU time is bounded by ITIMER_PROF, armed when a verdict begins and ended by the kernel with SIGPROF: it counts this process's own time, so the machine's load does not change a verdict, and it
needs no cooperation of the code that runs. What it does not bound: sleeping (the pool's wall clock does) and processes that a verifier starts (they die with the worker).
"""

import ctypes
import gc
import math
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections import deque
from dataclasses import fields
from operator import attrgetter
from typing import Any, get_args

from curate import pulse
from curate.errors import UsageError
from curate.records import DECIDED, Status, Verdict
from curate.verifiers import Verifier, resolve, wire

PR_SET_PDEATHSIG = 1
STATUSES = frozenset(get_args(Status))
LOOK = 0.005  # seconds between looks at what else is asked, while there is work
LONGEST_TEXT = 20_000  # characters of a verdict's reason or extracted answer that are kept
_FIELDS = attrgetter(*(f.name for f in fields(Verdict)))


def die_with(parent: int) -> None:
    """Ask the kernel to kill this process when its parent is gone, which may already be the case."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _checked(verdict: object, name: str, version: str) -> list[Any]:
    """The fields of the verdict, stamped with its verifier; raises TypeError or ValueError for anything that is none."""
    if not isinstance(verdict, Verdict):
        raise TypeError(f"the verifier returned {type(verdict).__name__}, not a Verdict")
    status, score, reason, extracted, verifier, verifier_version, detail = _FIELDS(verdict)
    if status not in STATUSES:
        raise ValueError(f"the verifier returned the status {status!r}")
    if (status in DECIDED) != (score is not None) or (score is not None and not math.isfinite(score)):
        raise ValueError(
            f"the verifier returned {status} with the score {score}: a score is a finite number exactly where the sample was judged"
        )
    if detail is not None and (not isinstance(detail, str) or len(detail) > LONGEST_TEXT):
        raise ValueError(f"the verifier returned a detail that is no text of at most {LONGEST_TEXT} characters")
    return [
        status,
        None if score is None else float(score),
        str(reason)[:LONGEST_TEXT],
        None if extracted is None else str(extracted)[:LONGEST_TEXT],
        verifier or name,
        verifier_version or version,
        detail,
    ]


def _what(error: BaseException) -> str:
    """An exception and the line that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}"[:500] + where


class Worker:
    """Verifiers by name, loaded once, and the answer to one line."""

    def __init__(self, cpu_seconds: float) -> None:
        self.cpu_seconds = cpu_seconds
        self.loaded: dict[str, tuple[Verifier, str]] = {}
        self.number = -1  # of the case that it works on

    def answer(self, line: bytes | bytearray) -> list[Any]:
        number, name, answer, prompt = wire.case_of(line)
        self.number = number
        if name not in self.loaded:
            try:
                self.loaded[name] = resolve(name)
            except UsageError as error:
                return [number, "usage", str(error)]
            except BaseException as error:  # its module is the user's code: whatever it raises, it cannot be loaded
                return [number, "usage", f"the verifier {name} cannot be loaded: {_what(error)}"]
        verifier, version = self.loaded[name]
        try:
            signal.setitimer(signal.ITIMER_PROF, self.cpu_seconds)
            try:
                verdict = verifier(answer, prompt)
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            checked = _checked(verdict, name, version)
        except UsageError as error:
            return [number, "usage", str(error)]
        except BaseException as error:  # SystemExit and others that derive from BaseException are no verdict either
            return [number, "crash", _what(error)]
        return [number, "verdict", checked]


def _send(sink: int, reply: list[Any]) -> None:
    left = memoryview(wire.dump(reply))
    while left:
        left = left[os.write(sink, left) :]


def main() -> None:
    source, sink, parent = (int(a) for a in sys.argv[1:4])
    die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    memory = int(sys.argv[5])
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    with open("/proc/self/oom_score_adj", "w") as f:
        f.write("1000")  # where memory runs out all the same, a verifier goes before the model does
    worker = Worker(float(sys.argv[4]))
    gc.set_threshold(
        20_000, 50, 100
    )  # verdicts leave few cycles behind, and looking for them after every few hundred objects is a tenth of the work

    pulse.listener = lambda: _send(sink, [worker.number, "working", None])
    _send(sink, ["ready"])
    cases: deque[bytes | bytearray] = deque()
    unread = bytearray()
    looked = 0.0
    poll = select.poll()
    poll.register(source, select.POLLIN | select.POLLHUP)
    while True:
        while not cases or time.monotonic() - looked > LOOK:
            looked = time.monotonic()
            if cases and not poll.poll(0):
                break
            chunk = os.read(source, 1 << 18)
            if not chunk:
                os._exit(0)  # the parent closed its end: nobody waits for the cases left, or for threads and exit handlers of a verifier
            unread += chunk
            if b"\n" in chunk:  # so that a long line is put together in linear time
                *lines, unread = unread.split(b"\n")
                for line in lines:
                    if line.startswith(b"drop "):
                        kept = b"[%d," % int(line[5:])
                        cases = deque(case for case in cases if case.startswith(kept))
                        _send(sink, ["dropped"])
                    else:
                        cases.append(line)
        _send(sink, worker.answer(cases.popleft()))


if __name__ == "__main__":
    main()
