"""A completion that did not end by itself: cut off at the token limit, by a content filter or by a refused request."""

from curate.records import Answer

REASONS = {"length": "truncated", "content_filter": "content_filter", "error": "refused"}


def truncated(answer: Answer) -> tuple[str, ...]:
    """`truncated`, `content_filter` or `refused`; nothing where the model stopped by itself."""
    return () if answer.finish_reason == "stop" else (REASONS.get(answer.finish_reason, "truncated"),)
