"""
What people bring: courses, subscriptions, donations, sign-ups, downloads, and what they take back.

Three streams run together: those who followed a campaign's link, those who were helped not long
before, and all the others, who come for reasons that nobody recorded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from demo.generator import talk
from demo.generator.calendar import Calendar, stamp
from demo.generator.campaigns import Campaign, utm
from demo.generator.catalogue import COURSES, SUBSCRIPTIONS
from demo.generator.people import SOURCE, Person, Population
from demo.generator.talk import Item

CONVERSIONS = 3_820  # refunds come on top
STAFF_PURCHASES = 22
GUEST_ORDERS = 150
HELPED_WHO_BUY = 0.36  # of those whose answer was accepted, in the weeks after
REFUNDED = 0.075  # of the conversions with value
KINDS = (
    # kind, how often among what nobody recorded a reason for
    ("purchase", 30), ("subscription", 11), ("renewal", 14), ("donation", 4),
    ("sign_up", 19), ("download", 14), ("visit", 6), ("referral", 2),
)  # fmt: skip
FREE = {"sign_up", "download", "visit", "referral"}


@dataclass(frozen=True)
class Sale:
    """A conversion before it has a number."""

    at: datetime
    kind: str
    person: Person | None
    amount: Decimal
    currency: str
    utm: tuple[tuple[str, str], ...] = ()


def conversions(calendar: Calendar, people: Population, campaigns: Sequence[Campaign]) -> Iterator[Item]:
    """Yield the conversions in order of time, each with the refunds of it right after."""
    dice = Random("refunds")
    for number, sale in enumerate(_sales(calendar, people, campaigns), 1):
        order = f"o{number}"
        item: Item = {
            "source": SOURCE,
            "external_id": order,
            "kind": sale.kind,
            "occurred_at": stamp(sale.at),
            "order_number": f"HL-{10_000 + number}",
            **dict(sale.utm),
        }
        if sale.person:
            item["contact"] = sale.person.ref
        if sale.amount:
            item |= {"amount": str(sale.amount), "currency": sale.currency}
        yield item
        if sale.amount and dice.random() < REFUNDED:
            yield from _refunds(dice, calendar, sale, order)


def _refunds(dice: Random, calendar: Calendar, sale: Sale, order: str) -> Iterator[Item]:
    """Yield one refund in full, one of a part, or two of a part each."""
    parts = dice.choices((("1",), ("0.5",), ("0.2",), ("0.25", "0.35")), (40, 30, 20, 10))[0]
    at: datetime | None = sale.at
    for number, part in enumerate(parts, 1):
        at = calendar.later(dice, at, 24 * 12) if at else None
        if at is None:
            return
        yield {
            "source": SOURCE,
            "external_id": f"{order}-r{number}",
            "refund_of": {"source": SOURCE, "external_id": order},
            "amount": str((sale.amount * Decimal(part)).quantize(Decimal("0.01"))),
            "occurred_at": stamp(at),
        }


def _sales(calendar: Calendar, people: Population, campaigns: Sequence[Campaign]) -> list[Sale]:
    sales = [
        *_after_a_click(calendar, people, campaigns),
        *_after_help(calendar, people),
        *_as_guests(calendar, campaigns),
        *_by_staff(calendar, people),
    ]
    sales += _without_a_reason(calendar, people, CONVERSIONS - len(sales))
    return sorted(sales, key=lambda sale: sale.at)


def _after_a_click(calendar: Calendar, people: Population, campaigns: Sequence[Campaign]) -> Iterator[Sale]:
    dice = Random("after a click")
    for click in talk.clicks(calendar, people, campaigns):
        if click.member.person is None or dice.random() > 2.2 * click.campaign.plan.buying:
            continue
        at = calendar.later(dice, click.at, 30)
        if at:
            kind = dice.choices(("purchase", "subscription", "sign_up"), (60, 12, 28))[0]
            sale = _sale(dice, kind, click.member.person, at)
            tagged = dice.random() < 0.6
            yield replace(sale, utm=tuple(utm(click.campaign).items())) if tagged else sale


def _after_help(calendar: Calendar, people: Population) -> Iterator[Sale]:
    dice = Random("after help")
    for each in talk.solved(calendar, people):
        if each.asker.person is None or dice.random() > HELPED_WHO_BUY:
            continue
        at = calendar.later(dice, each.answered_at, 24 * 18)
        if at:
            kind = dice.choices(("purchase", "renewal", "sign_up", "donation"), (58, 22, 14, 6))[0]
            yield _sale(dice, kind, each.asker.person, at)


def _as_guests(calendar: Calendar, campaigns: Sequence[Campaign]) -> Iterator[Sale]:
    dice = Random("guests")
    for at in calendar.moments(dice, GUEST_ORDERS):
        running = [each for each in campaigns if each.starts_on <= at.date() <= each.ends_on]
        sale = _sale(dice, "purchase", None, at)
        followed = bool(running) and dice.random() < 0.8
        yield replace(sale, utm=tuple(utm(dice.choice(running)).items())) if followed else sale


def _by_staff(calendar: Calendar, people: Population) -> Iterator[Sale]:
    dice = Random("staff purchases")
    for at in calendar.moments(dice, STAFF_PURCHASES):
        sale = _sale(dice, "purchase", dice.choice(people.staff), at)
        yield replace(sale, amount=(sale.amount / 2).quantize(Decimal("0.01")))  # staff pay half


def _without_a_reason(calendar: Calendar, people: Population, count: int) -> Iterator[Sale]:
    dice = Random("without a reason")
    for at in calendar.moments(dice, count):
        kind = dice.choices([key for key, _ in KINDS], [share for _, share in KINDS])[0]
        person = people.customers[int(dice.random() ** 1.5 * len(people.customers))]
        yield _sale(dice, kind, person, at)


def _sale(dice: Random, kind: str, person: Person | None, at: datetime) -> Sale:
    currency = person.currency if person else "EUR"
    return Sale(at=at, kind=kind, person=person, amount=_price(dice, kind, currency), currency=currency)


def _price(dice: Random, kind: str, currency: str) -> Decimal:
    if kind in FREE:
        return Decimal(0)
    if kind == "donation":
        return Decimal(dice.choice(("5.00", "10.00", "10.00", "20.00", "50.00")))
    if kind in ("subscription", "renewal"):
        _, eur, gbp = dice.choice(SUBSCRIPTIONS)
        return (gbp if currency == "GBP" else eur) * dice.choice((1, 3, 12))
    course = dice.choice(COURSES)
    return course.gbp if currency == "GBP" else course.eur


def exchange_rates(calendar: Calendar) -> Iterator[Item]:
    """Yield the rate of the pound for every working day, from a week before the first sale on."""
    dice = Random("exchange rates")
    rate, day = Decimal("1.1620"), calendar.first_day - timedelta(days=7)
    while day < calendar.until:
        if day.weekday() < 5:
            # It wanders, and something pulls it back to 1.16.
            rate += Decimal(dice.randrange(-45, 46)) / 10_000 + (Decimal("1.1600") - rate) / 40
            yield _rate(day, rate)
        day += timedelta(days=1)


def _rate(day: date, rate: Decimal) -> Item:
    return {"currency": "GBP", "date": day.isoformat(), "rate": str(rate.quantize(Decimal("0.0001")))}
