"""One worker process: its limits, its environment, its pipes, and its end."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass

_SECRET = re.compile(r"(^|_)(API_?KEY|KEY|TOKEN|PAT|CREDENTIALS?)$|SECRET|PASSW|PASSPHRASE", re.IGNORECASE)
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one verdict may use: `cpu_seconds` of its process's CPU time, `memory_bytes` of data, and `wall_seconds` if it sleeps."""

    cpu_seconds: float = 5.0
    wall_seconds: float = 60.0
    memory_bytes: int = 2 << 30

    def times(self, factor: int, processes: int) -> "Limits":
        """The limits of a second attempt. Memory ends at half of this machine's, shared by `processes`: a verdict must not take down what it runs beside."""
        half = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2 // processes
        return Limits(self.cpu_seconds * factor, self.wall_seconds * factor, max(self.memory_bytes, min(self.memory_bytes * factor, half)))


def environment() -> dict[str, str]:
    """The parent's environment without what looks like a secret, with the parent's import path and a fixed hash seed."""
    kept = {name: value for name, value in os.environ.items() if not _SECRET.search(name)}
    path = os.pathsep.join(os.path.abspath(p) for p in sys.path)  # "" is the current directory
    return {**kept, **_ONE_THREAD, "PYTHONPATH": path, "PYTHONHASHSEED": "0"}


class WorkerProcess:
    """A started worker. `sink` takes cases and `source` gives answers; both are non-blocking descriptors of this process. Raises OSError where none can be started."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._closed = False
        child_in, self.sink = os.pipe()
        self.source, child_out = os.pipe()
        numbers = [str(n) for n in (child_in, child_out, os.getpid(), limits.cpu_seconds, limits.memory_bytes)]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-W", "ignore", "-m", "curate.verifiers.worker", *numbers],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(child_in, child_out),
                env=environment(),
                start_new_session=True,  # a terminal's Ctrl-C is the parent's business; and its children can be killed with it
            )
        except OSError:
            os.close(self.sink)
            os.close(self.source)
            raise
        finally:
            os.close(child_in)
            os.close(child_out)
        os.set_blocking(self.sink, False)
        os.set_blocking(self.source, False)

    def exited(self) -> bool:
        """Whether it has ended by itself; it is not reaped, so that its process group can still be killed."""
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def runnable(self) -> bool:
        """Whether it is running or waiting for a CPU, as opposed to sleeping."""
        try:
            with open(f"/proc/{self._process.pid}/stat", "rb") as f:
                return f.read().rpartition(b")")[2].split()[0] == b"R"
        except OSError:
            return False

    def kill(self) -> None:
        """Kill it and whatever it started, and close the pipes. How it had ended by itself, if it had, is kept."""
        if self._closed:
            return
        self._closed = True
        os.close(self.sink)
        os.close(self.source)
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def gone(self) -> bool:
        """Whether it is dead and reaped."""
        return self._process.poll() is not None

    def ended_by(self, *signals: signal.Signals) -> bool:
        """Whether one of these signals ended it; waits for the end of a process that was killed."""
        return -self._process.wait() in signals

    def ending(self) -> str:
        """How it ended, in words."""
        status = self._process.wait()
        if status < 0:
            return f"signal {-status} ({signal.Signals(-status).name})"
        return f"exit status {status}"
