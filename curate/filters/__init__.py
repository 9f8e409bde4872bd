"""Filters: what is measured on a sample, and what is reason enough to drop it. One small file a filter; each has a `FILTER`, or a function that builds one.

`CHEAP` is the table of those that a sample can be held against while it is being sampled, which `--accept` names them from.
"""

from collections.abc import Callable, Mapping

from curate.filters.truncated import truncated
from curate.records import Answer

CHEAP: Mapping[str, Callable[[Answer], tuple[str, ...]]] = {"truncated": truncated}
