"""Which model it is: a directory by the content of its files, a name on the Hugging Face Hub by its commit.

A training loop rewrites model directories in place, so a directory's name and dates say nothing. Hashing gigabytes takes seconds, so each file's hash is remembered in the user's cache
directory by path, size and modification time in nanoseconds; whoever rewrites a file without changing these three fools it.
"""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from curate.errors import EngineError, UsageError

PATTERNS = (
    "config*.json",
    "generation_config.json",
    "tokenizer*",
    "vocab*",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template*",
    "*.safetensors",
    "*.safetensors.index.json",
    "pytorch_model*.bin",
    "pytorch_model*.bin.index.json",
)  # what decides what a model says; README, logs and optimizer states do not
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
DOWNLOADED = ("*.json", "*.jinja", "*.txt", "*.model", "*.tiktoken", "*.safetensors")
CHUNK = 1 << 22
LENGTH = 32  # hex digits of a fingerprint


def files_of(directory: Path) -> list[Path]:
    """The files that make up a model, by name."""
    return sorted({path for pattern in PATTERNS for path in directory.glob(pattern) if path.is_file()})


def cache_file() -> Path:
    """Where hashes of files are remembered."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "r1-curate" / "fingerprints.json"


def _remembered(cache: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(cache.read_text("utf-8"))
    except (OSError, ValueError):  # none yet, or torn: it is only a cache
        return {}
    return found if isinstance(found, dict) else {}


def _remember(cache: Path, new: dict[str, str]) -> None:
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=cache.parent, delete=False, encoding="utf-8") as file:
            json.dump({**_remembered(cache), **new}, file)
        os.replace(file.name, cache)
    except OSError:
        return  # a read-only home costs the hashing again, nothing else


def of_file(path: Path) -> str:
    """The sha256 of a file, streamed."""
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            hasher.update(chunk)
    return hasher.hexdigest()


def of_directory(directory: Path, cache: Path | None = None) -> str:
    """The fingerprint of a model directory: names and contents of its files. Raises UsageError where it is no model directory, EngineError where a file cannot be read."""
    if not (directory / "config.json").is_file():
        raise UsageError(f"{directory} is not a model directory: it has no config.json")
    if not any(path for pattern in WEIGHTS for path in directory.glob(pattern)):
        raise UsageError(f"{directory} is not a complete model directory: it has no weights (*.safetensors or pytorch_model*.bin)")
    cache = cache or cache_file()
    known, new, total = _remembered(cache), {}, hashlib.sha256()
    try:
        for path in files_of(directory):
            state = path.stat()
            key = f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}"
            hashed = known.get(key)
            if hashed is None:
                hashed = new[key] = of_file(path)
            total.update(f"{path.name}\0{hashed}\n".encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise EngineError(f"the model in {directory} cannot be read: {error}") from error
    if new:
        _remember(cache, new)
    return total.hexdigest()[:LENGTH]


def is_local(model: str) -> bool:
    """Whether a model is meant as a directory rather than as a name on the Hub (at most one slash, no leading dot, slash or tilde)."""
    return Path(model).expanduser().exists() or model.startswith((".", "/", "~")) or model.count("/") > 1 or model.endswith("/")


def _explained(model: str, revision: str | None, error: Exception) -> EngineError:
    """One sentence for whatever the Hub or the way to it refused."""
    from huggingface_hub import errors

    at = f"{model} at revision {revision}" if revision else model
    if isinstance(error, errors.GatedRepoError):
        return EngineError(f"the model {model} is gated: accept its terms on its page at huggingface.co and set HF_TOKEN")
    if isinstance(error, errors.RevisionNotFoundError):
        return EngineError(f"the model {model} has no revision {revision}")
    if isinstance(error, (errors.RepositoryNotFoundError, errors.HFValidationError)):
        return EngineError(
            f"there is no model {model}: neither a directory here nor a public name on the Hugging Face Hub (a private one needs HF_TOKEN)"
        )
    return EngineError(
        f"the Hugging Face Hub cannot be reached and {at} is not in the local cache: give a model directory, or go online ({type(error).__name__})"
    )


def of_name(model: str, revision: str | None, hub: Any = None) -> str:
    """The commit that a name on the Hub stands for, from the Hub or, where that cannot be reached, from the local cache. Raises EngineError. `hub`: what to use in place of huggingface_hub."""
    if hub is None:
        import huggingface_hub

        hub = huggingface_hub
    try:
        return str(hub.HfApi().model_info(model, revision=revision).sha)
    except Exception as error:  # many kinds, from the HTTP client's to the Hub's own; all end in a sentence
        try:
            return Path(hub.snapshot_download(model, revision=revision, local_files_only=True)).name
        except Exception:
            raise _explained(model, revision, error) from error


def fingerprint(model: str, revision: str | None = None) -> str:
    """The `model_revision` of a model: content hash of a directory, commit of a name. Raises UsageError or EngineError with one sentence."""
    if not is_local(model):
        return of_name(model, revision)
    directory = Path(model).expanduser()
    if not directory.is_dir():
        raise UsageError(f"there is no model directory {model}")
    if revision is not None:
        raise UsageError(f"--revision is for models of the Hugging Face Hub, and {model} is a directory")
    return of_directory(directory)


def fetch(model: str, revision: str | None) -> str:
    """The directory of a model; a name's files are downloaded at `revision` unless they are in the cache. Raises EngineError."""
    if is_local(model):
        return str(Path(model).expanduser().resolve())
    import huggingface_hub as hub

    try:
        directory = Path(hub.snapshot_download(model, revision=revision, allow_patterns=list(DOWNLOADED)))
        if not any(directory.glob("*.safetensors")):
            hub.snapshot_download(model, revision=revision, allow_patterns=["pytorch_model*.bin*"])
    except Exception as error:
        raise _explained(model, revision, error) from error
    return str(directory)
