"""What is to be done for people: which of it is open or overdue, marking it done, and opening it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, QuerySet

from crm.models import FollowUp
from gateway.users import user_called


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


@dataclass(frozen=True, kw_only=True)
class OverdueOf:
    """How many follow-ups of a colleague are overdue; `user_id` None: those that nobody has taken on."""

    user_id: int | None
    name: str
    overdue: int


def overdue_by_colleague(*, today: date) -> list[OverdueOf]:
    """Return for everybody with follow-ups that are overdue on a day how many, the most first. One query."""
    found = (
        open_follow_ups(before=today)
        .order_by()
        .values_list("assigned_to", user_called("assigned_to__"))
        .annotate(overdue=Count("pk"))
        .order_by("-overdue", "assigned_to__username")
    )
    return [OverdueOf(user_id=user, name=name or "nobody", overdue=overdue) for user, name, overdue in found]


def mark_done(ids: Sequence[int], *, by_id: int | None, now: datetime) -> int:
    """Mark open follow-ups as done and return how many; what was done before keeps its time and doer."""
    return FollowUp.objects.filter(pk__in=ids, done_at=None).update(done_at=now, done_by=by_id, updated_at=now)


def reopen(ids: Sequence[int], *, now: datetime) -> int:
    """Open follow-ups again that were done, and return how many."""
    return FollowUp.objects.filter(pk__in=ids, done_at__isnull=False).update(done_at=None, done_by=None, updated_at=now)
