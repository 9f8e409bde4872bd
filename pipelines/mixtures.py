"""Mixtures as values: how many samples of each domain.

R1: Table 5 of arXiv 2501.12948v2 (the 800k set of the second fine-tuning), 804,745 samples.
"""

from collections.abc import Mapping

R1: Mapping[str, int] = {"math": 395_285, "code": 211_129, "stem": 10_124, "logic": 10_395, "general": 177_812}

MIXTURES: Mapping[str, Mapping[str, int]] = {"r1": R1}
