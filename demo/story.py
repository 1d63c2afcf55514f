"""Joe's story as the ledger tells it: which touch of his purchase earned what, after his refund."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from crm.models import Contact
from crm.money import from_minor
from demo.generator.joe import JOE
from metrics.attribution.models import attribution_models
from metrics.models import ConversionResult, Credit


@dataclass(frozen=True)
class Touch:
    """One thing that touched Joe before he bought: who did it, where, and what each model credits to it, net."""

    who: str
    kind: str
    channel: str
    community: str
    credited: Mapping[str, Decimal]


@dataclass(frozen=True)
class JoesStory:
    """What Joe brought, and who is credited for it. Amounts are in the reporting currency, refunds taken off."""

    currency: str
    brought: Decimal
    unattributed: Decimal
    touches: Sequence[Touch]

    @property
    def credited(self) -> Mapping[str, Decimal]:
        """What all touches together are credited with, by model."""
        return {
            model.key: sum((touch.credited[model.key] for touch in self.touches), Decimal(0))
            for model in attribution_models
        }

    def as_plain(self) -> dict[str, object]:
        """Return the story as what JSON can hold."""
        return {
            "brought": str(self.brought),
            "unattributed": str(self.unattributed),
            "touches": [
                {
                    "who": touch.who,
                    "kind": touch.kind,
                    "channel": touch.channel,
                    "community": touch.community,
                    "credited": {key: str(amount) for key, amount in touch.credited.items()},
                }
                for touch in self.touches
            ],
        }


def joes_story() -> JoesStory | None:
    """Return the story, or None when there is no Joe: this is not the demo company. Three queries."""
    joe = Contact.objects.filter(refs__source=JOE["source"], refs__external_id=JOE["external_id"]).first()
    if joe is None:
        return None
    currency = settings.KITH_CURRENCY
    columns = {model.key: model.column for model in attribution_models}
    touches: Iterable[Any] = (
        Credit.objects.filter(person=joe.person_id, interaction__isnull=False)
        .values(
            "interaction",
            happened_at=F("interaction__occurred_at"),
            kind=F("interaction__kind"),
            channel_name=F("channel__name"),
            community_name=F("channel__community__name"),
            who=Coalesce(F("actor_member__contact__full_name"), F("interaction__user__first_name")),
        )
        .annotate(**{f"{key}_net": Sum(column) for key, column in columns.items()})
        .order_by("happened_at", "interaction")
    )
    results = ConversionResult.objects.filter(person=joe.person_id).aggregate(
        brought=Sum("value_minor", default=0), unattributed=Sum("unattributed_minor", default=0)
    )
    return JoesStory(
        currency=currency,
        brought=from_minor(results["brought"], currency),
        unattributed=from_minor(results["unattributed"], currency),
        touches=[
            Touch(
                who=row["who"].split(" ")[0],
                kind=row["kind"],
                channel=row["channel_name"],
                community=row["community_name"],
                credited={key: from_minor(row[f"{key}_net"], currency) for key in columns},
            )
            for row in touches
        ],
    )
