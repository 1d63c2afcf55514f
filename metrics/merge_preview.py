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
from crm.money import from_minor
from gateway.panels import Column, PanelContent, PermissionCheck, Row, Table
from metrics.attribution.models import attribution_models
from metrics.models import PersonDay
from metrics.panels.parts import why_undefined
from metrics.recompute import recompute_contacts
from metrics.reports import ALL_MODELS, Ratio, RoiQuery, RoiRow, View, rows_of
from metrics.reports.freshness import behind_reason

PATIENCE_SECONDS = 8  # for each statement; a person with tens of thousands of conversions takes longer
LOCK_SECONDS = 3  # for a recompute that holds the same persons at this moment

Figures = Mapping[int, "PersonFigures"]


@dataclass(frozen=True)
class PersonFigures:
    """A person's row in both views of the report (None without any figure), and what they bought as staff."""

    customer: RoiRow | None
    helper: RoiRow | None
    staff_purchases: Decimal


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
                transaction.set_rollback(True)
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
            tables=(_money(sides), _returns(sides), _counts(sides)),
            notes=["Touches between the two become touches by the buyer: as helper they earn nothing any more."],
        )


def _before_and_after(survivor_id: int, loser_id: int, *, now: datetime) -> tuple[Figures, Figures]:
    """Return the figures of both persons as they are and as the merge would make them; the caller rolls back."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{PATIENCE_SECONDS}s'")
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    if behind_reason() is not None:
        recompute_contacts([survivor_id, loser_id])
    before = figures_of([survivor_id, loser_id], now=now)
    with as_if_merged(survivor_id, loser_id, now=now):
        recompute_contacts([survivor_id, loser_id])
        after = figures_of([survivor_id], now=now)
    return before, after


def figures_of(persons: list[int], *, now: datetime) -> Figures:
    """Return what reports say of these persons over all time, as customer and as helper."""
    views: tuple[View, View] = ("customer", "helper")
    rows = {
        view: rows_of(RoiQuery(scope="members", view=view, ids=persons, model=ALL_MODELS, now=now)) for view in views
    }
    staff = dict.fromkeys(persons, 0)
    for person, revenue, credited, unattributed in PersonDay.objects.filter(person_id__in=persons).values_list(
        "person_id", "revenue_minor", "credited_minor", "unattributed_minor"
    ):
        staff[person] += revenue - credited - unattributed
    return {
        person: PersonFigures(
            customer=rows["customer"].get(person),
            helper=rows["helper"].get(person),
            staff_purchases=from_minor(staff[person], settings.KITH_CURRENCY),
        )
        for person in persons
    }


Sides = tuple[PersonFigures, PersonFigures, PersonFigures]
_HEADS = ("This record", "The other", "Together")


def _money(sides: Sides) -> Table:
    nothing = from_minor(0, settings.KITH_CURRENCY)
    rows: list[tuple[str, list[Decimal]]] = [
        ("Revenue", [(side.customer and side.customer.revenue) or nothing for side in sides]),
        ("Credited to touches", [side.customer.revenue_credited if side.customer else nothing for side in sides]),
        ("Staff purchases", [side.staff_purchases for side in sides]),
        ("Cost", [side.customer.cost if side.customer else nothing for side in sides]),
        *(
            (
                f"As helper, {model.label.lower()}",
                [side.helper.models[model.key].revenue_credited if side.helper else nothing for side in sides],
            )
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
    rows: list[tuple[str, list[Ratio | None]]] = [
        ("Business ROI as customer", [side.customer.roi if side.customer else None for side in sides]),
        ("Business ROI as helper", [side.helper.roi if side.helper else None for side in sides]),
    ]
    return Table(
        title="Return",
        columns=(Column(label="Figure"), *(Column(label=head, unit="percent") for head in _HEADS)),
        rows=[
            Row(
                values=(label, *(ratio.value if ratio else None for ratio in ratios)),
                notes={
                    place: why_undefined(ratio) if ratio else "No figures yet."
                    for place, ratio in enumerate(ratios, 1)
                    if ratio is None or ratio.value is None
                },
            )
            for label, ratios in rows
        ],
        empty="No figures.",
    )


def _counts(sides: Sides) -> Table:
    rows = [
        ("Conversions touched", [side.customer.conversions_touched if side.customer else 0 for side in sides]),
        ("Times fully refunded", [side.customer.conversions_fully_refunded if side.customer else 0 for side in sides]),
        ("People helped", [side.helper.social.people_helped if side.helper else 0 for side in sides]),
        ("Questions answered", [side.helper.social.questions_answered if side.helper else 0 for side in sides]),
    ]
    return Table(
        title="Counts",
        columns=(Column(label="Figure"), *(Column(label=head, unit="count") for head in _HEADS)),
        rows=[Row(values=(label, *counts)) for label, counts in rows],
        empty="No figures.",
    )
