"""What metrics adds to a person's timeline: campaign links, and which touches got which credit for a conversion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from community.interaction_kinds import interaction_kinds
from crm.timeline.entry import Entry
from crm.timeline.source import Asked
from gateway.panels import Column, Figure, Link, Row, Table
from metrics.attribution.models import attribution_models
from metrics.models import ConversionResult
from metrics.models.rows import CreditRow
from metrics.panels.parts import actor_of, ledger_link, money, sentence_of

CAMPAIGN_TOUCH = "campaign_touch"
TOUCHES_SHOWN = 10  # of a conversion; the newest


@dataclass(frozen=True)
class CampaignTouches:
    """Campaign links that led to a conversion without any interaction being known: its own UTM code."""

    key: str = "campaign-touches"
    group: str = "Sales"
    permission: str = "metrics.view_credit"
    kinds: Mapping[str, str] = field(default_factory=lambda: {CAMPAIGN_TOUCH: "Campaign touch"})
    has_channels: bool = False

    def statement(self, asked: Asked) -> str:
        return """
            SELECT conversion.occurred_at AS at, conversion.id
            FROM crm_conversion conversion
            JOIN metrics_credit credit
                ON credit.conversion_id = conversion.id AND credit.interaction_id IS NULL AND NOT credit.is_refund
            WHERE conversion.contact_id = ANY (%(contacts)s) AND conversion.utm_campaign IS NOT NULL
                AND (conversion.occurred_at, conversion.id) < (%(at)s, %(bound)s)
        """

    def load(self, ids: Sequence[int], asked: Asked) -> Mapping[int, Entry]:
        credits = CreditRow.objects.filter(conversion__in=ids, interaction=None).select_related(
            "conversion", "campaign"
        )
        return {credit.conversion_id: self._entry(credit) for credit in credits}

    def _entry(self, credit: CreditRow) -> Entry:
        conversion = credit.conversion
        came = [conversion.utm_source, conversion.utm_medium, conversion.utm_content]
        return Entry(
            source=self.key,
            id=credit.conversion_id,
            occurred_at=conversion.occurred_at,
            kind=CAMPAIGN_TOUCH,
            title="Campaign touch",
            icon="campaign",
            link=Link(page="admin:metrics_creditrow_change", args=(credit.pk,)),
            is_own=True,
            text=" · ".join(filter(None, came)),
            figures=[
                Figure(
                    label="Campaign",
                    value=str(credit.campaign),
                    link=Link(page="admin:crm_campaign_change", args=(credit.campaign_id,)),
                )
            ],
        )

    def channels(self, asked: Asked) -> Mapping[str, str]:
        return {}


@dataclass(frozen=True)
class CreditsOfConversions:
    """For each conversion or refund, its touches with the credit of each model, and what no touch earned."""

    key: str = "credits"
    source: str = "conversions"
    permission: str = "metrics.view_credit"

    def load(self, ids: Sequence[int], asked: Asked) -> Mapping[int, Sequence[Table]]:
        results = {result.conversion_id: result for result in ConversionResult.objects.filter(conversion__in=ids)}
        newest = (
            CreditRow.objects.filter(conversion__in=ids)
            .annotate(place=Window(RowNumber(), partition_by=F("conversion"), order_by="-position"))
            .filter(place__lte=TOUCHES_SHOWN)
            .select_related("interaction", "actor_member", "campaign", "channel")
            .order_by("conversion", "-position")
        )
        credits: dict[int, list[CreditRow]] = {}
        for credit in newest:
            credits.setdefault(credit.conversion_id, []).append(credit)
        return {
            pk: [_table(results[pk], credits.get(pk, []), asked)]
            for pk in ids
            if pk in results and results[pk].value_minor is not None
        }


def _table(result: ConversionResult, credits: Sequence[CreditRow], asked: Asked) -> Table:
    models = list(attribution_models)
    rows = [
        Row(
            values=(
                credit.interaction.occurred_at if credit.interaction else None,
                _touch(credit),
                actor_of(credit),
                sentence_of(credit, may=asked.may) if credit.interaction and credit.interaction.text else None,
                *(money(getattr(credit, model.column)) for model in models),
            ),
            links=_links(credit),
        )
        for credit in credits
    ]
    left = result.value_minor if result.line == ConversionResult.Line.STAFF_PURCHASES else result.unattributed_minor
    if left or not credits:
        label = "Unattributed" if result.line == "credited" else result.get_line_display().capitalize()
        rows.append(Row(values=(None, label, None, None, *(money(left) for _ in models))))
    hidden = result.touches - len(credits)
    return Table(
        title="Which touches got the credit",
        columns=(
            Column(label="When", unit="time"),
            Column(label="Touch"),
            Column(label="By"),
            Column(label="What was said", unit="sentence"),
            *(Column(label=model.label, unit="money", note=model.description) for model in models),
        ),
        rows=rows,
        empty="",
        more=ledger_link(conversion=result.conversion_id) if credits else None,
        more_label=f"All {result.touches:,} touches" if hidden > 0 else "See the credits",
    )


def _touch(credit: CreditRow) -> str:
    if credit.interaction is None:
        return f"Campaign link {credit.campaign}"
    kind = credit.interaction.kind
    label = interaction_kinds[kind].label if kind in interaction_kinds else kind
    return f"{label}, {credit.channel}"


def _links(credit: CreditRow) -> Mapping[int, Link]:
    links: dict[int, Link] = {}
    if credit.interaction_id:
        here = Link(page="admin:community_interaction_change", args=(credit.interaction_id,))
        links |= {0: here, 3: here}
    if credit.actor_member_id:
        links[2] = Link(page="admin:community_member_change", args=(credit.actor_member_id,))
    return links
