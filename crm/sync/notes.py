"""Notes and follow-ups, known by what other systems call them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from crm.models import FollowUp, Note
from crm.sync.erased import Named, refuse_erased
from crm.sync.references import contact_ids, resolve_users
from gateway.drafts import Draft, write_rows
from gateway.items import Day, ExternalId, Item, Moment, Name, Ref, Source, Username
from gateway.synced import SyncedCollection
from gateway.tables import Table

NOTES = Table(Note, key=("source", "external_id"))
FOLLOW_UPS = Table(FollowUp, key=("source", "external_id"))


class NoteItem(Item):
    """A few sentences about a contact, which is created when unknown. `author` is the username of a colleague."""

    source: Source
    external_id: ExternalId
    contact: Ref = None
    text: Name(1_000_000) = None
    author: Username | None = None
    written_at: Moment = None
    is_pinned: bool = False
    source_updated_at: Moment | None = None


class FollowUpItem(Item):
    """
    Something to do for a contact, which is created when unknown, by the day `due_on`.

    `recorded_at` is when it was planned. It is open until `done_at`; null opens it again.
    """

    source: Source
    external_id: ExternalId
    contact: Ref = None
    what: Name(255) = None
    due_on: Day = None
    assigned_to: Username | None = None
    recorded_at: Moment = None
    done_at: Moment | None = None
    done_by: Username | None = None
    source_updated_at: Moment | None = None


class Notes(SyncedCollection):
    key = "notes"
    item = NoteItem
    model = Note
    key_fields = ("source", "external_id")

    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        _store(NOTES, drafts, users=("author",), required=("contact_id", "text", "written_at"))

    def remove(self, pk: int, *, now: datetime) -> None:
        self.delete(pk)


class FollowUps(SyncedCollection):
    key = "follow-ups"
    item = FollowUpItem
    model = FollowUp
    key_fields = ("source", "external_id")

    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        required = ("contact_id", "what", "due_on", "recorded_at")
        _store(FOLLOW_UPS, drafts, users=("assigned_to", "done_by"), required=required)

    def remove(self, pk: int, *, now: datetime) -> None:
        self.delete(pk)


def _store(table: Table, drafts: Sequence[Draft], *, users: Iterable[str], required: Sequence[str]) -> None:
    refuse_erased(drafts, _about)
    drafts = [draft for draft in drafts if draft.is_open]
    contacts = contact_ids(draft.facts["contact"].key for draft in drafts if "contact" in draft.facts)
    for draft in drafts:
        facts: dict[str, Any] = {name: value for name, value in draft.facts.items() if name not in users}
        if "contact" in facts:
            facts["contact_id"] = contacts[facts.pop("contact").key]
        draft.row_key, draft.values = draft.key, table.columns(facts)
    for name in users:
        resolve_users(drafts, name, f"{name}_id")
    write_rows(table, drafts, required=required)


def _about(draft: Draft) -> Named:
    """Whom the item is about."""
    if draft.facts.get("contact"):
        yield "contact", ("contact", *draft.facts["contact"].key)
