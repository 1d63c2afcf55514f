"""The demo company's two years: when people are awake, when term starts, and how the community grows."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from random import Random

MONTHS = 24
# Monday to Sunday: people study on weekday evenings, rest on Saturday and remember the deadline on Sunday.
WEEKDAY_WEIGHTS = (1.25, 1.2, 1.15, 1.1, 0.85, 0.55, 0.9)
# January to December: courses start in January and September; summer and Christmas are quiet.
MONTH_WEIGHTS = (1.35, 1.15, 1.1, 1.05, 1.1, 0.85, 0.6, 0.7, 1.5, 1.3, 1.1, 0.65)
# Hour by hour, UTC: a hump at lunch, a higher one after dinner.
HOUR_WEIGHTS = (1, 0, 0, 0, 0, 1, 3, 6, 8, 10, 11, 11, 12, 10, 9, 9, 9, 10, 12, 15, 17, 14, 9, 4)
GROWTH = 1.4  # the last days are so much busier than the first ones, as a share of the first


def months_before(day: date, months: int) -> date:
    """Return the same day of the month so many months earlier, or the month's last day where that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for day_of_month in range(day.day, 27, -1):
        try:
            return date(year, month + 1, day_of_month)
        except ValueError:
            continue
    return date(year, month + 1, day.day)


def stamp(moment: datetime) -> str:
    """Return `moment` as the API takes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Calendar:
    """The days from 24 months before `until` up to it, `until` itself left out, each with its weight."""

    def __init__(self, until: date) -> None:
        self.until = until
        self.first_day = months_before(until, MONTHS)
        self.starts_at = datetime.combine(self.first_day, time(), UTC)
        self.ends_at = datetime.combine(until, time(), UTC)
        self.length = (until - self.first_day).days
        self._upto = list(accumulate(self._weight(number) for number in range(self.length)))
        self._hours = list(accumulate(HOUR_WEIGHTS))

    def _weight(self, number: int) -> float:
        day = self.first_day + timedelta(days=number)
        growth = 1 + GROWTH * number / self.length
        return WEEKDAY_WEIGHTS[day.weekday()] * MONTH_WEIGHTS[day.month - 1] * growth

    def moment(self, dice: Random, first: date | None = None, last: date | None = None) -> datetime:
        """Draw a moment by the rhythm of the days and hours, from `first` to `last`, both included."""
        low = max((first - self.first_day).days, 0) if first else 0
        high = min((last - self.first_day).days, self.length - 1) if last else self.length - 1
        floor = self._upto[low - 1] if low else 0.0
        number = bisect_left(self._upto, floor + dice.random() * (self._upto[high] - floor))
        return self._on(dice, self.first_day + timedelta(days=min(number, high)))

    def moments(self, dice: Random, count: int, first: date | None = None, last: date | None = None) -> list[datetime]:
        """Draw `count` moments and return them in order of time."""
        return sorted(self.moment(dice, first, last) for _ in range(count))

    def _on(self, dice: Random, day: date) -> datetime:
        hour = bisect_left(self._hours, dice.random() * self._hours[-1])
        return datetime.combine(day, time(hour, dice.randrange(60), dice.randrange(60)), UTC)

    def office_hours(self, dice: Random) -> datetime:
        """Draw a moment at which somebody answers the telephone: a weekday between nine and five."""
        moment = self.moment(dice)
        while moment.weekday() > 4:
            moment = self.moment(dice)
        return moment.replace(hour=dice.randrange(9, 17))

    def later(self, dice: Random, moment: datetime, mean_hours: float) -> datetime | None:
        """Draw a moment after `moment`, on average so many hours; None when that lies after the end."""
        after = moment + timedelta(minutes=2 + dice.expovariate(1 / (mean_hours * 60)))
        if after.hour < 6:  # asleep: it waits for the morning
            after += timedelta(hours=7)
        after = after.replace(microsecond=0)
        return after if after < self.ends_at else None

    def months(self) -> Iterator[tuple[date, date]]:
        """Yield first and last day, both included, of every month or part of one."""
        first = self.first_day
        while first < self.until:
            following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
            last = min(following, self.until) - timedelta(days=1)
            yield first, last
            first = following
