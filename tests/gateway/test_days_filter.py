"""Filtering a list by days: both inclusive, cut in the organisation's zone, and nothing left out in silence."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from psycopg.types.range import DateRange

from tests.admin_clients import who_may_all
from tests.factories.community import CostFactory
from tests.factories.crm import ConversionFactory, ExchangeRateFactory

pytestmark = pytest.mark.django_db

CONVERSIONS = "admin:crm_conversion_changelist"
COSTS = "admin:community_cost_changelist"
RATES = "admin:crm_exchangerate_changelist"


@pytest.fixture
def ana() -> Client:
    return who_may_all()


@pytest.fixture(autouse=True)
def berlin(settings):
    settings.KITH_TIME_ZONE = "Europe/Berlin"


def listed(client: Client, page: str, **query: str) -> tuple[list[object], list[str]]:
    """Return what the list shows, by its ordering, and what it says."""
    answer = client.get(reverse(page), query)
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list), [str(message) for message in answer.context["messages"]]


def orders(found: list[object]) -> list[str]:
    return sorted(conversion.order_number for conversion in found)


@pytest.fixture
def sales(ana: Client) -> None:
    """One in the last second before 2 March in Berlin, one in the first of it, in its last, and one after it."""
    for number, moment in {
        "before": dt.datetime(2026, 3, 1, 22, 59, 59, tzinfo=dt.UTC),
        "first": dt.datetime(2026, 3, 1, 23, 0, 0, tzinfo=dt.UTC),
        "last": dt.datetime(2026, 3, 2, 22, 59, 59, 999999, tzinfo=dt.UTC),
        "after": dt.datetime(2026, 3, 2, 23, 0, 0, tzinfo=dt.UTC),
    }.items():
        ConversionFactory(order_number=number, occurred_at=moment)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"from": "2026-03-02", "to": "2026-03-02"}, ["first", "last"]),
        ({"from": "2026-03-02"}, ["after", "first", "last"]),
        ({"to": "2026-03-01"}, ["before"]),
        ({"from": "02/03/2026", "to": ""}, ["after", "first", "last"]),
        ({"from": "2026-03-04"}, []),
        ({}, ["after", "before", "first", "last"]),
    ],
)
def test_moments_are_filtered_by_the_days_they_fall_on(sales: None, ana: Client, query: dict[str, str], shown):
    found, said = listed(ana, CONVERSIONS, **{f"occurred_at_{name}": day for name, day in query.items()})

    assert (orders(found), said) == (shown, [])


@pytest.mark.parametrize(
    ("page", "column", "title"), [(CONVERSIONS, "occurred_at", "Occurred at"), (COSTS, "days", "Days")]
)
def test_days_that_end_before_they_start_leave_nothing_and_say_why(
    sales: None, ana: Client, page: str, column: str, title: str
):
    CostFactory(days=DateRange(dt.date(2026, 3, 1), dt.date(2026, 4, 1)))

    found, said = listed(ana, page, **{f"{column}_from": "2026-03-05", f"{column}_to": "2026-03-01"})

    assert (found, said) == ([], [f"{title}: the period ends (2026-03-01) before it starts (2026-03-05)."])


def test_days_are_filtered_inclusively(ana: Client):
    for day in (1, 2, 3):
        ExchangeRateFactory(currency="USD", date=dt.date(2026, 3, day))

    found, _ = listed(ana, RATES, date_from="2026-03-02", date_to="2026-03-03")

    assert [rate.date.day for rate in found] == [3, 2]


@pytest.mark.parametrize("day", ["2026-02-30", "soon", "1899-12-31", "3000-01-01", "0001-01-01", "9999-12-31"])
def test_a_day_that_is_none_is_named_and_the_other_holds(sales: None, ana: Client, day: str):
    found, said = listed(ana, CONVERSIONS, occurred_at_from=day, occurred_at_to="2026-03-01")

    assert orders(found) == ["before"]
    (sentence,) = said
    assert f"“{day}” was left out." in sentence
    assert sentence.startswith("Occurred at: ")


def test_the_filter_shows_what_was_entered(ana: Client):
    page = ana.get(reverse(CONVERSIONS), {"occurred_at_from": "2026-03-02"}).content.decode()

    assert 'name="occurred_at_from" value="2026-03-02"' in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"from": "2026-03-31"}, ["march", "march to may"]),
        ({"from": "2026-04-01"}, ["march to may"]),
        ({"to": "2026-03-01"}, ["february", "march"]),
        ({"to": "2026-02-28"}, ["february"]),
        ({"from": "2026-03-02", "to": "2026-03-02"}, ["march"]),
        ({}, ["february", "march", "march to may"]),
        ({"from": "soon"}, ["february", "march", "march to may"]),
    ],
)
def test_costs_are_filtered_by_any_day_that_they_cover(ana: Client, query: dict[str, str], shown):
    for name, first, after in (
        ("february", dt.date(2026, 2, 1), dt.date(2026, 3, 1)),
        ("march", dt.date(2026, 3, 1), dt.date(2026, 4, 1)),
        ("march to may", dt.date(2026, 3, 15), dt.date(2026, 6, 1)),
    ):
        CostFactory(description=name, days=DateRange(first, after))

    found, said = listed(ana, COSTS, **{f"days_{end}": day for end, day in query.items()})

    assert sorted(cost.description for cost in found) == shown
    assert len(said) == (1 if query == {"from": "soon"} else 0)
