"""What it all costs: people by the hour, fees by the month, campaigns by the day, thanks by the gift card."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import count
from random import Random

from demo.generator.calendar import Calendar
from demo.generator.campaigns import Campaign
from demo.generator.people import Population
from demo.generator.talk import Item

SOURCE = "ledger"  # the system that our costs are booked in
STAFFING = (
    # what, scope, hours a month, EUR an hour (loaded), purpose
    ("Moderating the forum", {"channel": "forum"}, 34, "29.50", "support"),
    ("Answering the telephone", {"channel": "phone"}, 52, "27.00", "support"),
    ("Instagram: posts and messages", {"channel": "instagram"}, 22, "28.00", "acquisition"),
    ("Looking after the teachers' Discord", {"channel": "discord"}, 14, "31.00", "retention"),
)
MONTHLY: tuple[tuple[str, str, Item, str, str, str | None, str], ...] = (
    # what, category, scope, amount, currency, purpose, sharing
    ("Forum hosting", "platform_fee", {"channel": "forum"}, "99.00", "EUR", "support", "touches"),
    ("Telephone line", "platform_fee", {"channel": "phone"}, "46.50", "EUR", "support", "minutes"),
    ("Picture editor", "tools", {"channel": "instagram"}, "24.90", "GBP", "acquisition", "direct"),
    ("Survey tool", "tools", {"community": "students"}, "31.00", "EUR", "support", "even"),
    ("Articles for the lesson library", "freelancer", {"community": "teachers"}, "130.00", "GBP", "retention", "even"),
    ("Community consultant", "agency", {"community": "students"}, "210.00", "EUR", "retention", "even"),
    ("Insurance and accounts", "other", {}, "62.00", "EUR", None, "even"),
)
HOURLY_RATE = "28.50"  # EUR, loaded: an hour of ours on a campaign
PURPOSE = {"rewards": "retention", "tools": "support"}


def costs(calendar: Calendar, people: Population, campaigns: Sequence[Campaign]) -> Iterator[Item]:
    """Yield the costs: by month, by campaign, and the rewards to those who helped most."""
    numbers = count(1)

    def booked(
        what: str, category: str, amount: Decimal, currency: str, first: date, last: date, **fields: object
    ) -> Item:
        return {
            "source": SOURCE,
            "external_id": f"b{next(numbers)}",
            "description": what,
            "category": category,
            "amount": str(amount),
            "currency": currency,
            "starts_on": first.isoformat(),
            "ends_on": last.isoformat(),
            **fields,
        }

    dice = Random("costs")
    for first, last in calendar.months():
        share_of_month = Decimal((last - first).days + 1) / 31
        for what, scope, hours_a_month, rate, purpose in STAFFING:
            hours = round(Decimal(hours_a_month + dice.randrange(-4, 5)) * share_of_month * 4) / Decimal(4)
            hours = max(hours, Decimal("0.25"))
            amount = (hours * Decimal(rate)).quantize(Decimal("0.01"))
            yield booked(
                what, "staffing", amount, "EUR", first, last, hours=str(hours), hourly_rate=rate, purpose=purpose,
                sharing="minutes" if purpose == "support" else "touches", **scope,
            )  # fmt: skip
        for what, category, place, price, currency, why, sharing in MONTHLY:
            fields = {"purpose": why} if why else {}
            delivery = category if category in ("agency", "freelancer") else "in_house"
            yield booked(
                what, category, Decimal(price), currency, first, last, sharing=sharing, delivery=delivery, **fields,
                **place,
            )  # fmt: skip

    for campaign in campaigns:
        booked_on = {"campaign": campaign.code, "channel": campaign.plan.channel}
        if campaign.plan.hours:
            yield booked(
                f"{campaign.plan.name}: our hours", "staffing", campaign.plan.hours * Decimal(HOURLY_RATE), "EUR",
                campaign.starts_on, campaign.ends_on, hours=str(campaign.plan.hours), hourly_rate=HOURLY_RATE,
                purpose="acquisition", **booked_on,
            )  # fmt: skip
        for category, spent, currency in campaign.plan.booked:
            delivery = category if category in ("agency", "freelancer") else "in_house"
            yield booked(
                f"{campaign.plan.name}: {category.replace('_', ' ')}", category, Decimal(spent), currency,
                campaign.starts_on, campaign.ends_on, purpose=PURPOSE.get(category, "acquisition"), delivery=delivery,
                **booked_on,
            )  # fmt: skip

    thanked = [account for account in people.forum.helpers.accounts if account.person][:12]
    for _, last in list(calendar.months())[5::6]:
        for account in thanked[: 4 + dice.randrange(3)]:
            assert account.person is not None
            yield booked(
                "Gift card: thank you for helping", "rewards", Decimal("25.00"), "EUR", last, last,
                contact=account.person.ref, channel="forum", purpose="retention",
            )  # fmt: skip
