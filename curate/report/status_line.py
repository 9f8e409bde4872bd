"""A line that says how something is getting on: redrawn on a terminal, printed every half minute elsewhere, silent when quiet.

A stream that goes away (a terminal that was closed, a pipe without a reader) ends the showing and never the work.
"""

import os
import shutil
import time
from collections.abc import Callable
from typing import IO

from curate.report.text import columns_of, visible

REDRAW_SECONDS = 0.2
LINE_SECONDS = 30.0


class StatusLine:
    """Shows lines on `stream`. `clock` gives seconds and `width` the columns of the terminal, both for tests."""

    def __init__(
        self,
        stream: IO[str],
        quiet: bool = False,
        *,
        clock: Callable[[], float] = time.monotonic,
        width: Callable[[], int] = lambda: shutil.get_terminal_size().columns,
    ) -> None:
        self._stream = stream
        self._quiet = quiet
        self._clock = clock
        self._width = width
        self._terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._shown = self.started = clock()
        self._drawn = 0  # columns of the line that stands on the terminal
        self._closed = False

    @property
    def silent(self) -> bool:
        """Whether nothing is shown any more."""
        return self._quiet or self._closed

    def offer(self, line: Callable[[float], str]) -> None:
        """Show what `line` makes of the present time, if it is time to show something."""
        if self.silent:
            return
        now = self._clock()
        if now - self._shown >= (REDRAW_SECONDS if self._terminal else LINE_SECONDS):
            self._show(line(now), now)

    def note(self, text: str) -> None:
        """Print a line of its own, above the redrawn one."""
        if not self.silent:
            self._write(("\r\x1b[K" if self._drawn else "") + visible(text) + "\n")
            self._drawn = 0

    def close(self, last: Callable[[float], str] | None = None) -> None:
        """Stop showing; `last` makes a line that stays, without it the line is taken away. May be called more than once."""
        if self.silent:
            return
        if last is not None:
            now = self._clock()
            self._show(last(now), now)
        if self._drawn:
            self._write("\n" if last is not None else "\r\x1b[K")
        self._closed = True

    def _show(self, line: str, now: float) -> None:
        self._shown = now
        if not self._terminal:
            self._write(line + "\n")
            return
        room = self._width() - 1
        while columns_of(line) > room and "  " in line:
            # the ETA, which stands last, is worth more than what stands before it
            *head, _, last = line.split("  ")
            line = "  ".join([*head, last]) if head else last
        line = line[: max(room, 0)]
        self._write("\r" + line + "\x1b[K")
        self._drawn = len(line)

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._quiet = True
