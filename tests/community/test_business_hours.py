"""Seconds of business hours, against a clock on the wall that is looked at every minute."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.utils import IntegrityError
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from community.business_time import OPENED, business_seconds
from community.models import BusinessHours, Holiday, OpeningTime

pytestmark = pytest.mark.django_db

MINUTE = dt.timedelta(minutes=1)


def seconds(hours, starts, ends):
    """Return what the function gives for one span, having seen that the expression for many gives the same."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kith_business_seconds(%s, %s, %s)", [hours and hours.pk, starts, ends])
        (found,) = cursor.fetchone()
        cursor.execute(
            f"""
            WITH opened AS ({OPENED.format(since="%(since)s::timestamptz", until="%(until)s::timestamptz")})
            SELECT {business_seconds("said.since", "said.until", hours="said.hours_id", opened="opened")}
            FROM (VALUES (%(hours)s::bigint, %(since)s::timestamptz, %(until)s::timestamptz))
                AS said (hours_id, since, until)
            LEFT JOIN opened ON opened.hours_id = said.hours_id
            """,
            {"hours": hours and hours.pk, "since": starts, "until": ends},
        )
        assert cursor.fetchone() == (float(found),)
        return found


def week(zone, *openings, holidays=()):
    hours = BusinessHours.objects.create(name=f"{zone} {openings} {holidays}"[:100], time_zone=zone)
    for weekday, opens, closes in openings:
        OpeningTime.objects.create(hours=hours, weekday=weekday, opens=opens, closes=closes)
    for day in holidays:
        Holiday.objects.create(hours=hours, day=day)
    return hours


def at(text, zone="UTC", fold=0):
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


OFFICE = [(day, "09:00", "17:00") for day in range(5)]


def test_a_night_and_a_weekend_do_not_count():
    hours = week("Europe/Copenhagen", *OFFICE)

    # Friday 16:30 to Monday 09:15, local: half an hour and a quarter.
    assert seconds(hours, at("2026-03-06T15:30"), at("2026-03-09T08:15")) == 45 * 60


def test_a_holiday_does_not_count_and_a_day_of_two_parts_counts_both():
    hours = week(
        "Europe/Copenhagen", (0, "09:00", "12:00"), (0, "13:00", "17:00"), (1, "09:00", "17:00"),
        holidays=[dt.date(2026, 3, 10)],
    )  # fmt: skip

    assert seconds(hours, at("2026-03-09T00:00"), at("2026-03-12T00:00")) == 7 * 3600


def test_openings_that_overlap_count_once():
    hours = week("UTC", (0, "09:00", "12:00"), (0, "11:00", "13:00"))

    assert seconds(hours, at("2026-03-09T00:00"), at("2026-03-10T00:00")) == 4 * 3600


def test_without_hours_every_second_counts_and_without_openings_none():
    starts, ends = at("2026-03-09T00:00"), at("2026-03-10T00:00:00.5")

    assert float(seconds(None, starts, ends)) == 86400.5
    assert seconds(week("UTC"), starts, ends) == 0
    assert seconds(None, ends, starts) == 0


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-29", 23), ("2026-10-25", 25), ("2026-07-05", 24)],  # Sundays in Copenhagen
)
def test_a_whole_day_is_as_long_as_the_clocks_make_it(day, hours):
    always = week("Europe/Copenhagen", (6, "00:00", "00:00"))
    midnight = at(f"{day}T00:00", "Europe/Copenhagen")

    assert seconds(always, midnight - dt.timedelta(days=2), midnight + dt.timedelta(days=3)) == hours * 3600


def test_an_opening_over_the_change_is_shorter_in_spring_and_longer_in_autumn():
    night = week("Europe/Copenhagen", (6, "01:00", "04:00"))

    assert seconds(night, at("2026-03-28T12:00"), at("2026-03-29T12:00")) == 2 * 3600
    assert seconds(night, at("2026-10-24T12:00"), at("2026-10-25T12:00")) == 4 * 3600


def test_a_time_that_comes_twice_is_its_second_occurrence_and_a_missing_one_moves_forward():
    closes = week("Europe/Copenhagen", (6, "01:00", "02:30"))
    missing = week("Europe/Copenhagen", (6, "02:15", "02:45"))

    assert seconds(closes, at("2026-10-24T12:00"), at("2026-10-25T12:00")) == 2.5 * 3600
    assert seconds(missing, at("2026-03-28T12:00"), at("2026-03-29T12:00")) == 0.5 * 3600


@pytest.mark.parametrize(
    "opening",
    [(0, "10:00", "09:00"), (0, "10:00", "10:00"), (7, "09:00", "10:00")],
)
def test_the_database_refuses_openings_that_cannot_be(opening):
    with pytest.raises(IntegrityError), transaction.atomic():
        week("UTC", opening)


def test_one_default_and_known_zones_only():
    BusinessHours.objects.create(name="a", time_zone="UTC", is_default=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        BusinessHours.objects.create(name="b", time_zone="UTC", is_default=True)
    with pytest.raises(ValidationError, match="no IANA time zone"):
        BusinessHours(name="c", time_zone="Mars/Olympus").full_clean()


ZONES = ["Europe/Copenhagen", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo", "UTC"]
# The clocks of these zones change between midnight and four: openings begin and end outside of that.
CLOCK = st.sampled_from([0, *range(240, 1440, 5)])
INSTANT = st.integers(0, 400 * 1440).map(lambda minutes: at("2026-01-01T00:00") + minutes * MINUTE)


@st.composite
def openings(draw):
    first, second = sorted(draw(st.tuples(CLOCK, st.sampled_from([*range(245, 1440, 5), 1440]))))
    if first == second:
        second = 1440
    return draw(st.integers(0, 6)), first, second


class AgainstTheWall(TestCase):
    @settings(max_examples=60, deadline=None)
    @given(
        zone=st.sampled_from(ZONES),
        drawn=st.lists(openings(), max_size=6),
        starts=INSTANT,
        minutes=st.integers(0, 12 * 1440),
        closed=st.integers(0, 400),
    )
    def test_every_minute(self, zone, drawn, starts, minutes, closed):
        holiday = dt.date(2026, 1, 1) + dt.timedelta(days=closed)
        hours = BusinessHours.objects.create(name="drawn", time_zone=zone)
        Holiday.objects.create(hours=hours, day=holiday)
        for weekday, opens, closes in drawn:
            OpeningTime.objects.create(hours=hours, weekday=weekday, opens=_clock(opens), closes=_clock(closes % 1440))
        wall = ZoneInfo(zone)
        open_minutes = 0
        for minute in range(minutes):
            shown = (starts + minute * MINUTE).astimezone(wall)
            of_day = shown.hour * 60 + shown.minute
            open_minutes += shown.date() != holiday and any(
                weekday == shown.weekday() and opens <= of_day < closes for weekday, opens, closes in drawn
            )

        assert seconds(hours, starts, starts + minutes * MINUTE) == open_minutes * 60


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
