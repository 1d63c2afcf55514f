"""What an item names: companies, contacts, campaigns and users, found by what clients call them."""

from collections.abc import Iterable, Mapping, Sequence

from django.contrib.auth import get_user_model

from crm.models import Campaign, Company, Contact, ContactRef
from crm.search_text import SEARCH_TEXT
from gateway.drafts import Draft
from gateway.tables import Key, Row, Table

COMPANIES = Table(Company, key=("source", "external_id"))
CONTACTS = Table(Contact, key=(), derived={"search_text": SEARCH_TEXT})
CAMPAIGNS = Table(
    Campaign,
    key=("code",),
    case_blind=True,
    # Whoever sends a campaign says what it is: a code that only came in by reference is confirmed by that.
    on_keep={"status": "CASE t.status WHEN 'unconfirmed' THEN 'planned' ELSE t.status END"},
)
CONTACT_REFS = Table(ContactRef, key=("source", "external_id"))


def contact_ids(refs: Iterable[Key]) -> dict[Key, int]:
    """
    Return the contact's id for each (source, external id); unknown ones are created.

    A contact that was only named looks like one that came without any field, so that the order of
    arrival leaves no trace. Three statements at most. Raises `LostRace`.
    """
    wanted = set(refs)
    found = {key: contact for key, (_, contact) in CONTACT_REFS.locate(wanted, also=["contact_id"]).items()}
    missing = sorted(wanted - found.keys())
    ids = dict(zip(missing, CONTACTS.reserve(len(missing)), strict=True))
    claim_refs(ids)
    CONTACTS.insert([Row(pk, (), {}) for pk in ids.values()])
    return found | ids


def claim_refs(leads_to: Mapping[Key, int]) -> None:
    """
    Store new references, each with the id of its contact, which may be reserved only so far.

    Contacts have no key of their own: the reference decides who creates a contact, whoever comes
    second gets `LostRace`. The database checks at the end of the transaction that the contact is there.
    """
    rows = zip(CONTACT_REFS.reserve(len(leads_to)), leads_to.items(), strict=True)
    CONTACT_REFS.insert([Row(pk, ref, {"contact_id": contact}) for pk, (ref, contact) in rows])


def company_ids(refs: Iterable[Key]) -> dict[Key, int]:
    """Return the company's id for each (source, external id); an unknown one is created, named by its external id."""
    wanted = set(refs)
    found = {key: pk for key, (pk,) in COMPANIES.locate(wanted).items()}
    missing = sorted(wanted - found.keys())
    rows = [Row(pk, key, {"name": key[1]}) for pk, key in zip(COMPANIES.reserve(len(missing)), missing, strict=True)]
    COMPANIES.insert(rows)
    return found | {row.key: row.pk for row in rows}


def campaign_ids(codes: Iterable[str]) -> dict[str, int]:
    """Return the campaign's id for each code; an unknown code is created with the status *unconfirmed*."""
    spellings: dict[str, str] = {}
    for code in codes:
        spellings.setdefault(code.lower(), code)
    found = {code.lower(): pk for (code,), (pk,) in CAMPAIGNS.locate((code,) for code in spellings.values()).items()}
    missing = sorted(spellings.keys() - found.keys())
    rows = [
        Row(pk, (spellings[code],), {"status": Campaign.Status.UNCONFIRMED.value})
        for pk, code in zip(CAMPAIGNS.reserve(len(missing)), missing, strict=True)
    ]
    CAMPAIGNS.insert(rows)
    return found | {code: row.pk for code, row in zip(missing, rows, strict=True)}


def resolve_users(drafts: Sequence[Draft], fact: str, column: str) -> None:
    """Turn the username under `fact` into `column`; an unknown user refuses the item, users are never created."""
    naming = [draft for draft in drafts if draft.is_open and fact in draft.facts]
    ids = user_ids(draft.facts[fact] for draft in naming)
    for draft in naming:
        name = draft.facts[fact]
        if name is not None and name not in ids:
            refuse_unknown_user(draft, fact, name)
        else:
            draft.values[column] = ids.get(name)


def user_ids(usernames: Iterable[str | None]) -> dict[str, int]:
    """Return the user's id for each username that exists. At most one query."""
    wanted = {name for name in usernames if name is not None}
    users = get_user_model().objects.filter(username__in=wanted) if wanted else []
    return {user.get_username(): user.pk for user in users}


def refuse_unknown_user(draft: Draft, fact: str, name: str) -> None:
    """Refuse the item: users are never created."""
    draft.fail(fact, "unknown_user", f"There is no user '{name}'. Ask an admin to add the account.")
