"""A dataset directory under a prefix of an object store, through `pyarrow.fs`: S3 and what speaks its protocol, Google Cloud Storage, Azure.

Such a store has no rename, no append and no lock, and needs none of them here. An object appears whole or not at all; shards carry the hash of their content in their name and a manifest is written after
them, so a publish is some uploads in that order. What must be appended to (the log of completions) is kept in `scratch` and shipped by curate/shipping.py; who may write is told by curate/lease.py.

A writer lists the prefix once and from then on knows what is there, since nobody else writes. A reader of Parquet gets a copy on this machine, which ends with the object that made it: DuckDB reads with
external access off, and a shard is read as a whole anyway.

Credentials, endpoint and region are found as pyarrow finds them (environment, profile, query of the address). No sentence shows a key: what the store answers is told by its error code. Not covered: a process
that is killed in the middle of an upload leaves its parts, which no listing shows and the store bills; a lifecycle rule that aborts unfinished uploads removes them.
"""

import errno
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from pyarrow import fs

from curate.errors import StoreError, UsageError
from curate.lease import Lease
from curate.storage import cache, flocked, shown

REMEMBERED = "manifest/"  # what a writer reads again and again
AT_ONCE = 16  # small objects that are read at the same time, or large ones that are copied
BLOCK = 8 << 20
ATTEMPTS, CONNECT_SECONDS, REQUEST_SECONDS = (
    5,
    5.0,
    30.0,
)  # of a request to S3; pyarrow's own three seconds are too few for a store or a machine under load
OURS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.EIO)  # this machine's trouble with a copy, not the store's
_AWS = re.compile(r"AWS Error ([^:]+?) during (\w+) operation")
_DENIED = re.compile(r"ACCESS_DENIED|ACCESS_KEY|SIGNATURE|TOKEN|AUTHENTICATION|UNRECOGNIZED_CLIENT|EXPIRED|HTTP status 40[13]")
_AWAY = re.compile(r"NETWORK_CONNECTION|curlCode|REQUEST_TIMEOUT|SERVICE_UNAVAILABLE|SLOW_DOWN|INTERNAL_FAILURE|Could not|timed out", re.I)


def open_address(address: str) -> "ObjectPlace":
    """The place of an address such as `s3://bucket/run?endpoint_override=...`. Raises UsageError for one that cannot be used, StoreError where its store cannot be reached."""
    said = shown(address).rstrip("/")
    keys: list[str] = []
    try:
        parts = urlsplit(address)
        keys = [unquote(k) for k in (parts.username, parts.password) if k]
        files, path = fs.FileSystem.from_uri(address)
    except (pa.ArrowException, ValueError) as error:
        reason = "it cannot be parsed (a space and other special characters are written as %20 and so on)"
        if "Cannot parse URI" not in str(error):
            reason = _without(str(error).splitlines()[0], address, *keys)
        raise UsageError(f"{said} is no address that can be used: {reason}") from None
    except OSError as error:
        raise StoreError(_sentence(error, said, keys)) from None
    path = path.rstrip("/")
    if not path or any(part in ("", ".", "..") for part in path.split("/")):
        raise UsageError(f"{said} names no directory: an address is {parts.scheme}://bucket/path, without empty parts, . or ..")
    endpoint = [parts.netloc.rpartition("@")[2], parts.query, *(os.environ.get(n, "") for n in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"))]
    scratch = cache() / "runs" / hashlib.sha256("\n".join([parts.scheme, path, *endpoint]).encode()).hexdigest()[:24]
    return ObjectPlace(_patient(files), path, said, scratch, keys)


def _patient(files: Any) -> Any:
    """An S3 file system like this one that tries longer and, where pyarrow can, sends a small object as one request. The options that an address takes have none for it."""
    if files.type_name != "s3":
        return files
    options: dict[str, Any] = files.__reduce__()[1][0]  # what it would be pickled as: its constructor's arguments
    options |= {"connect_timeout": CONNECT_SECONDS, "request_timeout": REQUEST_SECONDS}
    if "allow_delayed_open" in options:
        options["allow_delayed_open"] = True
    return fs.S3FileSystem(**options, retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS))


def _without(text: str, *hidden: str) -> str:
    for part in hidden:
        text = text.replace(part, "...")
    return text


def _sentence(error: BaseException, said: str, keys: Sequence[str]) -> str:
    """What a store's error means to a person."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    if "NO_SUCH_BUCKET" in text or re.search(r"Bucket '.*' not found", text):
        return f"{said}: there is no such bucket: make it, or mend the address"
    aws = _AWS.search(text)
    code = aws[1] if aws else text
    if _DENIED.search(code) or isinstance(error, PermissionError):
        return f"{said}: access is denied: check the credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile) and what they may do"
    if _AWAY.search(code):
        return f"{said}: its store cannot be reached: check the network and the endpoint (AWS_ENDPOINT_URL); nothing finished is lost, the same command goes on"
    reason = f"{aws[1]} in {aws[2]}" if aws else re.sub(r"[?]\S+", "", _without(text, *keys))
    return f"{said}: the store refused ({reason}); nothing finished is lost, the same command goes on"


class ObjectPlace:
    """A prefix of an object store; see `curate.storage.Place`. Every operation raises StoreError where the store refuses or cannot be reached."""

    def __init__(self, files: Any, path: str, said: str, scratch: Path, keys: Sequence[str] = ()) -> None:
        self.local: Path | None = None
        self.scratch = scratch
        self.base = path.rpartition("/")[2]
        self._fs = files
        self._path = path
        self._said = said
        self._keys = keys
        self._copies: Path | None = None
        self._lease: Lease | None = None
        self._known: dict[str, int] | None = None  # while this process is the only writer: every object and its bytes
        self._texts: dict[str, bytes] = {}  # of these, the content of the manifests

    def __str__(self) -> str:
        return self._said

    @cached_property
    def parent(self) -> "ObjectPlace":  # the same one each time: its copies live as long as it does
        return ObjectPlace(self._fs, self._path.rpartition("/")[0], self._said.rpartition("/")[0], self.scratch, self._keys)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            if getattr(error, "errno", None) in OURS:
                raise
            raise StoreError(_sentence(error, self._said, self._keys)) from None

    def _at(self, name: str) -> str:
        return f"{self._path}/{name}" if name else self._path

    # Looking

    def kind(self) -> str | None:
        with self._told():
            found = self._fs.get_file_info(self._path).type
        return {fs.FileType.File: "file", fs.FileType.Directory: "directory"}.get(found)

    def size(self, name: str) -> int | None:
        if self._known is not None:
            return self._known.get(name)
        with self._told():
            info = self._fs.get_file_info(self._at(name))
        return info.size if info.type == fs.FileType.File else None

    def sizes(self, folder: str = "") -> dict[str, int | None]:
        if self._known is None:
            with self._told():
                infos = self._fs.get_file_info(fs.FileSelector(self._at(folder), allow_not_found=True))
            return {i.base_name: i.size if i.type == fs.FileType.File else None for i in sorted(infos, key=lambda i: i.base_name)}
        below = f"{folder}/" if folder else ""
        found: dict[str, int | None] = {}
        for name in sorted(self._known):
            if name.startswith(below):
                first, slash, _ = name.removeprefix(below).partition("/")
                found[first] = None if slash else self._known[name]
        return found

    def everything(self) -> dict[str, int]:
        """Every object below the prefix, sorted, and its bytes."""
        with self._told():
            infos = self._fs.get_file_info(fs.FileSelector(self._path, allow_not_found=True, recursive=True))
        return {i.path.removeprefix(f"{self._path}/"): i.size for i in sorted(infos, key=lambda i: i.path) if i.type == fs.FileType.File}

    def is_link(self, name: str) -> bool:
        return False

    def holds(self, name: str) -> bool:
        return not any(part in ("", ".", "..") for part in name.split("/"))

    def read(self, name: str) -> bytes | None:
        if self._known is not None and (name not in self._known or name in self._texts):
            return self._texts.get(name)
        data = self._get(name)
        self._remember(name, data)
        return data

    def _remember(self, name: str, data: bytes | None) -> None:
        if self._known is not None and data is not None and name.startswith(REMEMBERED):
            self._texts[name] = data

    def _get(self, name: str) -> bytes | None:
        with self._told():
            try:
                with self._fs.open_input_stream(self._at(name), compression=None) as stream:
                    data: bytes = stream.readall()
                    return data
            except FileNotFoundError:
                return None

    def reads(self, names: Sequence[str]) -> list[bytes | None]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self.read, names))

    def paths(self, names: Sequence[str]) -> list[Path]:
        if self._copies is None:
            self._copies = _temporary(self) / self.base
        targets = [self._copies / name for name in names]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self.fetch, names, targets))
        return targets

    def fetch(self, name: str, target: Path) -> None:
        """Copy an object to a file of this machine, which appears whole; nothing is done where it is there already, since names that are copied are not used again for something else."""
        if target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.tmp")
        with self._told(), temporary.open("wb") as file:
            try:
                with self._fs.open_input_stream(self._at(name), compression=None) as stream:
                    shutil.copyfileobj(stream, file, BLOCK)
            except FileNotFoundError:
                raise StoreError(f"{self}/{name} is missing") from None
        temporary.rename(target)

    def drop(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    # Changing

    def write(self, name: str, data: bytes) -> None:
        self._check()
        self._store(name, lambda out: out.write(data))
        if self._known is not None:
            self._known[name] = len(data)
        self._remember(name, data)

    def _check(self) -> None:
        assert self._lease is not None, "written without being held"
        self._lease.check()

    def _store(self, name: str, fill: Callable[[Any], Any]) -> None:
        with self._told(), self._fs.open_output_stream(self._at(name), compression=None) as out:
            fill(out)

    def upload(self, file: Path, name: str) -> None:
        """Store a whole file of this machine."""
        self._check()
        with file.open("rb") as source:
            self._store(name, lambda out: shutil.copyfileobj(source, out, BLOCK))
            size = source.tell()
        if self._known is not None:
            self._known[name] = size

    def put(self, file: Path, name: str) -> None:
        self.upload(file, name)
        file.unlink()

    def delete(self, name: str) -> None:
        self._check()
        self._discard(name)
        known = self._known or {}
        for gone in [n for n in list(known) if n == name or n.startswith(f"{name}/")]:
            del known[gone]
            self._texts.pop(gone, None)
        leftover = self.scratch / name
        if leftover.is_dir():
            shutil.rmtree(leftover)

    def _discard(self, name: str) -> None:
        with self._told(), suppress(FileNotFoundError):
            found = self._fs.get_file_info(self._at(name)).type
            if found == fs.FileType.Directory:
                self._fs.delete_dir(self._at(name))
            elif found == fs.FileType.File:
                self._fs.delete_file(self._at(name))

    # Being the writer

    @contextmanager
    def held(self) -> Iterator[None]:
        self.scratch.mkdir(parents=True, exist_ok=True)
        lease = Lease(
            lambda: self._get(".lock"),
            lambda data: self._store(".lock", lambda out: out.write(data)),
            lambda: self._discard(".lock"),
            self.scratch / ".owner",
            self._said,
        )
        with flocked(self.scratch / ".lock", self), lease:
            self._known = self.everything()
            self._lease = lease
            try:
                self.reads([n for n in self._known if n.startswith(REMEMBERED)])  # together, since they are soon asked for one by one
                yield
            finally:
                self._known = self._lease = None
                self._texts.clear()

    def pull(self, folder: str) -> None:
        missing = [name for name, size in self.sizes(folder).items() if size is not None]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda name: self.fetch(f"{folder}/{name}", self.scratch / folder / name), missing))

    def push(self, folder: str) -> None:
        here = {p.name: p for p in (self.scratch / folder).iterdir() if p.is_file()}
        there = self.sizes(folder)
        for name, path in here.items():
            if there.get(name) != path.stat().st_size:
                self.upload(path, f"{folder}/{name}")
        for name in there.keys() - here.keys():
            self.delete(f"{folder}/{name}")

    def clear(self) -> None:
        for folder in self.scratch.iterdir():
            if folder.is_dir() and all(self.size(f"{folder.name}/{p.name}") == p.stat().st_size for p in folder.iterdir()):
                shutil.rmtree(folder)


def _temporary(owner: object) -> Path:
    """A directory for copies, which is removed with `owner`, at the latest with the process; what killed processes left is removed first."""
    root = cache() / "copies"
    root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # so that none is swept between being made and being marked as in use
        for old in root.iterdir():
            with suppress(OSError):
                mark = os.open(old, os.O_RDONLY)
                try:
                    fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(old)
                finally:
                    os.close(mark)
        made = Path(tempfile.mkdtemp(dir=root)).resolve()
        mark = os.open(made, os.O_RDONLY)
        fcntl.flock(mark, fcntl.LOCK_EX)
    finally:
        os.close(descriptor)
    weakref.finalize(owner, _remove, made, mark)
    return made


def _remove(made: Path, mark: int) -> None:
    shutil.rmtree(made, ignore_errors=True)
    os.close(mark)
