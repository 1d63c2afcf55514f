from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from community.sources.local_time import LocalTimes

LONDON = ZoneInfo("Europe/London")


def test_instant_of_an_ordinary_hour_is_the_zones():
    times = LocalTimes(LONDON)

    assert times.instant(datetime.fromisoformat("2026-01-15T12:00")) == datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
    assert times.instant(datetime.fromisoformat("2026-07-15T12:00")) == datetime(2026, 7, 15, 11, 0, tzinfo=UTC)
    assert (times.ambiguous, times.missing) == (0, 0)


def test_instant_of_an_hour_that_comes_twice_is_its_first_occurrence_and_counted():
    times = LocalTimes(LONDON)

    assert times.instant(datetime.fromisoformat("2026-10-25T01:30")) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert (times.ambiguous, times.missing) == (1, 0)


def test_instant_of_an_hour_that_never_comes_is_moved_forward_and_counted():
    times = LocalTimes(LONDON)

    # At 01:00 the clocks jump to 02:00, so 01:30 becomes 02:30 of British summer time.
    assert times.instant(datetime.fromisoformat("2026-03-29T01:30")) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert (times.ambiguous, times.missing) == (0, 1)
