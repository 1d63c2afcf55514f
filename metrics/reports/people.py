"""The money of a few people, as `roi_report` has it for all: little enough to ask for whenever a page is opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Sum

from crm.money import from_minor
from crm.periods import local_day, organisation_zone
from metrics.models import PersonDay
from metrics.reports import figures
from metrics.reports.shares import shared_among_people
from metrics.reports.snapshot import select
from metrics.reports.spent import SHARED, whole_minor


@dataclass(frozen=True)
class PersonMoney:
    """
    What a person brought and cost, all time, in the reporting currency.

    `cost` is direct: rewards, and staffing's share by the minutes that they were helped. `roi` is on
    revenue credited and the cost before rounding, as in reports.
    """

    revenue: Decimal
    credited: Decimal
    unattributed: Decimal
    conversions: int
    cost: Decimal
    roi: figures.Ratio


def money_of_people(persons: Sequence[int], *, now: datetime) -> dict[int, PersonMoney]:
    """Return the money of each person asked for; three queries."""
    sums: Mapping[int, Any] = {
        row["person_id"]: row
        for row in PersonDay.objects.filter(person_id__in=persons)
        .values("person_id")
        .annotate(
            revenue=Sum("revenue_minor"),
            credited=Sum("credited_minor"),
            unattributed=Sum("unattributed_minor"),
            bought=Sum("conversions"),
        )
    }
    cost = _direct_cost(persons, now=now)
    return {person: _money(sums.get(person, {}), cost.get(person, Decimal(0))) for person in persons}


def _money(sums: Mapping[str, int], cost_minor: Decimal) -> PersonMoney:
    credited, conversions = _major(int(sums.get("credited", 0))), int(sums.get("bought", 0))
    return PersonMoney(
        revenue=_major(int(sums.get("revenue", 0))),
        credited=credited,
        unattributed=_major(int(sums.get("unattributed", 0))),
        conversions=conversions,
        cost=_major(whole_minor(cost_minor)),
        roi=figures.roi(revenue=credited, cost=_major(cost_minor), n=conversions),
    )


def _major(minor: int | Decimal) -> Decimal:
    return from_minor(minor, settings.KITH_CURRENCY)  # type: ignore[arg-type]


def _direct_cost(persons: Sequence[int], *, now: datetime) -> dict[int, Decimal]:
    """Return rewards and staffing's share of each person in minor units, not rounded; two queries."""
    zone = organisation_zone()
    parameters = {
        "start": "-infinity",
        "end": "infinity",
        "starts_at": "-infinity",
        "ends_at": "infinity",
        "cost_end": local_day(now, zone) + timedelta(days=1),
        "zone": zone.key,
        "currency": settings.KITH_CURRENCY,
        "persons": list(persons),
    }
    rewards = select(
        """
        SELECT p.person_id, sum(d.amount_minor)
        FROM crm_contact p
        JOIN community_cost c ON c.contact_id = p.id
        JOIN metrics_costday d ON d.cost_id = c.id AND d.day < %(cost_end)s::date
        WHERE p.person_id = ANY (%(persons)s)
        GROUP BY 1
        """,
        parameters,
    )
    shares, _ = shared_among_people(parameters, shared=SHARED["customer", "direct"], by_touches=False, days_of=persons)
    cost = {person: shares.get(person, Decimal(0)) for person in persons}
    for person, minor in rewards:
        cost[person] += minor
    return cost
