"""Contacts as the API gives them."""

from datetime import datetime
from typing import Any, Literal

import django_filters
import pydantic
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from crm.api.formats import RefRecord
from crm.api.person_filter import PersonFilter
from crm.contact_points import normalise_email
from crm.models import Consent, Contact, ContactPoint, ContactRef
from crm.motivation import motivation_shown
from crm.permissions import VIEW_ADDRESSES
from crm.search import search_people
from crm.stages import at_stage, stage_now
from crm.wishes import wishes_no_contact
from gateway.errors import DomainError
from gateway.filters import BooleanFilter, CollectionFilters, IdFilter, SearchFilter, TextFilter
from gateway.resources import Json, Record, Resource, Withheld

ADDRESSES: Any = pydantic.Field(description="In the order of arrival; null without the scope `addresses:read`.")
VERIFIED: Any = pydantic.Field(description="Those that somebody has verified; null without the scope `addresses:read`.")


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
    one at the end of that chain: itself, unless merged. `do_not_contact` is the person's wish, on whichever
    of their records it was said; `stage` is the person's too: customer once they bought something, else the record's.
    `motivation` is null where the person does not agree that it is shown.
    """

    id: int
    full_name: str
    preferred_name: str
    emails: list[str] | None = ADDRESSES
    phones: list[str] | None = ADDRESSES
    verified_emails: list[str] | None = VERIFIED
    verified_phones: list[str] | None = VERIFIED
    refs: list[RefRecord]
    company: CompanyOfContact | None
    owner: str | None
    stage: Literal["audience", "lead", "customer"]
    tags: list[str]
    custom_fields: dict[str, Any]
    motivation: str | None
    language: str
    country: str
    birth_year: int | None
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
        max_length=320,
        method="keep",
        help_text="Words in any order, each any part of a name, handle or address; together at least three letters or "
        "digits. What stands on a merged record finds its survivor too, unless very many have it. Without the scope "
        "`addresses:read` addresses are not searched.",
    )
    source = TextFilter(
        max_length=50, method="keep", help_text="Has a reference of this source, or a record merged into it has."
    )
    external_id = TextFilter(
        max_length=255,
        method="keep",
        help_text="Has this reference, or a record merged into it has; goes with `source`.",
    )
    email = TextFilter(
        max_length=320,
        method="with_email",
        help_text="Has this e-mail address, in any spelling, or a record merged into it has; needs the scope "
        "`addresses:read`.",
    )
    company_id = IdFilter(help_text="Works for this company.")
    owner = TextFilter(field_name="owner__username", max_length=150, help_text="Is looked after by this user.")
    stage = django_filters.ChoiceFilter(
        choices=Contact.Stage.choices,
        method="with_stage",
        help_text="Is at this stage by now: whoever bought something is a customer, whatever the record says.",
    )
    tag = TextFilter(max_length=50, method="with_tag", help_text="Has this tag.")
    do_not_contact = BooleanFilter(
        method="with_wish", help_text="Wishes not to be contacted, on whichever record of the person it was said."
    )
    person_id = PersonFilter(help_text="Belongs to this person: the contact itself and all merged into it.")

    needs = {"email": VIEW_ADDRESSES}

    def filter_queryset(self, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        found = super().filter_queryset(queryset)
        if searched := self.form.cleaned_data["search"]:
            found = search_people(found, searched, with_addresses=self.may(VIEW_ADDRESSES))
        given = {name: self.form.cleaned_data[name] for name in ("source", "external_id")}
        named = {name: value for name, value in given.items() if value}
        if not named:
            return found
        # Both belong to one reference, so they make one subquery.
        refs = ContactRef.objects.filter(**named)
        if "external_id" in named:
            return found.filter(pk__in=_with_survivors(refs))
        # Of a source nearly everybody may have one: asked for each contact of the page, and not collected beforehand.
        of_merged = refs.filter(contact__merged_into__isnull=False, contact__person=OuterRef("pk"))
        return found.filter(Exists(refs.filter(contact=OuterRef("pk"))) | Exists(of_merged))

    def keep(self, queryset: QuerySet[Contact], name: str, value: str) -> QuerySet[Contact]:
        return queryset

    def with_email(self, queryset: QuerySet[Contact], name: str, value: str) -> QuerySet[Contact]:
        try:
            normalised = normalise_email(value)
        except DomainError:
            return queryset.none()  # what is no address, nobody has
        points = ContactPoint.objects.filter(kind=ContactPoint.Kind.EMAIL, normalised=normalised)
        return queryset.filter(pk__in=_with_survivors(points))

    def with_wish(self, queryset: QuerySet[Contact], name: str, value: bool) -> QuerySet[Contact]:
        return queryset.filter(wishes_no_contact() if value else ~wishes_no_contact())

    def with_stage(self, queryset: QuerySet[Contact], name: str, value: str) -> QuerySet[Contact]:
        return queryset.filter(at_stage(value))

    def with_tag(self, queryset: QuerySet[Contact], name: str, value: str) -> QuerySet[Contact]:
        return queryset.filter(tags__contains=[value])


def _with_survivors(parts: QuerySet[Any]) -> QuerySet[Any]:
    """Return the ids of the contacts that a few `parts` hang on, and of the persons whom these stand for."""
    return parts.values("contact_id").union(parts.values("contact__person_id"))


def _points(kind: str, **conditions: object) -> ArraySubquery:
    """The addresses of one kind, in the order of arrival."""
    points = ContactPoint.objects.filter(contact=OuterRef("pk"), kind=kind, **conditions)
    return ArraySubquery(points.order_by("id").values("raw"))


def _parts(model: type[Model], record: type[pydantic.BaseModel]) -> ArraySubquery:
    """The rows of `model` that belong to the contact, each as an object with the fields of `record`."""
    rows = model._default_manager.filter(contact=OuterRef("pk")).order_by("id")
    return ArraySubquery(rows.values(part=JSONObject(**{name: name for name in record.model_fields})))


class Contacts(Resource):
    """People, known or not yet."""

    key = "contacts"
    noun = "contact"
    record = ContactRecord
    filters = ContactFilters
    columns = {
        "owner": "owner__username",
        "merged_into": "merged_into_id",
        "do_not_contact": wishes_no_contact(),
        "stage": stage_now(),
        "motivation": motivation_shown(),
        # What hangs on a contact comes with it, in subqueries for the rows of the page only: three
        # queries more would take longer than all of this.
        "emails": _points(ContactPoint.Kind.EMAIL),
        "phones": _points(ContactPoint.Kind.PHONE),
        "verified_emails": _points(ContactPoint.Kind.EMAIL, verified_at__isnull=False),
        "verified_phones": _points(ContactPoint.Kind.PHONE, verified_at__isnull=False),
        "refs": _parts(ContactRef, RefRecord),
        "consents": _parts(Consent, ConsentRecord),
    }
    hidden = {
        "company_id": "company_id",
        "company_name": "company__name",
        "company_source": "company__source",
        "company_external_id": "company__external_id",
    }
    filled = frozenset({"company"})
    standing = Q(merged_into=None)
    withheld = (Withheld(VIEW_ADDRESSES, ("emails", "phones", "verified_emails", "verified_phones")),)

    def fill(self, records: list[Json]) -> None:
        for record in records:
            company_id, *company = (record.pop(f"company_{name}") for name in ("id", "name", "source", "external_id"))
            record["company"] = company_id and {
                "id": company_id,
                **dict(zip(("name", "source", "external_id"), company, strict=True)),
            }

            for consent in record["consents"]:
                for name in ("granted_at", "withdrawn_at"):  # PostgreSQL writes an instant into JSON with its offset
                    consent[name] = consent[name] and consent[name].replace("+00:00", "Z")

    def successor_id(self, pk: int) -> int | None:
        merged = Contact.objects.filter(pk=pk, merged_into__isnull=False)
        return merged.values_list("person_id", flat=True).first()
