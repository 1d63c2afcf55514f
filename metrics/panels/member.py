"""What an account earned by helping others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Sum, Window
from django.db.models.functions import RowNumber

from gateway.panels import Figure, PanelContent, PermissionCheck
from metrics.attribution.models import attribution_models
from metrics.models import Credit, HelperDay
from metrics.models.rows import CreditRow
from metrics.panels.parts import NEWEST, credits_table, helper_link, money

CREDITS_SHOWN = 10  # the newest


@dataclass(frozen=True)
class MemberFigures:
    key: str = "figures"
    title: str = "Earned by helping others"
    order: int = 10
    permission: str = "metrics.view_credit"
    description: str = "Revenue credited to what this account did for other people, under each model; all time."

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, PanelContent]:
        models = list(attribution_models)
        sums: dict[int, Any] = {
            row["member_id"]: row
            for row in HelperDay.objects.filter(actor_kind=Credit.ActorKind.MEMBER, member_id__in=ids)
            .values("member_id")
            .annotate(rows=Sum("credits"), **{model.key: Sum(model.column) for model in models})
        }
        newest = newest_credits(ids)
        return {
            pk: PanelContent(
                figures=[
                    Figure(
                        label=model.label,
                        value=money(int(sums.get(pk, {}).get(model.key, 0))),
                        unit="money",
                        note=model.description,
                        link=helper_link([pk]),
                        is_main=model.key == settings.METRICS_DEFAULT_MODEL,
                    )
                    for model in models
                ],
                tables=(
                    credits_table(
                        newest.get(pk, []),
                        may=may,
                        title="Newest credits",
                        more=helper_link([pk]),
                        lead=settings.METRICS_DEFAULT_MODEL,
                        empty="Nobody whom this account helped has bought anything within the lookback window yet.",
                    ),
                ),
            )
            for pk in ids
        }


def newest_credits(members: Sequence[int]) -> dict[int, list[CreditRow]]:
    """Return the newest credits of each account as helper, newest first; one query."""
    ranked = (
        CreditRow.objects.filter(actor_kind=Credit.ActorKind.MEMBER, actor_member__in=members)
        .annotate(place=Window(RowNumber(), partition_by="actor_member", order_by=NEWEST))
        .filter(place__lte=CREDITS_SHOWN)
        .select_related("interaction", "person", "conversion", "actor_member")
        .order_by("actor_member", "place")
    )
    found: dict[int, list[CreditRow]] = {}
    for credit in ranked:
        found.setdefault(credit.actor_member_id, []).append(credit)
    return found
