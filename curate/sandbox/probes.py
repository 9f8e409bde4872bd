"""Does a tier hold on this machine? Found by starting a server in it and running `canary.py` as a program: against a file, a key, a listener and a process that are there for it to reach.

"bubblewrap is installed" and "the kernel has Landlock" are no answers: containers forbid namespaces, kernels are built without, and a wrapper may do nothing.
"""

import contextlib
import json
import os
import secrets
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from curate.errors import SandboxError
from curate.sandbox import tiers
from curate.sandbox.inside import landlock
from curate.sandbox.supervisor import Limits, Program, Server, watch
from curate.sandbox.tiers import Tier

CURES: dict[str, str] = {
    "none": "",
    "namespaces": "install bubblewrap, and allow user namespaces or run as root with CAP_SYS_ADMIN",
    "landlock": "a kernel of 5.13 or later with Landlock switched on (lsm=landlock,...) and with seccomp",
}
KEY = "R1_CURATE_CANARY"
LIMITS = Limits(cpu_seconds=20, idle_seconds=20)

Start = Callable[[Tier], Server]


class Finding(NamedTuple):
    """What a probe found: whether the tier holds; else what a program could do, or why none could be run, and a cure."""

    tier: Tier
    holds: bool
    what: str
    cure: str


@contextlib.contextmanager
def _aims() -> Iterator[dict[str, str]]:
    """Things for the canary to reach: a readable file, a directory to write to, a key in this process's environment, and two listeners."""
    mark = f"canary-{secrets.token_hex(8)}"
    with tempfile.TemporaryDirectory() as directory, socket.socket() as tcp, socket.socket(socket.AF_UNIX) as abstract:
        os.chmod(directory, 0o777)  # so that only the sandbox keeps the canary out
        file = Path(directory) / "secret"
        file.write_text(mark)
        file.chmod(0o666)
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        abstract.bind("\0" + mark)
        abstract.listen()
        os.environ[KEY] = mark
        try:
            yield {
                "file": str(file),
                "target": str(Path(directory) / "written"),
                "port": str(tcp.getsockname()[1]),
                "abstract": mark,
                "pid": str(os.getpid()),
            }
        finally:
            del os.environ[KEY]


def canary(aims: dict[str, str]) -> str:
    """The canary's source with its aims."""
    source = Path(__file__).with_name("canary.py").read_text()
    return source.replace("AIMS: dict[str, str] = {}", f"AIMS = {aims!r}") + "\nmain()\n"


def probe(tier: Tier, start: Start = tiers.start) -> Finding:
    """Run the canary in that tier."""
    cure = CURES[tier.name]
    if tier.name == "landlock" and not landlock.abi():
        return Finding(tier, False, "the kernel offers no Landlock", cure)
    try:
        with _aims() as aims, contextlib.closing(start(tier)) as server:
            program = Program(server, {"way": "script", "source": canary(aims)}, LIMITS, stdin=b"")
            watch([program], lambda _program, _line: None)
            ending = program.ending()
            touched = Path(aims["target"]).exists() or not Path(aims["file"]).read_text()
    except (SandboxError, OSError) as error:
        return Finding(tier, False, str(error), cure)
    try:
        first, *more = ending.output.splitlines()
        could = [*json.loads(first), *(["execute another program"] if more else [])]
    except (ValueError, TypeError):
        return Finding(
            tier, False, f"the canary did not run: {ending.errors[-200:].decode(errors='replace').strip() or ending.status}", cure
        )
    if could or touched:
        return Finding(tier, False, f"a program in it can {', '.join(could) or 'write a file outside'}", cure)
    return Finding(tier, True, "", cure)
