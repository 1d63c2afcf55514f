"""The money of a few people, as `roi_report` has it for all: little enough to ask for whenever a page is opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings

from crm.money import in_reporting_currency
from crm.periods import local_day, organisation_zone
from metrics.reports import figures
from metrics.reports.shares import shared_among_people
from metrics.reports.snapshot import select
from metrics.reports.spent import IS_TO_STAFF, SHARED, whole_minor

VIEW_VALUE = "metrics.view_person_value"  # to know what one person brought, without what everybody did and cost


@dataclass(frozen=True)
class PersonMoney:
    """
    What a person brought and cost, all time, in the reporting currency.

    `cost` is direct: rewards while they were no staff, and staffing's share by the minutes that they were helped.
    `roi` is on revenue credited and the cost before rounding, as in reports.
    """

    revenue: Decimal
    credited: Decimal
    unattributed: Decimal
    conversions: int
    cost: Decimal
    roi: figures.Ratio


def money_of_people(persons: Sequence[int], *, now: datetime) -> dict[int, PersonMoney]:
    """Return the money of each person asked for; two queries."""
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
    rows = select(
        f"""
        SELECT asked.id, brought.*, (
            SELECT COALESCE(sum(d.amount_minor), 0)
            FROM crm_contact record
            JOIN community_cost c ON c.contact_id = record.id
            JOIN metrics_costday d ON d.cost_id = c.id AND d.day < %(cost_end)s::date
            WHERE record.person_id = asked.id AND NOT {IS_TO_STAFF.format(person="asked.id")}
        )
        FROM unnest(%(persons)s::bigint[]) AS asked (id)
        CROSS JOIN LATERAL (
            SELECT COALESCE(sum(revenue_minor), 0)::bigint, COALESCE(sum(credited_minor), 0)::bigint,
                   COALESCE(sum(unattributed_minor), 0)::bigint, COALESCE(sum(conversions), 0)::bigint
            FROM metrics_personday WHERE person_id = asked.id
        ) brought
        """,
        parameters,
    )
    shares, _ = shared_among_people(
        parameters, shared=SHARED["customer", "direct"], by_touches=False, days_of=persons
    ).ask()
    return {
        person: _money(revenue, credited, unattributed, bought, cost_minor=rewards + shares.get(person, Decimal(0)))
        for person, revenue, credited, unattributed, bought, rewards in rows
    }


def _money(revenue: int, credited: int, unattributed: int, conversions: int, *, cost_minor: Decimal) -> PersonMoney:
    return PersonMoney(
        revenue=in_reporting_currency(revenue),
        credited=in_reporting_currency(credited),
        unattributed=in_reporting_currency(unattributed),
        conversions=conversions,
        cost=in_reporting_currency(whole_minor(cost_minor)),
        roi=figures.roi(revenue=in_reporting_currency(credited), cost=in_reporting_currency(cost_minor), n=conversions),
    )
