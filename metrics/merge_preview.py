"""
How the figures change when two persons are merged: worked out by doing it, and undoing it.

Inside one transaction that is rolled back, both persons are recomputed where figures are behind, read, merged,
recomputed and read again, through the functions that every report reads by. So the preview is what the merge
then does, to the cent. Where that takes longer than somebody waits, it says so instead.

Meanwhile it holds what a merge and a recompute of these two hold, and no longer: other merges wait until it is
over, other recomputes where they share a block of persons or have sums to write.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable, QueryCanceled

from crm.merging.preview import as_if_merged
from crm.money import in_reporting_currency
from gateway.panels import Column, PanelContent, PermissionCheck, Row, Table
from metrics.attribution.models import attribution_models
from metrics.panels.parts import why_undefined
from metrics.recompute import recompute_contacts
from metrics.reports import Ratio, RoiQuery
from metrics.reports.conversions import ConversionCounts, conversions_of_rows
from metrics.reports.dimensions import CUSTOMERS, HELPERS
from metrics.reports.earned import NOTHING, earned, staff_purchases_of
from metrics.reports.figures import roi
from metrics.reports.freshness import behind_reason
from metrics.reports.roi import parameters_of
from metrics.reports.snapshot import ask_together
from metrics.reports.social import SocialCounts, social_counts
from metrics.reports.spent import spent_on_few, whole_minor

PATIENCE_SECONDS = 8  # for each statement; a person with tens of thousands of conversions takes longer
LOCK_SECONDS = 3  # for a recompute that holds the same persons at this moment

Figures = Mapping[int, "PersonFigures"]


@dataclass(frozen=True)
class PersonFigures:
    """
    What reports say of a person over all time, at direct cost, in the reporting currency.

    `revenue`, what of it was `credited` to touches, `cost` and `roi` are those of a customer, and so is the number of
    conversions `touched` and `fully_refunded`; what they bought as staff stands apart. `earned_as_helper` is the
    revenue credited to their touches of others, by model, and `roi_as_helper` what that returned on their rewards.
    """

    revenue: Decimal
    credited: Decimal
    staff_purchases: Decimal
    cost: Decimal
    roi: Ratio
    touched: int
    fully_refunded: int
    earned_as_helper: Mapping[str, Decimal]
    roi_as_helper: Ratio
    people_helped: int
    questions_answered: int


@dataclass(frozen=True)
class FiguresTogether:
    """Revenue, credits, ROI and people helped of both persons, and of the one that they would be."""

    key: str = "figures"
    title: str = "How figures change"
    order: int = 30
    permission: str = "metrics.view_credit"
    takes_long: bool = True

    def load(self, survivor_id: int, loser_id: int, *, now: datetime, may: PermissionCheck) -> PanelContent:
        try:
            with transaction.atomic():
                before, after = _before_and_after(survivor_id, loser_id, now=now)
        except OperationalError as error:
            if not isinstance(error.__cause__, (QueryCanceled, LockNotAvailable)):
                raise
            return PanelContent(
                notes=[
                    "These two have so much history that the figures cannot be worked out while you wait. "
                    "They follow within minutes of the merge; taking it apart brings these back."
                ]
            )
        sides = (before[survivor_id], before[loser_id], after[survivor_id])
        return PanelContent(
            tables=(_amounts(sides), _returns(sides), _counts(sides)),
            notes=["Touches between the two become touches by the buyer: as helper they earn nothing any more."],
        )


def _before_and_after(survivor_id: int, loser_id: int, *, now: datetime) -> tuple[Figures, Figures]:
    """Return the figures of both persons as they are and as the merge would make them; nothing of it stays."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SET LOCAL statement_timeout = '{PATIENCE_SECONDS}s'; SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"
        )
    if behind_reason() is not None:
        recompute_contacts([survivor_id, loser_id])
    before = figures_of([survivor_id, loser_id], now=now)
    with as_if_merged(survivor_id, loser_id):
        recompute_contacts([survivor_id, loser_id])
        after = figures_of([survivor_id], now=now)
    return before, after


def figures_of(persons: list[int], *, now: datetime) -> Figures:
    """Return what reports say of these persons over all time, as customer and as helper: one query."""
    parameters = {**parameters_of(RoiQuery(scope="members", now=now)), "only": persons}
    bought = earned(CUSTOMERS, parameters, few=True)
    costs = spent_on_few(parameters, persons=persons, view="customer")
    conversions = conversions_of_rows(CUSTOMERS, parameters, keys=persons)
    earned_as_helper = earned(HELPERS, parameters, few=True)
    rewards = spent_on_few(parameters, persons=persons, view="helper")
    touched_as_helper = conversions_of_rows(HELPERS, parameters, keys=persons)
    did = social_counts(HELPERS, parameters, few=True)
    as_staff = staff_purchases_of(parameters)
    ask_together([bought, costs, conversions, earned_as_helper, rewards, touched_as_helper, did, as_staff])

    def figures(person: int) -> PersonFigures:
        credited = in_reporting_currency(bought.answer.rows.get(person, NOTHING)[settings.METRICS_DEFAULT_MODEL])
        helped = earned_as_helper.answer.rows.get(person, NOTHING)
        cost = costs.answer.get(person, Decimal(0))
        converted = conversions.answer.get(person, ConversionCounts())
        done = did.answer.rows.get(person, SocialCounts())
        return PersonFigures(
            revenue=in_reporting_currency(bought.answer.revenue.get(person, 0)),
            credited=credited,
            staff_purchases=in_reporting_currency(as_staff.answer.get(person, 0)),
            cost=in_reporting_currency(whole_minor(cost)),
            roi=roi(revenue=credited, cost=in_reporting_currency(cost), n=converted.touched),
            touched=converted.touched,
            fully_refunded=converted.fully_refunded,
            earned_as_helper={model: in_reporting_currency(minor) for model, minor in helped.items()},
            roi_as_helper=roi(
                revenue=in_reporting_currency(helped[settings.METRICS_DEFAULT_MODEL]),
                cost=in_reporting_currency(rewards.answer.get(person, Decimal(0))),
                n=touched_as_helper.answer.get(person, ConversionCounts()).touched,
            ),
            people_helped=done.people_helped,
            questions_answered=done.questions_answered,
        )

    return {person: figures(person) for person in persons}


Sides = tuple[PersonFigures, PersonFigures, PersonFigures]
_HEADS = ("This record", "The other", "Together")


def _amounts(sides: Sides) -> Table:
    rows: list[tuple[str, list[Decimal]]] = [
        ("Revenue", [side.revenue for side in sides]),
        ("Credited to touches", [side.credited for side in sides]),
        ("Staff purchases", [side.staff_purchases for side in sides]),
        ("Cost", [side.cost for side in sides]),
        *(
            (f"As helper, {model.label.lower()}", [side.earned_as_helper[model.key] for side in sides])
            for model in attribution_models
        ),
    ]
    return Table(
        title=f"Money in {settings.KITH_CURRENCY}",
        columns=(
            Column(label="Figure"),
            *(Column(label=head, unit="money") for head in _HEADS),
            Column(label="Change", unit="money"),
        ),
        rows=[
            Row(values=(label, mine, theirs, together, together - mine - theirs))
            for label, (mine, theirs, together) in rows
        ],
        empty="No figures.",
    )


def _returns(sides: Sides) -> Table:
    rows = [
        ("Business ROI as customer", [side.roi for side in sides]),
        ("Business ROI as helper", [side.roi_as_helper for side in sides]),
    ]
    return Table(
        title="Return",
        columns=(Column(label="Figure"), *(Column(label=head, unit="percent") for head in _HEADS)),
        rows=[
            Row(
                values=(label, *(ratio.value for ratio in ratios)),
                notes={place: why_undefined(ratio) for place, ratio in enumerate(ratios, 1) if ratio.value is None},
            )
            for label, ratios in rows
        ],
        empty="No figures.",
    )


def _counts(sides: Sides) -> Table:
    rows = [
        ("Conversions touched", [side.touched for side in sides]),
        ("Times fully refunded", [side.fully_refunded for side in sides]),
        ("People helped", [side.people_helped for side in sides]),
        ("Questions answered", [side.questions_answered for side in sides]),
    ]
    return Table(
        title="Counts",
        columns=(Column(label="Figure"), *(Column(label=head, unit="count") for head in _HEADS)),
        rows=[Row(values=(label, *counts)) for label, counts in rows],
        empty="No figures.",
    )
