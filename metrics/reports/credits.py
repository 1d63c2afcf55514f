"""
The ledger behind any figure: which touches earned it, and what was said there.

A figure leads to its credits; a credit to its interaction, its conversion and its weight under each
model. Shares are given as exact fractions, by the model's own weight and total over what the ledger keeps:
position, number of touches, decay weight and total weight.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan
from django.db.models.functions import Coalesce

from crm.models import Contact, Conversion
from crm.money import in_reporting_currency, quantise
from metrics.attribution.models import attribution_models
from metrics.models import Credit
from metrics.reports.query import MODELS


@dataclass(frozen=True, kw_only=True)
class CreditQuery:
    """
    Which credits to read; what is None narrows nothing.

    `campaign` is a code (case does not count), `has_campaign=False` the line "no campaign"; `channel`
    and `community` are slugs. `member` is the account that acted, `helper` the person behind such
    accounts, `contact` the buyer: persons are found by any of their contacts. `start` and `end` are
    local days, half-open. `after` is the last (conversion, position) of the page before.
    """

    campaign: str | None = None
    has_campaign: bool | None = None
    channel: str | None = None
    has_channel: bool | None = None
    community: str | None = None
    conversion: int | None = None
    interaction: int | None = None
    contact: int | None = None
    member: int | None = None
    helper: int | None = None
    actor_kind: str | None = None
    is_help: bool | None = None
    start: date | None = None
    end: date | None = None
    after: tuple[int, int] | None = None
    limit: int = 100


@dataclass(frozen=True)
class ModelCredit:
    """What one model credits: the exact share of the conversion, and the amount in the reporting currency."""

    share: Fraction
    amount: Decimal


@dataclass(frozen=True)
class CreditedConversion:
    """
    The conversion whose value is split. `amount` is as the source gave it, in `currency` (positive for
    a refund, in the currency of its original).
    """

    id: int
    source: str | None
    external_id: str | None
    kind: str | None
    order_number: str
    occurred_at: datetime
    amount: Decimal
    currency: str | None
    is_refund: bool
    contact_id: int | None
    contact_name: str


@dataclass(frozen=True)
class CreditedInteraction:
    """What happened: when, where, who acted, and in which words (empty when there are none, or no longer)."""

    id: int
    channel: str
    external_id: str
    kind: str
    occurred_at: datetime
    text: str
    url: str
    is_private: bool
    is_deleted: bool
    thread_id: int | None
    thread_title: str


@dataclass(frozen=True)
class ExplainedCredit:
    """
    One row of the ledger with everything that explains it.

    `interaction` is None where the conversion's own UTM code is the touch. `actor` is the account's
    handle or the staff user's name, empty when unknown.
    """

    conversion: CreditedConversion
    interaction: CreditedInteraction | None
    position: int
    touches: int
    day: date
    is_refund: bool
    is_help: bool
    actor_kind: str
    actor_member_id: int | None
    actor_person_id: int | None
    actor: str
    campaign: str | None
    channel: str | None
    decay_weight: int
    decay_total: int
    models: dict[str, ModelCredit]


@dataclass(frozen=True)
class CreditPage:
    """Credits by conversion and position; `after` begins the next page, None at the end."""

    credits: list[ExplainedCredit]
    after: tuple[int, int] | None


def read_credits(query: CreditQuery) -> CreditPage:
    """Return the page of credits that `query` asks for, in one query whatever the number of rows."""
    rows = _matching(query).order_by("conversion_id", "position").values(*_COLUMNS, **_PATHS)[: query.limit + 1]
    found = list(rows)
    is_more = len(found) > query.limit
    found = found[: query.limit]
    return CreditPage(
        credits=[_explained(row) for row in found],
        after=(found[-1]["conversion_id"], found[-1]["position"]) if is_more else None,
    )


def _matching(query: CreditQuery) -> QuerySet[Credit]:
    rows = Credit.objects.all()
    conditions: dict[str, Any] = {
        "campaign__code__iexact": query.campaign,
        "campaign__isnull": None if query.has_campaign is None else not query.has_campaign,
        "channel__slug": query.channel,
        "channel__isnull": None if query.has_channel is None else not query.has_channel,
        "channel__community__slug": query.community,
        "conversion_id": query.conversion,
        "interaction_id": query.interaction,
        "actor_member_id": query.member,
        "actor_kind": query.actor_kind,
        "is_help": query.is_help,
        "day__gte": query.start,
        "day__lt": query.end,
    }
    rows = rows.filter(**{path: value for path, value in conditions.items() if value is not None})
    if query.contact is not None:
        rows = rows.filter(person_id__in=_person_of(query.contact))
    if query.helper is not None:
        rows = rows.filter(Q(actor_kind="member"), actor_member__contact__person_id__in=_person_of(query.helper))
    if query.after is not None:
        rows = rows.filter(TupleGreaterThan(Tuple(F("conversion_id"), F("position")), query.after))
    return rows


def _person_of(contact: int) -> QuerySet[Contact, int | None]:
    return Contact.objects.filter(pk=contact).values_list("person_id", flat=True)


_COLUMNS = (
    "conversion_id",
    "position",
    "touches",
    "day",
    "is_refund",
    "is_help",
    "actor_kind",
    "actor_member_id",
    "decay_weight",
    "decay_total",
    "interaction_id",
    *(f"{model}_minor" for model in MODELS),
)
# A refund is in the currency of its original, whose row it names by source and external id.
_ORIGINAL = Conversion.objects.filter(
    source=OuterRef("conversion__refund_of_source"), external_id=OuterRef("conversion__refund_of_external_id")
)
_PATHS = {
    "source": F("conversion__source"),
    "external_id": F("conversion__external_id"),
    "kind": F("conversion__kind_id"),
    "order_number": F("conversion__order_number"),
    "converted_at": F("conversion__occurred_at"),
    "amount": F("conversion__amount"),
    "currency": Coalesce("conversion__currency", Subquery(_ORIGINAL.values("currency")[:1])),
    "buyer_id": F("person_id"),
    "buyer": Contact.called("person__"),
    "campaign_code": F("campaign__code"),
    "channel_slug": F("channel__slug"),
    "actor_handle": F("actor_member__handle"),
    "actor_external_id": F("actor_member__external_id"),
    "actor_person": F("actor_member__contact__person_id"),
    "actor_user": F("interaction__user__username"),
    "said_on": F("interaction__channel__slug"),
    "said_external_id": F("interaction__external_id"),
    "said_kind": F("interaction__kind"),
    "said_at": F("interaction__occurred_at"),
    "said": F("interaction__text"),
    "said_url": F("interaction__url"),
    "said_privately": F("interaction__is_private"),
    "deleted_at": F("interaction__deleted_at"),
    "in_thread": F("interaction__thread_id"),
    "thread_title": F("interaction__thread__title"),
    **{f"{model.key}_weight": RawSQL(model.weight, ()) for model in attribution_models},
    **{f"{model.key}_total": RawSQL(model.total, ()) for model in attribution_models},
}


def _explained(row: dict[str, Any]) -> ExplainedCredit:
    has_interaction = row["interaction_id"] is not None and row["said_external_id"] is not None
    place = {key: row[key] for key in ("position", "touches", "decay_weight", "decay_total")}
    return ExplainedCredit(
        conversion=CreditedConversion(
            id=row["conversion_id"],
            source=row["source"],
            external_id=row["external_id"],
            kind=row["kind"],
            order_number=row["order_number"] or "",
            occurred_at=row["converted_at"],
            amount=row["amount"] if row["currency"] is None else quantise(row["amount"], row["currency"]),
            currency=row["currency"],
            is_refund=row["is_refund"],
            contact_id=row["buyer_id"],
            contact_name=row["buyer"] or "",
        ),
        interaction=CreditedInteraction(
            id=row["interaction_id"],
            channel=row["said_on"],
            external_id=row["said_external_id"],
            kind=row["said_kind"] or "",
            occurred_at=row["said_at"],
            text=row["said"],
            url=row["said_url"],
            is_private=row["said_privately"],
            is_deleted=row["deleted_at"] is not None,
            thread_id=row["in_thread"],
            thread_title=row["thread_title"] or "",
        )
        if has_interaction
        else None,
        day=row["day"],
        is_refund=row["is_refund"],
        is_help=row["is_help"],
        actor_kind=row["actor_kind"],
        actor_member_id=row["actor_member_id"],
        actor_person_id=row["actor_person"],
        actor=row["actor_handle"] or row["actor_external_id"] or row["actor_user"] or "",
        campaign=row["campaign_code"],
        channel=row["channel_slug"],
        models={
            model: ModelCredit(
                share=Fraction(row[f"{model}_weight"], row[f"{model}_total"]),
                amount=in_reporting_currency(row[f"{model}_minor"]),
            )
            for model in MODELS
        },
        **place,
    )
