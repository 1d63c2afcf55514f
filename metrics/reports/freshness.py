"""Whether the stored figures still follow from the facts and settings."""

from metrics.fingerprint import current_fingerprint, stored_fingerprint
from metrics.models import RecomputeChunk, StaleMark


def behind_reason() -> str | None:
    """
    Return in one sentence why figures are behind, or None when they follow from everything committed.

    Four small queries at most, whatever is stored.
    """
    if RecomputeChunk.objects.filter(done_at=None).exists():
        return "A full recompute is running."
    computed_with = stored_fingerprint()
    if computed_with is None:
        return "Nothing has been computed yet."
    if computed_with != current_fingerprint():
        return "Settings that figures depend on have changed: a full recompute follows."
    if StaleMark.objects.exists():
        return "Facts have changed and wait for their recompute."
    return None
