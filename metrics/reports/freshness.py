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
    marks = StaleMark.objects.all()
    stored = Fingerprint.objects.values_list(
        "value", Exists(unfinished), Exists(marks), Exists(marks.filter(retry_at=None))
    ).first()
    if stored is None:
        return "A full recompute is running." if unfinished.exists() else "Nothing has been computed yet."
    computed_with, is_recomputing, is_stale, is_waiting = stored
    if is_recomputing:
        return "A full recompute is running."
    if computed_with != current_fingerprint():
        return "Settings that figures depend on have changed: a full recompute follows."
    if is_stale and not is_waiting:
        return "Some figures could not be computed. They are tried again by themselves, and the log says why."
    return "Facts have changed and wait for their recompute." if is_stale else None
