"""Where a dataset directory is: on this machine, or under a prefix of an object store.

What the store does with a directory is a dozen operations on names below it, and each kind of place does them once: here with fsync and rename, in curate/objects.py with one upload an object. An address
such as `s3://bucket/run` is told from a path by its `scheme://`; everything else is a path, apart from `s3:/bucket/run`, in which a slash is missing and which would quietly make a directory named `s3:`.

What is being made (temporary files, the log of completions, the prompts that were brought in) lies in `scratch`: the directory itself where it is local, else a directory of this machine's cache.
"""

import fcntl
import os
import re
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from curate.errors import Damaged, StoreError, UsageError

OBJECT_SCHEMES = ("s3", "gs", "gcs", "abfs", "abfss")
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SLASH_MISSING = re.compile(rf"({'|'.join((*OBJECT_SCHEMES, 'file'))}):/?(?=[^/])")


class Place(Protocol):
    """A directory and what the store does with it. Names are relative, with `/`. As text it is what a sentence calls it, without keys or query."""

    local: Path | None  # the directory, where it is one of this machine
    scratch: Path
    base: str  # the last component of its path

    @property
    def parent(self) -> "Place":
        """The directory that it is in."""
        ...

    def kind(self) -> str | None:
        """`directory`, `file`, or None where there is neither."""
        ...

    def size(self, name: str) -> int | None:
        """Bytes of a regular file, None where there is none."""
        ...

    def sizes(self, folder: str = "") -> dict[str, int | None]:
        """What is directly in a folder, sorted: its name there, and bytes, None for what is no regular file. Empty where there is no such folder."""
        ...

    def everything(self) -> dict[str, int]:
        """Every regular file below it, sorted by its path: its name and bytes."""
        ...

    def is_link(self, name: str) -> bool:
        """Whether the name is a link, which a directory from a stranger may hold."""
        ...

    def holds(self, name: str) -> bool:
        """Whether the name leads to something inside the directory."""
        ...

    def read(self, name: str) -> bytes | None:
        """A small file, None where there is none."""
        ...

    def reads(self, names: Sequence[str]) -> list[bytes | None]:
        """Several small files, in their order."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Replace a small file: a crash leaves the old one or the new one."""
        ...

    def put(self, file: Path, name: str) -> None:
        """Make a whole file from `scratch`, which is on disk, the file `name`; it is gone from where it was."""
        ...

    def delete(self, name: str) -> None:
        """Remove a file, or a folder with all that is in it; nothing happens where there is none."""
        ...

    def paths(self, names: Sequence[str]) -> list[Path]:
        """Files of this machine with the content of `names`, for readers that need a path. A copy, where it is one, lives as long as this object."""
        ...

    def drop(self, path: Path) -> None:
        """Give up a copy that `paths` made."""
        ...

    def held(self) -> AbstractContextManager[None]:
        """Make the directory if need be, and be its only writer. Raises StoreError where another run is."""
        ...

    def pull(self, folder: str) -> None:
        """Bring into `scratch` what the folder holds and `scratch` does not."""
        ...

    def push(self, folder: str) -> None:
        """Make the folder what it is in `scratch`."""
        ...

    def clear(self) -> None:
        """The run has ended: remove the folders of `scratch` whose files are all in their place."""
        ...


class LocalPlace:
    """A directory of this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.local: Path | None = path
        self.scratch = path
        self.base = path.name

    def __str__(self) -> str:
        return str(self.path)

    @property
    def parent(self) -> "LocalPlace":
        return LocalPlace(self.path.parent)

    def kind(self) -> str | None:
        return "directory" if self.path.is_dir() else "file" if self.path.exists() else None

    def size(self, name: str) -> int | None:
        return _bytes(self.path / name)

    def sizes(self, folder: str = "") -> dict[str, int | None]:
        path = self.path / folder
        return {p.name: _bytes(p) for p in sorted(path.iterdir())} if path.is_dir() else {}

    def everything(self) -> dict[str, int]:
        found = ((p.relative_to(self.path).as_posix(), _bytes(p)) for p in sorted(self.path.rglob("*")))
        return {name: size for name, size in found if size is not None}

    def is_link(self, name: str) -> bool:
        return (self.path / name).is_symlink()

    def holds(self, name: str) -> bool:
        return (self.path / name).resolve().is_relative_to(self.path.resolve())

    def read(self, name: str) -> bytes | None:
        path = self.path / name
        if path.exists() and not path.is_file():  # a pipe would never end
            raise Damaged(f"{path} is no regular file")
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def reads(self, names: Sequence[str]) -> list[bytes | None]:
        return [self.read(name) for name in names]

    def write(self, name: str, data: bytes) -> None:
        path = self.path / name
        temporary = path.with_name(f".{path.name}.tmp")
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self.put(temporary, name)

    def put(self, file: Path, name: str) -> None:
        target = self.path / name
        file.rename(target)
        descriptor = os.open(target.parent, os.O_RDONLY)  # makes the rename durable
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def delete(self, name: str) -> None:
        path = self.path / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def paths(self, names: Sequence[str]) -> list[Path]:
        return [self.path / name for name in names]

    def drop(self, path: Path) -> None:
        """Nothing: it is the file itself."""

    @contextmanager
    def held(self) -> Iterator[None]:
        self.path.mkdir(parents=True, exist_ok=True)
        with flocked(self.path / ".lock", self):
            yield

    def pull(self, folder: str) -> None:
        """Nothing: `scratch` is the directory."""

    def push(self, folder: str) -> None:
        """Nothing: `scratch` is the directory."""

    def clear(self) -> None:
        """Nothing: `scratch` is the directory."""


def _bytes(path: Path) -> int | None:
    try:
        found = path.stat()
    except OSError:  # also one that a run has replaced since it was listed
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


@contextmanager
def flocked(path: Path, place: object) -> Iterator[None]:
    """Hold a lock file of this machine; it ends with the process, however that ends. Raises StoreError where another process holds it."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(f"another run is working in {place}: wait for it, or give another directory") from error
        yield


def cache() -> Path:
    """This machine's cache of ours."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base).absolute() / "r1-curate"


def is_address(text: str) -> bool:
    """Whether a text is no path but names a place elsewhere, also one with a slash missing. An existing path of that name goes before."""
    return bool(_ADDRESS.match(text)) or bool(_SLASH_MISSING.match(text) and not os.path.lexists(text))


def at(where: "str | os.PathLike[str] | Place") -> Place:
    """The place that a path or an address names; nothing is made. Raises UsageError for an address that cannot be used, StoreError where its store cannot be reached."""
    if not isinstance(where, str | os.PathLike):
        return where
    text = os.fspath(where)
    found = _ADDRESS.match(text)
    if found is None:
        typo = _SLASH_MISSING.match(text)
        if typo and not os.path.lexists(text):
            said = text.partition("?")[0].rpartition("@")[2].removeprefix(typo[0])
            raise UsageError(
                f"{typo[1]}:/{said} lacks a slash: give {typo[1]}://{said} (as text: a Path joins slashes), or ./{typo[1]}:/{said} for a directory here"
            )
        return LocalPlace(Path(text))
    scheme = found[1].lower()
    if scheme == "file":
        parts = urlsplit(text)
        if parts.netloc not in ("", "localhost") or parts.query or parts.fragment:
            raise UsageError("a file:// address is file:///path, with three slashes and nothing after the path")
        return LocalPlace(Path(unquote(parts.path)))
    if scheme not in OBJECT_SCHEMES:
        known = ", ".join(f"{s}://" for s in (*OBJECT_SCHEMES, "file"))
        hint = "; a data set of the Hugging Face hub is a source as OWNER/NAME" if scheme == "hf" else ""
        raise UsageError(f"addresses that begin with {found[0]} are not supported: there are {known}{hint}")
    from curate.objects import open_address

    return open_address(text)


def shown(where: "str | os.PathLike[str] | Place") -> str:
    """A path or an address as it may be printed: an address without the keys and the query that it may carry."""
    text = str(where)
    found = _ADDRESS.match(text)
    return text if found is None else f"{found[0]}{text[found.end() :].partition('?')[0].rpartition('@')[2]}"
