"""Ctrl-C and SIGTERM while a run is going on."""

import asyncio
import signal
import threading
from collections.abc import Callable
from typing import TextIO


class Signals:
    """Ctrl-C and SIGTERM stop a run cleanly; a second one leaves at once. In a thread other than the main one (a notebook) there is nothing to install."""

    def __init__(self, stop: Callable[[str], None], stream: TextIO) -> None:
        self._stop = stop
        self._stream = stream
        self._main = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> None:
        if self._main:
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, self._received, number)

    def _received(self, number: signal.Signals) -> None:
        for again in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().remove_signal_handler(again)
        print("\nstopping; what is finished is being saved (once more to leave at once)", file=self._stream, flush=True)
        self._stop("Ctrl-C" if number == signal.SIGINT else "SIGTERM")

    def __exit__(self, *_: object) -> None:
        if self._main:
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().remove_signal_handler(number)
