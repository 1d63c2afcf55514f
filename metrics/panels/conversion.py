"""Which touches got which credit for a conversion, and that the parts sum to the whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Sum

from gateway.panels import Column, Figure, Link, PanelContent, PermissionCheck, Row, Table
from metrics.attribution.models import attribution_models
from metrics.models import ConversionResult
from metrics.models.rows import CreditRow
from metrics.panels.parts import actor_of, ledger_link, money, nothing, sentence_of

TOUCHES_SHOWN = 200  # the first of a conversion; the sums are over all of them


@dataclass(frozen=True)
class ConversionCredits:
    key: str = "credits"
    title: str = "What earned it"
    order: int = 10
    permission: str = "metrics.view_credit"
    description: str = "The touches inside the lookback window with their credit under each model, and the sums."

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, PanelContent]:
        results = ConversionResult.objects.in_bulk(ids)
        credits: dict[int, list[CreditRow]] = {}
        found = (
            CreditRow.objects.filter(conversion__in=ids, position__lte=TOUCHES_SHOWN)
            .select_related("interaction", "actor_member", "channel", "campaign")
            .order_by("conversion", "position")
        )
        for credit in found:
            credits.setdefault(credit.conversion_id, []).append(credit)
        sums: dict[int, dict[str, int]] = {
            row.pop("conversion"): row
            for row in CreditRow.objects.filter(conversion__in=ids)
            .order_by()
            .values("conversion")
            .annotate(**{model.key: Sum(model.column) for model in attribution_models})
        }
        return {
            pk: _content(pk, results[pk], credits.get(pk, []), sums.get(pk, {}), may)
            if pk in results
            else nothing("Its credits are computed within seconds of a change. A voided conversion has none.")
            for pk in ids
        }


def _content(
    pk: int, result: ConversionResult, credits: list[CreditRow], sums: Mapping[str, int], may: PermissionCheck
) -> PanelContent:
    figures = [
        Figure(
            label="Value",
            value=money(result.value_minor),
            unit="money",
            note="" if result.value_minor is not None else "No exchange rate for its day",
            is_main=True,
        ),
        Figure(label="Line in the reports", value=result.get_line_display()),
        Figure(label="Unattributed", value=money(result.unattributed_minor), unit="money"),
        Figure(
            label="Touches", value=result.touches, unit="count", link=ledger_link(conversion=pk) if credits else None
        ),
    ]
    return PanelContent(figures=figures, tables=[_touches(pk, result, credits, sums, may)])


def _touches(
    pk: int, result: ConversionResult, credits: list[CreditRow], sums: Mapping[str, int], may: PermissionCheck
) -> Table:
    """Return the first touches with their credit, and what the credits of all of them (`sums`, by model) sum to."""
    models = list(attribution_models)
    rows = [
        Row(
            values=(
                credit.position,
                credit.interaction.occurred_at if credit.interaction else None,
                sentence_of(credit, may=may),
                actor_of(credit),
                " · ".join(str(place) for place in (credit.channel, credit.campaign) if place),
                Decimal(credit.decay_weight) / credit.decay_total if credit.decay_total else None,
                *(money(getattr(credit, model.column)) for model in models),
            ),
            links=_links(credit),
        )
        for credit in credits
    ]
    if credits:
        totals = [int(sums.get(model.key, 0)) for model in models]
        rows.append(_line("Sum of the credits", [money(total) for total in totals]))
        rows.append(_line("Unattributed", [money(result.unattributed_minor)] * len(models)))
        rows.append(_line("Value", [money(total + result.unattributed_minor) for total in totals]))
        holds = all(total + result.unattributed_minor == result.value_minor for total in totals)
    else:
        holds = True
    return Table(
        title="Credits",
        columns=(
            Column(label="#", unit="count"),
            Column(label="When", unit="time"),
            Column(label="What was said", unit="sentence"),
            Column(label="By"),
            Column(label="Where"),
            Column(label="Decay share", unit="percent", note="The touch's share under time decay"),
            *(Column(label=model.label, unit="money", note=model.description) for model in models),
        ),
        rows=rows,
        empty="No touch inside the lookback window: the whole value is unattributed.",
        more=ledger_link(conversion=pk) if credits else None,
        more_label="Open in the ledger",
        note="Under every model the credits and the unattributed part sum to the value, to the cent."
        if holds
        else "The sums differ from the value. A recompute may be running; if this stays, report it.",
    )


def _line(label: str, amounts: Sequence[Decimal | None]) -> Row:
    return Row(values=(None, None, label, None, None, None, *amounts), is_total=True)


def _links(credit: CreditRow) -> Mapping[int, Link]:
    links = {0: Link(page="admin:metrics_creditrow_change", args=(credit.pk,))}
    if credit.interaction_id:
        links[2] = Link(page="admin:community_interaction_change", args=(credit.interaction_id,))
    if credit.actor_member_id:
        links[3] = Link(page="admin:community_member_change", args=(credit.actor_member_id,))
    if credit.campaign_id:
        links[4] = Link(page="admin:crm_campaign_change", args=(credit.campaign_id,))
    elif credit.channel_id:
        links[4] = Link(page="admin:community_channel_change", args=(credit.channel_id,))
    return links
