"""
The formulas: one pure function for each ratio that Kith reports.

Each returns a `Ratio`, which keeps what it was made of. Nothing is rounded here; whoever shows a
figure rounds it. Where the basis is missing the value is None and the reason says why: an undefined
figure is never zero and never infinite. docs/metrics.md holds worked numbers, and a test compares
them with this module.
"""

from dataclasses import dataclass
from decimal import Decimal

NO_COST = "no_cost"
NO_CONVERSIONS = "no_conversions"
NOBODY_HELPED = "nobody_helped"
NO_RATINGS = "no_ratings"
NO_TARGET = "no_target"
MEASURE_UNDEFINED = "measure_undefined"
NOTHING_ASKED = "nothing_asked"
NO_LEADS = "no_leads"
NOTHING_RAISED = "nothing_raised"
NO_CHANNEL_SIZE = "no_channel_size"
NOBODY_RAISED = "nobody_raised"
FEW_CUSTOMERS = "few_customers"
NOTHING_HAPPENED = "nothing_happened"
NOBODY_CONVERTED = "nobody_converted"

REASONS: dict[str, str] = {
    NO_COST: "no cost was booked",
    NO_CONVERSIONS: "no conversion was credited",
    NOBODY_HELPED: "nobody was helped",
    NO_RATINGS: "no help was rated",
    NO_TARGET: "no target is set",
    MEASURE_UNDEFINED: "the purpose's measure is undefined",
    NOTHING_ASKED: "nothing was asked that expects a reply",
    NO_LEADS: "no lead was received",
    NOTHING_RAISED: "no question was raised",
    NO_CHANNEL_SIZE: "no size of the channel is known by then",
    NOBODY_RAISED: "nobody whom we can tell apart raised a question",
    FEW_CUSTOMERS: "fewer than ten customers had revenue",
    NOTHING_HAPPENED: "nobody did anything",
    NOBODY_CONVERTED: "nobody converted for the first time after a touch",
}


@dataclass(frozen=True)
class Ratio:
    """
    A figure that is a quotient, with everything needed to check it.

    `value` is numerator / denominator, unrounded, or None with a `reason` (a key of `REASONS`).
    `n` is how many observations stand behind it: conversions, ratings or persons.
    """

    value: Decimal | None
    numerator: Decimal
    denominator: Decimal
    n: int
    reason: str | None = None


def _ratio(numerator: Decimal, denominator: Decimal, n: int, *, reason_without: str) -> Ratio:
    if denominator == 0:
        return Ratio(None, numerator, denominator, n, reason_without)
    return Ratio(numerator / denominator, numerator, denominator, n)


def roi(*, revenue: Decimal, cost: Decimal, n: int) -> Ratio:
    """
    Return on investment: (revenue − cost) / cost, as a fraction; 1 is 100 %.

    `revenue` is credited revenue net of refunds and `cost` the cost to hold against it, both in the
    reporting currency; `n` is the number of conversions touched. Undefined (`no_cost`) without cost.
    Cost without revenue is −1: everything spent is lost.

    Source: P. Farris, N. Bendle, P. Pfeifer, D. Reibstein, Marketing Metrics, chapter "Marketing and
    Finance". Example: revenue 1000, cost 500 → 1.
    """
    return _ratio(revenue - cost, cost, n, reason_without=NO_COST)


def roas(*, revenue: Decimal, cost: Decimal, n: int) -> Ratio:
    """
    Return on spend: revenue / cost; 2 means two of revenue for one of cost.

    Often printed as "ROI" elsewhere: Kith keeps the two names apart. Undefined (`no_cost`) without cost.

    Source: P. Farris et al., Marketing Metrics, chapter "Online, Email and Mobile Metrics".
    Example: revenue 1000, cost 500 → 2.
    """
    return _ratio(revenue, cost, n, reason_without=NO_COST)


def cost_per_conversion(*, cost: Decimal, conversions: Decimal, n: int) -> Ratio:
    """
    Cost for each conversion credited: cost / conversions, in the reporting currency.

    `conversions` is the sum of shares (`conversions_credited`), so that rows add up; `n` the number
    of distinct conversions touched. Undefined (`no_conversions`) when none was credited.

    Source: requirement R43; also "cost per acquisition". Example: cost 500, conversions 4 → 125.
    """
    return _ratio(cost, conversions, n, reason_without=NO_CONVERSIONS)


def mean_rating(*, stars: int, ratings: int) -> Ratio:
    """
    Mean rating of help: sum of ratings (1 to 5) / number of ratings.

    Help that was not rated is left out, it does not count as 0. Undefined (`no_ratings`) without ratings.

    Source: requirement R49. Example: ratings 5, 4 and 4 → 13 / 3 = 4.3333.
    """
    return _ratio(Decimal(stars), Decimal(ratings), ratings, reason_without=NO_RATINGS)


def cost_per_person_helped(*, cost: Decimal, people_helped: int) -> Ratio:
    """
    Cost for each person helped: cost / distinct people helped, in the reporting currency.

    Undefined (`nobody_helped`) when nobody was helped, whatever was spent.

    Source: requirement R49. Example: cost 500, 40 people helped → 12.50.
    """
    return _ratio(cost, Decimal(people_helped), people_helped, reason_without=NOBODY_HELPED)


def attainment(*, measured: Ratio, target: Decimal | None) -> Ratio:
    """
    How far a purpose was reached: measure / target, as a fraction; 1 is reached.

    For a measure where less is better (cost per person helped) a value below 1 is the good one.
    Undefined without a target (`no_target`) or when the measure itself is (`measure_undefined`).

    Source: requirement R86. Example: 430 people helped, target 500 → 0.86.
    """
    if measured.value is None:
        return Ratio(None, Decimal(0), target or Decimal(0), measured.n, MEASURE_UNDEFINED)
    return _ratio(measured.value, target or Decimal(0), measured.n, reason_without=NO_TARGET)


def response_rate(*, replied: int, asked: int) -> Ratio:
    """
    Share of what needs a reply that got one from a human being: replied / asked, as a fraction.

    In cohort form (asked in the period, replied to by now), so never above 1. What was dismissed and has no reply
    was not asked. Undefined (`nothing_asked`) when nothing was.

    Source: requirement R12. Example: 8 of 10 → 0.8.
    """
    return _ratio(Decimal(replied), Decimal(asked), asked, reason_without=NOTHING_ASKED)


def lead_answer_rate(*, replied: int, leads: int) -> Ratio:
    """
    Share of leads that a human being replied to: leads replied to / leads received, as a fraction.

    Undefined (`no_leads`) when none was received.

    Source: requirement R6. Example: 3 of 4 → 0.75.
    """
    return _ratio(Decimal(replied), Decimal(leads), leads, reason_without=NO_LEADS)


def resolution_rate(*, resolved: int, raised: int) -> Ratio:
    """
    Share of questions that are resolved: with an accepted or staff-confirmed answer / raised, as a fraction.

    In cohort form, so never above 1; resolved by the asker counts, reopened does not. Undefined
    (`nothing_raised`) when no question was raised.

    Source: requirement R61. Example: 3 of 12 → 0.25.
    """
    return _ratio(Decimal(resolved), Decimal(raised), raised, reason_without=NOTHING_RAISED)


def answer_rate(*, answered: int, raised: int) -> Ratio:
    """
    Share of questions that others answered: with an accepted or staff-confirmed answer of another person / raised.

    A fraction, in cohort form, so never above 1; an answer that askers give themselves is nobody's help. Undefined
    (`nothing_raised`) when no question was raised.

    Source: requirement R60. Example: 2 of 12 → 0.1667.
    """
    return _ratio(Decimal(answered), Decimal(raised), raised, reason_without=NOTHING_RAISED)


def identified_coverage(*, identified: int, size: int | None) -> Ratio:
    """
    Share of a channel's people whom we know: identified members / channel size, as a fraction.

    Above 1 where we know accounts that the platform no longer counts. Undefined (`no_channel_size`) without
    a size at or before the period's last day, or with a size of 0.

    Source: requirement R1. Example: 1,300 of 5,200 → 0.25.
    """
    return _ratio(Decimal(identified), Decimal(size or 0), size or 0, reason_without=NO_CHANNEL_SIZE)


def share_of_interactions(*, part: int, interactions: int) -> Ratio:
    """
    Share of what members of the community did that is of one kind, or was done in one place, as a fraction.

    Undefined (`nothing_happened`) where they did nothing.

    Source: requirement R8. Example: 3 of 12 → 0.25.
    """
    return _ratio(Decimal(part), Decimal(interactions), interactions, reason_without=NOTHING_HAPPENED)


FEWEST_CUSTOMERS = 10  # with fewer there is no tenth of them


def engaged_in_top_tenth(*, engaged: int, top: int, customers: int) -> Ratio:
    """
    Share of the customers with most revenue who are engaged: engaged in the top tenth / the top tenth, as a fraction.

    Revenue, not profit: margins are known of some conversions at best. Undefined (`few_customers`) with fewer than
    ten customers with revenue.

    Source: requirement R9. Example: 6 of the 10 who brought most of 100 → 0.6.
    """
    if customers < FEWEST_CUSTOMERS:
        return Ratio(None, Decimal(engaged), Decimal(top), customers, FEW_CUSTOMERS)
    return _ratio(Decimal(engaged), Decimal(top), customers, reason_without=FEW_CUSTOMERS)


def self_service_score(*, readers: int, askers: int) -> Ratio:
    """
    Persons who looked at help pages for each person who raised a question; 4 means four readers for one asker.

    Not the deflection rate, which needs to know who found an answer there. Undefined (`nobody_raised`) when nobody
    raised a question.

    Source: requirement R62; Gainsight Communities. Example: 1,000 readers, 250 askers → 4.
    """
    return _ratio(Decimal(readers), Decimal(askers), askers, reason_without=NOBODY_RAISED)


def count(number: int) -> Ratio:
    """Return a plain count in the shape of a ratio, so that every purpose measure has the same shape."""
    return Ratio(Decimal(number), Decimal(number), Decimal(1), number)
