"""Whether the stored figures still follow from the facts and settings."""

from django.db.models import Exists

from metrics.fingerprint import current_fingerprint
from metrics.models import Fingerprint, RecomputeChunk, StaleMark


def behind_reason() -> str | None:
    """
    Return in one sentence why figures are behind, or None when they follow from everything committed.

    Two small queries, whatever is stored.
    """
    unfinished = RecomputeChunk.objects.filter(done_at=None)
    stored = Fingerprint.objects.values_list("value", Exists(unfinished), Exists(StaleMark.objects.all())).first()
    if stored is None:
        return "A full recompute is running." if unfinished.exists() else "Nothing has been computed yet."
    computed_with, is_recomputing, is_stale = stored
    if is_recomputing:
        return "A full recompute is running."
    if computed_with != current_fingerprint():
        return "Settings that figures depend on have changed: a full recompute follows."
    return "Facts have changed and wait for their recompute." if is_stale else None
