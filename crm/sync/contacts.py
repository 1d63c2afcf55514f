"""Contacts, known by what other systems call them: several references may lead to one contact."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from crm.models import Contact
from crm.sync.contact_parts import Addresses, Consent, Said, add_parts, contact_parts
from crm.sync.fields import Address, Email, Phone
from crm.sync.references import CONTACT_REFS, CONTACTS, claim_refs, company_ids, resolve_users
from gateway.batches import Draft, SyncedCollection, settle
from gateway.collections import FieldError
from gateway.items import ExternalId, FreeObject, Item, Moment, Name, Ref, Source, Text, Username
from gateway.tables import Key, Row

KINDS = {"email": "emails", "phone": "phones"}  # kind of address → the field of the whole list
ELSEWHERE = {"emails", "phones", "company", "owner", "refs", "consents"}  # fields that are no column of the contact


class ConsentItem(Item):
    """A consent is evidence: it is added and withdrawn by sending it, and never removed by leaving it out."""

    purpose: Name(50)
    channel: Text(50) = ""
    granted_at: Moment
    withdrawn_at: Moment | None = None
    source: Name(100)


class ContactItem(Item):
    """
    A contact.

    `email` and `phone` say one address that the contact has: a new one takes the place of the oldest
    of its kind, others stay. `emails` and `phones` are the whole list. `refs` are all further references of the
    contact. `tags` and `custom_fields` replace what is stored.
    """

    source: Source
    external_id: ExternalId
    full_name: Text(255) | None = None
    preferred_name: Text(100) | None = None
    email: Email | None = None
    phone: Phone | None = None
    emails: Annotated[list[Email], Field(max_length=20)] | None = None
    phones: Annotated[list[Phone], Field(max_length=20)] | None = None
    company: Ref | None = None
    owner: Username | None = None
    stage: Literal["audience", "lead", "customer"] = "lead"
    tags: Annotated[list[Name(50)], Field(max_length=100)] | None = None
    custom_fields: FreeObject | None = None
    motivation: Text() | None = None
    language: Text(35) | None = None
    time_zone: Text(64) | None = None
    do_not_contact: bool = False
    refs: Annotated[list[Ref], Field(max_length=20)] | None = None
    consents: Annotated[list[ConsentItem], Field(max_length=100)] | None = None
    source_updated_at: Moment | None = None


class Contacts(SyncedCollection):
    key = "contacts"
    item = ContactItem
    model = Contact
    key_fields = ("source", "external_id")

    def facts_of(self, item: Any) -> dict[str, Any]:
        facts = super().facts_of(item)
        for one, many in KINDS.items():
            if many in facts:
                facts[many] = Addresses(_distinct(facts[many] or ()), is_all=True)
            elif one in facts:
                address = facts.pop(one)
                facts[many] = Addresses([address] if address else [], is_all=address is None)
        return facts

    def problems(self, facts: Mapping[str, Any]) -> Iterator[FieldError]:
        for one, many in KINDS.items():
            if one in facts:
                yield FieldError(one, "two_ways", f"Give {one} or {many}, not both.")

    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        companies = company_ids(draft.facts["company"].key for draft in drafts if draft.facts.get("company"))
        for draft in drafts:
            draft.values = _columns(draft.facts)
            if "company" in draft.facts:
                company = draft.facts["company"]
                draft.values["company_id"] = companies[company.key] if company else None
        resolve_users(drafts, "owner", "owner_id")
        new, old = _find(drafts)
        self._create(new)
        self._change(old)

    def _create(self, new: Mapping[int, Draft]) -> None:
        said = {pk: _said(draft.facts) for pk, draft in new.items()}
        CONTACTS.insert(
            [
                Row(pk, (), draft.values | {"search_text": _searchable(draft.values, said[pk])}, draft.said_at)
                for pk, draft in new.items()
            ]
        )
        add_parts(said)
        for pk, draft in new.items():
            draft.done("created", pk)

    def _change(self, old: Mapping[int, Draft]) -> None:
        with contact_parts({pk: _said(draft.facts) for pk, draft in old.items()}) as parts:
            changes = CONTACTS.change(
                [Row(pk, (), draft.values, draft.said_at) for pk, draft in old.items()], parts=parts
            )
        for pk, draft in old.items():
            settle(draft, pk, changes.get(pk))

    def key_of(self, pk: int) -> Mapping[str, object]:
        self.stored(pk, "id")
        return {"source": "kith", "external_id": str(pk)}  # a contact may have several references, or none

    def remove(self, pk: int, *, now: datetime) -> None:
        self.delete(pk)


def _find(drafts: Sequence[Draft]) -> tuple[dict[int, Draft], dict[int, Draft]]:
    """
    Return the drafts of new contacts and those of stored ones, by the contact's id.

    References that are not known yet are created, for both, in one statement; a further reference
    that leads to another contact refuses the item. Raises `LostRace`.
    """
    drafts = [draft for draft in drafts if draft.is_open]
    keys = {draft.key for draft in drafts if draft.pk is None}
    further = {ref.key for draft in drafts for ref in draft.facts.get("refs") or ()}
    stored = {key: contact for key, (_, contact) in CONTACT_REFS.locate(keys | further, also=["contact_id"]).items()}
    claimed: dict[Key, Draft] = {draft.key: draft for draft in drafts if draft.pk is None}
    for draft in drafts:
        own = draft.pk or stored.get(draft.key)
        for ref in draft.facts.get("refs") or ():
            is_free = claimed.setdefault(ref.key, draft) is draft and stored.get(ref.key, own) == own
            if not is_free:
                draft.fail("refs", "ref_taken", f"{ref.source}:{ref.external_id} leads to another contact. Merge them.")
    drafts = [draft for draft in drafts if draft.is_open]
    new = [draft for draft in drafts if draft.pk is None and draft.key not in stored]
    ids = dict(zip((draft.key for draft in new), CONTACTS.reserve(len(new)), strict=True))
    leads_to = {
        ref: pk
        for draft in drafts
        for pk in [draft.pk or stored.get(draft.key) or ids[draft.key]]
        for ref in [draft.key, *(ref.key for ref in draft.facts.get("refs") or ())]
        if ref not in stored and not (draft.pk and ref == draft.key)
    }
    claim_refs(leads_to)
    fresh = {ids[draft.key]: draft for draft in new}
    known = {draft.pk or stored[draft.key]: draft for draft in drafts if draft.pk or draft.key in stored}
    return fresh, known


def _columns(facts: Mapping[str, Any]) -> dict[str, Any]:
    return CONTACTS.columns({name: value for name, value in facts.items() if name not in ELSEWHERE})


def _said(facts: Mapping[str, Any]) -> Said:
    consents = [
        Consent(consent.purpose, consent.channel, consent.granted_at, consent.withdrawn_at, consent.source)
        for consent in facts.get("consents") or ()
    ]
    return Said({kind: facts[name] for kind, name in KINDS.items() if name in facts}, consents)


def _searchable(values: Mapping[str, Any], said: Said) -> str:
    """What the search looks through, as `CONTACTS.derived` computes it for stored contacts."""
    found = [values.get("full_name"), values.get("preferred_name")]
    for addresses in said.addresses.values():
        for address in addresses.values:
            found += [address.raw, address.normalised if address.normalised != address.raw else None]
    return unicodedata.normalize("NFC", "\n".join(text for text in found if text)).lower()


def _distinct(addresses: Sequence[Address]) -> list[Address]:
    """One of each address, the first spelling."""
    return list({address.normalised: address for address in reversed(addresses)}.values())[::-1]
