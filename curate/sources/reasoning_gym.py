"""Puzzles that reasoning-gym generates: `reasoning_gym:TASK?param=value&size=100&seed=1`.

Parameters are the task's own, read as JSON where they are JSON. `seed` is 0 unless given and `size` the limit, else 500; so the same name always gives the same prompts, on every machine, which
needs a process of its own (gym_worker.py says why). The gold is the whole entry, since reasoning-gym's scorers want it; tasks whose scorer evaluates text need the sandbox (verifiers/logic.py).
"""

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import count
from pathlib import Path
from typing import Any

from curate.errors import MissingExtra, SourceError, UsageError
from curate.records import Prompt, canonical_json, digest, make_prompt
from curate.sources.base import NO_VERIFIER, SourceOptions, query_of
from curate.sources.table import filtered_prompts, limited

PACKAGE = "reasoning_gym"
SIZE = 500
LARGEST = 10_000_000
AT_ONCE = 64
# Tasks whose question names the possible answers: what a guess is worth there.
CHANCE = {
    "acre": 1 / 3,
    "circuit_logic": 0.5,
    "course_schedule": 0.5,
    "game_of_life_halting": 0.5,
    "isomorphic_strings": 0.5,
    "mahjong_puzzle": 1 / 3,
    "ransom_note": 0.5,
    "syllogism": 0.5,
}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


class ReasoningGym:
    """The prompts of one reasoning-gym task."""

    def __init__(self, spec: str, options: SourceOptions) -> None:
        name, query = query_of(spec, "source")
        self.task = name.partition(":")[2]
        if not self.task:
            raise UsageError("reasoning_gym needs a task: reasoning_gym:TASK, for example reasoning_gym:chain_sum")
        if options.mapping:
            raise UsageError(f"{spec} has its columns mapped already: leave --map out")
        try:
            self.revision: str | None = version(PACKAGE)
        except PackageNotFoundError as error:
            raise MissingExtra("reasoning-gym", "cpu", f"the source {name}") from error
        self.options = options
        self.name = f"reasoning_gym:{self.task}"
        self.verifier = None if options.verifier == NO_VERIFIER else options.verifier or "logic"
        if self.verifier == "logic":
            _check(self.task)
        self.params = {"seed": 0, "size": options.limit or SIZE} | {k: _value(v) for k, v in query.items()}
        for key, lowest, highest in (("seed", 0, 2**63 - 1), ("size", 1, LARGEST)):
            given = self.params[key]
            if not isinstance(given, int) or isinstance(given, bool) or not lowest <= given <= highest:
                raise UsageError(f"{spec}: {key} must be a whole number from {lowest} to {highest}, not {given!r}")
        self.skipped: Counter[str] = Counter()

    def fingerprint(self) -> str:
        """Task, parameters, the package's version and the options."""
        return digest([self.name, self.params, self.revision, self.options.identity()])

    def __iter__(self) -> Iterator[Prompt]:
        """The prompts, in the order of their index. Raises UsageError for a task or parameter that there is not, SourceError where reasoning-gym fails."""
        self.skipped = Counter()
        return limited(filtered_prompts(self._prompts(), self.options.where), self.options.limit)

    def _prompts(self) -> Iterator[Prompt]:
        worker = _worker()
        stream, domain = worker.open(self.task, self.params)
        try:
            done = False
            while not done:
                items, done = worker.take(stream)
                for item in items:
                    yield self._prompt(item, domain)
        finally:
            worker.close(stream)

    def _prompt(self, item: dict[str, Any], domain: str) -> Prompt:
        entry = item["entry"]
        gold: str | None = None
        if self.verifier == "logic":
            gold = canonical_json({"task": self.task, "entry": entry})
        elif self.verifier is not None:
            gold = entry["answer"]
        return make_prompt(
            entry["question"],
            verifier=self.verifier,
            gold=gold,
            language=self.options.language or "en",
            domain=self.options.domain or domain,
            chance=CHANCE.get(self.task, 0.0),
            mode=self.options.mode or "think",
            meta=canonical_json({"difficulty": item["difficulty"]} if item["difficulty"] else {}),
            source=self.name,
            source_id=f"{self.params['seed']}-{item['index']}",
            source_revision=self.revision,
            license="Apache-2.0",
        )


def _check(task: str) -> None:
    from curate.verifiers.logic import FAMILIES, REFUSED, check_task

    if task not in FAMILIES and task not in REFUSED:
        near = get_close_matches(task, FAMILIES, n=4, cutoff=0.5) or sorted(FAMILIES)[:12]
        raise UsageError(f"reasoning_gym has no task {task!r} that can be verified; near it are {', '.join(near)}")
    check_task(task)


class Worker:
    """The process that generates. One serves all sources; it ends with its standard input, so it cannot outlive its caller."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("gym_worker.py")
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            start_new_session=True,  # a terminal's Ctrl-C is for the caller
        )
        self._ids = count()
        self._lock = threading.Lock()
        self._closed: list[
            int
        ] = []  # told with the next request: a stream may be closed by the garbage collector, which must not wait for an answer
        self._gone = False

    @property
    def alive(self) -> bool:
        return not self._gone and self._process.poll() is None

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request. Raises SourceError where the process is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            closed, self._closed = self._closed, []
            try:
                self._process.stdin.write(json.dumps(request | {"closed": closed}).encode() + b"\n")
                self._process.stdin.flush()
                line = self._process.stdout.readline()
            except OSError:
                line = b""
        if not line:
            self._gone = True
            raise SourceError(
                "the process that generates reasoning-gym's items has died: is the machine out of memory? Run the command again"
            )
        found: dict[str, Any] = json.loads(line)
        return found

    def open(self, task: str, params: dict[str, Any]) -> tuple[int, str]:
        """A stream of items and the task's domain. Raises UsageError."""
        stream = next(self._ids)
        found = self.ask({"open": stream, "task": task, "params": params})
        if "refused" in found:
            raise UsageError(found["refused"])
        return stream, found["domain"]

    def take(self, stream: int) -> tuple[list[dict[str, Any]], bool]:
        """The next items, and whether they are the last. Raises SourceError."""
        found = self.ask({"next": stream, "count": AT_ONCE})
        if "failed" in found:
            raise SourceError(found["failed"])
        return found["items"], found["done"]

    def close(self, stream: int) -> None:
        """Forget a stream."""
        self._closed.append(stream)

    def end(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()  # it holds nothing that could be lost
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):  # a request that it died over is still in the buffer
            self._process.stdin.close()
        self._process.stdout.close()


@cache
def _shared() -> list[Worker]:
    return []


def _worker() -> Worker:
    shared = _shared()
    if shared and not shared[0].alive:
        shared.pop().end()
    if not shared:
        shared.append(Worker())
        atexit.register(shared[0].end)
    return shared[0]
