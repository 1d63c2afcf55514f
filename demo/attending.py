"""How the demo company attends to its queue: when somebody is there, how soon they reply, what they let go."""

from datetime import date, datetime, time, timedelta

from community import handling
from community.models import BusinessHours, Channel, OpeningTime
from community.waiting import prune_watch_list, unanswered
from crm.periods import organisation_zone, start_of_day

TARGETS = {"forum": 480, "discord": 480, "instagram": 240}  # minutes of business hours to a first reply
LET_GO_AFTER = timedelta(days=10)
REASON = "Asked long ago, and never asked again"


def attend(*, until: date, now: datetime) -> None:
    """Give the company its hours and targets, and dismiss what nobody answered for ten days. Again changes nothing."""
    hours, is_new = BusinessHours.objects.get_or_create(
        name="Office", defaults={"time_zone": str(organisation_zone()), "is_default": True}
    )
    if is_new:
        OpeningTime.objects.bulk_create(
            OpeningTime(hours=hours, weekday=day, opens=time(9), closes=time(17, 30)) for day in range(5)
        )
    for slug, minutes in TARGETS.items():
        Channel.objects.filter(slug=slug, reply_target_minutes=None).update(reply_target_minutes=minutes)
    long_ago = start_of_day(until, organisation_zone()) - LET_GO_AFTER
    old = unanswered(now=now).filter(occurred_at__lt=long_ago, handling__dismissed_at=None)
    handling.dismiss(list(old.values_list("pk", flat=True)), reason=REASON, user_id=None, now=now)
    prune_watch_list()
