"""Periods: days cut at local midnight, on every day that daylight saving makes odd."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm.periods import Period, PeriodEndsBeforeStart, end_of_day, local_day, preset_period, presets, start_of_day

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("zone", "day", "starts_at", "hours"),
    [
        ("Europe/Copenhagen", date(2027, 3, 28), "2027-03-27T23:00:00+00:00", 23),
        ("Europe/Copenhagen", date(2026, 10, 25), "2026-10-24T22:00:00+00:00", 25),
        ("America/New_York", date(2027, 3, 14), "2027-03-14T05:00:00+00:00", 23),
        ("America/New_York", date(2026, 11, 1), "2026-11-01T04:00:00+00:00", 25),
        ("Asia/Kolkata", date(2027, 3, 28), "2027-03-27T18:30:00+00:00", 24),
        ("Pacific/Kiritimati", date(2027, 1, 1), "2026-12-31T10:00:00+00:00", 24),
        ("Europe/Copenhagen", date(2028, 2, 29), "2028-02-28T23:00:00+00:00", 24),
        # Midnight itself is skipped in Cairo's spring: the day begins at the instant of the change.
        ("Africa/Cairo", date(2026, 4, 24), "2026-04-23T22:00:00+00:00", 23),
        # Midnight comes twice in Havana's autumn: the day begins with the first.
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00:00+00:00", 25),
    ],
)
def test_day_begins_at_local_midnight_and_loses_no_hour(zone, day, starts_at, hours):
    period = Period(day, day + timedelta(days=1), ZoneInfo(zone))

    assert period.starts_at == datetime.fromisoformat(starts_at)
    assert period.ends_at - period.starts_at == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (
            date(2026, 3, 29),
            datetime(2026, 3, 29, 0, 0, tzinfo=UTC),
            datetime(2026, 3, 29, 22, 59, 59, 999_999, tzinfo=UTC),
        ),
        (
            date(2026, 10, 25),
            datetime(2026, 10, 24, 23, 0, tzinfo=UTC),
            datetime(2026, 10, 25, 23, 59, 59, 999_999, tzinfo=UTC),
        ),
        (
            date(2024, 2, 29),
            datetime(2024, 2, 29, 0, 0, tzinfo=UTC),
            datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC),
        ),
    ],
)
def test_day_begins_and_ends_at_local_midnight(day, first, last):
    assert start_of_day(day, LONDON) == first
    assert end_of_day(day, LONDON) == last


@pytest.mark.parametrize("zone", ["Europe/Copenhagen", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati"])
def test_days_of_three_years_meet_without_gap_or_overlap(zone):
    zone = ZoneInfo(zone)
    day = date(2026, 1, 1)
    while day < date(2029, 1, 1):
        first = start_of_day(day, zone)
        last = start_of_day(day + timedelta(days=1), zone) - timedelta(microseconds=1)

        assert local_day(first, zone) == day
        assert local_day(last, zone) == day
        assert local_day(first - timedelta(microseconds=1), zone) == day - timedelta(days=1)
        day += timedelta(days=1)


def test_period_holds_its_first_instant_and_not_its_end():
    march = Period(date(2027, 3, 1), date(2027, 4, 1), COPENHAGEN)

    assert datetime(2027, 2, 28, 23, 0, tzinfo=UTC) in march
    assert datetime(2027, 2, 28, 22, 59, 59, 999999, tzinfo=UTC) not in march
    assert datetime(2027, 3, 31, 21, 59, 59, 999999, tzinfo=UTC) in march
    assert datetime(2027, 3, 31, 22, 0, tzinfo=UTC) not in march
    assert date(2027, 3, 31) in march
    assert date(2027, 4, 1) not in march


def test_months_are_clipped_to_the_period():
    period = Period(date(2026, 11, 15), date(2027, 2, 2), COPENHAGEN)

    assert [(month.start, month.end) for month in period.months()] == [
        (date(2026, 11, 15), date(2026, 12, 1)),
        (date(2026, 12, 1), date(2027, 1, 1)),
        (date(2027, 1, 1), date(2027, 2, 1)),
        (date(2027, 2, 1), date(2027, 2, 2)),
    ]


def test_open_period_holds_everything_and_has_no_instants():
    ever = Period(None, None, COPENHAGEN)

    assert (ever.starts_at, ever.ends_at) == (None, None)
    assert date(1970, 1, 1) in ever
    with pytest.raises(ValueError, match="a start and an end"):
        list(ever.months())


def test_period_that_ends_before_it_starts_is_refused():
    with pytest.raises(PeriodEndsBeforeStart, match="ends .2026-01-01. before it starts .2026-01-02."):
        Period(date(2026, 1, 2), date(2026, 1, 1), COPENHAGEN)


@pytest.mark.parametrize(
    ("key", "start", "end"),
    [
        ("today", date(2028, 3, 1), date(2028, 3, 2)),
        ("last_7_days", date(2028, 2, 24), date(2028, 3, 2)),
        ("last_30_days", date(2028, 2, 1), date(2028, 3, 2)),
        ("last_90_days", date(2027, 12, 3), date(2028, 3, 2)),
        ("this_month", date(2028, 3, 1), date(2028, 4, 1)),
        ("last_month", date(2028, 2, 1), date(2028, 3, 1)),
        ("this_quarter", date(2028, 1, 1), date(2028, 4, 1)),
        ("last_12_months", date(2027, 4, 1), date(2028, 4, 1)),
        ("this_year", date(2028, 1, 1), date(2029, 1, 1)),
        ("last_year", date(2027, 1, 1), date(2028, 1, 1)),
        ("all_time", None, None),
    ],
)
def test_preset_is_cut_by_the_local_today(key, start, end):
    # 23:30 UTC on 29 February 2028 is 1 March in Copenhagen already.
    now = datetime(2028, 2, 29, 23, 30, tzinfo=UTC)

    period = preset_period(key, now=now, zone=COPENHAGEN)

    assert (period.start, period.end) == (start, end)


def test_every_preset_is_tested_above():
    assert len(presets) == 11


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (date(2026, 3, 1), date(2026, 4, 1), "2026-03-01 to 2026-03-31"),
        (None, date(2026, 4, 1), "until 2026-03-31"),
        (date(2026, 3, 1), None, "from 2026-03-01"),
        (None, None, "all time"),
    ],
)
def test_period_reads_with_its_last_day_inclusive(start, end, text):
    assert str(Period(start, end, COPENHAGEN)) == text
