"""
What an item names on a channel: members, threads and interactions, created when they are not known yet.

Tables are written in one order by everybody (contacts, campaigns, members, threads, interactions), so
that two batches that create the same rows wait for each other instead of blocking each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from community.models import Channel, Community, Interaction, Member, Thread
from crm.models import Contact
from crm.sync.references import CONTACTS
from gateway.drafts import Draft
from gateway.tables import Key, Row, Table

COMMUNITIES = Table(Community, key=("slug",))
CHANNELS = Table(Channel, key=("slug",))
MEMBERS = Table(Member, key=("channel_id", "external_id"))
THREADS = Table(Thread, key=("channel_id", "external_id"))
INTERACTIONS = Table(
    Interaction,
    key=("channel_id", "external_id"),
    on_set={"text": "CASE WHEN t.deleted_at IS NULL THEN s.text ELSE '' END"},  # a tombstone stays without text
)


def resolve_channels(drafts: Iterable[Draft]) -> list[Draft]:
    """
    Set the row key of drafts known by (channel, external id) and return those that are still open.

    An unknown channel refuses the item: channels are never created by reference.
    """
    drafts = [draft for draft in drafts if draft.is_open]
    known = CHANNELS.locate({(draft.key[0],) for draft in drafts})
    for draft in drafts:
        slug, external_id = draft.key
        if (slug,) in known:
            draft.row_key = (known[(slug,)][0], external_id)
        else:
            draft.fail("channel", "unknown_channel", f"There is no channel '{slug}'. Create it first.")
    return [draft for draft in drafts if draft.is_open]


def member_ids(keys: Iterable[Key]) -> dict[Key, int]:
    """
    Return the member's id for each (channel id, external id).

    An unknown one is created with a contact of its own at stage *audience*. Raises `LostRace`.
    """
    wanted = set(keys)
    found = {key: pk for key, (pk,) in MEMBERS.locate(wanted).items()}
    return found | create_members({key: {} for key in wanted - found.keys()})


def create_members(
    new: Mapping[Key, Mapping[str, object]], said_at: Mapping[Key, datetime | None] | None = None
) -> dict[Key, int]:
    """Create members from their columns, each that names no contact with one of its own; return their ids."""
    keys = sorted(new)
    shells = dict(
        zip(
            [key for key in keys if new[key].get("contact_id") is None],
            CONTACTS.reserve(sum(new[key].get("contact_id") is None for key in keys)),
            strict=True,
        )
    )
    rows = [
        Row(pk, key, {**new[key], **({"contact_id": shells[key]} if key in shells else {})}, (said_at or {}).get(key))
        for pk, key in zip(MEMBERS.reserve(len(keys)), keys, strict=True)
    ]
    MEMBERS.insert(rows)
    CONTACTS.insert([Row(pk, (), {"stage": Contact.Stage.AUDIENCE.value}) for pk in shells.values()])
    return {row.key: row.pk for row in rows}


def thread_ids(keys: Iterable[Key]) -> dict[Key, int]:
    """Return the thread's id for each (channel id, external id); unknown ones are created. Raises `LostRace`."""
    wanted = set(keys)
    found = {key: pk for key, (pk,) in THREADS.locate(wanted).items()}
    missing = sorted(wanted - found.keys())
    rows = [Row(pk, key, {}) for pk, key in zip(THREADS.reserve(len(missing)), missing, strict=True)]
    THREADS.insert(rows)
    return found | {row.key: row.pk for row in rows}


def named_on_channel(drafts: Sequence[Draft], *names: str) -> set[Key]:
    """Return the (channel id, external id) of everything that the drafts name under these facts, as text."""
    return {
        (draft.row_key[0], draft.facts[name])
        for draft in drafts
        for name in names
        if isinstance(draft.facts.get(name), str)
    }
