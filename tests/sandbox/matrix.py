"""Judges every hostile and every control program in one tier and says what was wrong: `python -m tests.sandbox.matrix TIER[:ABI] [PART/PARTS]`, one JSON object.

It is a process of its own so that it can run as another user. Around the programs it sets out what they aim at, and afterwards looks whether anything was touched or left behind.
"""

import json
import os
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from curate import sandbox
from curate.records import Answer, make_prompt
from curate.verifiers import code
from tests.sandbox import hostile, hostile_objects
from tests.sandbox.hostile import Program

HOSTILE = hostile.HOSTILE + hostile_objects.HOSTILE
CONTROLS = hostile.CONTROLS + hostile_objects.CONTROLS
GOLDS = hostile.GOLDS | hostile_objects.GOLDS

# what a program calls that got somewhere: the last line of stderr is in the verdict's reason
LEAK = """
def LEAK(*what):
    import os
    os.write(2, b"LEAK %r" % (what,))
    os._exit(77)
"""


def processes() -> set[int]:
    """The processes below this one."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found = {os.getpid()}
    while more := {p for p, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def settled(count: int) -> int:
    """How many processes there are, when programs that have said all have had a moment to end."""
    for _ in range(300):
        if len(processes()) <= count:
            break
        time.sleep(0.01)
    return len(processes())


def judge(program: Program, way: str, aims: dict[str, str]) -> tuple[Any, float]:
    """The verdict and how long it took."""
    source = program.source
    if way != "stdin" and "solve" not in source and "defined" not in program.name:
        source = f"def solve(a, b):\n    return 0\n{source}"  # a program without the function is not even run
    if "AIMS" in source or "LEAK" in source:
        source = f"AIMS = {aims!r}\n{LEAK}\n{source}"
    source = source.replace("x = DEEP", "x = " + "(" * 5000 + ")" * 5000)
    text = f"```python\n{source}\n```"
    started = time.monotonic()
    verdict = code.verify(Answer(text, None, text, "stop"), make_prompt("q", verifier="code", gold=GOLDS[way]))
    return verdict, time.monotonic() - started


def main() -> None:
    os.environ["R1_CURATE_SANDBOX"] = sys.argv[1]
    part, parts = (int(n) for n in sys.argv[2].split("/")) if len(sys.argv) > 2 else (0, 1)
    os.environ["OPENAI_API_KEY"] = "canary-key"
    found: dict[str, Any] = {"tier": sandbox.tier()._asdict(), "uid": os.getuid(), "judged": 0, "slowest": (0.0, ""), "bad": []}
    with tempfile.TemporaryDirectory() as directory, socket.socket() as tcp, socket.socket(socket.AF_UNIX) as abstract:
        os.chmod(directory, 0o777)
        file = Path(directory) / "secret"
        file.write_text("canary")
        file.chmod(0o666)
        before = file.stat()
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        tcp.setblocking(False)
        abstract.bind(f"\0canary{os.getpid()}")
        abstract.listen()
        abstract.setblocking(False)
        aims = {
            "file": str(file),
            "target": str(Path(directory) / "written"),
            "port": str(tcp.getsockname()[1]),
            "abstract": f"canary{os.getpid()}",
            "pid": str(os.getpid()),
        }
        judge(CONTROLS[0], "function", aims)
        judge(CONTROLS[0], "tester", aims)
        time.sleep(0.1)
        running, descriptors = len(processes()), len(os.listdir("/proc/self/fd"))
        for wanted, programs in ((("wrong", "unverifiable"), HOSTILE), (("correct",), CONTROLS)):
            for program in programs[part::parts]:
                for way in program.ways.split():
                    verdict, seconds = judge(program, way, aims)
                    found["judged"] += 1
                    text = json.dumps([verdict.reason, verdict.detail])
                    if verdict.status not in wanted or "LEAK" in text or "canary" in text.replace("canary.py", ""):
                        found["bad"].append([program.name, way, verdict.status, verdict.reason])
                    found["slowest"] = max(found["slowest"], (round(seconds, 2), program.name))
                    after = file.stat()
                    if (after.st_mode, after.st_mtime_ns, file.read_text()) != (before.st_mode, before.st_mtime_ns, "canary"):
                        found["bad"].append([program.name, way, "touched a file"])
                        file.write_text("canary")
                        before = file.stat()
                    if sorted(os.listdir(directory)) != ["secret"]:
                        found["bad"].append([program.name, way, f"left {os.listdir(directory)}"])
                    for listener in (tcp, abstract):
                        try:
                            listener.accept()[0].close()
                            found["bad"].append([program.name, way, "connected"])
                        except BlockingIOError:
                            pass
        found["processes"] = settled(running) - running
        found["descriptors"] = len(os.listdir("/proc/self/fd")) - descriptors
        sandbox.close()
        time.sleep(0.3)
        found["left"] = len(processes()) - 1
    print(json.dumps(found))


if __name__ == "__main__":
    main()
