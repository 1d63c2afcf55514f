"""
What an item names on a channel: members, threads and interactions, created when they are not known yet.

Tables are written in one order by everybody (contacts, campaigns, members, threads, interactions), so
that two batches that create the same rows wait for each other instead of blocking each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from community.helping import WITHDRAWN
from community.models import BusinessHours, Channel, Community, Interaction, Member, Thread
from crm.folding import fold
from crm.models import Contact
from crm.personal_data.suppression import SourceName
from crm.sync.erased import pseudonyms
from crm.sync.references import CONTACTS
from gateway.drafts import Draft
from gateway.tables import Key, LostRace, Row, Table

COMMUNITIES = Table(Community, key=("slug",))
CHANNELS = Table(Channel, key=("slug",))
BUSINESS_HOURS = Table(BusinessHours, key=("name",))
MEMBERS = Table(Member, key=("channel_id", "external_id"))
THREADS = Table(Thread, key=("channel_id", "external_id"))
INTERACTIONS = Table(
    Interaction,
    key=("channel_id", "external_id"),
    on_set={
        "text": "CASE WHEN t.deleted_at IS NULL THEN s.text ELSE '' END",  # a tombstone stays without text
        # Only what was retracted with its help record counts again when the record is sent again.
        "retracted_at": f"CASE t.retract_reason WHEN '{WITHDRAWN}' THEN NULL ELSE t.retracted_at END",
        "retract_reason": f"CASE t.retract_reason WHEN '{WITHDRAWN}' THEN '' ELSE t.retract_reason END",
    },
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
    known = MEMBERS.locate(wanted, also=["is_named_here"])
    _confirm({key: pk for key, (pk, is_named_here) in known.items() if is_named_here})
    found = {key: pk for key, (pk, _) in known.items()}
    return found | create_members({key: {} for key in wanted - found.keys()})


def _confirm(named_here: Mapping[Key, int]) -> None:
    """
    Note that a source calls these accounts as staff did: it is their external id, and nobody made it up.

    Raises `LostRace` where one became another account of the source meanwhile.
    """
    changes = MEMBERS.change([Row(pk, key, {"is_named_here": False}) for key, pk in named_here.items()])
    if any(changes.get(pk) != "updated" for pk in named_here.values()):
        raise LostRace(MEMBERS.name)


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
    # The contacts first, already called by their accounts: the database would call each by its handle afterwards.
    CONTACTS.insert([Row(pk, (), _shell(new[key].get("handle"))) for key, pk in shells.items()])
    MEMBERS.insert(rows)
    return {row.key: row.pk for row in rows}


def _shell(handle: object) -> dict[str, object]:
    """What a contact made for an account looks like."""
    called = str(handle or "")
    return {"stage": Contact.Stage.AUDIENCE.value, "known_as": called, "search_text": fold(called)}


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


def lead_to_pseudonyms(drafts: Sequence[Draft], facts: Mapping[str, str]) -> None:
    """
    Lead what others say of an erased person's threads and interactions to their pseudonyms.

    `facts` maps the name of a fact to the space that it names something of. The channel is that of the item.
    """

    def named(draft: Draft) -> Iterable[SourceName]:
        return [
            (space, draft.row_key[0], draft.facts[fact])
            for fact, space in facts.items()
            if isinstance(draft.facts.get(fact), str)
        ]

    gone = pseudonyms(drafts, named)
    for draft in drafts if gone else ():
        for fact, space in facts.items():
            name = (space, draft.row_key[0], draft.facts.get(fact))
            if name in gone:
                draft.facts[fact] = gone[name]
