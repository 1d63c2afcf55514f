"""The money of a few people, as `roi_report` has it for all: little enough to ask for whenever a page is opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Case, OuterRef, Subquery, Sum, When
from django.db.models.functions import Coalesce

from crm.money import in_reporting_currency
from metrics.models import PersonDay
from metrics.reports import figures
from metrics.reports.query import RoiQuery
from metrics.reports.roi import parameters_of
from metrics.reports.snapshot import Question, ask_together
from metrics.reports.spent import spent_on_few, whole_minor

_BROUGHT = """
    SELECT person_id, sum(revenue_minor)::bigint, sum(credited_minor)::bigint, sum(unattributed_minor)::bigint,
           sum(conversions)::bigint
    FROM metrics_personday
    WHERE person_id = ANY (%(only)s::bigint[])
    GROUP BY 1
"""

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


def brought_minor(name: str, *, person: str) -> Case:
    """
    Return the expression for what a person brought so far, the column `name` of their days, in minor units.

    `person` is the path to the person's id. Who brought nothing brought 0; it is null where nobody is known.
    """
    days = PersonDay.objects.filter(person_id=OuterRef(person)).values("person_id").values(minor=Sum(name))
    return Case(When(**{f"{person}__isnull": False}, then=Coalesce(Subquery(days), 0)))


def money_of_people(persons: Sequence[int], *, now: datetime) -> dict[int, PersonMoney]:
    """Return the money of each person asked for; one query."""
    parameters = {**parameters_of(RoiQuery(scope="members", now=now)), "only": list(persons)}
    brought = Question([(_BROUGHT, parameters)], lambda rows: {person: amounts for person, *amounts in rows})
    costs = spent_on_few(parameters, persons=persons, view="customer")
    ask_together([brought, costs])
    return {
        person: _money(*brought.answer.get(person, (0, 0, 0, 0)), cost_minor=costs.answer.get(person, Decimal(0)))
        for person in persons
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
