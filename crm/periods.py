"""
Periods: spans of local days, and the instants at which they begin and end.

Days, weeks and months are cut at midnight of an IANA zone and never of a fixed offset, so a day has
23, 24 or 25 hours. Every span is half-open: its end is the first day, or instant, that is not in it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from gateway.errors import DomainError
from gateway.registry import Registry

# No period is asked for beyond these days: every fact lies between them (gateway.items).
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)


class PeriodEndsBeforeStart(DomainError):
    """The period's end lies before its start."""

    code = "period_ends_before_start"


def organisation_zone() -> ZoneInfo:
    """Return the zone in which the organisation's days are cut (`KITH_TIME_ZONE`)."""
    return ZoneInfo(settings.KITH_TIME_ZONE)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the day on which `instant` (aware) falls in `zone`. A naive instant raises `ValueError`."""
    if instant.tzinfo is None:
        raise ValueError("A naive time has no local day.")
    return instant.astimezone(zone).date()


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """
    Return the first instant of `day` in `zone`, in UTC.

    Where midnight is skipped by daylight saving, that is the instant of the change; where it comes
    twice, the first of the two. So the end of a day is always the start of the next.
    """
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the last microsecond of `day` in `zone`, in UTC. The last day of the calendar raises `OverflowError`."""
    return start_of_day(day + timedelta(days=1), zone) - timedelta(microseconds=1)


def first_of_month(day: date, *, months_later: int = 0) -> date:
    """Return the first day of the month that lies `months_later` months after that of `day` (may be negative)."""
    months = day.year * 12 + day.month - 1 + months_later
    return date(months // 12, months % 12 + 1, 1)


@dataclass(frozen=True)
class Period:
    """
    The local days from `start` up to but not including `end`; None leaves that side open.

    A start equal to the end is an empty period. An end before the start raises `PeriodEndsBeforeStart`.
    """

    start: date | None
    end: date | None
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.end < self.start:
            raise PeriodEndsBeforeStart(f"The period ends ({self.end}) before it starts ({self.start}).")

    @property
    def starts_at(self) -> datetime | None:
        """The first instant, in UTC; None when the start is open."""
        return None if self.start is None else start_of_day(self.start, self.zone)

    @property
    def ends_at(self) -> datetime | None:
        """The first instant after the period, in UTC; None when the end is open."""
        return None if self.end is None else start_of_day(self.end, self.zone)

    def __contains__(self, moment: object) -> bool:
        """Say whether a local day (date) or an instant (aware datetime) lies in the period."""
        if isinstance(moment, datetime):
            moment = local_day(moment, self.zone)
        if not isinstance(moment, date):
            return False
        return (self.start is None or self.start <= moment) and (self.end is None or moment < self.end)

    def months(self) -> Iterator["Period"]:
        """
        Yield the calendar months that the period meets, the first and the last clipped to it.

        An open side raises `ValueError`: there would be no end of months.
        """
        if self.start is None or self.end is None:
            raise ValueError("Only a period with a start and an end has months.")
        start = self.start
        while start < self.end:
            end = min(first_of_month(start, months_later=1), self.end)
            yield Period(start, end, self.zone)
            start = end

    def __str__(self) -> str:
        """Read as people say it, the last day inclusive: "2026-03-01 to 2026-03-31"."""
        if self.end is None:
            return "all time" if self.start is None else f"from {self.start}"
        last = self.end - timedelta(days=1)
        return f"until {last}" if self.start is None else f"{self.start} to {last}"


@dataclass(frozen=True)
class Preset:
    """A period that is named by where today lies; `days` gives its first day and the day after its last."""

    key: str
    label: str
    days: Callable[[date], tuple[date | None, date | None]]


def _from_month(today: date, first: int, end: int) -> tuple[date, date]:
    return first_of_month(today, months_later=first), first_of_month(today, months_later=end)


def _quarter(today: date) -> tuple[date, date]:
    return _from_month(today, -((today.month - 1) % 3), 3 - (today.month - 1) % 3)


def _tomorrow(today: date) -> date:
    return today + timedelta(days=1)


presets: Registry[Preset] = Registry(
    "period",
    Preset("today", "Today", lambda today: (today, _tomorrow(today))),
    Preset("last_7_days", "Last 7 days", lambda today: (_tomorrow(today) - timedelta(days=7), _tomorrow(today))),
    Preset("last_30_days", "Last 30 days", lambda today: (_tomorrow(today) - timedelta(days=30), _tomorrow(today))),
    Preset("last_90_days", "Last 90 days", lambda today: (_tomorrow(today) - timedelta(days=90), _tomorrow(today))),
    Preset("this_month", "This month", lambda today: _from_month(today, 0, 1)),
    Preset("last_month", "Last month", lambda today: _from_month(today, -1, 0)),
    Preset("this_quarter", "This quarter", _quarter),
    # The month that runs and the eleven before it, so that a chart by month shows each month once.
    Preset("last_12_months", "Last 12 months", lambda today: _from_month(today, -11, 1)),
    Preset("this_year", "This year", lambda today: (date(today.year, 1, 1), date(today.year + 1, 1, 1))),
    Preset("last_year", "Last year", lambda today: (date(today.year - 1, 1, 1), date(today.year, 1, 1))),
    Preset("all_time", "All time", lambda today: (None, None)),
)


def preset_period(key: str, *, now: datetime, zone: ZoneInfo) -> Period:
    """Return the period that preset `key` means at `now` in `zone`. An unknown key raises `LookupError`."""
    start, end = presets[key].days(local_day(now, zone))
    return Period(start, end, zone)
