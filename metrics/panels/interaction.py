"""What one interaction earned: the conversions it touched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from community.addressee import MAY_ADDRESS
from community.models import Interaction
from gateway.panels import PanelContent, PermissionCheck
from metrics.models.rows import CreditRow
from metrics.panels.parts import credits_table, ledger_link

PEOPLE = [f"{way}__person_id" for way in ("member__contact", *MAY_ADDRESS)]


@dataclass(frozen=True)
class InteractionCredits:
    key: str = "credits"
    title: str = "What it earned"
    order: int = 10
    permission: str = "metrics.view_credit"
    description: str = "The conversions that this interaction touched, with its credit."

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, PanelContent]:
        # The ledger is found by buyer: whoever acted, or was addressed, can be the buyer.
        people = {
            person
            for row in Interaction.objects.filter(pk__in=ids).values_list(*PEOPLE)
            for person in row
            if person is not None
        }
        credits: dict[int, list[CreditRow]] = {}
        found = (
            CreditRow.objects.filter(person__in=people, interaction__in=ids)
            .select_related("interaction", "person", "conversion", "actor_member")
            .order_by("interaction", "day", "conversion", "position")
        )
        for credit in found:
            credits.setdefault(credit.interaction_id, []).append(credit)
        return {
            pk: PanelContent(
                tables=(
                    credits_table(
                        credits.get(pk, []),
                        may=may,
                        title="Credits",
                        more=ledger_link(interaction=pk),
                        lead=settings.METRICS_DEFAULT_MODEL,
                        empty="No conversion followed it within the lookback window.",
                    ),
                )
            )
            for pk in ids
        }
