"""Contacts as the API gives them."""

from datetime import datetime
from typing import Any, Literal

import django_filters
import pydantic
from django.db.models import Exists, OuterRef, Q, QuerySet

from crm.api.formats import RefRecord
from crm.contact_points import normalise_email
from crm.models import Consent, Contact, ContactPoint, ContactRef
from gateway.errors import DomainError
from gateway.filters import BooleanFilter, CollectionFilters, IdFilter, SearchFilter, TextFilter
from gateway.resources import Json, Record, Resource


class CompanyOfContact(pydantic.BaseModel):
    """The company that a contact works for."""

    model_config = pydantic.ConfigDict(extra="forbid")

    id: int
    name: str
    source: str | None
    external_id: str | None


class ConsentRecord(pydantic.BaseModel):
    """A consent, kept as evidence after it was withdrawn. An empty channel means any."""

    model_config = pydantic.ConfigDict(extra="forbid")

    purpose: str
    channel: str
    granted_at: datetime
    withdrawn_at: datetime | None
    source: str


class ContactRecord(Record):
    """
    A contact. `merged_into` is the id of the contact into which this one was merged, `person_id` the
    one at the end of that chain: itself, unless merged.
    """

    id: int
    full_name: str
    preferred_name: str
    emails: list[str]
    phones: list[str]
    refs: list[RefRecord]
    company: CompanyOfContact | None
    owner: str | None
    stage: Literal["audience", "lead", "customer"]
    tags: list[str]
    custom_fields: dict[str, Any]
    motivation: str
    language: str
    time_zone: str
    do_not_contact: bool
    consents: list[ConsentRecord]
    merged_into: int | None
    person_id: int
    source_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ContactFilters(CollectionFilters):
    search = SearchFilter(
        field_name="search_text",
        max_length=320,
        help_text="Any part of a name or address, at least three letters or digits. Merged records are not shown.",
    )
    source = TextFilter(max_length=50, method="keep", help_text="Has a reference of this source.")
    external_id = TextFilter(max_length=255, method="keep", help_text="Has this reference; goes with `source`.")
    email = TextFilter(max_length=320, method="with_email", help_text="Has this e-mail address, in any spelling.")
    company_id = IdFilter(help_text="Works for this company.")
    owner = TextFilter(field_name="owner__username", max_length=150, help_text="Is looked after by this user.")
    stage = django_filters.ChoiceFilter(choices=Contact.Stage.choices, help_text="Is at this stage.")
    tag = TextFilter(max_length=50, method="with_tag", help_text="Has this tag.")
    do_not_contact = BooleanFilter(help_text="Wishes not to be contacted.")
    person_id = IdFilter(help_text="Belongs to this person: the contact itself and all merged into it.")

    def filter_queryset(self, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        found = super().filter_queryset(queryset)
        given = {name: self.form.cleaned_data[name] for name in ("source", "external_id")}
        named = {name: value for name, value in given.items() if value}
        # Both belong to one reference, so they make one subquery.
        return found.filter(Exists(ContactRef.objects.filter(contact=OuterRef("pk"), **named))) if named else found

    def keep(self, queryset: QuerySet[Contact], name: str, value: str) -> QuerySet[Contact]:
        return queryset

    def with_email(self, queryset: QuerySet[Contact], name: str, value: str) -> QuerySet[Contact]:
        try:
            normalised = normalise_email(value)
        except DomainError:
            return queryset.none()  # what is no address, nobody has
        points = ContactPoint.objects.filter(kind=ContactPoint.Kind.EMAIL, normalised=normalised)
        return queryset.filter(pk__in=points.values("contact_id"))

    def with_tag(self, queryset: QuerySet[Contact], name: str, value: str) -> QuerySet[Contact]:
        return queryset.filter(tags__contains=[value])


class Contacts(Resource):
    """People, known or not yet."""

    key = "contacts"
    noun = "contact"
    record = ContactRecord
    filters = ContactFilters
    columns = {"owner": "owner__username", "merged_into": "merged_into_id"}
    hidden = {
        "company_id": "company_id",
        "company_name": "company__name",
        "company_source": "company__source",
        "company_external_id": "company__external_id",
    }
    filled = frozenset({"emails", "phones", "refs", "company", "consents"})
    standing = Q(merged_into=None)

    def fill(self, records: list[Json]) -> None:
        by_id = {record["id"]: record for record in records}
        for record in records:
            company_id, *company = (record.pop(f"company_{name}") for name in ("id", "name", "source", "external_id"))
            record["company"] = company_id and {
                "id": company_id,
                **dict(zip(("name", "source", "external_id"), company, strict=True)),
            }
            record |= {"emails": [], "phones": [], "refs": [], "consents": []}
        points = ContactPoint.objects.filter(contact__in=by_id).order_by("id")
        for contact_id, kind, raw in points.values_list("contact_id", "kind", "raw"):
            by_id[contact_id]["emails" if kind == ContactPoint.Kind.EMAIL else "phones"].append(raw)
        refs = ContactRef.objects.filter(contact__in=by_id).order_by("id")
        for contact_id, source, external_id in refs.values_list("contact_id", "source", "external_id"):
            by_id[contact_id]["refs"].append({"source": source, "external_id": external_id})
        consents = Consent.objects.filter(contact__in=by_id).order_by("id")
        for consent in consents.values("contact_id", *ConsentRecord.model_fields):
            by_id[consent.pop("contact_id")]["consents"].append(consent)

    def successor_id(self, pk: int) -> int | None:
        merged = Contact.objects.filter(pk=pk, merged_into__isnull=False)
        return merged.values_list("person_id", flat=True).first()
