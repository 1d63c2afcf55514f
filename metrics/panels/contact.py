"""What a person brought as a customer, and what they earned for us as a helper: two views of the same cents."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Sum, Window
from django.db.models.functions import RowNumber

from community.interaction_kinds import label_of
from community.models import Member
from gateway.panels import Column, Figure, Link, PanelContent, PermissionCheck, Row, Table
from metrics.attribution.models import attribution_models
from metrics.models import ConversionResult, Credit, HelperDay, PersonDay
from metrics.models.rows import CreditRow
from metrics.panels.parts import NEWEST, credits_table, helper_link, ledger_link, money

SHOWN = 10  # rows of a table; the newest


@dataclass(frozen=True)
class BuyerFigures:
    key: str = "buyer"
    title: str = "As a customer"
    order: int = 10
    permission: str = "metrics.view_credit"
    description: str = "Revenue, what of it was credited to touches, and the newest conversions with their credits."

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, PanelContent]:
        sums: dict[int, Any] = {
            row["person_id"]: row
            for row in PersonDay.objects.filter(person_id__in=ids)
            .values("person_id")
            .annotate(
                bought=Sum("conversions"),
                revenue=Sum("revenue_minor"),
                credited=Sum("credited_minor"),
                unattributed=Sum("unattributed_minor"),
            )
        }
        newest = _newest_results(ids)
        touches = _touches_of([result.conversion_id for rows in newest.values() for result in rows])
        return {
            pk: PanelContent(
                figures=_buyer_figures(sums.get(pk, {}), person=pk),
                tables=(_conversions(newest.get(pk, []), touches, contact=pk),),
            )
            for pk in ids
        }


def _buyer_figures(sums: Mapping[str, int], *, person: int) -> list[Figure]:
    return [
        Figure(
            label="Revenue",
            value=money(int(sums.get("revenue", 0))),
            unit="money",
            note="Net of refunds",
            is_main=True,
            link=Link(page="admin:metrics_conversionresult_changelist", query={"person__id__exact": person}),
        ),
        Figure(
            label="Credited to touches",
            value=money(int(sums.get("credited", 0))),
            unit="money",
            link=ledger_link(person=person),
        ),
        Figure(label="Unattributed", value=money(int(sums.get("unattributed", 0))), unit="money"),
        Figure(label="Conversions", value=int(sums.get("bought", 0)), unit="count"),
    ]


def _newest_results(persons: Sequence[int]) -> dict[int | None, list[ConversionResult]]:
    ranked = (
        ConversionResult.objects.filter(person__in=persons)
        .annotate(place=Window(RowNumber(), partition_by="person", order_by=("-day", "-conversion")))
        .filter(place__lte=SHOWN)
        .select_related("conversion__kind")
        .order_by("person", "place")
    )
    found: dict[int | None, list[ConversionResult]] = {}
    for result in ranked:
        found.setdefault(result.person_id, []).append(result)
    return found


def _touches_of(conversions: Sequence[int]) -> dict[int, str]:
    """Return which touches got credit, in words: “2 × answer, 1 × click”. One query."""
    kinds = (
        CreditRow.objects.filter(conversion__in=conversions)
        .values("conversion", "interaction__kind")
        .annotate(number=Count("position"), first=Min("position"))
        .order_by("conversion", "first")
    )
    words: dict[int, list[str]] = {}
    for row in kinds:
        kind = label_of(row["interaction__kind"] or "campaign link").lower()
        words.setdefault(row["conversion"], []).append(f"{row['number']:,} × {kind}")
    return {conversion: ", ".join(said) for conversion, said in words.items()}


def _conversions(results: Sequence[ConversionResult], touches: Mapping[int, str], *, contact: int) -> Table:
    return Table(
        title="Newest conversions",
        columns=(
            Column(label="Day", unit="day"),
            Column(label="Conversion"),
            Column(label="Line"),
            Column(label="Touches that got credit"),
            Column(label="Value", unit="money"),
            Column(label="Unattributed", unit="money"),
        ),
        rows=[
            Row(
                values=(
                    result.day,
                    str(result.conversion),
                    result.get_line_display(),
                    touches.get(result.conversion_id),
                    money(result.value_minor),
                    money(result.unattributed_minor),
                ),
                links={
                    1: Link(page="admin:crm_conversion_change", args=(result.conversion_id,)),
                    3: ledger_link(conversion=result.conversion_id),
                },
            )
            for result in results
        ],
        empty="Nothing bought yet.",
        more=Link(page="admin:crm_conversion_changelist", query={"contact__id__exact": contact}),
        more_label="All conversions of this record",
    )


@dataclass(frozen=True)
class HelperFigures:
    key: str = "helper"
    title: str = "As a helper"
    order: int = 20
    permission: str = "metrics.view_credit"
    description: str = "Revenue credited to what this person did for others, over all their accounts, per model."

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, PanelContent]:
        owner = dict(Member.objects.filter(contact__person__in=ids).values_list("pk", "contact__person_id"))
        models = list(attribution_models)
        sums: dict[int | None, dict[str, int]] = {}
        rows: Iterable[Any] = (
            HelperDay.objects.filter(actor_kind=Credit.ActorKind.MEMBER, member_id__in=owner)
            .values("member_id")
            .annotate(**{model.key: Sum(model.column) for model in models})
        )
        for row in rows:
            mine = sums.setdefault(owner[row["member_id"]], dict.fromkeys(attribution_models.keys(), 0))
            for model in models:
                mine[model.key] += int(row[model.key])
        newest = _newest_as_helper(owner)
        accounts: dict[int | None, list[int]] = {}
        for account, person in sorted(owner.items()):
            accounts.setdefault(person, []).append(account)
        return {pk: _helper_content(sums.get(pk), newest.get(pk, []), may, accounts.get(pk, ())) for pk in ids}


def _newest_as_helper(owner: Mapping[int, int | None]) -> dict[int | None, list[CreditRow]]:
    ranked = (
        CreditRow.objects.filter(actor_kind=Credit.ActorKind.MEMBER, actor_member__in=list(owner))
        .annotate(place=Window(RowNumber(), partition_by="actor_member", order_by=NEWEST))
        .filter(place__lte=SHOWN)
        .select_related("interaction", "person", "conversion", "actor_member")
        .order_by(*NEWEST)
    )
    found: dict[int | None, list[CreditRow]] = {}
    for credit in ranked:
        mine = found.setdefault(owner[credit.actor_member_id], [])
        if len(mine) < SHOWN:
            mine.append(credit)
    return found


def _helper_content(
    sums: Mapping[str, int] | None, credits: Sequence[CreditRow], may: PermissionCheck, accounts: Sequence[int]
) -> PanelContent:
    if sums is None:
        return PanelContent(notes=("Nobody whom this person helped has bought anything within the window yet.",))
    return PanelContent(
        figures=[
            Figure(
                label=model.label,
                value=money(sums[model.key]),
                unit="money",
                note=model.description,
                is_main=model.key == settings.METRICS_DEFAULT_MODEL,
            )
            for model in attribution_models
        ],
        tables=(
            credits_table(
                credits,
                may=may,
                title="Newest credits",
                more=helper_link(accounts),
                lead=settings.METRICS_DEFAULT_MODEL,
                empty="No credits yet.",
            ),
        ),
        notes=("The same cents as in the buyers' figures, seen from the other side: never added to them.",),
    )
