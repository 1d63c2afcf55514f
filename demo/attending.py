"""How the demo company attends to its queue: when somebody is there, how soon they reply, what they let go."""

from datetime import date, datetime, time, timedelta

from django.contrib.auth import get_user_model

from community import handling
from community.models import BusinessHours, OpeningTime
from community.waiting import prune_watch_list, unanswered, waiting
from crm.periods import organisation_zone, start_of_day

LET_GO_AFTER = timedelta(days=10)
CLAIMED_BY = ("ana", "dan")
SNOOZED_FOR = timedelta(days=2)
REASON = "Asked long ago, and never asked again"


def attend(*, until: date, now: datetime) -> None:
    """Give the company its hours, and its queue hands that take care of it. Again changes nothing."""
    hours, is_new = BusinessHours.objects.get_or_create(
        name="Office", defaults={"time_zone": str(organisation_zone()), "is_default": True}
    )
    if is_new:
        OpeningTime.objects.bulk_create(
            OpeningTime(hours=hours, weekday=day, opens=time(9), closes=time(17, 30)) for day in range(5)
        )
    long_ago = start_of_day(until, organisation_zone()) - LET_GO_AFTER
    old = unanswered(now=now).filter(occurred_at__lt=long_ago, handling__dismissed_at=None)
    handling.dismiss(list(old.values_list("pk", flat=True)), reason=REASON, user_id=None, now=now)
    prune_watch_list()
    _take_care(now=now)


def _take_care(*, now: datetime) -> None:
    """Let colleagues claim the two oldest of what waits, and snooze the next; unless somebody has taken one already."""
    queue = waiting(now=now).order_by("occurred_at", "pk")
    if queue.exclude(handling__assignee=None).exists():
        return
    oldest = list(queue.values_list("pk", flat=True)[: len(CLAIMED_BY) + 1])
    users = dict(get_user_model().objects.filter(username__in=CLAIMED_BY).values_list("username", "pk"))
    for pk, username in zip(oldest, CLAIMED_BY, strict=False):
        handling.claim([pk], user_id=users[username], now=now)
    handling.snooze(oldest[len(CLAIMED_BY) :], until=now + SNOOZED_FOR, now=now)
