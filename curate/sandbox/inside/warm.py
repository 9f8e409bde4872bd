"""Warms a forked process up for a program: what running one writes to is written to ahead, so that the copies of pages which a fork leaves to the first write are made while nobody waits for them.

It runs a short program of ours as a runner would, and keeps nothing of it. A longer one would warm up more, and cost the machine more than the programs gain where all its cores are busy.
"""

import json
import random
import types

from curate.sandbox.inside import plain

SOURCE = """
def warm(numbers, at=1):
    for i, number in enumerate(sorted(numbers)):
        if number == i:
            at += len(str(number))
    return [at, *numbers]
"""
CALL = "warm([3, 1])"


def up() -> None:
    """Run it."""
    job = json.loads(json.dumps({"source": SOURCE, "call": CALL}))
    names = types.ModuleType("warm").__dict__
    exec(compile(job["source"], "<warm>", "exec", dont_inherit=True), names)  # noqa: S102  # ours
    json.dumps(["value", 0, plain.write(eval(compile(job["call"], "<warm>", "eval", dont_inherit=True), names))]).encode()  # noqa: S307
    random.seed(0)
