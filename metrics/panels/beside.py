"""What the figures of a campaign leave out, in words: money without a rate, days to come, campaigns below it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Sum

from community.models import Cost
from crm.models import Campaign
from crm.money import in_reporting_currency, quantise
from crm.periods import organisation_zone
from gateway.screen import grouped
from metrics.models import CostDay


def beside_campaigns(ids: Sequence[int], *, now: datetime) -> Mapping[int, Sequence[str]]:
    """Return for each campaign what stands beside its figures, a sentence each, if anything does. Three queries."""
    notes: dict[int, list[str]] = defaultdict(list)
    days = CostDay.objects.filter(cost=OuterRef("pk"))
    without_rate = (
        Cost.objects.standing()
        .filter(~Exists(days), campaign__in=ids, amount__gt=0)
        .exclude(currency=settings.KITH_CURRENCY)
    )
    grouped_by = without_rate.order_by("currency").values_list("campaign", "currency")
    for campaign, currency, costs, amount in grouped_by.annotate(Count("pk"), Sum("amount")):
        notes[campaign].append(
            f"Cost and ROI are without {grouped(quantise(amount, currency))} {currency} ({costs}"
            f" {'cost' if costs == 1 else 'costs'}), for which there is no exchange rate."
        )
    to_come = CostDay.objects.filter(cost__campaign__in=ids, day__gt=now.astimezone(organisation_zone()).date())
    for campaign, minor in to_come.order_by().values_list("cost__campaign").annotate(Sum("amount_minor")):
        amount = in_reporting_currency(int(minor))
        notes[campaign].append(f"{grouped(amount)} {settings.KITH_CURRENCY} more are booked for days to come.")
    below = Campaign.objects.filter(parent__in=ids).order_by().values_list("parent").annotate(Count("pk"))
    for campaign, number in below:
        notes[campaign].append(
            "These are its own figures. "
            + (f"The {number} campaigns below it have theirs." if number > 1 else "The campaign below it has its own.")
        )
    return notes
