"""Conversions as the API gives them."""

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL

from crm.api.formats import Amount, RefRecord, SignedAmount, money, ref
from crm.models import Conversion
from crm.models.conversion import IS_ORIGINAL
from crm.voiding import restoring, voiding
from gateway.filters import CollectionFilters, IdFilter, InstantFilter, PresenceFilter, TextFilter
from gateway.resources import Act, Json, Record, Resource


class ConversionRecord(Record):
    """
    A conversion; with `refund_of`, a refund of that one, which takes contact, kind and currency from
    it: they are null here. The amount of a refund is positive, with the decimals of its original's
    currency. A conversion without a contact is a guest order. No figure reads the margin.
    """

    id: int
    source: str | None
    external_id: str | None
    contact_id: int | None
    kind: str | None
    occurred_at: datetime
    amount: Amount
    currency: str | None
    margin: SignedAmount | None
    order_number: str
    refund_of: RefRecord | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    utm_term: str | None
    utm_content: str | None
    voided_at: datetime | None
    void_reason: str
    source_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime


# What somebody brought, with the refunds of it: those name the order and nobody else.
_BROUGHT = """
    WITH brought AS (SELECT v.id, v.source, v.external_id FROM crm_conversion v WHERE v.contact_id {who})
    SELECT b.id FROM brought b
    UNION ALL
    SELECT r.id FROM brought b
    JOIN crm_conversion r ON r.refund_of_source = b.source AND r.refund_of_external_id = b.external_id
"""
_OF_CONTACT = _BROUGHT.format(who="= %s")
_OF_PERSON = _BROUGHT.format(
    who="IN (SELECT c.id FROM crm_contact c JOIN crm_contact n ON n.person_id = c.person_id WHERE n.id = %s)"
)


class BroughtByFilter(IdFilter):
    """The conversions of somebody, refunds of these included; `brought` selects their ids."""

    def __init__(self, *, brought: str, help_text: str) -> None:
        super().__init__(help_text=help_text)
        self.brought = brought

    def filter(self, qs: QuerySet[Any], value: int | None) -> QuerySet[Any]:
        return qs if value is None else qs.filter(pk__in=RawSQL(self.brought, [value]))


class ConversionFilters(CollectionFilters):
    source = TextFilter(max_length=50, help_text="Comes from this source.")
    external_id = TextFilter(max_length=255, help_text="Has this id there.")
    contact_id = BroughtByFilter(brought=_OF_CONTACT, help_text="Of this contact, refunds included.")
    person_id = BroughtByFilter(
        brought=_OF_PERSON, help_text="Of this person, whichever contact it came under, refunds included."
    )
    kind = TextFilter(field_name="kind_id", max_length=30, help_text="Is of this kind, such as purchase.")
    order_number = TextFilter(max_length=100, help_text="Has this order number.")
    occurred_from = InstantFilter(field_name="occurred_at", lookup_expr="gte", help_text="Happened then or later.")
    occurred_until = InstantFilter(field_name="occurred_at", lookup_expr="lt", help_text="Happened before.")
    utm_campaign = TextFilter(lookup_expr="iexact", max_length=255, help_text="Came by a link with this campaign.")
    is_refund = PresenceFilter(field_name="refund_of_source", help_text="Is a refund.")
    is_voided = PresenceFilter(field_name="voided_at", help_text="Was voided; goes with `include_inactive`.")


class Conversions(Resource):
    """What people brought, and what they took back."""

    key = "conversions"
    noun = "conversion"
    record = ConversionRecord
    filters = ConversionFilters
    columns = {"kind": "kind_id"}
    hidden = {
        "refund_of_source": "refund_of_source",
        "refund_of_external_id": "refund_of_external_id",
        "currency_of_original": Subquery(Conversion.objects.filter(IS_ORIGINAL).values("currency")),
    }
    filled = frozenset({"refund_of"})
    orderings = ("id", "updated_at", "occurred_at")
    standing = Q(voided_at=None)
    acts = (
        Act("void", "Take a conversion out of every figure, keeping it", voiding.one),
        Act("restore", "Let a conversion that was voided count again", restoring.one),
    )

    def fill(self, records: list[Json]) -> None:
        for record in records:
            currency = record.pop("currency_of_original") or record["currency"]
            record["amount"] = money(record["amount"], currency)
            record["margin"] = money(record["margin"], currency)
            record["refund_of"] = ref(record.pop("refund_of_source"), record.pop("refund_of_external_id"))
