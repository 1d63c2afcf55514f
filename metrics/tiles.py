"""What metrics says at the top of a contact's page: what the person brings, against what they cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from gateway.panels import Figure, Link, PermissionCheck, Tile
from metrics.panels.parts import ledger_link, why_undefined
from metrics.reports.people import VIEW_VALUE, PersonMoney, money_of_people

VIEW_CREDITS = "metrics.view_credit"


@dataclass(frozen=True)
class MoneyTiles:
    """What the person brought; what they cost, and the ways to the rows behind it, for those who may see credits."""

    key: str = "money"
    permission: str = VIEW_VALUE
    description: str = "Business ROI on direct cost, revenue net of refunds, and what of it was credited to touches."

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, Sequence[Tile]]:
        may_see_credits = may(VIEW_CREDITS)
        return {
            person: [*([_roi(money)] if may_see_credits else ()), *_brought(person, money, is_linked=may_see_credits)]
            for person, money in money_of_people(ids, now=now).items()
        }


def _roi(money: PersonMoney) -> Tile:
    return Tile(
        key="roi",
        order=1,
        figure=Figure(
            label="Business ROI",
            value=money.roi.value,
            unit="percent",
            note=why_undefined(money.roi) or f"Direct cost {money.cost:,} {settings.KITH_CURRENCY}",
            is_main=True,
        ),
    )


def _brought(person: int, money: PersonMoney, *, is_linked: bool) -> list[Tile]:
    results = Link(page="admin:metrics_conversionresult_changelist", query={"person__id__exact": person})
    return [
        Tile(
            key="revenue",
            order=2,
            figure=Figure(
                label="Revenue",
                value=money.revenue,
                unit="money",
                note=f"{money.conversions:,} conversion{'' if money.conversions == 1 else 's'}, net of refunds",
                link=results if is_linked else None,
            ),
        ),
        Tile(
            key="revenue_credited",
            order=3,
            figure=Figure(
                label="Credited to the community",
                value=money.credited,
                unit="money",
                note="Touched before it was bought",
                link=ledger_link(person=person) if is_linked else None,
            ),
        ),
    ]
