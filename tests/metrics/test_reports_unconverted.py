"""Money without an exchange rate stays out of every sum and is named by currency and days."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from psycopg.types.range import DateRange

from metrics.recompute import recompute_all
from metrics.reports import NotConverted, RoiQuery, roi_report
from tests.factories.community import CostFactory
from tests.factories.crm import ContactFactory, ConversionFactory, ExchangeRateFactory, RefundFactory

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def report(**period):
    recompute_all(now=NOW)
    return roi_report(RoiQuery(scope="members", now=NOW, **period))


@pytest.fixture
def pounds(db):
    """80.00 GBP bought on 20 March, 30.00 of it given back on 2 April, and 12.00 GBP spent over March."""
    ConversionFactory(
        contact=ContactFactory(),
        external_id="o1",
        amount=Decimal("80.00"),
        currency="GBP",
        occurred_at=datetime(2026, 3, 20, 12, tzinfo=UTC),
    )
    RefundFactory(refund_of_external_id="o1", amount=Decimal("30.00"), occurred_at=datetime(2026, 4, 2, 12, tzinfo=UTC))
    CostFactory(amount=Decimal("12.00"), currency="GBP", days=DateRange(date(2026, 3, 1), date(2026, 4, 1)))


def test_conversions_refunds_and_costs_without_a_rate_are_named(pounds):
    found = report()

    assert found.not_converted == [
        NotConverted(
            currency="GBP",
            conversions=2,
            revenue=Decimal("50.00"),
            costs=1,
            cost=Decimal("12.00"),
            first_day=date(2026, 3, 1),
            last_day=date(2026, 4, 2),
        )
    ]
    assert (found.total.revenue, found.total.cost) == (Decimal("0.00"), Decimal("0.00"))
    assert all(check.holds for check in found.sums)


def test_period_names_its_own_days(pounds):
    [april] = report(start=date(2026, 4, 1)).not_converted
    [middle] = report(start=date(2026, 3, 10), end=date(2026, 3, 12)).not_converted

    assert (april.conversions, april.revenue, april.costs) == (1, Decimal("-30.00"), 0)
    assert (middle.conversions, middle.costs, middle.cost) == (0, 1, Decimal("12.00"))
    assert (middle.first_day, middle.last_day) == (date(2026, 3, 10), date(2026, 3, 11))


def test_money_enters_when_its_rate_arrives(pounds):
    ExchangeRateFactory(currency="GBP", date=date(2026, 3, 15), rate=Decimal("1.25"))

    found = report()

    # 15 March is within 7 days of the 20th, the cost began on the 1st: it waits for a rate of its own.
    assert found.total.revenue == Decimal("62.50")  # 50.00 at 1.25
    [left] = found.not_converted
    assert (left.conversions, left.costs) == (0, 1)


def test_cost_that_has_not_begun_is_not_listed(db):
    CostFactory(currency="GBP", days=DateRange(date(2026, 7, 1), date(2026, 8, 1)))

    assert report().not_converted == []


def test_refund_without_a_currency_waits_for_its_order_by_name(pounds):
    RefundFactory(
        refund_of_external_id="late", amount=Decimal("20.00"), occurred_at=datetime(2026, 4, 3, 12, tzinfo=UTC)
    )

    voided = ConversionFactory(external_id="o2", voided_at=NOW)
    RefundFactory(refund_of_external_id=voided.external_id, amount=Decimal("5.00"), occurred_at=voided.occurred_at)

    [in_pounds, unknown] = report().not_converted

    assert (unknown.currency, unknown.conversions, str(unknown.revenue)) == (None, 2, "-25.00")
    words = "2 refunds (-25.00) of orders that are not known or were voided, and so without a currency"
    assert unknown.in_words == words
    assert in_pounds.in_words == "2 conversions (50.00 GBP) and 1 cost (12.00 GBP) without an exchange rate"


def test_amounts_have_the_decimals_of_their_currency(db):
    ConversionFactory(amount=Decimal("5000"), currency="JPY", occurred_at=datetime(2026, 3, 20, 12, tzinfo=UTC))

    [yen] = report().not_converted

    assert str(yen.revenue) == "5000"
    assert yen.in_words == "1 conversion (5,000 JPY) without an exchange rate"
