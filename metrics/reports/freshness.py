"""Whether the stored figures still follow from the facts and settings."""

from metrics.models import RecomputeChunk, StaleMark


def behind_reason() -> str | None:
    """
    Return in one sentence why figures are behind, or None when they follow from everything committed.

    Two queries, both answered by the first row they find.
    """
    if RecomputeChunk.objects.filter(done_at=None).exists():
        return "A full recompute is running."
    if StaleMark.objects.exists():
        return "Facts have changed and wait for their recompute."
    return None
