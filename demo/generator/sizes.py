"""How many followers or members each channel has, month by month, as its platform counts them."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from random import Random

from demo.generator.calendar import Calendar
from demo.generator.people import Channel, Population
from demo.generator.talk import Item

FOLLOWERS = 8_412  # of our Instagram account on the last day, as the account itself says
# Members of a channel who never did anything that Kith would have heard of, for each that it knows.
SILENT = {"forum": 0.9, "discord": 0.35}


def sizes(calendar: Calendar, people: Population) -> Iterator[Item]:
    """Yield the size of each channel that has one on the first day of every month, and on the last day."""
    dice = Random("sizes of channels")
    last_day = calendar.until - timedelta(days=1)
    days = [*dict.fromkeys([*(first for first, _ in calendar.months()), last_day])]
    boards: tuple[tuple[str, Channel], ...] = (("forum", people.forum), ("discord", people.discord))
    for day in days:
        end = datetime.combine(day, time(), UTC) + timedelta(days=1)
        for slug, channel in boards:
            joined = sum(account.joined_at < end for account in channel.accounts)
            yield _size(slug, day.isoformat(), round(joined * (1 + SILENT[slug])) + dice.randrange(5))
        gone = (last_day - day).days / calendar.length
        yield _size(
            "instagram", day.isoformat(), round(FOLLOWERS * (1 - 0.42 * gone)) - (dice.randrange(40) if gone else 0)
        )


def _size(channel: str, day: str, people: int) -> Item:
    return {"channel": channel, "day": day, "people": people}
