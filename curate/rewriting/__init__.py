"""An engine changes a sample's wording; the result is verified again and keeps its parent.

DeepSeek-R1's cold start (arXiv 2501.12948v2, B.3.2): chains of R1-Zero that are right are refined by another model, into the first person and the question's language, and get a solution that people can read (Listing 1, whose structure
this follows in words of its own). There every rewritten text was looked at by a person; here a verifier looks at it again, and what is not right any more is not kept.
"""

from curate.rewriting.rewrite import DEFAULTS, Rewriting, rewrite_samples

__all__ = ["DEFAULTS", "Rewriting", "rewrite_samples"]
