"""The 25 kinds of verifiable constraints of IFEval (arXiv 2311.07911), by the ids of its data. Each file holds a group and says where it departs from the published checkers."""

from collections.abc import Mapping

from curate.verifiers.constraints import form, keywords, length, whole
from curate.verifiers.constraints.base import BadParameter, Check, Maker, Parameters

__all__ = ["KINDS", "BadParameter", "Check", "Maker", "Parameters"]

KINDS: Mapping[str, Maker] = {**keywords.KINDS, **length.KINDS, **form.KINDS, **whole.KINDS}
