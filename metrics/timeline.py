"""What metrics adds to a person's timeline: campaign links, and which touches got which credit for a conversion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import F, OuterRef, Subquery, Window
from django.db.models.functions import RowNumber

from community.interaction_kinds import label_of
from community.timeline import CAMPAIGN_TOUCH
from crm.timeline.entry import Entry
from crm.timeline.source import Asked
from gateway.panels import Column, Figure, Link, Row, Table
from metrics.attribution.models import attribution_models
from metrics.models import ConversionResult
from metrics.models.rows import CreditRow
from metrics.panels.parts import actor_of, ledger_link, money, sentence_of

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
        """A query for the credits, and one for what became of conversions without any."""
        result = ConversionResult.objects.filter(conversion=OuterRef("conversion"))
        newest = (
            CreditRow.objects.filter(conversion__in=ids)
            .annotate(
                place=Window(RowNumber(), partition_by=F("conversion"), order_by="-position"),
                left=Subquery(result.values("unattributed_minor")),
            )
            .filter(place__lte=TOUCHES_SHOWN)
            .select_related("interaction", "actor_member", "campaign", "channel")
            .order_by("conversion", "-position")
        )
        credits: dict[int, list[CreditRow]] = {}
        for credit in newest:
            credits.setdefault(credit.conversion_id, []).append(credit)
        tables = {pk: [_credited(found, asked)] for pk, found in credits.items()}
        if without := set(ids) - credits.keys():
            for found in ConversionResult.objects.filter(conversion__in=without, value_minor__isnull=False):
                tables[found.conversion_id] = [_uncredited(found)]
        return tables


def _credited(credits: Sequence[CreditRow], asked: Asked) -> Table:
    """Return the newest touches of a conversion or refund under each model, with what none of them earned."""
    models, newest = list(attribution_models), credits[0]
    rows = [
        Row(
            values=(
                credit.interaction.occurred_at if credit.interaction else None,
                _touch(credit),
                actor_of(credit),
                *(money(getattr(credit, model.column)) for model in models),
            ),
            links=_links(credit),
            notes={1: sentence_of(credit, may=asked.may)} if credit.interaction and credit.interaction.text else {},
        )
        for credit in credits
    ]
    if newest.left:
        rows.append(_left("Unattributed", newest.left))
    return _table(
        rows,
        more=ledger_link(conversion=newest.conversion_id),
        more_label=f"All {newest.touches:,} touches" if newest.touches > len(credits) else "See the credits",
    )


def _uncredited(result: ConversionResult) -> Table:
    """Return where the value of a conversion without credits stands."""
    label = "Unattributed" if result.line == ConversionResult.Line.CREDITED else result.get_line_display().capitalize()
    return _table([_left(label, result.value_minor)], more=None, more_label="")


def _left(label: str, minor: int | None) -> Row:
    return Row(values=(None, label, None, *(money(minor) for _ in attribution_models)))


def _table(rows: Sequence[Row], *, more: Link | None, more_label: str) -> Table:
    return Table(
        title="Which touches got the credit",
        columns=(
            Column(label="When", unit="time"),
            Column(label="Touch"),
            Column(label="By"),
            *(Column(label=model.label, unit="money", note=model.description) for model in attribution_models),
        ),
        rows=rows,
        empty="",
        more=more,
        more_label=more_label,
    )


def _touch(credit: CreditRow) -> str:
    if credit.interaction is None:
        return f"Campaign link {credit.campaign}"
    return f"{label_of(credit.interaction.kind or '')}, {credit.channel}"


def _links(credit: CreditRow) -> Mapping[int, Link]:
    links: dict[int, Link] = {}
    if credit.interaction_id:
        here = Link(page="admin:community_interaction_change", args=(credit.interaction_id,))
        links |= {0: here, 1: here}
    if credit.actor_member_id:
        links[2] = Link(page="admin:community_member_change", args=(credit.actor_member_id,))
    return links
