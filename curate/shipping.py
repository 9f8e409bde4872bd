"""A run's log on its way to an object store, and back from there on another machine.

The log is appended to on this machine, as always (curate/completions.py). What is on disk goes up every SECONDS as a piece, `000003-5f2a.log.000000123456`, named by the byte at which it begins; a log that
is no longer written goes up whole with its index, and its pieces are removed. So a committed request is never paid for twice by this machine, as far as the last tenth of a second; by another machine, which
has only the store, as far as the last upload. Before a shard is published the log goes up, so the store never has rows without the completions that they were made from.

Every writer's log has a name of its own, and a log only grows. So of two copies one is the beginning of the other and the longer one is the right one, whichever machine worked on when.
"""

import os
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from curate.completions import Completions
from curate.errors import StoreError
from curate.objects import AT_ONCE, ObjectPlace
from curate.storage import Place

SECONDS = 10.0  # between uploads: what another machine may have to ask anew
FOLDER = "completions"
_PIECE = re.compile(r"(.+\.log)\.(\d{12})\Z")


class Shipping:
    """The log of a run in `place`, which this process holds. `close` comes after the store's own, and uploads what is left."""

    def __init__(self, place: ObjectPlace) -> None:
        self._place = place
        self._folder = place.scratch / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)
        self._store: Completions | None = None
        self._on_failure: Callable[[StoreError], object] | None = None
        self._ending = threading.Event()
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._ship_forever, name="shipping", daemon=True)
        self._whole: dict[str, int] = {}  # logs that are up in one object, and their bytes
        self._pieces: dict[str, list[tuple[int, int]]] = {}  # of the others where each piece begins and ends
        self._look()

    def _look(self) -> None:
        for name, size in self._place.sizes(FOLDER).items():
            piece = _PIECE.match(name)
            if size is not None and piece:
                begin = int(piece[2])
                self._pieces.setdefault(piece[1], []).append((begin, begin + size))
            elif size is not None and name.endswith(".log"):
                self._whole[name] = size

    def fetch(self) -> None:
        """Bring here what the store has and this machine has not. Raises StoreError."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._fetch, sorted({*self._whole, *self._pieces})))

    def _fetch(self, name: str) -> None:
        target = self._folder / name
        here = target.stat().st_size if target.exists() else 0
        pieces = self._joined(name)
        whole = self._whole.get(name, 0)
        if here >= max(whole, pieces[-1][1] if pieces else 0):
            return
        target.unlink(missing_ok=True)
        if pieces and pieces[-1][1] > whole:
            data = [self._place.read(f"{FOLDER}/{name}.{begin:012d}") or b"" for begin, _ in pieces]
            temporary = target.with_name(f".{name}.tmp")
            with temporary.open("wb") as file:
                file.writelines(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(target)
            return
        self._place.fetch(f"{FOLDER}/{name}", target)
        index = target.with_suffix(".index")
        if self._place.size(f"{FOLDER}/{index.name}") is not None:
            index.unlink(missing_ok=True)
            self._place.fetch(f"{FOLDER}/{index.name}", index)

    def _joined(self, name: str) -> list[tuple[int, int]]:
        """The pieces of a log that follow each other without a gap from its first byte on."""
        found: list[tuple[int, int]] = []
        for begin, end in sorted(self._pieces.get(name, [])):
            if begin == (found[-1][1] if found else 0):
                found.append((begin, end))
        return found

    def start(self, store: Completions, on_failure: Callable[[StoreError], object]) -> None:
        """Upload from now on what `store` commits. `on_failure` is called, in a thread of ours, with the error that ended it."""
        self._store, self._on_failure = store, on_failure
        self._thread.start()

    def _ship_forever(self) -> None:
        while not self._ending.wait(SECONDS):
            try:
                self._ship()
            except StoreError as error:
                assert self._on_failure is not None
                self._on_failure(error)
                return

    def flush(self) -> None:
        """Upload all that was appended until now. Raises StoreError."""
        assert self._store is not None
        self._store.flush()
        self._ship()

    def close(self) -> None:
        """Upload the rest. Raises StoreError where that fails: this machine has it all the same, and the same command goes on here."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()
        self._ship()

    def _ship(self) -> None:
        with self._turn:
            self._ship_all()

    def _ship_all(self) -> None:
        logs = sorted(self._folder.glob("*.log"))  # before the store is asked: a log that was begun since waits for the next time
        live = self._store.live() if self._store is not None else None
        for path in logs:
            if live is not None and path == live[0]:
                self._ship_piece(path, live[1])
            elif self._whole.get(path.name) != path.stat().st_size:
                self._ship_whole(path)

    def _ship_piece(self, path: Path, end: int) -> None:
        pieces = self._pieces.setdefault(path.name, [])
        begin = pieces[-1][1] if pieces else 0
        if end > begin:
            with path.open("rb") as file:
                file.seek(begin)
                self._place.write(f"{FOLDER}/{path.name}.{begin:012d}", file.read(end - begin))
            pieces.append((begin, end))

    def _ship_whole(self, path: Path) -> None:
        index = path.with_suffix(".index")
        if index.exists():
            self._place.upload(index, f"{FOLDER}/{index.name}")
        self._place.upload(path, f"{FOLDER}/{path.name}")
        self._whole[path.name] = path.stat().st_size
        for begin, _ in self._pieces.pop(path.name, []):
            self._place.delete(f"{FOLDER}/{path.name}.{begin:012d}")


def shipping_of(place: Place) -> Shipping | None:
    """What takes the log of a run in `place` to its store, having fetched what is there; None where the place is a directory here."""
    if not isinstance(place, ObjectPlace):
        return None
    shipping = Shipping(place)
    shipping.fetch()
    return shipping
