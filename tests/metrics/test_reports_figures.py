"""The formulas, on numbers worked by hand."""

from decimal import Decimal

import pytest

from metrics.reports import figures
from metrics.reports.figures import Ratio


def D(text: str) -> Decimal:  # noqa: N802 - reads as a literal
    return Decimal(text)


@pytest.mark.parametrize(
    ("revenue", "cost", "value", "reason"),
    [
        ("1000", "500", "1", None),
        ("0", "500", "-1", None),
        ("1250.00", "1000.00", "0.25", None),
        ("-50", "500", "-1.1", None),  # more was refunded in the period than came in
        ("1000", "0", None, "no_cost"),
        ("0", "0", None, "no_cost"),
    ],
)
def test_roi(revenue, cost, value, reason):
    assert figures.roi(revenue=D(revenue), cost=D(cost), n=4) == Ratio(
        value=None if value is None else D(value),
        numerator=D(revenue) - D(cost),
        denominator=D(cost),
        n=4,
        reason=reason,
    )


@pytest.mark.parametrize(
    ("revenue", "cost", "value", "reason"),
    [("1000", "500", "2", None), ("0", "500", "0", None), ("1000", "0", None, "no_cost")],
)
def test_roas(revenue, cost, value, reason):
    ratio = figures.roas(revenue=D(revenue), cost=D(cost), n=4)

    assert ratio.value == (None if value is None else D(value))
    assert ratio.reason == reason


@pytest.mark.parametrize(
    ("cost", "conversions", "value", "reason"),
    [("500", "4", "125", None), ("0", "4", "0", None), ("500", "0", None, "no_conversions")],
)
def test_cost_per_conversion(cost, conversions, value, reason):
    ratio = figures.cost_per_conversion(cost=D(cost), conversions=D(conversions), n=9)

    assert ratio.value == (None if value is None else D(value))
    assert (ratio.n, ratio.reason) == (9, reason)


def test_mean_rating_is_unrounded_and_undefined_without_ratings():
    assert round(figures.mean_rating(stars=13, ratings=3).value, 6) == D("4.333333")
    assert figures.mean_rating(stars=0, ratings=0) == Ratio(None, D("0"), D("0"), 0, "no_ratings")


def test_cost_per_person_helped():
    assert figures.cost_per_person_helped(cost=D("500"), people_helped=40).value == D("12.5")
    assert figures.cost_per_person_helped(cost=D("500"), people_helped=0).reason == "nobody_helped"


def test_attainment_of_a_target():
    helped = figures.count(430)

    assert figures.attainment(measured=helped, target=D("500")).value == D("0.86")
    assert figures.attainment(measured=helped, target=None).reason == "no_target"
    assert figures.attainment(measured=helped, target=D("0")).reason == "no_target"
    unrated = figures.mean_rating(stars=0, ratings=0)
    assert figures.attainment(measured=unrated, target=D("4")).reason == "measure_undefined"


def test_every_reason_has_a_sentence():
    names = [value for name, value in vars(figures).items() if name.isupper() and isinstance(value, str)]

    assert sorted(names) == sorted(figures.REASONS)
