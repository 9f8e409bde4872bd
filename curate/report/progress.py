"""How a run is getting on: one line that is redrawn on a terminal, a plain line every half minute elsewhere, nothing when quiet.

Rates are those of the last minute, not the mean since the start: an engine that slowed down is seen at once, and the remaining time follows. `update` is called for every finished request, so it
stores a few numbers and looks at the clock; the line is built only when it is shown.
"""

import shutil
import time
from collections import deque
from collections.abc import Callable
from typing import IO, Any, NamedTuple

from curate.report.status_line import StatusLine
from curate.report.text import number, percent

WINDOW_SECONDS = 60.0
MARK_SECONDS = 1.0  # how often a point of the window is kept


class Counters(NamedTuple):
    """What `update` takes, all absolute. `reused_accepted` of the accepted came from finished shards and cost nothing in this call."""

    prompts_done: int = 0
    prompts_total: int = 0
    accepted: int = 0
    reused_accepted: int = 0
    wanted: int | None = None
    sampled: int = 0
    output_tokens: int = 0
    in_flight: int = 0
    spent_usd: float | None = None


def duration(seconds: float) -> str:
    """Seconds as `4:05` or `1:02:03`, days in front where there are any."""
    whole = max(0, round(seconds))
    days, rest = divmod(whole, 86400)
    hours, rest = divmod(rest, 3600)
    clock = f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours or days else f"{rest // 60}:{rest % 60:02d}"
    return f"{days} d {clock}" if days else clock


class Progress:
    """Shows the counters of a run on `stream`. `wanted` is the number of accepted samples asked for, None where there is none; money is shown where `spent_usd` is given.

    `clock` gives seconds and `width` the columns of the terminal, both for tests; a stream that goes away ends the showing and never the run.
    """

    def __init__(
        self,
        total_prompts: int,
        stream: IO[str],
        quiet: bool = False,
        wanted: int | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        width: Callable[[], int] = lambda: shutil.get_terminal_size().columns,
    ) -> None:
        self._status = StatusLine(stream, quiet, clock=clock, width=width)
        self._clock = clock
        self._now = Counters(prompts_total=total_prompts, wanted=wanted)
        self._window: deque[tuple[float, Counters]] = deque()
        self._ended = False

    def update(self, **counters: Any) -> None:
        """Take new values of any of the `Counters`; shows them where it is time to."""
        self._now = self._now._replace(**counters)
        if self._status.silent:
            return
        now = self._clock()
        if not self._window or now - self._window[-1][0] >= MARK_SECONDS:
            self._window.append((now, self._now))
            while len(self._window) > 2 and now - self._window[1][0] >= WINDOW_SECONDS:
                self._window.popleft()
        self._status.offer(self.line)

    def note(self, text: str) -> None:
        """Print a line of its own, above the redrawn one."""
        self._status.note(text)

    def close(self, final: bool = True) -> None:
        """Stop showing; `final` leaves a last line with the whole run's mean rates. May be called more than once."""
        if final:
            self._window = deque([(self._status.started, Counters())])
            self._ended = True
        self._status.close(self.line if final else None)

    def line(self, now: float) -> str:
        """The line at time `now`."""
        c = self._now
        since, before = self._window[0] if self._window else (self._status.started, Counters())
        seconds = now - since
        own = c.accepted - c.reused_accepted

        def rate(value: int) -> float | None:
            return value / seconds if seconds > 0 else None

        parts = [
            f"accepted {number(c.accepted)}" + ("" if c.wanted is None else f"/{number(c.wanted)}"),
            f"prompts {number(c.prompts_done)}/{number(c.prompts_total)}",
        ]
        parts.append(f"yield {percent(own / c.sampled if c.sampled else None)}")
        parts.append(f"{number(rate(c.sampled - before.sampled))} samples/s")
        parts.append(f"{number(rate(c.output_tokens - before.output_tokens))} tok/s")
        parts.append(f"{number(c.output_tokens / own if own > 0 else None)} tok/useful")
        if c.spent_usd is not None:
            parts.append(f"${c.spent_usd:.2f}")
        if c.in_flight:
            parts.append(f"{number(c.in_flight)} in flight")
        done = rate(c.prompts_done - before.prompts_done)
        if self._ended or c.prompts_done >= c.prompts_total:
            parts.append(f"time {duration(now - self._status.started)}")
        else:
            parts.append(f"ETA {duration((c.prompts_total - c.prompts_done) / done) if done else '-'}")
        return "  ".join(parts)
