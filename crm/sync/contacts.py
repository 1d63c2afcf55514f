"""Contacts, known by what other systems call them: several references may lead to one contact."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from django.db import connection
from pydantic import AfterValidator, Field

from crm.folding import fold
from crm.merging.said_again import CHOSEN, SAID_BY_SOURCE
from crm.models import Contact
from crm.models.consent import consent_word
from crm.sync.contact_parts import Addresses, Consent, Said, Verified, add_parts, contact_parts
from crm.sync.erased import Named, refuse_changes_of_erased, refuse_erased
from crm.sync.fields import Address, Country, Email, Phone
from crm.sync.references import CONTACT_REFS, CONTACTS, claim_refs, company_ids, resolve_users
from gateway.collections import FieldError
from gateway.drafts import Additive, Draft, settle
from gateway.items import ExternalId, FreeObject, Item, Moment, Name, Ref, Source, Text, Username
from gateway.staging import id_array
from gateway.synced import SyncedCollection
from gateway.tables import Key, Row

KINDS = {"email": "emails", "phone": "phones"}  # kind of address → the field of the whole list
VERIFIED = {kind: f"{kind}_verified" for kind in KINDS}  # → the field that says whether the source has verified it
# Fields that are no column of the contact.
ELSEWHERE = {*KINDS.values(), *VERIFIED.values(), "company", "owner", "refs", "consents"}
# Contacts as their sources know them, nothing of merges: whoever changes one record by its id knows what stands there.
AS_SAID = replace(CONTACTS, on_set=SAID_BY_SOURCE, beside=CHOSEN)


class ConsentItem(Item):
    """
    A consent is evidence: it is added and withdrawn by sending it, and never removed by leaving it out.

    Purpose and channel count without case, and e-mail is email, telephone phone: a withdrawal meets its consent.
    """

    purpose: Annotated[Name(50), AfterValidator(consent_word)]
    channel: Annotated[Text(50), AfterValidator(consent_word)] = ""
    granted_at: Moment
    withdrawn_at: Moment | None = None
    source: Name(100)


class ContactItem(Item):
    """
    A contact.

    `email` and `phone` say one address that the contact has: a new one takes the place of the oldest
    of its kind, others stay. `email_verified` and `phone_verified` say whether the source has verified that one; what
    others have verified stays. `emails` and `phones` are the whole list. `refs` are all further references of the
    contact. `tags` and `custom_fields` replace what is stored, but for what a merge brought and this source never had.
    `do_not_contact` of false leaves a wish that staff noted.
    """

    source: Source
    external_id: ExternalId
    full_name: Text(255) | None = None
    preferred_name: Text(100) | None = None
    email: Email | None = None
    phone: Phone | None = None
    email_verified: bool = False
    phone_verified: bool = False
    emails: Annotated[list[Email], Field(max_length=20)] | None = None
    phones: Annotated[list[Phone], Field(max_length=20)] | None = None
    company: Ref | None = None
    owner: Username | None = None
    stage: Literal["audience", "lead", "customer"] = "lead"
    tags: Annotated[list[Name(50)], Field(max_length=100)] | None = None
    custom_fields: FreeObject | None = None
    motivation: Text() | None = None
    language: Text(35) | None = None
    country: Country | None = None
    birth_year: Annotated[int, Field(ge=1900, le=2100)] | None = None
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
    instead_of_deleting = "Merge it into the record that goes on, or erase the person."

    def facts_of(self, item: Any) -> dict[str, Any]:
        facts = super().facts_of(item)
        for one, many in KINDS.items():
            if many in facts:
                facts[many] = Addresses(_distinct(facts[many] or ()), is_all=True)
            elif one in facts:
                address = facts.pop(one)
                facts[many] = Addresses([address] if address else [], is_all=address is None)
                if address and VERIFIED[one] in facts:
                    facts[VERIFIED[one]] = Verified(address.normalised, facts[VERIFIED[one]])
            if facts.get(VERIFIED[one]) is False:
                del facts[VERIFIED[one]]  # of no address: a file says so of whoever has none
        if "refs" in facts:
            facts["refs"] = Additive.fromkeys(ref.key for ref in facts["refs"] or ())
        if "consents" in facts:
            consents = [Consent(**consent.model_dump()) for consent in facts["consents"] or ()]
            facts["consents"] = Additive({consent.key: consent for consent in consents})
        return facts

    def problems(self, facts: Mapping[str, Any]) -> Iterator[FieldError]:
        for one, many in KINDS.items():
            if one in facts:
                yield FieldError(one, "two_ways", f"Give {one} or {many}, not both.")
            elif facts.get(VERIFIED[one]) is True:
                yield FieldError(
                    VERIFIED[one], "without_address", f"This goes with {one}, the address that it is about."
                )

    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        refuse_erased(drafts, _known_by)
        refuse_changes_of_erased(drafts)
        drafts = [draft for draft in drafts if draft.is_open]
        companies = company_ids(draft.facts["company"].key for draft in drafts if draft.facts.get("company"))
        for draft in drafts:
            draft.values = _columns(draft.facts)
            if "company" in draft.facts:
                company = draft.facts["company"]
                draft.values["company_id"] = companies[company.key] if company else None
        resolve_users(drafts, "owner", "owner_id")
        new, old, with_new_refs, later = _find(drafts)
        self._create(new, now=now)
        self._change(old, with_new_refs, now=now)
        if later:
            self.store(later, now=now)

    def _create(self, new: Mapping[int, Draft], *, now: datetime) -> None:
        said = {pk: _said(draft, now=now) for pk, draft in new.items()}
        CONTACTS.insert(
            [
                Row(pk, (), draft.values | {"search_text": _searchable(draft.values, said[pk])}, draft.said_at)
                for pk, draft in new.items()
            ]
        )
        add_parts(said)
        for pk, draft in new.items():
            draft.done("created", pk)

    def _change(self, old: Mapping[int, Draft], with_new_refs: set[int], *, now: datetime) -> None:
        is_by_source = all(draft.pk is None for draft in old.values())  # a patch comes alone
        table = AS_SAID if is_by_source else CONTACTS
        with contact_parts({pk: _said(draft, now=now) for pk, draft in old.items()}) as parts:
            rows = [Row(pk, (), draft.values, draft.said_at) for pk, draft in old.items()]
            wishing = {pk for pk, draft in old.items() if "do_not_contact" in draft.values}
            changes = table.change(
                rows, parts=parts, beyond=with_new_refs, beforehand=lambda ids: _lock_with_persons(ids, wishing)
            )
        for pk, draft in old.items():
            settle(draft, pk, changes.get(pk))

    def key_of(self, pk: int) -> Mapping[str, object]:
        self.stored(pk, "id")
        return {"source": "kith", "external_id": str(pk)}  # a contact may have several references, or none

    def remove(self, pk: int, *, now: datetime) -> None:
        self.delete(pk)


def _lock_with_persons(changing: Collection[int], wishing: set[int]) -> None:
    """
    Lock the records of which one is changed, with all other records of the persons of whom a wish is said.

    A wish tells these anew (`crm.models.told_of_contacts`): everything in the order of ids, or two batches that speak
    of the same persons would wait for each other. Two statements, where wishes are among what changes.
    """
    if asked := sorted(wishing & set(changing)):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT c.id FROM crm_contact c WHERE c.person_id = ANY(ARRAY("
                "SELECT w.person_id FROM crm_contact w WHERE w.id = ANY(%s::bigint[])))",
                [id_array(asked)],
            )
            CONTACTS.lock(sorted({pk for (pk,) in cursor.fetchall()}.union(changing)))


def _known_by(draft: Draft) -> Named:
    """What the item says the contact is known by: its references and addresses."""
    yield "external_id", ("contact", *draft.key)
    for ref in draft.facts.get("refs", ()):
        yield "refs", ("contact", *ref)
    for one, many in KINDS.items():
        if many in draft.facts:
            for address in draft.facts[many].values:
                yield (many if draft.facts[many].is_all else one), ("address", address.normalised)


def _find(drafts: Sequence[Draft]) -> tuple[dict[int, Draft], dict[int, Draft], set[int], list[Draft]]:
    """
    Return the drafts of new contacts and of stored ones, by the contact's id, which of the stored ones got a further
    reference, and the drafts to look at again after them.

    References that are not known yet are created, for both, in one statement; a further reference
    that leads to another contact refuses the item. To be looked at again: items that speak of the
    same contact under another reference. Raises `LostRace`.
    """
    drafts = [draft for draft in drafts if draft.is_open]
    further = {ref: draft for draft in drafts for ref in draft.facts.get("refs", ())}
    keys = {draft.key for draft in drafts if draft.pk is None} | further.keys()
    stored = {key: contact for key, (_, contact) in CONTACT_REFS.locate(keys, also=["contact_id"]).items()}

    new: list[Draft] = []
    known: dict[int, Draft] = {}
    later: list[Draft] = []
    for draft in drafts:
        pk = draft.pk or stored.get(draft.key)
        if pk in known or (pk is None and further.get(draft.key, draft) not in [draft, *later]):
            later.append(draft)
        elif _has_free_refs(draft, pk, stored):
            if pk is None:
                new.append(draft)
            else:
                known[pk] = draft
    fresh = dict(zip(CONTACTS.reserve(len(new)), new, strict=True))
    leads_to: dict[Key, int] = {}
    for pk, draft in (fresh | known).items():
        for ref in [*([draft.key] if pk in fresh else []), *draft.facts.get("refs", ())]:
            if leads_to.setdefault(ref, pk) != pk:
                draft.fail("refs", "ref_taken", f"Another item of this batch claims {':'.join(ref)} as well.")
    claimed = {ref: pk for ref, pk in leads_to.items() if ref not in stored and (fresh | known)[pk].is_open}
    claim_refs(claimed)
    fresh, known = ({pk: draft for pk, draft in found.items() if draft.is_open} for found in (fresh, known))
    return fresh, known, set(claimed.values()) & known.keys(), later


def _has_free_refs(draft: Draft, pk: int | None, stored: Mapping[Key, int]) -> bool:
    """Whether no further reference of the item leads to another contact; refuses the item otherwise."""
    for ref in draft.facts.get("refs", ()):
        if stored.get(ref, pk) != pk:
            draft.fail("refs", "ref_taken", f"{':'.join(ref)} leads to contact {stored[ref]}. Merge the two.")
    return draft.is_open


def _columns(facts: Mapping[str, Any]) -> dict[str, Any]:
    return CONTACTS.columns({name: value for name, value in facts.items() if name not in ELSEWHERE})


def _said(draft: Draft, *, now: datetime) -> Said:
    facts = draft.facts
    return Said(
        addresses={kind: facts[name] for kind, name in KINDS.items() if name in facts},
        verified={kind: facts[name] for kind, name in VERIFIED.items() if name in facts},
        consents=list(facts.get("consents", {}).values()),
        source=str(draft.key[0]),
        at=draft.said_at or now,
    )


def _searchable(values: Mapping[str, Any], said: Said) -> str:
    """What the search looks through, as `CONTACTS.derived` computes it for stored ones; new ones have no account."""
    found = [values.get("full_name"), values.get("preferred_name")]
    for addresses in said.addresses.values():
        for address in addresses.values:
            found += [address.raw, address.normalised if address.normalised != address.raw.lower() else None]
    return fold("\n".join(text for text in found if text))


def _distinct(addresses: Sequence[Address]) -> list[Address]:
    """One of each address, the first spelling."""
    found: dict[str, Address] = {}
    for address in addresses:
        found.setdefault(address.normalised, address)
    return list(found.values())
