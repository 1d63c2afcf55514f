"""Whether the stored figures still follow from the facts and settings."""

from metrics.fingerprint import is_current
from metrics.models import Fingerprint, RecomputeChunk, StaleMark


def behind_reason() -> str | None:
    """
    Return in one sentence why figures are behind, or None when they follow from everything committed.

    Five small queries at most, whatever is stored.
    """
    if RecomputeChunk.objects.filter(done_at=None).exists():
        return "A full recompute is running."
    if not Fingerprint.objects.exists():
        return "Nothing has been computed yet."
    if not is_current():
        return "Settings that figures depend on have changed: a full recompute follows."
    if StaleMark.objects.exists():
        return "Facts have changed and wait for their recompute."
    return None
