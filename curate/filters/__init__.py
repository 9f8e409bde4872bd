"""Filters that a sample can be held against while it is being sampled: cheap, pure, one sample at a time.

A filter looks at an answer and gives zero or more reasons, which are countable slugs. `CHEAP` is the table that `--accept` names them from.
"""

from collections.abc import Callable, Mapping

from curate.filters.truncated import truncated
from curate.records import Answer

CHEAP: Mapping[str, Callable[[Answer], tuple[str, ...]]] = {"truncated": truncated}
