"""Weights for the engine: a directory for each version, written whole or not at all.

A new name for each version, since an engine may remember the files of one that it has read (vLLM issue 32718). The version before stays
beside the newest, so that an engine that refuses the new one can still be started again with the old.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError

from curate.errors import StoreError


def publish(directory: Path, version: int, write: Callable[[Path], None]) -> Path:
    """The directory of a version, in which `write` has put a model; on disk when this returns. One of that version, left by a killed run, is
    replaced. Raises StoreError where the disk does not take it; nothing half made is left.
    """
    target = directory / f"v{version}"
    temporary = directory / f"v{version}.tmp"
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        write(temporary)
        for folder, _, files in os.walk(temporary):
            for name in files:
                _sync(Path(folder) / name)
            _sync(Path(folder))
        if target.exists():
            shutil.rmtree(target)
        temporary.rename(target)
        _sync(directory)
    except (OSError, SafetensorError) as error:
        raise StoreError.writing(target, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def prune(directory: Path, version: int) -> None:
    """Remove all versions but this one, which is in use, and the one before it. What is higher is of a run that was killed and goes another way."""
    found = {int(path.name[1:]): path for path in directory.glob("v*") if path.name[1:].isdecimal()}
    before = max((v for v in found if v < version), default=version)
    for v, path in found.items():
        if v not in (version, before):
            shutil.rmtree(path)
    for path in directory.glob("v*.tmp"):
        shutil.rmtree(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
