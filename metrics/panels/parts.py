"""Parts that several panels share: figures of a report's row, its models side by side, rows of the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from django.conf import settings

from community.private_texts import readable_text
from crm.money import in_reporting_currency, quantise
from gateway.panels import Column, Figure, Link, PanelContent, PermissionCheck, Row, Table
from metrics.attribution.models import attribution_models
from metrics.models import Credit
from metrics.models.rows import CreditRow
from metrics.reports import Ratio, RoiRow
from metrics.reports.figures import REASONS
from metrics.reports.freshness import behind_reason
from metrics.reports.report import NOT_PROOF

LEDGER = "admin:metrics_creditrow_changelist"
NEWEST = ("-day", "-conversion", "-position")  # credits, by when they count; of one conversion the latest touch first
TEXT_SHOWN = 120  # characters of an interaction's text


def money(minor: int | None) -> Decimal | None:
    """Return minor units of the reporting currency as an amount; None stays None."""
    return None if minor is None else in_reporting_currency(minor)


def why_undefined(ratio: Ratio) -> str:
    """Return in words why a ratio has no value; empty when it has one."""
    return REASONS.get(ratio.reason, ratio.reason).capitalize() if ratio.reason else ""


def ledger_link(**conditions: str | int) -> Link:
    """Return the way to the credits that stand behind a figure, such as `ledger_link(campaign=3)`."""
    return Link(page=LEDGER, query={f"{name}__id__exact": value for name, value in conditions.items()})


def helper_link(accounts: Sequence[int]) -> Link:
    """Return the way to the credits of these accounts as helpers: not for what they bought themselves, nor as staff."""
    condition = "actor_member__id__exact" if len(accounts) == 1 else "actor_member__id__in"
    whose = ",".join(map(str, accounts))
    return Link(page=LEDGER, query={condition: whose, "actor_kind__exact": Credit.ActorKind.MEMBER.value})


def business_figures(row: RoiRow, *, credits: Link) -> list[Figure]:
    """Return cost, return and ROI of a report's row, under the model that leads."""
    lead = attribution_models[row.lead_model].label
    return [
        Figure(label="ROI", value=row.roi.value, unit="percent", note=why_undefined(row.roi) or lead, is_main=True),
        Figure(label="Credited revenue", value=row.revenue_credited, unit="money", link=credits),
        Figure(label="Cost", value=row.cost, unit="money"),
        Figure(label="ROAS", value=row.roas.value, unit="times", note=why_undefined(row.roas)),
        Figure(
            label="Assisted revenue",
            value=row.assisted_revenue,
            unit="money",
            note="With help; may overlap",
        ),
        Figure(label="Conversions touched", value=row.conversions_touched, unit="count", link=credits),
    ]


def social_figures(row: RoiRow) -> list[Figure]:
    """Return what was done for people."""
    did = row.social
    rated = f"{did.mean_rating.n:,} rating{'' if did.mean_rating.n == 1 else 's'}" if did.mean_rating.n else ""
    return [
        Figure(label="People helped", value=did.people_helped, unit="count"),
        Figure(label="Questions answered", value=did.questions_answered, unit="count"),
        Figure(
            label="Mean rating",
            value=did.mean_rating.value,
            unit="rating",
            note=rated or why_undefined(did.mean_rating),
        ),
        Figure(
            label="Cost per person helped",
            value=rounded_money(did.cost_per_person_helped.value),
            unit="money",
            note=why_undefined(did.cost_per_person_helped),
        ),
    ]


def rounded_money(value: Decimal | None) -> Decimal | None:
    """Return an unrounded amount as money is shown; None stays None."""
    return None if value is None else quantise(value, settings.KITH_CURRENCY)


def models_table(row: RoiRow, *, credits: Link) -> Table:
    """Return the row's figures under every attribution model, side by side."""
    return Table(
        title="Under each attribution model",
        columns=(
            Column(label="Model"),
            Column(label="Credited revenue", unit="money"),
            Column(label="Conversions", unit="decimal", note="Sum of shares: adds up over campaigns"),
            Column(label="ROI", unit="percent"),
            Column(label="ROAS", unit="times"),
            Column(label="Cost per conversion", unit="money"),
        ),
        rows=[
            Row(
                values=(
                    attribution_models[key].label,
                    found.revenue_credited,
                    found.conversions_credited,
                    found.roi.value,
                    found.roas.value,
                    rounded_money(found.cost_per_conversion.value),
                ),
                links={1: credits},
            )
            for key, found in row.models.items()
        ],
        empty="",
        more=credits,
        more_label="See the credits behind it",
        note=NOT_PROOF,
    )


def credits_table(
    credits: Iterable[CreditRow], *, may: PermissionCheck, title: str, more: Link, lead: str, empty: str
) -> Table:
    """Return rows of the ledger, each with the sentence that earned it, under one model."""
    return Table(
        title=title,
        columns=(
            Column(label="Day", unit="day"),
            Column(label="Bought by"),
            Column(label="Conversion"),
            Column(label="For", unit="sentence"),
            Column(label="By"),
            Column(label=attribution_models[lead].label, unit="money"),
        ),
        rows=[
            Row(
                values=(
                    credit.day,
                    str(credit.person) if credit.person else "a guest",
                    str(credit.conversion),
                    sentence_of(credit, may=may),
                    actor_of(credit),
                    money(getattr(credit, attribution_models[lead].column)),
                ),
                links=links_of(credit),
            )
            for credit in credits
        ],
        empty=empty,
        more=more,
        more_label="See all credits",
    )


def links_of(credit: CreditRow) -> Mapping[int, Link]:
    """Return where the cells of a row of `credits_table` lead."""
    links = {
        0: Link(page="admin:metrics_creditrow_change", args=(credit.pk,)),
        2: Link(page="admin:crm_conversion_change", args=(credit.conversion_id,)),
    }
    if credit.person_id:
        links[1] = Link(page="admin:crm_contact_change", args=(credit.person_id,))
    if credit.interaction_id:
        links[3] = Link(page="admin:community_interaction_change", args=(credit.interaction_id,))
    if credit.actor_member_id:
        links[4] = Link(page="admin:community_member_change", args=(credit.actor_member_id,))
    return links


def sentence_of(credit: CreditRow, *, may: PermissionCheck) -> str:
    """Return what was said in the interaction that earned a credit, cut to one line, as far as the reader may know."""
    if credit.interaction is None:
        return "Its own campaign link"
    text = " ".join(readable_text(credit.interaction, may=may).split())
    return f"{text[:TEXT_SHOWN]}…" if len(text) > TEXT_SHOWN else text or str(credit.interaction)


def actor_of(credit: CreditRow) -> str:
    """Return who did the touch: an account, or what kind of somebody."""
    return str(credit.actor_member) if credit.actor_member else credit.get_actor_kind_display()


def behind_notes() -> list[str]:
    """Return the sentence that figures are behind, if they are."""
    reason = behind_reason()
    return [f"{reason} These figures follow in a moment."] if reason else []


def nothing(sentence: str) -> PanelContent:
    """Return a panel that has only a sentence to say."""
    return PanelContent(notes=(sentence,))
