"""Cases on their way through the pool, and who waits for them."""

import asyncio

from curate.errors import CurateError
from curate.records import Answer, Prompt, Verdict
from curate.verifiers import wire


class Batch:
    """Cases that one caller waits for: their verdicts, how many are still to come, and the future that gets all of them or the first error."""

    __slots__ = ("future", "left", "verdicts")

    def __init__(self, count: int, future: asyncio.Future[list[Verdict]]) -> None:
        self.verdicts: list[Verdict] = [PENDING] * count
        self.left = count
        self.future = future


PENDING = Verdict("unverifiable")


class Case:
    """A case, and whose it is. Its line for the worker is written when it is sent, so that the first cases of many are at work while the last are still to be written."""

    __slots__ = ("answer", "at", "batch", "kills", "name", "number", "prompt", "since")

    def __init__(self, number: int, name: str, answer: Answer, prompt: Prompt, batch: Batch, at: int, since: float) -> None:
        self.number, self.name, self.answer, self.prompt, self.batch, self.at, self.since = number, name, answer, prompt, batch, at, since
        self.kills = 0

    def line(self) -> bytes:
        """The case as a worker reads it."""
        return wire.case(self.number, self.name, self.answer, self.prompt)

    @property
    def unwanted(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.batch.future.done()

    def settle(self, verdict: Verdict) -> None:
        """Its verdict."""
        batch = self.batch
        batch.verdicts[self.at] = verdict
        batch.left -= 1
        if not batch.left and not batch.future.done():
            batch.future.set_result(batch.verdicts)

    def fail(self, error: CurateError) -> None:
        """It has none, and whoever waits for it or for others with it gets the error."""
        if not self.batch.future.done():
            self.batch.future.set_exception(error)
