"""Chains of filters as values: which filters, in the order in which the funnel shows them, and the limits that differ from their defaults.

R1 here is every filter that needs no engine. The paper's third stage names three filters of the chain (mixed languages, long paragraphs, code blocks; arXiv 2501.12948v2, B.3.3) and publishes no thresholds; the others are what later open sets found necessary.
OpenThoughts3 (arXiv 2506.04178) found no gain from filters of answers and OpenCodeReasoning (arXiv 2504.01943) found harm: so leave some out with --skip and compare, at equal size.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from curate.filters.chain import DEFAULT


class FilterChain(NamedTuple):
    """Filters by name or import path, and settings by FILTER.NAME."""

    filters: tuple[str, ...]
    settings: Mapping[str, Any] = {}


R1 = FilterChain(DEFAULT)
PAPER = FilterChain(("mixed_language", "long_paragraph", "code_block"))  # the three that the paper names, and nothing else

CHAINS: Mapping[str, FilterChain] = {"r1": R1, "paper": PAPER}
