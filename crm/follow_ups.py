"""What is to be done for people: which of it is open or overdue, marking it done, and opening it again."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import QuerySet

from crm.models import FollowUp


def open_follow_ups(
    follow_ups: QuerySet[FollowUp] | None = None, *, assigned_to_id: int | None = None, before: date | None = None
) -> QuerySet[FollowUp]:
    """Return what is not done, soonest first: all of it, one user's, or what was due before a day (overdue then)."""
    found = (FollowUp.objects.all() if follow_ups is None else follow_ups).filter(done_at=None)
    if assigned_to_id is not None:
        found = found.filter(assigned_to=assigned_to_id)
    if before is not None:
        found = found.filter(due_on__lt=before)
    return found.order_by("due_on", "pk")


def mark_done(ids: Sequence[int], *, by_id: int | None, now: datetime) -> int:
    """Mark open follow-ups as done and return how many; what was done before keeps its time and doer."""
    return FollowUp.objects.filter(pk__in=ids, done_at=None).update(done_at=now, done_by=by_id, updated_at=now)


def reopen(ids: Sequence[int], *, now: datetime) -> int:
    """Open follow-ups again that were done, and return how many."""
    return FollowUp.objects.filter(pk__in=ids, done_at__isnull=False).update(done_at=None, done_by=None, updated_at=now)
