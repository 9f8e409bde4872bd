"""The processes that filter, one a lane, each with one unit at a time, and the order in which duplicates are decided.

A process that dies costs the unit that it had, which is done once more in a new one; a unit that two processes died of is left out, and said. Duplicates are decided in the order of the units, so they do not
depend on which process was faster: a unit that is looked at early waits for those before it, holding its rows.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from curate.errors import CurateError, UsageError
from curate.filtering.job import Job
from curate.filtering.units import Unit
from curate.filters.dedup import Repeat
from curate.verifiers.process import environment

LONGEST_LINE = 1 << 28
ATTEMPTS = 2


class Died(Exception):
    """A lane's process ended before it answered; the text says how."""


class Lane:
    """One process. `open` starts it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._process: asyncio.subprocess.Process | None = None

    async def open(self) -> None:
        """Start the process and give it the job. Raises what the job makes it raise, and a CurateError where the process ends before it has a unit: that is no unit's fault."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-W",
            "ignore",
            "-m",
            "curate.filtering.worker",
            str(os.getpid()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment(),
            limit=LONGEST_LINE,
            start_new_session=True,
        )
        try:
            await self.ask(job=self.job.as_json())
        except Died as died:
            raise CurateError(f"a process that filters ended at its start ({died}): does the import of a filter of yours end it?") from died

    async def ask(self, **order: Any) -> dict[str, Any]:
        """An order and its answer. Raises Died, UsageError or CurateError."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError, ConnectionResetError):  # it is dead, which its silence says
            process.stdin.write(json.dumps(order).encode() + b"\n")
            await process.stdin.drain()
        line = await process.stdout.readline()
        if not line:
            code = await process.wait()
            raise Died(f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise (UsageError if answer["usage"] else CurateError)(answer["error"])
        return answer

    async def close(self) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            if process.stdin is not None:
                process.stdin.close()


class Turns:
    """Lets units go in their order: `turn(unit)` waits for those before it, `over(unit)` is said once a unit is decided or given up."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._events = {unit.number: asyncio.Event() for unit in units}
        self._before = dict(zip((u.number for u in units[1:]), (u.number for u in units), strict=False))

    async def turn(self, unit: Unit) -> None:
        """Wait until the unit before this one is decided."""
        if unit.number in self._before:
            await self._events[self._before[unit.number]].wait()

    def over(self, unit: Unit) -> None:
        """This one is."""
        self._events[unit.number].set()


async def work(
    units: Sequence[Unit],
    job: Job,
    lanes: int,
    *,
    files: Callable[[Unit], Mapping[str, Path]],
    sketches: Callable[[Unit], Path | None],
    scores: Callable[[Unit], Path | None],
    decide: Callable[[Unit], Sequence[Repeat | None]],
    publish: Callable[[Unit, Mapping[str, Any]], None],
    given_up: Callable[[Unit, str], None],
    reused: Callable[[Unit], bool],
) -> None:
    """Do all units with so many processes. `decide` says what each sketched row of a unit repeats, in the order of the units; `publish` takes a unit's files; `given_up` is told of a unit that cannot be
    done; a unit that is `reused` is only decided. The first error ends everything."""
    turns = Turns(units)
    waiting = iter(units)
    decided: dict[int, Sequence[Repeat | None]] = {}  # of units that a second process has to write

    async def one(lane: Lane, unit: Unit) -> None:
        order = {
            "unit": {f: getattr(unit, f) for f in unit.__slots__},
            "files": {part: str(path) for part, path in files(unit).items()},
            "sketches": None if (path := sketches(unit)) is None else str(path),
            "scores": None if (path := scores(unit)) is None else str(path),
        }
        await lane.ask(**order)
        if unit.number not in decided:
            await turns.turn(unit)
            decided[unit.number] = decide(unit)
            turns.over(unit)
        answer = await lane.ask(said=decided[unit.number])
        publish(unit, answer["done"])
        del decided[unit.number]

    async def run() -> None:
        lane = Lane(job)
        opened = False
        try:
            for unit in waiting:
                if reused(unit):
                    await turns.turn(unit)
                    decide(unit)
                    turns.over(unit)
                    continue
                for attempt in range(ATTEMPTS):
                    if not opened:
                        await lane.open()
                        opened = True
                    try:
                        await one(lane, unit)
                        break
                    except Died as died:
                        await lane.close()
                        opened = False
                        if attempt + 1 == ATTEMPTS:
                            await turns.turn(unit)
                            turns.over(unit)
                            given_up(unit, str(died))
        finally:
            await lane.close()

    tasks = [asyncio.ensure_future(run()) for _ in range(min(lanes, max(1, len(units))))]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
