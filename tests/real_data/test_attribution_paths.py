"""
5,000 published customer journeys: the ledger against published credits and against an oracle of our own.

A row of the file is one path that converted `total_conversions` times for `total_conversion_value`
together. It is loaded as one contact who walks the path once, on one channel for each name in it,
and then converts that many times. Which part of the value each conversion has is not published, and
does not matter to a share: every conversion of a row has the same touches.
"""

import csv
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from itertools import accumulate
from math import floor

import pytest
from django.db import connection
from django.db.models import Sum

from community.models import Channel
from crm.money import from_minor
from gateway.batches import upsert
from metrics.models import ChannelDay, Credit
from tests.real_data.computing import compute_all

NOW = datetime(2026, 6, 1, tzinfo=UTC)
FIRST_TOUCH = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONVERSIONS = FIRST_TOUCH + timedelta(days=1)
MODELS = {"first": "first_touch", "last": "last_touch", "linear": "linear", "position_40_20_40": "position_based"}


@dataclass(frozen=True)
class Journey:
    """One row of paths.csv that converted: `number` is the row, `value` in the file's unit, taken as EUR."""

    number: int
    channels: list[str]
    conversions: int
    value: Decimal

    def cents(self) -> list[int]:
        """The value in cents, half up, cut into one part for each conversion: earlier ones get the odd cents."""
        total = int((self.value * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        whole, odd = divmod(total, self.conversions)
        return [whole + 1] * odd + [whole] * (self.conversions - odd)


@cache
def exact_shares(model: str, touches: int) -> list[Fraction]:
    """The share of each touch, oldest first, as the data set's README says."""
    one, equal = Fraction(1), Fraction(1, touches)
    if model == "first_touch":
        return [one, *[Fraction(0)] * (touches - 1)]
    if model == "last_touch":
        return [*[Fraction(0)] * (touches - 1), one]
    if model == "linear" or touches <= 2:
        return [equal] * touches
    return [Fraction(2, 5), *[Fraction(1, 5) / (touches - 2)] * (touches - 2), Fraction(2, 5)]


@cache
def reached_shares(model: str, touches: int) -> list[tuple[int, int]]:
    """How much of the whole is reached with each touch, as numerator and denominator."""
    return [share.as_integer_ratio() for share in accumulate(exact_shares(model, touches))]


def whole_cents(cents: int, model: str, touches: int) -> list[int]:
    """The documented rounding: each part is the whole cents reached so far less those reached before."""
    reached = [0, *(cents * above // below for above, below in reached_shares(model, touches))]
    return [after - before for before, after in zip(reached, reached[1:], strict=False)]


@pytest.fixture(scope="module")
def journeys(data_folder) -> list[Journey]:
    with (data_folder / "attribution_paths" / "paths.csv").open(newline="") as file:
        return [
            Journey(
                number=number,
                channels=row["path"].split(" > "),
                conversions=int(row["total_conversions"]),
                value=Decimal(row["total_conversion_value"]),
            )
            for number, row in enumerate(csv.DictReader(file), start=2)
            if row["total_conversions"] != "0"
        ]


@pytest.fixture(scope="module")
def published(data_folder) -> dict[str, dict[str, str]]:
    with (data_folder / "attribution_paths" / "expected_credits.csv").open(newline="") as file:
        return {row["channel"]: row for row in csv.DictReader(file)}


def load(journeys: list[Journey]) -> None:
    """Load the journeys as contacts, members, interactions and conversions, through the service that clients use."""
    channels = sorted({channel for journey in journeys for channel in journey.channels})

    def send(collection, items):
        for start in range(0, len(items), 1_000):
            assert upsert(collection=collection, items=items[start : start + 1_000], now=NOW).failed == 0
            # As at the commit that there is outside of a test: history slows down with every check pending.
            connection.check_constraints()
        # As autovacuum does outside of a test: rows that are not committed it cannot see.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    send("communities", [{"slug": "paths", "name": "Paths"}])
    send("channels", [{"slug": c, "name": c, "platform": "web", "community": "paths"} for c in channels])
    send("contacts", [{"source": "paths", "external_id": str(journey.number)} for journey in journeys])
    send(
        "members",
        [
            {
                "channel": channel,
                "external_id": str(journey.number),
                "contact": {"source": "paths", "external_id": str(journey.number)},
            }
            for journey in journeys
            for channel in sorted(set(journey.channels))
        ],
    )
    send(
        "interactions",
        [
            {
                "channel": channel,
                "external_id": f"{journey.number}-{place}",
                "member": str(journey.number),
                "kind": "click",
                "occurred_at": (FIRST_TOUCH + timedelta(minutes=place)).isoformat(),
            }
            for journey in journeys
            for place, channel in enumerate(journey.channels)
        ],
    )
    send(
        "conversions",
        [
            {
                "source": "paths",
                "external_id": f"{journey.number}-{place}",
                "contact": {"source": "paths", "external_id": str(journey.number)},
                "kind": "purchase",
                "amount": str(from_minor(cents, "EUR")),
                "currency": "EUR",
                "occurred_at": (CONVERSIONS + timedelta(minutes=place)).isoformat(),
            }
            for journey in journeys
            for place, cents in enumerate(journey.cents())
        ],
    )


@pytest.mark.django_db
def test_credits_of_published_journeys(journeys, published, settings):
    settings.KITH_CURRENCY = "EUR"
    load(journeys)

    compute_all(now=NOW)

    ledger = list(
        Credit.objects.order_by("conversion__occurred_at", "conversion_id", "position").values_list(
            "conversion__external_id",
            "channel__slug",
            "position",
            "touches",
            "first_touch_minor",
            "last_touch_minor",
            "linear_minor",
            "position_based_minor",
        )
    )
    assert len(ledger) == 41_354
    assert len({row[0] for row in ledger}) == 8_193

    check_shares_against_published(journeys, published, ledger)
    check_cents_against_oracle(journeys, ledger)
    check_rollups_against_ledger(ledger)


def check_shares_against_published(journeys, published, ledger) -> None:
    """The shares that follow from the ledger, times the original value, are the published credits to six decimals."""
    value_of_one = {str(j.number): Fraction(j.value) / j.conversions for j in journeys}
    conversions: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    values: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    alike = Counter((row[0].partition("-")[0], *row[1:4]) for row in ledger)  # all conversions of a journey
    for (number, channel, position, touches), times in alike.items():
        for name, model in MODELS.items():
            share = exact_shares(model, touches)[position - 1] * times
            conversions[channel, name] += share
            values[channel, name] += share * value_of_one[number]

    def six_decimals(number: Fraction) -> str:
        return f"{floor(number * 10**6 + Fraction(1, 2)) / 10**6:.6f}"

    for name in MODELS:
        for channel, row in published.items():
            if channel == "TOTAL":
                continue
            assert six_decimals(conversions[channel, name]) == row[f"{name}_conversions"], (name, channel)
            assert six_decimals(values[channel, name]) == row[f"{name}_value"], (name, channel)


def check_cents_against_oracle(journeys, ledger) -> None:
    """Every row of the ledger has exactly the cents of the oracle, and less than one cent to its exact share."""
    stored = {(row[0], row[2]): (row[1], row[3], dict(zip(MODELS.values(), row[4:], strict=True))) for row in ledger}
    for journey in journeys:
        for place, cents in enumerate(journey.cents()):
            for model in MODELS.values():
                shares = exact_shares(model, len(journey.channels))
                parts = whole_cents(cents, model, len(journey.channels))
                for position, (part, share) in enumerate(zip(parts, shares, strict=True), start=1):
                    channel, touches, credited = stored[f"{journey.number}-{place}", position]
                    assert (channel, touches) == (journey.channels[position - 1], len(journey.channels))
                    assert credited[model] == part, (journey, place, model, position)
                    above, below = share.as_integer_ratio()
                    assert abs(part * below - cents * above) < below


def check_rollups_against_ledger(ledger) -> None:
    """What is stored for each channel and day adds up to the ledger's cents of that channel."""
    columns = ["first_touch_minor", "last_touch_minor", "linear_minor", "position_based_minor"]
    summed: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for _, channel, _, _, *amounts in ledger:
        summed[channel] = [total + amount for total, amount in zip(summed[channel], amounts, strict=True)]

    slugs = dict(Channel.objects.values_list("id", "slug"))
    rows = ChannelDay.objects.values("channel_id").annotate(**{f"{c}_sum": Sum(c) for c in columns})

    assert {slugs[row["channel_id"]]: [row[f"{c}_sum"] for c in columns] for row in rows} == summed
