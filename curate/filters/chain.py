"""A chain of filters: which ones, with which limits, and what they find in one sample.

Filters are named: a built-in by its name, one's own as `file.py:object` or `package.module:object`, where the object is a Filter, a function without arguments that builds one, or a plain function from
a Trace to slugs. Their order decides nothing: a sample is held against all of them, and its reasons are sorted. What a built-in needs is imported when it is named.

A filter that fails on a sample drops nothing silently: the sample's reason is `filter_error:NAME`, its columns are null, the log has the traceback, and the others go on. An error that a person can mend
(a missing package) is none of the sample's and is raised.
"""

import hashlib
import inspect
import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from curate.errors import CurateError, UsageError
from curate.filters.base import Filter, Metric, Trace, Value
from curate.imports import thing

BUILT_IN: Mapping[str, str] = {
    "answer_only_in_think": "curate.filters.answer_only_in_think:FILTER",
    "code_block": "curate.filters.code_block:FILTER",
    "empty_think": "curate.filters.empty_think:FILTER",
    "language_differs_from_question": "curate.filters.language_differs:FILTER",
    "length": "curate.filters.length:FILTER",
    "licence": "curate.filters.licence:build",
    "long_paragraph": "curate.filters.long_paragraph:FILTER",
    "missing_think": "curate.filters.missing_think:FILTER",
    "mixed_language": "curate.filters.mixed_language:FILTER",
    "perplexity": "curate.filters.perplexity:FILTER",
    "pii": "curate.filters.pii:FILTER",
    "refusal": "curate.filters.refusal:FILTER",
    "repetition": "curate.filters.repetition:FILTER",
    "several_boxed": "curate.filters.several_boxed:FILTER",
    "template_leak": "curate.filters.template_leak:FILTER",
    "truncated": "curate.filters.truncated:FILTER",
}
DEFAULT = tuple(name for name in BUILT_IN if name != "perplexity")  # all that need no engine
_VERSION_DIGITS = 12

logger = logging.getLogger(__name__)


class Looked(NamedTuple):
    """What a chain found in a sample: all columns, all reasons, and the reasons of each filter that had any."""

    metrics: Mapping[str, Value]
    reasons: tuple[str, ...]
    by_filter: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Chain:
    """Filters with their limits. Raises UsageError for two of one name, and for two that claim one column."""

    filters: tuple[Filter, ...]

    def __post_init__(self) -> None:
        owners: dict[str, str] = {}
        names: set[str] = set()
        for f in self.filters:
            if f.name in names:
                raise UsageError(f"the filter {f.name} is in the chain twice")
            names.add(f.name)
            for column in f.metrics:
                if column in owners:
                    raise UsageError(f"the filters {owners[column]} and {f.name} both fill the column {column}: rename it in one of them")
                owners[column] = f.name

    @classmethod
    def of(cls, filters: Iterable[str | Filter] = DEFAULT, settings: Mapping[str, Any] | None = None) -> "Chain":
        """A chain of filters or their names, with settings FILTER.PARAMETER: a number for a limit. Raises UsageError for what is not there."""
        chain = cls(tuple(f if isinstance(f, Filter) else _found(f) for f in filters))
        return chain.set(settings) if settings else chain

    def set(self, settings: Mapping[str, Any]) -> "Chain":
        """The chain with other limits, and other settings of filters that are built from some. Raises UsageError for a filter or a parameter that it does not have, or a value that does not fit."""
        filters = {f.name: f for f in self.filters}
        for key, value in settings.items():
            name, dot, parameter = key.rpartition(".")
            if not dot or name not in filters:
                raise UsageError(f"{key}: a setting is FILTER.PARAMETER, and the filters here are {_listed(filters)}")
            before, limits = filters[name], filters[name].limits
            built = before.settings if before.build is not None else {}
            if parameter not in {*built, *(limit.name for limit in limits)}:
                raise UsageError(f"{key}: the filter {name} has {_listed([*built, *(x.name for x in limits)]) or 'no parameters'}")
            if before.build is not None and parameter in built:
                several = isinstance(built[parameter], list) and isinstance(value, str | int | float)
                filters[name] = replace(before.build(**{parameter: [value] if several else value}), limits=limits)
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise UsageError(f"{key}: a limit is a number, not {value!r}")
            filters[name] = replace(filters[name], limits=tuple(x._replace(value=value) if x.name == parameter else x for x in limits))
        return Chain(tuple(filters.values()))

    @cached_property
    def metrics(self) -> Mapping[str, Metric]:
        """The columns that the filters fill, by name."""
        return {column: metric for f in self.filters for column, metric in f.metrics.items()}

    def look(self, trace: Trace) -> Looked:
        """What all filters find in one sample. Raises CurateError where a filter lacks what it needs."""
        metrics: dict[str, Value] = {}
        by_filter: dict[str, tuple[str, ...]] = {}
        for f in self.filters:
            try:
                found = f.look(trace)
            except CurateError:
                raise
            except (Exception, SystemExit) as error:  # its author's program on a stranger's text: one sample must not end the run
                logger.warning("the filter %s failed on a sample: %s: %s", f.name, type(error).__name__, error, exc_info=error)
                metrics |= dict.fromkeys(f.metrics)
                by_filter[f.name] = (f"filter_error:{f.name}",)
            else:
                metrics |= found.metrics
                if found.reasons:
                    by_filter[f.name] = found.reasons
        return Looked(metrics, tuple(sorted({reason for reasons in by_filter.values() for reason in reasons})), by_filter)

    def identity(self) -> dict[str, Any]:
        """What decides what the chain finds, as JSON: for each filter, in the order of their names, its version, limits and settings."""
        return {
            f.name: {
                "limits": {limit.name: limit.value for limit in sorted(f.limits)},
                "settings": {key: f.settings[key] for key in sorted(f.settings)},
                "version": f.version,
            }
            for f in sorted(self.filters, key=lambda f: f.name)
        }


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _found(name: str) -> Filter:
    """The filter of that name. Raises UsageError."""
    if ":" not in name and name not in BUILT_IN:
        raise UsageError(f"there is no filter {name!r}: there are {_listed(BUILT_IN)}, and your own as file.py:object")
    found, module, label = thing(BUILT_IN.get(name, name), "a filter")
    if not isinstance(found, Filter) and callable(found) and not _required(found):
        found = found()
        if not isinstance(found, Filter):
            raise UsageError(
                f"{name} takes no argument, so it has to build a Filter, and it gave {type(found).__name__}: a filter's function takes a Trace"
            )
    if isinstance(found, Filter):
        return found
    if not callable(found):
        raise UsageError(
            f"{name} is {type(found).__name__}: a filter is a Filter, a function that builds one, or a function from a Trace to slugs"
        )
    if len(required := _required(found)) != 1:
        raise UsageError(f"{name} needs {_listed(required)}: a filter's function takes one thing, a Trace")
    source = Path(module.__file__ or "")
    version = hashlib.sha256(source.read_bytes()).hexdigest()[:_VERSION_DIGITS] if source.is_file() else "unknown"
    return Filter(label, version, lambda _: {}, reasons=_slugs_of(found, name))


def _required(function: Callable[..., Any]) -> Sequence[str]:
    """The parameters that a caller must give."""
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def _slugs_of(function: Callable[[Trace], Iterable[str]], name: str) -> Callable[[Trace], Iterable[str]]:
    def reasons(trace: Trace) -> Iterable[str]:
        slugs = function(trace)
        if isinstance(slugs, str) or not isinstance(slugs, Iterable):
            raise UsageError(
                f"{name} gave {slugs!r}: a filter's function gives slugs in a list, an empty one where it has nothing against a sample"
            )
        found = tuple(slugs)
        if not all(isinstance(slug, str) and slug for slug in found):
            raise UsageError(f"{name} gave {found!r}: a slug is a text")
        return found

    return reasons
