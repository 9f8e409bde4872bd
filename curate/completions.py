"""Every finished request of a run, by key: what makes resume, growth and replay possible.

An append-only log. Each writer has a file of its own in `completions/`, so nothing contends. A record is framed (magic, lengths, CRC32, key) around a zlib-compressed JSON payload. Records are
committed in groups: a thread writes and fsyncs what has gathered at most every 100 ms, so a crash costs at most what finished in the last tenth of a second. A torn tail is cut off when
the log is next opened for writing; damage in the middle costs the damaged record only, since reading goes on at the next magic. The directory is always one of this machine; curate/shipping.py takes
what it holds to an object store.

The index is rebuilt by reading frames, not payloads; a log that is no longer written keeps it in a sidecar file, so that opening a finished run of 600,000 requests does not read gigabytes.
Keys begin with the prompt's id, and prompts are worked on in the order of their ids: looking one prompt up touches one narrow range of each index.
"""

import fcntl
import json
import os
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import numpy.typing as npt

from curate.errors import StoreError
from curate.records import Completion, canonical_json

COMMIT_INTERVAL = 0.1  # seconds between group commits
SEGMENT_BYTES = 64 << 20  # a log is closed and indexed at this size, so that a crash never means reading more than this per writer
MAX_PAYLOAD = 256 << 20  # a frame that claims more is damage, not a completion

_MAGIC = b"\xc3R1\x0a"
_FRAME = struct.Struct(
    "<4sIII24s"
)  # magic, bytes of the compressed payload, bytes of the payload, CRC32 of lengths, key and compressed payload; key
_KEY = np.dtype("S24")  # numpy drops trailing NUL bytes of a value it hands out: `_Index` puts them back
_FIELDS = tuple(f.name for f in fields(Completion))


class Record(NamedTuple):
    """A committed request: which sample it is, which part of it (0: the first, 1: its continuation), and what came back."""

    prompt_id: str
    sample_index: int
    part: int
    completion: Completion


class Location(NamedTuple):
    """Where a record lies, to read it again without keeping its text in memory."""

    path: Path
    offset: int


def pack(key: str, record: Record) -> bytes:
    """One framed record. `key` is 48 hex digits."""
    completion = record.completion
    known = {name: value for name in _FIELDS if (value := getattr(completion, name)) is not None and value is not False}
    text = canonical_json([record.prompt_id, record.sample_index, record.part, known]).encode("utf-8", "surrogatepass")
    body = zlib.compress(text, 1)
    raw_key = bytes.fromhex(key)
    crc = zlib.crc32(raw_key + body, zlib.crc32(struct.pack("<II", len(body), len(text))))
    return _FRAME.pack(_MAGIC, len(body), len(text), crc, raw_key) + body


def _unpack(body: bytes, size: int) -> Record:
    prompt_id, index, part, known = json.loads(zlib.decompressobj().decompress(body, size).decode("utf-8", "surrogatepass"))
    for name in ("token_ids", "logprobs"):
        if name in known:
            known[name] = tuple(known[name])
    return Record(prompt_id, index, part, Completion(**{k: v for k, v in known.items() if k in _FIELDS}))


class _Frame(NamedTuple):
    key: str
    offset: int
    end: int
    body: bytes
    size: int


def _frames(file: IO[bytes]) -> Iterator[_Frame]:
    """The whole frames of a log, in order, skipping what is damaged."""
    offset = 0
    length = os.fstat(file.fileno()).st_size
    while offset + _FRAME.size <= length:
        file.seek(offset)
        head = file.read(_FRAME.size)
        magic, packed, size, crc, raw_key = _FRAME.unpack(head)
        if magic == _MAGIC and packed <= min(MAX_PAYLOAD, length - offset - _FRAME.size) and size <= MAX_PAYLOAD:
            body = file.read(packed)
            if zlib.crc32(raw_key + body, zlib.crc32(struct.pack("<II", packed, size))) == crc:
                end = offset + _FRAME.size + packed
                yield _Frame(raw_key.hex(), offset, end, body, size)
                offset = end
                continue
        offset = _next_magic(file, offset + 1, length)


def _next_magic(file: IO[bytes], start: int, length: int) -> int:
    step = 1 << 20
    while start < length:
        file.seek(start)
        found = file.read(step + len(_MAGIC)).find(_MAGIC)
        if found >= 0:
            return start + found
        start += step
    return length


def read_all(directory: Path) -> Iterator[tuple[str, Record]]:
    """Every committed record of a `completions/` directory, with its key. A request committed by two writers comes once."""
    seen: set[str] = set()
    for path in sorted(directory.glob("*.log")):
        with path.open("rb") as file:
            for frame in _frames(file):
                if frame.key not in seen:
                    seen.add(frame.key)
                    yield frame.key, _unpack(frame.body, frame.size)


class _Index(NamedTuple):
    """Sorted raw keys of one log and where their records begin."""

    keys: npt.NDArray[np.bytes_]
    offsets: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, entries: list[tuple[bytes, int]]) -> "_Index":
        keys = np.array([key for key, _ in entries], dtype=_KEY)
        order = np.argsort(keys, kind="stable")
        return cls(keys[order], np.array([offset for _, offset in entries], dtype=np.uint64)[order])

    def within(self, prefix: bytes) -> Iterator[tuple[str, int]]:
        """Key and offset of the records whose key begins with `prefix`."""
        if len(self.keys) == 0 or self.keys[0] > prefix.ljust(24, b"\xff") or self.keys[-1] < prefix:
            return
        first = int(np.searchsorted(self.keys, np.array(prefix, dtype=_KEY)))
        last = int(np.searchsorted(self.keys, np.array(prefix.ljust(24, b"\xff"), dtype=_KEY), side="right"))
        for position in range(first, last):
            yield bytes(self.keys[position]).ljust(24, b"\0").hex(), int(self.offsets[position])


def _load_index(path: Path) -> tuple[_Index, bool]:
    """The index of a log, and whether it came from its sidecar (which must fit the log's size) rather than from the log itself."""
    sidecar = path.with_suffix(".index")
    if sidecar.exists():
        data = np.memmap(sidecar, dtype=np.uint8, mode="r") if sidecar.stat().st_size else np.empty(0, np.uint8)
        count, rest = divmod(len(data) - 8, _KEY.itemsize + 8)
        if count >= 0 and rest == 0 and int(data[:8].view("<u8")[0]) == path.stat().st_size:
            split = 8 + count * _KEY.itemsize
            return _Index(data[8:split].view(_KEY), data[split:].view(np.uint64)), True
    with path.open("rb") as file:
        return _Index.of([(bytes.fromhex(f.key), f.offset) for f in _frames(file)]), False


def _write_index(path: Path, index: _Index) -> None:
    sidecar = path.with_suffix(".index")
    temporary = sidecar.with_suffix(".tmp")
    with temporary.open("wb") as file:
        file.write(path.stat().st_size.to_bytes(8, "little"))
        file.write(index.keys.tobytes())
        file.write(index.offsets.tobytes())
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(sidecar)


class Completions:
    """The committed requests of one run directory, and a writer of more.

    `recall` looks among what earlier writers committed; what this writer appends is known to its caller. `tag` becomes part of its logs' names, where machines that do not see each other write.
    Raises StoreError where the directory cannot be written.
    """

    def __init__(self, directory: Path, *, tag: str = "", on_failure: Callable[[BaseException], None] | None = None) -> None:
        self.directory = directory
        self._tag = tag
        directory.mkdir(parents=True, exist_ok=True)
        self.damaged = 0  # records that `recall` could not read: their requests are asked anew
        self._indexes: list[tuple[Path, _Index]] = []
        for path in sorted(directory.glob("*.log")):
            index, sealed = _load_index(path)
            if not sealed and self._repair_tail(path):
                _write_index(path, index)
            self._indexes.append((path, index))
        self.committed_before = sum(len(index.keys) for _, index in self._indexes)
        self._on_failure = on_failure
        self._failure: BaseException | None = None
        self._buffer: list[bytes] = []
        self._entries: list[tuple[bytes, int]] = []
        self._log: IO[bytes] | None = None
        self._path = directory / "none"
        self._end = self._safe = 0  # bytes of the log that were appended, bytes that are on disk
        self._pending = self._durable = 0  # records appended, records on disk
        self._wake = threading.Condition()
        self._closing = self._writing = False
        self._thread = threading.Thread(target=self._commit_forever, name="completions", daemon=True)
        self._thread.start()

    @staticmethod
    def _repair_tail(path: Path) -> bool:
        """Cut off what a crash left half written; False where the log's writer is still alive."""
        with path.open("r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            end = 0
            for frame in _frames(file):
                end = frame.end
            file.truncate(end)
        return True

    def recall(self, prompt_id: str) -> dict[str, tuple[Location, Record]]:
        """All that earlier writers committed for a prompt, by key. A damaged record is counted in `damaged` and left out: its request is asked anew."""
        found: dict[str, tuple[Location, Record]] = {}
        prefix = bytes.fromhex(prompt_id[:16])
        for path, index in self._indexes:
            for key, offset in index.within(prefix):
                if key not in found:
                    location = Location(path, offset)
                    try:
                        found[key] = location, self.read(location)
                    except StoreError:
                        self.damaged += 1
        return found

    def read(self, location: Location) -> Record:
        """The record at a place that `recall` or `append` gave. Raises StoreError where it is damaged."""
        if self._log is not None and location.path == self._path:
            self._wait_for(self._pending)
        with location.path.open("rb") as file:
            file.seek(location.offset)
            head = file.read(_FRAME.size)
            if len(head) == _FRAME.size:
                magic, packed, size, crc, raw_key = _FRAME.unpack(head)
                body = file.read(packed) if packed <= MAX_PAYLOAD else b""
                if magic == _MAGIC and zlib.crc32(raw_key + body, zlib.crc32(struct.pack("<II", packed, size))) == crc:
                    return _unpack(body, size)
        raise StoreError(f"the completion at byte {location.offset} of {location.path} is damaged")

    def append(self, key: str, record: Record) -> Location:
        """Hand a finished request over to the next group commit. Returns at once; `flush` waits for the disk."""
        framed = pack(key, record)
        with self._wake:
            if self._failure is not None:
                raise StoreError.writing(self.directory, self._failure) from self._failure
            if self._log is None or self._end >= SEGMENT_BYTES:
                self._roll()
            location = Location(self._path, self._end)
            self._buffer.append(framed)
            self._entries.append((bytes.fromhex(key), self._end))
            self._end += len(framed)
            self._pending += 1
            self._wake.notify_all()
        return location

    def live(self) -> tuple[Path, int] | None:
        """The log that is being written and how many of its bytes are on disk; the others no longer change."""
        with self._wake:
            return None if self._log is None else (self._path, self._safe)

    def flush(self) -> None:
        """Wait until all that was appended is on disk. Raises StoreError where it could not be written."""
        self._wait_for(self._pending)

    def close(self) -> None:
        """Commit the rest, index the log and release it."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        self._thread.join()
        if self._log is not None and self._failure is None:
            self._seal()
        if self._failure is not None:
            if self._log is not None:
                self._log.close()
            raise StoreError.writing(self.directory, self._failure) from self._failure

    def _wait_for(self, count: int) -> None:
        with self._wake:
            while self._durable < count and self._failure is None:
                self._wake.wait()
            if self._failure is not None:
                raise StoreError.writing(self.directory, self._failure) from self._failure

    def _roll(self) -> None:
        """Begin a new log; its name is the next free number, taken by exclusive creation so that two writers never share one. Called with the lock held."""
        while self._writing:
            self._wake.wait()
        if self._log is not None:
            self._write(self._buffer)
            self._durable += len(self._buffer)
            self._buffer = []
            self._seal()
        number = len(list(self.directory.glob("*.log")))
        while True:
            path = self.directory / f"{number:06d}{self._tag}.log"
            try:
                self._log = path.open("xb", buffering=0)
                break
            except FileExistsError:
                number += 1
        fcntl.flock(self._log, fcntl.LOCK_EX)
        self._path, self._end, self._safe, self._entries = path, 0, 0, []

    def _seal(self) -> None:
        assert self._log is not None
        self._log.close()
        self._log = None
        _write_index(self._path, _Index.of(self._entries))

    def _write(self, frames: list[bytes]) -> None:
        assert self._log is not None
        data = memoryview(b"".join(frames))
        while data:
            data = data[self._log.write(data) :]
        os.fsync(self._log.fileno())

    def _commit_forever(self) -> None:
        while True:
            with self._wake:
                while not self._buffer and not self._closing:
                    self._wake.wait()
                if not self._buffer:
                    return
                frames, self._buffer = self._buffer, []
                self._writing = True
            try:
                self._write(frames)
            except OSError as error:
                self._failure = error
            with self._wake:
                self._writing = False
                self._durable += len(frames)
                self._safe += 0 if self._failure is not None else sum(map(len, frames))
                self._wake.notify_all()
                if self._failure is not None:
                    break
                self._wake.wait_for(lambda: self._closing, timeout=COMMIT_INTERVAL / 2)
        if self._on_failure is not None:
            self._on_failure(self._failure)
