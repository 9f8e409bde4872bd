"""The process of one lane: `python -P -m curate.filtering.worker PARENT`. JSON lines on stdin and stdout, whatever a user's own filter prints goes to stderr.

    in   {"job": ...}                              once
    out  {"ready": true}                           or {"error": sentence}
    in   {"unit": ..., "files": {part: path}, "sketches": path or null, "scores": path or null}
    out  {"looked": rows}                          the sketches of those that may stay lie in their file
    in   {"said": [null or [of, kind, similarity], ...]}
    out  {"done": {"written": {part: [bytes, sha256, rows]}, "funnel": ..., "faults": [...], "cut": ...}}

At any point {"error": sentence, "usage": true or false} says that the run cannot go on. It dies with its parent.
"""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from curate.errors import CurateError, UsageError
from curate.filtering.job import Job
from curate.filtering.units import Unit
from curate.filtering.work import Work
from curate.filters.dedup import Repeat
from curate.verifiers.worker import die_with


def write(path: Path, data: bytes) -> None:
    """A file that is whole or not there."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(data)
    temporary.replace(path)


def main() -> None:
    die_with(int(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(**reply: Any) -> None:
        out.write(json.dumps(reply) + "\n")
        out.flush()

    def heard() -> Any:
        line = sys.stdin.readline()
        if not line:
            os._exit(0)  # the parent is done, or gone
        return json.loads(line)

    try:
        work = Work(Job.from_json(heard()["job"]))
        say(ready=True)
        while True:
            order = heard()
            unit = Unit(**order["unit"])
            scores = None if order["scores"] is None else json.loads(Path(order["scores"]).read_bytes())
            found = work.look(unit, scores)
            if order["sketches"] is not None:
                write(Path(order["sketches"]), found.all_sketches().as_bytes())
            say(looked=found.rows)
            said = [None if r is None else Repeat(*r) for r in heard()["said"]]
            done = work.write(unit, found, said, {part: Path(p) for part, p in order["files"].items()})
            say(done={"written": done.written, "funnel": done.funnel, "faults": list(done.faults), "cut": done.cut})
            del found, said, done
    except CurateError as error:
        say(error=str(error), usage=isinstance(error, UsageError))
    except OSError as error:
        say(error=f"{error.strerror or error}{f' ({error.filename})' if error.filename else ''}", usage=False)


if __name__ == "__main__":
    main()
